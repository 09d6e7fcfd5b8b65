"""Measures with HTTP consumers: latency from MLLP to HTTP, and what a bad consumer costs the others."""
import mmap
import os
import shutil
import statistics
import subprocess
import tempfile

import kit
from runs import bench_site, figures, load, of_reported, paced, run_tool, tool


class Sink:
    """A running http_sink: its url, and how many events it has answered."""

    def __init__(self, *argv):
        shm = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.TemporaryDirectory(prefix="weir-sink-", dir=shm)
        self.stamps = os.path.join(self.folder.name, "stamps")
        self.popen = subprocess.Popen([tool("http_sink"), "--stamps", self.stamps, *map(str, argv)],
                                      stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.popen.stdout.readline().split()[1]}/events"
        with open(self.stamps, "rb") as f:
            self.map = mmap.mmap(f.fileno(), 8, prot=mmap.PROT_READ)

    def arrived(self):
        return int.from_bytes(self.map[:8], "little")

    def close(self):
        """Ends it: {events, rate, p50_us, p99_us, max_us}."""
        self.popen.terminate()
        line = self.popen.communicate()[0]
        self.map.close()
        self.folder.cleanup()
        return figures(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            self.close()


def latency_run(per_second, seconds, flat_out=False):
    """MLLP in, one HTTP consumer out. Returns (the sink's figures, rate reached, whether lag rose)."""
    with bench_site() as site, Sink() as sink:
        site.config["consumers"] = {"sink": kit.http_consumer(sink)}
        site.start()
        if flat_out:
            seconds = load(site.port, 64, seconds)["seconds"]
            reached, rose = sink.arrived() / seconds, True
        else:
            reached, rose = paced(site, per_second, seconds, sink.arrived, "--stamps", sink.stamps)
            if not rose:
                sent = site.adapter().metric("weir_messages_received_total")
                kit.wait_until(lambda: sink.arrived() >= sent, 60, "all events come out")
        return sink.close(), reached, rose


def highest_rate(seconds, step):
    """The highest rate at which lag does not rise, searched from above: steps by that factor."""
    per_second = latency_run(0, seconds, flat_out=True)[1] * 1.25
    while per_second > 100:
        _, reached, rose = latency_run(per_second, seconds)
        if not rose and reached > 0.97 * per_second:
            return per_second
        per_second *= step
    return per_second


def latency(table, runs, seconds, step):
    highest = highest_rate(seconds, step)
    table.add("highest rate to an HTTP consumer without rising lag", highest, "msg/s")
    results = [latency_run(highest / 2, seconds)[0] for _ in range(runs)]
    table.add("MLLP in to HTTP out at half of it, p50",
              statistics.median(r["p50_us"] for r in results) / 1000, "ms")
    table.add("MLLP in to HTTP out at half of it, p99",
              statistics.median(r["p99_us"] for r in results) / 1000, "ms", at_most=50)


class Backlog:
    """The adapter's file with so many messages in it, made once, delivered again and again."""

    def __init__(self, messages):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-backlog-")
        with bench_site() as site:
            site.start("acute")
            run_tool("mllp_load", "--port", site.port, "--connections", 64, "--messages", messages)
            site.adapter().stop()
            self.data = os.path.join(self.folder.name, "data")
            shutil.copytree(site.data, self.data, ignore=shutil.ignore_patterns("run"))
        self.events = of_reported(self.data, "count(*)")

    def deliver(self, trouble):
        """(events a second at two good consumers, CPU seconds of the broker), with or without a dead
        and a slow one beside them. The first fifth, in which those fill their window, is not in the
        rate."""
        skip = ("--skip", self.events // 5)
        with bench_site() as site, Sink(*skip) as one, Sink(*skip) as two, \
                Sink("--delay", 200) as slow:
            shutil.copytree(self.data, site.data)
            good = {"one": kit.http_consumer(one), "two": kit.http_consumer(two)}
            bad = {"slow": kit.http_consumer(slow), "dead": kit.http_consumer(slow, http={
                "url": f"http://127.0.0.1:{kit.free_port()}/events"})}
            site.config["consumers"] = {**good, **(bad if trouble else {})}
            site.start("broker")
            kit.wait_until(lambda: min(one.arrived(), two.arrived()) >= self.events, 120,
                           "the good consumers have everything")
            used = site.broker().cpu()
            return one.close()["rate"] + two.close()["rate"], used


def isolation(table, runs, messages):
    backlog = Backlog(messages)
    alone, beside = [], []
    for _ in range(runs):
        alone.append(backlog.deliver(False))
        beside.append(backlog.deliver(True))
    backlog.folder.cleanup()
    for name, results in (("two good consumers alone", alone),
                          ("the same beside a dead and a slow one", beside)):
        table.add(name, statistics.median(r[0] for r in results), "ev/s")
        table.add("  CPU of the broker", statistics.median(r[1] for r in results), "s")
    change = abs(statistics.median(b[0] / a[0] for a, b in zip(alone, beside)) - 1) * 100
    table.add("change by a dead and a slow consumer", change, "%", at_most=5)
