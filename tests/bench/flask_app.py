"""The older producer API's steps for a job, in our own words: parse, check,
write the record, push the id. Served by gunicorn with four processes, as the
older API is."""
import json
import os
import time
import uuid

from flask import Flask, jsonify, request
from redis import Redis

app = Flask(__name__)
store = Redis(port=int(os.environ["REDIS_PORT"]), decode_responses=True)


@app.route("/csm", methods=["POST"])
def csm():
    data = request.get_json()
    if not isinstance(data.get("text"), str) or not data["text"].strip():
        return jsonify({"error": "text cannot be empty"}), 400
    data.setdefault("voice", "random")
    job, now = str(uuid.uuid4()), int(time.time())
    store.hset(f"job:{job}", mapping={
        "id": job, "type": "csm", "status": "queued", "created_at": now,
        "complete_by": now + 3600, "max_time": 1200, "data": json.dumps(data)})
    store.rpush("queue:jobs", job)
    return jsonify({"id": job, "status": "queued"})
