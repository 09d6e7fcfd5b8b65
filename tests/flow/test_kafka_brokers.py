"""Several brokers on a real Kafka: one makes the events and the others stand by, all of them deliver."""
import collections
import json
import signal
import subprocess
import time
import unittest

import checker
import feed as feeds
import kit
import node
from consumer import Answer, Consumer

TAKES_OVER = 10  # seconds
MERGE_WAIT = "10m"  # longer than any test: who waits in vain fails it


class Brokers(unittest.TestCase):
    partitions = 3

    @classmethod
    def setUpClass(cls):
        cls.kafka = node.Kafka(settings={"group.initial.rebalance.delay.ms": 0})
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.close)

    def setUp(self):
        self.consumer = Consumer(answer=lambda event, attempt: Answer(200, delay=0.002))
        self.addCleanup(self.consumer.close)
        self.site = kit.Site(consumers={"one": kit.http_consumer(self.consumer, merge_wait=MERGE_WAIT)})
        self.addCleanup(self.site.close)
        self.site.use_kafka(self.kafka.address, partitions=self.partitions)
        self.site.make_topics()
        self.site.start("acute")

    def begin(self, *names):
        """Brokers of these names, ready."""
        for name in names:
            self.site.another("broker", name).start()
        for name in names:
            self.ready(name)

    def ready(self, name):
        process = self.site.processes[name]
        kit.wait_until(lambda: process.healthy() and process.get("/ready")[0] == 200, 40,
                       lambda: f"{name} is ready: {process.get('/ready')[1]}{process.log()[-1500:]}")

    def leaders(self):
        return [name for name, p in self.site.processes.items()
                if name != "acute" and p.running() and p.metric("weir_journey_leads")]

    def leader(self):
        return kit.wait_until(self.leaders, 30, "somebody leads")[0]

    def led_by(self, name):
        """Seconds until that one leads."""
        began = time.monotonic()
        kit.wait_until(lambda: self.site.processes[name].metric("weir_journey_leads"), 30,
                       f"{name} leads")
        return time.monotonic() - began

    def feed(self, tag, patients=80, pace=0.05, seed=5, merges=3):
        return feeds.Feed(self.site.port, feeds.plan(tag, patients, 8, 4, seed=seed, merges=merges), tag=f"{tag}-",
                          pace=pace, window=4).start()

    def status(self, name):
        rows = map(json.loads, self.site.weir("status", "--json", check=False).stdout.splitlines())
        return next(row["status"] for row in rows if row["process"] == name)

    def copies(self):
        """Of flow.events: (id, key, part of a merge)."""
        out = subprocess.run(
            ["kcat", "-b", self.kafka.address, "-t", self.site.topic("flow.events"), "-C", "-e", "-q",
             "-o", "beginning", "-X", "isolation.level=read_committed", "-f", "%k|%h\n"],
            capture_output=True, text=True, timeout=60, check=True).stdout
        rows = []
        for line in out.splitlines():
            key, _, headers = line.partition("|")
            named = dict(h.partition("=")[::2] for h in headers.split(","))
            rows.append((named["ce_id"], key, named.get("merge")))
        return rows

    def blessed(self, feed):
        kit.wait_until(feed.done, 120, lambda: f"{feed.acknowledged()} of {feed.count} acknowledged")
        self.assertEqual(feed.troubles(), [])
        facts = checker.Facts(feed.ledger.rows)

        def problems():
            return checker.check(facts, [checker.brief(r["event"]) for r in self.consumer.accepted()])
        kit.wait_until(lambda: not problems(), 60, problems)
        twice = [c for c, n in collections.Counter(self.copies()).items() if n > 1]
        self.assertEqual(twice, [], "an event was made twice")
        late = [r["id"] for r in self.consumer.accepted() if "out_of_order" in r["event"]["data"].get("quality", ())]
        self.assertEqual(late, [], "a merge went on without its retired patient")


class Leading(Brokers):
    def test_the_standby_takes_over_from_one_that_is_killed(self):
        self.begin("broker", "broker-2")
        first = self.leader()
        second = {"broker": "broker-2", "broker-2": "broker"}[first]
        self.assertEqual(self.status(second)["journey"]["role"], "standby")
        feed = self.feed("k")
        kit.wait_until(lambda: len(self.consumer.accepted()) > 100, 30, "events flow")
        self.site.processes[first].kill()
        self.assertLess(self.led_by(second), TAKES_OVER * kit.SLOWER)
        self.site.processes[first].start()
        self.ready(first)
        self.assertEqual(self.status(first)["journey"]["role"], "standby")
        self.blessed(feed)

    def test_one_that_slept_is_fenced_and_stands_by(self):
        self.begin("broker", "broker-2")
        first = self.leader()
        second = {"broker": "broker-2", "broker-2": "broker"}[first]
        feed = self.feed("p", pace=0.2)
        kit.wait_until(lambda: len(self.consumer.accepted()) > 50, 30, "events flow")
        popen = self.site.processes[first].popen
        popen.send_signal(signal.SIGSTOP)
        self.addCleanup(popen.send_signal, signal.SIGCONT)
        asleep = time.monotonic()
        self.assertLess(self.led_by(second), TAKES_OVER * kit.SLOWER)
        kit.wait_until(lambda: time.monotonic() - asleep > 20, 30, "twenty seconds are over")
        popen.send_signal(signal.SIGCONT)
        kit.wait_until(lambda: self.site.processes[first].metric("weir_journey_leads") == 0, 15,
                       lambda: f"{first} stands by: {self.site.processes[first].log()[-1500:]}")
        self.ready(first)
        self.assertEqual(self.leaders(), [second])
        self.blessed(feed)


class Delivering(Brokers):
    def delivered(self, name):
        return self.site.processes[name].metric("weir_delivered_events_total") or 0

    def test_a_broker_comes_and_goes(self):
        self.begin("broker")
        feed = self.feed("d", pace=0.15)
        kit.wait_until(lambda: self.delivered("broker") > 50, 30, "the first one delivers")
        self.begin("broker-2")
        kit.wait_until(lambda: self.delivered("broker-2") > 50, 40, "the second one delivers its part")
        before = self.delivered("broker")
        kit.wait_until(lambda: self.delivered("broker") > before + 20, 30, "and the first one goes on")
        self.site.processes["broker-2"].kill()
        self.blessed(feed)

    def test_they_come_and_go_again_and_again(self):
        self.begin("broker")
        feed = self.feed("s", patients=60, pace=0.25)
        for turn in range(4):
            self.begin("broker-2")
            other = self.site.processes["broker-2"]
            if turn % 2:
                other.kill()
            else:
                self.assertEqual(other.stop(), 0)
        self.assertFalse(feed.done(), "it was all under load")
        self.blessed(feed)


class Merging(Brokers):
    """A merge is delivered twice: the retired patient's copy, then the survivor's, mostly in two partitions."""

    partitions = 12

    def is_merge(self, event):
        return event["type"] == "patient.merged"

    def held(self, event, attempt):
        """Takes all but the survivors' copies."""
        return Answer(503 if self.is_merge(event) and attempt > 1 else 200)

    def places(self):
        """Of the merges' copies: {event: {retired or survivor: (partition, offset)}}."""
        out = subprocess.run(
            ["kcat", "-b", self.kafka.address, "-t", self.site.topic("flow.route.all"), "-C", "-e", "-q", "-o", "beginning",
             "-X", "isolation.level=read_committed", "-f", "%p %o %h\n"],
            capture_output=True, text=True, timeout=60, check=True).stdout
        found = collections.defaultdict(dict)
        for line in out.splitlines():
            partition, offset, headers = line.split(" ", 2)
            named = dict(h.partition("=")[::2] for h in headers.split(","))
            if "merge" in named:
                found[named["ce_id"]][named["merge"]] = int(partition), int(offset)
        return found

    def passed_alone(self):
        """Merges whose retired copy the group has passed, and whose survivor's copy it has not."""
        out = self.kafka.tool("ConsumerGroupCommand", "--bootstrap-server", self.kafka.address, "--describe",
                              "--group", self.site.topic("deliver.one"), check=False)
        rows = [line.split() for line in out.splitlines() if self.site.topic("flow.route.") in line]
        at = {int(row[2]): int(row[3]) for row in rows if row[3].isdigit()}

        def passed(place):
            return at.get(place[0], 0) > place[1]
        return {i for i, c in self.places().items() if passed(c["retired"]) and not passed(c["survivor"])}

    def test_killed_between_the_retired_copy_and_the_survivors(self):
        """The retired patient's partition is committed past its copy, the survivor's is not: the next broker knows."""
        self.consumer.answer = self.held
        self.site.config["consumers"]["one"].update(spill_after="10m", breaker_after="10m")
        self.site.write_config()
        self.begin("broker")
        feed = feeds.Feed(self.site.port, feeds.plan("x", 16, 4, 1, seed=3, merges=1), tag="x-", window=1).start()
        kit.wait_until(feed.done, 60, "all is acknowledged")
        alone = kit.wait_until(self.passed_alone, 40, "a retired copy is passed alone")
        self.site.processes["broker"].kill()
        before = len(self.consumer.records)
        self.consumer.answer = lambda event, attempt: Answer(200)
        self.begin("broker")
        self.blessed(feed)
        again = collections.Counter(r["id"] for r in self.consumer.records[before:])
        self.assertEqual({i: again[i] for i in alone}, {i: 1 for i in alone}, "the survivor's copy, and no other")


class Parking(Brokers):
    def parked(self, state=None):
        return [row["event"] for row in kit.parked(self.site, "one") if state in (None, row["state"])]

    def test_what_one_has_parked_the_other_releases(self):
        self.consumer.answer = lambda event, attempt: Answer(400)
        self.begin("broker", "broker-2")
        feed = self.feed("q", patients=24, pace=0)
        kit.wait_until(feed.done, 60, "all is acknowledged")
        total = sum(len(m["types"]) for m in feed.ledger.rows if m["row"] == "made")
        kit.wait_until(lambda: len(self.parked()) >= total, 60, lambda: f"{len(self.parked())} of {total} are parked")
        kit.wait_until(lambda: all(self.site.processes[n].metric("weir_parked_open_events")
                                   for n in ("broker", "broker-2")), 40, "each has some of them")
        self.site.processes["broker-2"].kill()
        kit.wait_until(lambda: self.site.processes["broker"].metric("weir_parked_open_events") >= total, 40,
                       "the other one knows of all of them")
        self.consumer.answer = lambda event, attempt: Answer(200)
        for event in self.parked("parked"):
            self.site.weir("parked", "release", event, "--consumer", "one", "--reason", "mended")
        kit.wait_until(lambda: not self.parked(), 60, lambda: f"{len(self.parked())} are still parked")
        self.blessed(feed)


if __name__ == "__main__":
    unittest.main()
