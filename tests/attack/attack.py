#!/usr/bin/python3
"""Plays the attacks of docs/security.md on a real worker, on loopback."""

import argparse
import itertools
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bodies  # noqa: E402, F401
import media  # noqa: E402, F401
import nodes  # noqa: E402, F401
import records  # noqa: E402, F401
import secrets_of_ours  # noqa: E402, F401
import status  # noqa: E402, F401
import urls  # noqa: E402, F401
import web  # noqa: E402, F401
import web_data  # noqa: E402, F401
from rows import ROWS  # noqa: E402
from stage import Broken, Stage, WorldError  # noqa: E402
from web_stage import WebStage  # noqa: E402
from world import end_at_signals, make_media, sweep  # noqa: E402


def options():
    parser = argparse.ArgumentParser(
        prog="./run attack", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="only rows or sections of that name")
    parser.add_argument("--quick", action="store_true",
                        help="without the rows that take longer than a minute")
    parser.add_argument("--list", action="store_true",
                        help="print the table and play nothing")
    parser.add_argument("--check-options", action="store_true",
                        help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    known = {r.name for r in ROWS} | {r.section for r in ROWS}
    for name in chosen.names:
        if name not in known:
            parser.error(f"no row or section {name}; see --list")
    return chosen


def wanted(row, chosen):
    named = not chosen.names or {row.name, row.section} & set(chosen.names)
    return named and not (chosen.quick and row.slow)


def set_up(row, inputs):
    return WebStage(inputs) if row.section == "web" else Stage(inputs)


def play(row, inputs, stage):
    """What has gone wrong, or None."""
    try:
        if row.stage == "none":
            row.play(inputs)
        elif row.stage == "shared":
            row.play(stage)
            if not stage.worker.running():
                return "the worker has died"
        else:
            own = set_up(row, inputs)
            try:
                row.play(own)
            finally:
                own.close()
                own.remove()
    except Broken as why:
        return str(why)
    except (WorldError, OSError) as why:
        return f"{type(why).__name__}: {why}"
    return None


def main():
    chosen = options()
    if chosen.check_options:
        return 0
    rows = [r for r in ROWS if wanted(r, chosen)]
    if chosen.list:
        for row in rows:
            print(f"{row.section:10} {row.name:32} {row.attack}")
        return 0
    end_at_signals()
    sweep()
    inputs = make_media()
    broken = 0
    for section, group in itertools.groupby(rows, lambda r: r.section):
        stage = None
        for row in group:
            begun = time.monotonic()
            if row.stage == "shared" and not (stage
                                              and stage.worker.running()):
                if stage:
                    stage.close()
                    stage.remove()
                stage = set_up(row, inputs)
            why = play(row, inputs, stage)
            broken += why is not None
            print(f"{'BROKEN' if why else 'safe':7} {section:9} "
                  f"{row.name:30} {time.monotonic() - begun:5.1f} s  "
                  f"{row.attack}" + (f"\n        {why}" if why else ""),
                  flush=True)
        if stage:
            stage.close()
            stage.remove()
    print(f"\n{len(rows) - broken} passed, {broken} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
