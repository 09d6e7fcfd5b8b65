"""Faults with one Kafka node under the line: processes killed at each request, Kafka absent, gone and full of itself,
records too large, retention, rebalances, members that sleep."""
import random
import signal
import unittest

import faults
import feed as feeds
import kit
import mllp
from consumer import Answer
from kafka_line import AWAY_LONG, KafkaLine

# The API keys of Kafka's protocol, as the injector names a request.
PRODUCE, OFFSET_COMMIT, JOIN, ADD_PARTITIONS, END, POSITIONS = 0, 8, 11, 24, 26, 28


class KilledTest(KafkaLine):
    """kill -9 at the very request, before it is sent or with its answer never read."""

    def dies_of(self, process, fault, **feed):
        """Starts it with that fault; it dies under load and is started again without."""
        process.kill()
        self.inject(process, fault)
        process.start()
        fed = self.feed(pace=0.005, **feed)
        self.ended(process)
        self.assertEqual(process.popen.returncode, -signal.SIGKILL)
        self.inject(process, None)
        process.start()
        return fed

    def killed(self, process, faults_of_it):
        for fault in faults_of_it if not faults.LONG else [f for f in faults_of_it for _ in range(3)]:
            self.settle(self.dies_of(process, fault))

    def test_adapter_before_the_record_is_stored(self):
        """Rows 1, 14: killed before the record is with Kafka: no ACK, the sender sends again, one event."""
        site = self.site.start()
        self.killed(site.adapter(), [f"request {PRODUCE} 4 1 kill-before"])

    def test_adapter_before_its_answer(self):
        """Rows 2, 14: killed when Kafka has the record, before its ACK is read, or before ours is sent: the resend is
        recognised, one event."""
        site = self.site.start()
        self.killed(site.adapter(), [f"request {PRODUCE} 4 1 kill-after", "answer - 20 1 kill-before"])

    def test_broker_in_a_transaction(self):
        """Rows 3, 14: killed after the ACK, at each request of the journey's transaction: the next one goes on from the
        position before, with the same ids."""
        site = self.site.start()
        self.killed(site.broker(), [f"request {ADD_PARTITIONS} 1 1 kill-after", f"request {POSITIONS} 1 1 kill-before",
                                    f"request {END} 1 1 kill-before", f"request {END} 1 1 kill-after"])

    def test_broker_with_deliveries_under_way(self):
        """Rows 4, 14: killed after the consumer's 2xx, before and after the position is sent: again, with the same id."""
        site = self.site.start()
        self.killed(site.broker(), [f"request {OFFSET_COMMIT} 4 1 kill-before", f"request {OFFSET_COMMIT} 4 1 kill-after"])


class AwayTest(KafkaLine):
    topics_now = False

    def test_absent_at_the_start(self):
        """Row 19: Kafka is not there when everything starts: "try later", no crash, and it goes on by itself."""
        self.make_topics()
        self.kafka[0].kill()
        site = self.site.start()
        feed = self.feed()
        kit.wait_until(lambda: any(r.get("code") == "AR" for r in list(feed.ledger.rows)), 60, "senders hear \"try later\"")
        kit.wait_until(lambda: site.adapter().get("/ready")[0] == 503, 10, "/ready says no")
        self.assertEqual(site.broker().get("/ready")[0], 503)
        self.assertFalse(feed.ledger.answered)
        self.kafka[0].start()
        self.settle(feed)
        self.assertIn("stream.answers", site.adapter().log())
        kit.wait_until(lambda: site.adapter().get("/ready")[0] == 200, 20, "/ready says yes")

    def gone(self, how, back):
        """Kafka goes under load; returns the feed that saw it."""
        site = self.site.start()
        feed = self.feed(patients=150, length=10, pace=0.002, answer_time=30)
        kit.wait_until(lambda: feed.acknowledged() > 200, 60, "it runs")
        how()
        answers = [r for r in list(feed.ledger.rows) if r.get("code") == "AR"]
        kit.wait_until(lambda: sum(r.get("code") == "AR" for r in list(feed.ledger.rows)) > len(answers), 60,
                       "senders hear \"try later\"")
        self.assertIn("stream.failed", site.adapter().log())
        if faults.LONG:
            self.stays_away(AWAY_LONG)
        rss = site.adapter().rss()
        back()
        self.settle(feed)
        self.assertIn("stream.recovered", site.adapter().log())
        self.assertLess(rss, 128 << 20)

    def test_gone_under_load(self):
        """Row 20: Kafka is gone for a while under load: "try later", flat memory, then it goes on by itself."""
        self.option(append_timeout="2s")
        self.make_topics()
        self.gone(self.kafka[0].kill, self.kafka[0].start)

    def test_stands_still_under_load(self):
        """Row 20: Kafka stands still with its connections open: the same."""
        self.option(append_timeout="2s")
        self.make_topics()
        self.gone(self.kafka[0].pause, self.kafka[0].resume)

    def stays_away(self, seconds):
        back = kit.time.monotonic() + seconds
        kit.wait_until(lambda: kit.time.monotonic() > back, seconds + 5, "the time away passes")


class LoadTest(KafkaLine):
    def test_sigterm_under_load(self):
        """Row 61: SIGTERM in the middle of a full load: it drains in time, ends with 0, nothing is lost."""
        site = self.site.start()
        feed = self.feed(patients=200, length=10, connections=16)
        for name in ("acute", "broker"):
            before = feed.acknowledged()
            kit.wait_until(lambda n=before: feed.done() or feed.acknowledged() > n + 200, 60, "the feed moves")
            self.assertEqual(site.processes[name].stop(within=15), 0)
            site.processes[name].start()
        self.settle(feed)

    def test_many_old_events_for_a_new_consumer(self):
        """Row 63: a new consumer reads all that was, while the others go on live."""
        site = self.site.start()
        old = self.feed(patients=5000 if faults.LONG else 300, length=10, connections=32)
        kit.wait_until(old.done, 600, "the old ones are there")
        path = site.path("late.ndjson")
        site.config["consumers"]["late"] = kit.file_consumer(path)
        site.write_config()
        site.weir("reload")
        live = self.feed(patients=50, length=10, connections=4)
        self.settle(live, old)
        late = kit.Ndjson(path, keep=lambda e: e["id"])
        ids = {e["id"] for e in self.file.update()}
        kit.wait_until(lambda: set(late.update()) == ids, 300, "the new consumer has everything, under the same ids")


class RecordsTest(KafkaLine):
    def test_too_large(self):
        """Row 23: a message whose event no record can hold: refused before it is sent, kept in flow.rejected with the
        reason, and nothing behind it waits."""
        site = self.site.start()
        big = people_message("big.1", "\x01" * 1_500_000)
        with mllp.Client("127.0.0.1", site.port, timeout=30) as live:
            code, of, answer = live.ask(big)
            self.assertEqual((code, of), ("AE", "big.1"), answer[:400])
            self.settle(self.feed(patients=5, length=4))
            self.assertEqual(live.ask(people_message("small.1", "x"))[0], "AA")
        rejected = self.records("flow.rejected")
        self.assertEqual(len(rejected), 1)
        self.assertTrue(any(b"is larger than" in value for _, value in rejected[0].headers))

    def test_the_node_takes_less_than_it_said(self):
        """Row 23: the limit of a topic is lowered behind our back: "try later" once, with the topic's name, then what is
        too large is refused before it is sent and kept in flow.rejected; others go on meanwhile, and it is taken again
        once the limit is raised."""
        site = self.site.start()
        self.limit("flow.messages", 20_000)
        data = people_message("large.1", "x" * 40_000)
        made = feeds.Feed(site.port, [[feeds.Message("large.1", 0, 1, None, ["patient.admitted"], data)]], tag="large-")
        made.ledger.add(row="sent", control_id="large.1")  # the event of the set that failed may stand all the same
        self.facts.add(made.ledger.rows)
        with mllp.Client("127.0.0.1", site.port, timeout=30) as live:
            answers = [live.ask(data)[0]]
            self.assertEqual(answers, ["AR"])
            self.assertRegex(site.adapter().log(), r"stream\.failed .*flow\.messages")
            while answers[-1] == "AR" and len(answers) < 20:
                answers.append(live.ask(data)[0])
            self.assertEqual(answers[-1], "AE", answers)
            before = site.adapter().metric("weir_stream_producers_replaced_total")
            feed = self.feed(patients=10, length=6, connections=8)
            for _ in range(10):
                self.assertEqual(live.ask(data)[0], "AE")
            self.settle(feed)
            self.assertFalse([r for r in feed.ledger.rows if r.get("code") == "AR"], "nobody else hears of it")
            self.assertEqual(site.adapter().metric("weir_stream_producers_replaced_total"), before)
            self.assertTrue(all(any(b"lowered to 20000" in value for _, value in r.headers)
                                for r in self.records("flow.rejected")))
            self.limit("flow.messages", 20_000_000)
            n = iter(range(1000))
            kit.wait_until(lambda: live.ask(people_message(f"large.2.{next(n)}", "x" * 40_000))[0] == "AA", 30,
                           "it is taken again")

    def limit(self, topic, size):
        self.kafka.tool("ConfigCommand", "--bootstrap-server", self.kafka.address, "--alter", "--entity-type", "topics",
                        "--entity-name", self.prefix + topic, "--add-config", f"max.message.bytes={size}")

    def test_retention_passed_the_journey(self):
        """Row 26: what the journey had still to read is gone: told with its exact range, in the log and the audit; the rest
        goes on."""
        self.lost("flow.reported", "journey")

    def test_retention_passed_a_consumer(self):
        """Row 26: the same for what a consumer had still to get."""
        self.lost("flow.route.all", "http")

    def lost(self, topic, group):
        site = self.site.start()
        self.settle(self.feed())
        if group == "journey":
            self.assertEqual(site.broker().stop(), 0)
        else:
            site.weir("pause", "consumer", "http")
        from_, feed = self.ends(topic), self.feed()
        kit.wait_until(feed.done, 60, "the feed ends")
        kit.wait_until(lambda: group == "journey" or feed.ledger.answered <=
                       {e["control_id"] for e in self.file.update()}, 60, "the other consumer has all")
        to = {p: end - (end - from_[p]) // 3 for p, end in self.ends(topic).items() if end > from_[p]}
        self.delete_records(topic, to)
        if group == "journey":
            site.broker().start()
        else:
            site.broker().kill()  # what it had read ahead goes with it
            site.broker().start()
            kit.wait_until(site.broker().healthy, 20, "the broker is back")
            site.weir("resume", "consumer", "http")
        broker = site.broker()
        lines = kit.wait_until(lambda: [line for line in broker.log().splitlines() if "alarm.position_lost" in line], 60,
                               lambda: f"the loss is told: {broker.log()[-2000:]}")
        for p, first in to.items():
            kit.wait_until(lambda f=first: f", {f})" in broker.log(), 60, f"the end of partition {p} is told: {lines}")
        kit.wait_until(lambda: any(b"position.lost" in r.value for r in self.records("flow.audit")), 30, "it is audited")
        later = self.feed()
        kit.wait_until(later.done, 60, "the feed ends")
        kit.wait_until(lambda: self.arrived(later.ledger.answered), 60, "what came later is delivered")


class GroupTest(KafkaLine):
    """Brokers come, go, die and sleep; their deliveries share the partitions of one group."""

    def setUp(self):
        super().setUp()
        del self.site.config["consumers"]["file"]  # one file cannot be shared
        self.file = None

    def test_rebalance_storm(self):
        """Row 27: brokers come and go all the time: no position moves past unfinished work, order stays, repeats only."""
        site = self.site.start()
        rng = random.Random(27)
        others = [self.another_broker(f"broker-{n}") for n in (2, 3)]
        feed = self.feed(patients=200, length=10, pace=0.02)
        rounds = 0
        while not feed.done() or rounds < (60 if faults.LONG else 8):
            process = rng.choice(others)
            if not process.running():
                process.start()
                kit.wait_until(process.healthy, 30, f"{process.name} is there")
            elif rng.random() < 0.5:
                process.kill()
            else:
                self.assertEqual(process.stop(), 0)
            rounds += 1
        self.settle(feed)
        seen = [r["event"]["id"] for r in self.http.accepted()]
        self.assertGreaterEqual(len(seen), len(set(seen)))
        self.assertTrue(site.broker().running())

    def sleeps(self, process):
        """It stands still for longer than its session, and wakes up."""
        process.popen.send_signal(signal.SIGSTOP)
        self.addCleanup(process.popen.send_signal, signal.SIGCONT)

    @staticmethod
    def leader_of(one, two):
        """Which of the two leads, and the other."""
        pairs = (one, two), (two, one)

        def leads(pair):
            return [p.metric("weir_journey_leads") for p in pair] == [1, 0]
        kit.wait_until(lambda: any(map(leads, pairs)), 30, "one leads")
        return next((pair for pair in pairs if leads(pair)), pairs[0])

    def test_leader_sleeps(self):
        """Row 28: the leading broker stands still past its session: it is followed within ten seconds, and when it
        wakes up it is fenced: nothing of it counts any more."""
        site = self.site.start()
        second = self.another_broker("broker-2").start()
        kit.wait_until(second.healthy, 30, "the second is there")
        feed = self.feed(patients=100, length=10, pace=0.02)
        for _ in range(6 if faults.LONG else 1):
            leader, other = self.leader_of(site.broker(), second)
            told = leader.log().count("makes events no longer")
            self.sleeps(leader)
            kit.wait_until(lambda p=other: p.metric("weir_journey_leads") == 1, 10, "the other takes over")
            leader.popen.send_signal(signal.SIGCONT)
            # The group may give the lead back at once: the metric need not be seen at 0.
            kit.wait_until(lambda p=leader, n=told: p.log().count("makes events no longer") > n, 20,
                           "it hears that it was followed")
        self.settle(feed)

    def test_member_sleeps_over_its_work(self):
        """Row 28: a broker with deliveries under way stands still until it is out of the group: what it had not finished
        is done by another, and nothing is marked done that is not."""
        self.http.answer = lambda event, attempt: Answer(200, delay=0.05)
        site = self.site.start()
        second = self.another_broker("broker-2").start()
        kit.wait_until(second.healthy, 30, "the second is there")
        feed = self.feed(patients=60, length=8, pace=0.01)
        kit.wait_until(lambda: len(self.http.accepted()) > 50, 60, "deliveries are under way")
        asleep, other = (second, site.broker()) if site.broker().metric("weir_journey_leads") else (site.broker(), second)
        self.sleeps(asleep)
        kit.wait_until(lambda: feed.done() and self.arrived(feed.ledger.answered), 120, "the other does it all")
        self.assertTrue(other.running())
        asleep.popen.send_signal(signal.SIGCONT)
        self.settle(feed, self.feed(patients=20, length=6))


def people_message(control_id_, note):
    return (f"MSH|^~\\&|TESTPAS|RZZ|WEIR|RZZ|20260114093000||ADT^A01^ADT_A01|{control_id_}|P|2.4\r"
            f"EVN|A01|20260114093000\rPID|1||9990000018^^^NHS^NH||TEST^{note}||19700101|F\r"
            "PV1|1|I|W1^B1^01^RZZ01||||||||||||||||V77^^^RZZ^VN\r").encode()


if __name__ == "__main__":
    unittest.main()
