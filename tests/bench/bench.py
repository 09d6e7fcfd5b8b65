#!/usr/bin/python3
"""Measures weir as ratios: beside tests/bench/limit_embedded, which frames MLLP, appends two records of
the same sizes with the same group commit to SQLite, answers, and does nothing else; beside the least
that parsing, translating, routing can cost; and one consumer beside another.

What is compared takes turns, so that a machine that gets slower slows both; medians are compared.
docs/performance.md tells more. Called by ./bench.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import tempfile
import time

for folder in ("kafka", "flow"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", folder))

import consumers  # noqa: E402
import extracts  # noqa: E402
import fhir  # noqa: E402
import kafka  # noqa: E402
import kit  # noqa: E402
import mllp  # noqa: E402
import morning  # noqa: E402
import report  # noqa: E402
import tls  # noqa: E402
from runs import bench_site, load, of_reported, paced, rate, run_tool, tool  # noqa: E402


def limit_run(connections, seconds, event_bytes):
    """The bare program: messages per second and its CPU seconds per 100,000."""
    with tempfile.TemporaryDirectory(prefix="weir-limit-") as folder:
        popen = subprocess.Popen([tool("limit_embedded"), folder, "--event", str(event_bytes)],
                                 stdout=subprocess.PIPE, text=True)
        try:
            port = int(popen.stdout.readline().split()[1])
            result = load(port, connections, seconds, "--pid", popen.pid)
            return rate(result), result["cpu_seconds"] / result["messages"] * 1e5
        finally:
            popen.terminate()
            popen.wait()
            popen.stdout.close()


def event_size():
    """Mean bytes of key, headers and value that weir stores as the event of one of these messages."""
    with bench_site() as site:
        site.start("acute")
        load(site.port, 8, 1)
        return round(of_reported(site.data, "avg(length(key) + length(headers) + length(value))"))


def adapter_run(connections, seconds):
    with bench_site() as site:
        site.start("acute")
        adapter = site.adapter()
        result = load(site.port, connections, seconds, "--pid", adapter.popen.pid)
        return rate(result), result["cpu_seconds"] / result["messages"] * 1e5, adapter.rss()


def adapter_alone(table, runs, seconds, connections, event_bytes):
    """Returns the rate of the bare program."""
    limits, weirs = [], []
    for _ in range(runs):
        limits.append(limit_run(connections, seconds, event_bytes))
        weirs.append(adapter_run(connections, seconds))
    limit, weir = (statistics.median(r[0] for r in x) for x in (limits, weirs))
    at = f"{connections} connections"
    table.add(f"bare program, {at}", limit, "msg/s")
    table.add(f"adapter alone, {at}", weir, "msg/s")
    table.add(f"adapter / bare, {at}", weir / limit, at_least=0.7)
    table.add(f"CPU of the bare program, {at}", statistics.median(r[1] for r in limits), "s/100k")
    table.add(f"CPU of the adapter, {at}", statistics.median(r[1] for r in weirs), "s/100k")
    table.add(f"resident memory of the adapter, {at}", max(r[2] for r in weirs) / 2**20, "MiB",
              at_most=32)
    return limit


def lines_of(path):
    return int(subprocess.run(["wc", "-l", path], capture_output=True, text=True,
                              check=True).stdout.split()[0]) if os.path.exists(path) else 0


def whole_line_run(seconds):
    """Adapter, broker and a file consumer at once. What counts is what came out at the far end by the
    time the load stopped; the rest is lag."""
    with bench_site() as site:
        out = site.path("all.ndjson")
        site.config["consumers"] = {"file": kit.file_consumer(out)}
        site.start()
        cpu = [p.cpu() for p in (site.adapter(), site.broker())]
        result = load(site.port, 64, seconds)
        delivered = lines_of(out)
        kit.wait_until(lambda: lines_of(out) >= result["messages"], 120, "the line drains")
        used = sum(p.cpu() for p in (site.adapter(), site.broker())) - sum(cpu)
        return delivered / result["seconds"], used / result["messages"] * 1e5


def whole_line(table, runs, seconds, limit):
    lines = [whole_line_run(seconds) for _ in range(runs)]
    whole = statistics.median(r[0] for r in lines)
    table.add("whole line with a file consumer, 64 connections", whole, "msg/s")
    table.add("whole line / bare", whole / limit, at_least=0.35)
    table.add("CPU of adapter and broker, whole line", statistics.median(r[1] for r in lines), "s/100k")
    with bench_site() as site:
        out = site.path("all.ndjson")
        site.config["consumers"] = {"file": kit.file_consumer(out)}
        site.start()
        reached, rose = paced(site, 0.35 * limit, seconds * 2.4, lambda: lines_of(out))
    table.add("lag rises at 0.35 of the bare program (0 = no)", float(rose), at_most=0)
    table.add("  at a rate of", reached, "msg/s")


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


def corpus():
    """The shipped morning, and the ADT messages of a corpus beside the repository where there is one."""
    files = [os.path.join(kit.TOP, "config", "demo", "morning.hl7")]
    beside = os.path.join(kit.TOP, "..", "shared", "data", "messages", "hl7v2", "**", "*.hl7")
    for path in sorted(glob.glob(beside, recursive=True)):
        with open(path, "rb") as f:
            if b"|ADT^" in f.read():
                files.append(path)
    return files


def alone(table, quick):
    """Parts measured alone, by CPU time."""
    files, maps = corpus(), os.path.join(kit.TOP, "adapters")
    parse = run_tool("parse", *files)[0]
    table.add(f"parsing {len(files)} files", parse["parse"], "MB/s")
    table.add(f"a bare memchr split of {len(files)} files", parse["split"], "MB/s")
    table.add("parsing / bare split", parse["ratio"], at_least=0.8)
    translate = run_tool("translate_cpu", maps, 2 if quick else 6)[0]
    table.add("parse, map, encode: a message", translate["weir"], "us")
    table.add("parse, map, encode / bare minimum, CPU", translate["ratio"], at_most=2.5)
    broker = run_tool("broker_cpu", maps, 3 if quick else 9)[0]
    table.add("decode, journey, route, encode: an event", broker["journey"], "us")
    table.add("decode, journey, route, encode / bare yajl, CPU", broker["ratio"], at_most=2.5)
    for result, most in zip(run_tool("rules"), (1, 3), strict=True):
        routes = f"{result['routes']:.0f} routes"
        table.add(f"rules of {routes}, an event", result["set"], "us", at_most=most)
        table.add(f"  each rule in turn / the set, {routes}", result["ratio"])


def embedded(table, runs, seconds, quick, event_bytes):
    """All that needs nothing but this machine."""
    alone(table, quick)
    limit = adapter_alone(table, runs, seconds, 64, event_bytes)
    adapter_alone(table, runs, seconds, 256, event_bytes)
    tls.measure(table, runs, seconds, 64)
    fhir.measure(table, runs, seconds, 64)
    extracts.measure(table, quick)
    whole_line(table, runs, seconds, limit)
    table.add("first ACK after exec", statistics.median(first_ack() for _ in range(max(3, runs))), "ms",
              at_most=150)
    consumers.latency(table, 1 if quick else 3, 3 if quick else 8, 0.7 if quick else 0.85)
    consumers.isolation(table, 3 if quick else 7, *((60000, 0.15) if quick else (300000, 0.4)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short runs: figures jump about")
    parser.add_argument("--record", action="store_true", help="append the table to docs/performance.md")
    parser.add_argument("--json", metavar="FILE", help="write the table to FILE too")
    parser.add_argument("--peers", action="store_true", help="a Camel route on the same Kafka, too")
    parser.add_argument("--only", choices=("kafka",), help="that part alone")
    o = parser.parse_args()
    runs, seconds = (1, 2) if o.quick else (5, 5)
    print(report.machine())
    table = report.Table()
    event_bytes = event_size()
    table.add("bytes of an event as stored", event_bytes, "B")
    if not o.only:
        embedded(table, runs, seconds, o.quick, event_bytes)
    kafka.measure(table, runs, seconds, event_bytes, o.peers)
    if o.json:
        table.write_json(o.json)
    if o.record:
        table.record("quick" if o.quick else "full")
    print("all within their limits" if not table.over else f"over: {', '.join(table.over)}")
    return 1 if table.over else 0


if __name__ == "__main__":
    sys.exit(main())
