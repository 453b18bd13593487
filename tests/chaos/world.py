"""One private world: redis-server, local cloud, workers and our own servers."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

from resp import Redis
from servers import BUCKET, OwnServer, Relay

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("C3_BIN_DIR", ROOT / "build/release/bin"))


class WorldError(Exception):
    """The surroundings failed, not the worker."""


class PortTaken(WorldError):
    """By somebody else, since we looked."""


def wait_until(condition, limit, pause=0.05):
    """The first true answer of condition(), or its last one at the limit."""
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)


# Of this process, so that those of one that was killed can be told.
FOLDER = "c3chaos-"
# Nothing that we start outlives us, not even when we are killed.
WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
_open_worlds = set()


def end_everything():
    """For who is told to stop in the middle of it."""
    for world in list(_open_worlds):
        world.end_programs()
        world.remove()


def end_at_signals():
    """SIGINT and SIGTERM leave nothing behind."""
    def leave(number, _):
        end_everything()
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


def sweep():
    """Removes what a run that was killed has left."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(FOLDER + "*"):
        owner = folder.name[len(FOLDER):].split("-")[0]
        if owner.isdigit() and not pathlib.Path("/proc", owner).exists():
            for path in folder.glob("output-*"):
                if path.is_mount():
                    unmount(path)
            shutil.rmtree(folder, ignore_errors=True)


def unmount(path):
    subprocess.run(["umount", "-l", path], capture_output=True)


_ports = iter(range(12000 + os.getpid() % 500 * 20, 32000))
_ports_lock = threading.Lock()


def free_port():
    # Below the range that the kernel gives to others meanwhile.
    with _ports_lock:
        for port in _ports:
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
    raise WorldError("no free port")


class Program:
    def __init__(self, argv, log, env=None):
        self.log = pathlib.Path(log)
        with open(log, "ab") as out:
            base = {k: os.environ[k] for k in ("PATH", "HOME", "LANG")
                    if k in os.environ}
            self.process = subprocess.Popen(
                WITH_US + [str(a) for a in argv],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**base, **(env or {})}, start_new_session=True)

    def send(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def text(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def wait(self, limit):
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        if self.running():
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self.process.wait()


# Longer than a lost job takes to come back after its GPU was taken over; the
# default is 300.
IDLE = 10


class World:
    def __init__(self, media, cloud_options=(), aof=True, keep=None):
        self.folder = pathlib.Path(keep or tempfile.mkdtemp(
            prefix=f"{FOLDER}{os.getpid()}-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.media = media
        self.programs = []
        self.workers = {}
        self.mounts = []
        self.relays = []
        self.own = OwnServer(media)
        _open_worlds.add(self)
        try:
            self._start(cloud_options, aof)
        except Exception:
            self.close()
            self.remove()
            raise

    def _start(self, cloud_options, aof):
        self.aof = aof
        while True:
            self.redis_port = free_port()
            self.redis = Redis(self.redis_port)
            try:
                self.start_redis()
                break
            except PortTaken:
                continue
        self.cloud = self._program(
            [BIN / "c3-local-cloud", "--listen", "127.0.0.1:0", "--env-file",
             self.folder / "cloud.env", *cloud_options],
            self.folder / "cloud.log", {"TMPDIR": str(self.folder)})
        if not wait_until(lambda: "C3_API_URL" in self._cloud_env(), 20):
            raise WorldError("no local cloud: " + self.cloud.text()[-500:])
        self.cloud_env = self._cloud_env()
        self.api = urllib.parse.urlsplit(self.cloud_env["C3_API_URL"])
        self.stranger = self.launch_stranger()

    def _cloud_env(self):
        path = self.folder / "cloud.env"
        if not path.exists():
            return {}
        return dict(line.split("=", 1)
                    for line in path.read_text().splitlines() if "=" in line)

    def _program(self, argv, log, env=None):
        program = Program(argv, log, env)
        self.programs.append(program)
        return program

    def start_redis(self):
        self.redis_server = self._program(
            ["redis-server", "--port", self.redis_port, "--bind", "127.0.0.1",
             "--dir", self.folder, "--save", "", "--appendonly",
             "yes" if self.aof else "no", "--appendfsync", "everysec"],
            self.folder / "redis.log")
        wait_until(lambda: self._redis_ready()
                   or not self.redis_server.running(), 20)
        if not self._redis_ready():
            text = self.redis_server.text()[-500:]
            raise (PortTaken if "already in use" in text
                   else WorldError)("no redis: " + text)

    def _redis_ready(self):
        """Ours, not another that took the port before it."""
        try:
            return (self.redis("PING") == "PONG"
                    and f"process_id:{self.redis_server.process.pid}\r\n"
                    in self.redis("INFO", "server"))
        except OSError:
            return False

    def ask_cloud(self, method, path, body=None):
        link = http.client.HTTPConnection(self.api.hostname, self.api.port,
                                          timeout=20)
        try:
            link.request(method, path, json.dumps(body) if body else None, {
                "Content-Type": "application/json",
                "X-C3-API-KEY": self.cloud_env["C3_API_KEY"]})
            answer = link.getresponse()
            data = answer.read()
            if answer.status // 100 != 2:
                raise WorldError(f"cloud {path}: {answer.status} {data[:200]}")
            return json.loads(data) if data else None
        finally:
            link.close()

    def launch_stranger(self):
        """Of others, with our key. Another `expires` than ours would have:
        two launches that look the same in all are told apart by nobody."""
        return self.ask_cloud("POST", self.api.path + "/launch", {
            "type": "media:fast",
            "expires": int(time.time()) + 5000})["workload"]

    def fault(self, name, arg=None, count=None, node=None):
        body = {"fault": name}
        for key, value in (("arg", arg), ("count", count), ("node", node)):
            if value is not None:
                body[key] = value
        self.ask_cloud("POST", "/cloud/faults", body)

    def clear_faults(self):
        self.ask_cloud("DELETE", "/cloud/faults")

    def bill(self):
        return self.ask_cloud("GET", "/cloud/ledger")

    def relay(self, port):
        relay = Relay(port)
        self.relays.append(relay)
        return relay

    def api_through(self, relay):
        """The provider's API as seen through a relay; nodes are not behind
        it."""
        return urllib.parse.urlunsplit(self.api._replace(
            netloc=f"127.0.0.1:{relay.port}"))

    def our_workloads(self):
        return [w for w in self.bill()["workloads"]
                if w["workload"] != self.stranger]

    def start_worker(self, name, **more):
        env = {**self.cloud_env, "REDIS_HOST": "127.0.0.1",
               "REDIS_PORT": str(self.redis_port),
               "OUTPUT_DIR": str(self.folder / ("output-" + name)),
               "PRE_LAUNCH_TIMEOUT": "0", "PRE_LAUNCH_TIMEOUT_MAX": "0",
               "GPU_IDLE_TIMEOUT": str(IDLE), "RENDER_POLLING_INTERVAL": "0.2",
               "MAX_GPUS": "1", "STATUS_ADDRESS": "off",
               "MINIO_ENDPOINT": f"127.0.0.1:{self.own.port}",
               "MINIO_ACCESS_KEY": "chaos", "MINIO_SECRET_KEY": "chaos-secret",
               "MINIO_BUCKET": BUCKET, **more}
        log = self.folder / f"worker-{name}.log"
        before = log.stat().st_size if log.exists() else 0
        worker = self._program(
            [BIN / "c3-render-worker", "--env-file", "/dev/null"], log, env)
        self.workers[name] = worker
        if not wait_until(lambda: "ready for jobs" in worker.text()[before:]
                          or not worker.running(), 40):
            raise WorldError("no worker: " + worker.text()[-500:])
        return worker

    def submit(self, kind, **timing):
        job = str(uuid.uuid4())
        url = f"http://127.0.0.1:{self.own.port}"
        data = {"csm": {"text": "Hello there.", "voice": "clone",
                        "reference_audio_url": url + "/speech.wav",
                        "reference_text": "hello"},
                "whisper": {"audio_url": url + "/speech.wav"},
                "portrait": {"image_url": url + "/picture.png",
                             "audio_url": url + "/speech.wav"},
                "analyze": {"image_url": url + "/picture.png"}}[kind]
        data["notify_url"] = f"http://127.0.0.1:{self.own.hook_port}/hook"
        now = int(time.time())
        record = {"id": job, "type": kind, "status": "queued",
                  "created_at": now, "complete_by": now + 1200,
                  "max_time": 600, "data": json.dumps(data), **timing}
        self.redis("HSET", "job:" + job,
                   *[x for pair in record.items() for x in pair])
        self.redis("RPUSH", "queue:jobs", job)
        return job

    def pushes_are_written(self):
        """With `everysec` Redis may answer before it has written. A push that
        it loses then, no worker has ever owned."""
        return "aof_buffer_length:0\r\n" in self.redis("INFO", "persistence")

    def record(self, job):
        return self.redis.hash("job:" + job)

    def status(self, job):
        try:
            return self.redis("HGET", "job:" + job, "status")
        except OSError:
            return None

    def stages(self, job, name="a"):
        """What the worker's log says of the job, in order."""
        worker = self.workers[name].text()
        return re.findall(rf"job {job} \(\w+\): (.*)", worker)

    def small_disk(self, name):
        """An OUTPUT_DIR of 2 MB on a file system of its own, or None."""
        path = self.folder / ("output-" + name)
        path.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m",
                               "tmpfs", path], capture_output=True)
        if done.returncode:
            return None
        self.mounts.append(path)
        return path

    def close(self):
        self.own.close()
        for relay in self.relays:
            relay.close()
        self.end_programs()

    def end_programs(self):
        for program in self.programs:
            program.end()
        while self.mounts:
            unmount(self.mounts.pop())
        _open_worlds.discard(self)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def make_media():
    """The input files, small so that real work on them takes no time."""
    with tempfile.TemporaryDirectory() as folder:
        speech, picture = folder + "/speech.wav", folder + "/picture.png"
        subprocess.run(["espeak-ng", "-w", speech, "hello"], check=True)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                        "testsrc=size=320x40", "-frames:v", "1", picture],
                       check=True)
        return {"speech.wav": pathlib.Path(speech).read_bytes(),
                "picture.png": pathlib.Path(picture).read_bytes()}
