#!/usr/bin/env bash
# ./run deb: builds the Debian packages, asks lintian, installs them in a chroot
# of Debian's smallest system, does jobs there, and removes them again. As root;
# needs Debian's packages and no other registry.
#   --build-only    builds, and asks lintian
#   --systemd       also starts the units under a systemd in namespaces of its own
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../interop/environment.sh"
. "$interop_dir/trial.sh"
cd "$interop_dir/../.."

out=build/deb
say 'building the packages'
cmake --preset release -B $out -DRENDER_TESTS=OFF -DRENDER_DEB=ON \
  -DRENDER_HELPER_DIR=libexec/c3-render-worker \
  -DRENDER_UNIT_DIR=/lib/systemd/system >/dev/null
cmake --build $out --target programs
rm -f $out/*.deb
(cd $out && cpack -G DEB) >$out/cpack.log || { cat $out/cpack.log && exit 1; }
packages=("$out"/*.deb)
check 'there are two packages' test ${#packages[@]} = 2
check 'lintian finds neither errors nor warnings' \
  lintian --allow-root --fail-on error,warning "${packages[@]}"
for package in "${packages[@]}"; do
  say "$(stat -c '%s bytes' "$package"): ${package##*/}"
done
[ "${1:-}" != --build-only ] || exit 0

[ "$(id -u)" = 0 ] || skip 'a chroot needs root'
smallest_debian
system=$scratch/system
# shellcheck disable=SC2317  # called by the trap
finish() {
  end_children
  local at
  for at in proc dev; do
    umount -q "$system/$at" 2>/dev/null || true
  done
  if mountpoint -q "$system/proc" || mountpoint -q "$system/dev"; then
    echo "$system is still in use" >&2
  else
    rm -rf "$scratch"
  fi
}
trap finish EXIT
cp -a "$smallest" "$system"
mount -t proc proc "$system/proc"
mount --bind /dev "$system/dev"
cp -L /etc/resolv.conf /etc/hosts "$system/etc/" 2>/dev/null || true
# Nothing is started by an installation.
printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
chmod +x "$system/usr/sbin/policy-rc.d"
cp "${packages[@]}" "$system/tmp/"

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive chroot "$system" "$@"; }
say 'installing them'
inside apt-get update -qq
before=$(inside dpkg-query -W | wc -l)
install_packages() {
  inside sh -c 'apt-get install -y -qq --no-install-recommends "$@" /tmp/c3-*.deb' \
    sh "$@" >"$scratch/apt.log" 2>&1 || { cat "$scratch/apt.log" && return 1; }
}
check 'they can be installed' install_packages
say "$(($(inside dpkg-query -W | wc -l) - before)) packages, with what they need"
check 'dpkg finds all files as packed' test -z "$(inside dpkg -V)"
check 'the settings are all comments' \
  cannot grep -q '^[^#]' "$system/etc/default/c3-render-worker"
check 'the completion is shell' bash -n \
  "$system/usr/share/bash-completion/completions/c3ctl"
for page in c3-render-worker c3-render-web c3ctl; do
  check "$page has a man page" sh -c \
    "zcat '$system/usr/share/man/man1/$page.1.gz' | grep -q '^.SH NAME'"
  check "$page finds its libraries" inside $page --version
done
! command -v systemd-analyze >/dev/null ||
  check 'the unit starts the installed program' sh -c \
    "! systemd-analyze verify --man=no --root='$system' \
      c3-render-worker.service c3-render-web.service 2>&1 |
      grep -E 'service:.*(not executable|Unknown|Invalid)'"

say 'doing jobs with them'
start_neighbours $out/bin
# As the unit does: settings in the environment, the key a credential.
install -d -o nobody -m 0700 "$system/var/lib/c3-test" "$system/run/c3-test"
grep '^C3_API_KEY=' "$scratch/env" | cut -d= -f2- |
  install -o nobody -m 0400 /dev/stdin "$system/run/c3-test/C3_API_KEY"
mapfile -t settings < <(grep -v '^C3_API_KEY=' "$scratch/env")
nobody=(env -i PATH=/usr/bin:/bin:/usr/sbin "${settings[@]}" \
  STATE_DIRECTORY=/var/lib/c3-test CREDENTIALS_DIRECTORY=/run/c3-test \
  chroot --userspec=nobody:nogroup "$system")
as_nobody() { "${nobody[@]}" "$@"; }
check '--check-config' as_nobody c3-render-worker --check-config
# Not by the function: the process to signal would be a shell.
"${nobody[@]}" c3-render-worker >"$scratch/worker.log" 2>&1 &
worker=$!
children+=("$worker")
check 'the worker starts and is healthy' \
  until_ok 20 as_nobody c3-render-worker --healthcheck
check 'speech' as_nobody c3ctl submit csm --text 'Hello from a package' --wait
cp app/demo/face.jpg "$system/tmp/"
check 'a picture is read by c3-decode' \
  as_nobody c3ctl submit analyze --image /tmp/face.jpg --wait
kill -TERM "$worker"
check 'it ends well when told to' wait "$worker"

if [ "${1:-}" = --systemd ]; then
  say 'starting the units'
  inside apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus \
    redis-server >"$scratch/apt.log" 2>&1 || { cat "$scratch/apt.log" && exit 1; }
  cp -ax "$system" "$scratch/booted"
  # 77: it cannot be tried here.
  tests/deploy/systemd.sh "$scratch/booted" || [ $? = 77 ] || exit 1
  rm -rf "$scratch/booted"
fi

say 'removing them'
check 'they can be installed once more' install_packages --reinstall
inside apt-get remove -o Dpkg::Use-Pty=0 -y -qq c3-render-worker c3-render-tools >/dev/null
check 'settings stay' test -f "$system/etc/default/c3-render-worker"
mkdir -p "$system/var/lib/private/c3-render-worker/journal"
ln -s private/c3-render-worker "$system/var/lib/c3-render-worker"
inside apt-get purge -o Dpkg::Use-Pty=0 -y -qq c3-render-worker c3-render-tools >/dev/null
check 'a purge leaves nothing' \
  test -z "$(find "$system/etc" "$system/lib/systemd" "$system/usr" \
    "$system/var/lib" -name '*c3-render*' -o -name 'c3ctl*')"
say 'the packages work'
