"""Queues jobs as the running system's producers do; prints their ids."""
import argparse
import json
import time
import uuid

import redis


def queue_job(client, kind, data, max_time=600, complete_in=3600):
    job, now = str(uuid.uuid4()), int(time.time())
    client.hset(f"job:{job}", mapping={
        "id": job, "type": kind, "status": "queued", "created_at": now,
        "complete_by": now + complete_in, "max_time": max_time,
        "data": json.dumps(data)})
    client.rpush("queue:jobs", job)
    return job


def cancel_job(client, job):
    """What a front end does at any moment."""
    client.hset(f"job:{job}", mapping={
        "status": "cancelled", "error": "cancelled by the caller",
        "updated_at": int(time.time())})
    client.lrem("queue:jobs", 0, job)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--every", type=float, default=0,
                        help="seconds between two jobs")
    parser.add_argument("--notify-url", default="")
    args = parser.parse_args()
    client = redis.Redis(port=args.port, decode_responses=True)
    for i in range(args.count):
        data = {"text": f"Number {i}.", "voice": "random"}
        if args.notify_url:
            data["notify_url"] = args.notify_url
        print(queue_job(client, "csm", data), flush=True)
        time.sleep(args.every)


if __name__ == "__main__":
    main()
