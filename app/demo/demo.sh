#!/usr/bin/env bash
# One job of each kind, end to end, on this machine: a private Redis, the local
# cloud, a webhook receiver and the worker. What comes out is checked, and left
# in ./demo-output. Called by `./run demo` after the build.
set -eEuo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
bin=${C3_BIN_DIR:-$root/build/release/bin}
out=$root/demo-output
logs=$out/logs
default_text="We are happy to see you in the city. The people here are happy to see you."
text=$default_text
image=$root/app/demo/face.jpg
own_image=
audio=
kinds=(csm analyze whisper portrait)
declare -A job_id result_file submit_pid
result_file=([csm]=speech.mp3 [analyze]=description.txt
  [whisper]=transcript.txt [portrait]=portrait.mp4)
pids=()
problems=()
work=

usage() {
  cat <<'TEXT'
Usage: ./run demo [--text T] [--image F] [--audio F]

  --text T    what the csm job speaks
  --image F   the picture that speaks (portrait) and is described (analyze)
  --audio F   what the picture speaks and what is written down (whisper);
              the speech made by csm when not given

Results and logs are left in ./demo-output. Exit codes: 0 all checks passed,
1 something failed, 2 wrong options.
TEXT
}

say() { printf '\033[1m== %s\033[0m\n' "$*"; }

wrong_option() {
  printf 'demo: %s\n' "$*" >&2
  exit 2
}

give_up() {
  printf '\n' >&2
  printf 'demo: FAILED: %s\n' "$@" >&2
  printf 'demo: the logs are in %s\n' "$logs" >&2
  exit 1
}

# own_file OPTION PATH: ./run has changed the folder; a path is meant from
# where it was typed.
own_file() {
  local path
  for path in "$2" "${OLDPWD:-.}/$2"; do
    if [ -f "$path" ] && [ -r "$path" ]; then
      readlink -f "$path"
      return
    fi
  done
  wrong_option "$1: $2 is not a file that can be read"
}

parse_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h)
        usage
        exit 0
        ;;
      --text | --image | --audio)
        [ $# -ge 2 ] && [ -n "$2" ] || wrong_option "$1 needs a value"
        case "$1" in
          --text) text=$2 ;;
          --image)
            image=$(own_file "$1" "$2")
            own_image=yes
            ;;
          --audio) audio=$(own_file "$1" "$2") ;;
        esac
        shift 2
        ;;
      *) wrong_option "unknown option $1; accepted are --text, --image, --audio" ;;
    esac
  done
}

# stop_process PID: SIGTERM, and SIGKILL when that does not help.
stop_process() {
  kill -TERM "$1" 2>/dev/null || return 0
  for _ in $(seq 50); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

clean_up() {
  trap - EXIT INT TERM HUP
  local i
  # The last one started goes first: the worker still needs Redis.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    stop_process "${pids[i]}"
  done
  [ -z "$work" ] || rm -rf "$work"
}

# wait_for SECONDS COMMAND...: asks until it succeeds.
wait_for() {
  local tries=$(($1 * 20))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.05
  done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

redis_answers() {
  kill -0 "$1" 2>/dev/null || return 0
  [ "$(redis-cli -p "$2" ping 2>/dev/null)" = PONG ]
}

start_redis() {
  local pid
  for _ in 1 2 3 4 5; do
    REDIS_PORT=$((20000 + RANDOM % 20000))
    redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no \
      --dir "$work" >"$logs/redis.log" 2>&1 &
    pid=$!
    # Only a living process of ours counts: another may own the port.
    if wait_for 10 redis_answers "$pid" "$REDIS_PORT" && kill -0 "$pid" 2>/dev/null; then
      pids+=("$pid")
      export REDIS_HOST=127.0.0.1 REDIS_PORT
      return
    fi
    stop_process "$pid"
  done
  give_up "redis-server does not start: $(tail -n 1 "$logs/redis.log")"
}

# start NAME LOG COMMAND...: keeps the process id in started_pid.
start() {
  local log=$1
  shift
  "$@" >"$logs/$log.log" 2>&1 &
  started_pid=$!
  pids+=("$started_pid")
}

start_world() {
  unset REDIS_USERNAME REDIS_PASSWORD REDIS_DB
  start_redis
  start cloud "$bin/c3-local-cloud" --listen 127.0.0.1:0 --env-file "$work/cloud.env"
  wait_for 10 test -s "$work/cloud.env" || give_up "c3-local-cloud does not start"
  set -a
  # shellcheck disable=SC1091
  . "$work/cloud.env"
  set +a
  "$bin/c3ctl" listen --env-file "$work/hook.env" >"$logs/webhooks.jsonl" \
    2>"$logs/receiver.log" &
  pids+=($!)
  wait_for 10 test -s "$work/hook.env" || give_up "c3ctl listen does not start"
  # shellcheck disable=SC1091
  . "$work/hook.env"
  local quick
  mapfile -t quick < <(grep '^[A-Z]' "$root/app/demo/quick.env")
  # From a folder without .env, so that no file of the user's is read.
  cd "$work"
  # Nor does it see any variable but these.
  start worker env -i PATH="$PATH" LC_ALL="$LC_ALL" C3_API_KEY="$C3_API_KEY" \
    C3_API_URL="$C3_API_URL" C3_NODE_URL="$C3_NODE_URL" C3_UI_URL="$C3_UI_URL" \
    REDIS_HOST="$REDIS_HOST" REDIS_PORT="$REDIS_PORT" OUTPUT_DIR="$work/output" \
    ALLOW_PRIVATE_URLS="$ALLOW_PRIVATE_URLS" \
    MAX_GPUS=2 STATUS_ADDRESS=off "${quick[@]}" \
    "$bin/c3-render-worker"
  worker_pid=$started_pid
}

seconds_since() {
  awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

step() { printf '%6s s  %-10s %s\n' "$(seconds_since "$begun")" "$1" "$2"; }

# The worker's log in, one short line for each step of a job or a GPU out.
show_steps() {
  local level rest
  local job='^job ([0-9a-f-]+) \(([a-z]+)\): (.*)$'
  local gpu='^gpu ([0-9]+) \(([^,)]*)[^)]*\): (.*)$'
  local hook='^webhook of job ([0-9a-f-]+): (.*)$'
  declare -A kind_of
  while read -r _ level rest; do
    if [[ $rest =~ $job ]]; then
      kind_of[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
      step "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
    elif [[ $rest =~ $gpu ]]; then
      step "gpu ${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}: ${BASH_REMATCH[3]}"
    elif [[ $rest =~ $hook ]]; then
      step "${kind_of[${BASH_REMATCH[1]}]:-}" "webhook ${BASH_REMATCH[2]}"
    elif [ "$level" != info ]; then
      step "$level" "$rest"
    fi
  done
}

# submit KIND OPTIONS...: in the background; the record comes in KIND.json.
submit() {
  local kind=$1
  shift
  job_id[$kind]=$(cat /proc/sys/kernel/random/uuid)
  step "$kind" submitted
  echo "$EPOCHREALTIME" >"$work/$kind.submitted"
  "$bin/c3ctl" submit "$kind" "$@" --id "${job_id[$kind]}" --wait --json \
    --complete-by +120 --notify-url "${NOTIFY_URL}$kind" \
    --output "$out/${result_file[$kind]}" \
    >"$work/$kind.json" 2>"$work/$kind.err" &
  submit_pid[$kind]=$!
  pids+=($!)
}

ended() { gone "${submit_pid[$1]}" || gone "$worker_pid"; }

# finish KIND: waits until the job has ended; a failed one ends the demo.
finish() {
  wait_for 120 ended "$1" || give_up "$1: the job has not ended in 120 s"
  gone "${submit_pid[$1]}" ||
    give_up "the worker has ended: $(tail -n 1 "$logs/worker.log")"
  wait "${submit_pid[$1]}" || give_up "$1: $(sed 's/^c3ctl: //' "$work/$1.err")"
}

run_jobs() {
  local kind
  tail -n +1 -f "$logs/worker.log" > >(show_steps) &
  tail_pid=$!
  pids+=("$tail_pid")
  submit csm --text "$text" --voice conversational_b
  submit analyze --image "$image"
  if [ -z "$audio" ]; then
    finish csm
    audio=$out/speech.mp3
  fi
  submit whisper --audio "$audio" --language en
  submit portrait --image "$image" --audio "$audio"
  for kind in "${kinds[@]}"; do
    finish "$kind"
  done
}

problem() {
  problems+=("$*")
  printf '  FAIL  %s\n' "$*"
}

checked() { printf '  ok    %s\n' "$*"; }

# probe FILE ENTRIES: the values, one a line.
probe() {
  ffprobe -v error -show_entries "$2" -of default=noprint_wrappers=1:nokey=1 "$1" 2>/dev/null
}

# distance A B: of two numbers; fails when one of them is none.
distance() {
  awk -v a="$1" -v b="$2" 'BEGIN {
    if (a !~ /^[0-9.]+$/ || b !~ /^[0-9.]+$/) exit 1
    d = a - b; if (d < 0) d = -d; printf "%.2f", d }'
}

check_speech() {
  local codec length
  codec=$(probe "$out/speech.mp3" stream=codec_name)
  length=$(probe "$out/speech.mp3" format=duration)
  if [ "$codec" = mp3 ] && awk -v x="$length" 'BEGIN { exit !(x > 0.3) }'; then
    checked "speech.mp3 is an MP3 of $(printf '%.1f' "$length") s"
  else
    problem "speech.mp3: got codec '$codec' and length '$length', not an MP3 of some length"
  fi
}

# The size that a portrait must have: the picture's, as a viewer turns it, times
# min(1280/w, 720/h).
portrait_size() {
  local width height turn
  width=$(probe "$image" stream=width | head -n 1)
  height=$(probe "$image" stream=height | head -n 1)
  turn=$(ffprobe -v error -select_streams v:0 -read_intervals '%+#1' \
    -show_entries frame_tags=Orientation -of csv=p=0 "$image" 2>/dev/null | tr -dc 0-9)
  awk -v w="$width" -v h="$height" -v turn="${turn:-1}" 'BEGIN {
    if (turn >= 5) { t = w; w = h; h = t }
    s = 1280 / w; if (720 / h < s) s = 720 / h
    printf "%d %d\n", w * s + 0.5, h * s + 0.5 }'
}

check_portrait() {
  local video=$out/portrait.mp4 length want off width height want_width want_height
  length=$(probe "$video" format=duration)
  want=$(probe "$audio" format=duration)
  off=$(distance "$length" "$want") || off=unknown
  if [ "$off" != unknown ] && awk -v x="$off" 'BEGIN { exit !(x <= 0.2) }'; then
    checked "portrait.mp4 is as long as the audio: $length s and $want s"
  else
    problem "portrait.mp4: got a length of '$length' s, the audio has '$want' s"
  fi
  width=$(probe "$video" stream=width | head -n 1)
  height=$(probe "$video" stream=height | head -n 1)
  read -r want_width want_height < <(portrait_size)
  # H.264 with 4:2:0 colours has even sizes only.
  if awk -v a="${width:-0}" -v b="$want_width" -v c="${height:-0}" -v d="$want_height" \
    'BEGIN { exit !(a - b <= 1 && b - a <= 1 && c - d <= 1 && d - c <= 1) }'; then
    checked "portrait.mp4 has the right size: ${width}x$height"
  else
    problem "portrait.mp4: got a size of '${width:-}x${height:-}', expected ${want_width}x$want_height"
  fi
}

words_of() { tr '[:upper:]' '[:lower:]' | grep -oE "[a-z']{3,}" | sort -u; }

check_transcript() {
  local spoken heard
  if ! grep -q '[[:alnum:]]' "$out/transcript.txt"; then
    problem "transcript.txt is empty"
    return
  fi
  # What is said in the user's own audio is not known here.
  if [ "$audio" != "$out/speech.mp3" ]; then
    checked "transcript.txt has $(wc -w <"$out/transcript.txt") words"
    return
  fi
  words_of <<<"$text" >"$work/spoken" || true
  words_of <"$out/transcript.txt" >"$work/transcript" || true
  spoken=$(wc -l <"$work/spoken")
  heard=$(comm -12 "$work/spoken" "$work/transcript" | wc -l)
  if [ "$text" = "$default_text" ] && [ $((heard * 2)) -lt "$spoken" ]; then
    problem "transcript.txt has only $heard of the $spoken words spoken: $(cat "$out/transcript.txt")"
  elif [ "$heard" = 0 ] && [ "$spoken" -gt 3 ]; then
    problem "transcript.txt has none of the $spoken words spoken: $(cat "$out/transcript.txt")"
  else
    checked "transcript.txt has $heard of the $spoken words spoken"
  fi
}

check_description() {
  local wanted=.
  [ -n "$own_image" ] || wanted='[Oo]ne face'
  if grep -q "$wanted" "$out/description.txt"; then
    checked "description.txt: $(head -c 60 "$out/description.txt" | head -n 1)..."
  else
    problem "description.txt does not describe the picture: $(cat "$out/description.txt")"
  fi
}

# hook_count KIND: webhooks that were accepted and say what the record says.
hook_count() {
  jq -s --slurpfile job "$work/$1.json" '[.[] | select(.body.id == $job[0].id
    and .answered == 200 and .body.status == "success"
    and (.body.text // .body.result_url) == ($job[0].result_url // $job[0].result))] | length' \
    "$logs/webhooks.jsonl"
}

check_webhooks() {
  local kind count total good=0
  for kind in "${kinds[@]}"; do
    count=$(hook_count "$kind")
    if [ "$count" = 1 ]; then
      good=$((good + 1))
    else
      problem "$kind: $count webhooks that fit its result, expected 1"
    fi
  done
  total=$(wc -l <"$logs/webhooks.jsonl")
  [ "$total" = ${#kinds[@]} ] || problem "$total webhooks came, expected ${#kinds[@]}"
  [ "$good" != "$total" ] || checked "each webhook arrived once"
}

stop_worker() {
  kill -TERM "$worker_pid" 2>/dev/null || true
  wait_for 30 gone "$worker_pid" || give_up "the worker does not stop on SIGTERM"
  worker_code=0
  wait "$worker_pid" || worker_code=$?
  # What it said last is to be seen before the checks.
  sleep 0.2
  stop_process "$tail_pid"
}

check_gpus() {
  local running launches
  if [ "$worker_code" = 0 ]; then
    checked "the worker stopped cleanly"
  else
    problem "the worker ended with exit code $worker_code"
  fi
  if ! curl -fsS "${C3_API_URL%/api/*}/cloud/ledger" >"$out/logs/ledger.json"; then
    problem "the local cloud gives no account of its GPUs"
    return
  fi
  read -r launches running < <(jq -r '"\(.launches) \(.running)"' "$logs/ledger.json")
  if [ "$running" = 0 ] && [ "$launches" -gt 0 ]; then
    checked "all GPUs were stopped: $launches launched"
  else
    problem "$running of $launches GPUs still run"
  fi
}

table() {
  local kind
  printf '\n  %-9s %-36s %7s %7s  %-7s %s\n' job id total render webhook result
  for kind in "${kinds[@]}"; do
    printf '  %-9s %-36s %5.1f s %5.1f s  %-7s %s\n' "$kind" "${job_id[$kind]}" \
      "$(jq --arg t "$(cat "$work/$kind.submitted")" '.finished_at - ($t | tonumber)' "$work/$kind.json")" \
      "$(jq '.finished_at - .started_at' "$work/$kind.json")" \
      "$(hook_count "$kind")" "demo-output/${result_file[$kind]}"
  done
  printf '\n  heard:  %s\n' "$(tr '\n' ' ' <"$out/transcript.txt" | cut -c 1-150)"
  printf '  seen:   %s\n\n' "$(tr '\n' ' ' <"$out/description.txt" | cut -c 1-150)"
}

# keep_input VARIABLE: a copy of the file that it names.
keep_input() {
  local folder=$work/$1
  mkdir "$folder"
  cp "${!1}" "$folder/"
  printf -v "$1" '%s/%s' "$folder" "$(basename "${!1}")"
}

main() {
  export LC_ALL=C.UTF-8
  if [ "${1:-}" = --check-options ]; then
    parse_options "${@:2}"
    exit
  fi
  parse_options "$@"
  # Two demos would write to the same folder.
  exec {lock}<"$root/app/demo/demo.sh"
  flock -n "$lock" || wrong_option "another demo is running"
  trap clean_up EXIT
  trap 'give_up "line $LINENO ended with $?"' ERR
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  work=$(mktemp -d)
  # The user's own files may be results of an earlier demo.
  keep_input image
  [ -z "$audio" ] || keep_input audio
  rm -rf "$out"
  mkdir -p "$logs"
  begun=$EPOCHREALTIME
  for program in c3ctl c3-local-cloud c3-render-worker; do
    [ -x "$bin/$program" ] || give_up "$bin/$program is not built: ./run build"
  done
  say "starting Redis, the local cloud, a webhook receiver and the worker"
  start_world
  say "one job of each kind"
  run_jobs
  stop_worker
  say "checking"
  check_gpus
  check_webhooks
  check_speech
  check_portrait
  check_transcript
  check_description
  table
  [ ${#problems[@]} = 0 ] || give_up "${problems[@]}"
  say "all checks passed in $(seconds_since "$begun") s; see and hear demo-output/"
}

main "$@"
