"""Child processes on free loopback ports, with their output kept for the
report of a failing test."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("INTEROP_BUILD", ROOT / "build/interop"))
PROGRAMS = pathlib.Path(
    os.environ.get("INTEROP_PROGRAMS", ROOT / "build/release/bin"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, limit=30.0, what="the condition"):
    """The condition's first true value; fails after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit:.0f} s")
        time.sleep(0.02)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
        return True
    except OSError:
        return False


class Process:
    """A program in a process group of its own, so that what it starts ends
    with it."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.log = pathlib.Path(log)
        self.argv = [str(x) for x in argv]
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                self.argv, stdout=out, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, cwd=cwd, start_new_session=True,
                env=None if env is None else {**os.environ, **env})

    def wait_for_port(self, port, limit=60.0):
        def ready():
            if self.child.poll() is not None:
                raise AssertionError(
                    f"{self.argv[0]} ended with {self.child.returncode}:\n"
                    + self.output())
            return answers(port)
        wait_until(ready, limit, f"{self.argv[0]} on port {port}")
        return self

    def alive(self):
        return self.child.poll() is None

    def output(self, tail=20_000):
        return self.log.read_text(errors="replace")[-tail:]

    @contextlib.contextmanager
    def paused(self):
        """It stands still inside."""
        os.killpg(self.child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.child.pid, signal.SIGCONT)

    def kill(self):
        self._end(signal.SIGKILL, 10)

    def stop(self, limit=20.0):
        self._end(signal.SIGTERM, limit)

    def _end(self, how, limit):
        if self.child.poll() is None:
            os.killpg(self.child.pid, how)
            try:
                self.child.wait(limit)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait(10)
