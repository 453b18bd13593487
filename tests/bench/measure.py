"""What the measurements in Python share: ports, and what a process has used."""
import os
import pathlib
import re
import socket
import subprocess
import sys
import time


BIN = pathlib.Path(os.environ.get(
    "C3_BIN_DIR", pathlib.Path(__file__).resolve().parents[2] / "build/release/bin"))


def end_all(processes):
    """Ends them, the last one first; those that do not end by themselves too."""
    for x in reversed(processes):
        x.terminate()
    for x in reversed(processes):
        try:
            x.wait(20)
        except subprocess.TimeoutExpired:
            x.kill()
            x.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def cpu_seconds(pids):
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / ticks


def number_in_status(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(name + r":\s+(\d+)", text).group(1))


def resident_mb(pid):
    return number_in_status(pid, "VmRSS") / 1024


def children_of(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return [int(x) for x in path.read_text().split()]
