"""`./run try` as a person uses it: real processes, a job, Ctrl-C, nothing left."""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("C3_BIN_DIR", ROOT / "build/release/bin"))


class Try:
    def __init__(self, *options):
        self.home = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [sys.executable, "-B", ROOT / "app/demo/try.py", *options], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.home.name,
            env={**os.environ, "TMPDIR": self.home.name, "C3_BIN_DIR": str(BIN)})
        self.said = []
        self.until("   logs: ")
        text = "\n".join(self.said)
        self.address = re.search(r"== (http://127\.0\.0\.1:\d+/\S*) ", text)[1]
        self.redis = re.search(r"--redis (\S+)", text)[1]
        self.example = re.search(r"^ +(\S*c3ctl .*)$", text, re.M)[1]

    def until(self, beginning):
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return
        raise AssertionError("ended: " + "\n".join(self.said))

    def ctl(self, *command):
        return subprocess.run([BIN / "c3ctl", "--redis", self.redis, *command],
                              text=True, capture_output=True, check=False,
                              cwd=self.home.name)

    def ended(self):
        return json.loads(self.ctl("--json", "jobs", "--limit",
                                   "500").stdout)["jobs"]

    def living(self):
        """Processes that this one has started, by the folder that they are in
        or name."""
        out = []
        for each in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (each / "cmdline").read_bytes().decode(errors="replace")
                where = os.readlink(each / "cwd")
            except OSError:
                continue
            if self.home.name in words + where and int(each.name) != os.getpid():
                out.append(f"{each.name} {words}")
        return out

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=40)
        self.said += rest.splitlines()
        return self.process.returncode


class TryTest(unittest.TestCase):
    def nothing_is_left(self, x):
        # A process that has been told to end may be just about to.
        deadline = time.monotonic() + 5
        while x.living() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(x.living(), [])
        self.assertEqual(os.listdir(x.home.name), ["hello.mp3"]
                         if (pathlib.Path(x.home.name) / "hello.mp3").exists()
                         else [])
        x.home.cleanup()

    def test_a_job_has_its_result_soon_and_ctrl_c_leaves_nothing(self):
        begun = time.monotonic()
        x = Try()
        self.assertTrue(urllib.request.urlopen(x.address, timeout=5).read())
        words = shlex.split(x.example)
        words[0] = str(BIN / "c3ctl")
        got = subprocess.run(words, cwd=x.home.name, text=True,
                             capture_output=True, check=False)
        self.assertEqual(got.returncode, 0, got.stderr)
        sound = pathlib.Path(x.home.name) / "hello.mp3"
        self.assertGreater(sound.stat().st_size, 2000)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertGreaterEqual(len(x.living()), 4)
        self.assertEqual(x.end(), 0, x.said)
        self.nothing_is_left(x)

    def test_a_closed_terminal_ends_it_too(self):
        x = Try()
        self.assertEqual(x.end(signal.SIGHUP), 0, x.said)
        self.nothing_is_left(x)

    def test_a_killed_one_leaves_no_process(self):
        x = Try()
        self.assertEqual(x.end(signal.SIGKILL), -signal.SIGKILL)
        deadline = time.monotonic() + 15
        while x.living() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(x.living(), [])
        x.home.cleanup()

    def test_the_load_has_all_kinds_and_some_that_fail(self):
        x = Try("--load", "--workers", "2", "--seed", "7")
        deadline = time.monotonic() + 90
        kinds, ends = set(), set()
        while time.monotonic() < deadline:
            jobs = x.ended()
            kinds = {j["type"] for j in jobs}
            ends = {j["status"] for j in jobs}
            if len(kinds) == 4 and {"success", "failed"} <= ends:
                break
            time.sleep(1)
        self.assertEqual(kinds, {"csm", "whisper", "analyze", "portrait"})
        self.assertLessEqual({"success", "failed"}, ends)
        self.assertEqual(x.end(), 0, x.said)
        self.nothing_is_left(x)


if __name__ == "__main__":
    unittest.main()
