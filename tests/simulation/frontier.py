#!/usr/bin/env python3
"""GPU seconds against the 95 % wait as TARGET_WAIT moves, beside the policies
without links, on the same traces and seeds. Writes docs/fleet-frontier.svg and
prints the table of docs/fleet.md.
Usage: frontier.py C3_SIM [--workers N] [TRACE...]"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACES = {"steady": (100, 6), "bursty": (100, 6), "daily": (100, 24),
          "sparse": (10, 6)}
# Seconds; None: a boot.
TARGETS = (5, 15, 30, None, 90, 180, 300)
SEEDS = (1, 2)
WIDTH, HEIGHT, LEFT, BOTTOM = 340, 250, 52, 38
COLOUR = {"cluster": "#2b6cb0", "ledger": "#c05621", "contract": "#6b46c1"}


def simulate(sim, workers, trace, policy, target, seed):
    jobs, hours = TRACES[trace]
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(
            [sim, "--nodes", str(workers), "--jobs", str(jobs * workers),
             "--hours", str(hours), "--trace", trace, "--policy", policy,
             "--faults", "none", "--seed", str(seed), "--json", out.name]
            + (["--set", f"TARGET_WAIT={target}"] if target else []),
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        run, = json.load(open(out.name))["runs"]
    return run["gpu_seconds_rented"], run["wait_p95_s"]


def mean(pairs):
    return tuple(sum(x) / len(x) for x in zip(*pairs))


def measure(sim, workers, traces):
    """{trace: [(policy, target, GPU seconds, 95 % wait in s)]}"""
    wanted = [(trace, "cluster", target) for trace in traces
              for target in TARGETS]
    wanted += [(trace, policy, None) for trace in traces
               for policy in ("ledger", "contract")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {x: [pool.submit(simulate, sim, workers, *x, seed)
                    for seed in SEEDS] for x in wanted}
    out = {trace: [] for trace in traces}
    for (trace, policy, target), under_way in runs.items():
        out[trace].append((policy, target,
                           *mean([x.result() for x in under_way])))
    return out


def ticks(most, count=4):
    for step in (m * 10 ** e for e in range(7) for m in (1, 2, 5)):
        if most / step <= count:
            return [step * i for i in range(int(most / step) + 1)]
    return [0]


def panel(trace, points, left):
    most_x = 1.2 * max(x[3] for x in points)
    # The random wait alone costs so much more that it may lie above.
    most_y = 1.3 * max(x[2] for x in points if x[0] != "contract")

    def at(gpu_s, wait_s):
        return (left + LEFT + wait_s / most_x * (WIDTH - LEFT - 12),
                HEIGHT - BOTTOM - gpu_s / most_y * (HEIGHT - BOTTOM - 30))

    out = [f'<text x="{left + LEFT}" y="18" class="title">{trace}</text>']
    for tick in ticks(most_x):
        x, y = at(0, tick)
        out.append(f'<text x="{x:.0f}" y="{y + 15:.0f}" class="mark" '
                   f'text-anchor="middle">{tick:g}</text>')
    for tick in ticks(most_y):
        x, y = at(tick, 0)
        out.append(f'<path d="M{x:.0f} {y:.0f}H{left + WIDTH - 12}" '
                   'class="grid"/>')
        out.append(f'<text x="{x - 6:.0f}" y="{y + 4:.0f}" class="mark" '
                   f'text-anchor="end">{tick / 1000:g}k</text>')
    x, y = at(0, most_x / 2)
    out.append(f'<text x="{x:.0f}" y="{y + 31:.0f}" class="mark" '
               'text-anchor="middle">95 % wait, s</text>')
    curve = [at(x[2], x[3]) for x in points if x[0] == "cluster"]
    out.append('<path d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in curve)
               + f'" fill="none" stroke="{COLOUR["cluster"]}"/>')
    for policy, target, gpu_s, wait_s in points:
        x, y = at(min(gpu_s, most_y), wait_s)
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" '
                   f'fill="{COLOUR[policy]}"/>')
        name = policy
        if policy == "cluster":
            # Those between are in order.
            if target not in (TARGETS[0], TARGETS[-1]):
                continue
            name = f"{target} s"
        elif gpu_s > most_y:
            name = f"{policy}, at {gpu_s / 1000:.0f}k"
        out.append(f'<text x="{x + 7:.1f}" y="{y - 4:.1f}" class="mark">'
                   f'{name}</text>')
    return out


def chart(found, workers):
    width = WIDTH * len(found)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
             f'height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
             'font-family="sans-serif">',
             "<style>.title{font-size:14px;font-weight:bold}.mark{font-size:"
             "11px;fill:#4a5568}.grid{stroke:#e2e8f0}</style>",
             f"<title>GPU seconds against the 95 % wait, {workers} workers"
             "</title>",
             f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>']
    for i, (trace, points) in enumerate(found.items()):
        lines += panel(trace, points, i * WIDTH)
    return "\n".join(lines + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(
        description="GPU seconds against the 95 %% wait as TARGET_WAIT moves")
    parser.add_argument("sim", metavar="C3_SIM")
    parser.add_argument("traces", nargs="*", metavar="TRACE",
                        help="of " + ", ".join(TRACES) + "; all of them")
    parser.add_argument("--workers", type=int, default=30)
    options = parser.parse_intermixed_args()
    if unknown := set(options.traces) - set(TRACES):
        parser.error("no such trace: " + ", ".join(sorted(unknown)))
    found = measure(options.sim, options.workers,
                    options.traces or list(TRACES))
    for trace, points in found.items():
        for policy, target, gpu_s, wait_s in points:
            name = policy
            if policy == "cluster":
                name += f", {target} s" if target else ", a boot"
            print(f"| {trace} | {name} | {gpu_s:,.0f} | {wait_s:.1f} |")
    (ROOT / "docs/fleet-frontier.svg").write_text(
        chart(found, options.workers))


if __name__ == "__main__":
    main()
