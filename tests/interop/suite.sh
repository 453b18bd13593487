#!/usr/bin/env bash
# Prepares what one suite needs and runs it; for ctest. Exit code 77: skipped.
# Usage: suite.sh [--in ENVIRONMENT] [--python ENVIRONMENT]... [--node] [--s3]
#                 [--valkey] [--deploy-tools] [--go-source NAME] [--need PROGRAM]...
#                 -- PYTEST ARGUMENTS...
# --in: where pytest itself runs; the first option, if any.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/environment.sh"

PATH=$PATH:/usr/sbin:/sbin
environment=harness
if [ "${1:-}" = --in ]; then
  environment=$2
  shift 2
fi
python_env "$environment"
while [ $# -gt 0 ]; do
  case "$1" in
    --python) python_env "$2" && shift 2 ;;
    --node) node_packages && shift ;;
    --s3) s3_server && shift ;;
    --valkey) valkey && shift ;;
    --deploy-tools) deploy_tools && shift ;;
    --go-source) go_source "$2" && shift 2 ;;
    --need)
      command -v "$2" >/dev/null || skip "the program $2 is not installed"
      shift 2
      ;;
    --) shift && break ;;
    *) echo "suite.sh: what is $1?" && exit 2 ;;
  esac
done
cd "$interop_dir"

# Others' clients and apps leave files behind, and pytest its logs: of use only
# when something failed.
TMPDIR=$(mktemp -d)
export TMPDIR
status=0
"$interop_build/venv/$environment/bin/python" -B -m pytest "$@" || status=$?
if [ "$status" = 0 ] || [ "$status" = 77 ]; then
  rm -rf "$TMPDIR"
else
  echo "Files and logs of this run: $TMPDIR"
fi
exit "$status"
