"""Our worker beside the workers that it replaces, on one queue."""
import collections
import http.server
import json
import subprocess
import sys
import threading
import time

import pytest

from support.gradio_node import HERE
from support.local_cloud import LocalCloud
from support.process import Process, wait_until
from support.world import World

OLD = HERE / "old_system"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


class Receiver:
    """Takes webhooks: how often each job was told of, and what was said."""

    def __init__(self):
        self.told = collections.defaultdict(list)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(
                    self.rfile.read(int(self.headers["Content-Length"])))
                receiver.told[body["id"]].append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def world(cloud):
    env = {k: v for k, v in cloud.env.items() if k.startswith("C3_")}
    world = World([], **env, JOBS_PER_GPU=3)
    with world:
        yield world


def old_worker(world, name, **options):
    argv = [sys.executable, OLD / "worker.py", "--port",
            world.redis_server.port, "--name", name]
    for key, value in options.items():
        argv += [f"--{key}", value]
    return Process(argv, world.folder / f"{name}.log")


def queue(world, count, every=0.0, notify_url=""):
    done = subprocess.run(
        [sys.executable, OLD / "producer.py", "--port",
         str(world.redis_server.port), "--count", str(count), "--every",
         str(every), "--notify-url", notify_url],
        capture_output=True, text=True, check=True)
    return done.stdout.split()


def did(process, what):
    return [line.split()[1] for line in process.output(10**7).splitlines()
            if line.startswith(what + " ")]


def renders(world, cloud):
    """Jobs that our worker rendered, one entry for each time."""
    return [line.split("job ")[1].split()[0]
            for line in world.worker.output(10**8).splitlines()
            if ": rendered" in line and "job " in line]


def test_each_of_some_hundred_jobs_runs_once(world, cloud, receiver):
    workers = [old_worker(world, f"old-{i}", work=0.03, boot=1.5)
               for i in range(2)]
    ours_too = Process(world.worker.argv, world.folder / "second.log",
                       {**world.env, "OUTPUT_DIR": str(world.folder / "o2")})
    jobs = queue(world, 300, 0.005, receiver.url)
    for job in jobs:
        assert world.wait_for_end(job, 180)["status"] == "success"
    wait_until(lambda: len(receiver.told) == len(jobs), 30,
               "a webhook for each job")
    for x in workers:
        x.stop()
    ours_too.stop()
    old = [job for x in workers for job in did(x, "began")]
    ours = renders(world, cloud) + [
        line.split("job ")[1].split()[0]
        for line in ours_too.output(10**8).splitlines() if ": rendered" in line]
    # Both kinds had a share, or the test says nothing.
    assert len(old) > 20 and len(ours) > 20, (len(old), len(ours))
    assert sorted(old + ours) == sorted(jobs)
    assert world.redis.llen("queue:jobs") == 0
    assert {len(x) for x in receiver.told.values()} == {1}
    by_old = set(old)
    for job in jobs:
        expected = "results.invalid" if job in by_old else "file://"
        assert expected in world.record(job)["result_url"]


def test_a_lock_of_theirs_is_left_alone_while_its_key_lives(world):
    slow = old_worker(world, "slow", boot=20)
    # Ours would be quicker, nearly always.
    with world.worker.paused():
        [held] = queue(world, 1)
        wait_until(lambda: did(slow, "locked"), 20, "a lock of theirs")
    others = queue(world, 10)
    for job in others:
        world.wait_for_end(job)
    # It still waits for its GPU, at the head of the queue.
    assert world.redis.lrange("queue:jobs", 0, -1) == [held]
    assert world.record(held)["locked_by"] == "slow"
    assert world.record(held)["status"] == "queued"
    world.wait_for_end(held)
    assert did(slow, "ended") == [held]
    assert held not in renders(world, None)
    slow.stop()


def test_a_lock_of_ours_is_left_alone_by_them(world, cloud):
    cloud.fault(fault="slow", arg="csm=3s", count=1)
    job = world.submit("csm", {"text": "hello", "voice": "random"})
    wait_until(lambda: world.record(job)["status"] == "running", 20)
    old = old_worker(world, "greedy", boot=0)
    later = queue(world, 5)
    for x in later:
        world.wait_for_end(x)
    assert world.wait_for_end(job)["result_url"].startswith("file://")
    assert job not in did(old, "locked")
    assert did(old, "locked") == did(old, "began")
    old.stop()


def test_dead_locks_are_taken_over(world):
    """Killed before its job left the queue, the old worker blocks it for ever:
    with ten of them at the head, the whole queue."""
    world.worker.stop()
    jobs = queue(world, 12)
    for i in range(10):
        dying = old_worker(world, f"dying-{i}", boot=60)
        wait_until(lambda p=dying: did(p, "locked"), 20, "a lock")
        dying.kill()
    old = old_worker(world, "after", boot=0)
    time.sleep(1)
    assert did(old, "locked") == []
    world.start_worker()
    for job in jobs[10:]:
        world.wait_for_end(job)
    # The keys still live, so their owners might.
    assert world.redis.lrange("queue:jobs", 0, -1) == jobs[:10]
    for job in jobs[:10]:
        assert world.redis.ttl(f"job:{job}:lock") > 200
        world.redis.expire(f"job:{job}:lock", 1)
    for job in jobs[:10]:
        record = world.wait_for_end(job)
        assert record["status"] == "success"
        assert record["result_url"].startswith("file://")
    assert world.redis.llen("queue:jobs") == 0
    old.stop()
