"""Secrets and files of the worker."""

import json
import os
import pathlib
import stat
import subprocess

from rows import row
from stage import BIN, expect, wait_until

KNOWN = {"C3_API_KEY": "geheim-api-key-01", "REDIS_PASSWORD": "geheim-redis",
         "MINIO_SECRET_KEY": "geheim-minio-secret",
         "MINIO_ACCESS_KEY": "geheim-minio-access"}


def modes_below(folder):
    for path in pathlib.Path(folder).rglob("*"):
        try:
            yield path, stat.S_IMODE(path.lstat().st_mode)
        except OSError:
            continue


@row("secrets", "journal, work files and results can be read by others")
def file_modes(stage):
    def slow(request):
        stage.held.wait(20)
        request.send_response(404)
        request.send_header("Content-Length", "0")
        request.end_headers()
    import threading
    stage.held = threading.Event()
    stage.tenant.pages["/held"] = slow
    job = stage.push("whisper", {"audio_url": stage.tenant.url("/held")})
    done = stage.push("whisper", {
        "audio_url": stage.tenant.url("/speech.wav")})
    stage.ended(done)
    wait_until(lambda: stage.redis("HGET", "job:" + job, "status")
               == "running", 10)
    try:
        loose = [f"{p.relative_to(stage.output)} {m:04o}"
                 for p, m in modes_below(stage.output)
                 if m & 0o077 and not p.is_symlink()]
        expect(not loose, "readable: " + ", ".join(loose[:8]))
        expect(any(p.name.endswith("-wal") or p.suffix == ".journal"
                   for p, _ in modes_below(stage.output)), "no journal seen")
    finally:
        stage.held.set()


@row("secrets", "core dumps hold them")
def core_dumps(stage):
    limits = pathlib.Path("/proc", str(stage.pid), "limits").read_text()
    line = next(x for x in limits.splitlines() if "core file" in x)
    expect(line.split()[4:6] == ["0", "0"], line)


@row("secrets", "--check-config shows passwords", stage="none")
def check_config(_media):
    env = {**KNOWN, "PATH": os.environ["PATH"],
           "C3_API_URL": "http://me:geheim-in-url@127.0.0.1:9/api/v0",
           "MINIO_PUBLIC_URL": "http://me:geheim-in-url@127.0.0.1:9/",
           "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "9",
           "MINIO_ENDPOINT": "127.0.0.1:9", "OUTPUT_DIR": "/tmp/c3-attack-out"}
    done = subprocess.run(
        [BIN / "c3-render-worker", "--env-file", "/dev/null",
         "--check-config"], env=env, capture_output=True, text=True,
        timeout=120)
    text = done.stdout + done.stderr
    for secret in (*KNOWN.values(), "geheim-in-url"):
        expect(secret not in text, secret + " is shown")


@row("secrets", "a malformed WEBHOOK_SECRET ends webhooks in silence",
     stage="none")
def webhook_secret(_media):
    for secret in ("geheim", "secretly", "whsec_%%%"):
        done = subprocess.run(
            [BIN / "c3-render-worker", "--env-file", "/dev/null",
             "--check-config"],
            env={"C3_API_KEY": "x", "PATH": os.environ["PATH"],
                 "WEBHOOK_SECRET": secret, "REDIS_PORT": "9",
                 "OUTPUT_DIR": "/tmp/c3-attack-out"},
            capture_output=True, text=True, timeout=120)
        expect(done.returncode == 2, f"{secret}: exit {done.returncode}")
        expect("WEBHOOK_SECRET" in done.stdout + done.stderr, "not named")
        expect(secret not in done.stdout + done.stderr, "shown")


@row("secrets", "work folders of a worker that was killed stay", stage="own")
def folders_of_the_killed(stage):
    import threading
    held = threading.Event()

    def slow(_request):
        held.wait(60)
    stage.tenant.pages["/held"] = slow
    job = stage.push("whisper", {"audio_url": stage.tenant.url("/held")})
    work = stage.output / ".work"
    wait_until(lambda: any(job in str(p) for p in work.rglob("*")), 15)
    seen = [p for p in work.rglob("*") if job in p.name]
    expect(seen, "no folder seen")
    stage.worker.end()
    held.set()
    stage.start()
    # The worker that came after it may have made one of its own.
    left = [p for p in seen if p.exists()]
    expect(not left, f"still there: {left}")


@row("secrets", "the key of the API in logs, records and files")
def key_elsewhere(stage):
    key = stage.cloud_env["C3_API_KEY"]
    if len(key) < 8:
        return
    job = stage.push("whisper", {
        "audio_url": stage.tenant.url("/speech.wav")})
    record = stage.ended(job)
    expect(key not in json.dumps(record), "in the record")
    expect(key not in stage.log(), "in the log")
    args = pathlib.Path("/proc", str(stage.pid), "cmdline").read_bytes()
    expect(key.encode() not in args, "in the arguments")
