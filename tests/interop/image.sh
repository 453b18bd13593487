#!/usr/bin/env bash
# ./run image: builds deploy/Dockerfile and tries what came out.
#   --debootstrap      make the base with debootstrap; needs root, Debian's
#                      packages and no image registry
#   --base IMAGE       another Debian 12 image as the base
# Docker is taken when its service answers, else buildah.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/environment.sh"
cd "$interop_dir/../.."

base='' make_base=no image=localhost/c3-render-worker:test
while [ $# -gt 0 ]; do
  case "$1" in
    --debootstrap) make_base=yes && shift ;;
    --base) base=$2 && shift 2 ;;
    *) echo "run image: what is $1?" >&2 && exit 2 ;;
  esac
done

say() { printf '== %s\n' "$*"; }
check() { # check WHAT COMMAND...
  local what=$1
  shift
  "$@" || { echo "FAILED: $what" >&2 && exit 1; }
  echo "ok: $what"
}

# -- docker or buildah ---------------------------------------------------------

if [ "$make_base" = no ] && docker info >/dev/null 2>&1; then
  tool=docker
elif command -v buildah >/dev/null; then
  tool=buildah
else
  skip 'neither a running docker nor buildah is here'
fi

storage=(--root "$interop_build/containers" --runroot "$interop_build/run")
b() { buildah "${storage[@]}" "$@"; }

debootstrap_base() {
  command -v debootstrap >/dev/null || skip 'debootstrap is not installed'
  base=localhost/debian-minbase:bookworm
  ! b inspect "$base" >/dev/null 2>&1 || return 0
  say 'making the base with debootstrap'
  rm -rf "$interop_build/minbase"
  debootstrap --variant=minbase bookworm "$interop_build/minbase" \
    "$(debian_archive)" >"$interop_build/debootstrap.log" ||
    skip "debootstrap failed, see $interop_build/debootstrap.log"
  local made
  made=$(b from scratch)
  b add -q "$made" "$interop_build/minbase" / >/dev/null
  b config --cmd /bin/bash "$made"
  b commit -q --rm "$made" "$base" >/dev/null
  rm -rf "$interop_build/minbase"
}

build_image() {
  local commit
  commit=$(git describe --always --dirty --abbrev=12 2>/dev/null || true)
  if [ $tool = docker ]; then
    docker build -f deploy/Dockerfile -t "$image" \
      --build-arg "COMMIT=$commit" \
      ${base:+--build-arg "BASE=$base"} .
    return
  fi
  local pull=(--pull-never)
  [ "$make_base" = yes ] || pull=()
  # The docker format: OCI's has no health check.
  nice -n 10 buildah "${storage[@]}" bud --isolation chroot --format docker \
    --layers "${pull[@]}" --build-arg "COMMIT=$commit" ${base:+--build-arg "BASE=$base"} \
    -f deploy/Dockerfile -t "$image" .
}

image_size() {
  if [ $tool = docker ]; then
    docker image inspect --format '{{.Size}}' "$image" |
      awk '{ printf "%.0f MB\n", $1 / 1e6 }'
  else
    b images --format '{{.Size}}' "$image"
  fi
}

image_config() {
  if [ $tool = docker ]; then
    docker image inspect "$image"
  else
    b inspect --type image "$image"
  fi
}

# in_image COMMAND...: in one container, as the image's own user, on the host's
# network, with the settings of the file.
start_container() {
  if [ $tool = docker ]; then
    container=$(docker run -d --network host --env-file "$1" \
      --entrypoint sleep "$image" infinity)
  else
    container=$(b from --pull-never "$image")
    local line
    while read -r line; do
      b config --env "$line" "$container"
    done <"$1"
  fi
}

in_image() {
  if [ $tool = docker ]; then
    docker exec "$container" "$@"
  else
    b run --isolation chroot "$container" -- "$@"
  fi
}

end_container() {
  if [ $tool = docker ]; then
    docker rm -f "$container" >/dev/null
  else
    b rm "$container" >/dev/null
  fi
}

# -- build and try -------------------------------------------------------------

[ "$make_base" = no ] || debootstrap_base
say "building with $tool"
build_image
say "size of the image: $(image_size)"

scratch=$(mktemp -d)
children=()
# shellcheck disable=SC2317  # called by the trap
finish() {
  local pid
  for pid in "${children[@]}"; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  [ -z "${container:-}" ] || end_container
  rm -rf "$scratch"
}
trap finish EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
until_ok() { # until_ok SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

redis_port=$(free_port) cloud_port=$(free_port) status_port=$(free_port)
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' \
  --dir "$scratch" >"$scratch/redis.log" 2>&1 &
children+=($!)
build/release/bin/c3-local-cloud --listen "127.0.0.1:$cloud_port" \
  --boot-time 0 --env-file "$scratch/cloud.env" >"$scratch/cloud.log" 2>&1 &
children+=($!)
until_ok 20 test -s "$scratch/cloud.env" || { echo 'no local cloud' && exit 1; }
grep -E '^C3_' "$scratch/cloud.env" >"$scratch/env"
cat >>"$scratch/env" <<TEXT
REDIS_HOST=127.0.0.1
REDIS_PORT=$redis_port
STATUS_ADDRESS=127.0.0.1:$status_port
PRE_LAUNCH_TIMEOUT=0
PRE_LAUNCH_TIMEOUT_MAX=0
TEXT
start_container "$scratch/env"

cannot() { ! "$@" >/dev/null 2>&1; }
config_has() { image_config | grep -q -- "$1"; }

check 'it has a health check' config_has --healthcheck
check 'it starts the worker' config_has '"c3-render-worker"'
check 'it does not run as root' test "$(in_image id -u)" = 10001
check 'its user cannot change the system' cannot in_image touch /usr/bin/x
check 'the worker finds its libraries' in_image c3-render-worker --version
check '--check-config' in_image c3-render-worker --check-config
check 'no health without a worker' cannot in_image c3-render-worker --healthcheck
# The shell leaves its process id, then is the worker.
in_image sh -c 'echo $$ >/app/output/pid && exec c3-render-worker' \
  >"$scratch/worker.log" 2>&1 &
worker=$!
children+=("$worker")
check 'the worker starts and is healthy' \
  until_ok 20 in_image c3-render-worker --healthcheck
check 'it does a job' \
  in_image c3ctl submit csm --text 'Hello from the image' --wait
in_image sh -c 'kill -TERM $(cat /app/output/pid)'
check 'it ends well when told to' wait "$worker"
say "the image works; its size is $(image_size)"
