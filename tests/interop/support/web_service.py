"""c3-render-web as a program, with a key of each role when it has keys."""
import json
import pathlib
import subprocess
import urllib.error
import urllib.request

from .process import PROGRAMS, Process, free_port

ROLES = ("view", "submit", "operate")


class WebService:
    def __init__(self, folder, redis_port, keys=False, **env):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.keys = {}
        settings = {"WEB_ADDRESS": f"127.0.0.1:{self.port}",
                    "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port),
                    "OUTPUT_DIR": str(self.folder / "output"), **env}
        if keys:
            settings["WEB_KEYS_FILE"] = str(self._make_keys())
        self.process = Process(
            [PROGRAMS / "c3-render-web", "--env-file", "/dev/null"],
            self.folder / f"web-{self.port}.log",
            settings).wait_for_port(self.port)

    def _make_keys(self):
        path = self.folder / "keys.txt"
        with open(path, "w") as lines:
            for role in ROLES:
                made = subprocess.run(
                    [PROGRAMS / "c3-render-web", "--make-key", f"a-{role}",
                     role], capture_output=True, text=True, check=True)
                self.keys[role] = made.stdout.strip()
                lines.write(made.stderr)
        return path

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body; whatever the status."""
        request = urllib.request.Request(self.url + path, body,
                                         headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as got:
                return got.status, got.headers, got.read()
        except urllib.error.HTTPError as got:
            return got.code, got.headers, got.read()

    def ask_json(self, path, **headers):
        status, _, body = self.ask("GET", path, headers=headers)
        assert status == 200, (status, body)
        return json.loads(body)

    def close(self):
        self.process.stop()
        print("--- web\n" + self.process.output())
