"""weir's adapter on Kafka beside tests/bench/limit_kafka, which produces records of the same sizes with the
same settings and does nothing else; and, where the peers are asked for, beside a Camel route."""
import glob
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys

import kit
import mllp
import morning
from runs import bench_site, load, rate, tool

sys.path.insert(0, os.path.join(kit.TOP, "tests", "kafka"))

import jars  # noqa: E402
import node  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
PARTITIONS = 4
RECORD_MAX = 16 << 20
TOPICS = ("flow.messages", "flow.reported")
runs_made = itertools.count(1)  # each run of weir has topics of its own: its keys are new


def figures(result):
    """(messages per second, p50 in us, CPU seconds per 100,000 messages)."""
    return rate(result), result["p50_us"], result["cpu_seconds"] / result["messages"] * 1e5


def limit_run(kafka, connections, seconds, event_bytes):
    popen = subprocess.Popen([tool("limit_kafka"), kafka.address, "--event", str(event_bytes)],
                             stdout=subprocess.PIPE, text=True)
    try:
        port = int(popen.stdout.readline().split()[1])
        return figures(load(port, connections, seconds, "--pid", popen.pid))
    finally:
        popen.terminate()
        popen.wait()
        popen.stdout.close()


def weir_run(kafka, connections, seconds):
    """The figures, and the resident bytes at the end."""
    with bench_site() as site:
        site.config["stream"] = {"kind": "kafka", "record_max": "16MiB",
                                 "kafka": {"nodes": kafka.address, "allow_unsafe": True, "replicas": 1,
                                           "min_insync": 1, "partitions": PARTITIONS,
                                           "prefix": f"run{next(runs_made)}."}}
        site.write_config()
        site.weir("topics", "create")
        site.start("acute")
        adapter = site.adapter()
        result = load(site.port, connections, seconds, "--pid", adapter.popen.pid)
        return figures(result) + (adapter.rss(),)


def median(runs, at):
    return statistics.median(r[at] for r in runs)


def compare(table, kafka, runs, seconds, connections, event_bytes):
    limits, weirs = [], []
    for _ in range(runs):
        limits.append(limit_run(kafka, connections, seconds, event_bytes))
        weirs.append(weir_run(kafka, connections, seconds))
    at = f"{connections} connections"
    table.add(f"Kafka: bare program, {at}", median(limits, 0), "msg/s")
    table.add(f"Kafka: adapter, {at}", median(weirs, 0), "msg/s")
    table.add(f"Kafka: adapter / bare, {at}", median(weirs, 0) / median(limits, 0), at_least=0.8)
    table.add(f"Kafka: p50 of the adapter / bare, {at}", median(weirs, 1) / median(limits, 1), at_most=1.3)
    table.add(f"Kafka: CPU of the bare program, {at}", median(limits, 2), "s/100k")
    table.add(f"Kafka: CPU of the adapter, {at}", median(weirs, 2), "s/100k")
    table.add(f"Kafka: CPU of the adapter / bare, {at}", median(weirs, 2) / median(limits, 2), at_most=2)
    return weirs


class Camel:
    """A Camel route of its own project (tests/bench/peers), built by Maven."""

    def __init__(self, kafka):
        self.port = kit.free_port()
        target = os.path.join(kit.BUILD, "peers")
        subprocess.run(["mvn", "-q", "-B", "-f", os.path.join(HERE, "peers"), f"-Dweir.target={target}", "package"],
                       check=True)
        path = [*glob.glob(os.path.join(target, "*.jar")), *glob.glob(os.path.join(target, "dependency", "*.jar"))]
        self.popen = subprocess.Popen(["java", "-cp", ":".join(path), "bench.CamelPeer", str(self.port), kafka.address,
                                       "300"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kit.wait_until(self.listens, 60, "the Camel route listens")

    def listens(self):
        assert self.popen.poll() is None, "the Camel route ended"
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def warm_up(self):
        with mllp.Client("127.0.0.1", self.port) as client:
            answer = client.ask(morning.one_pass(0)[0].data)
            assert answer[0] == "AA", answer
        load(self.port, 256, 15)

    def rss(self):
        with open(f"/proc/{self.popen.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))

    def close(self):
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()


def peers(table, kafka, runs, seconds):
    camel = Camel(kafka)
    try:
        camel.warm_up()
        theirs, ours = [], []
        for _ in range(runs):
            theirs.append(figures(load(camel.port, 256, seconds, "--pid", camel.popen.pid)))
            ours.append(weir_run(kafka, 256, seconds))
        table.add("Camel route, 256 connections", median(theirs, 0), "msg/s")
        table.add("CPU of the Camel route", median(theirs, 2), "s/100k")
        table.add("weir / Camel, 256 connections", median(ours, 0) / median(theirs, 0), at_least=6)
        table.add("resident memory of the Camel route", camel.rss() / 2**20, "MiB")
        table.add("memory of weir / Camel", max(r[3] for r in ours) / camel.rss(), at_most=0.1)
    finally:
        camel.close()


def measure(table, runs, seconds, event_bytes, with_peers):
    """All of it beside one node on this machine; left out, and said so, where there is no Kafka."""
    try:
        settings = {"message.max.bytes": str(RECORD_MAX + 8192)}
        with node.Kafka(settings=settings, heap="1g") as kafka:
            for topic in TOPICS:
                kafka.topic(topic, PARTITIONS)
            weirs = compare(table, kafka, runs, seconds, 64, event_bytes)
            weirs += compare(table, kafka, runs, seconds, 256, event_bytes)
            table.add("Kafka: resident memory of the adapter", max(r[3] for r in weirs) / 2**20, "MiB")
            if with_peers:
                peers(table, kafka, max(1, runs // 2), seconds)
    except jars.Unavailable as e:
        print(f"Kafka is left out: {e}")
