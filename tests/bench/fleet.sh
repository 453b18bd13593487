#!/usr/bin/env bash
# What a simulated job costs, from a thousand to a hundred thousand of them, on
# a hundred workers with faults. The time is that of the one core it has used.
# Usage: fleet.sh [--quick]
set -euo pipefail
sim=$(dirname "$(readlink -f "$0")")/../../build/release/bin/c3-sim
sizes=(1000 10000 100000)
[ "${1:-}" != --quick ] || sizes=(1000 5000)

said=$(mktemp)
trap 'rm -f "$said"' EXIT

# "…, 123 messages, … in 9.87 s; 9.50 s of a core, 40 MiB"
number_before() { sed -n "s/.*[^0-9.]\([0-9.]\+\) $1.*/\1/p" "$said"; }

echo "Simulated fleet: 100 workers, a job each 0.86 s, safe faults"
costs=()
for jobs in "${sizes[@]}"; do
  hours=$(awk "BEGIN { print 24 * $jobs / 100000 }")
  "$sim" --seed 1 --nodes 100 --trace steady --faults safe --jobs "$jobs" \
    --hours "$hours" >"$said" 2>&1 || { cat "$said"; exit 1; }
  seconds=$(number_before 's of a core')
  mib=$(number_before MiB)
  messages=$(number_before messages)
  cost=$(awk "BEGIN { printf \"%.2f\", 1000 * $seconds / $jobs }")
  costs+=("$cost")
  printf '  %6d jobs, %5.2f h: %7.1f s, %5d MiB, %5.2f ms and %d messages a job\n' \
    "$jobs" "$hours" "$seconds" "$mib" "$cost" "$((messages / jobs))"
done
awk "BEGIN { printf \"  cost of a job, most to fewest jobs: %.2f (aim: at most 1.5)\n\", ${costs[-1]} / ${costs[0]} }"
[ "${sizes[-1]}" != 100000 ] ||
  awk "BEGIN { printf \"  100,000 jobs: %.0f s, %d MiB (aim: 60 s, 2048 MiB)\n\", $seconds, $mib }"
