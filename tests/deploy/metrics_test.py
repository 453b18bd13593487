#!/usr/bin/env python3
"""The alerts by promtool, and each query of the dashboard and of the alerts
against a scrape (of a worker that had run a job, refused one and lost a
webhook) in a Prometheus of its own. Exits with 77 (skipped) where Debian's
package "prometheus" is not installed."""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
DEPLOY = HERE.parent.parent / "deploy"
SCRAPE = HERE / "scrape.txt"
MINUTES = 180
# Says something only when something is wrong.
MAY_BE_EMPTY = {"Redis away"}
# Of Prometheus itself, or of the scrape.
FUNCTIONS = re.compile(r"\bc3_\w+|\bprocess_\w+")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SUFFIXES = ("_bucket", "_sum", "_count")


def fail(text):
    print(text)
    sys.exit(1)


def families(text):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def samples(text):
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            yield name, float(value)


def with_labels(name, more):
    if name.endswith("}"):
        return name[:-1] + "," + more + "}"
    return name + "{" + more + "}"


def history(text):
    """The scrape as OpenMetrics, once a minute; counters grow to what it has."""
    kinds = families(text)
    by_family = {}
    for name, value in samples(text):
        bare = name.split("{")[0]
        family = bare
        for suffix in SUFFIXES:
            if bare.endswith(suffix) and bare[: -len(suffix)] in kinds:
                family = bare[: -len(suffix)]
        by_family.setdefault(family, []).append((name, value))
    now = int(time.time())
    out = []
    for family, rows in by_family.items():
        kind = kinds.get(family, "gauge")
        grows = kind in ("counter", "histogram")
        shown = family[: -len("_total")] if kind == "counter" else family
        if kind == "counter" and not family.endswith("_total"):
            fail(f"{family}: a counter whose name does not end in _total")
        out.append(f"# TYPE {shown} {kind if kind != 'histogram' else 'unknown'}")
        if kind == "histogram":
            # One series at a time: OpenMetrics wants whole histograms.
            out.pop()
        for name, value in rows:
            name = with_labels(name, 'instance="a",job="c3"')
            for i in range(MINUTES + 1):
                at = now - 60 * (MINUTES - i)
                x = value * i if grows else value
                out.append(f"{name} {x} {at}")
    return "\n".join(out) + "\n# EOF\n"


def queries():
    board = json.loads((DEPLOY / "grafana/c3.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"].replace("$__rate_interval", "5m")
            yield panel["title"], expr.replace("$job", ".*")


def alerts():
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def check_names(text):
    """Names in queries exist, gauges of the fleet are never summed up."""
    kinds = families(text)
    for title, expr in list(queries()) + list(alerts()):
        for name in FUNCTIONS.findall(expr):
            bare = name
            for suffix in SUFFIXES:
                if bare.endswith(suffix) and bare[: -len(suffix)] in kinds:
                    bare = bare[: -len(suffix)]
            if bare not in kinds:
                fail(f"{title}: no such family in the scrape: {name}")
        if re.search(r"sum[^c]*\(c3_(jobs_waiting|jobs_oldest_wait)", expr):
            fail(f"{title}: sums up what every worker tells of the fleet")


def ask(port, expr):
    url = (f"http://127.0.0.1:{port}/api/v1/query?"
           + urllib.parse.urlencode({"query": expr}))
    try:
        with DIRECT.open(url, timeout=10) as got:
            return json.load(got)
    except urllib.error.HTTPError as err:
        return json.load(err)


def free_port():
    with socket.socket() as x:
        x.bind(("127.0.0.1", 0))
        return x.getsockname()[1]


def check_queries(text):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "history.txt").write_text(history(text))
        (root / "empty.yaml").write_text("scrape_configs: []\n")
        made = subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics",
             root / "history.txt", root / "data"],
            capture_output=True, text=True, check=False)
        if made.returncode:
            fail(made.stdout + made.stderr)
        port = free_port()
        server = subprocess.Popen(
            ["prometheus", f"--config.file={root / 'empty.yaml'}",
             f"--storage.tsdb.path={root / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                try:
                    if ask(port, "vector(1)").get("status") == "success":
                        break
                except (OSError, ValueError):
                    pass
                time.sleep(0.2)
            else:
                fail("prometheus does not answer")
            for title, expr in queries():
                got = ask(port, expr)
                if got["status"] != "success":
                    fail(f"{title}: {expr}: {got}")
                found = got["data"]["result"]
                if not found and title not in MAY_BE_EMPTY:
                    fail(f"{title}: nothing is found by {expr}")
                for x in found:
                    if x["value"][1] == "NaN" and "histogram" not in expr:
                        fail(f"{title}: no number by {expr}")
            for title, expr in alerts():
                got = ask(port, expr)
                if got["status"] != "success":
                    fail(f"{title}: {expr}: {got}")
        finally:
            server.terminate()
            server.wait(timeout=20)


def main():
    missing = [x for x in ("promtool", "prometheus") if not shutil.which(x)]
    text = SCRAPE.read_text()
    check_names(text)
    if missing:
        print("skipped: Debian's package prometheus is not installed")
        sys.exit(77)
    for what in (["check", "rules", DEPLOY / "prometheus/rules.yaml"],
                 ["test", "rules", HERE / "alerts_test.yaml"]):
        done = subprocess.run(["promtool", *what], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            fail(done.stdout + done.stderr)
    check_queries(text)
    print("ok:", len(list(queries())), "queries,", len(list(alerts())), "alerts")


main()
