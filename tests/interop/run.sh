#!/usr/bin/env bash
# Runs the interop suites; called by ./run interop, after a build.
# Usage: run.sh [NAME...]: only suites whose name has one of these in it.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

pattern=$(IFS='|' && printf '%s' "$*")
cmake --preset release >/dev/null
exec ctest --preset release -L '^interop$' -R "${pattern:-.}" -j 2 \
  --no-tests=error
