"""A stand-in for Comput3's API. Launched nodes are hosts that the test names:
the real servers, or a proxy before them."""
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Comput3:
    API_KEY = "interop-key"

    def __init__(self, nodes):
        """`nodes`: "127.0.0.1:port", handed out in turn, named by their
        ports."""
        self.nodes = [node.rpartition(":")[2] for node in nodes]
        self.launched = []
        self.stopped = []
        self._lock = threading.Lock()
        self._running = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/api/v0"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _launch(self, asked):
        with self._lock:
            node = self.nodes[len(self.launched) % len(self.nodes)]
            made = {"workload": str(uuid.uuid4()), "node": node,
                    "type": asked["type"], "status": "running",
                    "running": True, "created": int(time.time()),
                    "expires": asked["expires"]}
            self._running[made["workload"]] = made
            self.launched.append(made["workload"])
        return 200, {"node": node, "workload": made["workload"],
                     "workload_key": "secret"}

    def _stop(self, asked):
        with self._lock:
            if self._running.pop(asked["workload"], None) is None:
                return 404, {"message": "not found"}
            self.stopped.append(asked["workload"])
        return 200, {"stopped": int(time.time()), "refund_amount": 0}

    def _list(self, _asked):
        with self._lock:
            return 200, list(self._running.values())

    def _handler(self):
        api = self
        calls = {"launch": self._launch, "stop": self._stop,
                 "workloads": self._list}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"{}")
                call = calls.get(self.path.rsplit("/", 1)[-1])
                if self.headers.get("X-C3-API-KEY") != api.API_KEY:
                    self.answer(401, {"message": "unauthorized"})
                elif call is None:
                    self.answer(404, {"message": "no such call"})
                else:
                    self.answer(*call(body))

            def do_GET(self):
                self.answer(200, {"balance": 1})

            def answer(self, status, value):
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Handler
