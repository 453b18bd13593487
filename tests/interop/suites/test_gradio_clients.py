"""The official clients against c3-local-cloud, and the very same calls against
the real server: what a caller sees must not differ."""
import pytest

from support.driven_client import DrivenClient
from support.gradio_node import GradioNode
from support.local_cloud import LocalCloud
from support.process import wait_until
from support.world import make_sound

RELEASES = {"gradio4": "4.44.1", "gradio5": "5.49.1", "gradio6": "6.31.0"}
VALUES = {"speaker_voice": "conversational_a", "speaker_text": "",
          "speaker_audio": None, "monologue_json": '["good morning"]',
          "temperature": 0.9, "topk": 50, "max_audio_length": 10000,
          "pause_duration": 150}
MP3 = ("494433", "fff")


class RealPeer:
    def __init__(self, folder, version):
        self.node = GradioNode(folder, version).ready()
        self.base = f"http://{self.node.host()}"
        self.key = "any"

    def order(self, app, do, text=None):
        self.node.forget()
        self.node.order(app, {"do": do, "text": text})

    def forget(self):
        # A held call that still runs ends now.
        self.node.release()

    def close(self):
        self.node.process.kill()


class LocalPeer:
    FAULTS = {"error": "gradio_error", "exception": "gradio_null_error",
              "trouble": "whisper_error_text"}

    def __init__(self, folder, version):
        self.cloud = LocalCloud(folder, "--gradio-version",
                                RELEASES[version])
        self.base = self.cloud.launch()
        self.key = self.cloud.env["C3_API_KEY"]

    def order(self, app, do, text=None):
        if do == "hold":
            self.cloud.fault(fault="slow", arg=f"{app}=20s", count=1)
        else:
            self.cloud.fault(fault=self.FAULTS[do], arg=text or "", count=1)

    def forget(self):
        pass

    def close(self):
        self.cloud.close()


@pytest.fixture(scope="module", params=[LocalPeer, RealPeer],
                ids=["local cloud", "real server"])
def peer(request, tmp_path_factory):
    peer = request.param(tmp_path_factory.mktemp("peer"),
                         request.config.getoption("--gradio"))
    yield peer
    peer.close()


@pytest.fixture(scope="module", params=["python", "javascript"])
def client(request, peer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    client = DrivenClient(
        request.param, request.config.getoption("--gradio"),
        peer.base + "/csm/", peer.base + "/whisper/", peer.key,
        make_sound(folder / "speech.wav"), folder / "client.log")
    yield client
    client.close()


@pytest.fixture(autouse=True)
def clean(peer):
    yield
    peer.forget()


def test_the_endpoints_are_described(client):
    names, error = client.ask("describe")
    assert error is None
    assert names["csm"] == list(VALUES)
    assert len(names["whisper"]) == 37
    assert names["whisper"][:7] == ["audio_file", "model", "task", "language",
                                    "device", "compute_type", "batch_size"]


@pytest.mark.parametrize("clone", [False, True], ids=["voice", "clone"])
def test_speech_comes_as_a_file(client, clone):
    values = {**VALUES, **({"speaker_voice": "upload_voice"} if clone else {})}
    start, error = client.ask("monologue", values=values, clone=clone)
    assert error is None
    assert start.startswith(MP3)


def test_defaults_fill_what_the_caller_leaves_out(client):
    start, error = client.ask("monologue", values={
        "speaker_audio": None, "monologue_json": '["hello"]',
        "speaker_text": ""})
    assert error is None
    assert start.startswith(MP3)


def test_a_transcript_comes_with_its_files(client):
    got, error = client.ask("transcribe", values={"model": "small"})
    assert error is None
    assert isinstance(got["text"], str)
    assert [x.rsplit(".", 1)[1] for x in got["files"]] == ["json", "txt",
                                                           "srt", "vtt"]


def test_an_error_reaches_the_caller_with_its_text(client, peer):
    peer.order("csm", "error", "Generation failed: no voice")
    _, error = client.ask("monologue", values=VALUES)
    assert error and "Generation failed: no voice" in error


def test_an_exception_reaches_the_caller(client, peer):
    peer.order("csm", "exception")
    _, error = client.ask("monologue", values=VALUES)
    assert error


def test_whisperx_errors_look_like_a_transcript(client, peer):
    peer.order("whisper", "trouble", "cannot read")
    got, error = client.ask("transcribe", values={"model": "small"})
    assert error is None
    assert got == {"text": "Error: cannot read", "files": []}


@pytest.mark.parametrize("values", [{"speaker_voice": "nobody"},
                                    {"temperature": 9}],
                         ids=["choice", "slider"])
def test_values_out_of_range_are_refused_since_gradio_5(client, request,
                                                        values):
    _, error = client.ask("monologue", values={**VALUES, **values})
    if request.config.getoption("--gradio") == "gradio4":
        assert error is None
    else:
        assert error and str(*values.values()) in error


def test_a_running_call_can_be_cancelled(client, peer):
    peer.order("csm", "hold")
    client.ask("start", values=VALUES)
    wait_until(lambda: client.ask("stage")[0] == "PROCESSING", 10, "running")
    ended, error = client.ask("cancel")
    assert error is None
    assert ended != "a result"
    start, error = client.ask("monologue", 15, values=VALUES)
    assert error is None
    assert start.startswith(MP3)
