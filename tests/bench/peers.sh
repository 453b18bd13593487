#!/bin/bash
# peers.sh FOLDER: the workers that c3-bench is compared with, below FOLDER; says
# which columns will be missing where they cannot be had. Quick when nothing has
# changed. Prints the folder for C3_BENCH_PEERS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1

missing() {
  printf 'no columns for bee-queue and BullMQ: %s\n' "$1" >&2
  exit 0
}

command -v node >/dev/null && command -v npm >/dev/null ||
  missing "they need Node.js 18 or newer with npm"
print=$(cat "$here"/peers/package-lock.json | sha256sum | cut -c1-32)
if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$print" ]; then
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$here"/peers/package*.json "$here"/peers/.npmrc "$folder/"
  timeout 120 npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts \
    >"$folder/log" 2>&1 ||
    missing "the npm registry gives no answer, or not these packages ($folder/log)"
  printf '%s' "$print" >"$folder/stamp"
fi
cp "$here/peers/peer.cjs" "$folder/"
(cd "$folder" && pwd)
