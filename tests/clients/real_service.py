"""A worker with the HTTP service on the local cloud: prints its address and serves
until its input closes. Prints "none" where no worker is built."""

import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "app/demo")]

import stage

if not (stage.BIN / "c3-render-worker").exists():
    print("none", flush=True)
else:
    with stage.Stage(boot_time=0.5) as played:
        print(played.address, flush=True)
        sys.stdin.read()
