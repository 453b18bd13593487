"""Random faults under load: ./run soak --minutes N [--seed S]"""

import argparse
import pathlib
import random
import re
import signal
import statistics
import sys
import threading
import time

from auditor import Auditor, Expected, SERVICE
from cells import KINDS
from world import (BIN, IDLE, ROOT, World, end_at_signals, free_port,
                   make_media, sweep, wait_until)

# Addresses that each worker of a cluster is told.
SEEDS = 3
# By how many faults of each sort there are; the job mix is even.
FAULTS = ("kill", "kill", "kill", "term", "stop", "cut", "redis_kill",
          "redis_stop", "redis_oom", "redis_readonly", "gpu_dies", "gpu_dies",
          "launch_refuse", "launch_lost", "stop_refuse", "list_html",
          "hook_500", "hook_cut", "hook_down", "cancel")
SETTINGS = {"MAX_GPUS": "2", "PRE_LAUNCH_TIMEOUT": "1",
            "PRE_LAUNCH_TIMEOUT_MAX": "3", "JOB_ATTEMPTS": "20"}


def parse():
    parser = argparse.ArgumentParser(
        prog="./run soak", description="Workers under load, and random "
        "faults; the auditor's verdict at the end.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=3, metavar="N",
                        help="worker processes (3)")
    parser.add_argument("--cluster", action="store_true",
                        help="the workers have links to each other: they plan "
                        "together, and one that is told to end gives its GPUs "
                        "away")
    parser.add_argument("--rate", type=float, default=0.8, metavar="R",
                        help="jobs a second (0.8)")
    parser.add_argument("--every", type=float, default=6, metavar="S",
                        help="seconds between faults, on average (6)")
    parser.add_argument("--check-options", action="store_true",
                        help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("minutes", "rate", "every"):
        if getattr(options, name) <= 0:
            parser.error(f"argument --{name}: more than 0")
    if not 1 <= options.workers <= 200:
        parser.error("argument --workers: 1 to 200")
    return options


class Soak:
    def __init__(self, options):
        self.options = options
        self.seed = (options.seed if options.seed is not None
                     else int(time.time()))
        # Of their own, so that the load does not shift the faults.
        self.load_dice = random.Random(self.seed)
        self.dice = random.Random(self.seed + 1)
        cloud = ["--boot-time", "1s"]
        for service in SERVICE.values():
            cloud += ["--render-time", f"{service}=1500ms"]
        self.world = World(make_media(), cloud)
        self.auditor = Auditor(self.world.redis, self.world.own,
                               self.world.bill, self.world.stranger, IDLE)
        self.names = [f"w{i}" for i in range(1, options.workers + 1)]
        self.relays = {name: self.world.relay(self.world.redis_port)
                       for name in self.names}
        self.links = ({name: f"127.0.0.1:{free_port()}" for name in self.names}
                      if options.cluster else {})
        self.jobs = {}
        self.cancelled = set()
        self.faults = {}
        self.down = {}
        self.redis_away = threading.Lock()
        self.over = threading.Event()
        self.problems = []

    def say(self, text):
        print(f"{time.time() - self.begin:7.1f} s  {text}", flush=True)

    # -- load ------------------------------------------------------------

    def load(self):
        while not self.over.is_set():
            kind = self.load_dice.choice(KINDS)
            with self.redis_away:
                # The producer cannot push meanwhile, and would try again.
                job = self.world.submit(kind)
            self.jobs[job] = kind
            self.over.wait(self.load_dice.expovariate(self.options.rate))

    # -- faults ----------------------------------------------------------

    def start(self, name):
        cluster = {}
        if self.links:
            # The others are learned of.
            known = list(self.links.values())[:SEEDS]
            cluster = {"C3_CLUSTER_LISTEN": self.links[name],
                       "C3_CLUSTER_PEERS": ",".join(known),
                       "C3_CLUSTER_NAME": "soak", "WORKER_ID": name}
        self.world.start_worker(name, **SETTINGS, **cluster,
                                REDIS_PORT=str(self.relays[name].port))

    def up(self):
        return [n for n in self.names if n not in self.down]

    def revive(self, everybody=False):
        for name, (when, back) in list(self.down.items()):
            if everybody or time.time() >= when:
                del self.down[name]
                back()

    def restart(self, name):
        def back():
            worker = self.world.workers[name]
            if worker.wait(150) is None:
                self.problems.append(f"worker {name} did not stop")
                worker.end()
            self.start(name)
        return back

    def strike(self):
        fault = self.dice.choice(FAULTS)
        wait = self.dice.uniform(0.5, 20)
        pick = self.dice.random()
        self.say(fault)
        self.faults[fault] = self.faults.get(fault, 0) + 1
        getattr(self, fault)(wait, pick)

    def _one(self, pick):
        up = self.up()
        return up[int(pick * len(up))] if up else None

    def _signal(self, number, wait, pick):
        name = self._one(pick)
        if name:
            self.world.workers[name].send(number)
            self.down[name] = (time.time() + wait, self.restart(name))

    def kill(self, wait, pick):
        self._signal(signal.SIGKILL, wait, pick)

    def term(self, wait, pick):
        self._signal(signal.SIGTERM, wait, pick)

    def stop(self, wait, pick):
        name = self._one(pick)
        if not name:
            return
        worker = self.world.workers[name]
        worker.send(signal.SIGSTOP)
        # Half of them beyond the lease.
        self.down[name] = (time.time() + 2 * wait + 5,
                           lambda: worker.send(signal.SIGCONT))

    def cut(self, wait, pick):
        """A worker from Redis, as long as a stop."""
        name = self._one(pick)
        if name:
            self.relays[name].cut()
            self.down[name] = (time.time() + 2 * wait + 5,
                               self.relays[name].heal)

    def redis_oom(self, wait, pick):
        with self.redis_away:
            self.world.redis("CONFIG", "SET", "maxmemory", "1")
            time.sleep(wait / 4)
            self.world.redis("CONFIG", "SET", "maxmemory", "0")

    def redis_readonly(self, wait, pick):
        with self.redis_away:
            self.world.redis("REPLICAOF", "127.0.0.1", free_port())
            time.sleep(wait / 4)
            self.world.redis("REPLICAOF", "NO", "ONE")

    def redis_kill(self, wait, pick):
        with self.redis_away:
            wait_until(self.world.pushes_are_written, 5)
            self.world.redis_server.send(signal.SIGKILL)
            self.world.redis_server.wait(10)
            time.sleep(wait / 4)
            self.world.start_redis()

    def redis_stop(self, wait, pick):
        with self.redis_away:
            self.world.redis_server.send(signal.SIGSTOP)
            time.sleep(min(3, wait / 4))
            self.world.redis_server.send(signal.SIGCONT)

    def gpu_dies(self, wait, pick):
        up = [w for w in self.world.our_workloads() if w["state"] == "running"]
        if up:
            self.world.fault("die_after", "0", 1, up[int(pick * len(up))]["node"])

    def launch_refuse(self, wait, pick):
        self.world.fault("launch_refuse", None, 1)

    def launch_lost(self, wait, pick):
        self.world.fault("launch_lost_answer", None, 1)

    def stop_refuse(self, wait, pick):
        self.world.fault("stop_refuse", None, 2)

    def list_html(self, wait, pick):
        self.world.fault("list_html", None, 2)

    def hook_500(self, wait, pick):
        with self.world.own.lock:
            self.world.own.hook_script += [500, 500]

    def hook_cut(self, wait, pick):
        with self.world.own.lock:
            self.world.own.hook_script += ["cut"]

    def hook_down(self, wait, pick):
        self.world.own.hook_down()
        time.sleep(min(8, wait / 2))
        self.world.own.hook_up()

    def cancel(self, wait, pick):
        jobs = list(self.jobs)[-4:]
        if not jobs:
            return
        job = jobs[int(pick * len(jobs))]
        # As a front end does, that does not overwrite an end.
        done = self.world.redis(
            "EVAL", "local s = redis.call('HGET', KEYS[1], 'status') "
            "if s == 'success' or s == 'failed' then return 0 end "
            "redis.call('HSET', KEYS[1], 'status', 'cancelled', 'error', "
            "'by the user') redis.call('LREM', 'queue:jobs', 0, ARGV[1]) "
            "return 1", 1, "job:" + job, job)
        if done:
            self.cancelled.add(job)

    # -- all of it -------------------------------------------------------

    def open_jobs(self):
        try:
            return [j for j in self.jobs if j not in self.cancelled
                    and not self.auditor.settled(j)]
        except OSError:
            return list(self.jobs)

    def outbox(self):
        try:
            return self.world.redis("ZCARD", "c3:outbox")
        except OSError:
            return 1

    def run(self):
        self.begin = time.time()
        for name in self.names:
            self.start(name)
        loader = threading.Thread(target=self.load, daemon=True)
        loader.start()
        end = self.begin + self.options.minutes * 60
        while time.time() < end:
            time.sleep(self.dice.uniform(0.5, 2 * self.options.every - 0.5))
            self.revive()
            self.strike()
        self.over.set()
        loader.join()
        self.say(f"no more faults; {len(self.open_jobs())} jobs are open")
        self.world.clear_faults()
        with self.world.own.lock:
            self.world.own.hook_script.clear()
        self.revive(everybody=True)
        wait_until(lambda: not self.open_jobs(), 300, 0.5)
        wait_until(lambda: not self.outbox(), 180, 0.5)
        self.needed_until = time.time()
        self.check_links()
        wait_until(lambda: not any(w["state"] == "running" for w in
                                   self.world.our_workloads()), IDLE + 70, 0.5)
        wait_until(lambda: not self.world.redis("ZCARD", "c3:gpus"), 15, 0.5)
        for name, worker in self.world.workers.items():
            worker.send(signal.SIGTERM)
        for name, worker in self.world.workers.items():
            code = worker.wait(40)
            if code != 0:
                self.problems.append(f"worker {name} exited with {code}")

    def check_links(self):
        """In the end each worker of a cluster sees all the others."""
        if not self.links:
            return

        def seen():
            return {name: self.world.redis("HGET", "c3:worker:" + name, "peers")
                    for name in self.links}
        wanted = str(len(self.links) - 1)
        if not wait_until(lambda: set(seen().values()) == {wanted}, 60, 0.5):
            self.problems.append(f"a worker does not see {wanted} others: "
                                 + str(seen()))

    def hand_overs(self):
        return sum(int(count) for worker in self.world.workers.values()
                   for count in re.findall(r"(\d+) GPU\(s\) are worker",
                                           worker.text()))

    def verdict(self):
        bill = self.world.bill()
        lost, doubled, missing, wrong, failed = [], [], [], [], []
        for job in self.jobs:
            if job in self.cancelled:
                if self.world.status(job) != "cancelled":
                    wrong.append((job, ["a cancelled job was overwritten"]))
                if self.world.own.posts_about(job):
                    wrong.append((job, ["a webhook about a cancelled job"]))
                continue
            if not self.auditor.settled(job):
                lost.append(job)
                continue
            status = self.world.status(job)
            if status == "failed":
                failed.append(job)
            accepted = self.auditor.accepted(job)
            if not accepted:
                missing.append(job)
            if len({p["body"] for p in accepted}) > 1:
                doubled.append(job)
            found = self.auditor.job(job, Expected(status="success",
                                                   webhooks="1+"))
            if found:
                wrong.append((job, found))
        gpus = self.auditor.gpus(bill, self.needed_until)
        leaked = self.auditor.leaked_seconds(bill, self.needed_until)
        waits = [self.auditor.accepted(j)[0]["at"]
                 - float(self.world.record(j)["created_at"])
                 for j in self.jobs if self.auditor.accepted(j)]
        repeated = sum(len(self.auditor.accepted(j)) > 1 for j in self.jobs)
        restarts = sum(self.faults.get(x, 0) for x in ("kill", "term"))
        print(f"\nsoak of {self.options.minutes:g} min, seed {self.seed}, "
              f"{self.options.workers} workers"
              + (" in a cluster" if self.links else ""))
        print(f"jobs                {len(self.jobs)}, of them cancelled "
              f"{len(self.cancelled)}, failed {len(failed)}")
        print(f"faults              {sum(self.faults.values())}: " + ", ".join(
            f"{n} {c}" for n, c in sorted(self.faults.items()))
            + f"; {restarts} of them restarts")
        print(f"lost                {len(lost)}")
        print(f"doubled results     {len(doubled)}")
        print(f"webhooks missing    {len(missing)}")
        print(f"webhooks repeated   {repeated} (the same id and body)")
        print(f"GPU runs            {self.auditor.runs(bill)}")
        print(f"GPUs launched       {len(self.auditor.ours(bill))}, "
              f"{sum(w['seconds'] for w in self.auditor.ours(bill)):.0f} s")
        if self.links:
            print(f"GPUs handed over    {self.hand_overs()}")
        print(f"GPU seconds leaked  {leaked:.0f}")
        if waits:
            print(f"push to webhook     median {statistics.median(waits):.1f} "
                  f"s, worst {max(waits):.1f} s")
        for job, found in wrong:
            print(f"  job {job} ({self.jobs[job]}): " + "; ".join(found))
        for text in gpus + self.problems + ["lost " + j for j in lost]:
            print("  " + text)
        good = not (lost or doubled or missing or wrong or gpus
                    or self.problems)
        print("verdict: " + ("every promise held" if good else "NOT held"))
        return good

    def keep_logs(self):
        folder = ROOT / "build/soak"
        folder.mkdir(parents=True, exist_ok=True)
        for log in self.world.folder.glob("*.log"):
            (folder / log.name).write_text(log.read_text(errors="replace"))
        print(f"logs: {folder}")


def main():
    options = parse()
    if options.check_options:
        return 0
    if not (BIN / "c3-render-worker").exists():
        print(f"soak: no programs in {BIN}; ./run build", file=sys.stderr)
        return 2
    sweep()
    end_at_signals()
    soak = Soak(options)
    try:
        soak.run()
        good = soak.verdict()
        soak.keep_logs()
        return 0 if good else 1
    finally:
        soak.world.close()
        soak.world.remove()


if __name__ == "__main__":
    sys.exit(main())
