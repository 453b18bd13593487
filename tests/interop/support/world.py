"""The worker as the real program, with a private Redis, a stand-in for
Comput3 and a file server for inputs."""
import functools
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import uuid

import redis

from .comput3 import Comput3
from .process import PROGRAMS, Process, free_port, wait_until


class RedisServer:
    def __init__(self, folder):
        self.port = free_port()
        self.process = Process(
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", folder],
            pathlib.Path(folder) / "redis.log").wait_for_port(self.port)
        self.client = redis.Redis(port=self.port, decode_responses=True)


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class World:
    """Use as a context manager. `nodes`: see Comput3. Another server than a
    plain Redis comes with the settings that the worker needs for it."""

    def __init__(self, nodes, redis_server=None, **worker_env):
        self._folder = tempfile.TemporaryDirectory(prefix="interop-")
        self.folder = pathlib.Path(self._folder.name)
        self.redis_server = redis_server or RedisServer(self.folder)
        self.redis = self.redis_server.client
        self.cloud = Comput3(nodes)
        self._files_dir = self.folder / "files"
        self._files_dir.mkdir()
        self._files = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0),
            functools.partial(QuietFiles, directory=str(self._files_dir)))
        threading.Thread(target=self._files.serve_forever,
                         daemon=True).start()
        self.env = {
            "C3_API_KEY": Comput3.API_KEY, "C3_API_URL": self.cloud.url,
            "C3_NODE_URL": "http://127.0.0.1:{node}",
            "C3_UI_URL": "http://127.0.0.1:{node}",
            "ALLOW_PRIVATE_URLS": "127.0.0.0/8,::1",
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.redis_server.port),
            "OUTPUT_DIR": str(self.folder / "output"),
            "PRE_LAUNCH_TIMEOUT": "0", "PRE_LAUNCH_TIMEOUT_MAX": "0",
            "GPU_IDLE_TIMEOUT": "60", "RENDER_POLLING_INTERVAL": "0.2",
            "STATUS_ADDRESS": "off", "LOG_LEVEL": "debug",
            **{k: str(v) for k, v in worker_env.items()}}
        self.worker = None

    def start_worker(self, argv_before=(), **more):
        self.worker = Process(
            [*argv_before, PROGRAMS / "c3-render-worker", "--env-file",
             "/dev/null"],
            self.folder / "worker.log", {**self.env, **more})
        return self.worker

    def __enter__(self):
        if self.worker is None:
            self.start_worker()
        return self

    def __exit__(self, *_):
        try:
            self.worker.stop()
            # Captured, and shown with a failing test only.
            print("--- worker\n" + self.worker.output())
        finally:
            self.redis.close()
            self.redis_server.process.stop()
            self.cloud.close()
            self._files.shutdown()
            self._files.server_close()
            self._folder.cleanup()

    # -- jobs -----------------------------------------------------------------

    def submit(self, kind, data, **fields):
        """What a producer does; the id."""
        job = str(uuid.uuid4())
        now = int(time.time())
        self.redis.hset(f"job:{job}", mapping={
            "id": job, "type": kind, "status": "queued", "created_at": now,
            "complete_by": now + 3600, "max_time": 600,
            "data": json.dumps(data), **fields})
        self.redis.rpush("queue:jobs", job)
        return job

    def cancel(self, job):
        """What a front end does."""
        self.redis.hset(f"job:{job}", mapping={
            "status": "cancelled", "error": "cancelled by the caller",
            "updated_at": int(time.time())})
        self.redis.lrem("queue:jobs", 0, job)

    def record(self, job):
        return self.redis.hgetall(f"job:{job}")

    def wait_for_end(self, job, limit=60.0):
        """The record of a job that ended."""
        return wait_until(
            lambda: (lambda r: r if r.get("status") in ("success", "failed")
                     else None)(self.record(job)),
            limit, f"the end of job {job}")

    def run(self, kind, data, limit=60.0, **fields):
        return self.wait_for_end(self.submit(kind, data, **fields), limit)

    def publish(self, path):
        """The URL of a copy of this file."""
        source = pathlib.Path(path)
        (self._files_dir / source.name).write_bytes(source.read_bytes())
        return f"http://127.0.0.1:{self._files.server_port}/{source.name}"


def make_sound(path, seconds=1.0, channels=1):
    """A small real sound file; the extension decides the format."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"sine=frequency=330:duration={seconds}", "-ac", str(channels),
         "-ar", "24000", str(path)], check=True)
    return path
