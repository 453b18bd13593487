#!/usr/bin/env bash
# Submits a job with curl, waits, receives and checks its webhook (by c3ctl), and
# saves the result. Needs curl, jq and c3ctl.
#
#   C3_URL=… C3_KEY=… WEBHOOK_SECRET=whsec_… ./speak.sh "Hello there" hello.mp3
set -euo pipefail
url=${C3_URL:-http://127.0.0.1:8095}
url=${url%/}
text=${1:-Hello there}
path=${2:-hello.mp3}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

ask() {
  curl -fsS ${C3_KEY:+-H "Authorization: Bearer $C3_KEY"} "$@"
}

# Until there is something in a file; a minute at most.
wait_for() {
  local end=$((SECONDS + 60))
  until [ -s "$1" ]; do
    [ "$SECONDS" -lt "$end" ] || {
      echo "nothing came within 60 s: $2" >&2
      exit 1
    }
    sleep 0.1
  done
}

# A receiver that answers 401 to what is not signed by our worker.
c3ctl listen --secret "$WEBHOOK_SECRET" --env-file "$work/hook" >"$work/webhooks" &
wait_for "$work/hook" "the receiver's address"
. "$work/hook"

# The same Idempotency-Key with the same body makes no second job, so that --retry
# is safe. Prefer: wait answers when the job has ended, if it does so in time.
jq -n --arg text "$text" --arg hook "$NOTIFY_URL" '{
    type: "csm", input: {text: $text, voice: "conversational_a"},
    complete_in: 600, webhook: {url: $hook}}' >"$work/job"
ask --retry 5 -X POST "$url/v1/jobs" -d @"$work/job" \
  -H 'Content-Type: application/json' -H 'Prefer: wait=20' \
  -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" >"$work/answer"
id=$(jq -r .id "$work/answer")
echo "submitted $id"

end=$((SECONDS + 660))
until jq -e '.status | IN("success", "failed", "cancelled", "timed_out")' \
  "$work/answer" >/dev/null; do
  jq -r '"\(.status) \(.stage // "") \(.waiting.text // "")"' "$work/answer"
  [ "$SECONDS" -lt "$end" ] || {
    echo "job $id has not ended in time; it goes on" >&2
    exit 1
  }
  sleep 1
  ask "$url/v1/jobs/$id" >"$work/answer"
done
jq -e '.status == "success"' "$work/answer" >/dev/null || {
  jq . "$work/answer" >&2
  exit 1
}

# -L: the file may be at the storage; curl takes the key to no other host.
ask -L -o "$path" "$url/v1/jobs/$id/result"
echo "saved $path $(jq -c .receipt "$work/answer")"
wait_for "$work/webhooks" "a webhook"
echo "webhook $(jq -c .body "$work/webhooks")"
