#!/usr/bin/python3
"""Measures weir against tests/bench/limit_embedded, which frames MLLP, appends two records of the same
sizes with the same group commit to SQLite, answers, and does nothing else.

Runs of both alternate, so that a disk that gets slower slows both; medians are compared. CPU seconds
per 100,000 messages is the steadiest figure of all. Called by ./bench.
"""
import argparse
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "flow"))

import kit  # noqa: E402
import mllp  # noqa: E402
import morning  # noqa: E402

BENCH = os.path.join(kit.BUILD, "tests", "bench")

def tool(name):
    path = os.path.join(BENCH, name)
    if not os.path.exists(path):
        sys.exit(f"bench: {path} is not built")
    return path


class Table:
    """Rows of figure, value, goal; the worst news first in the exit code."""

    def __init__(self):
        self.rows, self.missed = {}, []

    def add(self, name, value, unit="", at_least=None, at_most=None):
        good = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
        goal = f"at least {at_least:g}" if at_least is not None else \
            f"at most {at_most:g}" if at_most is not None else ""
        mark = "" if not goal else "  ok" if good else "  MISSED"
        print(f"{name:<58} {value:>10.3g} {unit:<10} {goal}{mark}", flush=True)
        self.rows[name] = {"value": value, "unit": unit, "goal": goal, "good": good}
        if not good:
            self.missed.append(name)


def load(port, connections, seconds, *more):
    """One run of the load generator: its line "messages N seconds S rate R …" as a dict."""
    done = subprocess.run([tool("mllp_load"), "--port", str(port), "--connections", str(connections),
                           "--seconds", str(seconds), *map(str, more)],
                          capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: mllp_load: exit {done.returncode}: {done.stderr}")
    return figures(done.stdout)


def figures(line):
    words = line.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def rate(result):
    return result["messages"] / result["seconds"]


def limit_run(connections, seconds, event_bytes):
    """The bare program: messages per second and its CPU seconds per 100,000."""
    with tempfile.TemporaryDirectory(prefix="weir-limit-") as folder:
        popen = subprocess.Popen([tool("limit_embedded"), folder, "--event", str(event_bytes)],
                                 stdout=subprocess.PIPE, text=True)
        try:
            port = int(popen.stdout.readline().split()[1])
            before = cpu_of(popen.pid)
            result = load(port, connections, seconds)
            return rate(result), (cpu_of(popen.pid) - before) / result["messages"] * 1e5
        finally:
            popen.terminate()
            popen.wait()
            popen.stdout.close()


def event_size():
    """Mean bytes of key, headers and value that weir stores as the event of one of these messages."""
    with bench_site() as site:
        site.start("acute")
        load(site.port, 8, 1)
        db = sqlite3.connect(f"file:{site.data}/acute.db?mode=ro", uri=True)
        topic = db.execute("SELECT id FROM topic WHERE name = 'flow.reported'").fetchone()[0]
        size = db.execute("SELECT avg(length(key) + length(headers) + length(value)) "
                          f"FROM record_{topic}").fetchone()[0]
        db.close()
        return round(size)


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        parts = f.read().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def bench_site(**consumers):
    site = kit.Site(consumers=consumers)
    site.config["log_level"] = "warn"
    site.config["sources"]["test-pas"]["mllp"].update({"connections": 1000, "per_peer": 1000})
    return site


def adapter_run(connections, seconds):
    with bench_site() as site:
        site.start("acute")
        adapter = site.adapter()
        before = adapter.cpu()
        result = load(site.port, connections, seconds)
        return rate(result), (adapter.cpu() - before) / result["messages"] * 1e5, adapter.rss()


def lines_of(path):
    return int(subprocess.run(["wc", "-l", path], capture_output=True, text=True,
                              check=True).stdout.split()[0]) if os.path.exists(path) else 0


def whole_line_run(connections, seconds):
    """Adapter, broker and a file consumer at once. What counts is what came out at the far end by the
    time the load stopped; the rest is lag."""
    with bench_site() as site:
        out = site.path("all.ndjson")
        site.config["consumers"] = {"file": kit.file_consumer(out)}
        site.start()
        cpu = [p.cpu() for p in (site.adapter(), site.broker())]
        result = load(site.port, connections, seconds)
        delivered = lines_of(out)
        used = sum(p.cpu() for p in (site.adapter(), site.broker())) - sum(cpu)
        lag = 1 - delivered / result["messages"]
        kit.wait_until(lambda: lines_of(out) >= result["messages"], 120, "the line drains")
        return delivered / result["seconds"], used / result["messages"] * 1e5, lag


def paced_line_run(per_second, seconds):
    """True where lag does not rise at that rate: the last quarter is no further behind than the second."""
    with bench_site() as site:
        out = site.path("all.ndjson")
        site.config["consumers"] = {"file": kit.file_consumer(out)}
        site.start()
        popen = subprocess.Popen([tool("mllp_load"), "--port", str(site.port), "--connections", "64",
                                  "--seconds", str(seconds), "--rate", str(int(per_second))],
                                 stdout=subprocess.PIPE, text=True)
        lags, start = [], time.monotonic()
        while popen.poll() is None:
            time.sleep(0.25)
            sent = site.adapter().metric("weir_messages_received_total")
            if sent is not None:
                lags.append((time.monotonic() - start, sent - lines_of(out)))
        result = figures(popen.stdout.read())
        quarter = [[lag for at, lag in lags if seconds * a <= at < seconds * b]
                   for a, b in ((0.25, 0.5), (0.75, 1.0))]
        rising = bool(quarter[0] and quarter[1]) and \
            statistics.median(quarter[1]) > statistics.median(quarter[0]) + per_second * 0.25
        return rate(result), rising


def first_ack():
    """Milliseconds from exec of the adapter to its first ACK, on a fresh data directory."""
    message = morning.one_pass(0)[0].data.replace(b"|DEMOPAS|", b"|TESTPAS|")
    with bench_site() as site:
        site.write_config()
        start = time.monotonic()
        site.adapter().start()
        while time.monotonic() - start < 10:
            try:
                with mllp.Client("127.0.0.1", site.port, timeout=5) as client:
                    code = client.ask(message)[0]
                assert code == "AA", code
                return (time.monotonic() - start) * 1000
            except OSError:
                time.sleep(0.001)
        sys.exit("bench: no ACK within 10 s")


def translate_ratio():
    out = subprocess.run([tool("translate_cpu"), os.path.join(kit.TOP, "adapters")],
                         capture_output=True, text=True, check=True).stdout
    print("".join(f"  {line}\n" for line in out.splitlines()), end="")
    return float(re.findall(r"ratio[^0-9]*([0-9.]+)", out)[-1])


def rules_ratios(table):
    """Rule evaluation alone: a set of the routes' rules beside each rule evaluated in turn."""
    out = subprocess.run([tool("rules")], capture_output=True, text=True, check=True).stdout
    for line, most in zip(out.splitlines(), (1, 3), strict=True):
        result = figures(line)
        routes = f"{result['routes']:.0f} routes"
        table.add(f"rules of {routes}, an event", result["set"], "us", at_most=most)
        table.add(f"  each rule evaluated in turn, {routes}", result["each"], "us")
        table.add(f"  in turn / set, {routes}", result["ratio"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short runs: figures jump about")
    parser.add_argument("--json", metavar="FILE")
    o = parser.parse_args()
    runs, seconds = (1, 2) if o.quick else (5, 5)
    table = Table()
    event_bytes = event_size()
    table.add("bytes of an event as stored", event_bytes, "B")
    best_limit = {}
    for connections in (64, 256):
        limits, weirs, rss = [], [], 0
        for _ in range(runs):
            limits.append(limit_run(connections, seconds, event_bytes))
            weirs.append(adapter_run(connections, seconds))
            rss = max(rss, weirs[-1][2])
        limit, weir = (statistics.median(r[0] for r in x) for x in (limits, weirs))
        best_limit[connections] = limit
        table.add(f"bare program, {connections} connections", limit, "msg/s")
        table.add(f"adapter alone, {connections} connections", weir, "msg/s")
        table.add(f"adapter / bare, {connections} connections", weir / limit, at_least=0.7)
        table.add(f"CPU of the bare program, {connections} connections",
                  statistics.median(r[1] for r in limits), "s/100k")
        table.add(f"CPU of the adapter, {connections} connections",
                  statistics.median(r[1] for r in weirs), "s/100k")
        table.add(f"resident memory of the adapter, {connections} connections", rss / 2**20, "MiB",
                  at_most=32)
    lines = [whole_line_run(64, seconds) for _ in range(runs)]
    whole = statistics.median(r[0] for r in lines)
    table.add("whole line with a file consumer, 64 connections", whole, "msg/s")
    table.add("whole line / bare", whole / best_limit[64], at_least=0.35)
    table.add("CPU of adapter and broker, whole line", statistics.median(r[1] for r in lines), "s/100k")
    pace, rising = paced_line_run(0.35 * best_limit[64], 4 if o.quick else 12)
    table.add("lag rises at 0.35 of the bare program (0 = no)", float(rising), at_most=0)
    table.add("  at a rate of", pace, "msg/s")
    table.add("first ACK after exec", statistics.median(first_ack() for _ in range(max(3, runs))), "ms",
              at_most=150)
    table.add("CPU of translating / bare minimum", translate_ratio(), at_most=2.5)
    rules_ratios(table)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump(table.rows, f, indent=2)
    print("all goals are met" if not table.missed else f"missed: {', '.join(table.missed)}")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
