"""Measures with HTTP consumers: latency from MLLP to HTTP, and what a bad consumer costs the others."""
import glob
import mmap
import os
import shutil
import statistics
import subprocess
import tempfile
import time

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
        """What two good consumers get, with or without a dead and a slow one beside them: {rate: events
        a second, cpu: microseconds of the broker for one, others: percent of the machine's processors
        that other programs had}. The first fifth, in which those fill their window, is not in it."""
        start = self.events // 5
        with bench_site() as site, Sink("--skip", start) as one, Sink("--skip", start) as two, \
                Sink("--delay", 200) as slow:
            shutil.copytree(self.data, site.data)
            good = {"one": kit.http_consumer(one), "two": kit.http_consumer(two)}
            bad = {"slow": kit.http_consumer(slow), "dead": kit.http_consumer(slow, http={
                "url": f"http://127.0.0.1:{kit.free_port()}/events"})}
            site.config["consumers"] = {**good, **(bad if trouble else {})}
            site.start("broker")
            broker = site.broker().popen.pid
            own = [os.getpid(), broker, *(sink.popen.pid for sink in (one, two, slow))]

            def both_have(events):
                kit.wait_until(lambda: min(one.arrived(), two.arrived()) >= events, 120,
                               f"the good consumers have {events} events")
                return (one.arrived() + two.arrived(), ran(broker), time.monotonic(),
                        machine_ran() - sum(map(ran, own)))

            begin, end = both_have(start), both_have(self.events)
            events, cpu, seconds, others = (b - a for a, b in zip(begin, end))
            return {"rate": one.close()["rate"] + two.close()["rate"], "cpu": cpu / events * 1e6,
                    "others": others / seconds / os.cpu_count() * 100}


def ran(pid):
    """Processor seconds of all threads of a process."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def machine_ran():
    """Processor seconds of everything: all but idle and waiting for a disk."""
    with open("/proc/stat", encoding="ascii") as f:
        ticks = [int(n) for n in f.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


QUIET = 15  # percent; the kernel's own threads have some


def quiet_pairs(runs, pair):
    """As many pairs, (alone, beside), in which other programs had next to nothing of the machine. Gives
    up after twice as many and takes those in which they had least. Every second pair begins with
    the other one, so that a machine that slows down favours neither."""
    def others(p):
        return max(run["others"] for run in p)

    pairs = []
    while sum(others(p) <= QUIET for p in pairs) < runs and len(pairs) < 2 * runs:
        pairs.append(pair(first=len(pairs) % 2))
    return sorted(pairs, key=others)[:runs]


def isolation(table, runs, messages):
    backlog = Backlog(messages)

    def pair(first):
        order = {trouble: backlog.deliver(trouble) for trouble in (bool(first), not first)}
        return order[False], order[True]

    pairs = quiet_pairs(runs, pair)
    backlog.folder.cleanup()
    for i, name in enumerate(("two good consumers alone", "the same beside a dead and a slow one")):
        for what, unit, row in (("rate", "ev/s", name), ("cpu", "us", "  CPU of the broker, an event"),
                                ("others", "%", "  of the machine, other programs had")):
            table.add(row, statistics.median(p[i][what] for p in pairs), unit)

    def change(what):
        return abs(statistics.median(beside[what] / alone[what] for alone, beside in pairs) - 1) * 100

    table.add("change by a dead and a slow consumer", change("rate"), "%", at_most=5)
    table.add("  of the CPU for an event", change("cpu"), "%")
