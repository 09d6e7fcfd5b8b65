"""What all measures share: the measuring programs, a site to measure, one run of the load."""
import os
import sqlite3
import statistics
import subprocess
import sys
import time

import kit

BENCH = os.path.join(kit.BUILD, "tests", "bench")


def tool(name):
    path = os.path.join(BENCH, name)
    if not os.path.exists(path):
        sys.exit(f"bench: {path} is not built")
    return path


def run_tool(name, *argv):
    """What it prints, line by line as a dict: "rate 12.5 ratio 0.9" gives {"rate": 12.5, …}."""
    done = subprocess.run([tool(name), *map(str, argv)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {name}: exit {done.returncode}: {done.stderr}")
    return [figures(line) for line in done.stdout.splitlines()]


def figures(line):
    words = line.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def load(port, connections, seconds, *more):
    """One run of the load generator at full speed: {messages, seconds, rate, p50_us, …}."""
    return run_tool("mllp_load", "--port", port, "--connections", connections, "--seconds", seconds,
                    *more)[0]


def rate(result):
    return result["messages"] / result["seconds"]


def bench_site(**consumers):
    site = kit.Site(consumers=consumers)
    site.config["log_level"] = "warn"
    site.config["sources"]["test-pas"]["mllp"].update({"connections": 1000, "per_peer": 1000})
    return site


def paced(site, per_second, seconds, arrived, *more):
    """Sends at that rate. Returns the rate that was reached, and whether lag rose: in the last quarter
    it is further behind than in the second, by more than a quarter of a second's messages."""
    popen = subprocess.Popen([tool("mllp_load"), "--port", str(site.port), "--connections", "64",
                              "--seconds", str(seconds), "--rate", str(int(per_second)),
                              *map(str, more)], stdout=subprocess.PIPE, text=True)
    lags, start = [], time.monotonic()
    while popen.poll() is None:
        time.sleep(0.25)
        sent = site.adapter().metric("weir_messages_received_total")
        if sent is not None:
            lags.append((time.monotonic() - start, sent - arrived()))
    result = figures(popen.stdout.read())
    popen.stdout.close()
    second, last = ([lag for at, lag in lags if seconds * a <= at < seconds * b]
                    for a, b in ((0.25, 0.5), (0.75, 1.0)))
    rose = bool(second and last) and \
        statistics.median(last) > statistics.median(second) + per_second * 0.25
    return rate(result), rose


def of_reported(folder, expression):
    """That SQL expression over the records of flow.reported in the adapter's file."""
    db = sqlite3.connect(f"file:{folder}/acute.db?mode=ro", uri=True)
    topic = db.execute("SELECT id FROM topic WHERE name = 'flow.reported'").fetchone()[0]
    value = db.execute(f"SELECT {expression} FROM record_{topic}").fetchone()[0]
    db.close()
    return value
