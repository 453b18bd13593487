"""Answers requests as the running system's producer API does: a stand-in of
ours in Flask, with the same steps in the same order, so that what Python and
Flask do with odd values is the real thing."""
import argparse
import json
import math
import re
import time
import uuid
from datetime import datetime, timezone
from urllib.parse import urlparse

import redis
from flask import Flask, jsonify, request

ID = re.compile("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
VOICES = ("random", "conversational_a", "conversational_b", "clone")
MODELS = ("tiny", "base", "small", "medium", "large", "large-v2", "large-v3")
TASKS = ("transcribe", "translate")
ENDS = ("timed_out", "cancelled", "failed")


class Refused(Exception):
    pass


def refuse_if(wrong, text):
    if wrong:
        raise Refused(text)


def within(value, kind, least, most):
    try:
        number = kind(value)
    except Exception:
        return False
    # NaN is neither below nor above.
    return not number < least and not number > most


def is_url(value):
    try:
        parts = urlparse(value)
    except Exception:
        return False
    return bool(parts.scheme) and bool(parts.netloc)


def one_of(value, choices, what):
    refuse_if(value not in list(choices),
              f"{what}. Must be one of: {', '.join(choices)}")


def check_times(data):
    for name, most in (("complete_in", 86400), ("max_time", 7200)):
        if name in data:
            refuse_if(not within(data[name], int, 60, most),
                      f"{name} must be an integer between 60 and {most} "
                      "seconds")


def check_notify(data):
    if "notify_url" in data:
        refuse_if(not is_url(data["notify_url"]),
                  "notify_url must be a valid URL")


def check_url(data, name):
    refuse_if(not data or name not in data, f"Missing required field: {name}")
    refuse_if(not is_url(data[name]), f"{name} must be a valid URL")


def check_said(data):
    refuse_if(not data or not ("text" in data or "monologue" in data),
              "Missing required field: either text or monologue must be "
              "provided")
    if "text" in data:
        refuse_if(not isinstance(data["text"], str), "text must be a string")
        refuse_if(not data["text"].strip(), "text cannot be empty")
    if "monologue" in data:
        lines = data["monologue"]
        refuse_if(not isinstance(lines, list),
                  "monologue must be an array of strings")
        refuse_if(not lines, "monologue array cannot be empty")
        for line in lines:
            refuse_if(not isinstance(line, str),
                      "all items in monologue array must be strings")
            refuse_if(not line.strip(),
                      "monologue array cannot contain empty strings")
    refuse_if("text" in data and "monologue" in data,
              "Cannot provide both text and monologue parameters. "
              "Use only one.")


def check_voice(data):
    if "voice" not in data:
        data["voice"] = "random"
        return
    if data["voice"] == "random_voice":
        data["voice"] = "random"
    one_of(data["voice"], VOICES, "Invalid voice option")
    if data["voice"] != "clone":
        return
    refuse_if("reference_audio_url" not in data,
              "reference_audio_url is required for voice cloning")
    refuse_if(not is_url(data["reference_audio_url"]),
              "reference_audio_url must be a valid URL")
    refuse_if("reference_text" not in data,
              "reference_text is required for voice cloning")
    refuse_if(not data["reference_text"].strip(),
              "reference_text cannot be empty")


def check_csm(data):
    check_times(data)
    check_said(data)
    check_voice(data)
    for name, kind, word, least, most in (
            ("temperature", float, "a float", 0, 2),
            ("topk", int, "an integer", 1, 100),
            ("max_audio_length", int, "an integer", 1000, 30000),
            ("pause_duration", int, "an integer", 0, 500)):
        if name in data:
            refuse_if(not within(data[name], kind, least, most),
                      f"{name} must be {word} between {least} and {most}")
    check_notify(data)


def check_whisper(data):
    check_times(data)
    check_url(data, "audio_url")
    if "model" in data:
        one_of(data["model"], MODELS, "Invalid model")
    if "task" in data:
        one_of(data["task"], TASKS, "Invalid task")
    if "language" in data:
        refuse_if(not isinstance(data["language"], str),
                  "language must be a string")
    check_notify(data)
    for name, usual in (("model", "medium"), ("task", "transcribe"),
                        ("language", "")):
        data.setdefault(name, usual)


def check_analyze(data):
    check_times(data)
    check_url(data, "image_url")
    check_notify(data)


def flaws_of_portrait(data):
    flaws = {}
    try:
        check_times(data)
    except Refused as why:
        flaws["timing"] = str(why)
    for name in ("image_url", "audio_url"):
        if name not in data or not data[name]:
            flaws[name] = f"Missing required field: {name}"
        elif not is_url(data[name]):
            flaws[name] = f"Invalid URL format for {name}"
    return flaws


def make_app(store):
    app = Flask(__name__)

    def told(**fields):
        return jsonify(fields)

    def guarded(answer, **names):
        try:
            return answer(**names)
        except Refused as why:
            return told(error=str(why)), 400
        except Exception as why:
            return told(error=f"Internal server error: {why}"), 500

    def route(rule, method, answer):
        app.add_url_rule(rule, rule, lambda **names: guarded(answer, **names),
                         methods=[method])

    def record_of(job):
        refuse_if(not ID.match(job), "Invalid job ID format")
        return store.hgetall(f"job:{job}")

    def missing():
        return told(error="Job not found"), 404

    def queue(kind, data):
        job, now = str(uuid.uuid4()), math.floor(time.time())
        complete_in = int(data.pop("complete_in", 3600))
        max_time = int(data.pop("max_time", 1200))
        store.hset(f"job:{job}", mapping={
            "id": job, "type": kind, "status": "queued", "created_at": now,
            "complete_by": now + complete_in, "max_time": max_time,
            "data": json.dumps(data)})
        store.rpush("queue:jobs", job)
        return told(id=job, status="queued")

    def submit(kind, check):
        def answer():
            data = request.get_json()
            check(data)
            return queue(kind, data)
        return answer

    def portrait():
        data = request.get_json()
        refuse_if(not data, "Missing request body")
        flaws = flaws_of_portrait(data)
        if flaws:
            return told(errors=flaws), 400
        return queue("portrait", data)

    def status(job):
        record = record_of(job)
        if not record:
            return missing()
        more = ({"error": record["error"]}
                if record["status"] == "failed" and "error" in record else {})
        return told(id=job, status=record["status"], **more)

    def result(job):
        record = record_of(job)
        if not record:
            return missing()
        if record["status"] not in ("success", "failed"):
            return told(error="Job not completed",
                        status=record["status"]), 400
        out = {"id": job, "status": record["status"]}
        if record["type"] in ("whisper", "analyze"):
            out["text"] = record.get("result")
        if record["type"] in ("csm", "portrait"):
            out["result_url"] = record.get("result_url")
        if "error" in record:
            out["error"] = record["error"]
        return told(**out)

    def end(job):
        if not record_of(job):
            return missing()
        data = request.get_json()
        refuse_if(not data or "status" not in data,
                  "Missing status in request body")
        wanted = data["status"]
        one_of(wanted, ENDS, "Invalid status")
        store.hset(f"job:{job}", mapping={
            "status": wanted,
            "error": data.get("error", f"Job marked as {wanted} by client"),
            "updated_at": datetime.now(timezone.utc).replace(
                tzinfo=None).isoformat()})
        store.lrem("queue:jobs", 0, job)
        if data.get("remove_data", False):
            store.delete(f"job:{job}")
            return told(
                message=f"Job {job} marked as {wanted} and data removed")
        return told(message=f"Job {job} marked as {wanted}")

    def root():
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        return told(status="C3 Render API is running", timestamp=now)

    route("/csm", "POST", submit("csm", check_csm))
    route("/whisper", "POST", submit("whisper", check_whisper))
    route("/analyze", "POST", submit("analyze", check_analyze))
    route("/portrait", "POST", portrait)
    route("/status/<job>", "GET", status)
    route("/result/<job>", "GET", result)
    route("/job/<job>", "POST", end)
    route("/", "GET", root)
    app.register_error_handler(
        404, lambda _: (told(error="Endpoint not found"), 404))
    app.register_error_handler(
        405, lambda _: (told(error="Method not allowed"), 405))
    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redis-port", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    store = redis.Redis(port=args.redis_port, decode_responses=True)
    make_app(store).run(host="127.0.0.1", port=args.port, threaded=True)


if __name__ == "__main__":
    main()
