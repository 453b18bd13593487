"""Whoever may write to Redis: ids, records, the ledger, the outbox."""

import json
import time

from rows import row
from stage import MEGABYTE, expect, wait_until

SPEECH = "/speech.wav"


def whisper(stage, **more):
    return {"audio_url": stage.tenant.url(SPEECH), **more}


@row("records", "a job id that is a path")
def id_is_a_path(stage):
    victim = stage.folder / "victim-1"
    victim.mkdir()
    (victim / "keep").write_text("kept")
    outside = stage.output.parent
    ids = [str(stage.folder / "victim"), "../victim", "a/../../victim",
           "../output-a/../victim",
           str(stage.folder / "victim-1").encode() + b"\0"]
    for job in [stage.push("whisper", whisper(stage), job=i) for i in ids]:
        wait_until(lambda j=job: stage.redis(
            "HGET", b"job:" + j if isinstance(j, bytes) else "job:" + j,
            "status") == "failed", 30)
    stage.serves()
    expect((victim / "keep").exists(), "a folder outside was removed")
    strays = [p.name for p in outside.iterdir() if p.suffix in (".txt", ".mp3")]
    expect(not strays, f"files outside: {strays}")


@row("records", "ids that are blank, long, or hold control characters")
def odd_ids(stage):
    ids = ["a b", "line\nbreak [info] forged", "\x1b[31mred", "x" * 300, ".",
           "..", "-rf", "ü", "\u202eevil", "CON:1"]
    jobs = [stage.push("whisper", whisper(stage), job=i) for i in ids]
    for job in jobs:
        stage.failed(job, 40)
    log = stage.log()
    expect("\x1b" not in log and "\u202e" not in log and
           "\nbreak [info] forged" not in log, "the log holds them raw")


@row("records", "jobs with the names of the worker's own requests")
def names_of_requests(stage):
    def slow(request):
        time.sleep(3)
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()
    stage.tenant.pages["/slow-hook"] = slow
    told = stage.push("whisper", whisper(
        stage, notify_url=stage.tenant.url("/slow-hook")))
    stage.ended(told)
    wait_until(lambda: stage.tenant.posts_to("/slow-hook"), 10)
    for job in ("webhook", "stop", "gpu", "job"):
        stage.ended(stage.push("whisper", whisper(stage), job=job))
    wait_until(lambda: not stage.redis("EXISTS", "c3:outbox:" + told), 15)
    expect(len(stage.tenant.posts_to("/slow-hook")) == 1,
           "another job's webhook was cut")


@row("records", "data of 64 MB")
def much_data(stage):
    big = json.dumps(whisper(stage, note="x" * (64 * MEGABYTE)))
    with stage.memory() as used:
        job = stage.push("whisper", big)
        stage.failed(job, 30)
    stage.redis("DEL", "job:" + job)
    expect(used.grown < 40 * MEGABYTE, f"{used.grown // MEGABYTE} MB for it")


@row("records", "a history of 20 MB of line breaks")
def much_history(stage):
    with stage.memory() as used:
        job = stage.push("whisper", whisper(stage),
                         history="\n" * (20 * MEGABYTE), attempt="1",
                         fence="1")
        stage.ended(job, 30)
    stage.redis("DEL", "job:" + job)
    expect(used.grown < 100 * MEGABYTE, f"{used.grown // MEGABYTE} MB for it")


@row("records", "a fence that is no small number")
def odd_fences(stage):
    for fence in ("nan", "1e300", "18446744073709551615", "-5", "inf",
                  "9007199254740993", "x"):
        path = "/fence/" + fence
        job = stage.push("whisper", whisper(
            stage, notify_url=stage.tenant.url(path)), fence=fence)
        stage.ended(job, 40)
        wait_until(lambda p=path: stage.tenant.posts_to(p), 10)
        expect(len(stage.tenant.posts_to(path)) == 1,
               f"fence {fence}: {len(stage.tenant.posts_to(path))} webhooks")


@row("records", "numbers of time that are none")
def odd_times(stage):
    for field in ("complete_by", "max_time", "created_at", "attempt"):
        for value in ("nan", "inf", "-1", "1e308", "x", ""):
            stage.ended(stage.push("whisper", whisper(stage),
                                   **{field: value}), 40)
    stage.serves()


@row("records", "keys of the worker have another type", stage="own")
def other_types(stage):
    for name in ("c3:leases", "c3:outbox", "c3:gpus", "c3:workers",
                 "c3:gpus:closed"):
        stage.redis("DEL", name)
        stage.redis("SET", name, "no")
        time.sleep(0.3)
        stage.redis("DEL", name)
        stage.serves(60)


@row("records", "20,000 ids without a record", slow=True)
def many_empty_ids(stage):
    for n in range(20):
        stage.redis("RPUSH", "queue:jobs",
                    *[f"none-{n}-{i}" for i in range(1000)])
    stage.serves(15)


@row("records", "a forged webhook in the outbox", stage="own")
def forged_webhook(stage):
    job = stage.push("whisper", whisper(stage))
    stage.ended(job)
    now = int(time.time() * 1000)
    stage.redis("HSET", "c3:outbox:" + job, "id", "msg_" + job, "url",
                stage.tenant.url("/forged"), "body", '{"id":"forged"}',
                "attempts", 0, "created_ms", now)
    stage.redis("ZADD", "c3:outbox", 1, job)
    wait_until(lambda: stage.tenant.posts_to("/forged")
               or not stage.redis("ZSCORE", "c3:outbox", job), 75)
    expect(not any("forged" in p["body"]
                   for p in stage.tenant.posts_to("/forged")),
           "its body was signed and sent")


@row("records", "an unreadable record still has its webhook")
def unreadable_data(stage):
    url = stage.tenant.url("/unreadable")
    job = stage.push("csm", '{"text": "Hi", "notify_url": "%s", broken' % url)
    stage.failed(job)
    wait_until(lambda: stage.tenant.posts_to("/unreadable"), 10)
    expect(len(stage.tenant.posts_to("/unreadable")) == 1, "nobody was told")


