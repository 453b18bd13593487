#!/usr/bin/env bash
# The way without the HTTP service: a producer that may write to Redis. Needs
# redis-cli and jq. docs/job-contract.md has all fields.
#
#   REDIS=127.0.0.1:6379 ./speak.sh "Hello there"
set -euo pipefail
redis=${REDIS:-127.0.0.1:6379}
text=${1:-Hello there}
id=$(cat /proc/sys/kernel/random/uuid)
now=$(date +%s)

r() { redis-cli -h "${redis%:*}" -p "${redis##*:}" --raw "$@"; }

# First the record, then the id: a worker never finds an id without a record.
r HSET "job:$id" id "$id" type csm status queued created_at "$now" \
  complete_by $((now + 600)) \
  data "$(jq -nc --arg text "$text" --arg hook "${NOTIFY_URL:-}" \
    '{text: $text, voice: "conversational_a"}
     + if $hook == "" then {} else {notify_url: $hook} end')" >/dev/null
r RPUSH queue:jobs "$id" >/dev/null
echo "submitted $id"

# Where no worker lives, nobody ends the job.
end=$((SECONDS + 660))
while status=$(r HGET "job:$id" status); do
  case $status in
    success)
      echo "success $(r HGET "job:$id" result_url)"
      exit
      ;;
    failed | cancelled | timed_out)
      echo "$status $(r HGET "job:$id" error)" >&2
      exit 1
      ;;
  esac
  [ "$SECONDS" -lt "$end" ] || {
    echo "job $id has not ended in time; it goes on" >&2
    exit 1
  }
  sleep 0.5
done
