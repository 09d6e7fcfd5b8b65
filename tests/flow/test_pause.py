"""weir pause and resume: what is held waits, nothing is lost or parked, and a restart does not forget it."""
import datetime
import json
import unittest

import checker
import feed as feeds
import kit
import mllp
import people
from consumer import Answer, Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)


def admit(control_id, n=1):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", control_id, WHEN, person, visit=f"V{n}", admitted=WHEN)


class PauseTest(unittest.TestCase):
    def setUp(self):
        self.one, self.two = Consumer(), Consumer()
        self.addCleanup(self.one.close)
        self.addCleanup(self.two.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.config["consumers"] = {"one": kit.http_consumer(self.one),
                                         "two": kit.http_consumer(self.two, "analytics")}

    def status(self, process):
        rows = map(json.loads, self.site.weir("status", "--json", check=False).stdout.splitlines())
        return next(row["status"] for row in rows if row["process"] == process)

    def lag(self, name):
        return next(c["lag"] for c in self.status("broker")["consumers"] if c["name"] == name)

    def audited(self):
        return [json.loads(line) for line in self.site.weir(
            "tail", "--topic", "flow.audit", "--since", "1h", "--no-follow").stdout.splitlines()
            if line.startswith("{")]

    def send(self, tag, seed=1, patients=20):
        feed = feeds.Feed(self.site.port, feeds.plan(tag, patients, 6, 2, seed=seed), repeat=0).start()
        kit.wait_until(feed.done, 60, "all is acknowledged")
        return feed

    def blessed(self, feed, consumer):
        def problems():
            return checker.check(feed.ledger.rows, [checker.brief(r["event"]) for r in consumer.accepted()])
        kit.wait_until(lambda: not problems(), 30, problems)

    def test_consumer(self):
        self.site.start()
        self.assertEqual(self.site.weir("pause", "consumer", "one", "--reason", "moves").stdout,
                         "consumer one is paused\n")
        feed = self.send("p")
        events = kit.wait_until(lambda: len(self.two.accepted()), 20, "the other one has events")
        kit.wait_until(lambda: self.lag("one") >= 100, 20, "its lag grows")
        self.assertEqual(self.one.records, [])
        self.assertEqual(self.site.broker().metric("weir_paused", kind="consumer"), 1)
        row, = self.status("broker")["paused"]
        self.assertEqual((row["kind"], row["name"], row["reason"]), ("consumer", "one", "moves"))
        self.assertIn("weir resume", next(c["why"] for c in self.status("broker")["consumers"]
                                          if c["name"] == "one"))
        done = self.site.weir("pause", "consumer", "one", check=False)
        self.assertIn("paused already", done.stderr)
        # neither a restart nor a reload forgets it
        self.site.broker().kill()
        self.site.start("broker")
        self.site.config["consumers"]["one"]["window"] = 1000
        self.site.write_config()
        self.site.weir("reload")
        kit.wait_until(lambda: self.lag("one") >= 100, 20, "it waits")
        self.assertEqual((self.one.records, kit.parked(self.site, "one")), ([], []))
        self.assertEqual(self.status("broker")["paused"][0]["reason"], "moves")
        self.assertRegex(self.site.weir("status").stdout, r"reason +moves")
        self.assertTrue(events)
        self.site.weir("resume", "consumer", "one")
        self.blessed(feed, self.one)
        self.assertEqual(self.status("broker")["paused"], [])
        self.assertEqual(self.site.broker().metric("weir_paused", kind="consumer"), 0)
        deeds = [(a["action"], a["name"], a["reason"]) for a in self.audited()
                 if a["action"] in ("pause", "resume")]
        self.assertEqual(deeds, [("pause", "one", "moves"), ("resume", "one", "")])

    def test_consumer_that_fails_is_not_parked_while_it_is_paused(self):
        self.one.answer = lambda event, _: Answer(503)
        self.site.config["consumers"]["one"].update(spill_after="1s", backoff_max="1s", breaker_after="1s")
        self.site.start()
        feed = self.send("f", patients=5)
        kit.wait_until(lambda: self.one.records, 20, "it was tried")
        self.site.weir("pause", "consumer", "one")
        kit.wait_until(lambda: not self.one.under_way, 20, "what is under way ends")
        tried = len(self.one.records)
        self.send("g", seed=2, patients=5)
        kit.wait_until(lambda: len(self.two.accepted()) >= 30, 20, "the other one goes on")
        self.assertEqual((len(self.one.records), kit.parked(self.site, "one")), (tried, []))
        self.one.answer = lambda event, _: Answer(200)
        self.site.weir("resume", "consumer", "one")
        kit.wait_until(lambda: self.lag("one") == 0, 30, "it has all")
        self.assertTrue(feed.acknowledged())

    def test_route_holds_its_consumers(self):
        self.site.start()
        self.site.weir("pause", "route", "all")
        feed = self.send("r")
        kit.wait_until(lambda: self.lag("two") == 0 and self.two.accepted(), 20, "the other route goes on")
        self.assertEqual(self.one.records, [])
        self.assertGreaterEqual(self.lag("one"), 100)  # the route was appended to
        self.site.weir("resume", "route", "all")
        self.blessed(feed, self.one)

    def test_source(self):
        self.site.config["sources"]["test-pas"]["mllp"].update(frame_time="1s", idle_time="1s")
        self.site.start()
        old = mllp.Client("127.0.0.1", self.site.port, timeout=30)
        self.addCleanup(old.close)
        self.assertEqual(old.ask(admit("before"))[0], "AA")
        self.site.weir("pause", "source", "test-pas")
        half = mllp.frame(admit("half"))
        old.send_raw(half[:50])
        new = mllp.Client("127.0.0.1", self.site.port, timeout=30)  # accepted, not read
        self.addCleanup(new.close)
        new.send(admit("new", 2))
        row, = self.status("acute")["sources"]
        self.assertEqual((row["connections"], row["messages"]), (2, 1))
        self.site.adapter().stop()
        self.site.start("acute")
        self.assertEqual(self.status("acute")["paused"][0]["name"], "test-pas")
        again = mllp.Client("127.0.0.1", self.site.port, timeout=30)
        self.addCleanup(again.close)
        again.send_raw(half[:50])
        kit.wait_until(lambda: self.status("acute")["sources"][0]["connections"] == 1, 10, "it is accepted")
        self.assertEqual(self.site.adapter().metric("weir_messages_received_total"), 0)
        self.site.weir("resume", "source", "test-pas")
        again.send_raw(half[50:])
        self.assertEqual(mllp.field(again.receive(), b"MSA", 2), "half")

    def test_what_is_not_there(self):
        self.site.start()
        for argv, code, words in ((["consumer", "none"], 65, "no consumer 'none'"),
                                  (["route", "none"], 65, "no route 'none'"),
                                  (["source", "none"], 65, "no source 'none'"),
                                  (["thing", "none"], 64, "neither source"), (["consumer"], 64, "wanted")):
            for verb in ("pause", "resume"):
                done = self.site.weir(verb, *argv, check=False)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
        done = self.site.weir("resume", "consumer", "one", check=False)
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn("not paused", done.stderr)


if __name__ == "__main__":
    unittest.main()
