"""What a consumer may do to the broker, and what the others feel of it."""
import collections
import threading
import unittest

import checker
import feed as feeds
import kit
from consumer import GARBAGE, HALF, HANG, OK, RESET, Answer, Consumer

QUICK = {"backoff_min": "50ms", "backoff_max": "500ms", "spill_after": "1s", "breaker_after": "3s"}


def patient_of(event):
    """Feed's number of the patient: control ids are <tag>.<patient>.<n>."""
    return event["data"]["origin"]["control_id"].split(".")[1]


class ConsumerTest(unittest.TestCase):
    """Each test: a healthy file consumer beside an ill HTTP consumer on the same route."""

    def setUp(self):
        self.http = Consumer()
        self.addCleanup(self.http.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.path = self.site.path("all.ndjson")
        self.site.config["consumers"]["file"] = kit.file_consumer(self.path)
        self.file = kit.Ndjson(self.path, keep=checker.brief)

    def start(self, **consumer):
        options = {**QUICK, **consumer}
        self.site.config["consumers"]["http"] = kit.http_consumer(self.http, **options)
        self.site.start()

    def send(self, patients=20, length=5, connections=2, tag="a", merges=0, first=0):
        queues = feeds.plan(tag, patients, length, connections, seed=len(tag) + patients,
                            merges=merges, first=first)
        feed = feeds.Feed(self.site.port, queues, repeat=0).start()
        kit.wait_until(feed.done, 60, lambda: f"{feed.acknowledged()} of {feed.count} acknowledged")
        self.assertEqual(feed.acknowledged(), feed.count)
        return feed

    def wait_file(self, feed, deadline=30):
        kit.wait_until(lambda: feed.control_ids <= {e["control_id"] for e in self.file.update()},
                       deadline, "the file consumer has everything")

    def wait_http(self, feed, deadline=60):
        kit.wait_until(lambda: feed.control_ids <= {r["control_id"] for r in self.http.accepted()},
                       deadline, lambda: f"HTTP has {len(self.http.accepted_ids())} of {feed.count}")

    def bless(self, feed, parked=()):
        events = [checker.brief(r["event"]) for r in self.http.accepted()]
        self.assertEqual(checker.check(feed.ledger.rows, events, parked), [])
        self.assertEqual(checker.check(feed.ledger.rows, self.file.update()), [])

    def parked_briefs(self):
        """What stands in flow.parked for `http`, known by the ids that the file consumer got."""
        known = {e["id"]: e for e in self.file.update()}
        return [known[row["event"]] for row in kit.parked(self.site, "http")]

    def states(self):
        return collections.Counter(r["state"] for r in kit.parked(self.site, "http"))

    def test_healthy(self):
        """CloudEvents rows 1, 10 and 13."""
        self.start()
        feed = self.send(patients=60, length=8, connections=4, merges=3)
        self.wait_file(feed)
        self.wait_http(feed)
        self.bless(feed)
        record = self.http.accepted()[0]
        self.assertTrue(record["content_type"].startswith("application/cloudevents+json"))
        self.assertTrue(record["line"].startswith("POST /events HTTP/1.1"))
        self.assertLess(self.http.connections, 20, "connections are kept alive")
        self.assertGreater(self.http.most_under_way, 1, "several requests are under way at a time")

    def test_unreachable_then_there(self):
        self.http.close()
        self.start()
        feed = self.send()
        self.wait_file(feed)
        self.http.open()
        self.wait_http(feed)
        self.bless(feed)

    def test_gone_midway_and_back(self):
        self.start()
        first = self.send(tag="a")
        self.wait_http(first)
        self.http.close()
        second = self.send(tag="bb", first=100)
        self.wait_file(second)
        self.http.open()
        self.wait_http(second)

    def test_slow_consumer_holds_up_nobody(self):
        gate = threading.Event()
        self.http.answer = lambda event, attempt: Answer(200, delay=0.0 if gate.is_set() else 0.3)
        self.start(in_flight=2)
        feed = self.send(patients=40)
        self.wait_file(feed, 15)
        self.assertLess(len(self.http.accepted()), feed.count // 2)
        gate.set()
        self.wait_http(feed)
        self.bless(feed)

    def test_refused_event_is_parked_and_its_patient_waits(self):
        bad = {"a.3.2": 422, "a.5.1": 400, "a.7.3": 413, "a.9.1": 415}
        healed = threading.Event()

        def answer(event, _):
            status = bad.get(event["data"]["origin"]["control_id"])
            return Answer(status) if status and not healed.is_set() else OK

        self.http.answer = answer
        self.start()
        feed = self.send()
        self.wait_file(feed)
        behind = {m for m in feed.control_ids for b in bad
                  if m.split(".")[1] == b.split(".")[1] and int(m.split(".")[2]) > int(b.split(".")[2])}
        others = feed.control_ids - behind - bad.keys()
        kit.wait_until(lambda: others <= {r["control_id"] for r in self.http.accepted()}, 30,
                       "the other patients' events are delivered")
        kit.wait_until(lambda: len(self.parked_briefs()) == len(bad) + len(behind), 30,
                       lambda: f"parked: {self.states()}")
        self.assertRegex(self.site.processes["broker"].log(), r'event\.parked consumer=http event=\S+ reason="HTTP 4\d\d"')
        self.assertEqual({e["control_id"] for e in self.parked_briefs()}, behind | bad.keys())
        self.assertEqual(self.states()["parked"], len(bad))
        attempts = collections.Counter(r["control_id"] for r in self.http.records)
        self.assertTrue(all(attempts[b] == 1 for b in bad), "a final refusal is not retried")
        self.bless(feed, self.parked_briefs())
        # the reason stands there, and nothing of the patient
        text = self.site.weir("parked", "list", "--consumer", "http").stdout
        self.assertIn("422", text)
        # released once the consumer is mended: in order, and nothing stays
        healed.set()
        for row in kit.parked(self.site, "http"):
            if row["state"] == "parked":
                self.site.weir("parked", "release", row["event"], "--consumer", "http",
                               "--reason", "mended")
        self.wait_http(feed)
        kit.wait_until(lambda: not kit.parked(self.site, "http"), 30, "nothing is parked any more")
        self.bless(feed)

    def test_parked_survives_a_kill_and_can_be_discarded(self):
        self.http.answer = lambda event, _: Answer(422) if \
            event["data"]["origin"]["control_id"] == "a.3.2" else OK
        self.start()
        feed = self.send(patients=10)
        self.wait_file(feed)
        behind = {"a.3.3", "a.3.4", "a.3.5"}
        kit.wait_until(lambda: len(kit.parked(self.site, "http")) == 4, 30, "four are parked")
        self.site.broker().kill()
        self.site.start("broker")
        # an earlier event of the patient may be there, too: the killed broker had not yet noted that it
        # was delivered, and its repeat waits with the others
        self.assertEqual({e["control_id"] for e in self.parked_briefs()} - {"a.3.1"}, behind | {"a.3.2"})
        bad = next(e["id"] for e in self.parked_briefs() if e["control_id"] == "a.3.2")
        self.site.weir("parked", "discard", bad, "--consumer", "http", "--reason", "test")
        kit.wait_until(lambda: behind <= {r["control_id"] for r in self.http.accepted()}, 30,
                       "what waited behind it is delivered")
        kit.wait_until(lambda: not kit.parked(self.site, "http"), 30, "nothing is parked any more")
        order = [r["control_id"] for r in self.http.accepted() if r["control_id"] in behind]
        self.assertEqual(list(dict.fromkeys(order)), sorted(behind))

    def test_5xx_then_healed(self):
        self.http.answer = lambda event, attempt: Answer(503) if attempt <= 2 else OK
        self.start()
        feed = self.send()
        self.wait_http(feed)
        self.bless(feed)
        self.assertEqual(kit.parked(self.site, "http"), [])

    def test_one_patient_fails_long_and_spills(self):
        healed = threading.Event()
        self.http.answer = lambda event, _: Answer(500) if patient_of(event) == "4" and \
            not healed.is_set() else OK
        self.start(window=64)
        feed = self.send(patients=30, length=6)
        self.wait_file(feed)
        mine = {c for c in feed.control_ids if c.split(".")[1] == "4"}
        kit.wait_until(lambda: feed.control_ids - mine <= {r["control_id"]
                                                           for r in self.http.accepted()},
                       30, "the others are delivered")
        kit.wait_until(lambda: self.states()["waiting"] > 0, 30, "the failing lane is spilled")
        healed.set()
        self.wait_http(feed)
        kit.wait_until(lambda: not kit.parked(self.site, "http"), 30, "nothing waits any more")
        self.bless(feed)

    def test_hanging_requests_hold_up_only_their_patients(self):
        healed = threading.Event()
        self.http.answer = lambda event, _: HANG if patient_of(event) in ("2", "6") and \
            not healed.is_set() else OK
        self.start(http={"timeout": "1s"})
        feed = self.send()
        self.wait_file(feed)
        stuck = {c for c in feed.control_ids if c.split(".")[1] in ("2", "6")}
        kit.wait_until(lambda: feed.control_ids - stuck <= {r["control_id"]
                                                            for r in self.http.accepted()},
                       30, "the others are delivered")
        healed.set()
        self.wait_http(feed)
        self.bless(feed)

    def test_no_answers_at_all_then_healed(self):
        """Garbage, half an answer, a reset: each is a failure that is tried again."""
        kinds = [GARBAGE, HALF, RESET]
        self.http.answer = lambda event, attempt: kinds[attempt - 1] if attempt <= 3 else OK
        self.start()
        feed = self.send(patients=8, length=3)
        self.wait_http(feed)
        self.bless(feed)
        self.assertEqual(kit.parked(self.site, "http"), [])

    def test_consumer_at_fault_opens_the_breaker_and_parks_nothing(self):
        for status in (401, 404):
            with self.subTest(status=status):
                healed = threading.Event()
                self.http.answer = lambda event, _, s=status, h=healed: OK if h.is_set() else Answer(s)
                if status == 401:
                    self.start()
                tag = f"s{status}"
                seen = len(self.http.records)
                feed = self.send(tag=tag, first=status)
                kit.wait_until(lambda seen=seen: len(self.http.records) > seen, 15, "one attempt")
                self.wait_file(feed)
                self.assertLess(len(self.http.records) - seen, feed.count,
                                "an open breaker probes; it does not try each event")
                self.assertEqual(kit.parked(self.site, "http"), [])
                told = self.site.weir("status").stdout
                self.assertRegex(told, rf"why +breaker open: HTTP {status}\b", "the reason, not only the state")
                self.assertRegex(self.site.processes["broker"].log(), rf'breaker\.open consumer=http reason="HTTP {status}"')
                healed.set()
                self.wait_http(feed)

    def test_429_with_retry_after(self):
        """FHIR row 40, CloudEvents row 14."""
        until = {}

        def answer(event, attempt):
            until.setdefault(event["id"], attempt)
            return Answer(429, headers=[("Retry-After", "1")]) if attempt == 1 else OK

        self.http.answer = answer
        self.start()
        feed = self.send(patients=3, length=1)
        self.wait_http(feed)
        times = collections.defaultdict(list)
        for r in self.http.records:
            times[r["id"]].append(r["at"])
        self.assertTrue(all(t[1] - t[0] >= 0.9 for t in times.values() if len(t) > 1), times)
        self.bless(feed)

    def test_duplicate_409_counts_as_delivered_or_parked(self):
        """409 is final: the event stands parked with its reason, unless the consumer says it has it. FHIR row 40."""
        self.http.answer = lambda event, _: Answer(409) if \
            event["data"]["origin"]["control_id"] == "a.1.1" else OK
        self.start()
        feed = self.send(patients=3, length=1)
        self.wait_file(feed)
        kit.wait_until(lambda: self.states()["parked"] == 1, 30, "the refused event is parked")
        self.bless(feed, self.parked_briefs())

    def test_another_route_is_read_from_its_start(self):
        """Offsets of one route say nothing of another: what was parked of the old one hides nothing of
        the new one, and is still owed."""
        healed = threading.Event()
        self.http.answer = lambda event, _: OK if healed.is_set() else Answer(422)
        self.start()
        feed = self.send(patients=5, length=3)
        kit.wait_until(lambda: len(kit.parked(self.site, "http")) == feed.count, 30, "all is parked")
        one = next(r["event"] for r in kit.parked(self.site, "http") if r["state"] == "parked")
        self.site.weir("parked", "discard", one, "--consumer", "http", "--reason", "test")
        kit.wait_until(lambda: len(kit.parked(self.site, "http")) == feed.count - 1, 30, "one less")
        self.site.broker().stop()
        healed.set()
        self.http.records.clear()
        self.site.config["consumers"]["http"]["route"] = "analytics"
        self.site.start("broker")
        kit.wait_until(lambda: len(self.minimised()) == feed.count, 30,
                       lambda: f"{len(self.minimised())} of {feed.count} of the new route")
        rows = kit.parked(self.site, "http")
        self.assertEqual(len(rows), feed.count - 1)
        for _ in range(3):
            for row in kit.parked(self.site, "http"):
                if row["state"] == "parked":
                    self.site.weir("parked", "release", row["event"], "--consumer", "http",
                                   "--reason", "test", check=False)
        kit.wait_until(lambda: len(self.http.accepted()) == 2 * feed.count - 1, 30,
                       "what was owed of the old route")

    def minimised(self):
        return {r["event"]["id"] for r in self.http.accepted()
                if "nhs_number" not in r["event"]["data"].get("patient", {})}

    def test_broker_restarts_in_the_middle(self):
        self.http.answer = lambda event, _: Answer(200, delay=0.005)
        self.start()
        queues = feeds.plan("a", 80, 6, 4, merges=4)
        feed = feeds.Feed(self.site.port, queues).start()
        for part in (0.2, 0.5, 0.8):
            kit.wait_until(lambda p=part: len(self.http.accepted_ids()) >= feed.count * p or feed.done(),
                           30, f"{part:.0%} delivered")
            self.assertEqual(self.site.broker().stop(), 0)
            self.site.start("broker")
        kit.wait_until(feed.done, 60, "the feed ends")
        self.wait_http(feed)
        self.wait_file(feed)
        self.bless(feed)


if __name__ == "__main__":
    unittest.main()
