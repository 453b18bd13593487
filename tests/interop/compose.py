#!/usr/bin/python3
"""./run image --compose: plays deploy/docker-compose.yml with podman, where Docker's
engine and Docker's images cannot be had. Each service is a container with a network
namespace of its own, with all that the file says of it but the limits of memory
and processes. Redis and MinIO are stand-ins: Debian's, and MinIO as the interop
suites build it. As root; the images are those of ./run image.

    compose.py PROFILE...    of local-cloud, comput3 and fleet
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("INTEROP_BUILD", ROOT / "build/interop"))
STORAGE = ["--root", str(BUILD / "containers"), "--runroot", str(BUILD / "run")]
FILE = ROOT / "deploy" / "docker-compose.yml"
IMAGES = {
    "c3-render-worker:0.2.0": "localhost/c3-render-worker:test",
    "c3-local-cloud:0.2.0": "localhost/c3-local-cloud:test",
    "redis:7.2.5-bookworm": "localhost/redis-stand-in",
    "minio/minio:RELEASE.2025-04-22T22-12-26Z": "localhost/minio-stand-in",
}
BRIDGE = "c3compose"
NET = "10.213.47"
# What a .env has for the profiles that want an account: here the local cloud's.
ENV = {
    "C3_API_KEY": "localkey-0001",
    "C3_API_URL": "http://local-cloud:8780/api/v0",
    "C3_NODE_URL": "http://local-cloud:8780/node/{node}",
    "C3_UI_URL": "http://local-cloud:8780/ui/{node}",
    "ALLOW_PRIVATE_URLS": "10.0.0.0/8",
    "PRE_LAUNCH_TIMEOUT": "0",
    "PRE_LAUNCH_TIMEOUT_MAX": "1",
}


def sh(*argv, check=True, quiet=False):
    got = subprocess.run([str(x) for x in argv], capture_output=True, text=True,
                         check=False, stdin=subprocess.DEVNULL)
    if check and got.returncode != 0:
        if not quiet:
            print(got.stdout[-2000:] + got.stderr[-2000:], file=sys.stderr)
        raise SystemExit(f"FAILED: {' '.join(map(str, argv))[:200]}")
    return got


def podman(*argv, **more):
    return sh("podman", *STORAGE, *argv, **more)


def plain(text):
    """As Compose puts variables in, none of which is set."""
    text = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", str(text))
    return text.replace("$$", "$")


def until(what, seconds, ask):
    end = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > end:
            raise SystemExit(f"FAILED: {what}")
        time.sleep(0.3)
    print(f"ok: {what}", flush=True)


class Fleet:
    def __init__(self, profile):
        services = yaml.safe_load(FILE.read_text())["services"]
        self.profile = profile
        self.services = {n: x for n, x in services.items()
                         if profile in x.get("profiles", [profile])}
        if "local-cloud" not in self.services:
            self.services["local-cloud"] = services["local-cloud"]
        self.address = {n: f"{NET}.{i + 10}" for i, n in enumerate(self.services)}
        self.started = []

    def hosts(self):
        pairs = list(self.address.items())
        for name, x in self.services.items():
            for alias in x.get("networks", {}).get("default", {}).get("aliases", []):
                pairs.append((alias, self.address[name]))
        return pairs

    def network(self, name):
        end = f"c3c{self.address[name].rsplit('.')[-1]}"
        sh("ip", "netns", "add", f"c3-{name}")
        sh("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0",
           "netns", f"c3-{name}")
        sh("ip", "link", "set", end, "master", BRIDGE, "up")
        inside = ["ip", "-n", f"c3-{name}"]
        sh(*inside, "addr", "add", f"{self.address[name]}/24", "dev", "eth0")
        sh(*inside, "link", "set", "eth0", "up")
        sh(*inside, "link", "set", "lo", "up")
        sh(*inside, "route", "add", "default", "via", f"{NET}.1")

    def start(self, name):
        if name in self.started:
            return
        x = self.services[name]
        for other, how in x.get("depends_on", {}).items():
            self.start(other)
            if how["condition"] == "service_healthy":
                until(f"{other} is healthy", 60, lambda o=other: self.healthy(o))
        self.started.append(name)
        argv = ["--name", name, "--cgroups", "disabled", "--cgroupns", "host",
                "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096",
                "--read-only-tmpfs=false", "--pull", "never"]
        if x.get("network_mode") == "none":
            argv += ["--network", "none"]
        else:
            self.network(name)
            argv += ["--network", f"ns:/run/netns/c3-{name}"]
            for pair in self.hosts():
                argv += ["--add-host", ":".join(pair)]
        argv += ["--read-only"] * x.get("read_only", False)
        argv += [y for c in x.get("cap_drop", []) for y in ("--cap-drop", c)]
        if "no-new-privileges:true" in x.get("security_opt", []):
            argv += ["--security-opt", "no-new-privileges"]
        argv += [y for t in x.get("tmpfs", []) for y in ("--tmpfs", t)]
        argv += [y for v in x.get("volumes", []) for y in ("-v", "c3-" + v)]
        env = dict(ENV) if x.get("env_file") else {}
        env.update({k: plain(v) for k, v in x.get("environment", {}).items()})
        argv += [y for e in env.items() for y in ("-e", "=".join(e))]
        if "user" in x:
            argv += ["--user", x["user"]]
        if "entrypoint" in x:
            argv += ["--entrypoint", json.dumps([plain(y) for y in x["entrypoint"]])]
        argv += [IMAGES[x["image"]], *map(plain, x.get("command", []))]
        if x.get("restart") == "no":
            podman("run", *argv)
        else:
            podman("run", "-d", *argv)
        print(f"started {name}", flush=True)

    def inside(self, name, *argv, check=True):
        return podman("exec", name, *argv, check=check)

    def healthy(self, name):
        x = self.services[name].get("healthcheck", {}).get("test")
        if x is None:
            x = ["CMD", "c3-render-worker", "--healthcheck"]
        x = [plain(y) for y in x]
        argv = x[1:] if x[0] == "CMD" else ["sh", "-c", x[1]]
        return self.inside(name, *argv, check=False).returncode == 0

    def end(self):
        for name in reversed(self.started):
            podman("rm", "-f", "-t", "0", name, check=False)
            sh("ip", "netns", "del", f"c3-{name}", check=False)
        for volume in "keys", "output", "redis-data", "minio-data":
            podman("volume", "rm", "-f", f"c3-{volume}", check=False)


def request(url, key, data=None, **headers):
    if key:
        headers["Authorization"] = "Bearer " + key
    asked = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(asked, timeout=90) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as err:
        return err.code, err.read()


def check(what, ok):
    if not ok:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def play(profile):
    print(f"== {profile}", flush=True)
    fleet = Fleet(profile)
    workers = [n for n in fleet.services if n.startswith("worker")]
    try:
        for name in fleet.services:
            fleet.start(name)
        for name in workers + ["web"]:
            until(f"{name} is healthy", 60, lambda n=name: fleet.healthy(n))
        one = workers[0]
        check("nothing can be written beside the volumes", fleet.inside(
            one, "sh", "-c", "touch /app/x || touch /usr/x", check=False).returncode)
        check("it does not run as root", fleet.inside(
            one, "id", "-u").stdout.strip() == "10001")
        got = fleet.inside(one, "c3ctl", "submit", "csm", "--text", "Hello there", "--wait")
        check("a job's result is in the storage", "http://localhost:9000/" in got.stdout)
        if len(workers) > 1:
            until("all workers see each other", 60, lambda: fleet.inside(
                one, "c3ctl", "workers").stdout.count("2 of 2") == len(workers))
        key = fleet.inside("redis", "cat", "/keys/page").stdout
        web = f"http://{fleet.address['web']}:8095"
        check("the service wants a key", request(web + "/v1/jobs", None)[0] == 401)
        check("the page's key opens it", request(web + "/v1/jobs", key)[0] == 200)
        mark = "limit"
        face = (ROOT / "app/demo/face.jpg").read_bytes()
        form = (f"--{mark}\r\nContent-Disposition: form-data; name=\"file\"; filename="
                f"\"face.jpg\"\r\n\r\n").encode() + face + f"\r\n--{mark}--\r\n".encode()
        status, text = request(web + "/v1/files", key, form, **{
            "Content-Type": f"multipart/form-data; boundary={mark}"})
        check(f"it takes an upload: {status}", status in (200, 201))
        job = {"type": "analyze", "input": {"image": "file:" + json.loads(text)["id"]}}
        status, text = request(web + "/v1/jobs", key, json.dumps(job).encode(), **{
            "Content-Type": "application/json", "Prefer": "wait=60"})
        job = json.loads(text)
        check(f"a worker reads it: {status} {job.get('status')}",
              status == 200 and job["status"] == "success")
        for name in workers + ["web"]:
            podman("stop", "-t", "60", name)
            code = podman("inspect", "-f", "{{.State.ExitCode}}", name).stdout.strip()
            check(f"{name} ends well: {code}", code == "0")
    except SystemExit:
        for name in fleet.started:
            said = podman("logs", "--tail", "15", name, check=False)
            print(f"-- {name}\n{said.stdout}{said.stderr}")
        raise
    finally:
        fleet.end()


def main():
    if os.environ.get("C3_COMPOSE_INSIDE") != "yes":
        # crun reads the kind of control groups, and mixed ones it refuses.
        os.environ["C3_COMPOSE_INSIDE"] = "yes"
        os.execvp("unshare", ["unshare", "-m", sys.executable, "-B", *sys.argv])
    sh("umount", "-l", "/sys/fs/cgroup", check=False)
    sh("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
    sh("ip", "link", "del", BRIDGE, check=False)
    sh("ip", "link", "add", BRIDGE, "type", "bridge")
    sh("ip", "addr", "add", f"{NET}.1/24", "dev", BRIDGE)
    sh("ip", "link", "set", BRIDGE, "up")
    try:
        for profile in sys.argv[1:]:
            play(profile)
    finally:
        sh("ip", "link", "del", BRIDGE, check=False)
    print("== the compose file works")


if __name__ == "__main__":
    main()
