"""How a test tells the apps what to do next, and learns what they did: files
in the folder INTEROP_CONTROL. `{app}.todo` holds one line for each call to
come; without one a call just succeeds. `calls.jsonl` gets a line for each
call as it begins and as it ends."""
import fcntl
import json
import os
import pathlib
import time

import gradio as gr

FOLDER = pathlib.Path(os.environ["INTEROP_CONTROL"])


def next_order(app):
    path = FOLDER / f"{app}.todo"
    if not path.exists():
        return {"do": "ok"}
    with open(path, "r+") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        lines = f.read().splitlines()
        f.seek(0)
        f.truncate()
        f.write("".join(x + "\n" for x in lines[1:]))
    return json.loads(lines[0]) if lines else {"do": "ok"}


def note(app, what, **more):
    with open(FOLDER / "calls.jsonl", "a") as f:
        f.write(json.dumps({"app": app, "what": what, **more}) + "\n")


def obey(app, order):
    """What a model of the outside would do of itself."""
    if order["do"] == "hold":
        end = time.monotonic() + order.get("seconds", 60)
        while not (FOLDER / "release").exists() and time.monotonic() < end:
            time.sleep(0.02)
    elif order["do"] == "error":
        raise gr.Error(order["text"])
    elif order["do"] == "exception":
        raise RuntimeError("nobody sees this text")
