#!/usr/bin/python3
"""The systemd units: what they expose, and the programs as they start them."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("C3_BIN_DIR", ROOT / "build/release/bin"))
UNITS = ROOT / "deploy" / "systemd"
WORKER = UNITS / "c3-render-worker.service"
WEB = UNITS / "c3-render-web.service"
# Tenths of the exposure level.
THRESHOLD = 15
analyze = shutil.which("systemd-analyze")


def values(unit, key):
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.M)


def sample():
    """env.sample as EnvironmentFile= reads it."""
    pairs = [x.split("=", 1) for x in (ROOT / "env.sample").read_text().splitlines()
             if x and not x.startswith(("#", ";"))]
    return {name: value.strip().strip("\"'") for name, value in pairs}


class Settings(unittest.TestCase):
    def test_every_secret_has_a_credential(self):
        offered = {x.split(":")[0] for x in values(WORKER, "LoadCredential")}
        known = (ROOT / "docs" / "configuration.md").read_text()
        secrets = set(re.findall(r"^\| `(\w+)` \|.*Secret\.", known, re.M))
        self.assertGreater(len(secrets), 4)
        self.assertEqual(secrets - offered, set())
        names = set(re.findall(r"^#?(\w+)=", (ROOT / "env.sample").read_text(), re.M))
        self.assertEqual(offered - names, set())
        of_web = {x.split(":")[0] for x in values(WEB, "LoadCredential")}
        self.assertLess(of_web, offered)
        # Without them the service knows no storage, and its page plays nothing of it.
        self.assertLessEqual({"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"}, of_web)

    def test_a_credential_that_is_missing_is_no_error(self):
        # systemd looks for a relative name in its stores, and goes on without.
        for unit in WORKER, WEB:
            for x in values(unit, "LoadCredential"):
                name, at = x.split(":")
                self.assertEqual(at, f"c3-render-worker.{name}")

    def test_both_share_user_and_state(self):
        for key in "User", "DynamicUser", "StateDirectory", "StateDirectoryMode":
            self.assertEqual(values(WORKER, key), values(WEB, key), key)

    def test_a_drain_has_time(self):
        self.assertEqual(values(WORKER, "TimeoutStopSec"), ["180"])


@unittest.skipUnless(analyze, "systemd-analyze is not installed")
class Exposure(unittest.TestCase):
    def test_little_is_exposed(self):
        for unit in WORKER, WEB:
            got = subprocess.run(
                [analyze, "security", "--offline=true", "--no-pager",
                 f"--threshold={THRESHOLD}", unit],
                check=False, capture_output=True, text=True)
            self.assertEqual(got.returncode, 0, got.stdout[-300:] + got.stderr)

    def test_nothing_is_misspelt(self):
        got = subprocess.run([analyze, "verify", "--man=no", WORKER, WEB],
                             check=False, capture_output=True, text=True)
        # A machine without systemd lacks its targets, and our programs.
        lines = [x for x in got.stderr.splitlines()
                 if "service:" in x and "sysinit.target" not in x
                 and "is not executable" not in x]
        self.assertEqual(lines, [])


class Start(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        at = pathlib.Path(self.folder.name)
        (at / "state").mkdir()
        (at / "credentials").mkdir()
        (at / "credentials" / "C3_API_KEY").write_text("key-of-a-credential\n")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(str(at / "notify"))
        self.manager.settimeout(20)
        # Nobody listens on port 1.
        self.env = {"PATH": f"{BIN}:/usr/bin:/bin", **sample(), "REDIS_PORT": "1",
                    "REDIS_HOST": "127.0.0.1",
                    "C3_API_URL": "http://127.0.0.1:1/api/v0",
                    "STATE_DIRECTORY": str(at / "state"),
                    "CREDENTIALS_DIRECTORY": str(at / "credentials"),
                    "NOTIFY_SOCKET": str(at / "notify"),
                    "WATCHDOG_USEC": "300000"}
        self.at = at

    def start(self, name):
        log = open(self.at / "log", "wb")
        self.addCleanup(log.close)
        child = subprocess.Popen([BIN / name], cwd=self.at / "state", env=self.env,
                                 stdout=log, stderr=log, stdin=subprocess.DEVNULL)

        def end():
            if child.poll() is None:
                child.kill()
                child.wait()
        self.addCleanup(end)
        return child

    def until(self, wanted):
        for _ in range(200):
            if wanted in self.manager.recv(4096).decode().split("\n"):
                return
        self.fail(f"{wanted} was not told: " + (self.at / "log").read_text())

    @unittest.skipUnless((BIN / "c3-render-worker").exists(), "it is not built")
    def test_the_worker_with_the_sample_as_shipped(self):
        child = self.start("c3-render-worker")
        self.until("READY=1")
        for _ in range(3):
            self.until("WATCHDOG=1")
        self.assertTrue((self.at / "state" / "journal").exists())
        child.send_signal(signal.SIGTERM)
        self.until("STOPPING=1")
        child.wait(30)
        text = (self.at / "log").read_text()
        self.assertNotIn("key-of-a-credential", text)

    @unittest.skipUnless((BIN / "c3-render-worker").exists(), "it is not built")
    def test_a_wrong_setting_is_never_ready(self):
        self.env["MAX_GPUS"] = "many"
        self.assertEqual(self.start("c3-render-worker").wait(20), 2)
        self.manager.settimeout(0.1)
        with self.assertRaises(TimeoutError):
            self.manager.recv(4096)

    @unittest.skipUnless((BIN / "c3-render-web").exists(), "it is not built")
    def test_the_http_service_with_the_sample_as_shipped(self):
        self.env["WEB_ADDRESS"] = "127.0.0.1:0"
        child = self.start("c3-render-web")
        self.until("READY=1")
        child.send_signal(signal.SIGTERM)
        self.until("STOPPING=1")
        self.assertEqual(child.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
