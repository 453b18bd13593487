"""The HTTP service of a worker with keys, and a client that sends any bytes."""

import json
import pathlib
import socket
import statistics
import subprocess
import time

from stage import BIN, Stage, expect, free_port

MOST_UPLOADED = 1 << 20
# From the disk, so that a path might lead elsewhere.
ASSETS = pathlib.Path(__file__).resolve().parents[2] / "app" / "web" / "assets"


class Answer:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = body

    def json(self):
        return json.loads(self.body)


def answers_in(data):
    """The answers in what a connection has brought; of chunked ones the rest."""
    found = []
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        one = Answer(head, rest)
        if one.status != 100:
            found.append(one)
        if "chunked" in one.headers.get("transfer-encoding", ""):
            break
        size = int(one.headers.get("content-length", 0))
        one.body, data = rest[:size], rest[size:]
    return found


class WebStage(Stage):
    """`keys`: one for each role, by its name."""

    def start(self, name="a", **more):
        self.web_port = free_port()
        self.keys = {}
        path = self.folder / "keys.txt"
        with open(path, "w") as lines:
            for role in ("view", "submit", "operate"):
                made = subprocess.run(
                    [BIN / "c3-render-web", "--make-key", role, role],
                    capture_output=True, text=True, check=True)
                self.keys[role] = made.stdout.strip()
                lines.write(made.stderr)
        return super().start(name, **{
            "WEB_ADDRESS": f"127.0.0.1:{self.web_port}",
            "WEB_KEYS_FILE": str(path), "WEB_ASSETS": str(ASSETS),
            "WEB_UPLOAD_MAX": str(MOST_UPLOADED), **more})

    def connect(self, source="127.0.0.1", limit=5):
        return socket.create_connection(("127.0.0.1", self.web_port), limit,
                                        source_address=(source, 0))

    def raw(self, data, source="127.0.0.1", limit=5):
        """The answers to these bytes, until the other side closes or is silent
        for a second; and whether it has closed."""
        got, closed = b"", False
        with self.connect(source, limit) as link:
            try:
                link.sendall(data)
                link.settimeout(1)
                while True:
                    piece = link.recv(1 << 16)
                    if not piece:
                        closed = True
                        break
                    got += piece
            except TimeoutError:
                pass
            except OSError:
                closed = True
        return answers_in(got), closed

    def ask(self, path, method="GET", key="operate", body=b"", source=None,
            **headers):
        head = {"Host": "localhost", "Connection": "close"}
        if key:
            head["Authorization"] = "Bearer " + self.keys.get(key, key)
        if body or method == "POST":
            head["Content-Length"] = str(len(body))
        head.update({k.replace("_", "-"): v for k, v in headers.items()})
        text = f"{method} {path} HTTP/1.1\r\n" + "".join(
            f"{k}: {v}\r\n" for k, v in head.items() if v is not None)
        got, _ = self.raw(text.encode() + b"\r\n" + body,
                          source or "127.0.0.1")
        expect(got, f"no answer to {method} {path[:60]}")
        return got[0]

    def post_json(self, path, value, **more):
        return self.ask(path, "POST", body=json.dumps(value).encode(),
                        **{"Content_Type": "application/json", **more})

    def upload(self, data, kind="audio/wav", name="a.wav", key="submit"):
        body = (f'--b\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{name}"\r\nContent-Type: {kind}\r\n\r\n').encode(
                    ) + data + b"\r\n--b--\r\n"
        return self.ask("/v1/files", "POST", key, body,
                        Content_Type="multipart/form-data; boundary=b")

    def jobs(self):
        return {x for x in self.redis("KEYS", "job:*") if x.count(":") == 1}

    def well(self, limit=0.1):
        """The median of ten requests, here and at the status port."""
        for what in ("/v1/me", "/healthz"):
            times = []
            for _ in range(10):
                begun = time.monotonic()
                if what == "/healthz":
                    status, _ = self.ask_status()
                else:
                    status = self.ask(what).status
                expect(status == 200, f"{what} answers {status}")
                times.append(time.monotonic() - begun)
            median = statistics.median(times)
            expect(median < limit, f"{what} took {median * 1000:.0f} ms")


__all__ = ["Answer", "MOST_UPLOADED", "WebStage"]
