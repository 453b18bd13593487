"""A worker with the HTTP service on the local cloud: prints its address and serves
until its input closes. Prints "none" where this worker has no such service."""

import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "app/demo")]

import stage

if not (stage.BIN / "c3-render-worker").exists() \
        or not stage.has_setting("WEB_ADDRESS"):
    print("none", flush=True)
else:
    with stage.Stage(boot_time=0.5) as played:
        print(played.address, flush=True)
        sys.stdin.read()
