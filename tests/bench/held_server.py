#!/usr/bin/python3
"""The services of rented GPUs, in one process that holds thousands of renders: each
run of the speech app begins at once and ends when it is told to. Takes webhooks too.
Called by held.py."""
import asyncio
import json
import resource
import sys
import uuid

HEARTBEAT_S = 15
TURNS_A_SECOND = 10
SOUND = b"ID3\x03" + bytes(6) + 10 * (b"\xff\xfb\x90\x64" + bytes(413))

PARAMETERS = {
    "speaker_voice": "random_voice", "speaker_text": "", "speaker_audio": None,
    "monologue_json": "[]", "temperature": 0.9, "topk": 50, "max_audio_length": 10000,
    "pause_duration": 150}
CONFIG = json.dumps({
    "version": "5.49.1", "protocol": "sse_v3", "api_prefix": "/gradio_api",
    "components": [{"id": i + 1, "type": "textbox", "props": {"label": name}}
                   for i, name in enumerate(PARAMETERS)],
    "dependencies": [{"id": 0, "api_name": "generate_monologue_audio",
                      "inputs": list(range(1, 9)), "outputs": [9]}]}).encode()
INFO = json.dumps({"named_endpoints": {"/generate_monologue_audio": {"parameters": [
    {"parameter_name": name, "parameter_has_default": True, "parameter_default": value}
    for name, value in PARAMETERS.items()]}}}).encode()


class World:
    """All that is held, and counts of what has come."""

    def __init__(self):
        self.streams = {}
        self.events = {}
        self.counts = {"held": 0, "left": 0, "files": 0, "hooks": 0}
        self.turn = 0

    async def beat(self):
        while True:
            await asyncio.sleep(1 / TURNS_A_SECOND)
            self.turn = (self.turn + 1) % (HEARTBEAT_S * TURNS_A_SECOND)
            for stream, turn in list(self.streams.items()):
                if turn == self.turn:
                    stream.event({"msg": "heartbeat"})

    async def release(self, per_second):
        step = max(1, per_second // TURNS_A_SECOND)
        while self.streams:
            for stream in list(self.streams)[:step]:
                del self.streams[stream]
                stream.complete()
            await asyncio.sleep(1 / TURNS_A_SECOND)


class Connection(asyncio.Protocol):
    def __init__(self, world):
        self.world = world
        self.buffer = b""
        self.event_id = None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        if self.world.streams.pop(self, None) is not None:
            self.world.counts["left"] += 1

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, rest = self.buffer.split(b"\r\n\r\n", 1)
            lines = head.decode().split("\r\n")
            length = next((int(x.split(":")[1]) for x in lines[1:]
                           if x.lower().startswith("content-length:")), 0)
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            method, target, _ = lines[0].split(" ")
            self.answer(method, target, rest[:length])

    def reply(self, body, kind="application/json"):
        self.transport.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def chunk(self, data):
        self.transport.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def event(self, what):
        if not self.transport.is_closing():
            self.chunk(b"data: " + json.dumps(what).encode() + b"\n\n")

    def hold(self, session):
        self.event_id = self.world.events.pop(session)
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n")
        self.event({"msg": "estimation", "event_id": self.event_id, "rank": 0})
        self.event({"msg": "process_starts", "event_id": self.event_id})
        count = self.world.counts["held"]
        self.world.streams[self] = count % (HEARTBEAT_S * TURNS_A_SECOND)
        self.world.counts["held"] = count + 1

    def complete(self):
        file = {"path": f"/tmp/{self.event_id}.mp3", "meta": {"_type": "gradio.FileData"}}
        self.event({"msg": "process_completed", "event_id": self.event_id, "success": True,
                    "output": {"data": [file]}})
        self.event({"msg": "close_stream"})
        if not self.transport.is_closing():
            self.transport.write(b"0\r\n\r\n")

    def answer(self, method, target, body):
        counts = self.world.counts
        path, _, query = target.partition("?")
        if path.endswith("/queue/data"):
            self.hold(query.removeprefix("session_hash="))
        elif path.endswith("/queue/join"):
            event = uuid.uuid4().hex
            self.world.events[json.loads(body)["session_hash"]] = event
            self.reply(json.dumps({"event_id": event}).encode())
        elif path.endswith("/info"):
            self.reply(INFO)
        elif "/file=" in path:
            counts["files"] += 1
            self.reply(SOUND, "audio/mpeg")
        elif path == "/hook":
            counts["hooks"] += 1
            self.reply(b"{}")
        elif path == "/control/release":
            asyncio.ensure_future(self.world.release(int(query)))
            self.reply(b"{}")
        elif path == "/control/counts":
            self.reply(json.dumps(counts | {"now": len(self.world.streams)}).encode())
        else:
            # A service that is asked whether it is there, or for its description.
            self.reply(CONFIG)


async def serve(port):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    world = World()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(world), "127.0.0.1", port, backlog=4096)
    await asyncio.gather(world.beat(), server.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
