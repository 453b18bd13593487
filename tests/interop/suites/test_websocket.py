"""The worker's WebSocket client against the `websockets` package: alone, and
as the side channel of a portrait render."""
import asyncio
import json
import os
import ssl
import struct
import subprocess
import urllib.parse
import urllib.request

import pytest

from support.events import Events
from support.local_cloud import LocalCloud
from support.process import PROGRAMS, wait_until
from support.redis_servers import Certificates
from support.world import World, make_sound


def listen(url, *headers, **env):
    done = subprocess.run(
        [PROGRAMS / "interop_websocket_listen", url, *headers],
        capture_output=True, text=True, timeout=30, env={**os.environ, **env})
    return done.stdout.splitlines()


# -- the client alone ----------------------------------------------------------


def test_messages_arrive_whole_and_binary_ones_are_dropped():
    big = "ü" * 300_000

    async def speak(socket):
        await socket.send("one")
        await socket.send(struct.pack(">I", 1) + os.urandom(200_000))
        await socket.send(["in ", "pieces ", "世界"])
        await socket.ping()
        await socket.send(big)

    server = Events(speak)
    heard = listen(f"ws://127.0.0.1:{server.port}/a/ws?clientId=x%20y",
                   "X-C3-API-KEY", "the-key")
    assert heard == ["text one", "text in pieces 世界", "text " + big,
                     "closed 101"]
    [request] = server.requests
    assert request.path == "/a/ws?clientId=x%20y"
    assert request.headers["X-C3-API-KEY"] == "the-key"
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    server.close()


def test_a_connection_that_is_cut_is_a_failure():
    async def cut(socket):
        await socket.send("one")
        socket.transport.abort()

    server = Events(cut)
    first, last = listen(f"ws://127.0.0.1:{server.port}/ws")
    assert first == "text one" and last.startswith("unavailable: WebSocket")
    server.close()


def test_a_server_that_has_none_is_a_failure(cloud):
    [plain] = listen(f"ws://127.0.0.1:{cloud.port}/ws")
    assert "upgrade" in plain
    [refused] = listen("ws://127.0.0.1:9/ws")
    assert "connect" in refused
    [unknown] = listen("ws://no-such-host.invalid/ws")
    assert "look-up" in unknown
    [bad] = listen("http://127.0.0.1:9/ws")
    assert bad.startswith("invalid_input")


def test_a_certificate_must_be_good_for_the_host(tmp_path):
    made = Certificates(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)

    async def speak(socket):
        await socket.send("hello")

    server = Events(speak, ssl=context)
    trusting = {"SSL_CERT_FILE": str(made.ca)}
    good = listen(f"wss://localhost:{server.port}/ws", **trusting)
    assert good == ["text hello", "closed 101"]
    [stranger] = listen(f"wss://localhost:{server.port}/ws")
    assert "TLS" in stranger and "certificate" in stranger
    [misnamed] = listen(f"wss://127.0.0.1:{server.port}/ws", **trusting)
    assert "TLS" in misnamed and "certificate" in misnamed
    server.close()


# -- a portrait ----------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), "--render-time",
                       "comfyui=3s")
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    make_sound(folder / "talk.mp3", 1.0)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    "testsrc=size=200x160", "-frames:v", "1",
                    str(folder / "face.jpg")], check=True)
    return folder


class Portrait:
    """A world whose ComfyUI speaks by WebSocket as `speak(self, socket)`."""

    def __init__(self, cloud, inputs, speak):
        self.cloud = cloud
        self.events = Events(lambda s: speak(self, s), behind=cloud.port)
        env = {k: v for k, v in cloud.env.items() if k.startswith("C3_")}
        # Polls are rare, so that what is seen between them was told.
        env["C3_UI_URL"] = env["C3_UI_URL"].replace(
            f":{cloud.port}", f":{self.events.front_port}")
        self.world = World([], **{**env, "RENDER_POLLING_INTERVAL": "2"})
        self.inputs = inputs

    def __enter__(self):
        self.world.__enter__()
        self.job = self.world.submit("portrait", {
            "image_url": self.world.publish(self.inputs / "face.jpg"),
            "audio_url": self.world.publish(self.inputs / "talk.mp3")})
        return self

    def __exit__(self, *what):
        self.world.__exit__(*what)
        self.events.close()

    async def running_prompt(self, socket):
        """The id of the prompt that runs, asked as any client would."""
        path = urllib.parse.urlsplit(socket.request.path).path
        url = f"http://127.0.0.1:{self.cloud.port}" + path.replace("/ws",
                                                                  "/queue")
        request = urllib.request.Request(url, headers=self.cloud.key)
        while True:
            with urllib.request.urlopen(request, timeout=5) as got:
                running = json.load(got)["queue_running"]
            if running:
                return running[0][1]
            await asyncio.sleep(0.05)

    def end(self):
        return self.world.wait_for_end(self.job)


def message(kind, **data):
    return json.dumps({"type": kind, "data": data})


def test_the_steps_of_the_sampler_reach_the_record(cloud, inputs):
    async def speak(portrait, socket):
        await socket.send(message("status", sid="x", status={
            "exec_info": {"queue_remaining": 1}}))
        prompt = await portrait.running_prompt(socket)
        await socket.send(message("execution_start", prompt_id=prompt))
        await socket.send(message("executing", node="31", prompt_id=prompt))
        for step in range(1, 21):
            await socket.send(message("progress", value=step, max=25,
                                      node="31", prompt_id=prompt))
            await socket.send(struct.pack(">II", 1, 2) + b"\x89PNG")
            await asyncio.sleep(0.03)
        await socket.wait_closed()

    with Portrait(cloud, inputs, speak) as portrait:
        seen = wait_until(
            lambda: [x for x in [portrait.world.record(portrait.job)]
                     if float(x.get("progress", 0)) > 0.6], 20,
            "progress from the side channel")
        assert seen[0]["status"] == "running"
        assert portrait.end()["status"] == "success"
        request = portrait.events.requests[0]
        assert request.headers["X-C3-API-KEY"] == cloud.env["C3_API_KEY"]


async def says_nothing(_portrait, socket):
    await socket.wait_closed()


async def hangs_up(_portrait, socket):
    await socket.send("not JSON {")
    socket.transport.abort()


async def lies(portrait, socket):
    prompt = await portrait.running_prompt(socket)
    for kind in ("execution_success", "execution_error",
                 "execution_interrupted"):
        await socket.send(message(kind, prompt_id=prompt))
    await socket.send(message("executing", node=None, prompt_id=prompt))
    await socket.send(message("progress", value="x", max=[], prompt_id=7))
    await socket.wait_closed()


@pytest.mark.parametrize("speak", [says_nothing, hangs_up, lies],
                         ids=lambda x: x.__name__)
def test_polling_stays_the_truth(cloud, inputs, speak):
    with Portrait(cloud, inputs, speak) as portrait:
        record = portrait.end()
        assert record["status"] == "success", record
        assert len(portrait.events.requests) == 1


# -- the local cloud's own events ----------------------------------------------


def run_portrait(cloud, inputs, **fault):
    """(what the record said of the render's progress, the record)"""
    if fault:
        cloud.fault(**fault)
    env = {k: v for k, v in cloud.env.items() if k.startswith("C3_")}
    with World([], **{**env, "RENDER_POLLING_INTERVAL": "2"}) as world:
        job = world.submit("portrait", {
            "image_url": world.publish(inputs / "face.jpg"),
            "audio_url": world.publish(inputs / "talk.mp3")})
        seen = set()

        def ended():
            record = world.record(job)
            if record.get("stage") == "render":
                seen.add(float(record.get("progress", 0)))
            return record if record["status"] in ("success",
                                                  "failed") else None

        record = wait_until(ended, 40, "the portrait")
        return sorted(seen | {0.0}), record


def test_the_local_cloud_tells_the_steps(cloud, inputs):
    seen, record = run_portrait(cloud, inputs)
    assert record["status"] == "success", record
    assert len(seen) > 3 and seen[-1] > 0.5


def test_a_node_without_events_is_polled(cloud, inputs):
    seen, record = run_portrait(cloud, inputs, fault="comfy_no_socket",
                                count=1)
    assert record["status"] == "success", record
    assert seen[-1] < 0.2
