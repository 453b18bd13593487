#!/usr/bin/env bash
# The operators' page in Debian's chromium, against the real programs; for ctest.
# Exit code 77: skipped.
#   WEB_IMAGES=DIR   keep the pictures for the README there
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../environment.sh"

for program in chromium redis-server redis-cli espeak-ng ffmpeg; do
  command -v "$program" >/dev/null || skip "the program $program is not installed"
done
command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0] >= 20')" = true ] ||
  skip 'the tests of the page need Node.js 20 or newer'
command -v npm >/dev/null || skip 'the tests of the page need npm'

# Node looks for packages from where a test lies upwards.
make_web_tests() {
  mkdir -p "$interop_build/web" &&
    cp "$interop_dir"/web/package*.json "$interop_build/web/" &&
    npm ci --prefix "$interop_build/web" --no-audit --no-fund --ignore-scripts
}
once web "$(fingerprint "$interop_dir/web/package-lock.json")" make_web_tests
cp "$interop_dir"/web/*.mjs "$interop_build/web/"
export C3_SOURCES=$(cd "$interop_dir/../.." && pwd)
export INTEROP_PROGRAMS=${INTEROP_PROGRAMS:-$interop_dir/../../build/release/bin}
cd "$interop_build/web"
# One file after another: a browser and a fleet each want a processor.
exec node --test --test-concurrency=1 --test-reporter=spec ./*_test.mjs
