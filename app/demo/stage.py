"""Redis, the local cloud and workers on this machine, all of it private: own
ports, one temporary folder, no variable and no .env of the user's."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("C3_BIN_DIR", ROOT / "build/release/bin"))
NAMES = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak"]
PRICES = "media:fast=1.20,media:small=0.60,ollama_webui:fast=0.30"


class Failed(Exception):
    pass


def read_env(path):
    return dict(x.split("=", 1) for x in path.read_text().splitlines()
                if "=" in x and not x.startswith("#"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, limit=20.0):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {limit:.0f} s")
        time.sleep(0.05)


def end(process, limit):
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def dies_with_us():
    """Between fork and exec: a parent that is killed leaves nothing running."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def start(command, **how):
    # A session of its own: Ctrl-C at the terminal reaches this program alone,
    # which ends the others in order.
    return subprocess.Popen([str(x) for x in command], start_new_session=True,
                            preexec_fn=dies_with_us, **how)


class Worker:
    """`heard` is called with each line of its log: name, level, text."""

    def __init__(self, name, env, folder, heard):
        self.name = name
        self.log = folder / f"{name}.log"
        self.process = start([BIN / "c3-render-worker"], cwd=folder, env=env,
                             text=True, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.follow, args=(heard,),
                                       daemon=True)
        self.reader.start()

    def follow(self, heard):
        with self.log.open("w") as log:
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                _, level, text = (line.rstrip("\n").split(None, 2) + ["", ""])[:3]
                heard(self, level, text)


class Stage:
    """Use as `with Stage(...) as stage`. What it started is gone afterwards, and
    so is its folder, unless a worker ended badly."""

    def __init__(self, workers=1, boot_time=3.0, settings=None, heard=None,
                 cloud=()):
        self.count = workers
        self.boot_time = boot_time
        self.settings = settings or {}
        self.heard = heard or (lambda worker, level, text: None)
        self.cloud_options = cloud
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="c3-try-"))
        self.programs = []
        self.workers = []
        self.cloud_env = {}
        self.redis = ""
        # Of the first worker's page and HTTP service.
        self.address = ""

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.stop()
        return False

    def start(self):
        for program in ("c3ctl", "c3-local-cloud", "c3-render-worker"):
            if not (BIN / program).exists():
                raise Failed(f"{BIN / program} is not built: ./run build")
        self.start_redis()
        env = self.folder / "cloud.env"
        self.run("cloud", BIN / "c3-local-cloud", "--listen", "127.0.0.1:0",
                 "--boot-time", f"{int(self.boot_time * 1000)}ms",
                 *self.cloud_options, "--env-file", env)
        wait_for("the local cloud does not start",
                 lambda: env.exists() and env.stat().st_size > 0)
        self.cloud_env = read_env(env)
        self.start_workers()

    def start_redis(self):
        # Another program may take the port before Redis has it.
        for _ in range(5):
            port = free_port()
            redis = self.run("redis", "redis-server", "--port", port, "--bind",
                             "127.0.0.1", "--save", "", "--appendonly", "no",
                             "--dir", self.folder)
            self.redis = f"127.0.0.1:{port}"
            while redis.poll() is None:
                if self.ctl("queue").wait() == 0:
                    return
                time.sleep(0.05)
        raise Failed("redis-server does not start: "
                     + (self.folder / "redis.log").read_text()[-300:])

    def start_workers(self):
        page = f"127.0.0.1:{free_port()}"
        peers = [f"127.0.0.1:{free_port()}" for _ in range(self.count)]
        for name, listen in zip(NAMES, peers):
            env = self.env_of(name, listen, peers)
            if not self.workers:
                env["WEB_ADDRESS"] = page
            self.workers.append(Worker(name, env, self.folder, self.heard))
        self.address = f"http://{page}/"
        wait_for("the worker does not start", self.answers)

    def answers(self):
        self.check()
        try:
            urllib.request.urlopen(self.address, timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def env_of(self, name, listen, peers):
        host, port = self.redis.split(":")
        cluster = {"C3_CLUSTER_LISTEN": listen, "C3_CLUSTER_NAME": "try",
                   "C3_CLUSTER_PEERS": ",".join(peers)}
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                **self.cloud_env, **read_env(ROOT / "app/demo/quick.env"),
                **(cluster if len(peers) > 1 else {}), "WORKER_ID": name,
                "REDIS_HOST": host, "REDIS_PORT": port,
                "OUTPUT_DIR": str(self.folder / "output"),
                "JOURNAL_DIR": str(self.folder / "journal" / name),
                "STATUS_ADDRESS": "off", "MAX_GPUS": "4", "GPU_PRICES": PRICES,
                "DRAIN_TIME": "5", **self.settings}

    def run(self, name, *command):
        with (self.folder / f"{name}.log").open("w") as log:
            started = start(command, stdout=log, stderr=log)
        self.programs.append(started)
        return started

    def ctl(self, *command, **how):
        """c3ctl with this Redis; its output is dropped unless `how` says."""
        how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **how}
        return start([BIN / "c3ctl", "--redis", self.redis, *command],
                     cwd=self.folder,
                     env={"PATH": os.environ["PATH"], **self.cloud_env}, **how)

    def check(self):
        for x in self.workers:
            if x.process.poll() is not None:
                raise Failed(f"worker {x.name} has ended with exit code "
                             f"{x.process.returncode}: {x.log}")

    def ledger(self):
        url = self.cloud_env["C3_API_URL"].split("/api/")[0] + "/cloud/ledger"
        with urllib.request.urlopen(url, timeout=5) as got:
            return json.load(got)

    def stop(self):
        for x in self.workers:
            if x.process.poll() is None:
                x.process.send_signal(signal.SIGTERM)
        for x in self.workers:
            end(x.process, 30)
            x.reader.join(5)
        for x in reversed(self.programs):
            x.terminate()
        for x in self.programs:
            end(x, 5)
        if not self.failed():
            shutil.rmtree(self.folder, ignore_errors=True)

    def failed(self):
        return [x for x in self.workers if x.process.returncode != 0]
