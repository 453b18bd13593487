#!/usr/bin/env bash
# Builds each mutant in a copy of the tree and looks for a seed that catches it.
# Usage: run.sh [NAME...]; SEEDS: how many seeds to try (default 200).
#        run.sh --check: only whether all of them still fit the sources.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
work=$root/build/mutants

# put_in NAME FOLDER [OPTION...]: puts it into that copy of the sources, whether
# or not it lies in a repository.
put_in() {
  (cd "$2" && GIT_CEILING_DIRECTORIES=$(dirname "$2") \
    git apply "${@:3}" "$root/tests/mutants/$1.patch")
}

all_names() {
  (cd "$root/tests/mutants" && printf '%s\n' *.patch | sed 's,\.patch$,,')
}

if [ "${1:-}" = --check ]; then
  failed=0
  for name in $(all_names); do
    put_in "$name" "$root" --check || failed=1
  done
  exit $failed
fi

# A file that has not changed keeps its time, so that little is built anew.
sync_tree() {
  rm -rf "$work/fresh"
  mkdir -p "$work/fresh" "$work/src"
  (cd "$root" && tar cf - CMakeLists.txt cmake messages actors app tests \
    deploy docs env.sample LICENSE) | tar xf - -C "$work/fresh"
  local file
  (cd "$work/fresh" && find . -type f) | while read -r file; do
    cmp -s "$work/fresh/$file" "$work/src/$file" && continue
    mkdir -p "$work/src/$(dirname "$file")"
    cp "$work/fresh/$file" "$work/src/$file"
  done
}

build() {
  [ -f "$work/build/build.ninja" ] ||
    cmake -S "$work/src" -B "$work/build" -G Ninja \
      -DCMAKE_BUILD_TYPE=RelWithDebInfo >"$work/cmake.log"
  nice ninja -C "$work/build" c3-sim >"$work/ninja.log" || {
    grep -m3 -E 'error|FAILED' "$work/ninja.log"
    return 1
  }
}

# Seeds above a million have every kind of fault. At last workers that know of
# each other, and narrow limits of spending.
hunt() {
  local from
  for from in 1 1000001; do
    hunt_in "$from" || return
  done
  hunt_in 1 all cluster || return
  FIRST=1 nice "$root/tests/simulation/spending.sh" "$work/build/bin/c3-sim"
}

hunt_in() {
  FIRST=1 nice "$root/tests/simulation/hunt.sh" "$work/build/bin/c3-sim" \
    "$1" $(($1 - 1 + ${SEEDS:-200})) "${@:2}"
}

# try NAME: 0 when a seed catches it.
try() {
  sync_tree
  if [ "$1" != none ] && ! put_in "$1" "$work/src"; then
    printf '%-26s DOES NOT APPLY\n' "$1"
    return 1
  fi
  if ! build; then
    printf '%-26s DOES NOT COMPILE\n' "$1"
    return 1
  fi
  local caught
  if caught=$(hunt); then
    printf '%-26s SURVIVED\n' "$1"
    return 1
  fi
  printf '%-26s %s\n' "$1" "$caught"
}

names=("$@")
[ ${#names[@]} -gt 0 ] ||
  mapfile -t names < <(all_names)
failed=0
for name in "${names[@]}"; do
  try "$name" || failed=1
done
sync_tree
exit $failed
