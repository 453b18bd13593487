"""The local cloud's ComfyUI, route by route, beside the published server
(ComfyUI v0.3.64 to 0.3.66), its WebSocket by the `websockets` package's own
client. Each row: a route, what the published server does
and where its source says so, and a check that ours does it."""
import contextlib
import json
import pathlib
import urllib.error
import urllib.request
import uuid

import pytest

from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from support.local_cloud import LocalCloud
from support.process import wait_until
from support.world import make_sound


class Comfy:
    """What a client sees of it: (status, headers, body)."""

    def __init__(self, cloud):
        before, after = cloud.env["C3_NODE_URL"].split("{node}")
        name = cloud.launch()[len(before):].removesuffix(after)
        self.base = cloud.env["C3_UI_URL"].replace("{node}", name)
        self.key = cloud.key

    def ask(self, method, path, body=None, headers=(), raw=None):
        data = raw if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {**self.key, **dict(headers)},
            method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as got:
                return got.status, got.headers, got.read()
        except urllib.error.HTTPError as why:
            return why.code, why.headers, why.read()

    def get(self, path):
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def upload(self, name, content, **fields):
        edge = uuid.uuid4().hex
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="image"; '
                 f'filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"]
        parts += [f'--{edge}\r\nContent-Disposition: form-data; name="{k}"'
                  f"\r\n\r\n{v}\r\n".encode() for k, v in fields.items()]
        return self.ask("POST", "/upload/image", raw=b"".join(parts)
                        + f"--{edge}--\r\n".encode(), headers={
            "Content-Type": f"multipart/form-data; boundary={edge}"})

    def workflow(self):
        name = json.loads(self.upload("a.ppm", PICTURE)[2])["name"]
        return {"1": {"class_type": "LoadImage", "inputs": {"image": name}},
                "2": {"class_type": "PreviewImage",
                      "inputs": {"images": ["1", 0]}}}

    def submit(self, prompt=None, **more):
        status, _, body = self.ask(
            "POST", "/prompt", {"prompt": prompt or self.workflow(), **more})
        return status, json.loads(body)

    def portrait(self):
        """The worker's own workflow, filled in."""
        graph = json.loads(PORTRAIT.read_text())
        self.upload("a.ppm", PICTURE)
        self.upload("a.wav", self.sound)
        graph["18"]["inputs"]["image"] = "a.ppm"
        graph["26"]["inputs"]["audio"] = "a.wav"
        graph["58"]["inputs"].update(width=64, height=48)
        return graph

    def listen(self, client="", path="/ws"):
        query = f"?clientId={client}" if client else ""
        return connect(self.base.replace("http", "ws", 1) + path + query,
                       additional_headers=self.key)

    def finished(self, **more):
        """(id, its history)"""
        _, got = self.submit(**more)
        name = got["prompt_id"]
        return name, wait_until(
            lambda: self.get(f"/history/{name}").get(name), 30, "the history")


PORTRAIT = (pathlib.Path(__file__).parents[3] / "deploy" / "workflows"
            / "portrait.json")
PICTURE = b"P6 4 4 255\n" + bytes(range(48))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), "--render-time",
                       "comfyui=1s")
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def comfy(cloud, tmp_path_factory):
    comfy = Comfy(cloud)
    comfy.cloud = cloud
    comfy.sound = make_sound(tmp_path_factory.mktemp("sound") / "a.wav",
                             1.0).read_bytes()
    wait_until(lambda: comfy.ask("GET", "/system_stats")[0] == 200, 20)
    return comfy


def system_stats(x):
    got = x.get("/system_stats")
    assert {"os", "comfyui_version", "python_version", "pytorch_version",
            "ram_total", "ram_free", "argv"} <= set(got["system"])
    assert {"name", "type", "index", "vram_total", "vram_free",
            "torch_vram_total", "torch_vram_free"} <= set(got["devices"][0])


def every_route_twice(x):
    for path in ("/system_stats", "/queue", "/prompt", "/history"):
        assert set(x.get(path)) == set(x.get("/api" + path))


def exec_info(x):
    assert x.get("/prompt") == {"exec_info": {"queue_remaining": 0}}


def upload_names(x):
    first = json.loads(x.upload("same.png", b"one")[2])
    assert first == {"name": "same.png", "subfolder": "", "type": "input"}
    assert json.loads(x.upload("same.png", b"one")[2])["name"] == "same.png"
    other = json.loads(x.upload("same.png", b"two")[2])
    assert other["name"] == "same (1).png"
    over = x.upload("same.png", b"three", overwrite="true")
    assert json.loads(over[2])["name"] == "same.png"
    into = json.loads(x.upload("b.wav", b"x", subfolder="in/there")[2])
    assert into == {"name": "b.wav", "subfolder": "in/there", "type": "input"}


def upload_refused(x):
    assert x.ask("POST", "/upload/image", raw=b"", headers={
        "Content-Type": "application/octet-stream"})[0] >= 400
    assert x.upload("a.png", b"x", subfolder="../../out")[0] == 400


def prompt_accepted(x):
    mine = str(uuid.uuid4())
    status, got = x.submit(prompt_id=mine, client_id="me")
    assert status == 200
    assert got["prompt_id"] == mine and got["node_errors"] == {}
    assert isinstance(got["number"], int)
    status, got = x.submit()
    assert uuid.UUID(got["prompt_id"])


def prompt_refused(x):
    status, _, body = x.ask("POST", "/prompt", {})
    assert (status, json.loads(body)["error"]["type"]) == (400, "no_prompt")
    status, _, body = x.ask("POST", "/prompt", {"prompt": {"1": {
        "class_type": "NoSuchNode", "inputs": {}}}})
    got = json.loads(body)
    assert status == 400 and got["error"]["type"] == "invalid_prompt"
    status, _, body = x.ask("POST", "/prompt", {"prompt": {"1": {
        "class_type": "LoadImage", "inputs": {"image": "a.png"}}}})
    got = json.loads(body)
    assert status == 400 and got["error"]["type"] == "prompt_no_outputs"
    graph = x.workflow()
    graph["1"]["inputs"]["image"] = "not-there.png"
    status, _, body = x.ask("POST", "/prompt", {"prompt": graph})
    got = json.loads(body)
    assert got["error"]["type"] == "prompt_outputs_failed_validation"
    assert got["node_errors"]["1"]["dependent_outputs"] == ["2"]
    assert set(got["error"]) == {"type", "message", "details", "extra_info"}


def history_of_one(x):
    name, got = x.finished(client_id="me")
    assert got["status"]["status_str"] == "success"
    assert got["status"]["completed"] is True
    kinds = [m[0] for m in got["status"]["messages"]]
    assert kinds[0] == "execution_start"
    assert kinds[-1] == "execution_success"
    for _, data in got["status"]["messages"]:
        assert data["prompt_id"] == name and data["timestamp"] > 10**12
    number, same, graph, extra, outputs = got["prompt"]
    assert same == name and outputs == ["2"] and "1" in graph
    assert extra["client_id"] == "me" and isinstance(number, int)
    [image] = got["outputs"]["2"]["images"]
    assert {"filename", "subfolder", "type"} <= set(image)
    assert image["type"] == "temp"


def history_unknown(x):
    assert x.get(f"/history/{uuid.uuid4()}") == {}


def history_changes(x):
    first, _ = x.finished()
    second, _ = x.finished()
    assert list(x.get("/history?max_items=1")) == [second]
    assert x.ask("POST", "/history", {"delete": [first]})[0] == 200
    assert first not in x.get("/history")
    assert second in x.get("/history")
    assert x.ask("POST", "/history", {"clear": True})[0] == 200
    assert x.get("/history") == {}


def view_files(x):
    _, got = x.finished()
    [image] = got["outputs"]["2"]["images"]
    path = f"/view?filename={image['filename']}&type=temp&subfolder="
    status, headers, body = x.ask("GET", path)
    assert status == 200 and headers["Content-Type"] == "image/png"
    assert image["filename"] in headers["Content-Disposition"]
    part = x.ask("GET", path, headers={"Range": "bytes=0-3"})
    assert part[0] == 206 and part[2] == body[:4]
    assert x.ask("HEAD", path)[0] == 200
    assert x.ask("GET", "/view?filename=none.png")[0] == 404
    # Without a filename the published handler falls through to its end.
    assert x.ask("GET", "/view")[0] == 404
    assert x.ask("GET", "/view?filename=/etc/passwd")[0] == 400
    assert x.ask("GET", "/view?filename=..%2Fx")[0] == 400
    assert x.ask("GET", path.replace("subfolder=", "subfolder=../.."))[0] == 403


def queue_changes(x):
    assert x.get("/queue") == {"queue_running": [], "queue_pending": []}
    for change in ({"delete": [str(uuid.uuid4())]}, {"clear": True}):
        assert x.ask("POST", "/queue", change)[::2] == (200, b"")


def interrupt_answers(x):
    for body in ({"prompt_id": str(uuid.uuid4())}, {}):
        assert x.ask("POST", "/interrupt", body)[::2] == (200, b"")
    assert x.ask("POST", "/free", {"unload_models": True})[0] == 200


def no_cancel(x):
    assert x.ask("POST", "/cancel", {})[0] in (404, 405)
    assert x.ask("GET", "/no-such-route")[0] == 404


def heard(socket, last, limit=20):
    """All messages up to the one of which `last` is true."""
    out = []
    while not out or not last(out[-1]):
        message = socket.recv(timeout=limit)
        assert isinstance(message, str)
        out.append(json.loads(message))
    return out


def prompt_left(name):
    return lambda x: (x["type"] == "executing" and x["data"]["node"] is None
                      and x["data"]["prompt_id"] == name)


def of_type(kind):
    return lambda x: x["type"] == kind


def places(messages, *wanted):
    """Where the first message of each (type, data that it has) is."""
    return [next(i for i, x in enumerate(messages) if x["type"] == kind
                 and data.items() <= x["data"].items())
            for kind, data in wanted]


def socket_greets(x):
    for path in ("/ws", "/api/ws"):
        with x.listen("one", path) as socket:
            assert json.loads(socket.recv(timeout=5)) == {
                "type": "status", "data": {
                    "status": {"exec_info": {"queue_remaining": 0}},
                    "sid": "one"}}
    with x.listen() as socket:
        sid = json.loads(socket.recv(timeout=5))["data"]["sid"]
        assert len(sid.replace("-", "")) == 32
    assert x.ask("GET", "/ws")[0] == 400


def socket_features(x):
    with x.listen("one") as socket:
        hello = {"type": "feature_flags", "data": {}}
        socket.send(json.dumps(hello))
        answer = heard(socket, of_type("feature_flags"))[-1]["data"]
        assert answer["supports_preview_metadata"] is True
        # Only as the first message; nonsense is no reason to hang up.
        socket.send(json.dumps(hello))
        socket.send("not JSON {")
        socket.send(b"binary")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)
        assert socket.ping().wait(5)


def socket_prompt(x):
    with x.listen("me") as socket:
        name = x.submit(x.portrait(), client_id="me")[1]["prompt_id"]
        told = heard(socket, prompt_left(name))
    mine = {"prompt_id": name}
    order = places(
        told, ("status", {"status": {"exec_info": {"queue_remaining": 1}}}),
        ("execution_start", mine), ("execution_cached", {"nodes": [], **mine}),
        *[("executing", {"node": n, "display_node": n, **mine})
          for n in ("18", "58", "33", "31")],
        *[("progress", {"value": i, "max": 25, "node": "31", **mine})
          for i in range(1, 26)],
        ("executing", {"node": "13", **mine}),
        ("executed", {"node": "13", "display_node": "13", **mine}),
        ("execution_success", mine))
    assert order == sorted(order)
    # Each step's state comes before the step, each node's before its start.
    assert told[order[3] - 1]["type"] == "progress_state"
    [video] = [m["data"]["output"] for m in told if m["type"] == "executed"
               and m["data"]["node"] == "13"]
    history = x.get(f"/history/{name}")[name]
    assert history["outputs"]["13"] == video
    # The queue has let go of it before it is said to have left.
    assert told[-2] == {"type": "status", "data": {
        "status": {"exec_info": {"queue_remaining": 0}}}}
    kept = [m for m in told if "timestamp" in m["data"]]
    assert [[m["type"], m["data"]] for m in kept] == \
        history["status"]["messages"]
    state = [m["data"]["nodes"]["31"] for m in told
             if m["type"] == "progress_state" and "31" in m["data"]["nodes"]]
    assert [s["state"] for s in state][0] == "running"
    assert state[-1] == {
        "value": 25, "max": 25, "state": "finished", "node_id": "31",
        "prompt_id": name, "display_node_id": "31", "parent_node_id": None,
        "real_node_id": "31"}


def socket_others(x):
    with x.listen("me") as mine, x.listen("other") as other:
        first = x.submit(client_id="me")[1]["prompt_id"]
        second = x.submit(client_id="other")[1]["prompt_id"]
        told = heard(other, prompt_left(second))
        about_first = {m["type"] for m in told
                       if m["data"].get("prompt_id") == first}
        assert about_first == {"progress_state"}
        told = heard(mine, prompt_left(first))
        assert second not in {m["data"].get("prompt_id") for m in told}


def socket_nobody(x):
    with x.listen("one") as socket:
        name, _ = x.finished(prompt=x.portrait())
        told = heard(socket, lambda m: m["type"] == "status"
                     and m["data"]["status"]["exec_info"]["queue_remaining"]
                     == 0 and len(m["data"]) == 1)
        about = {m["type"] for m in told
                 if m["data"].get("prompt_id") == name}
        # Of a prompt without a client, the steps are told to all.
        assert about == {"progress_state", "progress"}


def socket_interrupted(x):
    with x.listen("me") as socket:
        name = x.submit(x.portrait(), client_id="me")[1]["prompt_id"]
        heard(socket, of_type("progress"))
        x.ask("POST", "/interrupt", {"prompt_id": name})
        told = heard(socket, prompt_left(name))
    [why] = [m["data"] for m in told if m["type"] == "execution_interrupted"]
    assert why["node_id"] == "31" and why["node_type"] == "SONICSampler"
    assert "33" in why["executed"] and "31" not in why["executed"]
    assert "execution_success" not in {m["type"] for m in told}
    status = x.get(f"/history/{name}")[name]["status"]
    assert status["messages"][-1][0] == "execution_interrupted"


def socket_failed(x):
    x.cloud.fault(fault="comfy_execution_error", arg="no memory", count=1)
    with x.listen("me") as socket:
        name = x.submit(x.portrait(), client_id="me")[1]["prompt_id"]
        told = heard(socket, prompt_left(name))
    [why] = [m["data"] for m in told if m["type"] == "execution_error"]
    assert "no memory" in why["exception_message"]
    assert {"node_id", "node_type", "executed", "exception_type", "traceback",
            "current_inputs", "current_outputs"} <= set(why)


def socket_again(x):
    name = x.submit(x.portrait(), client_id="me")[1]["prompt_id"]
    with x.listen("me") as socket:
        heard(socket, of_type("progress"))
    with x.listen("me") as socket:
        told = heard(socket, prompt_left(name))
    assert told[0]["type"] == "status" and told[0]["data"]["sid"] == "me"
    assert told[1] == {"type": "executing", "data": {"node": "31"}}
    steps = [m["data"]["value"] for m in told if m["type"] == "progress"]
    assert steps == list(range(steps[0], 26)) and steps[0] > 1


def socket_replaced(x):
    with contextlib.ExitStack() as both:
        # The first has its place when it is told the status.
        old = both.enter_context(x.listen("me"))
        heard(old, of_type("status"))
        new = both.enter_context(x.listen("me"))
        heard(new, of_type("status"))
        x.finished(client_id="me")
        heard(new, of_type("execution_success"))
        with pytest.raises(TimeoutError):
            old.recv(timeout=0.2)
        # The old one's end takes the name away from the new one.
        old.close()
        wait_until(lambda: told_nothing(x, new), 10, "the place to be gone")


def told_nothing(x, socket):
    x.finished(client_id="me")
    told = 0
    try:
        while socket.recv(timeout=0.3):
            told += 1
    except TimeoutError:
        return told == 0


def socket_refused(x):
    x.cloud.fault(fault="comfy_no_socket", arg="403", count=1)
    with pytest.raises(InvalidStatus) as why:
        x.listen("me")
    assert why.value.response.status_code == 403


def socket_cut(x):
    x.cloud.fault(fault="comfy_drop_socket", count=1)
    with x.listen("me") as socket:
        name = x.submit(x.portrait(), client_id="me")[1]["prompt_id"]
        with pytest.raises(ConnectionClosedError):
            heard(socket, prompt_left(name))
    # The history is the truth, and what is left of it can be heard.
    with x.listen("me") as socket:
        assert heard(socket, prompt_left(name))
    done = x.get(f"/history/{name}")[name]
    assert done["status"]["status_str"] == "success"


# route, what the published server does, where that is read, the check of ours
ROUTES = [
    ("GET /system_stats", "system and devices, fields as listed",
     "server.py: system_stats", system_stats),
    ("/api/...", "every route also under /api",
     "server.py: add_routes", every_route_twice),
    ("GET /prompt", "queue_remaining in exec_info",
     "server.py: get_queue_info", exec_info),
    ("POST /upload/image", "same bytes reuse the name, others get (1), "
     "overwrite replaces, subfolder is made", "server.py: image_upload",
     upload_names),
    ("POST /upload/image", "400 without a file or outside the folder",
     "server.py: image_upload", upload_refused),
    ("POST /prompt", "prompt_id of the client is honoured, else a new one; "
     "number, empty node_errors", "server.py: post_prompt", prompt_accepted),
    ("POST /prompt", "400 with error.type and node_errors",
     "execution.py: validate_prompt", prompt_refused),
    ("GET /history/{id}", "five-part prompt, outputs, status with messages "
     "that carry timestamps in ms", "execution.py: task_done, add_message",
     history_of_one),
    ("GET /history/{id}", "an empty object for an unknown id",
     "execution.py: get_history", history_unknown),
    ("GET, POST /history", "max_items takes the newest; delete, clear",
     "execution.py: get_history, delete_history_item", history_changes),
    ("GET /view", "type and subfolder, Range, HEAD, 400/403/404",
     "server.py: view_image", view_files),
    ("GET, POST /queue", "two arrays; delete and clear answer 200, empty",
     "server.py: get_queue, post_queue", queue_changes),
    ("POST /interrupt, /free", "200, empty, whatever is asked",
     "server.py: post_interrupt, post_free", interrupt_answers),
    ("POST /cancel", "no such route", "server.py: routes", no_cancel),
    ("GET /ws", "the queue's length first, with the client's id or a new one; "
     "400 to what is no upgrade", "server.py: websocket_handler (aiohttp's "
     "WebSocketResponse.prepare)", socket_greets),
    ("GET /ws", "feature_flags are answered, as a first message only; all else "
     "is ignored", "server.py: websocket_handler", socket_features),
    ("GET /ws", "a prompt's messages, in order; those with a timestamp are the "
     "history's", "execution.py: execute, add_message; main.py: "
     "hijack_progress, prompt_worker; comfy_execution/progress.py",
     socket_prompt),
    ("GET /ws", "a prompt's messages go to its client, status and "
     "progress_state to all", "server.py: queue_updated, send_json; "
     "comfy_execution/progress.py: _send_progress_state", socket_others),
    ("GET /ws", "without client_id only the states and steps are told, to all",
     "execution.py: add_message; main.py: hijack_progress", socket_nobody),
    ("GET /ws", "execution_interrupted names the node and what has run",
     "execution.py: handle_execution_error", socket_interrupted),
    ("GET /ws", "execution_error has the exception and the node",
     "execution.py: handle_execution_error", socket_failed),
    ("GET /ws", "who comes back is told the node that runs",
     "server.py: websocket_handler", socket_again),
    ("GET /ws", "a second connection replaces the first; the first one's end "
     "ends the second one's messages", "server.py: websocket_handler "
     "(sockets.pop at its end)", socket_replaced),
    ("GET /ws", "behind a proxy without upgrades: refused",
     "ours alone: fault comfy_no_socket", socket_refused),
    ("GET /ws", "cut in the middle: the prompt goes on",
     "ours alone: fault comfy_drop_socket", socket_cut),
]


@pytest.mark.parametrize(
    "check", [x[3] for x in ROUTES],
    ids=[f"{x[0].replace('/', '_').strip('_')}: {x[3].__name__}"
         for x in ROUTES])
def test_a_route_is_as_published(comfy, check):
    wait_until(lambda: comfy.get("/prompt")["exec_info"]["queue_remaining"]
               == 0, 30)
    check(comfy)
