"""Jobs of all kinds at rates that change, so that there is something to see: a
few fail, a few are cancelled, most tell a receiver of their end."""

import math
import random
import subprocess
import threading
import time
import uuid

from stage import ROOT, Failed, read_env, wait_for

LINES = [
    "Good morning. The weather is fine today.",
    "Your parcel will come between two and four.",
    "We are happy to see you in the city.",
    "The train to the sea leaves from track nine.",
    "Please leave a message after the tone.",
    "The people here are happy to see you, and the coffee is good.",
]
QUESTIONS = ["What is in this picture?", "How many people are there?",
             "Which colours are there?"]
# What c3-local-cloud takes for a job, so that one can watch it.
RENDER_TIMES = {"csm": "2s", "whisper": "3s", "comfyui": "5s", "ollama": "2s"}


def cloud_options():
    return [x for service, span in RENDER_TIMES.items()
            for x in ("--render-time", f"{service}={span}")]


def pause_at(seconds, dice):
    """Seconds until the next job: busy and calm minutes, and bursts."""
    wave = 0.5 + 0.5 * math.sin(seconds * 2 * math.pi / 120)
    if dice.random() < 0.15 * wave:
        return 0.05
    return dice.expovariate(1 / (4.5 - 3.5 * wave))


class Load:
    def __init__(self, stage, seed):
        self.stage = stage
        self.dice = random.Random(seed)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.play)
        self.pending = []
        self.due_cancels = []
        # Why a job was not taken, if any was not.
        self.refused = ""

    def __enter__(self):
        hook = self.stage.folder / "hook.env"
        self.stage.programs.append(self.stage.ctl("listen", "--env-file", hook))
        sound = self.stage.folder / "input.mp3"
        wait_for("no receiver of webhooks", hook.exists)
        self.hook = read_env(hook)["NOTIFY_URL"]
        # The first job makes the sound that others write down or speak.
        first = self.stage.ctl("submit", "csm", "--text", " ".join(LINES[:3]),
                               "--wait", "--output", sound)
        first.wait()
        wait_for("no speech", sound.exists)
        self.sound, self.face = sound, ROOT / "app/demo/face.jpg"
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stopped.set()
        self.thread.join()
        for _, x in self.pending:
            x.wait()
            x.stderr.close()

    def play(self):
        begun = time.monotonic()
        while not self.stopped.wait(
                pause_at(time.monotonic() - begun, self.dice)):
            self.collect()
            now = time.monotonic()
            while self.due_cancels and self.due_cancels[0][0] <= now:
                self.send("cancel", self.due_cancels.pop(0)[1])
            if len(self.pending) < 8:
                self.push()

    def collect(self):
        still = []
        for command, x in self.pending:
            if x.poll() is None:
                still.append((command, x))
                continue
            said = x.stderr.read().decode(errors="replace")
            x.stderr.close()
            # A job may have ended before it could be cancelled.
            if x.returncode != 0 and command[0] == "submit":
                self.refused = said.strip()
        self.pending = still

    def check(self):
        if self.refused:
            raise Failed(f"a job was not taken into the queue: {self.refused}")

    def send(self, *command):
        self.pending.append((command, self.stage.ctl(*command,
                                                     stderr=subprocess.PIPE)))

    def push(self):
        job = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        chance = self.dice.random()
        self.send("submit", *self.what(chance), "--id", job,
                  *self.told(), *self.limits())
        if self.dice.random() < 0.05:
            self.due_cancels.append((time.monotonic() + self.dice.uniform(0, 4),
                                     job))
            self.due_cancels.sort()

    def what(self, chance):
        dice = self.dice
        gone = self.stage.cloud_env["C3_FILES_URL"] + "/files/gone.bin"
        picture = gone if dice.random() < 0.06 else self.face
        sound = gone if dice.random() < 0.06 else self.sound
        if chance < 0.45:
            return ["csm", "--text", dice.choice(LINES), "--voice",
                    dice.choice(["random", "conversational_a",
                                 "conversational_b"])]
        if chance < 0.7:
            return ["whisper", "--audio", sound, "--language", "en"]
        if chance < 0.9:
            return ["analyze", "--image", picture, "--prompt",
                    dice.choice(QUESTIONS)]
        return ["portrait", "--image", picture, "--audio", sound]

    def told(self):
        chance = self.dice.random()
        if chance < 0.7:
            return ["--notify-url", self.hook]
        # Nobody listens there.
        return ["--notify-url", "http://127.0.0.1:9/"] if chance < 0.73 else []

    def limits(self):
        return ["--max-time", "1"] if self.dice.random() < 0.03 else []
