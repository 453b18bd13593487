"""The crash matrix: every cell is a step of a job, a fault that strikes there
and a kind of job, with what is promised to come of it.

The expectations are the promises, not what happened to be seen."""

import re

from auditor import Expected

KINDS = ("csm", "whisper", "portrait", "analyze")
STEPS = ("queued", "booting", "fetch", "submit", "render", "collect", "store",
         "webhook", "settled")
# Where an answer of the model is the whole result, nothing is fetched or
# stored; a transcript is not uploaded.
ABSENT = {"analyze": ("collect", "store"), "whisper": ("store",), "csm": (),
          "portrait": ()}
AFTER_RENDER = ("webhook", "settled")


class Cell:
    def __init__(self, step, fault, kind, want, **how):
        self.step, self.fault, self.kind = step, fault, kind
        self.want, self.how = want, how
        self.name = f"{step}/{fault}/{kind}"
        named = re.search(r"(\d+) s\b", fault)
        # How long the fault lasts, where its name says so.
        self.seconds = int(named[1]) if named else 0


def steps_of(kind):
    return [s for s in STEPS if s not in ABSENT[kind]]


def runs_after_loss(step, kind):
    """GPU runs when the worker is lost at that step."""
    if step in ("queued", "booting", "fetch") or step in AFTER_RENDER:
        return 1
    if kind == "portrait":
        # Where ComfyUI has the prompt, a new owner follows it. Between handing
        # it over and writing its name down is a moment that nobody can close.
        return 2 if step == "submit" else 1
    return 2


def hooks_after_loss(step):
    return "1+" if step == "webhook" else "1"


def worker_faults(kind):
    for step in steps_of(kind):
        runs = runs_after_loss(step, kind)
        hooks = hooks_after_loss(step)
        # Who dies while a launch is under way leaves a GPU that the successor
        # takes over, or stops because it has its own by then.
        launches = 2 if step in ("queued", "booting") else 1
        yield Cell(step, "worker SIGKILL, survivor", kind, Expected(
            runs=runs, webhooks=hooks, launches=launches), survivor=True)
        yield Cell(step, "worker SIGKILL, restart", kind, Expected(
            runs=runs, webhooks=hooks, launches=launches))
        yield Cell(step, "worker SIGTERM", kind, Expected(
            launches=2 if step in ("queued", "booting") else 1),
            survivor=True)
        yield Cell(step, "worker SIGSTOP 36 s", kind, Expected(
            runs=runs, webhooks=hooks, launches=2), survivor=True)
    for step in ("fetch", "render"):
        yield Cell(step, "worker SIGTERM twice", kind, Expected(
            runs=1 if step == "fetch" else 2, launches=2), survivor=True)


def redis_faults(kind):
    for step in steps_of(kind):
        yield Cell(step, "redis SIGKILL, restart", kind, Expected())
        yield Cell(step, "redis SIGSTOP 3 s", kind, Expected())
    for step in ("render", "webhook"):
        if kind in ("csm", "portrait") or step == "render":
            yield Cell(step, "redis down 60 s", kind, Expected())
        yield Cell(step, "redis OOM 8 s", kind, Expected())
        yield Cell(step, "redis READONLY 8 s", kind, Expected())
    if kind == "csm":
        yield Cell("render", "redis down 600 s", kind, Expected())
    yield Cell("render", "redis and worker SIGKILL", kind, Expected(
        runs=runs_after_loss("render", kind)))


def redis_losses(kind):
    """Redis forgets what it had confirmed; the worker's journal has it."""
    for step in steps_of(kind):
        if step not in ("fetch", "render", "store") + AFTER_RENDER:
            continue
        yield Cell(step, "FLUSHALL", kind, Expected())
        # From a snapshot in which the job still waits: the same job, so it
        # must not run again.
        yield Cell(step, "failover to an old snapshot", kind, Expected(),
                   aof=False, snapshot=True)
        if step in ("render",) + AFTER_RENDER:
            yield Cell(step, "redis SIGKILL without AOF", kind, Expected(),
                       aof=False)
        if step not in ("fetch", "settled"):
            yield Cell(step, "FLUSHALL and worker SIGKILL", kind, Expected(
                runs=runs_after_loss(step, kind),
                webhooks=hooks_after_loss(step)))


def network_faults(kind):
    for step in steps_of(kind):
        if step in ("fetch", "render", "store", "webhook"):
            # As a worker that stands still, but that it goes on: it renders to
            # the end, and stops its idle GPU before its lease has run out. So
            # a successor finds nothing to follow, with ComfyUI neither.
            yield Cell(step, "network cut from Redis 36 s", kind, Expected(
                runs=1 if step in AFTER_RENDER else 2,
                webhooks=hooks_after_loss(step), launches=2),
                survivor=True, relay="redis")
        if step in ("booting", "settled"):
            # When it has settled, the idle GPU is to be stopped meanwhile.
            yield Cell(step, "network cut from the API 20 s", kind, Expected(),
                       relay="api")


def gpu_faults(kind):
    for step in steps_of(kind):
        if step == "queued":
            continue
        before = step in ("booting", "fetch")
        after = step in ("store",) + AFTER_RENDER
        yield Cell(step, "GPU dies", kind, Expected(
            runs=1 if before or after else 2, launches=2))
    yield Cell("render", "GPU dies, still listed", kind,
               Expected(runs=2, launches=2))
    if kind in ("csm", "whisper"):
        yield Cell("render", "stream cut", kind,
                   Expected(runs=2, launches=2), arm=[("drop_stream", None, 1)])
    if kind == "portrait":
        yield Cell("render", "ComfyUI restarts", kind,
                   Expected(runs=2, launches=2))


def cloud_faults(kind):
    for name, arm, launches in (
            ("launch refused twice", [("launch_refuse", None, 2)], 1),
            ("launch answer lost", [("launch_lost_answer", None, 1)], 1),
            ("launch answered with HTML", [("launch_lost_answer", "html", 1)],
             1),
            ("list lags 20 s", [("list_lag", "20", None)], 1),
            ("list is HTML", [("list_html", None, 3)], 1),
            ("node never boots", [("boot_forever", None, 1)], 2)):
        yield Cell("booting", name, kind, Expected(launches=launches), arm=arm)
    yield Cell("settled", "stop refused 4 times", kind, Expected(),
               arm=[("stop_refuse", None, 4)])
    yield Cell("booting", "launch answer lost, worker SIGKILL", kind,
               Expected(launches=2), arm=[("launch_lost_answer", None, 1)])
    yield Cell("booting", "list lags, worker SIGKILL", kind,
               Expected(launches=2), arm=[("list_lag", "20", None)])
    yield Cell("settled", "stop refused, worker SIGKILL", kind, Expected(),
               arm=[("stop_refuse", None, 3)])


def receiver_faults(kind):
    yield Cell("webhook", "receiver answers 500 twice", kind,
               Expected(tries=3), hooks=[500, 500])
    yield Cell("webhook", "receiver down 8 s", kind, Expected())
    yield Cell("webhook", "receiver hangs up", kind, Expected(tries=2),
               hooks=["cut"])
    yield Cell("webhook", "receiver always 500", kind,
               Expected(webhooks="dead", tries=5), hook_always=500)
    yield Cell("webhook", "receiver 500, worker SIGKILL", kind,
               Expected(webhooks="1"), hooks=[500], survivor=True)


def disk_faults(kind):
    # An input that does not fit, and a result that does not: the job goes back
    # and runs when there is room again, by then perhaps on another GPU.
    yield Cell("fetch", "disk full", kind, Expected(launches=2), disk="fetch")
    # The text of an analysis is the result itself, and Redis has it.
    yield Cell("render", "disk full", kind, Expected(
        runs=1 if kind == "analyze" else 2, launches=2), disk="render")


def all_cells():
    for make in (worker_faults, redis_faults, redis_losses, network_faults,
                 gpu_faults, cloud_faults, receiver_faults, disk_faults):
        for kind in KINDS:
            yield from make(kind)


QUICK = {
    "csm": ("booting/worker SIGKILL, survivor", "render/worker SIGTERM",
            "store/worker SIGKILL, survivor", "render/redis SIGKILL, restart",
            "render/GPU dies", "booting/launch answer lost",
            "settled/stop refused 4 times", "fetch/disk full",
            "render/worker SIGSTOP 36 s", "render/FLUSHALL",
            "webhook/FLUSHALL and worker SIGKILL",
            "render/network cut from Redis 36 s"),
    "whisper": ("fetch/worker SIGKILL, survivor",
                "collect/worker SIGKILL, restart",
                "webhook/redis SIGKILL, restart", "render/stream cut",
                "webhook/receiver down 8 s", "render/redis READONLY 8 s",
                "render/failover to an old snapshot"),
    "portrait": ("render/worker SIGKILL, survivor", "booting/worker SIGTERM",
                 "store/worker SIGSTOP 36 s", "render/ComfyUI restarts",
                 "render/FLUSHALL and worker SIGKILL",
                 "settled/redis SIGKILL without AOF",
                 "booting/network cut from the API 20 s"),
    "analyze": ("queued/worker SIGKILL, restart", "render/worker SIGTERM twice",
                "render/redis SIGSTOP 3 s", "booting/GPU dies",
                "webhook/receiver answers 500 twice", "webhook/redis OOM 8 s"),
}


def quick_cells():
    wanted = {f"{name}/{kind}" for kind, names in QUICK.items()
              for name in names}
    found = [c for c in all_cells() if c.name in wanted]
    assert len(found) == len(wanted), wanted - {c.name for c in found}
    return found
