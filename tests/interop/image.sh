#!/usr/bin/env bash
# ./run image: builds deploy/Dockerfile and tries what came out.
#   --debootstrap      make the base with debootstrap; needs root, Debian's
#                      packages and no image registry
#   --base IMAGE       another Debian 12 image as the base
#   --programs PRESET  takes the programs of build/PRESET instead of compiling
#                      them once more; this machine must be a Debian 12
#   --compose          plays the compose file with it, by podman; see compose.py
# Docker is taken when its service answers, else buildah.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/environment.sh"
cd "$interop_dir/../.."

base='' make_base=no programs='' compose=no image=localhost/c3-render-worker:test
# MB, the base included.
mb_max=180
while [ $# -gt 0 ]; do
  case "$1" in
    --debootstrap) make_base=yes && shift ;;
    --compose) compose=yes && shift ;;
    --base) base=$2 && shift 2 ;;
    --programs) programs=$2 && shift 2 ;;
    *) echo "run image: what is $1?" >&2 && exit 2 ;;
  esac
done

. "$interop_dir/trial.sh"

# -- docker or buildah ---------------------------------------------------------

if [ "$make_base$compose" = nono ] && docker info >/dev/null 2>&1; then
  tool=docker
elif command -v buildah >/dev/null; then
  tool=buildah
else
  skip 'neither a running docker nor buildah is here'
fi

storage=(--root "$interop_build/containers" --runroot "$interop_build/run")
b() { buildah "${storage[@]}" "$@"; }

# As debian:bookworm-slim is made: without documents, languages and caches.
debootstrap_base() {
  base=localhost/debian-slim:bookworm
  ! b inspect "$base" >/dev/null 2>&1 || return 0
  smallest_debian
  cp -a "$smallest" "$scratch/slim"
  (
    cd "$scratch/slim"
    rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* usr/share/man/* \
      usr/share/info/* usr/share/locale/* usr/share/lintian usr/share/linda
    find usr/share/doc -type f ! -name copyright -delete
    find usr/share/doc -type d -empty -delete
    cat >etc/dpkg/dpkg.cfg.d/slim <<'TEXT'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
TEXT
  )
  local made
  made=$(b from scratch)
  b add -q "$made" "$scratch/slim" / >/dev/null
  b config --cmd /bin/bash "$made"
  b commit -q --rm "$made" "$base" >/dev/null
  rm -rf "$scratch/slim"
}

# build_image [TARGET [IMAGE]]
build_image() {
  local commit context=() file=deploy/Dockerfile
  local target=${1:-worker} image=${2:-$image}
  if [ -n "$programs" ]; then
    cmake --install "build/$programs" --prefix "$scratch/programs/opt/c3" --strip \
      >/dev/null
    # Older builders make all stages, also one that is replaced.
    file=$scratch/Dockerfile
    sed '/^FROM build AS programs/,/--strip$/d' deploy/Dockerfile >"$file"
    context=(--build-context "programs=$scratch/programs")
  fi
  commit=$(git describe --always --dirty --abbrev=12 2>/dev/null || true)
  if [ $tool = docker ]; then
    docker build -f "$file" --target "$target" -t "$image" \
      --build-arg "COMMIT=$commit" \
      ${base:+--build-arg "BASE=$base"} "${context[@]}" .
    return
  fi
  local pull=(--pull-never)
  [ "$make_base" = yes ] || pull=()
  # The docker format: OCI's has no health check.
  nice -n 10 buildah "${storage[@]}" bud --isolation chroot --format docker \
    --layers "${pull[@]}" "${context[@]}" --build-arg "COMMIT=$commit" ${base:+--build-arg "BASE=$base"} \
    -f "$file" --target "$target" -t "$image" .
}

# Of all layers, unpacked: MB of 1,000,000 bytes.
image_mb() {
  if [ $tool = docker ]; then
    docker image inspect --format '{{.Size}}' "$1" | awk '{ printf "%.0f", $1 / 1e6 }'
  else
    b images --json "$1" | python3 -c 'import json, re, sys
size = json.load(sys.stdin)[0]["size"]
number, unit = re.match(r"([0-9.]+) ?([A-Za-z]+)", size).groups()
print(round(float(number) * {"B": 1e-6, "KB": 1e-3, "MB": 1, "GB": 1e3}[unit.upper()]))'
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
    docker exec -i "$container" "$@"
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

# Debian's Redis and our MinIO, with users and folders as Docker's images have
# them.
stand_ins() {
  s3_server
  say 'making stand-ins for the images of Redis and MinIO'
  local made
  made=$(b from --pull-never "$base")
  b run --isolation chroot "$made" -- sh -c 'apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends redis-server curl >/dev/null 2>&1 &&
    groupmod -g 999 redis && usermod -u 999 redis && install -d -o 999 -g 999 /data'
  b commit -q --format docker "$made" localhost/redis-stand-in >/dev/null
  b run --isolation chroot "$made" -- chown 0:0 /data
  b add -q --chmod 0755 "$made" "$interop_build/bin/minio" /usr/local/bin/minio \
    >/dev/null
  b config --cmd '' --entrypoint '["minio"]' "$made"
  b commit -q --format docker --rm "$made" localhost/minio-stand-in >/dev/null
}

parts() {
  in_image cat /usr/share/c3-render-worker/sbom.cdx.json | python3 -c '
import json, sys
parts = json.load(sys.stdin)["components"]
assert {"ffmpeg", "libc6", "libopencv-core406"} <= {x["name"] for x in parts}
assert len(parts) == len({x["bom-ref"] for x in parts})
print(len(parts), "parts")'
}

# -- build and try -------------------------------------------------------------

[ "$make_base" = no ] || debootstrap_base
say "building with $tool"
build_image
size=$(image_mb "$image")

# shellcheck disable=SC2317  # called by the trap
finish() {
  end_children
  [ -z "${container:-}" ] || end_container
  rm -rf "$scratch"
}
trap finish EXIT
start_neighbours build/release/bin
start_container "$scratch/env"

config_has() { image_config | grep -q -- "$1"; }

check "it has no more than $mb_max MB: $size" test "$size" -le $mb_max
check 'it has a health check' config_has --healthcheck
check 'it starts the worker' config_has '"c3-render-worker"'
check 'it does not run as root' test "$(in_image id -u)" = 10001
check 'its user cannot change the system' cannot in_image touch /usr/bin/x
check 'the worker finds its libraries' in_image c3-render-worker --version
for program in c3-render-web c3-decode c3-identify c3ctl; do
  check "$program finds its libraries" in_image $program --version
done
check '--check-config' in_image c3-render-worker --check-config
# Sound of each container, and its picture, by the image's own ffmpeg.
samples=/app/output/samples
sounds=(s.aac s.ac3 s.aiff s.asf s.au s.avi s.caf s.eac3 s.flac s.flv s.mka s.webm
  s.mov s.mp4 s.m4a s.mp3 s.mpg s.ts s.ogg s.opus s.tta s.w64 s.wav s.wv s.wma)
mkdir "$scratch/samples"
for name in "${sounds[@]}"; do
  ffmpeg -v error -f lavfi -i sine=duration=1:sample_rate=48000 \
    "$scratch/samples/$name"
done
ffmpeg -v error -f lavfi -i testsrc=d=0.2:s=64x48 "$scratch/samples/p.gif"
ffmpeg -v error -f lavfi -i testsrc=s=640x480 -frames:v 1 "$scratch/samples/p.bmp"
tar -C "$scratch" -c samples | in_image tar -C /app/output -x --no-same-owner
for name in "${sounds[@]}"; do
  check "its ffmpeg reads $name" in_image sh -c "cd $samples &&
    ffprobe -v error -show_entries stream=codec_type -of json file:$name | grep -q audio &&
    ffmpeg -v error -nostdin -y -i file:$name -vn -map 0:a:0 -ac 1 -c:a pcm_s16le o.wav &&
    ffmpeg -v error -nostdin -y -i file:$name -vn -map 0:a:0 -ac 2 -ar 44100 \\
      -c:a libmp3lame -b:a 192k o.mp3 && test -s o.wav && test -s o.mp3"
done
for kind in gif:gif bmp:bmp_pipe; do
  check "its ffmpeg makes a ${kind%:*} a PNG" in_image sh -c "cd $samples &&
    ffmpeg -v error -nostdin -y -f ${kind#*:} -i file:p.${kind%:*} -frames:v 1 -c:v png \\
      -pix_fmt rgb24 -f image2pipe file:p.png && c3-decode p.png q.png 640 1 1000000 \\
      10000000 10000000 | grep -q source_width"
done
check 'its list of parts is JSON, and has ffmpeg' parts
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
say "the image works; it has $size MB"
[ "$compose" = yes ] || exit 0

say 'playing the compose file'
build_image local-cloud localhost/c3-local-cloud:test
stand_ins
/usr/bin/python3 -B "$interop_dir/compose.py" local-cloud comput3 fleet
