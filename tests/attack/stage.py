"""Where the attacks are played: a private Redis, the local cloud, one worker,
and servers of a hostile tenant. The tenant's own servers stand on 127.0.0.2,
which the worker is allowed to reach; whatever stands on another address of the
loopback network plays an internal service that nobody may reach."""

import http.server
import json
import os
import pathlib
import socket
import struct
import sys
import threading
import time
import uuid
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
from world import BIN, World, WorldError, free_port, wait_until  # noqa: E402

TENANT = "127.0.0.2"
ALLOWED = f"{TENANT}/32"
FINAL = ("success", "failed", "timed_out", "cancelled")
MEGABYTE = 1 << 20


class Broken(Exception):
    """The attack has worked."""


def expect(true, otherwise):
    if not true:
        raise Broken(otherwise)


class Trap:
    """An internal service: nothing may ever connect to it."""

    def __init__(self, host="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family)
        self.port = self.listener.getsockname()[1]
        self.visits = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            self.visits += 1
            with visitor:
                visitor.settimeout(2)
                try:
                    visitor.recv(65536)
                    visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8"
                                    b"\r\n\r\ninternal")
                except OSError:
                    pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


class Tenant:
    """The servers of a hostile producer. `pages` maps a path to bytes, or to a
    function of the request handler that writes what it likes."""

    def __init__(self):
        self.pages = {}
        self.posts = []
        tenant = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_):
                pass

            def page(self):
                page = tenant.pages.get(self.path.split("?")[0])
                if callable(page):
                    self.close_connection = True
                    try:
                        page(self)
                    except OSError:
                        pass
                    return
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Length", str(len(page or b"")))
                self.end_headers()
                self.wfile.write(page or b"")

            def do_GET(self):
                self.page()

            def do_POST(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size).decode(errors="replace")
                tenant.posts.append({"path": self.path, "body": body,
                                     "headers": dict(self.headers),
                                     "at": time.monotonic()})
                if self.path.split("?")[0] in tenant.pages:
                    return self.page()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server((TENANT, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.2}, daemon=True).start()

    def url(self, path):
        return f"http://{TENANT}:{self.port}{path}"

    def posts_to(self, path):
        return [p for p in self.posts if p["path"] == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def redirect_to(target, status=302):
    def page(request):
        request.send_response(status)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()
    return page


class Memory:
    """The greatest memory that a process and its children have used together,
    in bytes, sampled while the block runs."""

    def __init__(self, pid):
        self.pid = pid
        self.peak = 0
        self._stop = threading.Event()

    def __enter__(self):
        self.start = self._now()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    @property
    def grown(self):
        return self.peak - self.start

    def _watch(self):
        while not self._stop.wait(0.02):
            self.peak = max(self.peak, self._now())

    def _now(self):
        pids, total, page = [self.pid], 0, os.sysconf("SC_PAGE_SIZE")
        while pids:
            pid = pids.pop()
            try:
                proc = pathlib.Path("/proc", str(pid))
                total += int((proc / "statm").read_text().split()[1]) * page
                for task in (proc / "task").iterdir():
                    pids += (task / "children").read_text().split()
            except OSError:
                continue
        return total


class Stage(World):
    """One worker on the local cloud, and a tenant."""

    def __init__(self, media, cloud_options=(), **settings):
        super().__init__(media, ["--boot-time", "50ms", *cloud_options],
                         aof=False)
        self.tenant = Tenant()
        self.traps = []
        for name, data in media.items():
            self.tenant.pages["/" + name] = data
        self.settings = settings
        self.output = self.folder / "output-a"
        self.status_port = free_port()
        self.start()

    def start(self, name="a", **more):
        env = {"STATUS_ADDRESS": f"127.0.0.1:{self.status_port}",
               "ALLOW_PRIVATE_URLS": ALLOWED, "JOBS_PER_GPU": "4",
               "GPU_IDLE_TIMEOUT": "600", "MINIO_ENDPOINT": "",
               "MINIO_ACCESS_KEY": "", "MINIO_SECRET_KEY": "",
               **self.settings, **more}
        return self.start_worker(name, **env)

    @property
    def worker(self):
        return self.workers["a"]

    @property
    def pid(self):
        return self.worker.process.pid

    def log(self):
        return self.worker.text()

    def memory(self):
        return Memory(self.pid)

    def trap(self, host="127.0.0.1"):
        trap = Trap(host)
        self.traps.append(trap)
        return trap

    def push(self, kind, data, job=None, **fields):
        """A job of a hostile producer: `data` as text or as a value."""
        job = job if job is not None else str(uuid.uuid4())
        now = int(time.time())
        record = {"id": job, "type": kind, "status": "queued",
                  "created_at": now, "complete_by": now + 600,
                  "max_time": 300,
                  "data": data if isinstance(data, (str, bytes))
                  else json.dumps(data), **fields}
        self.redis("HSET", key(job),
                   *[x for pair in record.items() for x in pair])
        self.redis("RPUSH", "queue:jobs", job)
        return job

    def ended(self, job, limit=30):
        """Its final record; Broken when it has none within `limit` seconds."""
        status = wait_until(lambda: self._final(job), limit)
        expect(status, f"job {short(job)} has no end after {limit} s: "
               f"{self.redis('HMGET', key(job), 'status', 'error')}")
        return self.redis.hash(key(job))

    def _final(self, job):
        try:
            status = self.redis("HGET", key(job), "status")
            return status if status in FINAL else None
        except OSError:
            return None

    def failed(self, job, limit=30):
        record = self.ended(job, limit)
        expect(record["status"] == "failed",
               f"job {short(job)} ended as {record['status']}")
        return record["error"]

    def serves(self, limit=30):
        """Another tenant's job still runs, and the process is the same."""
        expect(self.worker.running(), "the worker has died: "
               + self.log()[-300:])
        job = self.push("whisper", {
            "audio_url": self.tenant.url("/speech.wav")})
        record = self.ended(job, limit)
        expect(record["status"] == "success",
               "another job fails now: " + record.get("error", ""))

    def ask_status(self, path="/healthz", head=b"", limit=5):
        """(HTTP status, seconds) of one request to the status port."""
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.status_port),
                                      timeout=limit) as link:
            link.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\n"
                         + (head or b"Host: localhost\r\n")
                         + b"Connection: close\r\n\r\n")
            line = link.recv(64)
        return int(line.split()[1]), time.monotonic() - begun

    def close(self):
        self.tenant.close()
        for trap in self.traps:
            trap.close()
        super().close()


def key(job):
    return b"job:" + job if isinstance(job, bytes) else "job:" + job


def short(job):
    return repr(job)[:60]


def png(width, height, depth, colour, chunks=(), rows=None):
    """A PNG of one value, or only its head when `rows` is 0."""
    samples = {0: 1, 2: 3, 6: 4}[colour]
    line = b"\0" * (1 + width * samples * depth // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(line)
                    for _ in range(height if rows is None else rows))
    body += packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + b"".join(chunk(k, d) for k, d in chunks)
            + chunk(b"IDAT", body) + chunk(b"IEND", b""))


__all__ = ["ALLOWED", "BIN", "Broken", "FINAL", "MEGABYTE", "Memory", "Stage", "TENANT",
           "Tenant", "Trap", "WorldError", "expect", "free_port", "png", "redirect_to",
           "wait_until"]
