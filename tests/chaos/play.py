"""Plays one cell of the crash matrix."""

import os
import signal
import time

from auditor import Auditor, SERVICE
from world import IDLE, World, WorldError, free_port, wait_until

RENDER_S = 6
# Of a worker that is not the first: nobody launches while a GPU could still
# be taken over.
PATIENT = {"PRE_LAUNCH_TIMEOUT": "15", "PRE_LAUNCH_TIMEOUT_MAX": "15"}
JOB_LIMIT_S = 180


class Result:
    def __init__(self, cell):
        self.cell = cell
        self.found = []
        self.outcome = "not played"
        self.runs = self.webhooks = self.launches = 0
        self.recovery = None
        self.leaked = 0.0
        self.seconds = 0.0
        self.log = ""
        self.skipped = None
        self.trouble = False

    @property
    def as_expected(self):
        return not self.found


class Play:
    def __init__(self, cell, media, keep=None):
        self.cell = cell
        self.result = Result(cell)
        boot = "4s" if cell.step in ("queued", "booting") else "300ms"
        options = ["--boot-time", boot, "--log-level", "info"]
        for service in SERVICE.values():
            options += ["--render-time", f"{service}={RENDER_S}s"]
        self.world = World(media, options, aof=cell.how.get("aof", True),
                           keep=keep)
        self.auditor = Auditor(self.world.redis, self.world.own,
                               self.world.bill, self.world.stranger, IDLE)
        # Of worker a.
        self.more = {}
        self.relay = None
        self.exits = {}
        self.ended = self.delivered = self.struck = None

    # -- arriving at the step -------------------------------------------

    def prepare(self):
        world, how = self.world, self.cell.how
        for name, arg, count in how.get("arm", ()):
            world.fault(name, arg, count)
        if self.cell.fault == "node never boots":
            self.more["GPU_BOOT_TIMEOUT"] = "10"
        if how.get("relay") == "redis":
            self.relay = world.relay(world.redis_port)
            self.more["REDIS_PORT"] = str(self.relay.port)
        if how.get("relay") == "api":
            self.relay = world.relay(world.api.port)
            self.more["C3_API_URL"] = world.api_through(self.relay)
        if "disk" in how:
            self.disk = world.small_disk("a")
            if not self.disk:
                self.result.skipped = "no tmpfs can be mounted here"
                return False
            self.more["MIN_FREE_BYTES"] = "0"
        world.own.hook_script = list(how.get("hooks", ()))
        world.own.hook_always = how.get("hook_always")
        step = self.cell.step
        if self.cell.how.get("disk") == "fetch":
            world.own.fetch.hold()
        if step == "store":
            world.own.store.hold()
        if step == "webhook":
            world.own.hook.hold()
        return True

    def fill(self):
        file = os.open(self.disk / "filler", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(file, b"\0" * 1024)
        except OSError:
            pass
        finally:
            os.close(file)

    def until(self, condition, what, limit=60):
        if not wait_until(condition, limit):
            raise WorldError(f"step {self.cell.step} was not reached: {what}")

    def stage(self, *names):
        return lambda: any(s.startswith(names) for s in
                           self.world.stages(self.job))

    def arrive(self):
        world, own, step = self.world, self.world.own, self.cell.step
        first = dict(self.more)
        if step == "queued":
            first.update(PRE_LAUNCH_TIMEOUT="4", PRE_LAUNCH_TIMEOUT_MAX="4")
        early = self.cell.how.get("snapshot")
        if early:
            # Before a worker has seen it.
            self.job = world.submit(self.cell.kind)
            world.redis("SAVE")
        world.start_worker("a", **first)
        if self.cell.how.get("disk") == "fetch":
            # Who starts on a full disk does not get as far as a job: there is
            # no room for the journal.
            self.fill()
        if self.cell.how.get("survivor"):
            world.start_worker("b", **PATIENT)
        if not early:
            self.job = world.submit(self.cell.kind)
        render = self.stage("render", "ask ")
        if step == "queued":
            self.until(lambda: "job(s) wait" in world.workers["a"].text(),
                       "no look at the queue")
            self.until(world.pushes_are_written, "the push is not in the AOF")
        elif step == "booting":
            self.until(world.our_workloads, "no launch")
        elif step == "fetch":
            if self.cell.how.get("disk") != "fetch":
                self.reach_fetch()
        elif step == "submit":
            self.reach_fetch()
            world.fault("slow", "2500")
            own.fetch.open.set()
            self.until(self.stage("upload", "choose model"), "no upload")
        elif step == "render":
            self.until(render, "no render")
            time.sleep(0.5)
        elif step == "collect":
            self.until(render, "no render")
            time.sleep(RENDER_S - 2)
            world.fault("slow", "2500")
            self.until(self.stage("collect"), "no collect")
        elif step == "store":
            self.until(own.store.reached.is_set, "no upload of the result")
        elif step == "webhook":
            if self.cell.fault != "receiver down 8 s":
                self.until(own.hook.reached.is_set, "no webhook")
        elif step == "settled":
            self.until(lambda: self.auditor.accepted(self.job), "no webhook")
            time.sleep(0.3)

    def reach_fetch(self):
        """The fetch by the job, not the look at its input that came before the
        launch, when the job was nobody's yet."""
        self.until(self.world.our_workloads, "no launch")
        self.world.own.fetch.hold()
        self.until(self.world.own.fetch.reached.is_set, "no fetch")

    def release(self):
        """What the step was held with lets go; armed faults stay armed."""
        self.open_gates()
        if self.cell.step in ("submit", "collect"):
            self.world.clear_faults()

    # -- the faults ----------------------------------------------------------

    def strike(self):
        fault, world = self.cell.fault, self.world
        self.struck = time.time()
        for begin, act in (
                ("worker SIGTERM", self.terminate), ("worker SIGSTOP",
                                                     self.pause_worker),
                ("redis SIGKILL", self.lose_redis), ("redis down",
                                                     self.lose_redis),
                ("redis SIGSTOP", self.pause_redis), ("GPU dies",
                                                      self.lose_gpu),
                ("failover", self.lose_redis), ("redis OOM", self.no_memory),
                ("redis READONLY", self.read_only),
                ("network cut", self.cut_network),
                ("FLUSHALL and", self.flush_and_kill),
                ("FLUSHALL", self.flush), ("ComfyUI restarts", self.forget),
                ("receiver down", self.lose_receiver)):
            if fault.startswith(begin):
                return act()
        if "worker SIGKILL" in fault:
            return self.kill_worker()
        if "disk" in self.cell.how:
            return self.want_room()
        # The others are armed already.
        return self.release()

    def want_room(self):
        """A full disk, until the worker has said so. An analysis needs none."""
        if self.cell.how["disk"] == "render":
            self.fill()
        self.release()
        if self.cell.how["disk"] == "fetch" or self.cell.kind != "analyze":
            self.until(lambda: "unfit (" in self.world.workers["a"].text(),
                       "the worker does not find its disk full")
            time.sleep(2)
            (self.disk / "filler").unlink()

    def kill_worker(self):
        fault, world = self.cell.fault, self.world
        a = world.workers["a"]
        if fault == "receiver 500, worker SIGKILL":
            self.release()
            self.until(lambda: any(p["status"] == 500 for p in
                                   world.own.posts_about(self.job)), "no 500")
        if "answer lost" in fault:
            time.sleep(0.3)
        if fault == "stop refused, worker SIGKILL":
            self.until(lambda: "stopping" in a.text(), "no stop")
            time.sleep(0.3)
        both = fault.startswith("redis and")
        if both:
            world.redis_server.send(signal.SIGKILL)
        a.send(signal.SIGKILL)
        a.wait(10)
        self.release()
        if both:
            world.redis_server.wait(10)
            time.sleep(1)
            world.start_redis()
        if not self.cell.how.get("survivor"):
            time.sleep(1)
            world.start_worker("a", **{**self.more, **PATIENT})

    def terminate(self):
        a = self.world.workers["a"]
        a.send(signal.SIGTERM)
        if self.cell.fault.endswith("twice"):
            time.sleep(0.5)
            a.send(signal.SIGTERM)
        self.release()
        self.exits["a"] = a.wait(60)

    def pause_worker(self):
        a = self.world.workers["a"]
        a.send(signal.SIGSTOP)
        # What it had under way stays so; the successor finds all open.
        self.release()
        time.sleep(self.cell.seconds)
        a.send(signal.SIGCONT)

    def lose_redis(self):
        server = self.world.redis_server
        server.send(signal.SIGKILL)
        server.wait(10)
        self.release()
        time.sleep(self.cell.seconds or 1)
        self.world.start_redis()

    def no_memory(self):
        self.world.redis("CONFIG", "SET", "maxmemory", "1")
        self.release()
        time.sleep(self.cell.seconds)
        self.world.redis("CONFIG", "SET", "maxmemory", "0")

    def read_only(self):
        # Of a master that is not there: as after a failover that the worker
        # has not heard of.
        self.world.redis("REPLICAOF", "127.0.0.1", free_port())
        self.release()
        time.sleep(self.cell.seconds)
        self.world.redis("REPLICAOF", "NO", "ONE")

    def cut_network(self):
        self.relay.cut()
        self.release()
        time.sleep(self.cell.seconds)
        self.relay.heal()

    def pause_redis(self):
        self.world.redis_server.send(signal.SIGSTOP)
        self.release()
        time.sleep(3)
        self.world.redis_server.send(signal.SIGCONT)

    def flush(self):
        self.world.redis("FLUSHALL")
        self.release()

    def flush_and_kill(self):
        self.world.redis("FLUSHALL")
        self.kill_worker()

    def lose_gpu(self):
        listed = "listed" in self.cell.fault
        for w in self.world.our_workloads():
            if w["state"] == "running":
                self.world.fault("die_listed_after" if listed else "die_after",
                                 "0", 1, w["node"])
        time.sleep(0.3)
        self.open_gates()

    def forget(self):
        for w in self.world.our_workloads():
            self.world.fault("comfy_forget", None, 1, w["node"])

    def lose_receiver(self):
        world = self.world
        world.own.hook_down()
        self.until(lambda: world.status(self.job) == "success", "no end", 120)
        self.struck = time.time()
        time.sleep(8)
        self.release()
        world.own.hook_up()

    def open_gates(self):
        own = self.world.own
        for gate in (own.fetch, own.store, own.hook):
            gate.open.set()

    # -- the end -------------------------------------------------------------

    def finish(self):
        world, want = self.world, self.cell.want

        def quietly(ask):
            def answer():
                try:
                    return ask()
                except OSError:
                    return False
            return answer

        if wait_until(quietly(lambda: self.auditor.settled(self.job)),
                      JOB_LIMIT_S):
            self.ended = time.time()
        if want.webhooks == "dead":
            over = lambda: world.redis("ZSCORE", "c3:webhooks:dead", self.job)
        else:
            # Not only that it came: that the worker has put it down.
            over = lambda: (self.auditor.accepted(self.job) and world.redis(
                "ZSCORE", "c3:outbox", self.job) is None)
        if self.ended and wait_until(quietly(over), 150):
            self.delivered = time.time()
        self.needed_until = self.delivered or self.ended or time.time()
        # A stop that is not asked for yet, then the time that it may take.
        wait_until(lambda: not any(w["state"] == "running" for w in
                                   world.our_workloads()),
                   IDLE + 60 + 10, 0.2)
        # What an owner has stopped without closing its entry, since it was cut
        # off or ended just then, waits for the survivor: for the lease, then
        # until the list, which may lag, is believed.
        patience = 100 if self.cell.how.get("survivor") else 15
        wait_until(lambda: not world.redis("ZCARD", "c3:gpus"), patience, 0.2)
        if self.cell.fault.startswith(("worker SIGSTOP", "network cut")):
            # Whoever was away learns what has become of it.
            back = self.struck + self.cell.seconds
            time.sleep(max(0.0, back + 5 - time.time()))

    def stop_workers(self):
        for name, worker in self.world.workers.items():
            if worker.running():
                worker.send(signal.SIGTERM)
        for name, worker in self.world.workers.items():
            if name not in self.exits and worker.process.returncode != -9:
                self.exits[name] = worker.wait(30)

    def judge(self):
        result, want = self.result, self.cell.want
        self.stop_workers()
        bill = self.world.bill()
        result.found = (self.auditor.job(self.job, want)
                        + self.auditor.gpus(bill, self.needed_until, want))
        for name, code in self.exits.items():
            if code != 0:
                result.found.append(
                    f"worker {name} " + ("did not stop" if code is None
                                         else f"exited with {code}"))
        record = self.world.record(self.job)
        result.outcome = record.get("status", "gone")
        if record.get("error"):
            result.outcome += ": " + record["error"]
        result.runs = self.auditor.runs(bill)
        result.launches = len(self.auditor.ours(bill))
        result.webhooks = len(self.auditor.accepted(self.job))
        result.leaked = self.auditor.leaked_seconds(bill, self.needed_until)
        last = self.delivered or self.ended
        # Of what had settled there is nothing to recover, unless it was lost.
        lost = "FLUSHALL" in self.cell.fault or not self.world.aof
        if last and self.struck and (self.cell.step != "settled" or lost):
            result.recovery = max(0.0, last - self.struck)

    def logs(self):
        text = ""
        for name, worker in sorted(self.world.workers.items()):
            text += f"--- worker {name}\n" + worker.text()
        return text

    def play(self):
        begin = time.time()
        result = self.result
        try:
            if self.prepare():
                self.arrive()
                self.strike()
                self.finish()
                self.judge()
        except (WorldError, OSError) as error:
            result.found.append(f"{type(error).__name__}: {error}")
            result.trouble = isinstance(error, WorldError)
        finally:
            result.log = self.logs()
            result.seconds = time.time() - begin
            self.world.close()
            if not os.environ.get("CHAOS_KEEP"):
                self.world.remove()
        return result


def play(cell, media, keep=None):
    try:
        return Play(cell, media, keep).play()
    except Exception as error:  # a cell must not end the matrix
        result = Result(cell)
        result.found.append(f"{type(error).__name__}: {error}")
        result.trouble = True
        return result
