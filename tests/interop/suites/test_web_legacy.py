"""The older producer API and our routes of the same names, on the same
requests: status codes, bodies, and what is in Redis afterwards."""
import json
import sys
import urllib.error
import urllib.request

import pytest

from support.gradio_node import HERE
from support.process import Process, free_port
from support.web_service import WebService
from support.world import RedisServer

JSON = "application/json"
SOUND = "http://files.example/a.wav"
PICTURE = "http://files.example/a.png"


class Older:
    """The stand-in of the older API."""

    def __init__(self, folder, redis_port):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = Process(
            [sys.executable, HERE / "old_system" / "api.py", "--port",
             self.port, "--redis-port", redis_port],
            folder / "older.log").wait_for_port(self.port)

    def close(self):
        self.process.stop()
        print("--- older\n" + self.process.output())


class Side:
    def __init__(self, service, server):
        self.service = service
        self.redis = server.client

    def ask(self, method, path, body=None, kind=JSON):
        headers = {} if kind is None else {"Content-Type": kind}
        request = urllib.request.Request(self.service.url + path, body,
                                         headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as got:
                return got.status, json.loads(got.read())
        except urllib.error.HTTPError as got:
            return got.code, json.loads(got.read())


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(x) for x in ("older", "ours")]
    servers = [RedisServer(x) for x in folders]
    older = Older(folders[0], servers[0].port)
    ours = WebService(folders[1], servers[1].port)
    yield [Side(x, y) for x, y in zip((older, ours), servers)]
    older.close()
    ours.close()
    for x in servers:
        x.client.close()
        x.process.stop()


def csm(**more):
    return {"text": "Hello there.", **more}


def clone(**more):
    return csm(voice="clone", **more)


def whisper(**more):
    return {"audio_url": SOUND, **more}


def portrait(**more):
    return {"image_url": PICTURE, "audio_url": SOUND, **more}


def analyze(**more):
    return {"image_url": PICTURE, **more}


# Path and body: a value, or text as it is.
SUBMISSIONS = [
    ("/csm", x) for x in [
        csm(), csm(voice="random_voice"), csm(voice="conversational_a"),
        csm(voice="nobody"), csm(voice=None), csm(voice=["random"]),
        csm(unknown={"a": [1, None, "ä"]}), csm(text=3), csm(text=None),
        csm(text=""), csm(text=" \t\n"), csm(text="\u00a0\u3000"),
        csm(text="\x1c"), csm(text="\u200b"), csm(text="ä\u2028b"),
        {"monologue": ["a", "b"]}, {"monologue": []}, {"monologue": "a"},
        {"monologue": ["a", 1]}, {"monologue": ["a", " "]},
        {"monologue": ["\u2003"]}, csm(monologue=["a"]),
        csm(monologue=[]), csm(text=1, monologue=1),
        clone(), clone(reference_audio_url="a"),
        clone(reference_audio_url=SOUND),
        clone(reference_audio_url=SOUND, reference_text=" "),
        clone(reference_audio_url=SOUND, reference_text=5),
        clone(reference_audio_url=SOUND, reference_text=None),
        clone(reference_audio_url=SOUND, reference_text=["a"]),
        clone(reference_audio_url=SOUND, reference_text={"a": 1}),
        clone(reference_audio_url=SOUND, reference_text=True),
        clone(reference_audio_url=SOUND, reference_text=1.5),
        clone(reference_audio_url=SOUND, reference_text="Hello"),
        csm(temperature=2), csm(temperature=2.1), csm(temperature="1.5"),
        csm(temperature=" 1_0e-1 "), csm(temperature="x"),
        csm(temperature=None), csm(temperature=True), csm(temperature=[1]),
        csm(temperature="nan"), csm(temperature="inf"), csm(temperature=-0.1),
        csm(topk=1), csm(topk=100.9), csm(topk=101), csm(topk=0),
        csm(topk="7"), csm(topk=" +7 "), csm(topk="7.0"), csm(topk="1_0"),
        csm(topk="0x7"), csm(topk="1e1"), csm(topk=False), csm(topk=True),
        csm(topk=""), csm(topk="--7"), csm(topk="+-7"),
        csm(topk="007"), csm(topk=10**30),
        csm(max_audio_length=999), csm(max_audio_length=1000),
        csm(max_audio_length=30000.9), csm(max_audio_length=30001),
        csm(pause_duration=-0.5), csm(pause_duration=-1),
        csm(pause_duration=500), csm(pause_duration=501),
        csm(notify_url="ftp://a/b"), csm(notify_url="a"), csm(notify_url=""),
        csm(notify_url=None), csm(notify_url=5), csm(notify_url="http://"),
        csm(notify_url="http:///a"), csm(notify_url=" http://a"),
        csm(notify_url="HTTP://A"), csm(notify_url="1a://b"),
        csm(notify_url="a+b-c.d://e"), csm(notify_url="//a/b"),
        csm(notify_url="http://[::1"), csm(notify_url="http://[::1]/a"),
        csm(notify_url="http://[a]/"), csm(notify_url="http:\\\\a"),
        csm(notify_url="ht\ttp://a"), csm(notify_url="http:/\n/a"),
        csm(notify_url="http://?a"), csm(notify_url="http://#a"),
        csm(notify_url="javascript://a"), csm(notify_url="ä://a"),
        csm(notify_url="http://a]"), csm(notify_url=["http://a"]),
        csm(notify_url={"a": "b"}), csm(notify_url=True),
        csm(complete_in=60), csm(complete_in=59.9), csm(complete_in=86400.5),
        csm(complete_in=86401), csm(complete_in="60"), csm(complete_in=None),
        csm(complete_in=[60]), csm(max_time=60), csm(max_time=59),
        csm(max_time="7200"), csm(max_time=7201), csm(max_time="60.5"),
        {}, [], ["text"], ["a"], "", "text", "some text here", "a", 5, 0, 1.5,
        True, False, None, ["complete_in"], "complete_in", "max_time",
        {"max_time": 1}, [[]], [{"text": "a"}]]
] + [
    ("/csm", x) for x in [
        b"", b"{", b"{}x", b'{"text":"a",}', b'{"text":"a","text":5}',
        b'{"text":5,"text":"a"}', b'{"text":"a","topk":NaN}',
        b'{"text":"a","temperature":NaN}', b'{"text":"a","topk":Infinity}',
        b'{"text":"a","temperature":-Infinity}',
        b'\xef\xbb\xbf{"text":"a"}', b'{"text":"\xff"}',
        b'{"text":"a\x01"}', b"{'text':'a'}", b"NaN", b' {"text":"a"} \n', b'{"text":"a","x":-0}',
        b'{"text":"a","x":1.0,"y":1e2,"z":12345678901234567}']
] + [
    ("/whisper", x) for x in [
        whisper(), whisper(model="tiny"), whisper(model="huge"),
        whisper(model=None), whisper(model=["tiny"]), whisper(task="sing"),
        whisper(task="translate"), whisper(language=""),
        whisper(language="xx-unknown"), whisper(language=None),
        whisper(language=5), whisper(notify_url="x"),
        whisper(complete_in=1), whisper(audio_url="x"),
        whisper(audio_url=None), {}, [], None, 5, "audio_url",
        "x", ["audio_url"], {"audio": SOUND}, "my audio_url here"]
] + [
    ("/portrait", x) for x in [
        portrait(), {}, [], None, 0, "", 5, True, "x", ["x"], "image_url",
        ["image_url"], ["complete_in"], "max_time", 1.5,
        {"image_url": PICTURE}, {"audio_url": SOUND},
        portrait(image_url=""), portrait(image_url=0),
        portrait(image_url=[]), portrait(image_url="x", audio_url="y"),
        portrait(complete_in=1), portrait(complete_in=1, max_time=1),
        {"max_time": 1}, portrait(notify_url="x"), portrait(other=1)]
] + [
    ("/analyze", x) for x in [
        analyze(), analyze(prompt=7), analyze(prompt="What?"),
        analyze(image_url="x"), analyze(notify_url="x"), {}, [], None, 5,
        "image_url", ["image_url"], analyze(max_time=1)]
]

# What only Python takes: body, its status, our status.
DIFFERENT = [
    # Digits and blanks beyond ASCII in a text that stands for a number.
    ('{"text":"a","topk":"\u0665"}', 200, 400),
    ('{"text":"a","topk":"\u00a07"}', 200, 400),
    # A number that no double holds.
    ('{"text":"a","x":1e400}', 200, 500),
    ('{"text":"a","topk":1e400}', 400, 500),
    # JSON has one encoding.
    ('{"text":"ä"}'.encode("utf-16"), 200, 500)]
# Taken by both; in the record half a character is U+FFFD, and a number is a
# double.
CHANGED = [
    (b'{"text":"cut \\ud83d"}', "text", "cut \ufffd"),
    (b'{"text":"a","z":123456789012345678901234567890}', "z", 1.2345678901234568e29)]

TYPES = [None, "", "text/plain", "application/json; charset=utf-8",
         "application/problem+json", "APPLICATION/JSON", "application/jsonx",
         "text/json", "application/json;", "application/x-www-form-urlencoded"]


def without_id(answer, side):
    """The answer, and what the job in it is in Redis."""
    status, body = answer
    job = body.pop("id", None)
    if job is None:
        return status, body, None
    record = side.redis.hgetall(f"job:{job}")
    assert record.pop("id") == job
    assert job in side.redis.lrange("queue:jobs", 0, -1)
    begun = float(record.pop("created_at"))
    return status, body, {
        "type": record["type"], "status": record["status"],
        "complete_in": float(record["complete_by"]) - begun,
        "max_time": float(record["max_time"]),
        "data": repr(json.loads(record["data"]))}


def text_of_case(x):
    return f"{x[0]} {x[1]!r}"[:60]


def same_for_both(sides, *request):
    older, ours = [without_id(x.ask(*request), x) for x in sides]
    assert ours == older, request


@pytest.mark.parametrize("case", SUBMISSIONS, ids=text_of_case)
def test_submissions(sides, case):
    path, body = case
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    same_for_both(sides, "POST", path, body)


@pytest.mark.parametrize("body,older,ours", DIFFERENT, ids=repr)
def test_known_differences(sides, body, older, ours):
    body = body if isinstance(body, bytes) else body.encode()
    assert [x.ask("POST", "/csm", body)[0] for x in sides] == [older, ours]


@pytest.mark.parametrize("body,name,value", CHANGED, ids=repr)
def test_known_changes(sides, body, name, value):
    for side in sides:
        status, told = side.ask("POST", "/csm", body)
        assert status == 200
        data = json.loads(side.redis.hget("job:" + told["id"], "data"))
        assert (data[name] == pytest.approx(value)) == (side is sides[1]
                                                        or name == "z")


@pytest.mark.parametrize("kind", TYPES)
def test_content_types(sides, kind):
    for path, body in (("/csm", csm()), ("/portrait", portrait())):
        same_for_both(sides, "POST", path, json.dumps(body).encode(),
                      kind or "")


JOB = "0af7651a-16cd-43dd-8448-eb211c80319c"
RECORDS = [
    {"status": "queued"}, {"status": "running"},
    {"status": "success", "result_url": "http://storage.example/a"},
    {"status": "success", "result": "Some text, ä."}, {"status": "success"},
    {"status": "failed", "error": "It broke.", "error_code": "internal"},
    {"status": "failed"}, {"status": "failed", "error": ""},
    {"status": "queued", "error": "an earlier try"},
    {"status": "success", "error": "an earlier try", "result": ""},
    {"status": "cancelled", "error": "by somebody"},
    {"status": "timed_out"}, {"status": "unheard of"}]
KINDS = ["csm", "whisper", "portrait", "analyze", "other"]


def put(sides, record, kind="csm"):
    for side in sides:
        side.redis.delete(f"job:{JOB}")
        side.redis.hset(f"job:{JOB}", mapping={
            "id": JOB, "type": kind, "created_at": 1_700_000_000,
            "complete_by": 4_000_000_000, "max_time": 600, "data": "{}",
            **record})
        side.redis.lrem("queue:jobs", 0, JOB)
        side.redis.rpush("queue:jobs", JOB)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_status_and_result(sides, record, kind):
    put(sides, record, kind)
    for path in ("/status/", "/result/"):
        older, ours = [x.ask("GET", path + JOB) for x in sides]
        assert ours == older, path


@pytest.mark.parametrize("job", [
    JOB.upper(), JOB[:-1], JOB + "0", JOB.replace("-", ""), "x",
    "00000000-0000-0000-0000-000000000000", "%20", JOB + "%20", "g" + JOB[1:],
    "ä".encode().hex(), "%C3%A4"])
def test_ids(sides, job):
    put(sides, {"status": "success"})
    for method, path in (("GET", "/status/"), ("GET", "/result/"),
                         ("POST", "/job/")):
        body = b'{"status":"failed"}' if method == "POST" else None
        older, ours = [x.ask(method, path + job, body) for x in sides]
        assert ours == older, path


ENDS = [
    {"status": "cancelled"}, {"status": "timed_out"}, {"status": "failed"},
    {"status": "failed", "error": "Why not?"}, {"status": "success"},
    {"status": "failed", "error": 5}, {"status": "failed", "error": 1.5},
    {"status": "failed", "error": ""}, {"status": "failed", "error": None},
    {"status": "failed", "error": []}, {"status": "failed", "error": {}},
    {"status": "failed", "error": True},
    {"status": "cancelled", "remove_data": True},
    {"status": "cancelled", "remove_data": 1},
    {"status": "cancelled", "remove_data": "no"},
    {"status": "cancelled", "remove_data": 0},
    {"status": "cancelled", "remove_data": []},
    {"status": "cancelled", "remove_data": None},
    {"status": None}, {"status": []}, {"status": ""}, {"status": "FAILED"},
    {}, [], None, 0, 5, "", "status", "x", ["status"], ["x"], True, 1.5]


@pytest.mark.parametrize("before", ["queued", "running", "success"])
@pytest.mark.parametrize("body", ENDS, ids=repr)
def test_a_client_ends_a_job(sides, body, before):
    put(sides, {"status": before})
    text = json.dumps(body).encode()
    seen = []
    for x in sides:
        answer = x.ask("POST", "/job/" + JOB, text)
        record = x.redis.hgetall(f"job:{JOB}")
        # "2026-11-30T10:20:30.123456", of another moment on each side.
        at = record.pop("updated_at", None)
        seen.append((answer, record, at and (len(at), at[10]),
                     x.redis.lrange("queue:jobs", 0, -1).count(JOB)))
    assert seen[1] == seen[0]


@pytest.mark.parametrize("body,kind", [
    (b"{", JSON), (b"", JSON), (b'{"status":"failed"}', "text/plain")])
def test_a_client_ends_a_job_unreadably(sides, body, kind):
    put(sides, {"status": "queued"})
    older, ours = [x.ask("POST", "/job/" + JOB, body, kind) for x in sides]
    assert ours == older


def test_the_root(sides):
    older, ours = [x.ask("GET", "/") for x in sides]
    assert len(ours[1].pop("timestamp")) == len(older[1].pop("timestamp"))
    assert ours == older


@pytest.mark.parametrize("method,path", [
    ("GET", "/csm"), ("PUT", "/whisper"), ("DELETE", "/analyze"),
    ("POST", "/status/" + JOB), ("GET", "/job/" + JOB),
    ("POST", "/result/" + JOB), ("GET", "/csm/"), ("POST", "/csm/"),
    ("GET", "/status/"), ("GET", "/nothing"), ("POST", "/")])
def test_other_methods_and_paths_have_the_same_status(sides, method, path):
    body = b"{}" if method in ("POST", "PUT") else None
    older, ours = [x.ask(method, path, body)[0] for x in sides]
    assert ours == older
