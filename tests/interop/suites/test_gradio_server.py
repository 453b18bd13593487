"""The worker's csm and whisper renderers against the real Gradio server."""
import json

import pytest

from support.gradio_node import GradioNode, Nginx
from support.process import wait_until
from support.proxy import Proxy
from support.world import World, make_sound

CLONE_TEXT = "the words of the recording"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="module")
def node(folder, request):
    node = GradioNode(folder, request.config.getoption("--gradio"))
    try:
        yield node.ready()
    finally:
        node.process.kill()


@pytest.fixture(scope="module")
def nginx(folder, node):
    nginx = Nginx(folder, node)
    try:
        yield nginx
    finally:
        nginx.process.stop()


@pytest.fixture(scope="module")
def proxy(node):
    proxy = Proxy(node.direct)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module", params=["direct", "nginx", "buffering nginx"])
def any_way(request, node, nginx):
    """A world for each way to the same apps."""
    with World([{"direct": node.host(),
                 "nginx": f"127.0.0.1:{nginx.unbuffered}",
                 "buffering nginx": f"127.0.0.1:{nginx.buffered}"}
                [request.param]]) as world:
        yield world


@pytest.fixture(scope="module")
def world(node, proxy):
    """A world whose way to the apps can be made to fail."""
    with World([proxy.host], MAX_GPUS=1) as world:
        yield world


@pytest.fixture(autouse=True)
def clean(node, proxy):
    node.forget()
    proxy.rule = lambda handler: False
    proxy.requests.clear()


def csm(text="hello", **more):
    return {"monologue": [text], "voice": "random", **more}


def wait_for_stage(world, job, text):
    return wait_until(lambda: text in world.record(job).get("stage", ""),
                      20, f"stage {text}")


# -- each way to the node ------------------------------------------------------


def test_speech_comes_back_as_a_playable_file(any_way, node):
    record = any_way.run("csm", csm("Grüße, 世界"))
    assert record["status"] == "success", record
    sound = open(record["result_url"].removeprefix("file://"), "rb").read()
    assert sound[:3] == b"ID3" or sound[0] == 0xFF
    assert json.loads(node.calls("csm")[-1]["text"]) == ["Grüße, 世界"]


def test_a_voice_is_cloned_from_an_uploaded_recording(any_way, node):
    sound = make_sound(any_way.folder / "my voice + ü.wav", channels=2)
    record = any_way.run("csm", csm(
        voice="clone", reference_text=CLONE_TEXT,
        reference_audio_url=any_way.publish(sound).replace(" ", "%20")))
    assert record["status"] == "success", record
    call = node.calls("csm")[-1]
    assert call["voice"] == "upload_voice"
    assert call["speaker_text"] == CLONE_TEXT
    assert call["channels"] == 1


def test_speech_is_written_down(any_way, node):
    node.order("whisper", {"do": "ok", "text": "Привет, 世界\nзвук 🎙"})
    url = any_way.publish(make_sound(any_way.folder / "speech.mp3"))
    record = any_way.run("whisper", {"audio_url": url, "model": "small",
                                     "language": "ru"})
    assert record["status"] == "success", record
    assert record["result"] == "Привет, 世界\nзвук 🎙"
    seen = node.calls("whisper")[-1]["arguments"]
    assert (seen["model"], seen["task"], seen["language"]) == (
        "small", "transcribe", "ru")
    assert (seen["batch_size"], seen["device"]) == (16, "cuda")
    assert (seen["segment_resolution"], seen["word_timestamps"]) == (
        "sentence", True)


def test_a_transcript_of_a_megabyte_comes_whole(any_way, node):
    node.order("whisper", {"do": "ok", "text": "Größe 十二。\n",
                           "times": 60_000})
    url = any_way.publish(make_sound(any_way.folder / "long.mp3"))
    record = any_way.run("whisper", {"audio_url": url})
    assert record["status"] == "success", record.get("error")
    assert record["result"].strip() == ("Größe 十二。\n" * 60_000).strip()


def test_a_models_error_ends_the_job_with_its_text(any_way, node):
    node.order("csm", {"do": "error",
                       "text": "Generation failed: no such voice"})
    record = any_way.run("csm", csm())
    assert record["status"] == "failed"
    assert "Generation failed: no such voice" in record["error"]
    assert len(node.calls("csm")) == 1


def test_cancelling_a_running_job_frees_the_app(any_way, node):
    node.order("csm", {"do": "hold"})
    job = any_way.submit("csm", csm("held"))
    node.wait_for_calls("csm", 1)
    any_way.cancel(job)
    # One call runs at a time: the next begins only if Gradio was told.
    after = any_way.run("csm", csm("after"), 15)
    assert after["status"] == "success"
    assert any_way.record(job)["status"] == "cancelled"
    node.release()


# -- trouble -------------------------------------------------------------------


def test_an_exception_without_text_still_has_a_reason(world, node):
    node.order("csm", {"do": "exception"})
    record = world.run("csm", csm())
    assert record["status"] == "failed"
    assert "exception" in record["error"]
    assert "nobody sees this text" not in record["error"]


def test_values_beyond_the_sliders_are_brought_into_range(world, node):
    record = world.run("csm", csm(temperature=0, topk=100,
                                  max_audio_length=1500, pause_duration=0))
    assert record["status"] == "success", record
    call = node.calls("csm")[-1]
    assert (call["temperature"], call["topk"]) == (0.1, 100)
    assert (call["max_audio_length"], call["pause_duration"]) == (1500, 0)


def test_whisperx_errors_are_failures_although_they_look_like_text(
        world, node):
    node.order("whisper", {"do": "trouble", "text": "cannot read the file"})
    url = world.publish(make_sound(world.folder / "a.mp3"))
    record = world.run("whisper", {"audio_url": url})
    assert record["status"] == "failed"
    assert "cannot read the file" in record["error"]


def test_a_language_without_alignment_is_transcribed_without_it(world, node):
    node.order("whisper", {"do": "no_alignment"}, {"do": "no_alignment",
                                                   "text": "bez"})
    url = world.publish(make_sound(world.folder / "a.mp3"))
    record = world.run("whisper", {"audio_url": url})
    assert (record["status"], record.get("result")) == ("success", "bez")
    assert [x["arguments"]["no_align"] for x in node.calls("whisper")] == [
        False, True]


def test_cancelling_a_queued_job_takes_it_out_of_the_apps_queue(world, node):
    node.order("csm", {"do": "hold"})
    holder = node.join("csm", "holder")
    node.wait_for_calls("csm", 1)
    job = world.submit("csm", csm("queued"))
    wait_for_stage(world, job, "queued")
    world.cancel(job)
    # The queue holds one: the next job only gets in when ours is out.
    after = world.submit("csm", csm("after"))
    wait_for_stage(world, after, "queued")
    node.release()
    assert world.wait_for_end(after)["status"] == "success"
    holder.close()
    assert not any("queued" in x["text"] for x in node.calls("csm"))
    assert world.record(job)["status"] == "cancelled"


def test_a_full_queue_is_waited_for(world, node, proxy):
    node.order("csm", {"do": "hold"})
    holders = [node.join("csm", "first")]
    node.wait_for_calls("csm", 1)
    holders.append(node.join("csm", "second"))
    job = world.submit("csm", csm("third"))
    wait_until(lambda: sum(x[1].endswith("/queue/join")
                           for x in proxy.requests) >= 2, 30, "a second try")
    node.release()
    record = world.wait_for_end(job)
    assert record["status"] == "success", record
    assert len(world.cloud.launched) == len(world.cloud.stopped) + 1
    for holder in holders:
        holder.close()


def test_a_stream_that_is_cut_is_tried_again(world, node, proxy):
    node.order("csm", {"do": "hold"})
    job = world.submit("csm", csm("cut"))
    node.wait_for_calls("csm", 1)
    wait_for_stage(world, job, "render")
    assert proxy.cut("/queue/data") == 1
    # A cut stream frees nothing on the server before the function ends.
    node.release()
    record = world.wait_for_end(job)
    assert record["status"] == "success", record
    assert len(node.calls("csm")) == 2


def test_a_stream_of_heartbeats_alone_is_given_up(world, node, proxy):
    def only_heartbeats(handler):
        if "/queue/data" not in handler.path:
            return False
        proxy.rule = lambda handler: False
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        for _ in range(20):
            handler.wfile.write(
                b'data: {"msg":"heartbeat","event_id":null}\n\n')
        return True

    proxy.rule = only_heartbeats
    record = world.run("csm", csm("silence"))
    assert record["status"] == "success", record


def test_a_server_that_restarts_loses_one_attempt_only(world, node):
    node.order("csm", {"do": "hold"})
    job = world.submit("csm", csm("restart"))
    node.wait_for_calls("csm", 1)
    node.process.kill()
    node.start()
    record = world.wait_for_end(job, 90)
    assert record["status"] == "success", record
