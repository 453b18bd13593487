"""c3-local-cloud, as clients of others meet it, or as the worker's cloud."""
import json
import pathlib
import urllib.request

from .process import PROGRAMS, Process, free_port, wait_until


class LocalCloud:
    def __init__(self, folder, *options, boot_time="0"):
        folder = pathlib.Path(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env_file = folder / f"cloud-{self.port}.env"
        self.process = Process(
            [PROGRAMS / "c3-local-cloud", "--listen",
             f"127.0.0.1:{self.port}", "--env-file", env_file,
             "--boot-time", boot_time, *options],
            folder / f"cloud-{self.port}.log").wait_for_port(self.port)
        # Written when it listens, so maybe a moment after that.
        wait_until(env_file.exists, 10, "the local cloud's settings")
        self.env = dict(line.split("=", 1)
                        for line in env_file.read_text().splitlines()
                        if "=" in line)
        self.key = {"X-C3-API-KEY": self.env["C3_API_KEY"]}

    def call(self, url, value=None):
        request = urllib.request.Request(
            url, None if value is None else json.dumps(value).encode(),
            {**self.key, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as got:
            return json.load(got)

    def launch(self, kind="media:fast"):
        """Base URL of a new node."""
        made = self.call(self.env["C3_API_URL"] + "/launch",
                         {"type": kind, "expires": 4_000_000_000})
        return self.env["C3_NODE_URL"].replace("{node}", made["node"])

    def fault(self, **what):
        self.call(self.url + "/cloud/faults", what)

    def close(self):
        self.process.stop()
        print("--- local cloud\n" + self.process.output())
