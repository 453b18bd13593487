"""The examples, run as they stand against a real worker."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "app/demo")]

import fake_service
import stage


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = stage.Stage(boot_time=0.5, settings={
            "WEBHOOK_SECRET": fake_service.SECRET})
        cls.enterClassContext(cls.stage)
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())

    def speak(self, *command, **more):
        got = subprocess.run(
            [*command, "We are happy to see you.", "out.mp3"], cwd=self.folder,
            text=True, capture_output=True, timeout=90, check=False,
            env={"PATH": f"{stage.BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                 "C3_URL": self.stage.address, "WEBHOOK_SECRET": fake_service.SECRET,
                 **more})
        self.assertEqual(got.returncode, 0, got.stdout + got.stderr)
        return got.stdout

    def check(self, said):
        self.assertIn("submitted", said)
        self.assertIn("webhook", said)
        self.assertIn("success", said.split("webhook")[1])
        sound = pathlib.Path(self.folder) / "out.mp3"
        self.assertGreater(sound.stat().st_size, 2000)
        sound.unlink()

    def test_python(self):
        self.check(self.speak(sys.executable, "-B", ROOT / "examples/python/speak.py"))

    @unittest.skipUnless(shutil.which("node"), "no Node.js")
    def test_node(self):
        self.check(self.speak("node", ROOT / "examples/node/speak.mjs"))

    def test_curl(self):
        self.check(self.speak(ROOT / "examples/curl/speak.sh"))

    def test_redis(self):
        said = self.speak(ROOT / "examples/redis/speak.sh", REDIS=self.stage.redis)
        self.assertRegex(said, r"success file:///\S+\.mp3")


if __name__ == "__main__":
    unittest.main()
