#!/usr/bin/env bash
# `conan install` and `conan build` with the recipe in conan/, on a copy of the
# sources; for ctest. Exit code 77: skipped.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/environment.sh"

python_env conan
PATH=$interop_build/venv/conan/bin:$PATH
export CONAN_HOME=$interop_build/conan-home
copy=$interop_build/conan-sources
cd "$interop_dir/../.."
mkdir -p "$copy"
# Kept from one run to the next, so that only what has changed is built.
tar cf - --exclude-vcs CMakeLists.txt CMakePresets.json LICENSE env.sample \
  actors app cmake conan deploy docs messages | tar xf - -C "$copy"
cd "$copy"
rm -f CMakeUserPresets.json
conan install conan -pr:a conan/profiles/debian12
[ ! -e CMakeUserPresets.json ] || { echo 'it writes beside the sources' && exit 1; }
nice -n 15 conan build conan -pr:a conan/profiles/debian12
for program in c3-render-worker c3ctl c3-local-cloud; do
  "build/Release/bin/$program" --help >/dev/null
done
"build/Release/bin/c3-render-worker" --version | grep -qF \
  "$(conan inspect conan --format json | python3 -c 'import json, sys
print(json.load(sys.stdin)["version"])')"
