"""An official client in a process of its own, told what to do line by line."""
import json
import os
import select
import subprocess
import time

from .gradio_node import HERE
from .process import BUILD


class DrivenClient:
    def __init__(self, kind, version, csm, whisper, key, sound, log):
        """`kind`: "python" or "javascript"; `version` of the environment."""
        argv = ([BUILD / "venv" / version / "bin/python",
                 HERE / "clients/python_client.py"] if kind == "python"
                else ["node", HERE / "node/client.mjs"])
        self.log = open(log, "a+")
        self.child = subprocess.Popen(
            [*map(str, argv), csm, whisper, key, str(sound),
             str(BUILD / "node")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, "HF_HUB_OFFLINE": "1",
                 "GRADIO_ANALYTICS_ENABLED": "False"})
        self._rest = b""

    def ask(self, do, limit=60, **more):
        """(value, error text) of one action."""
        self.child.stdin.write(json.dumps({"do": do, **more}).encode()
                               + b"\n")
        self.child.stdin.flush()
        answer = self._answer(do, limit)
        return answer.get("value"), answer.get("error")

    def _answer(self, do, limit):
        end = time.monotonic() + limit
        while True:
            while b"\n" in self._rest:
                line, self._rest = self._rest.split(b"\n", 1)
                if line.startswith(b"="):
                    return json.loads(line[1:])
            ready, _, _ = select.select([self.child.stdout], [], [],
                                        max(0, end - time.monotonic()))
            piece = os.read(self.child.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.log.seek(0)
                raise AssertionError(f"the client said nothing to {do}:\n"
                                     + self.log.read()[-3000:])
            self._rest += piece

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(5)
        self.child.stdout.close()
        self.log.close()
