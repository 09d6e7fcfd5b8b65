"""A broker that was away for longer than the stream keeps anything: what it still needs is appended
again before it can go."""
import os
import sqlite3
import time
import unittest

import checker
import feed as feeds
import kit
from consumer import OK, Answer, Consumer

DAY_MS = 24 * 3600 * 1000
RETAIN_MS = 14 * DAY_MS
TOPICS = ("flow.parked", "flow.ids")


class AbsenceTest(unittest.TestCase):
    def setUp(self):
        self.http = Consumer()
        self.addCleanup(self.http.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.config["consumers"]["http"] = kit.http_consumer(self.http)
        self.refused = {"a.3.2"}
        self.path = os.path.join(self.site.data, "broker.db")

    def records(self, topic, what):
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            number, = db.execute("SELECT id FROM topic WHERE name = ?", (topic,)).fetchone()
            return db.execute(f"SELECT {what} FROM record_{number}").fetchall()
        finally:
            db.close()

    def change(self, sql):
        """Each topic of TOPICS while no broker runs."""
        db = sqlite3.connect(self.path)
        for topic in TOPICS:
            number, = db.execute("SELECT id FROM topic WHERE name = ?", (topic,)).fetchone()
            for statement in sql:
                db.execute(statement.format(record=f"record_{number}", topic=number))
        db.commit()
        db.close()

    def send(self, seed):
        queues = feeds.plan("a", 10, 5, 2, seed=seed, merges=0)
        feed = feeds.Feed(self.site.port, queues, repeat=0).start()
        kit.wait_until(feed.done, 60, "all is acknowledged")
        return feed

    def fresh(self, topic, what):
        return {row[1] for row in self.records(topic, f"time, {what}")
                if row[0] > time.time() * 1000 - DAY_MS}

    def park(self):
        """Four events of a patient stand in flow.parked, appended when the broker was last there:
        15 days ago. Returns feed and their values."""
        self.http.answer = lambda event, _: Answer(422) if \
            event["data"]["origin"]["control_id"] in self.refused else OK
        self.site.start()
        feed = self.send(1)
        kit.wait_until(lambda: len(kit.parked(self.site, "http")) == 4, 30, "four are parked")
        self.keys = {e[0] for e in self.records("flow.events", "key")}
        self.site.broker().stop()
        self.change([f"UPDATE {{record}} SET sum = NULL, time = time - {RETAIN_MS + DAY_MS}"])
        return feed, {row[0] for row in self.records("flow.parked", "value") if row[0]}

    def wait_fresh(self, values):
        """They are appended again, and nothing went before."""
        self.assertEqual(len(values), 4)
        kit.wait_until(lambda: values <= self.fresh("flow.parked", "value"), 30,
                       "what is parked is written down anew")
        self.assertEqual(values, {row[1] for row in self.records("flow.parked", "time, value")
                                  if row[1] and row[0] < time.time() * 1000 - RETAIN_MS})

    def prune(self):
        """As the stream does it in the end."""
        self.site.broker().stop()
        cut = int(time.time() * 1000) - RETAIN_MS
        self.change([f"DELETE FROM {{record}} WHERE time < {cut}",
                     "UPDATE topic SET first = (SELECT ifnull(min(offset), 0) FROM {record}) WHERE id = {topic}"])

    def bless(self, feed):
        """What was parked is delivered, in order; people keep their keys."""
        self.assertEqual(len(kit.parked(self.site, "http")), 4)
        self.refused.clear()
        row, = [r for r in kit.parked(self.site, "http") if r["state"] == "parked"]
        self.site.weir("parked", "release", row["event"], "--consumer", "http", "--reason", "mended")
        kit.wait_until(lambda: not kit.parked(self.site, "http"), 30, "nothing is parked any more")
        events = [checker.brief(r["event"]) for r in self.http.accepted()]
        self.assertEqual(checker.check(feed.ledger.rows, events), [])
        self.send(2)  # the same people
        kit.wait_until(lambda: len(self.records("flow.events", "key")) >= 100, 30, "they are events")
        self.assertEqual({e[0] for e in self.records("flow.events", "key")}, self.keys)

    def test_what_is_parked_is_appended_again(self):
        feed, values = self.park()
        self.site.start("broker")
        self.wait_fresh(values)
        self.prune()
        self.site.start("broker")
        self.bless(feed)

    def test_what_is_parked_waits_for_a_consumer_that_left(self):
        feed, values = self.park()
        consumer = self.site.config["consumers"].pop("http")
        self.site.start("broker")
        self.wait_fresh(values)
        self.assertIn("parked.orphans open=4", self.site.broker().log())
        self.prune()
        self.site.config["consumers"]["http"] = consumer
        self.site.start("broker")
        self.bless(feed)


if __name__ == "__main__":
    unittest.main()
