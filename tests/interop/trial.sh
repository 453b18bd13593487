# Sourced by the suites that try what is shipped: ./run image and ./run deb.

say() { printf '== %s\n' "$*"; }
check() { # check WHAT COMMAND...
  local what=$1
  shift
  "$@" || { echo "FAILED: $what" >&2 && exit 1; }
  echo "ok: $what"
}
cannot() { ! "$@" >/dev/null 2>&1; }
until_ok() { # until_ok SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# smallest_debian: the folder with Debian's smallest system, made once.
smallest_debian() {
  local base=$interop_build/minbase
  command -v debootstrap >/dev/null || skip 'debootstrap is not installed'
  if [ ! -f "$base/etc/debian_version" ]; then
    say 'making a system with debootstrap' >&2
    rm -rf "$base" "$base.new"
    debootstrap --variant=minbase bookworm "$base.new" "$(debian_archive)" \
      >"$interop_build/debootstrap.log" ||
      skip "debootstrap failed, see $interop_build/debootstrap.log"
    mv "$base.new" "$base"
  fi
  smallest=$base
}

scratch=$(mktemp -d)
# Suites that mount or start something set a trap of their own.
trap 'rm -rf "$scratch"' EXIT
children=()
end_children() {
  local pid
  for pid in "${children[@]}"; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  children=()
}

# start_neighbours FOLDER: Redis and the local cloud of that folder, on this
# machine's loopback; $scratch/env has a worker's settings for them.
start_neighbours() {
  local redis_port cloud_port
  redis_port=$(free_port) cloud_port=$(free_port) status_port=$(free_port)
  redis-server --port "$redis_port" --bind 127.0.0.1 --save '' \
    --dir "$scratch" >"$scratch/redis.log" 2>&1 &
  children+=($!)
  "$1/c3-local-cloud" --listen "127.0.0.1:$cloud_port" \
    --boot-time 0 --env-file "$scratch/cloud.env" >"$scratch/cloud.log" 2>&1 &
  children+=($!)
  until_ok 20 test -s "$scratch/cloud.env" || { echo 'no local cloud' && exit 1; }
  grep -E '^C3_' "$scratch/cloud.env" >"$scratch/env"
  cat >>"$scratch/env" <<TEXT
REDIS_HOST=127.0.0.1
REDIS_PORT=$redis_port
STATUS_ADDRESS=127.0.0.1:$status_port
ALLOW_PRIVATE_URLS=127.0.0.1
PRE_LAUNCH_TIMEOUT=0
PRE_LAUNCH_TIMEOUT_MAX=0
TEXT
}
