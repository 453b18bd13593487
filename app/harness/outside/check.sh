#!/usr/bin/env bash
# Installs the harness, and builds and runs its examples as a project that has
# nothing but what was installed. Usage: check.sh BUILD_DIR WORK_DIR
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$1
work=$2
rm -rf "$work"
mkdir -p "$work/project"
cp "$here/CMakeLists.txt" "$here"/../examples/*.cpp "$work/project"
cmake --install "$build" --component harness --prefix "$work/installed" \
  >"$work/install.log"
cmake -S "$work/project" -B "$work/build" \
  -DCMAKE_PREFIX_PATH="$work/installed" >"$work/configure.log"
cmake --build "$work/build"
"$work/build/outside" --color_output=no
rm -rf "$work"
