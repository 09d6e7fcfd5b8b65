#!/usr/bin/python3
"""kill -9 of the adapter, the broker or both at random moments under load; nothing may be lost (row 64).

Each round feeds fresh patients (numbers that become known midway, merges, repeats), kills 5 to 500 ms
into it, starts again what died, lets the feed finish and the line drain, and asks the checker about the
round. At the end it asks once more about everything. All rounds share one data directory; with --kafka the
stream is on a node that is started for it.
"""
import argparse
import contextlib
import random
import sys
import time

import checker
import feed as feeds
import kit


def start_kafka():
    import kafka_line  # needs a client for Python, which rounds on the embedded stream do not
    return kafka_line.node.Kafka(settings=kafka_line.QUICK_GROUPS)


def on_kafka(site, kafka):
    import kafka_line
    kafka_line.site_on(site, kafka.address, "kill.")
    site.write_config()
    site.weir("topics", "create")


class Rounds:
    def __init__(self, seed, patients, length, connections, kills, kafka=None):
        self.rng = random.Random(seed)
        self.seed, self.patients, self.length = seed, patients, length
        self.connections, self.kills = connections, kills
        self.http = kit.Consumer(keep=checker.brief)
        self.site = kit.Site()
        if kafka:
            on_kafka(self.site, kafka)
        file, analytics = self.site.path("all.ndjson"), self.site.path("analytics.ndjson")
        self.site.config["consumers"] = {
            "http": kit.http_consumer(self.http),
            "file": kit.file_consumer(file),
            "counts": kit.file_consumer(analytics, route="analytics")}
        self.file = kit.Ndjson(file, keep=checker.brief)
        self.analytics = kit.Ndjson(analytics, keep=lambda e: e["id"])
        self.facts = checker.Facts()
        self.total = {"acknowledged": 0, "kills": 0, "again": 0, "problems": 0, "idle": 0}

    def kill_and_restart(self, feed):
        names = self.rng.choice([("acute",), ("broker",), ("acute", "broker")])
        after = self.rng.uniform(0.005, 0.5)
        started = time.monotonic()
        kit.wait_until(lambda: time.monotonic() - started >= after, 2, "the moment to kill")
        self.total["idle"] += feed.done()
        for name in names:
            self.site.processes[name].kill()
        if self.rng.random() < 0.3:  # and sometimes it stays away for a while
            back = time.monotonic() + self.rng.uniform(0.01, 0.3)
            kit.wait_until(lambda: time.monotonic() >= back, 2, "the moment to restart")
        for name in names:
            self.site.processes[name].start()
        self.total["kills"] += len(names)
        return "+".join(names), after

    def round(self, number):
        """One round; returns its problems and a line that sums it up."""
        tag = f"r{number}"
        queues = feeds.plan(tag, self.patients, self.length, self.connections,
                            seed=self.seed * 1000 + number, first=(number - 1) * self.patients)
        feed = feeds.Feed(self.site.port, queues, tag=f"{tag}-", window=self.rng.choice([1, 4, 16]),
                          pace=self.kills * 0.3 * self.connections / (self.patients * self.length))
        start, before = time.monotonic(), len(self.http.records)
        feed.start()
        killed = [self.kill_and_restart(feed) for _ in range(self.kills)]
        for name in ("acute", "broker"):
            kit.wait_until(self.site.processes[name].healthy, 30, f"{name} is healthy again")
        kit.wait_until(feed.done, 120, lambda: f"the feed ends: {feed.acknowledged()} of {feed.count}")
        acknowledged = feed.ledger.answered
        drained = None
        try:
            kit.wait_until(lambda: self.drained(acknowledged), 60, "everything is delivered")
        except kit.TimedOut as e:
            drained = str(e)  # the checker says what is missing
        problems = feed.troubles() + self.check(checker.Facts(feed.ledger.rows), f"{tag}.")
        if drained and not problems:
            problems.append(drained)
        self.facts.add(feed.ledger.rows)
        self.total["acknowledged"] += len(acknowledged)
        self.total["again"] += feed.reconnects()
        self.total["problems"] += len(problems)
        return problems, (
            f"round {number}: {', '.join(f'{n} at {1000 * t:.0f} ms' for n, t in killed)}: "
            f"{len(acknowledged)} acknowledged, {feed.reconnects()} reconnects, "
            f"{len(self.http.records) - before} deliveries, {len(problems)} problems, "
            f"{time.monotonic() - start:.1f} s")

    def drained(self, acknowledged):
        """Every acknowledged message has reached both readers, and all three know the same ids."""
        http, file = self.http.accepted(), self.file.update()
        if not acknowledged <= {r["control_id"] for r in http}:
            return False
        if not acknowledged <= {e["control_id"] for e in file}:
            return False
        return {e["id"] for e in file} == {r["id"] for r in http} == set(self.analytics.update())

    def check(self, facts, prefix=""):
        def mine(events):
            return [e for e in events if (e["control_id"] or "").startswith(prefix)]

        http, file = mine(r["event"] for r in self.http.accepted()), mine(self.file.update())
        known = {e["id"] for e in file}
        ids = [i for i in self.analytics.update() if i in known or not prefix]
        problems = [f"http: {p}" for p in checker.check(facts, http)]
        return problems + [f"file: {p}" for p in checker.check(facts, file, (), ids)]

    def run(self, count):
        with self.site as site:
            site.start()
            for number in range(1, count + 1):
                problems, line = self.round(number)
                print(line, flush=True)
                for p in problems:
                    print(f"  {p}")
                if problems:
                    return self.fail()
            problems = self.check(self.facts)
            for p in problems:
                print(f"  {p}")
            self.total["problems"] += len(problems)
            for name in ("acute", "broker"):
                code = site.processes[name].stop()
                if code != 0:
                    print(f"  {name} ended with {code} after SIGTERM")
                    self.total["problems"] += 1
        self.http.close()
        return self.sum_up(count)

    def fail(self):
        for name in ("acute", "broker"):
            print(f"--- {name}: the end of its log\n{self.site.processes[name].log()[-3000:]}")
        self.http.close()
        return self.sum_up(0)

    def sum_up(self, count):
        t = self.total
        print(f"{count} rounds, seed {self.seed}: {t['kills']} kills "
              f"({t['idle']} moments after the last message), {t['acknowledged']} messages "
              f"acknowledged, {t['again']} reconnects, {len(self.http.records)} deliveries, "
              f"{t['problems']} problems", flush=True)
        return 0 if count and not t["problems"] else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, which is printed")
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--length", type=int, default=6, help="messages per patient")
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--kills", type=int, default=2, help="per round")
    parser.add_argument("--kafka", action="store_true", help="the stream is on a real Kafka")
    o = parser.parse_args()
    seed = o.seed if o.seed is not None else random.SystemRandom().randrange(10000)
    with start_kafka() if o.kafka else contextlib.nullcontext() as kafka:
        return Rounds(seed, o.patients, o.length, o.connections, o.kills, kafka).run(o.rounds)


if __name__ == "__main__":
    sys.exit(main())
