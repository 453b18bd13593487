"""A cloud whose nodes, or the proxies before them, are hostile."""

import http.server
import json
import threading
import time
import uuid

from rows import row
from stage import MEGABYTE, Stage, Trap, expect, wait_until

KEY = "attack-api-key-0123456789"
HOST = "127.0.0.3"


class EvilCloud:
    """The provider's API, and one node that answers what `node` says."""

    def __init__(self, node):
        self.node = node
        self.name = None
        self.launched = []
        self.launch_status = 200
        self.running = {}
        cloud = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, kind="application/json"):
                body = body if isinstance(body, bytes) else json.dumps(
                    body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path.startswith("/api/v0/"):
                    return self.answer(200, {"balance": 1})
                if self.path == "/":
                    return self.answer(200, b"ok", "text/plain")
                return cloud.node(self)

            def do_POST(self):
                size = int(self.headers.get("Content-Length") or 0)
                self.body = self.rfile.read(size)
                if not self.path.startswith("/api/v0/"):
                    return cloud.node(self)
                return cloud.api(self, self.path.rsplit("/", 1)[-1])

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server((HOST, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.2}, daemon=True).start()

    def api(self, request, call):
        asked = json.loads(request.body or b"{}")
        if call == "launch":
            made = {"workload": str(uuid.uuid4()),
                    "node": self.name or "node-1", "type": asked["type"],
                    "status": "running", "running": True,
                    "created": int(time.time()), "expires": asked["expires"]}
            self.running[made["workload"]] = made
            self.launched.append(made["workload"])
            if self.launch_status != 200:
                return request.answer(self.launch_status, b"<html>no</html>",
                                      "text/html")
            return request.answer(200, {"node": made["node"],
                                        "workload": made["workload"],
                                        "workload_key": "secret"})
        if call == "stop":
            self.running.pop(asked.get("workload"), None)
            return request.answer(200, {"stopped": int(time.time())})
        if call == "workloads":
            return request.answer(200, list(self.running.values()))
        return request.answer(404, {})

    def settings(self):
        base = f"http://{HOST}:{self.port}"
        return {"C3_API_KEY": KEY, "C3_API_URL": base + "/api/v0",
                "C3_NODE_URL": base + "/{node}", "C3_UI_URL": base + "/ui-{node}",
                "JOB_ATTEMPTS": "1"}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Played:
    """A stage whose cloud is hostile."""

    def __init__(self, media, node, **settings):
        self.cloud = EvilCloud(node)
        self.stage = Stage(media, **{**self.cloud.settings(), **settings})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stage.close()
        self.stage.remove()
        self.cloud.close()


def picture(stage):
    return stage.push("analyze", {
        "image_url": stage.tenant.url("/picture.png"),
        "notify_url": stage.tenant.url("/hook")})


@row("nodes", "a node echoes the API key in its error", stage="none")
def echo_of_the_key(media):
    def node(request):
        if request.command == "GET":
            return request.answer(200, {"models": [
                {"name": "llama3.2-vision:11b"}]})
        return request.answer(400, {"error": "no: " + json.dumps(
            dict(request.headers))})
    with Played(media, node) as x:
        error = x.stage.failed(picture(x.stage), 120)
        wait_until(lambda: x.stage.tenant.posts_to("/hook"), 10)
        told = "".join(p["body"] for p in x.stage.tenant.posts_to("/hook"))
        expect(KEY not in error, "the key is in the record: " + error)
        expect(KEY not in told, "the key is in the webhook")
        expect(KEY not in x.stage.log(), "the key is in the log")


@row("nodes", "a node's model list of 3 MB, with line breaks and ANSI",
     stage="none")
def long_model_list(media):
    def node(request):
        request.answer(200, {"models": [
            {"name": f"m{i}\n[error] forged\x1b[31m" + "x" * 1000}
            for i in range(3000)]})
    with Played(media, node) as x:
        error = x.stage.failed(picture(x.stage), 120)
        expect(len(error) < 2000, f"{len(error)} characters in the error")
        expect("\n[error] forged" not in x.stage.log()
               and "\x1b" not in x.stage.log(), "the log holds it raw")


@row("nodes", "60 MB of empty lists as an answer", stage="none")
def many_lists(media):
    body = b"[" + b"[]," * (20 * MEGABYTE) + b"[]]"

    def node(request):
        request.answer(200, body)
    with Played(media, node) as x:
        with x.stage.memory() as used:
            job = x.stage.push("portrait", {
                "image_url": x.stage.tenant.url("/picture.png"),
                "audio_url": x.stage.tenant.url("/speech.wav")},
                complete_by=int(time.time()) + 25)
            x.stage.failed(job, 60)
        expect(used.grown < 500 * MEGABYTE,
               f"{used.grown // MEGABYTE} MB of memory")


@row("nodes", "the API names a node that is an address of somebody else",
     stage="none")
def foreign_node(media):
    def node(request):
        request.answer(404, {})
    with Played(media, node) as x:
        thief = x.stage.trap("127.0.0.8")
        # The template is the node's name alone, as in production.
        x.stage.worker.end()
        for name in (f"127.0.0.8:{thief.port}", f"x@127.0.0.8:{thief.port}",
                     f"127.0.0.8:{thief.port}/#"):
            x.cloud.name = name
            x.stage.start(C3_NODE_URL="http://{node}", C3_UI_URL="http://{node}")
            job = picture(x.stage)
            wait_until(lambda: thief.visits, 6)
            x.stage.redis("DEL", "job:" + job)
            x.stage.worker.end()
        expect(thief.visits == 0, "the key went to it")


@row("nodes", "a forged GPU of a dead worker gets the API key", stage="none",
     slow=True)
def forged_gpu(media):
    def node(request):
        request.answer(404, {})
    with Played(media, node) as x:
        x.stage.worker.end()
        thief = Trap("127.0.0.9", x.cloud.port)
        x.stage.traps.append(thief)
        template = f"http://{{node}}:{x.cloud.port}"
        x.stage.start(C3_NODE_URL=template, C3_UI_URL=template)
        now = int(time.time())
        x.stage.redis("HSET", "c3:gpu:forged-1", "owner", "dead-1", "type",
                      "ollama_webui:fast", "state", "running", "expires",
                      now + 3000, "intent_at", now - 60, "workload",
                      "0badc0de-0000-0000-0000-000000000000", "node",
                      "127.0.0.9", "launched_at", now - 50)
        x.stage.redis("ZADD", "c3:gpus", 1, "forged-1")
        wait_until(lambda: thief.visits or not x.stage.redis(
            "ZSCORE", "c3:gpus", "forged-1"), 75)
        expect(thief.visits == 0, "its node was asked, with the key")


@row("nodes", "a launch makes a machine, then answers 500", stage="none")
def launch_answers_500(media):
    def node(request):
        request.answer(404, {})
    with Played(media, node) as x:
        x.cloud.launch_status = 500
        job = picture(x.stage)
        wait_until(lambda: x.cloud.launched, 20)
        # The first is found again, or else stopped; none is left alone.
        wait_until(lambda: len(x.cloud.launched) > 1, 25)
        x.stage.redis("DEL", "job:" + job)
        x.stage.worker.send(15)
        x.stage.worker.wait(60)
        expect(not x.cloud.running, f"{len(x.cloud.running)} of "
               f"{len(x.cloud.launched)} machines are left running")
