"""The official Ollama and OpenAI clients on the local cloud's vision node, and
the worker's questions to a node that checks them with those clients' types."""
import base64
import subprocess
import sys

import httpx
import ollama
import openai
import pytest

from support.gradio_node import HERE
from support.local_cloud import LocalCloud
from support.process import Process, free_port
from support.world import World

MODEL = "llama3.2-vision:11b"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A large PNG and a small JPEG."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, size in (("large.png", "2400x1200"), ("small.jpg", "120x80")):
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
             f"testsrc=size={size}", "-frames:v", "1", str(folder / name)],
            check=True)
    return folder


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def node(cloud):
    return cloud.launch("ollama_webui:fast")


# -- the official Ollama client ------------------------------------------------


@pytest.fixture
def client(cloud, node):
    return ollama.Client(host=node, headers=cloud.key)


def test_ollama_lists_and_shows_models(client):
    assert [x.model for x in client.list().models] == [MODEL]
    assert "vision" in client.show(MODEL).capabilities
    assert client.ps().models == []


def test_ollama_generates(client, pictures):
    got = client.generate(MODEL, "What is this?",
                          images=[pictures / "small.jpg"])
    assert got.done and got.done_reason == "stop" and got.eval_count > 0
    assert "120" in got.response or len(got.response) > 20
    pieces = list(client.generate(MODEL, "What is this?", stream=True,
                                  images=[pictures / "small.jpg"]))
    assert "".join(x.response for x in pieces) == got.response
    assert [x.done for x in pieces] == [False] * (len(pieces) - 1) + [True]


def test_ollama_chats(client, pictures):
    message = {"role": "user", "content": "What is this?",
               "images": [pictures / "small.jpg"]}
    whole = client.chat(MODEL, [message])
    assert whole.message.role == "assistant" and whole.message.content
    pieces = list(client.chat(MODEL, [message], stream=True))
    assert "".join(x.message.content for x in pieces) == whole.message.content


def test_ollama_loads_a_model_without_a_question(client):
    got = client.generate(MODEL)
    assert (got.done_reason, got.response) == ("load", "")


def test_ollama_errors_are_understood(cloud, client, pictures):
    with pytest.raises(ollama.ResponseError) as why:
        client.generate("no-such-model", "hello")
    assert why.value.status_code == 404 and "not found" in why.value.error
    picture = base64.b64encode(b"no picture").decode()
    with pytest.raises(ollama.ResponseError) as why:
        client.generate(MODEL, "What is this?", images=[picture])
    assert why.value.status_code == 500
    with pytest.raises(ollama.ResponseError) as why:
        client.generate(MODEL, "two", images=[pictures / "small.jpg"] * 2)
    assert why.value.status_code == 400
    cloud.fault(fault="ollama_busy", count=1)
    with pytest.raises(ollama.ResponseError) as why:
        client.generate(MODEL, "hello")
    assert why.value.status_code == 503
    cloud.fault(fault="ollama_midstream_error", count=1)
    with pytest.raises(ollama.ResponseError) as why:
        list(client.generate(MODEL, "What is this?", stream=True,
                             images=[pictures / "small.jpg"]))
    assert "unexpected EOF" in why.value.error


# -- the official OpenAI client ------------------------------------------------


@pytest.fixture
def openai_client(cloud, node):
    return openai.OpenAI(base_url=node + "/v1", api_key=cloud.env["C3_API_KEY"],
                         max_retries=0)


def question(url):
    return [{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": url}}]}]


@pytest.fixture
def data_url(pictures):
    return ("data:image/jpeg;base64," + base64.b64encode(
        (pictures / "small.jpg").read_bytes()).decode())


def test_openai_lists_models(openai_client):
    assert [x.id for x in openai_client.models.list()] == [MODEL]


def test_openai_chats(openai_client, data_url):
    got = openai_client.chat.completions.create(
        model=MODEL, messages=question(data_url), max_tokens=300)
    assert got.choices[0].finish_reason == "stop"
    text = got.choices[0].message.content
    assert text and got.usage.total_tokens > got.usage.prompt_tokens
    chunks = list(openai_client.chat.completions.create(
        model=MODEL, messages=question(data_url), stream=True))
    assert "".join(x.choices[0].delta.content or "" for x in chunks) == text
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert {x.choices[0].finish_reason for x in chunks[:-1]} == {None}
    assert len({x.id for x in chunks}) == 1


def test_openai_errors_are_understood(cloud, node, openai_client, data_url):
    ask = openai_client.chat.completions.create
    with pytest.raises(openai.NotFoundError) as why:
        ask(model="no-such-model", messages=question(data_url))
    assert "no-such-model" in why.value.message
    with pytest.raises(openai.BadRequestError):
        ask(model=MODEL, messages=question("https://example.com/a.jpg"))
    with pytest.raises(openai.BadRequestError):
        ask(model=MODEL, messages=[])
    stranger = openai.OpenAI(base_url=node + "/v1", api_key="wrong",
                             max_retries=0)
    with pytest.raises(openai.APIStatusError) as why:
        stranger.models.list()
    assert why.value.status_code in (401, 403)
    # The client itself tries a busy server again.
    cloud.fault(fault="ollama_busy", count=1)
    patient = openai_client.with_options(max_retries=2)
    assert patient.chat.completions.create(
        model=MODEL, messages=question(data_url)).choices


# -- the worker ----------------------------------------------------------------


class StrictNode:
    def __init__(self, folder, *forms):
        self.port = free_port()
        self.process = Process(
            [sys.executable, HERE / "apps/vision_node.py", self.port, *forms],
            folder / "vision.log").wait_for_port(self.port)
        self.host = f"127.0.0.1:{self.port}"

    def seen(self):
        return httpx.get(f"http://{self.host}/seen").json()


@pytest.mark.parametrize("form", ["ollama", "openai"])
def test_a_strict_node_accepts_the_workers_questions(tmp_path, pictures, form):
    node = StrictNode(tmp_path, form)
    with World([node.host]) as world:
        for name, largest in (("large.png", (1120, 560)),
                              ("small.jpg", (120, 80))):
            record = world.run("analyze", {
                "image_url": world.publish(pictures / name),
                "prompt": 'Was ist "das"?\nZeile 2 \\ 世界'})
            assert record["status"] == "success", record
            assert record["result"] == (
                "A grey square, and nothing else: größer als 世界.")
            asked = [x for x in node.seen() if "form" in x][-1]
            assert asked["form"] == form
            assert tuple(asked["size"]) == largest
            assert asked["prompt"] == 'Was ist "das"?\nZeile 2 \\ 世界'
        record = world.run("analyze", {
            "image_url": world.publish(pictures / "small.jpg")})
        assert record["status"] == "success", record
    refused = [x["refused"] for x in node.seen() if "refused" in x]
    assert refused == []
    node.process.stop()


def test_a_model_that_is_not_there_is_named(tmp_path, pictures):
    node = StrictNode(tmp_path, "openai")
    with World([node.host], VISION_MODEL="other:1b") as world:
        record = world.run("analyze", {
            "image_url": world.publish(pictures / "small.jpg")})
    assert record["status"] == "failed"
    assert "model 'other:1b' not found" in record["error"]
    node.process.stop()
