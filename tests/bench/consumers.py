"""Measures with HTTP consumers: latency from MLLP to HTTP, and what a bad consumer costs the others."""
import contextlib
import glob
import mmap
import os
import statistics
import subprocess
import tempfile
import time

import kit
from runs import bench_site, figures, load, paced, run_tool, tool


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
        """Ends it: {events, p50_us, p99_us, max_us}."""
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


SLICES = 4  # of a run
QUIET = 15  # percent of the processors that other programs may have; the kernel's threads have some


class Backlog:
    """A broker with so many events on its routes, of which nothing is delivered yet: four consumers, all
    paused, two good ones, one that takes 200 ms for each answer and one whose port is closed."""

    GOOD, BAD = ("one", "two"), ("slow", "dead")

    def __init__(self, messages):
        self.messages, self.bad = messages, False  # the bad two do not run
        self.stack = contextlib.ExitStack()
        enter = self.stack.enter_context
        self.site = enter(bench_site())
        self.sinks = [enter(Sink()) for _ in self.GOOD]
        self.slow = enter(Sink("--delay", 200))
        self.site.config["consumers"] = {
            **{name: kit.http_consumer(sink) for name, sink in zip(self.GOOD, self.sinks)},
            "slow": kit.http_consumer(self.slow),
            "dead": kit.http_consumer(self.slow, http={
                "url": f"http://127.0.0.1:{kit.free_port()}/events"})}
        self.site.start()
        self.switch("pause", self.GOOD + self.BAD)
        run_tool("mllp_load", "--port", self.site.port, "--connections", 64, "--messages", messages)
        kit.wait_until(lambda: self.site.broker().metric("weir_journey_lag_records") == 0, 120,
                       "all events are on their routes")
        self.site.adapter().stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def switch(self, verb, names):
        for name in names:
            self.site.weir(verb, "consumer", name)

    def look(self):
        broker = self.site.broker().popen.pid
        own = [os.getpid(), broker, *(sink.popen.pid for sink in (*self.sinks, self.slow))]
        return (time.monotonic(), sum(sink.arrived() for sink in self.sinks), ran(broker),
                machine_ran() - sum(map(ran, own)))

    def pair(self, seconds):
        """A run with the bad two paused and one with them, (alone, beside), in slices of that length in
        turn, A B B A: {rate: events a second at the good two, cpu: microseconds of the broker for one,
        others: percent of the machine's processors that other programs had}."""
        slices = {False: [], True: []}
        for bad in (False, True, True, False) * (SLICES // 2):
            if bad != self.bad:
                self.switch("resume" if bad else "pause", self.BAD)
                self.bad = bad
            begin = self.look()
            time.sleep(seconds)
            slices[bad].append([b - a for a, b in zip(begin, self.look())])
        return tuple(self.run_of(slices[bad]) for bad in (False, True))

    @staticmethod
    def run_of(slices):
        took, events, cpu, others = map(sum, zip(*slices))
        return {"rate": events / took, "cpu": cpu / events * 1e6,
                "others": others / took / os.cpu_count() * 100}

    def lasts(self, seconds, rate):
        """Does it last for so long at that rate of both good consumers?"""
        return self.messages - max(sink.arrived() for sink in self.sinks) > seconds * rate / 2


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


def quiet_pairs(backlog, runs, seconds):
    """So many pairs in which other programs had next to nothing of the machine. When the backlog does not
    last for more, those in which they had least are taken."""
    def others(pair):
        return max(run["others"] for run in pair)

    backlog.switch("resume", backlog.GOOD)
    first = backlog.pair(seconds)  # windows are filled, connections opened: not counted
    pairs, rate = [], max(run["rate"] for run in first)
    while sum(others(p) <= QUIET for p in pairs) < runs and \
            (not pairs or backlog.lasts(2.5 * SLICES * seconds, rate)):
        pairs.append(backlog.pair(seconds))
        rate = max(run["rate"] for run in pairs[-1])
    return sorted(pairs, key=others)[:runs]


def isolation(table, runs, messages, seconds):
    with Backlog(messages) as backlog:
        pairs = quiet_pairs(backlog, runs, seconds)
    for i, name in enumerate(("two good consumers alone", "the same beside a dead and a slow one")):
        for what, unit, row in (("rate", "ev/s", name), ("cpu", "us", "  CPU of the broker, an event"),
                                ("others", "%", "  of the machine, other programs had")):
            table.add(row, statistics.median(p[i][what] for p in pairs), unit)

    def change(what):
        return abs(statistics.median(beside[what] / alone[what] for alone, beside in pairs) - 1) * 100

    table.add("change by a dead and a slow consumer", change("rate"), "%", at_most=5)
    table.add("  of the CPU for an event", change("cpu"), "%")
