"""The worker's traces, read by OpenTelemetry's own messages of OTLP: the tree of
a job from its producer to its webhook, retries, boots, and a collector that is
away."""
import json
import re
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.collector import Collector
from support.local_cloud import LocalCloud
from support.process import free_port, wait_until
from support.proxy import Proxy
from support.world import World, make_sound

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
CLIENT, CONSUMER = 3, 5


class Receiver:
    """Of webhooks: answers with these statuses, then 200."""

    def __init__(self, *statuses):
        self.calls = []
        self._statuses = list(statuses)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((dict(self.headers), json.loads(body)))
                self.send_response(receiver._statuses.pop(0)
                                   if receiver._statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook/secret"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Watched(World):
    """The worker on a local cloud, with a proxy between that sees what the
    nodes are asked."""

    def __init__(self, cloud, **env):
        self.seen = []
        self.proxy = Proxy(cloud.port)
        self.proxy.rule = self._see
        cloud_env = {k: v.replace(f":{cloud.port}", f":{self.proxy.port}")
                     if k in ("C3_NODE_URL", "C3_UI_URL") else v
                     for k, v in cloud.env.items() if k.startswith("C3_")}
        super().__init__([], **{**cloud_env, "LOG_FORMAT": "json", **env})

    def _see(self, handler):
        self.seen.append((handler.path, handler.headers.get("traceparent"),
                          handler.headers.get("tracestate")))
        return False

    def __exit__(self, *what):
        super().__exit__(*what)
        self.proxy.close()

    def asked(self, part):
        return [x for x in self.seen if part in x[0]]

    def lines(self, job):
        return [x for x in map(json.loads,
                               self.worker.output(10**7).splitlines())
                if x.get("job") == job]


@pytest.fixture
def collector():
    it = Collector()
    yield it
    it.close()


@pytest.fixture
def cloud(tmp_path):
    it = LocalCloud(tmp_path, boot_time="2s")
    yield it
    it.close()


def settings(collector, **more):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20t0ps3cret",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            "WORKER_ID": "w1", **more}


def span_of(traceparent):
    got = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", traceparent)
    assert got, traceparent
    return got.groups()


def test_a_job_from_its_producer_to_its_webhook(cloud, collector, tmp_path):
    receiver = Receiver(503)
    with Watched(cloud, **settings(collector)) as world:
        sound = world.publish(make_sound(tmp_path / "a.wav"))
        job = world.submit(
            "csm", {"monologue": ["Hello."], "voice": "clone",
                    "reference_audio_url": sound, "reference_text": "Beep.",
                    "notify_url": receiver.url},
            traceparent=TRACEPARENT, tracestate="rojo=1")
        assert world.wait_for_end(job)["status"] == "success"
        sends = collector.wait_for("webhook send", 2, job=job)
        [root] = collector.wait_for("job process", job=job)
        [boot] = collector.wait_for("gpu boot")
        lines = world.lines(job)
        output = world.worker.output(10**7)

    # The attempt, below its producer.
    assert (root.trace, root.parent, root.state) == (TRACE, PARENT, "rojo=1")
    assert root.kind == CONSUMER and not root.failed
    assert root.resource == {
        "service.name": "c3-render-worker", "service.instance.id": "w1",
        "service.version": root.resource["service.version"],
        "deployment.environment.name": "test"}
    assert root.attributes["messaging.system"] == "redis"
    assert root.attributes["messaging.destination.name"] == "queue:jobs"
    assert root.attributes["c3.job.type"] == "csm"
    assert root.attributes["c3.job.attempt"] == 1
    assert root.attributes["c3.gpu.workload"] == "media:fast"
    # It waited for the boot, a trace of its own.
    assert root.links == [(boot.trace, boot.id)]
    assert boot.parent == "" and boot.trace != TRACE
    assert 2 <= boot.end - boot.start < 20
    # What it did in turn.
    children = collector.below(root)
    assert set(children) == {"wait", "download", "upload", "render", "store",
                             "webhook send"}
    order = [children[x] for x in ("wait", "download", "upload", "render",
                                   "store")]
    for x, y in zip(order, order[1:]):
        assert x.end <= y.start + 0.001, (x, y)
    # created_at is whole seconds.
    assert root.start - 0.001 <= order[0].start <= root.start + 0.001
    assert all(x.start >= root.start - 0.001 and x.end <= root.end + 0.001
               for x in order)
    # What the node was asked, and as part of what.
    assert span_of(world.asked("/upload")[0][1]) == (TRACE,
                                                     children["upload"].id)
    for part in ("/queue/join", "/queue/data"):
        path, parent, state = world.asked(part)[0]
        assert span_of(parent) == (TRACE, children["render"].id), path
        assert state == "rojo=1"
    # Two tries of the webhook, each a span with its own header.
    assert [x.attributes["http.response.status_code"] for x in sends] == [
        503, 200]
    assert [x.failed for x in sends] == [True, False]
    assert all(x.parent == root.id and x.kind == CLIENT for x in sends)
    told = [span_of(x["traceparent"]) for x, _ in receiver.calls]
    assert told == [(TRACE, x.id) for x in sends]
    assert receiver.calls[0][0]["tracestate"] == "rojo=1"
    assert "traceparent" not in receiver.calls[0][1]
    # No path of a URL leaves.
    assert not any("hook/secret" in str(x.attributes)
                   for x in collector.spans)
    # The log.
    assert {x["event"] for x in lines} >= {
        "job_claimed", "job_placed", "render_ended", "job_ended",
        "webhook_failed", "webhook_delivered"}
    # Before its claim, a look at its inputs belongs to no attempt.
    claimed = [x["event"] for x in lines].index("job_claimed")
    assert {(x["trace_id"], x["trace_flags"]) for x in lines[claimed:]} == {
        (TRACE, "01")}
    # The collector's key goes to the collector, and nowhere else.
    assert all(x[0] == "/v1/traces"
               and x[1]["authorization"] == "Bearer t0ps3cret"
               for x in collector.requests)
    assert "t0ps3cret" not in output
    receiver.close()


def test_comfyui_and_ollama_are_told(cloud, collector, tmp_path):
    picture = tmp_path / "a.png"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    "testsrc=size=64x64", "-frames:v", "1", str(picture)],
                   check=True)
    with Watched(cloud, **settings(collector), MAX_GPUS=2) as world:
        image = world.publish(picture)
        sound = world.publish(make_sound(tmp_path / "a.wav"))
        jobs = [world.submit("portrait", {"image_url": image,
                                          "audio_url": sound}),
                world.submit("analyze", {"image_url": image})]
        for job in jobs:
            record = world.wait_for_end(job, 120)
            assert record["status"] == "success", record
        roots = [collector.wait_for("job process", job=x)[0] for x in jobs]
        boots = collector.wait_for("gpu boot", 2)
    for root, path in zip(roots, ("/prompt", "/api/generate")):
        assert root.parent == ""
        render = collector.below(root)["render"]
        parents = [x[1] for x in world.asked(path) if x[1]]
        assert (root.trace, render.id) in map(span_of, parents), path
    assert roots[0].trace != roots[1].trace
    assert {x.links[0] for x in roots} == {(x.trace, x.id) for x in boots}


def test_a_retry_links_to_the_first_attempt(cloud, collector):
    with Watched(cloud, **settings(collector)) as world:
        cloud.fault(fault="drop_stream", count=1)
        job = world.submit("csm", {"monologue": ["Hello."]},
                           traceparent=TRACEPARENT)
        record = world.wait_for_end(job, 120)
        assert record["status"] == "success", record
        attempts = collector.wait_for("job process", 2, job=job)
    attempts.sort(key=lambda x: x.attributes["c3.job.attempt"])
    first, second = attempts
    assert first.failed and first.attributes["c3.job.outcome"] == "failed"
    assert (first.trace, first.parent) == (TRACE, PARENT)
    assert not second.failed and second.attributes["c3.job.attempt"] == 2
    assert second.parent == "" and second.trace != TRACE
    assert (first.trace, first.id) in second.links
    assert first.end <= second.start + 0.001


def test_bad_parents_are_ignored_and_the_sampler_is_obeyed(cloud, collector):
    with Watched(cloud, **settings(collector)) as world:
        bad = world.submit("csm", {"monologue": ["Hello."]},
                           traceparent=f"00-{'0' * 32}-{PARENT}-01")
        unsampled = world.submit("csm", {"monologue": ["Hello."]},
                                 traceparent=TRACEPARENT[:-1] + "0")
        for job in (bad, unsampled):
            assert world.wait_for_end(job)["status"] == "success"
        [root] = collector.wait_for("job process", job=bad)
        told = [x[1] for x in world.asked("/queue/join")]
    assert root.parent == "" and root.trace not in (TRACE, "0" * 32)
    assert not collector.find("job process", job=unsampled)
    assert not [x for x in collector.spans if x.trace == TRACE]
    # Whoever comes after is told that nobody exports it.
    assert [x for x in told if x.startswith(f"00-{TRACE}-")
            and x.endswith("-00")]


def test_a_collector_that_is_away_holds_nobody_up(cloud, collector):
    env = settings(collector, OTEL_EXPORTER_OTLP_ENDPOINT=(
        f"http://127.0.0.1:{free_port()}"))
    with Watched(cloud, **env) as world:
        for _ in range(3):
            assert world.run("csm", {"monologue": ["Hi."]})[
                "status"] == "success"
        began = time.monotonic()
        world.worker.stop()
        assert time.monotonic() - began < 20
        assert world.worker.child.returncode == 0
        output = world.worker.output(10**7)
    assert "traces: spans are lost" in output
    assert not collector.requests


def test_a_collector_that_refuses_for_a_while_is_asked_again(cloud,
                                                             collector):
    collector.refusals = [503, 429]
    with Watched(cloud, **settings(collector)) as world:
        job = world.submit("csm", {"monologue": ["Hi."]})
        collector.wait_for("job process", job=job)
        bodies = [x[2] for x in collector.requests[:3]]
    assert bodies[0] == bodies[1] == bodies[2]


def test_a_worker_that_ends_exports_what_it_has(cloud, collector):
    with Watched(cloud, **settings(collector)) as world:
        job = world.submit("csm", {"monologue": ["Hi."]})
        wait_until(lambda: world.record(job)["status"] == "success", 60,
                   "the end of the job")
        world.worker.stop()
    assert collector.find("job process", job=job)


def test_without_an_endpoint_nobody_is_told(cloud):
    with Watched(cloud) as world:
        assert world.run("csm", {"monologue": ["Hi."]},
                         traceparent=TRACEPARENT)["status"] == "success"
        output = world.worker.output(10**7)
    assert not [x for x in world.seen if x[1]]
    assert "trace_id" not in output
