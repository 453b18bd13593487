"""A fleet on this machine to play with. Called by `./run try` after the build."""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("C3_BIN_DIR", ROOT / "build/release/bin"))
NAMES = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak"]
# Shown are the workers' plans, their GPUs and their warnings; the steps of each
# job and of each service are in the log files.
STEP = re.compile(r"^(job|webhook of job) |service is ready after")
HOST = re.compile(r"\.local\.comput3\.ai")


def parse():
    parser = argparse.ArgumentParser(
        prog="./run try",
        description="Starts Redis, the local cloud and workers on this machine "
        "(no account, no settings), gives them a burst of jobs, shows what each "
        "worker plans, and stays for jobs of yours until Ctrl-C.")
    parser.add_argument("--workers", type=int, default=1, metavar="N",
                        help=f"workers on one queue, 1 (default) to {len(NAMES)}")
    parser.add_argument("--jobs", type=int, default=12, metavar="N",
                        help="speech jobs in the burst (12); 0: none")
    parser.add_argument("--boot-time", type=float, default=3, metavar="SECONDS",
                        help="until a rented GPU answers (3)")
    parser.add_argument("--once", action="store_true",
                        help="end when the burst is done")
    parser.add_argument("--check-options", action="store_true",
                        help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 1 <= options.workers <= len(NAMES):
        parser.error(f"argument --workers: 1 to {len(NAMES)}, got {options.workers}")
    if not 0 <= options.jobs <= 500:
        parser.error(f"argument --jobs: 0 to 500, got {options.jobs}")
    if not 0 <= options.boot_time <= 600:
        parser.error("argument --boot-time: 0 to 600")
    if options.once and options.jobs == 0:
        parser.error("--once needs jobs")
    return options


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, limit=20.0):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"try: {what}: not within {limit:.0f} s")
        time.sleep(0.05)


class Screen:
    """Lines of several programs, one after the other."""

    def __init__(self):
        self.begun = time.monotonic()
        self.lock = threading.Lock()
        self.colour = sys.stdout.isatty()

    def say(self, text):
        with self.lock:
            print(f"\033[1m== {text}\033[0m" if self.colour else f"== {text}",
                  flush=True)

    def line(self, who, text, loud=False):
        with self.lock:
            seconds = time.monotonic() - self.begun
            text = f"\033[33m{text}\033[0m" if loud and self.colour else text
            print(f"{seconds:6.1f} s  {who:<6} {text}", flush=True)


class Worker:
    def __init__(self, name, env, folder, screen):
        self.name = name
        self.rendered = 0
        self.launched = 0
        self.log = folder / f"{name}.log"
        self.process = subprocess.Popen(
            [BIN / "c3-render-worker"], cwd=folder, env=env, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True)
        self.reader = threading.Thread(target=self.follow, args=(screen,),
                                       daemon=True)
        self.reader.start()

    def follow(self, screen):
        with self.log.open("w") as log:
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                _, level, text = (line.rstrip("\n").split(None, 2) + ["", ""])[:3]
                self.rendered += text.endswith(": rendered")
                self.launched += "): launched as " in text
                if not STEP.search(text):
                    screen.line(self.name, HOST.sub("", text),
                                loud=level != "info")


class Fleet:
    def __init__(self, options, folder, screen):
        self.options = options
        self.folder = folder
        self.screen = screen
        self.programs = []
        self.workers = []
        self.redis = f"127.0.0.1:{free_port()}"

    def start(self):
        self.run("redis", "redis-server", "--port", self.redis.split(":")[1],
                 "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--dir", self.folder)
        cloud_env = self.folder / "cloud.env"
        self.run("cloud", BIN / "c3-local-cloud", "--listen", "127.0.0.1:0",
                 "--boot-time", f"{int(self.options.boot_time * 1000)}ms",
                 "--render-time", "csm=1s", "--env-file", cloud_env)
        wait_for("the local cloud does not start",
                 lambda: cloud_env.exists() and cloud_env.stat().st_size > 0)
        self.cloud_env = dict(x.split("=", 1) for x in
                              cloud_env.read_text().splitlines() if "=" in x)
        wait_for("redis-server does not start",
                 lambda: self.ctl("queue").wait() == 0)
        peers = [f"127.0.0.1:{free_port()}"
                 for _ in range(self.options.workers)]
        for name, listen in zip(NAMES, peers):
            self.workers.append(Worker(name, self.env_of(name, listen, peers),
                                       self.folder, self.screen))

    def env_of(self, name, listen, peers):
        host, port = self.redis.split(":")
        # No variable of the user's, and no .env of theirs.
        cluster = {"C3_CLUSTER_LISTEN": listen, "C3_CLUSTER_NAME": "try",
                   "C3_CLUSTER_PEERS": ",".join(peers)}
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                **(cluster if len(peers) > 1 else {}), **self.cloud_env, "WORKER_ID": name, "REDIS_HOST": host,
                "REDIS_PORT": port, "OUTPUT_DIR": str(self.folder / "output"),
                "JOURNAL_DIR": str(self.folder / "journal" / name),
                "STATUS_ADDRESS": "off", "MAX_GPUS": "4",
                "PRE_LAUNCH_TIMEOUT": "0.2", "PRE_LAUNCH_TIMEOUT_MAX": "1",
                "GPU_IDLE_TIMEOUT": "10", "RENDER_POLLING_INTERVAL": "0.5"}

    def run(self, name, *command):
        log = (self.folder / f"{name}.log").open("w")
        self.programs.append(subprocess.Popen(
            [str(x) for x in command], stdout=log, stderr=log,
            start_new_session=True))

    def ctl(self, *command):
        return subprocess.Popen(
            [BIN / "c3ctl", "--redis", self.redis, *command], cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.cloud_env},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def push(self, count):
        pending = []
        for i in range(count):
            pending.append(self.ctl("submit", "csm", "--text",
                                    f"This is job number {i + 1}."))
            if len(pending) == 8:
                self.wait_all(pending)
        self.wait_all(pending)

    @staticmethod
    def wait_all(pending):
        while pending:
            if pending.pop().wait() != 0:
                raise SystemExit("try: a job was not taken into the queue")

    def rendered(self):
        for x in self.workers:
            if x.process.poll() is not None:
                raise SystemExit(f"try: worker {x.name} has ended with exit "
                                 f"code {x.process.returncode}: {x.log}")
        return sum(x.rendered for x in self.workers)

    def ledger(self):
        url = self.cloud_env["C3_API_URL"].split("/api/")[0] + "/cloud/ledger"
        with urllib.request.urlopen(url, timeout=5) as got:
            return json.load(got)

    def sum_up(self):
        ledger = self.ledger()
        self.screen.say(
            f"{self.rendered()} jobs on {ledger['launches']} GPUs: "
            + ", ".join(f"{x.name} rendered {x.rendered}, launched {x.launched}"
                        for x in self.workers))

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


def end(process, limit):
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def play(fleet, options, screen):
    fleet.start()
    screen.say(f"{options.workers} worker(s), Redis at {fleet.redis}; the logs "
               f"are in {fleet.folder}")
    if options.jobs > 0:
        screen.say(f"a burst of {options.jobs} speech jobs")
        fleet.push(options.jobs)
        wait_for("the burst is not done", lambda: fleet.rendered() >= options.jobs,
                 120 + options.jobs)
        fleet.sum_up()
    if options.once:
        return
    shown = os.path.relpath(BIN, os.environ.get("OLDPWD", ROOT))
    screen.say("a job of your own, from another terminal:")
    print(f'   {shown}/c3ctl --redis {fleet.redis} submit csm --text "Hello" '
          "--wait --output hello.mp3", flush=True)
    screen.say("Ctrl-C ends all of it")
    while True:
        fleet.rendered()
        time.sleep(0.5)


def main():
    options = parse()
    if options.check_options:
        return 0
    screen = Screen()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="c3-try-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fleet = Fleet(options, folder, screen)
    try:
        play(fleet, options, screen)
    except KeyboardInterrupt:
        screen.say("stopping")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        fleet.stop()
    failed = sum(x.process.returncode != 0 for x in fleet.workers)
    if failed:
        print(f"try: {failed} worker(s) ended badly; the logs are in {folder}",
              file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
