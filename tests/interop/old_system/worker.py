"""A worker of the kind that ours replaces, as far as Redis and the receivers of
webhooks see it: how it looks at the queue, locks, waits for its GPU with the id
still in the queue, and ends a job in two writes. The work itself is a pause.
Prints a line for each thing it does: `locked ID`, `began ID`, `ended ID`."""
import argparse
import json
import time
import urllib.request

import redis

LOOKED_AT = 10
LOCK_SECONDS = 300


def say(what, job):
    print(what, job, flush=True)


def lock(client, job, me):
    """Its record and its key at once, and only when nobody has the record."""
    key = f"job:{job}"
    with client.pipeline() as step:
        try:
            step.watch(key)
            record = step.hgetall(key)
            if record.get("status") != "queued" or record.get("locked_by"):
                return False
            step.multi()
            step.hset(key, mapping={"locked_by": me,
                                    "locked_at": int(time.time())})
            step.set(f"{key}:lock", me, ex=LOCK_SECONDS)
            step.execute()
            return True
        except redis.WatchError:
            return False


def notify(record, **body):
    url = json.loads(record["data"]).get("notify_url")
    if not url:
        return
    request = urllib.request.Request(
        url, json.dumps({"id": record["id"], **body}).encode(),
        {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def process(client, job, args):
    key = f"job:{job}"
    if client.lrem("queue:jobs", 1, job) == 0:
        return client.delete(f"{key}:lock")
    client.hset(key, "status", "running")
    say("began", job)
    time.sleep(args.work)
    url = f"http://results.invalid/{job}.mp3"
    client.hset(key, "result_url", url)
    client.hset(key, "status", "success")
    client.delete(f"{key}:lock")
    say("ended", job)
    notify(client.hgetall(key), status="success", result_url=url)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--boot", type=float, default=1.0,
                        help="seconds until its first GPU answers")
    parser.add_argument("--work", type=float, default=0.05,
                        help="seconds for a job")
    args = parser.parse_args()
    client = redis.Redis(port=args.port, decode_responses=True)
    booted = False
    while True:
        for job in client.lrange("queue:jobs", 0, LOOKED_AT - 1):
            if not lock(client, job, args.name):
                continue
            say("locked", job)
            if not booted:
                time.sleep(args.boot)
                booted = True
            process(client, job, args)
            break
        else:
            time.sleep(0.1)


if __name__ == "__main__":
    main()
