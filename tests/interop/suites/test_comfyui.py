"""The local cloud's ComfyUI, route by route, beside the published server
(ComfyUI v0.3.64 to 0.3.66). Each row: a route, what the published server does
and where its source says so, and a check that ours does it."""
import json
import urllib.error
import urllib.request
import uuid

import pytest

from support.local_cloud import LocalCloud
from support.process import wait_until


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

    def submit(self, **more):
        status, _, body = self.ask("POST", "/prompt",
                                   {"prompt": self.workflow(), **more})
        return status, json.loads(body)

    def finished(self, **more):
        """(id, its history)"""
        _, got = self.submit(**more)
        name = got["prompt_id"]
        return name, wait_until(
            lambda: self.get(f"/history/{name}").get(name), 30, "the history")


PICTURE = b"P6 4 4 255\n" + bytes(range(48))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def comfy(cloud):
    comfy = Comfy(cloud)
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
]


@pytest.mark.parametrize(
    "check", [x[3] for x in ROUTES],
    ids=[f"{x[0].replace('/', '_').strip('_')}: {x[3].__name__}"
         for x in ROUTES])
def test_a_route_is_as_published(comfy, check):
    wait_until(lambda: comfy.get("/prompt")["exec_info"]["queue_remaining"]
               == 0, 30)
    check(comfy)
