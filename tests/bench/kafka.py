"""weir's adapter on Kafka beside tests/bench/limit_kafka, which produces records of the same sizes with the
same settings and does nothing else; and, where the peers are asked for, beside a Camel route."""
import contextlib
import glob
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
WARM = 2  # seconds
ROUNDS = 4  # of half the time each, for each run that is asked for


def figures(result):
    """(messages per second, p50 in us, CPU seconds per 100,000 messages)."""
    return rate(result), result["p50_us"], result["cpu_seconds"] / result["messages"] * 1e5


class Runs:
    """What listens for MLLP, and the figures of the runs against it."""

    def __init__(self, port, pid, rss=None):
        self.port, self.pid, self.rss = port, pid, rss
        self.made = []

    def run(self, connections, seconds):
        self.made.append(figures(load(self.port, connections, seconds, "--pid", self.pid)))

    def begin(self, connections):
        """The first seconds of a process are not what is compared."""
        load(self.port, connections, WARM, "--pid", self.pid)
        self.made = []

    def median(self, at):
        return statistics.median(r[at] for r in self.made)


@contextlib.contextmanager
def bare(kafka, event_bytes):
    with subprocess.Popen([tool("limit_kafka"), kafka.address, "--event", str(event_bytes)],
                          stdout=subprocess.PIPE, text=True) as popen:
        try:
            yield Runs(int(popen.stdout.readline().split()[1]), popen.pid)
        finally:
            popen.terminate()


@contextlib.contextmanager
def weir(kafka):
    with bench_site() as site:
        site.config["stream"] = {"kind": "kafka", "record_max": "16MiB",
                                 "kafka": {"nodes": kafka.address, "allow_unsafe": True, "replicas": 1,
                                           "min_insync": 1, "partitions": PARTITIONS, "prefix": "run."}}
        site.write_config()
        site.weir("topics", "create")
        site.start("acute")
        adapter = site.adapter()
        yield Runs(site.port, adapter.popen.pid, adapter.rss)


def alternate(both, rounds, seconds, connections):
    """The machine's speed changes within minutes: many short runs, now one first and now the other."""
    for r in both:
        r.begin(connections)
    for i in range(rounds):
        for r in both if i % 2 == 0 else both[::-1]:
            r.run(connections, seconds)


def compare(table, limit, ours, rounds, seconds, connections):
    alternate([limit, ours], rounds, seconds, connections)
    at = f"{connections} connections"
    table.add(f"Kafka: bare program, {at}", limit.median(0), "msg/s")
    table.add(f"Kafka: adapter, {at}", ours.median(0), "msg/s")
    table.add(f"Kafka: adapter / bare, {at}", ours.median(0) / limit.median(0), at_least=0.8)
    table.add(f"Kafka: p50 of the adapter / bare, {at}", ours.median(1) / limit.median(1), at_most=1.3)
    table.add(f"Kafka: CPU of the bare program, {at}", limit.median(2), "s/100k")
    table.add(f"Kafka: CPU of the adapter, {at}", ours.median(2), "s/100k")
    table.add(f"Kafka: CPU of the adapter / bare, {at}", ours.median(2) / limit.median(2), at_most=2)


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


def peers(table, kafka, ours, rounds, seconds):
    camel = Camel(kafka)
    try:
        camel.warm_up()
        theirs = Runs(camel.port, camel.popen.pid)
        alternate([theirs, ours], rounds, seconds, 256)
        table.add("Camel route, 256 connections", theirs.median(0), "msg/s")
        table.add("CPU of the Camel route", theirs.median(2), "s/100k")
        table.add("weir / Camel, 256 connections", ours.median(0) / theirs.median(0), at_least=6)
        table.add("resident memory of the Camel route", camel.rss() / 2**20, "MiB")
        table.add("memory of weir / Camel", ours.rss() / camel.rss(), at_most=0.1)
    finally:
        camel.close()


def measure(table, runs, seconds, event_bytes, with_peers):
    """All of it beside one node on this machine; left out, and said so, where there is no Kafka."""
    try:
        settings = {"message.max.bytes": str(RECORD_MAX + 8192)}
        with node.Kafka(settings=settings, heap="1g") as kafka:
            for topic in TOPICS:
                kafka.topic(topic, PARTITIONS)
            with weir(kafka) as ours:
                with bare(kafka, event_bytes) as limit:
                    for connections in (64, 256):
                        compare(table, limit, ours, runs * ROUNDS, seconds / 2, connections)
                table.add("Kafka: resident memory of the adapter", ours.rss() / 2**20, "MiB")
                if with_peers:
                    peers(table, kafka, ours, runs, seconds)
    except jars.Unavailable as e:
        print(f"Kafka is left out: {e}")
