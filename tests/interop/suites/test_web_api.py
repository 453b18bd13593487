"""OpenAI's own Python client against the HTTP service: on a warm fleet it gets
sound and text, on a cold one it is told so, and makes no second job."""
import io
import subprocess
import time

import openai
import pytest

from support.local_cloud import LocalCloud
from support.process import wait_until
from support.web_service import WebService
from support.world import World


class Served(World):
    """A worker on a local cloud, and the service on the same Redis."""

    def __init__(self, cloud, **env):
        super().__init__([], **{k: v for k, v in cloud.env.items()
                                if k.startswith("C3_")}, **env)
        self.web = WebService(self.folder, self.redis_server.port, keys=True,
                              OUTPUT_DIR=self.env["OUTPUT_DIR"])
        # Where workers get uploads from; the service takes its own address.
        self.env["WEB_URL"] = self.web.url

    def __exit__(self, *what):
        self.web.close()
        super().__exit__(*what)

    def client(self, role="submit", **options):
        return openai.OpenAI(base_url=self.web.url + "/v1",
                             api_key=self.web.keys[role], timeout=60,
                             **options)

    def jobs(self):
        return {x for x in self.redis.scan_iter("job:*", 1000)
                if x.count(":") == 1}


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    with Served(cloud) as world:
        for _ in range(2):
            job = world.run("csm", {"text": "Warm.", "voice": "random"})
            assert job["status"] == "success"
        # The service goes by what workers write every 10 s.
        ended = time.time()
        wait_until(lambda: any(
            int(x.get("gpus_ready", 0)) >= 1 and float(x["seen_at"]) > ended
            for x in map(world.redis.hgetall,
                         world.redis.scan_iter("c3:worker:*"))),
            what="a heartbeat with a ready GPU")
        yield world
    cloud.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a sound, ä.wav"
    subprocess.run(["espeak-ng", "-w", path, "one two three"], check=True)
    return path


def kind_of(path):
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries",
         "format=format_name,duration", "-of", "csv=p=0", path],
        capture_output=True, text=True, check=True)
    name, seconds = done.stdout.strip().split(",")
    return name, float(seconds)


def test_speech(warm, tmp_path):
    got = warm.client().audio.speech.create(
        model="tts-1", voice="alloy", input="Hello there, how are you?")
    path = tmp_path / "a.mp3"
    got.write_to_file(path)
    name, seconds = kind_of(path)
    assert name == "mp3" and 0.5 < seconds < 20
    assert got.response.headers["content-type"] == "audio/mpeg"
    record = warm.record(got.response.headers["x-c3-job"])
    assert (record["type"], record["status"]) == ("csm", "success")


def test_speech_as_a_stream(warm, tmp_path):
    path = tmp_path / "a.mp3"
    with warm.client().audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="conversational_a",
            input="Hello.", response_format="mp3") as got:
        got.stream_to_file(path)
    assert kind_of(path)[0] == "mp3"


def test_transcription_and_translation(warm, sound):
    client = warm.client()
    with open(sound, "rb") as file:
        got = client.audio.transcriptions.create(model="whisper-1", file=file)
    assert isinstance(got.text, str) and got.text
    got = client.audio.transcriptions.create(
        model="whisper-1", file=("b.wav", sound.read_bytes(), "audio/wav"),
        language="en", response_format="text")
    assert isinstance(got, str) and got
    got = client.audio.translations.create(model="tiny",
                                           file=sound)
    assert got.text
    kinds = [warm.redis.hget(x, "data") for x in warm.jobs()
             if warm.redis.hget(x, "type") == "whisper"]
    assert len(kinds) == 3
    assert sum('"task":"translate"' in x for x in kinds) == 1
    assert sum('"model":"tiny"' in x for x in kinds) == 1


def test_models(warm):
    models = list(warm.client("view").models.list())
    assert {"csm", "whisper-1"} <= {x.id for x in models}
    assert {x.object for x in models} == {"model"}


def test_what_is_refused(warm, sound):
    before = warm.jobs()
    client = warm.client()
    for kind, more in ((openai.BadRequestError, {"response_format": "opus"}),
                       (openai.BadRequestError, {"speed": 2.0}),
                       (openai.BadRequestError, {"input": ""})):
        with pytest.raises(kind) as got:
            client.audio.speech.create(
                **{"model": "csm", "voice": "alloy", "input": "a", **more})
        assert got.value.param == list(more)[0]
        assert got.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError):
        client.audio.transcriptions.create(model="whisper-1", file=sound,
                                           response_format="srt")
    with pytest.raises(openai.BadRequestError):
        client.audio.transcriptions.create(
            model="whisper-1", file=("a.wav", io.BytesIO(b"")))
    with pytest.raises(openai.PermissionDeniedError):
        warm.client("view").audio.speech.create(model="csm", voice="alloy",
                                                input="a")
    stranger = openai.OpenAI(base_url=warm.web.url + "/v1", api_key="wrong",
                             max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()
    assert warm.jobs() == before


def test_a_job_that_fails(warm):
    with pytest.raises(openai.APIStatusError) as got:
        warm.client(max_retries=0).audio.transcriptions.create(
            model="whisper-1", file=("a.wav", b"this is no sound"))
    assert got.value.status_code == 400
    job = got.value.response.json()["job"]
    assert warm.record(job)["error_code"] == "invalid_input"


@pytest.mark.parametrize("options", [{"max_retries": 0}, {}, {"max_retries": 5}],
                         ids=str)
def test_a_cold_fleet_gets_one_job(tmp_path, options):
    cloud = LocalCloud(tmp_path, boot_time="300s")
    try:
        with Served(cloud, PRE_LAUNCH_TIMEOUT=600,
                    PRE_LAUNCH_TIMEOUT_MAX=600) as world:
            begun = time.monotonic()
            with pytest.raises(openai.InternalServerError) as got:
                world.client(**options).audio.speech.create(
                    model="csm", voice="alloy", input="Hello.")
            took = time.monotonic() - begun
            answer = got.value.response
            assert got.value.status_code == 503 and took < 5
            assert int(answer.headers["retry-after"]) >= 1
            job = answer.headers["x-c3-job"]
            assert job in got.value.message
            # Their client would try again, and make a job each time.
            assert world.jobs() == {"job:" + job}
            assert world.redis.lrange("queue:jobs", 0, -1) == [job]
    finally:
        cloud.close()
