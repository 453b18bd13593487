"""A node with the real Gradio, and nginx before it."""
import json
import os
import pathlib
import shutil
import urllib.request
import uuid

from .process import BUILD, Process, free_port, wait_until

HERE = pathlib.Path(__file__).resolve().parents[1]

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 100m;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto https;
  proxy_set_header X-Forwarded-Host $http_host;
  {servers}
}}
"""
SERVER = """
  server {{
    listen 127.0.0.1:{port};
    proxy_buffering {buffering};
    location = / {{ return 200; }}
    location = /system_stats {{ return 200 '{{"system":{{}}}}'; }}
    location /csm/ {{ proxy_pass http://127.0.0.1:{csm}/; }}
    location /whisper/ {{ proxy_pass http://127.0.0.1:{whisper}/; }}
  }}
"""


class GradioNode:
    def __init__(self, folder, version):
        """`version`: name of the environment, "gradio5"."""
        self.folder = pathlib.Path(folder)
        self.version = version
        self.python = BUILD / "venv" / version / "bin/python"
        self.direct, self.csm, self.whisper = (free_port() for _ in range(3))
        self.calls_file = self.folder / "calls.jsonl"
        self.start()

    def start(self):
        self.process = Process(
            [self.python, HERE / "apps/serve.py", self.direct, self.csm,
             self.whisper], self.folder / f"{self.version}.log",
            {"INTEROP_CONTROL": str(self.folder), "GRADIO_ANALYTICS_ENABLED":
             "False", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1",
             "GRADIO_TEMP_DIR": str(self.folder / "gradio")})

    def ready(self):
        self.process.wait_for_port(self.direct, 90)
        return self

    def host(self):
        return f"127.0.0.1:{self.direct}"

    # -- what the apps shall do, and did ---------------------------------------

    def order(self, app, *orders):
        (self.folder / f"{app}.todo").write_text(
            "".join(json.dumps(x) + "\n" for x in orders))

    def release(self):
        (self.folder / "release").touch()

    def join(self, app, text):
        """Puts a call of another client into the app's queue; the open event
        stream of it."""
        base = f"http://{self.host()}/{app}"
        with urllib.request.urlopen(base + "/config", timeout=10) as got:
            config = json.load(got)
        index = [x["api_name"] for x in config["dependencies"]].index(
            "generate_monologue_audio")
        prefix = base + config.get("api_prefix", "")
        session = uuid.uuid4().hex
        post(prefix + "/queue/join", {
            "data": ["random_voice", "", None, json.dumps([text]), 0.9, 50,
                     10000, 150],
            "fn_index": config["dependencies"][index].get("id", index),
            "session_hash": session})
        return urllib.request.urlopen(
            prefix + "/queue/data?session_hash=" + session)

    def forget(self):
        """A clean slate for the next test; nothing may be running."""
        for name in ("release", "csm.todo", "whisper.todo", "calls.jsonl"):
            (self.folder / name).unlink(missing_ok=True)

    def calls(self, app, what="begin"):
        if not self.calls_file.exists():
            return []
        return [x for x in map(json.loads,
                               self.calls_file.read_text().splitlines())
                if x["app"] == app and x["what"] == what]

    def wait_for_calls(self, app, count, what="begin", limit=30):
        return wait_until(
            lambda: (lambda c: c if len(c) >= count else None)(
                self.calls(app, what)), limit, f"{count} calls of {app}")


def post(url, value):
    request = urllib.request.Request(
        url, json.dumps(value).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as got:
        return json.load(got)


class Nginx:
    """Before a node: /csm/ and /whisper/ are rewritten, the usual headers
    added; one port buffers, the other does not."""

    def __init__(self, folder, node):
        self.buffered, self.unbuffered = free_port(), free_port()
        folder = pathlib.Path(folder)
        servers = "".join(
            SERVER.format(port=port, buffering=how, csm=node.csm,
                          whisper=node.whisper)
            for port, how in ((self.buffered, "on"),
                              (self.unbuffered, "off")))
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, servers=servers))
        program = shutil.which(
            "nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.process = Process([program, "-c", config, "-p", folder],
                               folder / "nginx.log")
        self.process.wait_for_port(self.unbuffered)
