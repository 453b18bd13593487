#!/usr/bin/python3
"""What renders cost a worker while a GPU holds them, from one to ten thousand, and what
an idle worker costs. Each render has its whole life: join, stream, file, store,
webhook. Called by `./run bench`."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import redis

from measure import (BIN, cpu_seconds, end_all, free_port, number_in_status, resident_mb,
                     wait_for_port)

HERE = pathlib.Path(__file__).resolve().parent
JOBS_PER_GPU = 100
RELEASED_A_SECOND = 500
CANCELS = 10


class World:
    """A Redis, a cloud, a server that holds renders, and a worker."""

    def __init__(self, renders):
        self.renders = renders
        self.folder = tempfile.TemporaryDirectory(prefix="c3-held-")
        self.started = []

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def begin(self):
        self.redis_port, self.held_port, cloud_port = free_port(), free_port(), free_port()
        self.start("redis-server", "--port", str(self.redis_port), "--save", "",
                   "--dir", self.folder.name)
        self.server = self.start(sys.executable, "-B", str(HERE / "held_server.py"),
                                 str(self.held_port))
        self.start(str(BIN / "c3-local-cloud"), "--listen", f"127.0.0.1:{cloud_port}",
                   "--boot-time", "100ms", "--log-level", "error")
        for port in self.redis_port, self.held_port, cloud_port:
            wait_for_port(port)
        at = f"http://127.0.0.1:{self.held_port}"
        self.log = open(self.folder.name + "/worker.log", "w+")
        self.worker = self.start(str(BIN / "c3-render-worker"), "--env-file", "/dev/null",
                                 out=self.log, env={
            **{k: v for k, v in os.environ.items() if k.startswith(("PATH", "MALLOC_", "LD_"))}, "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.redis_port), "C3_API_KEY": "localkey-0001",
            "C3_API_URL": f"http://127.0.0.1:{cloud_port}/api/v0",
            "C3_NODE_URL": at + "/node/{node}", "C3_UI_URL": at + "/ui/{node}",
            "ALLOW_PRIVATE_URLS": "127.0.0.0/8", "OUTPUT_DIR": self.folder.name + "/out",
            "MAX_GPUS": "100", "JOBS_PER_GPU": str(JOBS_PER_GPU), "LOG_LEVEL": "warning",
            "PRE_LAUNCH_TIMEOUT": "0", "PRE_LAUNCH_TIMEOUT_MAX": "0",
            "STATUS_ADDRESS": "off"})
        self.redis = redis.Redis(port=self.redis_port, decode_responses=True)
        self.wait("the worker is up", lambda: self.redis.zcard("c3:workers"), 30)

    def start(self, *command, env=None, out=subprocess.DEVNULL):
        process = subprocess.Popen(command, env=env, cwd=self.folder.name, stdout=out,
                                   stderr=subprocess.STDOUT)
        self.started.append(process)
        return process

    def __exit__(self, *_):
        end_all(self.started)
        self.folder.cleanup()

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.held_port}{path}") as got:
            return json.load(got)

    def wait(self, what, done, limit, pause=0.2):
        end = time.monotonic() + limit
        while not done():
            if time.monotonic() > end or self.worker.poll() is not None:
                self.log.seek(0)
                print(self.log.read()[-3000:])
                print(self.ask("/control/counts"))
                sys.exit(f"{self.renders} renders: not within {limit} s: {what}")
            time.sleep(pause)

    def submit(self):
        pipe = self.redis.pipeline(transaction=False)
        data = json.dumps({"text": "Hello.",
                           "notify_url": f"http://127.0.0.1:{self.held_port}/hook"})
        ids = [f"00000000-0000-4000-8000-{i:012x}" for i in range(self.renders)]
        for x in ids:
            pipe.hset("job:" + x, mapping={
                "id": x, "type": "csm", "status": "queued", "created_at": time.time(),
                "max_time": 3600, "data": data})
        pipe.rpush("queue:jobs", *ids)
        pipe.execute()
        return ids

    def commands(self):
        """So far, those that scripts call too, by name; without these questions."""
        stats = self.redis.info("commandstats")
        return {name.removeprefix("cmdstat_"): x["calls"] for name, x in stats.items()
                if not name.startswith(("cmdstat_info", "cmdstat_client"))}

    def watch(self, seconds):
        """Commands and CPU seconds a second."""
        pid = self.worker.pid
        before, cpu, began = self.commands(), cpu_seconds([pid]), time.monotonic()
        time.sleep(seconds)
        after, took = self.commands(), time.monotonic() - began
        rates = {name: (calls - before.get(name, 0)) / took for name, calls in after.items()}
        return ({k: v for k, v in rates.items() if v > 0},
                (cpu_seconds([pid]) - cpu) / took)


def idle(seconds):
    with World(0) as world:
        idle_in(world, seconds)


def idle_in(world, seconds):
    time.sleep(3)
    rates, cpu = world.watch(seconds)
    pid = world.worker.pid
    print(f"Idle worker, {seconds} s: {resident_mb(pid):.1f} MB resident (aim: 30), "
          f"{number_in_status(pid, 'Threads')} threads, {sum(rates.values()):.2f} Redis "
          f"commands/s (aim: 0.1), {100 * cpu:.2f} % of a core (aim: 0.1)", flush=True)


def cancel(world, ids):
    """Seconds from the front end's word until the stream is closed, the longest."""
    longest = 0
    left = world.ask("/control/counts")["left"]
    for i, x in enumerate(ids):
        time.sleep(0.137)
        began = time.monotonic()
        world.redis.hset("job:" + x, "status", "cancelled")
        world.wait("a cancelled render is stopped",
                   lambda: world.ask("/control/counts")["left"] > left + i, 20, 0.01)
        longest = max(longest, time.monotonic() - began)
    return longest


def hold(renders, seconds, show):
    with World(renders) as world:
        hold_in(world, renders, seconds, show)


def hold_in(world, renders, seconds, show):
    pid = world.worker.pid
    time.sleep(1)
    base = resident_mb(pid)
    began, cpu = time.monotonic(), cpu_seconds([pid])
    ids = world.submit()
    world.wait("all are held", lambda: world.ask("/control/counts")["now"] == renders, 600)
    begun, cpu_begin = time.monotonic() - began, cpu_seconds([pid]) - cpu
    time.sleep(5)
    rates, core = world.watch(seconds)
    held = resident_mb(pid)
    if show:
        print("   ", {k: round(v / renders, 4) for k, v in rates.items()})
    gone = ids[:CANCELS] if renders > CANCELS else []
    slowest = cancel(world, gone)
    began, cpu = time.monotonic(), cpu_seconds([pid])
    world.ask(f"/control/release?{RELEASED_A_SECOND}")
    ended = renders - len(gone)
    world.wait("all webhooks came", lambda: world.ask("/control/counts")["hooks"] >= ended, 600)
    took, cpu_end = time.monotonic() - began, cpu_seconds([pid]) - cpu
    good = sum(world.redis.hget("job:" + x, "status") == "success" for x in ids)
    print(f"  {renders:6d}  {sum(rates.values()) / renders:7.3f}  {core:6.3f}  "
          f"{held:6.1f}  {1024 * (held - base) / renders:7.1f}  "
          f"{slowest:5.2f}  {begun:6.1f} {cpu_begin:6.2f}  {took:6.1f} {cpu_end:6.2f}  "
          f"{good}/{ended}", flush=True)
    if good != ended:
        sys.exit(f"{ended - good} renders did not end well: "
                 f"{world.redis.hgetall('job:' + ids[-1])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--renders", type=int, nargs="*")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--commands", action="store_true", help="by name, per render and second")
    chosen, _ = parser.parse_known_args()
    seconds = 5 if chosen.quick else chosen.seconds
    idle(seconds)
    print("Held renders: commands/s each (aim: 0.1), core while they wait (aim: 0.5), MB, kB "
          "each over idle (aim: 25),\n  slowest cancel s, then s and CPU s until all are held, "
          "and from their release to the last webhook")
    for renders in chosen.renders or ([1, 10, 100] if chosen.quick
                                      else [1, 10, 100, 1000, 10000]):
        hold(renders, seconds, chosen.commands)


if __name__ == "__main__":
    main()
