#!/usr/bin/env bash
# The seed corpus on all cores: names each seed that breaks a rule.
# Usage: hunt.sh C3_SIM [FROM TO [FAULTS [POLICY]]]; FIRST=1: stop at the first one.
# Without FAULTS they are those of the corpus. POLICY: as c3-sim's.
set -euo pipefail
export C3_SIM=$1 FAULTS=${4:-} POLICY=${5:-} FIRST=${FIRST:-}
from=${2:-1} to=${3:-230}
if ! [[ $from =~ ^[0-9]+$ && $to =~ ^[0-9]+$ ]] || [ "$from" -gt "$to" ]; then
  printf 'corpus: wanted are two seeds, the smaller one first; got %s and %s\n' \
    "$from" "$to" >&2
  exit 2
fi

one() {
  local seed=$1 out code=0
  out=$(timeout 120 "$C3_SIM" --corpus "$seed" \
    ${FAULTS:+--faults "$FAULTS"} ${POLICY:+--policy "$POLICY"} 2>&1) || code=$?
  case $code in
    0) return 0 ;;
    1) out=$(grep -m1 '^BROKEN: ' <<<"$out" || tail -1 <<<"$out") ;;
    124) out='it does not end' ;;
    *) out="exit code $code: $(tail -1 <<<"$out")" ;;
  esac
  printf 'seed %s: %s\n' "$seed" "${out#BROKEN: }"
  # For xargs: start no more.
  [ -z "$FIRST" ] || return 255
  return 1
}
export -f one

found=$(seq "$from" "$to" |
  xargs -P "$(nproc)" -I{} bash -c 'one {}' 2>/dev/null | sort -t' ' -k2n) || true
if [ -z "$found" ]; then
  printf 'seeds %s to %s: no rule is broken\n' "$from" "$to" >&2
  exit 0
fi
[ -z "$FIRST" ] || found=$(head -1 <<<"$found")
printf '%s\n' "$found"
exit 1
