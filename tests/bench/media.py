#!/usr/bin/env python3
"""What pictures, sound and stored results cost, beside the same OpenCV and
ffmpeg calls alone and `curl -T` to the same server; in turns, medians of rounds.
"""
import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from measure import BIN

UPLOAD = str(BIN / "interop_s3_upload")


def cpu_of(argv, env=None):
    """User and system seconds of a program and its children."""
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=env)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{argv[0]} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime


def said(argv):
    """The numbers that c3-bench-media prints."""
    out = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    return [float(x) for x in out.stdout.split()]


class Sink:
    """A server that takes what comes and answers 200, in a process of its own."""

    def __init__(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.pid = os.fork()
        if self.pid == 0:
            try:
                while True:
                    peer, _ = listener.accept()
                    threading.Thread(target=self.serve, args=(peer,), daemon=True).start()
            finally:
                os._exit(0)
        listener.close()

    @staticmethod
    def serve(peer):
        buffer = bytearray(1 << 20)
        with peer:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = peer.recv(65536)
                    if not got:
                        return
                    head += got
                head, rest = head.split(b"\r\n\r\n", 1)
                lines = head.lower().split(b"\r\n")
                if b"expect: 100-continue" in lines:
                    peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                left = next((int(x.split(b":")[1]) for x in lines
                             if x.startswith(b"content-length:")), 0) - len(rest)
                while left > 0:
                    count = peer.recv_into(buffer, min(left, len(buffer)))
                    if count == 0:
                        return
                    left -= count
                peer.sendall(b"HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n")

    def stop(self):
        os.kill(self.pid, 15)
        os.waitpid(self.pid, 0)


def show(what, ours, theirs, name, unit, aim):
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    print(f"{what}\n  {name:<28} median {statistics.median(theirs):9.3f} {unit}\n"
          f"  {'worker':<28} median {statistics.median(ours):9.3f} {unit}\n"
          f"  worker / {name}, median of rounds: {ratio:.2f} (aim: {aim})\n"
          f"  raw: worker {' '.join(f'{x:.4f}' for x in ours)};"
          f" {name} {' '.join(f'{x:.4f}' for x in theirs)}\n", flush=True)


def pictures(folder, rounds, times):
    tool = os.path.join(BIN, "c3-bench-media")
    source = os.path.join(folder, "in.jpg")
    subprocess.run([tool, "picture", source], check=True)
    for end, aim in (("png", "at most 1.2"), ("jpg", "at most 1.2")):
        out = os.path.join(folder, "out." + end)
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(1000 * statistics.median(
                said([tool, "opencv-picture", source, out, str(times)])))
            ours.append(1000 * statistics.median(
                said([tool, "worker-picture", source, out, str(times)])))
        show(f"CPU of a JPEG of 2048 pixels to upload size ({end.upper()})", ours, theirs,
             "OpenCV alone", "ms", aim)


def sounds(folder, rounds):
    tool = os.path.join(BIN, "c3-bench-media")
    source = os.path.join(folder, "in.mp3")
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1",
              "-filter_threads", "1"]
    subprocess.run(ffmpeg + ["-f", "lavfi", "-i", "anoisesrc=d=600:c=pink:a=0.3:r=44100",
                             "-ac", "2", "-b:a", "192k", source], check=True)
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(cpu_of(ffmpeg + ["-i", source, "-vn", "-map", "0:a:0", "-ac", "1",
                                       "-c:a", "pcm_s16le", os.path.join(folder, "a.wav")]))
        ours.append(statistics.median(
            said([tool, "worker-sound", source, os.path.join(folder, "b"), "1"])))
    show("CPU of ten minutes of sound to mono", ours, theirs, "ffmpeg alone", "s",
         "at most 1.2")


def uploads(folder, rounds, mib):
    """A worker runs already when it has a result, so that the time of a small
    file, which is that of the program's start, is taken off on both sides."""
    def file(name, size):
        path = os.path.join(folder, name)
        with open(path, "wb") as out:
            piece = os.urandom(1 << 20)
            for _ in range(size):
                out.write(piece)
        return path

    sink = Sink()
    env = dict(os.environ, MINIO_ENDPOINT=f"127.0.0.1:{sink.port}", MINIO_ACCESS_KEY="key",
               MINIO_SECRET_KEY="secret", MINIO_BUCKET="bench")

    def spent(argv):
        begun = time.monotonic()
        cpu = cpu_of(argv, env)
        return time.monotonic() - begun, cpu

    def curl(source):
        return spent(["curl", "-sf", "-T", source,
                      f"http://127.0.0.1:{sink.port}/bench/curl.mp4"])

    def worker(source):
        return spent([UPLOAD, source, "job.mp4", "video/mp4"])

    def rounds_of(ways):
        out = {way: [] for way in ways}
        for _ in range(rounds):
            for way in ways:
                small, large = way(short), way(long)
                out[way].append((large[0] - small[0], large[1] - small[1]))
        return out

    try:
        short, long = file("short.mp4", 1), file("long.mp4", mib + 1)
        curl(long)
        got = rounds_of([curl, worker])
    finally:
        sink.stop()
    for at, what, unit, aim in ((0, "A result of", "MiB/s", "at least 0.9"),
                                (1, "CPU of a result of", "s", "1")):
        ours, theirs = ([x[at] if at else mib / x[at] for x in got[way]]
                        for way in (worker, curl))
        show(f"{what} {mib} MiB to S3", ours, theirs, "curl -T", unit, aim)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="one short round of each")
    options.add_argument("--rounds", type=int, default=5)
    args = options.parse_args()
    rounds = 1 if args.quick else args.rounds
    with tempfile.TemporaryDirectory() as folder:
        pictures(folder, rounds, 1 if args.quick else 5)
        sounds(folder, rounds)
        uploads(folder, rounds, 512 if args.quick else 1024)
    print("A result to a folder is a rename: nothing to measure.")


if __name__ == "__main__":
    main()
