"""Judges a world from outside: what stands in Redis, what the receiver and the
object store got, what the cloud bills. Knows nothing of how workers work."""

import json
import re

SERVICE = {"csm": "csm", "whisper": "whisper", "portrait": "comfyui",
           "analyze": "ollama"}
FINAL = ("success", "failed")


class Expected:
    """The promise for one job; `webhooks` is "1" or "1+" or "dead"."""

    def __init__(self, status="success", error=None, runs=1, webhooks="1",
                 launches=1, tries=None, exits_clean=True):
        self.status = status
        self.error = error
        self.runs = runs
        self.webhooks = webhooks
        self.launches = launches
        self.tries = tries
        self.exits_clean = exits_clean

    def __str__(self):
        hooks = {"1": "1 webhook", "1+": "webhook once or again the same",
                 "dead": "webhook kept as dead letter"}[self.webhooks]
        outcome = self.status
        if self.error:
            outcome += f" ({self.error})"
        return (f"{outcome}, at most {self.runs} GPU runs and "
                f"{self.launches} launches, {hooks}")


class Auditor:
    def __init__(self, redis, own, bill, stranger, idle):
        self.redis = redis
        self.own = own
        self.bill = bill
        self.stranger = stranger
        self.idle = idle

    # -- what can be seen -----------------------------------------------

    def ours(self, bill=None):
        return [w for w in (bill or self.bill())["workloads"]
                if w["workload"] != self.stranger]

    def runs(self, bill):
        return sum(count["started"] for w in self.ours(bill)
                   for count in w["jobs"].values())

    def leaked_seconds(self, bill, needed_until):
        """GPU seconds after the time at which all had to be stopped."""
        due = needed_until + self.idle + 60
        now = max([w["created"] + w["seconds"] for w in self.ours(bill)
                   if w["state"] == "running"], default=0)
        return sum(max(0.0, (w["ended"] or now) - max(due, w["created"]))
                   for w in self.ours(bill))

    def accepted(self, job):
        return [p for p in self.own.posts_about(job)
                if isinstance(p["status"], int) and p["status"] // 100 == 2]

    def settled(self, job):
        return self.redis("HGET", "job:" + job, "status") in FINAL

    # -- judgement: lists of sentences, empty when all is well ------------

    def job(self, job, want):
        found = []
        record = self.redis.hash("job:" + job)
        status = record.get("status")
        if status != want.status:
            found.append(f"status {status} ({record.get('error')}), "
                         f"expected {want.status}")
        elif want.error and not re.search(want.error, record.get("error", ""),
                                          re.I):
            found.append(f"error {record.get('error')!r}, expected "
                         f"{want.error!r}")
        found += self._left_in_redis(job)
        found += self._webhooks(job, record, want)
        found += self._object(job, record)
        return found

    def _left_in_redis(self, job):
        found = []
        if job in self.redis("LRANGE", "queue:jobs", 0, -1):
            found.append("still in the queue")
        if self.redis("EXISTS", f"job:{job}:lock"):
            found.append("the lock is still there")
        if self.redis("ZSCORE", "c3:leases", job) is not None:
            found.append("still leased")
        for key in self.redis("KEYS", "c3:running:*"):
            if self.redis("SISMEMBER", key, job):
                found.append("still in " + key)
        return found

    def _webhooks(self, job, record, want):
        found = []
        posts = self.own.posts_about(job)
        accepted = self.accepted(job)
        outbox = self.redis("ZSCORE", "c3:outbox", job) is not None
        dead = self.redis("ZSCORE", "c3:webhooks:dead", job) is not None
        if want.webhooks == "dead":
            if accepted or not dead:
                found.append(f"{len(accepted)} webhooks accepted, dead letter "
                             f"{'kept' if dead else 'missing'}")
        elif len(accepted) < 1 or (want.webhooks == "1" and len(accepted) > 1):
            found.append(f"{len(accepted)} webhooks accepted, expected "
                         f"{want.webhooks}")
        if outbox:
            found.append("still in the outbox")
        if want.tries and len(posts) != want.tries:
            found.append(f"{len(posts)} tries, expected {want.tries}")
        if len({p["id"] for p in posts}) > 1:
            found.append("webhook-id differs between tries")
        if len({p["body"] for p in posts}) > 1:
            found.append("webhook bodies differ: "
                         + " | ".join(sorted({p["body"][:200] for p in posts})))
        if posts and json.loads(posts[-1]["body"]) != self._body(job, record):
            found.append("webhook does not say what Redis says: "
                         + posts[-1]["body"][:300])
        return found

    def _body(self, job, record):
        body = {"id": job, "status": record.get("status")}
        if record.get("status") == "failed":
            body["error"] = record.get("error")
            if record.get("result_url"):
                body["result_url"] = record["result_url"]
        elif record.get("type") in ("csm", "portrait"):
            body["result_url"] = record.get("result_url")
        else:
            body["text"] = record.get("result")
        return body

    def _object(self, job, record):
        """The result is there, and is what was there when the job ended."""
        if record.get("status") != "success" or "result_url" not in record:
            return []
        path = "/" + record["result_url"].split("?")[0].split("/", 3)[-1]
        puts = [p for p in self.own.puts if p["path"] == path]
        if not puts:
            return ["nothing stored at the result's URL"]
        ended = float(record.get("finished_at") or 0)
        ended = ended if ended > 1e9 else self._first_post(job)
        late = {p["digest"] for p in puts if ended and p["at"] > ended + 1.5}
        before = [p["digest"] for p in puts if not ended
                  or p["at"] <= ended + 1.5]
        if before and late - {before[-1]}:
            return ["the result was overwritten after the job had ended"]
        return []

    def _first_post(self, job):
        posts = self.own.posts_about(job)
        return posts[0]["at"] if posts else 0

    def gpus(self, bill, needed_until, want=None):
        found = []
        leaked = self.leaked_seconds(bill, needed_until)
        if leaked > 0:
            found.append(f"{leaked:.0f} GPU seconds leaked")
        still = [w for w in self.ours(bill) if w["state"] == "running"]
        if still:
            found.append(f"{len(still)} GPUs still run: "
                         + ", ".join(w["workload"] for w in still))
        stranger = [w for w in bill["workloads"]
                    if w["workload"] == self.stranger]
        if not stranger or stranger[0]["state"] != "running":
            found.append("a workload of others was stopped")
        if want:
            if self.runs(bill) > want.runs:
                found.append(f"{self.runs(bill)} GPU runs, expected at most "
                             f"{want.runs}")
            if len(self.ours(bill)) > want.launches:
                found.append(f"{len(self.ours(bill))} launches, expected at "
                             f"most {want.launches}")
        if not still:
            for key in self.redis("ZRANGE", "c3:gpus", 0, -1):
                found.append(f"the ledger still has {key}: "
                             f"{self.redis.hash('c3:gpu:' + key)}")
        return found
