#!/usr/bin/env bash
# Compiles the TypeScript client strictly, and runs it against the stand-in of the
# service. Exit code 77: skipped.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/../interop/environment.sh"

command -v npm >/dev/null || skip "the TypeScript client needs Node.js 20 or newer with npm"
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] ||
  skip "the TypeScript client needs Node.js 20 or newer"

make_compiler() {
  mkdir -p "$interop_build/typescript" &&
    cp "$here"/package*.json "$interop_build/typescript/" &&
    npm ci --prefix "$interop_build/typescript" --no-audit --no-fund --ignore-scripts
}
once typescript "$(fingerprint "$here/package-lock.json")" make_compiler

export C3_BIN_DIR=${C3_BIN_DIR:-$here/../../build/release/bin}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$interop_build/typescript/node_modules/.bin/tsc" -p "$here/tsconfig.json" --outDir "$made"
echo '{"type":"module"}' >"$made/package.json"
node "$here/typescript_test.mjs" "$made/c3.js" "$(cd "$here/../.." && pwd)"
