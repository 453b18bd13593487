#!/usr/bin/env bash
# The units under a real systemd: process 1 of namespaces of its own, in the folder
# of a system that has the packages installed. For deb.sh.
#   systemd.sh FOLDER    with systemd, dbus, redis-server and both packages in it
#   systemd.sh --boot FOLDER    inside the namespaces: becomes systemd
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

if [ "$1" = --boot ]; then
  system=$2
  mount --make-rprivate /
  mount --bind "$system" "$system"
  mount -t proc proc "$system/proc"
  mount --rbind -o ro /sys "$system/sys"
  mount -t tmpfs tmpfs "$system/sys/fs"
  mkdir "$system/sys/fs/cgroup"
  mount -t cgroup2 none "$system/sys/fs/cgroup"
  for folder in run tmp; do mount -t tmpfs tmpfs "$system/$folder"; done
  mount -t tmpfs -o mode=755 tmpfs "$system/dev"
  for node in null zero full random urandom tty; do
    touch "$system/dev/$node"
    mount --bind "/dev/$node" "$system/dev/$node"
  done
  mkdir "$system/dev/shm" "$system/dev/pts" "$system/dev/mqueue" "$system/dev/hugepages"
  mount -t devpts devpts "$system/dev/pts"
  ln -s pts/ptmx "$system/dev/ptmx"
  ln -s /proc/self/fd "$system/dev/fd"
  ip link set lo up
  cd "$system"
  mkdir -p old
  pivot_root . old
  umount -l /old
  # Credentials are mounted by a child, and must reach its parent.
  mount --make-rshared /
  exec env -i container=c3-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --show-status=no
fi

. "$here/../interop/environment.sh"
. "$interop_dir/trial.sh"
system=$(readlink -f "$1")
programs=$interop_dir/../../build/deb/bin
etc=$system/etc

install -d -m 0700 "$etc/credstore"
printf 'localkey-0001\n' | install -m 0600 /dev/stdin "$etc/credstore/c3-render-worker.C3_API_KEY"
cat >>"$etc/default/c3-render-worker" <<'TEXT'
C3_API_URL=http://127.0.0.1:8780/api/v0
C3_NODE_URL=http://127.0.0.1:8780/node/{node}
C3_UI_URL=http://127.0.0.1:8780/ui/{node}
ALLOW_PRIVATE_URLS=127.0.0.1
PRE_LAUNCH_TIMEOUT=0
PRE_LAUNCH_TIMEOUT_MAX=0
TEXT
printf '127.0.0.1 localhost\n' >"$etc/hosts"
: >"$etc/machine-id"
install -d "$etc/systemd/system/c3-render-worker.service.d"
ln -sf /lib/systemd/system/multi-user.target "$etc/systemd/system/default.target"
rm -f "$system/usr/sbin/policy-rc.d"

# A group of its own, where this machine lets processes have one.
group=''
for at in /sys/fs/cgroup/unified /sys/fs/cgroup; do
  if [ -f "$at/cgroup.procs" ] && mkdir -p "$at/c3-test" 2>/dev/null; then
    group=$at/c3-test
    break
  fi
done
[ -n "$group" ] || skip 'there is no cgroup2 for systemd'
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec unshare -m -p -f -C -u -i -n --kill-child "$here/systemd.sh" --boot "$system"
) >"$scratch/systemd.log" 2>&1 &
booted=$!
children+=("$booted")
trouble() { within journalctl -u c3-render-worker -u c3-render-web --no-pager | tail -n 20; }
finish() {
  local code=$?
  [ $code = 0 ] || trouble >&2 || true
  kill -KILL "$booted" 2>/dev/null || true
  end_children
  sleep 0.5
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
first() { pgrep -P "$booted" | head -n 1; }
until_ok 20 first || { cat "$scratch/systemd.log" && exit 1; }
first=$(first)
within() { nsenter -t "$first" -m -p -u -i -n -C env -i \
  PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
shown() { within systemctl show -P "$2" "$1"; }
is() { test "$(shown "$1" "$2")" = "$3"; }

# It ends with an error when a unit of others has failed.
is_up() { [[ $(within systemctl is-system-running || true) =~ ^(running|degraded)$ ]]; }
check 'systemd starts' until_ok 60 is_up
check 'Redis starts' within systemctl start redis-server
# In the network of that system, by this machine's libraries.
nsenter -t "$first" -n "$programs/c3-local-cloud" --listen 127.0.0.1:8780 \
  --boot-time 0 >"$scratch/cloud.log" 2>&1 &
children+=($!)

check 'the worker starts, and says that it is ready' within systemctl start c3-render-worker
check 'it is watched' is c3-render-worker WatchdogUSec 1min
takes_jobs() { shown c3-render-worker StatusText | grep -q '^takes jobs'; }
check 'systemctl status tells what it does' until_ok 30 takes_jobs
check 'speech, in the box of the unit' within c3ctl submit csm --text 'Hello there' --wait
cp "$here/../../app/demo/face.jpg" "$system/root/"
check 'a picture, in the box of the unit' within c3ctl submit analyze --image /root/face.jpg --wait
check 'its state is where the unit says' \
  test -d "$system/var/lib/private/c3-render-worker/journal"
environment=$(within sh -c \
  "tr '\\0' '\\n' </proc/$(shown c3-render-worker MainPID)/environ")
check 'it is told where its secrets are' grep -q '^CREDENTIALS_DIRECTORY=' <<<"$environment"
check 'its key is in no environment' cannot grep -q localkey <<<"$environment"
check 'the HTTP service starts' within systemctl start c3-render-web
check 'it answers' within bash -c 'exec 3<>/dev/tcp/127.0.0.1/8095 &&
  printf "GET /openapi.json HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 && head -n 1 <&3 | grep -q 200'
result=$(find "$system/var/lib/private/c3-render-worker" -maxdepth 1 -name '*.mp3' | head -n 1)
check 'it sends results of the worker' within bash -c "exec 3<>/dev/tcp/127.0.0.1/8095 &&
  printf 'GET /v1/jobs/$(basename "$result" .mp3)/result HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 &&
  head -n 1 <&3 | grep -q 200"

printf '[Service]\nWatchdogSec=3\nRestartSec=1\n' \
  >"$etc/systemd/system/c3-render-worker.service.d/quick.conf"
within systemctl daemon-reload
check 'a restart' within systemctl restart c3-render-worker
has_drained() { within journalctl -u c3-render-worker --no-pager | grep 'draining (signal)'; }
check 'drains first' until_ok 10 has_drained
sleep 5
check 'one that works is left alone' is c3-render-worker NRestarts 0
within systemctl kill -s STOP c3-render-worker
is_restarted() { is c3-render-worker NRestarts 1 && is c3-render-worker ActiveState active; }
check 'one that hangs is killed and started again' until_ok 60 is_restarted
check 'the stop is a clean one' within systemctl stop c3-render-worker
check 'nothing failed' is c3-render-worker Result success
say 'the units work'
