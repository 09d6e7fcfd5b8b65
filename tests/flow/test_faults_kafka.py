"""Faults with one Kafka node under the line: processes killed at each request, Kafka absent, gone and full of itself,
records too large, retention, rebalances, members that sleep."""
import signal
import unittest

import faults
import kit
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


if __name__ == "__main__":
    unittest.main()
