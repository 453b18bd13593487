#!/usr/bin/python3
"""Fuzzes the parsers of outside data, with libFuzzer, ASan and UBSan."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("C3_FUZZ_DIR", ROOT / "build" / "fuzz"))
SECONDS = 60
AT_ONCE = 2
# A unit that takes longer or more is a finding.
UNIT_SECONDS = 10
MEMORY_MB = 1024
ALLOCATION_MB = 256
BYTES_MAX = 8192


def first_sentence(name):
    """Of the comment that a target begins with."""
    source = (HERE / f"{name}.cpp").read_text()
    comment = re.match(r"(// .*\n)+", source).group(0)
    return re.split(r"[.:] ", comment.replace("\n// ", " ")[3:])[0].strip(".\n")


def targets():
    """Name and subject of each."""
    listed = (HERE / "CMakeLists.txt").read_text()
    names = re.findall(r"^fuzz_target\((\w+)", listed, re.MULTILINE)
    return {name: first_sentence(name) for name in names}


def options(known):
    parser = argparse.ArgumentParser(prog="./run fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="only these; else all, two at a time")
    parser.add_argument("--seconds", type=int, default=SECONDS, metavar="N",
                        help=f"for each of them, {SECONDS} if not said")
    parser.add_argument("--list", action="store_true",
                        help="print the targets and run nothing")
    parser.add_argument("--check-options", action="store_true",
                        help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    for name in chosen.names:
        if name not in known:
            parser.error(f"no target {name}; see --list")
    if chosen.seconds < 1:
        parser.error("--seconds: at least 1")
    return chosen


def command(name, seconds):
    found = BUILD / "findings"
    own = BUILD / "corpus" / name
    own.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    return [str(BUILD / "fuzzers" / name),
            f"-max_total_time={seconds}", f"-timeout={UNIT_SECONDS}",
            f"-rss_limit_mb={MEMORY_MB}", f"-malloc_limit_mb={ALLOCATION_MB}",
            f"-max_len={BYTES_MAX}", f"-artifact_prefix={found}/{name}-",
            "-print_final_stats=1", str(own), str(HERE / "corpus" / name)]


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def why_of(text):
    """The line that says it best."""
    for pattern in (r"does not hold: .*", r"\S+: runtime error: .*",
                    r"ERROR: AddressSanitizer: .*", r"ERROR: libFuzzer: .*",
                    r"ERROR: LeakSanitizer: .*"):
        if found := re.search(pattern, text):
            return found.group(0)
    return text.strip().rsplit("\n", 1)[-1]


def fuzz(name, seconds):
    """The output of libFuzzer, and its exit code."""
    # What ends it is its own business; this is for a hang of that.
    try:
        done = subprocess.run(command(name, seconds), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=seconds + 300)
        return done.stdout, done.returncode
    except subprocess.TimeoutExpired:
        return "libFuzzer did not end", 1


def unit_of(text):
    file = re.findall(r"Test unit written to (\S+)", text)
    return pathlib.Path(file[-1]) if file else None


def was_stalled(name, text):
    """A machine with too much to do stops a process for seconds, and libFuzzer
    goes by the clock: an input that is quick when it is read alone is none."""
    unit = unit_of(text)
    if unit is None or "ERROR: libFuzzer: timeout" not in text:
        return False
    again = subprocess.run([BUILD / "fuzzers" / name,
                            f"-timeout={UNIT_SECONDS}", unit],
                           capture_output=True)
    if again.returncode != 0:
        return False
    unit.unlink()
    return True


def run(name, seconds):
    """Whether it found nothing, and the lines to print."""
    log = BUILD / "findings" / f"{name}.log"
    runs = took = corpus = 0
    stalled = True
    while stalled and took < seconds:
        began = time.monotonic()
        text, code = fuzz(name, seconds - took)
        took += max(1, round(time.monotonic() - began))
        log.write_text(text)
        runs += number(r"stat::number_of_executed_units: +(\d+)", text)
        corpus = number(r"corp: (\d+)/", text)
        stalled = code != 0 and was_stalled(name, text)
    line = f"{name:18} {runs:>10} runs {took:>5} s {corpus:>6} inputs  "
    if code == 0 or stalled:
        return True, line + "no finding"
    unit = unit_of(text)
    again = f"{BUILD}/fuzzers/{name} {unit}" if unit else f"see {log}"
    return False, (f"{line}FINDING {why_of(text)}\n"
                   f"{'':18} once more: {again}")


def main():
    known = targets()
    chosen = options(known)
    if chosen.check_options:
        return 0
    if chosen.list:
        for name, text in known.items():
            print(f"{name:18} {text}")
        return 0
    names = chosen.names or list(known)
    well = True
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(run, name, chosen.seconds) for name in names]
        for one in concurrent.futures.as_completed(waiting):
            good, lines = one.result()
            well &= good
            print(lines, flush=True)
    print(f"{len(names)} targets, " + ("no finding" if well else "FINDINGS"))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
