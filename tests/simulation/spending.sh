#!/bin/sh
# Seeds of the corpus with narrow limits of spending: no hour and no day may cost
# more, whatever fails (and no more than the limit again for each loss of data, with
# FAULTS=all). Jobs may still wait at the end of a run for want of money,
# which is no fault here.
#   tests/simulation/spending.sh build/release/bin/c3-sim [FROM TO]
# FIRST=1: stop at the first one.
set -u
sim=$1
from=${2:-1}
to=${3:-100}
bad=0
for seed in $(seq "$from" "$to"); do
  out=$("$sim" --corpus "$seed" --faults "${FAULTS:-all,-redis-amnesia,-redis-failover}" \
    --set GPU_PRICES=media:fast=1.20,ollama_webui:fast=0.30 \
    --set MAX_SPEND_PER_HOUR=2.5 --set MAX_SPEND_PER_DAY=12 2>&1 |
    grep -E 'BROKEN|no such|error') || continue
  case $out in
  *'job lost'*'queued'*) ;;
  *)
    echo "$seed $out"
    bad=1
    [ -z "${FIRST:-}" ] || break
    ;;
  esac
done
exit $bad
