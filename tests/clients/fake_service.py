"""The HTTP service as docs describe it (app/web/openapi.json), as far as the
clients use it, with faults on demand. Alone it prints its address and serves
until its input closes."""

import base64
import hashlib
import hmac
import json
import re
import sys
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "key-of-the-tests"
FINAL = ("success", "failed", "cancelled", "timed_out")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def signed(body, secret=SECRET, stamp=None):
    """Headers of a webhook of the worker."""
    stamp = str(int(time.time() if stamp is None else stamp))
    key = base64.b64decode(secret[6:])
    mac = hmac.new(key, f"msg_1.{stamp}.{body}".encode(), hashlib.sha256)
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp,
            "webhook-signature": "v1,bm90aGluZw== v1,"
            + base64.b64encode(mac.digest()).decode()}


class Service:
    def __init__(self):
        self.lock = threading.RLock()
        self.play({})

    def play(self, what):
        """Begins anew; `what` overrides what follows."""
        self.jobs = {}
        self.order = []
        self.files = {}
        self.keys = {}
        self.requests = []
        # (method, path pattern) -> answers that come first: a status, or "cut".
        self.faults = []
        # Events after which each stream is cut; None: none is.
        self.cut_after = None
        self.no_streams = False
        # Seconds between the signs of life of streams that tell nothing; None: they tell.
        self.quiet = None
        # What befalls the next answers with a file, in the middle: "cut" or "hang".
        self.files_faults = []
        # Steps of a job, a look or an event apart.
        self.steps = [{"status": "queued", "waiting": {"place": 1, "reason": "launching"}},
                      {"status": "running", "stage": "render", "progress": 0.1},
                      {"status": "running", "stage": "render", "progress": 0.6}]
        self.end = {"status": "success"}
        self.forever = False
        vars(self).update(what)

    def new(self, body, **more):
        with self.lock:
            id = str(uuid.uuid4())
            self.jobs[id] = {"id": id, "type": body["type"], "input": body["input"],
                             "created_at": time.time(), "_step": 0,
                             **({"metadata": body["metadata"]}
                                if "metadata" in body else {}),
                             **self.steps[0], **more}
            self.order.insert(0, id)
            return self.jobs[id]

    def advance(self, job):
        """The next step of a job that has not ended."""
        with self.lock:
            if job["status"] in FINAL:
                return
            job["_step"] += 1
            if job["_step"] < len(self.steps):
                job.pop("waiting", None)
                job.update(self.steps[job["_step"]])
            elif not self.forever:
                job.update(self.end, progress=1)
                if job["status"] == "success":
                    job["receipt"] = {"seconds": 2.5, "usd": 0.0008}
                    if job["type"] in ("csm", "portrait"):
                        job["result"] = {
                            "url": f"/v1/jobs/{job['id']}/result",
                            "content_type": "audio/mpeg", "name": f"{job['id']}.mp3"}
                    else:
                        job["result"] = {"text": "héllo"}

    def seen(self, method, pattern):
        return [x for x in self.requests
                if x[0] == method and re.fullmatch(pattern, x[1])]


def public(job):
    return {k: v for k, v in job.items() if not k.startswith("_")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, kind="application/json", fault="", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if fault:
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            # Until the client has gone.
            if fault == "hang":
                self.connection.recv(1)
            self.close_connection = True
            return
        self.wfile.write(data)

    def problem(self, status, detail="", errors=(), **headers):
        self.answer(status, {"type": "about:blank", "title": f"HTTP {status}",
                             "status": status, "detail": detail,
                             **({"errors": list(errors)} if errors else {})},
                    "application/problem+json", **headers)

    def do_GET(self):
        self.serve("GET")

    def do_POST(self):
        self.serve("POST")

    def serve(self, method):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        s = self.service
        # For tests in other languages.
        if url.path == "/play":
            s.play(json.loads(body))
            self.answer(200, {})
            return
        if url.path == "/seen":
            self.answer(200, {"order": s.order, "requests": [
                [m, p, h.get("Idempotency-Key", ""), h.get("Last-Event-ID", "")]
                for m, p, h, _ in s.requests]})
            return
        with s.lock:
            # As they were sent, but for the names' case.
            s.requests.append((
                method, url.path,
                {x.title().replace("-Id", "-ID"): y for x, y in self.headers.items()},
                body))
            for fault in s.faults:
                if fault[0] == method and re.fullmatch(fault[1], url.path) and fault[2]:
                    what = fault[2].pop(0)
                    # The work is done, only its answer is lost.
                    if what == "lose" and method == "POST":
                        self.create(json.loads(body))
                    if what in ("cut", "lose"):
                        self.close_connection = True
                        self.connection.shutdown(2)
                        return
                    self.problem(what, "not now", Retry_After="0")
                    return
        if url.path == "/storage/result":
            leaked = self.headers.get("Authorization", "")
            fault = s.files_faults.pop(0) if s.files_faults else ""
            self.answer(200, f"sound{leaked}".encode(), "audio/mpeg", fault)
            return
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            self.problem(401, "a key is needed here")
            return
        query = dict(urllib.parse.parse_qsl(url.query))
        self.route(method, url.path, query, body)

    def route(self, method, path, query, body):
        s = self.service
        if (method, path) == ("POST", "/v1/jobs"):
            status, answer = self.create(json.loads(body))
            if status == 202:
                self.answer(202, answer)
            else:
                self.problem(status, "wrong", answer)
        elif (method, path) == ("GET", "/v1/jobs"):
            self.list(query)
        elif (method, path) == ("POST", "/v1/files"):
            self.keep(body)
        elif match := re.fullmatch(r"/v1/jobs/([^/]+)(/\w+)?", path):
            job = s.jobs.get(match[1])
            if job is None:
                self.problem(404, "there is no job " + match[1])
            else:
                self.one(method, job, match[2] or "")
        else:
            self.problem(404)

    def create(self, body):
        s = self.service
        key = self.headers.get("Idempotency-Key")
        if not key:
            return 400, [{"field": "Idempotency-Key", "accepted": "one"}]
        with s.lock:
            if key in s.keys:
                kept, job = s.keys[key]
                return (202, public(job)) if kept == body else (422, [])
            temperature = body["input"].get("temperature", 1)
            if not 0 <= temperature <= 2:
                return 400, [{"field": "input.temperature", "got": str(temperature),
                              "accepted": "a number from 0 to 2"}]
            job = s.new(body)
            s.keys[key] = (body, job)
            return 202, public(job)

    def list(self, query):
        s = self.service
        found = [s.jobs[x] for x in s.order
                 if query.get("status") in (None, s.jobs[x]["status"])]
        at = int(query.get("cursor", 0))
        most = int(query.get("limit", 2))
        page = {"jobs": [public(x) for x in found[at:at + most]]}
        if at + most < len(found):
            page["next"] = str(at + most)
        self.answer(200, page)

    def keep(self, body):
        head, _, rest = body.partition(b"\r\n\r\n")
        edge = head.split(b"\r\n")[0]
        content = rest[:rest.rindex(b"\r\n" + edge + b"--")]
        name = re.search(rb'filename="([^"]*)"', head)[1].decode()
        id = hashlib.sha256(content).hexdigest()
        known = id in self.service.files
        self.service.files[id] = (name, content)
        self.answer(200 if known else 201, {
            "id": id, "bytes": len(content), "name": name,
            "content_type": "application/octet-stream"})

    def one(self, method, job, what):
        s = self.service
        if what == "/events":
            try:
                self.events(job)
            except ConnectionError:
                pass  # The client has heard enough.
        elif what == "/cancel" and method == "POST":
            if job["status"] not in FINAL:
                job.update(status="cancelled",
                           error={"code": "cancelled", "message": "Cancelled"})
            self.answer(200, public(job))
        elif what == "/retry" and method == "POST":
            self.answer(202, public(s.new(job, retry_of=job["id"])))
        elif what == "/result":
            if "url" in job.get("result", {}):
                self.answer(302, b"", Location=f"http://localhost:"
                            f"{self.server.server_port}/storage/result")
            else:
                self.answer(200, job["result"]["text"].encode(), "text/plain")
        else:
            s.advance(job)
            self.answer(200, public(job))

    def events(self, job):
        s = self.service
        if s.no_streams:
            self.problem(503, "too many streams", Retry_After="0")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"retry: 2000\n\n:\n\n")
        sent = 0
        while True:
            if sent == s.cut_after:
                return
            if s.quiet is not None:
                self.wfile.write(b":\n\n")
                time.sleep(s.quiet)
                continue
            if job["status"] in FINAL:
                self.event("end", "", public(job))
                return
            self.event("change", f"{1000 + job['_step']}-0", {"at": 1, "what": "x"})
            self.event("state", "", public(job))
            sent += 1
            time.sleep(0.05)
            s.advance(job)

    def event(self, kind, id, data):
        text = (f"id: {id}\n" if id else "") + f"event: {kind}\n"
        # Lines may end either way, and data may come in pieces.
        self.wfile.write((text + f"data: {json.dumps(data)}\n\n").encode())
        self.wfile.flush()


def start():
    service = Service()
    server = ThreadingHTTPServer(("127.0.0.1", 0),
                                 type("H", (Handler,), {"service": service}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return service, server, f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    print(start()[2], flush=True)
    sys.stdin.read()
