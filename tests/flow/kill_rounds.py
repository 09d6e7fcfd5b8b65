#!/usr/bin/python3
"""kill -9 of the adapter, the broker or both at random moments under load; nothing may be lost (row 64).

Each round feeds fresh patients (numbers that become known midway, merges, repeats) and kills several times: when a
random share of it is acknowledged, while what was killed before is still starting, and while the line drains. What
died is started again; the feed ends, the line drains, and the checker looks at the round. Then the round is folded
away (settled.py): later rounds may bring exact repeats of it and nothing else. All rounds share one data directory;
with --kafka the stream is on one node that is started for all of them. SIGTERM ends it after the round under way.
"""
import argparse
import contextlib
import itertools
import os
import random
import resource
import signal
import sys
import time

import checker
import feed as feeds
import kit
import people
import rotated
import settled

STAGES = ("load", "load", "load", "start", "drain")  # what a kill is in the middle of
NAMES = ("acute", "broker")
READERS = ("http", "file")


def start_kafka():
    sys.path.insert(0, os.path.join(kit.TOP, "tests", "kafka"))
    import node  # rounds on the embedded stream need none
    return node.Kafka(settings={"group.min.session.timeout.ms": 500})


def on_kafka(site, kafka, partitions):
    """A member that was killed is missed after a second."""
    site.use_kafka(kafka.address, partitions=partitions,
                   properties={"session.timeout.ms": "1000", "heartbeat.interval.ms": "250"})
    site.make_topics()


class Total:
    """What the sum is made of."""

    def __init__(self):
        self.began = time.monotonic()
        self.rounds = self.kills = self.acknowledged = self.reconnects = self.problems = 0
        self.stages = dict.fromkeys(STAGES, 0)

    def seconds(self):
        return time.monotonic() - self.began


class Rounds:
    def __init__(self, o, seed, kafka=None):
        self.o, self.seed, self.stopping = o, seed, False
        self.http = kit.Consumer(keep=checker.brief)
        self.site = kit.Site()
        if kafka:
            on_kafka(self.site, kafka, o.partitions)
        file, analytics = self.site.path("all.ndjson"), self.site.path("analytics.ndjson")
        self.site.config["consumers"] = {
            "http": kit.http_consumer(self.http),
            "file": kit.file_consumer(file),
            "counts": kit.file_consumer(analytics, route="analytics")}
        for name in ("file", "counts"):
            self.site.config["consumers"][name]["file"]["rotate_bytes"] = "2MiB"
        self.file = rotated.Rotated(file, keep=checker.brief)
        self.analytics = rotated.Rotated(analytics, keep=lambda e: e["id"])
        self.numbers = itertools.islice(people.every_nhs_number(), (o.first - 1) * o.patients, None)
        self.got = settled.Rounds(READERS)
        self.total = Total()

    def look(self):
        """What the consumers got since the last look."""
        self.got.take("http", [r["event"] for r in self.http.take()])
        self.got.take("file", self.file.new())
        self.got.take_ids(self.analytics.new())

    def ended(self):
        """Who ended without being killed."""
        return [f"{name} ended by itself with {p.popen.returncode}" for name, p in self.site.processes.items()
                if not p.running()]

    def moment(self, feed, stage, rng):
        """Waits for the moment to kill."""
        if stage == "load":
            share = rng.randint(len(feed.ledger.answered), feed.count)
            self.poll(lambda: len(feed.ledger.answered) >= share or feed.done(), 120)
            return
        if stage == "drain":
            self.poll(feed.done, 120)
        until = time.monotonic() + rng.uniform(0, 0.06)
        self.poll(lambda: time.monotonic() >= until, 1)

    @staticmethod
    def poll(predicate, deadline):
        end = time.monotonic() + deadline * kit.SLOWER
        while not predicate() and time.monotonic() < end:
            time.sleep(0.001)

    def kill(self, feed, stage, rng):
        """Kills and starts again; returns who was killed, and the problems seen."""
        names = rng.choice([("acute",), ("broker",), NAMES])
        self.moment(feed, stage, rng)
        problems = self.ended()
        for name in names:
            self.site.processes[name].kill()
        if rng.random() < 0.2:  # and sometimes it stays away for a while
            back = time.monotonic() + rng.uniform(0.01, 0.2)
            self.poll(lambda: time.monotonic() >= back, 1)
        for name in names:
            self.site.processes[name].start()
        self.total.kills += len(names)
        self.total.stages[stage] += len(names)
        return f"{'+'.join(names)} {stage}", problems

    def round(self, number):
        """One round; returns its problems and a line that sums it up."""
        rng, o = random.Random(f"{self.seed}.{number}"), self.o
        tag = f"r{number}"
        queues = feeds.plan(tag, o.patients, o.length, o.connections, seed=rng.randrange(2**32), merges=o.merges,
                            numbers=[next(self.numbers) for _ in range(o.patients)])
        feed = feeds.Feed(self.site.port, queues, tag=f"{tag}-", window=rng.choice([1, 4, 16]))
        stages = sorted(rng.choices(STAGES, k=rng.randint(1, o.kills)), key=lambda s: s == "drain")
        start, before = time.monotonic(), self.got.delivered
        feed.start()
        killed, problems = [], []
        for stage in stages:
            who, found = self.kill(feed, stage, rng)
            killed.append(who)
            problems += found
        fed, drained = self.drain(feed)
        problems += self.ended() + feed.troubles() + self.got.settle(checker.Facts(feed.ledger.rows))
        if drained and not problems:
            problems.append(drained)
        self.total.rounds += not problems
        self.total.acknowledged += len(feed.ledger.answered)
        self.total.reconnects += feed.reconnects()
        self.total.problems += len(problems)
        return problems, (
            f"round {number}: {', '.join(killed)}: {len(feed.ledger.answered)} acknowledged, {feed.reconnects()} "
            f"reconnects, {self.got.delivered - before} deliveries, {len(problems)} problems, "
            f"{fed - start:.1f} s fed, {time.monotonic() - start:.1f} s")

    def drain(self, feed):
        """When the feed had ended, and what was not there in time, else None. The checker says what is missing."""
        def complete():
            self.look()
            return self.got.complete(feed.ledger.answered)

        fed = time.monotonic()
        try:
            kit.wait_until(feed.done, 120, lambda: f"the feed ends: {len(feed.ledger.answered)} of {feed.count}")
            fed = time.monotonic()
            kit.wait_until(complete, 90, "everything is delivered")
        except kit.TimedOut as e:
            return fed, str(e)
        return fed, None

    def stop(self):
        """SIGTERM for both; what was delivered since the last round may only repeat it."""
        problems = [f"{name} ended with {code} after SIGTERM" for name in NAMES
                    if (code := self.site.processes[name].stop())]
        self.look()
        return problems + self.got.check(checker.Facts())

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        problems, last = [], self.o.first + self.o.rounds
        with self.site as site:
            site.start()
            self.total.began = time.monotonic()
            for number in range(self.o.first, last):
                if self.stopping:
                    break
                problems, line = self.round(number)
                print(line, flush=True)
                if problems:
                    break
            if not problems:
                problems = self.stop()
                self.total.problems += len(problems)
            for p in problems:
                print(f"  {p}")
            if problems:
                self.tell()
        self.http.close()
        self.sum_up()
        return 1 if problems or self.total.rounds < self.o.rounds else 0

    def tell(self):
        """Keeps what there is to look at."""
        self.site.keep = True
        for name in NAMES:
            print(f"--- {name}: the end of its log\n{self.site.processes[name].log()[-3000:]}")

    def sum_up(self):
        t, got, o = self.total, self.got, self.o
        asked = "" if t.rounds == o.rounds else f" of {o.rounds}"
        print(f"{t.rounds}{asked} rounds{' on Kafka' if o.kafka else ''}, seed {self.seed}: {t.kills} kills "
              f"({t.stages['start']} while starting, {t.stages['drain']} while draining), {t.acknowledged} messages "
              f"acknowledged, {t.reconnects} reconnects, {got.delivered} deliveries, {got.again + got.late} of them again "
              f"({got.late} in a later round), {t.problems} problems; {t.seconds():.0f} s, "
              f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the number of the first round: plan and moments hang on it")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, which is printed")
    parser.add_argument("--patients", type=int, default=72)
    parser.add_argument("--length", type=int, default=5, help="messages per patient")
    parser.add_argument("--merges", type=int, default=6, help="one pair of patients in so many is merged; 0: none")
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--kills", type=int, default=4, help="at most so many times per round")
    parser.add_argument("--kafka", action="store_true", help="the stream is on a real Kafka")
    parser.add_argument("--partitions", type=int, default=3, help="of each topic on Kafka")
    o = parser.parse_args()
    seed = o.seed if o.seed is not None else random.SystemRandom().randrange(10000)
    with start_kafka() if o.kafka else contextlib.nullcontext() as kafka:
        return Rounds(o, seed, kafka).run()


if __name__ == "__main__":
    sys.exit(main())
