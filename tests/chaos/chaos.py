"""The crash matrix: ./run chaos [--quick] [--cell NAME] [--jobs N]"""

import argparse
import concurrent.futures
import pathlib
import statistics
import sys
import time

from cells import all_cells, quick_cells
from play import play
from world import BIN, ROOT, end_at_signals, make_media, sweep


def parse():
    parser = argparse.ArgumentParser(
        prog="./run chaos", description="Kills, stops, cuts and fills at every "
        "step of a job of each kind, with real processes, and checks what "
        "was promised. The full run writes docs/crash-matrix.md.")
    parser.add_argument("--quick", action="store_true",
                        help="some 30 cells, under three minutes")
    parser.add_argument("--cell", action="append", metavar="NAME",
                        help="only cells whose name, step/fault/kind, contains "
                        "this; repeatable")
    parser.add_argument("--jobs", type=int, default=24, metavar="N",
                        help="cells at one time (24)")
    parser.add_argument("--list", action="store_true",
                        help="print the cells and what is expected of them")
    parser.add_argument("--logs", metavar="DIR",
                        default=str(ROOT / "build/chaos"),
                        help="worker logs of cells that did not hold")
    parser.add_argument("--check-options", action="store_true",
                        help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error("argument --jobs: at least 1")
    return options


def choose(options):
    cells = quick_cells() if options.quick else list(all_cells())
    if options.cell:
        cells = [c for c in all_cells()
                 if any(part in c.name for part in options.cell)]
    return cells


def word(result):
    if result.skipped:
        return "skipped"
    return "ok" if result.as_expected else "NOT"


def one_line(text, limit=110):
    text = " ".join(text.split()).replace("|", "/")
    return text if len(text) <= limit else text[:limit - 1] + "…"


def show(number, total, result):
    seconds = f"{result.seconds:.0f} s"
    print(f"[{number}/{total}] {word(result):8} {result.cell.name}  ({seconds})"
          + "".join("\n           " + one_line(f, 300) for f in result.found),
          flush=True)


def keep_log(folder, result):
    folder.mkdir(parents=True, exist_ok=True)
    name = result.cell.name.replace("/", "--").replace(" ", "_")
    text = [f"cell: {result.cell.name}", f"expected: {result.cell.want}"]
    text += ["seen: " + f for f in result.found]
    (folder / (name + ".log")).write_text(
        "\n".join(text) + "\n" + result.log)


def counted(results):
    return [r for r in results if not r.skipped]


def summary(results):
    cells = counted(results)
    good = sum(r.as_expected for r in cells)
    return (f"{len(cells)} cells, {good} as expected, {len(cells) - good} not")


def seconds_text(value):
    return "–" if value is None else f"{value:.1f}"


def recovery_table(results):
    by_fault = {}
    for r in counted(results):
        if r.recovery is not None:
            by_fault.setdefault(r.cell.fault, []).append(r.recovery)
    lines = ["| fault | cells | median s | worst s |", "| --- | --- | --- | --- |"]
    lines += [f"| {fault} | {len(v)} | {statistics.median(v):.1f} | "
              f"{max(v):.1f} |" for fault, v in by_fault.items()]
    return lines


def row(result):
    cell = result.cell
    if result.skipped:
        return (f"| {cell.step} | {cell.fault} | {cell.kind} | skipped: "
                f"{result.skipped} | | | | | | |")
    return (f"| {cell.step} | {cell.fault} | {cell.kind} | "
            f"{one_line(result.outcome, 80)} | {result.runs} | "
            f"{result.launches} | {result.webhooks} | "
            f"{seconds_text(result.recovery)} | {result.leaked:.0f} | "
            f"{word(result)} |")


HEAD = ["| step | fault | kind | outcome | GPU runs | launches | webhooks | "
        "recovery s | GPU s leaked | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]


def document(results, took):
    lines = [
        "# The crash matrix", "",
        "Made by `./run chaos`; do not edit. Real processes (worker, "
        "redis-server, local", "cloud, receiver, object store) are killed, "
        "stopped, cut or starved at each step of a", "job of each kind, "
        "and an auditor that knows only Redis, the receiver's log, the", "object "
        "store and the cloud's bill compares the end with what was promised.",
        "The promise of each cell: `./run chaos --list`.", "",
        f"**{summary(results)}.** Took {took / 60:.0f} min, on "
        + time.strftime("%Y-%m-%d", time.gmtime()) + ".", "",
        "Recovery is the time from the fault until the job was final and its "
        "webhook", "accepted, with the rest of the render (up to 6 s) in it. "
        "A GPU second is leaked when it", "is billed more than the idle "
        "timeout (10 s) and 60 s after all jobs had ended.", "",
        "Survivor: a second worker runs all the time. Restart: the same "
        "worker is started", "again a second later, with its journal. "
        "Failover to an old snapshot: Redis comes", "back without what "
        "happened since the job was pushed. Network cut: sockets stay", "open, "
        "all that is sent is swallowed; nodes are not behind the API's cut.",
        "",
        "## Recovery by fault", ""]
    lines += recovery_table(results)
    wrong = [r for r in counted(results) if not r.as_expected]
    if wrong:
        lines += ["", "## Not as expected", ""]
        for r in wrong:
            lines.append(f"- **{r.cell.name}**: expected {r.cell.want}; seen: "
                         + one_line("; ".join(r.found), 400))
    lines += ["", "## All cells", ""] + HEAD + [row(r) for r in results]
    return "\n".join(lines) + "\n"


def run(cells, options):
    media = make_media()
    results = {}
    logs = pathlib.Path(options.logs)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        # The longest first, so that none of them is waited for at the end.
        under_way = {pool.submit(play, cell, media): cell for cell in
                     sorted(cells, key=lambda c: -c.seconds)}
        for done in concurrent.futures.as_completed(under_way):
            result = done.result()
            results[result.cell.name] = result
            show(len(results), len(cells), result)
            if result.found:
                keep_log(logs, result)
    return [results[c.name] for c in cells]


def main():
    options = parse()
    cells = choose(options)
    if not cells:
        print("chaos: no cell has such a name", file=sys.stderr)
        return 2
    if options.check_options:
        return 0
    if options.list:
        for cell in cells:
            print(f"{cell.name}: {cell.want}")
        print(f"{len(cells)} cells")
        return 0
    if not (BIN / "c3-render-worker").exists():
        print(f"chaos: no programs in {BIN}; ./run build", file=sys.stderr)
        return 2
    sweep()
    end_at_signals()
    begin = time.time()
    results = run(cells, options)
    took = time.time() - begin
    if not options.quick and not options.cell:
        (ROOT / "docs/crash-matrix.md").write_text(document(results, took))
    print(f"{summary(results)} ({took:.0f} s)")
    return 0 if all(r.as_expected for r in counted(results)) else 1


if __name__ == "__main__":
    sys.exit(main())
