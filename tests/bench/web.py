#!/usr/bin/python3
"""What the HTTP service takes: jobs a second beside the older API's design on
the same Redis, a thousand streams of events, and a worker's probe beside its
streams. Called by `./run bench`."""
import argparse
import asyncio
import contextlib
import http.client
import multiprocessing
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import redis

from measure import (BIN, children_of, cpu_seconds, end_all, free_port, resident_mb,
                     wait_for_port)

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 16
CHANGES_A_SECOND = 100
PROBES = 10
STREAMS_BESIDE_PROBE = 64
BODIES = {
    "/csm": '{"text": "Hello there"}',
    "/v1/jobs": '{"type": "csm", "input": {"text": "Hello there"}}',
}


class Programs:
    """A Redis, our service and the older design, until the end of the block."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="c3-bench-")
        self.started = []
        self.redis_port, self.ours, self.older = free_port(), free_port(), free_port()
        self.start_redis(self.redis_port, "redis")
        env = {**os.environ, "REDIS_PORT": str(self.redis_port), "LOG_LEVEL": "warning",
               "OUTPUT_DIR": self.folder.name + "/out", "WEB_ADDRESS": f"127.0.0.1:{self.ours}"}
        self.service = self.start(str(BIN / "c3-render-web"), env=env)
        self.gunicorn = self.start(
            "gunicorn", "--workers", "4", "--bind", f"127.0.0.1:{self.older}",
            "--chdir", str(HERE), "--log-level", "error", "flask_app:app", env=env)
        wait_for_port(self.ours)
        wait_for_port(self.older)
        return self

    def start_redis(self, port, name):
        # Records are durable: each write is in the file once it is answered.
        folder = pathlib.Path(self.folder.name) / name
        folder.mkdir()
        self.start("redis-server", "--port", str(port), "--save", "", "--appendonly", "yes",
                   "--appendfsync", "everysec", "--dir", str(folder))
        wait_for_port(port)

    def start_worker(self):
        """With a Redis of its own, and no provider: all it does is to serve. The ports of
        that Redis, its service and its status server."""
        store, service, status = free_port(), free_port(), free_port()
        self.start_redis(store, "redis-of-worker")
        self.start(str(BIN / "c3-render-worker"), "--env-file", "/dev/null", env={
            **os.environ, "REDIS_PORT": str(store), "LOG_LEVEL": "warning",
            "OUTPUT_DIR": self.folder.name + "/of-worker", "C3_API_KEY": "none",
            "C3_API_URL": "http://127.0.0.1:1/api/v0",
            "WEB_ADDRESS": f"127.0.0.1:{service}", "STATUS_ADDRESS": f"127.0.0.1:{status}"})
        wait_for_port(service)
        wait_for_port(status)
        return store, service, status

    def start(self, *command, env=None):
        process = subprocess.Popen(command, env=env, cwd=self.folder.name,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def __exit__(self, *_):
        end_all(self.started)
        self.folder.cleanup()


def submissions(port, path, seconds, folder):
    """Answers a second, and all of them, that were a success; others end the run."""
    script = pathlib.Path(folder) / "post.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"wrk.body = [[{BODIES[path]}]]\n")
    text = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script),
         f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"the load did not go through:\n{text}")
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
            int(re.search(r"(\d+) requests in", text).group(1)))


def compare(programs, rounds, seconds):
    store = redis.Redis(port=programs.redis_port)
    cases = [("older design, POST /csm", programs.older, "/csm"),
             ("ours, POST /csm", programs.ours, "/csm"),
             ("ours, POST /v1/jobs", programs.ours, "/v1/jobs")]
    rates = {name: [] for name, _, _ in cases}
    costs = {name: [] for name, _, _ in cases}
    older = [programs.gunicorn.pid, *children_of(programs.gunicorn.pid)]
    for _ in range(rounds):
        for name, port, path in cases:
            store.flushall()
            pids = older if port == programs.older else [programs.service.pid]
            before = cpu_seconds(pids)
            rate, answers = submissions(port, path, seconds, programs.folder.name)
            rates[name].append(rate)
            costs[name].append(1e6 * (cpu_seconds(pids) - before) / answers)
            queued = store.llen("queue:jobs")
            if not answers <= queued <= answers + CONNECTIONS:
                sys.exit(f"{name}: {queued} jobs in the queue after {answers} answers")
    reference = statistics.median(rates[cases[0][0]])
    print(f"Submissions, {CONNECTIONS} connections, medians of {rounds} rounds of {seconds} s")
    for name, _, _ in cases:
        rate = statistics.median(rates[name])
        print(f"  {name:26} {rate:8.0f} /s  {rate / reference:5.2f}x"
              f"  {statistics.median(costs[name]):6.0f} us CPU each")


class Stream(asyncio.Protocol):
    """Counts events; with `delays` it notes how long after its making each came."""

    def __init__(self, delays=None):
        self.delays = delays
        self.seen = 0
        self.rest = b""

    def connection_made(self, transport):
        transport.write(b"GET /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def data_received(self, data):
        self.seen += data.count(b"id: ")
        if self.delays is None:
            return
        now = time.time()
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            if line.startswith(b"id: "):
                self.delays.append(now - int(line[4:].split(b"-")[0]) / 1000)


async def open_streams(port, count, delays=None):
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(lambda: Stream(delays), "127.0.0.1", port))[1]
            for _ in range(count)]


def probe(port, seconds, to):
    """Reads a few of the streams in a process of its own, so that the lag of whoever
    reads all the others is not taken for the service's."""
    async def run():
        delays = []
        streams = await open_streams(port, PROBES, delays)
        to.put("open")
        await asyncio.sleep(seconds)
        to.put((sum(x.seen for x in streams), delays))
    asyncio.run(run())


async def follow(programs, streams, seconds):
    crowd = await open_streams(programs.ours, streams - PROBES)
    queue = multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe, args=(programs.ours, seconds + 3, queue))
    prober.start()
    queue.get(timeout=20)
    await asyncio.sleep(1)
    pid = programs.service.pid
    store = redis.Redis(port=programs.redis_port)
    changes = seconds * CHANGES_A_SECOND
    before, began = cpu_seconds([pid]), time.monotonic()
    for i in range(changes):
        store.xadd("c3:events", {"what": "job_claimed", "job": f"job-{i}", "worker": "w"},
                   maxlen=10_000, approximate=True)
        await asyncio.sleep(max(0, began + (i + 1) / CHANGES_A_SECOND - time.monotonic()))
    await asyncio.sleep(1)
    used = cpu_seconds([pid]) - before
    memory = resident_mb(pid)
    seen, delays = queue.get(timeout=20)
    prober.join()
    seen += sum(x.seen for x in crowd)
    if seen != changes * streams:
        sys.exit(f"{seen} events came of {changes * streams}")
    delays.sort()
    print(f"Events: {streams} streams, {CHANGES_A_SECOND} changes a second, {seconds} s")
    print(f"  delay on {PROBES} of them: median {1000 * delays[len(delays) // 2]:.1f} ms, "
          f"99 % {1000 * delays[int(len(delays) * 0.99)]:.1f} ms (aim: 50), "
          f"most {1000 * delays[-1]:.1f} ms")
    print(f"  service: {used / (seconds + 1):.2f} of a core, {memory:.0f} MB resident")


def timed_probe(port):
    """A connection of its own, as the probes of Kubernetes make them."""
    began = time.monotonic()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as c:
        c.request("GET", "/healthz")
        answer = c.getresponse()
        answer.read()
    if answer.status != 200:
        sys.exit(f"/healthz answers {answer.status}")
    return time.monotonic() - began


async def probe_beside_streams(programs, rounds, probes):
    """Rounds with and without streams take turns: the machine may have other work."""
    store_port, service, status = programs.start_worker()
    store = redis.Redis(port=store_port)
    took = {0: [], STREAMS_BESIDE_PROBE: []}
    for _ in range(rounds):
        for count in took:
            streams = [(await asyncio.get_running_loop().create_connection(
                Stream, "127.0.0.1", service)) for _ in range(count)]
            await asyncio.sleep(1)
            seen = sum(x.seen for _, x in streams)
            for i in range(probes):
                store.xadd("c3:events", {"what": "job_claimed", "job": f"job-{i}", "worker": "w"},
                           maxlen=10_000, approximate=True)
                took[count].append(await asyncio.to_thread(timed_probe, status))
                await asyncio.sleep(1 / CHANGES_A_SECOND)
            await asyncio.sleep(1)
            seen = sum(x.seen for _, x in streams) - seen
            if seen < probes * count:
                sys.exit(f"{seen} events came of {probes * count}")
            for transport, _ in streams:
                transport.close()
    print(f"/healthz of a worker, {rounds * probes} probes each, a change with every one")
    for count, all_of in took.items():
        all_of.sort()
        print(f"  {count:2} streams open: median {1000 * statistics.median(all_of):.2f} ms, "
              f"99 % {1000 * all_of[int(len(all_of) * 0.99)]:.2f} ms, "
              f"most {1000 * all_of[-1]:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    chosen, _ = parser.parse_known_args()
    rounds, seconds, streams = (1, 2, 200) if chosen.quick else (3, 5, 1000)
    with Programs() as programs:
        asyncio.run(follow(programs, streams, 5 if chosen.quick else 10))
        compare(programs, rounds, seconds)
        asyncio.run(probe_beside_streams(programs, rounds, 200 if chosen.quick else 500))


if __name__ == "__main__":
    main()
