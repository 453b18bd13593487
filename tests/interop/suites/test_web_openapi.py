"""The description at /openapi.json against what is served: schemathesis makes
requests from it, good ones and bad ones, and checks each answer."""
import json
import os
import subprocess
import sys
import uuid

import pytest

from support.gradio_node import HERE
from support.web_service import WebService
from support.world import RedisServer

# A stream has no end, so these are asked for elsewhere.
STREAMS = "/events$"


@pytest.fixture
def redis_server(tmp_path):
    server = RedisServer(tmp_path)
    yield server
    server.client.close()
    server.process.stop()


def put_jobs(redis, count=30):
    """Jobs in all states, for lists and filters to find."""
    states = ["queued", "running", "success", "failed", "cancelled",
              "timed_out"]
    kinds = ["csm", "whisper", "portrait", "analyze"]
    for i in range(count):
        job = str(uuid.UUID(int=i))
        status = states[i % len(states)]
        redis.hset(f"job:{job}", mapping={
            "id": job, "type": kinds[i % len(kinds)], "status": status,
            "created_at": 1_790_000_000 + i, "complete_by": 4_000_000_000,
            "max_time": 600, "data": '{"text":"Hello."}',
            **({"result": "Some text."} if status == "success" else {}),
            **({"error": "It broke.", "error_code": "internal"}
               if status == "failed" else {})})
        if status == "queued":
            redis.rpush("queue:jobs", job)


def put_worker(redis):
    """One whose provider has a GPU that the ledger does not know, and lacks one."""
    gpu = {"type": "media:fast", "since": 1_790_000_000}
    redis.hset("c3:worker:w1", mapping={
        "seen_at": 1_790_000_000, "draining": "0", "provider": json.dumps({
            "at": 1_790_000_500, "types": {"media:fast": 1}, "others": 1,
            "unknown": [{**gpu, "workload": "w-1", "created": 1_780_000_000},
                        {**gpu, "workload": "w-2"}],
            "lost": [{**gpu, "id": "g1", "workload": "w-3"}]})})
    redis.zadd("c3:workers", {"w1": 4e15})
    redis.hset("c3:gpu:g1", mapping={"type": "media:fast", "state": "ready",
                                     "owner": "w1", "workload": "w-3"})
    redis.zadd("c3:gpus", {"g1": 4e15})


@pytest.mark.parametrize("role", ["operate", "view"])
def test_the_description_is_true(tmp_path, redis_server, role):
    put_jobs(redis_server.client)
    put_worker(redis_server.client)
    web = WebService(tmp_path, redis_server.port, keys=True,
                     WEB_PROXIES="127.0.0.1")
    excluded = []
    if role == "view":
        # What it may not do is refused, however good the request.
        excluded = ["--exclude-checks",
                    "positive_data_acceptance,negative_data_rejection"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file",
         HERE / "support" / "schemathesis.toml", "run",
         # "./" of the description, as schemathesis itself would join it, is no
         # prefix of the paths that Location names.
         web.url + "/openapi.json", "--url", web.url, *excluded,
         "--exclude-path-regex", STREAMS, "--seed", "1", "--max-examples",
         "25" if role == "operate" else "5",
         "--generation-database", "none", "--no-color",
         "--header", "Authorization: Bearer " + web.keys[role]],
        capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE / "support"),
             "SCHEMATHESIS_HOOKS": "schemathesis_hooks"})
    alive = web.process.alive()
    web.close()
    assert done.returncode == 0, done.stdout[-15000:] + done.stderr[-3000:]
    assert alive
