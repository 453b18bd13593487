#!/usr/bin/env bash
# Runs the interop suites; called by ./run interop, after a build.
# Usage: run.sh [--without NAME]... [NAME...]: only suites whose name has one
# of the NAMEs in it, and none of those after --without.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

with=() without=()
while [ $# -gt 0 ]; do
  case "$1" in
    --without) without+=("$2") && shift 2 ;;
    *) with+=("$1") && shift ;;
  esac
done
pattern=$(IFS='|' && printf '%s' "${with[*]:-.}")
excluded=$(IFS='|' && printf '%s' "${without[*]:-^$}")
cmake --preset release >/dev/null
exec ctest --preset release -L '^interop$' -R "$pattern" -E "$excluded" -j 2 \
  --no-tests=error
