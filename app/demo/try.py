"""A fleet on this machine to play with. Called by `./run try` after the build."""

import argparse
import os
import re
import signal
import sys
import threading
import time

import load
from stage import BIN, NAMES, ROOT, Failed, Stage, wait_for

# Shown are the workers' plans, their GPUs and their warnings; the steps of each
# job and of each service are in the log files.
STEP = re.compile(r"^(job|webhook of job) |service is ready after")
HOST = re.compile(r"\.local\.comput3\.ai")


def parse():
    parser = argparse.ArgumentParser(
        prog="./run try",
        description="Starts Redis, the local cloud and workers on this machine: "
        "no account, no settings, nothing left behind. Stays for jobs of yours "
        "until Ctrl-C.")
    parser.add_argument("--workers", type=int, default=1, metavar="N",
                        help=f"workers that act as one, 1 (default) to {len(NAMES)}")
    parser.add_argument("--load", action="store_true",
                        help="keep a lively trace of jobs of all kinds going")
    parser.add_argument("--jobs", type=int, default=0, metavar="N",
                        help="a burst of speech jobs at the start")
    parser.add_argument("--boot-time", type=float, default=2, metavar="SECONDS",
                        help="until a rented GPU answers (2)")
    parser.add_argument("--once", action="store_true",
                        help="end when the burst is done")
    parser.add_argument("--plans", action="store_true",
                        help="show what each worker plans and warns of "
                        "(always with a burst)")
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--check-options", action="store_true",
                        help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 1 <= options.workers <= len(NAMES):
        parser.error(f"argument --workers: 1 to {len(NAMES)}, got {options.workers}")
    if not 0 <= options.jobs <= 500:
        parser.error(f"argument --jobs: 0 to 500, got {options.jobs}")
    if not 0 <= options.boot_time <= 600:
        parser.error("argument --boot-time: 0 to 600")
    if options.once and options.jobs == 0:
        parser.error("--once needs --jobs")
    return options


class Screen:
    """Lines of several programs, one after the other."""

    def __init__(self, plans):
        self.begun = time.monotonic()
        self.lock = threading.Lock()
        self.colour = sys.stdout.isatty()
        self.plans = plans
        self.rendered = {}
        self.launched = {}

    def say(self, text):
        with self.lock:
            print(f"\033[1m== {text}\033[0m" if self.colour else f"== {text}",
                  flush=True)

    def heard(self, worker, level, text):
        name = worker.name
        with self.lock:
            self.rendered[name] = (self.rendered.get(name, 0)
                                   + (" done in " in text or
                                      text.endswith(": rendered")))
            self.launched[name] = (self.launched.get(name, 0)
                                   + ("): launched as " in text))
            if not self.plans or STEP.search(text):
                return
            seconds = time.monotonic() - self.begun
            text = HOST.sub("", text)
            if level != "info" and self.colour:
                text = f"\033[33m{text}\033[0m"
            print(f"{seconds:6.1f} s  {name:<6} {text}", flush=True)


def burst(stage, screen, count):
    screen.say(f"a burst of {count} speech jobs")
    pending = []
    for i in range(count):
        pending.append(stage.ctl("submit", "csm", "--text",
                                 f"This is job number {i + 1}."))
        while pending and (len(pending) == 8 or i + 1 == count):
            if pending.pop(0).wait() != 0:
                raise Failed("a job was not taken into the queue")

    def all_done():
        stage.check()
        return sum(screen.rendered.values()) >= count

    wait_for("the burst is not done", all_done, 120 + count)
    screen.say(
        f"{sum(screen.rendered.values())} jobs on {stage.ledger()['launches']} "
        "GPUs: " + ", ".join(f"{x.name} rendered {screen.rendered[x.name]}, "
                             f"launched {screen.launched[x.name]}"
                             for x in stage.workers))


def stay(*parts):
    while True:
        for x in parts:
            x.check()
        time.sleep(0.5)


def play(stage, options, screen):
    screen.say(f"{stage.address}   (Ctrl-C ends it and leaves nothing)")
    shown = os.path.relpath(BIN, os.environ.get("OLDPWD", ROOT))
    print("   a job of your own, from another terminal:\n"
          f'   {shown}/c3ctl --redis {stage.redis} submit csm --text "Hello" '
          f"--wait --output hello.mp3\n   logs: {stage.folder}", flush=True)
    if options.jobs > 0:
        burst(stage, screen, options.jobs)
    if options.once:
        return
    if options.load:
        with load.Load(stage, options.seed) as jobs:
            stay(stage, jobs)
    stay(stage)


def main():
    options = parse()
    if options.check_options:
        return 0
    screen = Screen(options.plans or options.jobs > 0)
    # SIGINT too: a shell that starts a program in the background has it ignored.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)
    stage = Stage(options.workers, options.boot_time, heard=screen.heard,
                  cloud=load.cloud_options() if options.load
                  else ["--render-time", "csm=1s"])
    try:
        with stage:
            try:
                play(stage, options, screen)
            except KeyboardInterrupt:
                screen.say("stopping")
            finally:
                # The end is in order and takes some seconds.
                for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(each, signal.SIG_IGN)
    except KeyboardInterrupt:
        return 130
    except Failed as why:
        print(f"try: {why}", file=sys.stderr)
        return 1
    if stage.failed():
        print(f"try: {len(stage.failed())} worker(s) ended badly; the logs are in "
              f"{stage.folder}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
