"""The README's way by hand, typed as it stands."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("C3_BIN_DIR", str(ROOT / "build/release/bin"))
SKIPPED = 77
PORTS = [6390, 8780, 8095]


def is_free(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def main():
    block = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    build, path, *rest = block.splitlines()
    assert build.startswith("./run build release "), build
    assert path == 'export PATH="$PWD/build/release/bin:$PATH"', path
    # The README's ports are fixed ones.
    if not all(map(is_free, PORTS)):
        print("skipped: one of these ports is taken:", PORTS)
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        got = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(rest) + "\nwait\npwd"],
            cwd=folder, timeout=100, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
            env={"PATH": f"{BIN}:{os.environ['PATH']}", "TMPDIR": folder,
                 "LC_ALL": "C.UTF-8"})
        print(got.stdout)
        assert got.returncode == 0, got.returncode
        work = pathlib.Path(got.stdout.splitlines()[-1])
        assert (work / "hello.mp3").stat().st_size > 2000
        assert "hello" in got.stdout, "the transcript"
        assert '"content_type": "audio/mpeg"' in got.stdout, "the answer to curl"
        ledger = (work / "worker.log").read_text()
        assert "stopped" in ledger, ledger
    assert all(map(is_free, PORTS)), "something was left running"
    return 0


if __name__ == "__main__":
    sys.exit(main())
