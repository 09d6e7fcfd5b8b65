"""weir retranslate: after a mended map, what was said of messages taken before is corrected, once."""
import collections
import datetime
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import feed as feeds
import kit
import mllp
import people
import records
from consumer import Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)
PLAIN = "groups: {}\n"


def mended(mark, bed=False, moves=True):
    """An overlay: admissions say `mark`, allocate a bed or not; transfers are mapped or not."""
    return ("triggers:\n  A01:\n    events:\n      patient.admitted:\n"
            f"        fields: {{data.visit.alt_number: {{const: {mark}}}}}\n"
            + ("      bed.allocated: {time: entry}\n" if bed else "")
            + ("" if moves else "  A02: ~\n"))


def message(trigger, control_id, n=1, when=WHEN):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message(trigger, "ADT_A01", control_id, when, person, visit=f"V{n}", admitted=WHEN,
                          before="W2^B1^03^RZZ01" if trigger == "A02" else "")


class Case(unittest.TestCase):
    def setUp(self):
        self.http = Consumer()
        self.addCleanup(self.http.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.config = self.site.config
        self.config["sources"]["test-pas"]["overlays"] = ["trust.yaml"]
        self.config["consumers"]["http"] = kit.http_consumer(self.http)
        self.site.write("trust.yaml", PLAIN)

    def send(self, *messages):
        client = mllp.Client("127.0.0.1", self.site.port)
        self.addCleanup(client.close)
        for m in messages:
            self.assertEqual(client.ask(m)[0], "AA")

    def mend(self, text):
        self.site.write("trust.yaml", text)
        self.site.weir("reload")

    def retranslate(self, *more):
        return json.loads(self.site.weir("retranslate", "--source", "test-pas", "--since", "1h", "--json",
                                         *more).stdout)

    def told(self, *more):
        """What a run counts: corrected, new, retracted."""
        found = self.retranslate(*more)
        return found["corrected"], found["new"], found["retracted"]

    def events(self, n, consumer=None):
        consumer = consumer or self.http
        kit.wait_until(lambda: len(consumer.accepted()) >= n, 20,
                       lambda: f"{n} events: {[r['id'] for r in consumer.accepted()]}")
        self.assertEqual(len(consumer.accepted()), n)
        return [r["event"] for r in consumer.accepted()]

    def reported(self):
        return [h for h, _ in records.rows(self.site, "acute", "flow.reported")]

    def clock_moves_on(self):
        """Returns a time behind all that was sent before, and before all that is sent afterwards."""
        now = datetime.datetime.now(datetime.timezone.utc)
        kit.wait_until(lambda: datetime.datetime.now(datetime.timezone.utc) - now
                       > datetime.timedelta(milliseconds=2), 5, "the clock moves on")
        return now


class MendedMap(Case):
    def test_corrections_new_events_and_retractions(self):
        self.config["routes"]["moves"] = {"when": "type = 'patient.transferred'", "keep": ["all"],
                                          "identifiers": True}
        moves = Consumer()
        self.addCleanup(moves.close)
        self.config["consumers"]["moves"] = kit.http_consumer(moves, "moves")
        self.site.start()
        self.send(message("A01", "c1"), message("A02", "c2"), message("A03", "c3"))
        first = self.events(3)
        admitted, moved, left = (e["id"] for e in first)
        self.assertEqual(self.told(), (0, 0, 0))

        self.mend(mended("mark-1", bed=True, moves=False))
        dry = self.retranslate("--dry-run")
        self.assertEqual([dry[k] for k in ("messages", "unchanged", "corrected", "new", "retracted",
                                           "unmapped", "refused", "forgotten")],
                         [3, 1, 1, 1, 1, 1, 0, 0])
        self.assertEqual({t["type"]: (t["corrected"], t["new"], t["retracted"]) for t in dry["types"]},
                         {"patient.admitted": (1, 0, 0), "bed.allocated": (0, 1, 0),
                          "patient.transferred": (0, 0, 1)})
        self.assertEqual(len(self.reported()), 3)  # nothing was written
        text = self.site.weir("retranslate", "--source", "test-pas", "--since", "1h").stdout
        for row in ("3 messages", "corrected", "1 bed.allocated", "unmapped"):
            self.assertIn(row, text)
        corrected, fresh, gone = sorted(self.events(6)[3:], key=lambda e: ["patient.admitted", "bed.allocated",
                                                                           "event.retracted"].index(e["type"]))
        self.assertEqual((corrected["id"], corrected["data"]["replaces"]), (admitted + ".r1", admitted))
        self.assertEqual(corrected["data"]["visit"]["alt_number"], "mark-1")
        self.assertNotIn("replaces", fresh["data"])
        self.assertEqual(fresh["id"], admitted.replace("patient.admitted", "bed.allocated"))
        self.assertEqual((gone["id"], gone["data"]["replaces"]), (moved + ".r1", moved))
        for old, new in ((first[0], corrected), (first[1], gone)):  # receipt, person, all else as it was
            for name in ("subject", "time", "source", "recordedtime"):
                self.assertEqual(old[name], new[name])
        self.assertEqual(gone["data"]["patient"], first[1]["data"]["patient"])
        self.assertEqual([e["id"] for e in self.events(2, moves)], [moved, moved + ".r1"])
        lines = self.site.weir("tail", "-n", "6", "--no-follow").stdout.splitlines()
        self.assertEqual(sorted((line.split()[1], line.split("replaces ")[1].split()[0]) for line in lines if "replaces " in line),
                         [("event.retracted", moved), ("patient.admitted", admitted)])
        shown = self.site.weir("explain", gone["id"]).stdout
        self.assertIn("route moves: taken", shown)
        self.assertEqual(self.told(), (0, 0, 0))

        self.mend(mended("mark-2"))
        self.assertEqual(self.told(), (2, 0, 1))
        third = {e["id"]: e for e in self.events(9)[6:]}
        self.assertEqual(sorted(third), sorted([admitted + ".r2", moved + ".r2", fresh["id"] + ".r1"]))
        self.assertEqual(third[admitted + ".r2"]["data"]["replaces"], admitted + ".r1")
        self.assertEqual(third[moved + ".r2"]["data"]["replaces"], moved + ".r1")
        self.assertEqual(third[moved + ".r2"]["type"], "patient.transferred")
        self.assertEqual(third[fresh["id"] + ".r1"]["type"], "event.retracted")
        self.assertNotIn(left + ".r1", self.http.accepted_ids())
        self.assertEqual(self.told(), (0, 0, 0))
        self.assertEqual(len(records.rows(self.site, "acute", "flow.messages")), 3)
        self.events(3, moves)
        deeds = [json.loads(v) for _, v in records.rows(self.site, "acute", "flow.audit")]
        self.assertEqual([d["dry_run"] for d in deeds if d["action"] == "retranslate"],
                         ["no", "yes", "no", "no", "no", "no"])

    def test_a_message_that_came_twice_is_corrected_once(self):
        self.site.start()
        later = WHEN + datetime.timedelta(seconds=5)
        again = message("A01", "c1").replace(b"20260302093000||ADT", b"20260302093005||ADT")
        self.assertNotEqual(again, message("A01", "c1"))
        self.send(message("A01", "c1"), message("A01", "c1"), again, message("A01", "c2", 2, later))
        self.events(2)
        self.mend(mended("mark-1", bed=True))
        self.assertEqual(self.told(), (2, 2, 0))
        self.assertEqual(sum(e["id"].endswith(".r1") for e in self.events(6)), 2)
        self.assertEqual(self.told(), (0, 0, 0))
        self.send(again)  # repeats, also of what is new
        self.assertEqual(self.told(), (0, 0, 0))
        self.mend(mended("mark-2", bed=True))
        self.assertEqual(self.told(), (2, 0, 0))
        self.events(8)

    def test_span_and_what_cannot_be_compared(self):
        self.site.start()
        self.send(message("A01", "c1"))
        self.events(1)
        between = self.clock_moves_on()
        self.send(message("A01", "c2", 2))
        self.events(2)
        self.mend(mended("mark-1") + "    require: [PV1-40]\n")  # refuses all
        self.assertEqual(self.retranslate()["refused"], 2)
        self.mend(mended("mark-1"))
        at = between.isoformat(timespec="milliseconds")
        self.assertEqual(self.told("--until", at), (1, 0, 0))
        self.assertIn("c1", [e["data"]["origin"]["control_id"] for e in self.events(3)[2:]])
        self.assertEqual(self.told("--since", at), (1, 0, 0))
        self.events(4)

    def test_more_that_is_new_than_memory_holds(self):
        self.config["retranslate_events"] = 10
        self.site.start()
        for n in range(1, 13):  # no two in the same millisecond: a span cannot be shorter than one
            self.send(message("A01", f"c{n}", n))
            self.clock_moves_on()
        self.events(12)
        text = mended("mark-1", bed=True) + "".join(
            f"      {name}: {{time: entry}}\n" for name in ("bed.requested", "admission.planned"))
        self.mend(text)
        for more, wanted in ((["--dry-run"], (12, 36, 0)), ([], (12, 36, 0)), ([], (0, 0, 0))):
            self.assertEqual(self.told(*more), wanted)
        self.events(60)
        self.mend(PLAIN)
        self.assertEqual(self.told(), (12, 0, 36))
        self.assertEqual(self.told(), (0, 0, 0))
        self.events(108)

    def test_what_is_no_longer_kept_is_left_alone(self):
        self.site.start()
        self.send(message("A01", "c1"))
        self.events(1)
        self.site.adapter().stop()
        with sqlite3.connect(os.path.join(self.site.data, "acute.db")) as db:
            topic, = db.execute("SELECT id FROM topic WHERE name = 'flow.reported'").fetchone()
            db.execute(f"DELETE FROM record_{int(topic)}")
        self.site.start("acute")
        self.send(message("A01", "c2", 2))
        self.events(2)
        self.mend(mended("mark-1", bed=True))
        found = self.retranslate()
        self.assertEqual((found["forgotten"], found["corrected"], found["new"]), (1, 1, 1))
        self.events(4)

    def test_wrong_use(self):
        self.site.start()
        for argv, code, words in ((["--source", "test-pas"], 64, "--since"), (["--since", "1h"], 64, "--source"),
                                  (["--source", "none", "--since", "1h"], 65, "no source 'none'"),
                                  (["--source", "test-pas", "--since", "nonsense"], 64, "--since"),
                                  (["--source", "test-pas", "--since", "1h", "--until", "2h"], 65,
                                   "nothing is between")):
            done = self.site.weir("retranslate", *argv, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)


class ManyMessages(Case):
    PATIENTS, EACH = 100, 6

    def feed(self, tag, seed, window=8):
        return feeds.Feed(self.site.port, feeds.plan(tag, self.PATIENTS, self.EACH, 2, seed=seed, merges=0),
                          repeat=0, window=window).start()

    def filled(self, window=8):
        """A site with messages, and the ids of the events that a mended map changes."""
        self.site.start()
        feed = self.feed("a", 1, window)
        kit.wait_until(feed.done, 60, "all is acknowledged")
        rows = self.reported()
        kit.wait_until(lambda: len(self.http.accepted_ids()) == len(rows), 30, "all is delivered")
        return [h["ce_id"] for h in rows if h["ce_type"] == "patient.admitted"]

    def complete(self, admitted):
        """Each changed event has its one correction, and no reader saw another id."""
        wanted = {i + ".r1" for i in admitted}
        kit.wait_until(lambda: wanted <= self.http.accepted_ids(), 30, "all corrections are delivered")
        self.assertEqual({i for i in self.http.accepted_ids() if ".r" in i[-4:]}, wanted)
        counts = collections.Counter(h["ce_id"] for h in self.reported())
        self.assertEqual([i for i in wanted if counts[i] != 1], [])

    def test_in_small_spans_while_others_send(self):
        self.config["retranslate_events"] = 50
        admitted = self.filled()
        self.mend(mended("mark-1", bed=True))
        feed = self.feed("b", 2)
        found = self.retranslate()
        self.assertEqual((found["corrected"], found["new"], found["retracted"], found["forgotten"]),
                         (len(admitted), len(admitted), 0, 0))
        kit.wait_until(feed.done, 60, "all is acknowledged")
        self.assertTrue(feed.acknowledged())
        self.assertEqual(self.told(), (0, 0, 0))
        self.complete(admitted)

    def newest(self):
        """Id of the newest record of flow.reported: one row is read, not all."""
        with sqlite3.connect(f"file:{os.path.join(self.site.data, 'acute.db')}?mode=ro", uri=True) as db:
            topic, = db.execute("SELECT id FROM topic WHERE name = 'flow.reported'").fetchone()
            found, = db.execute(f"SELECT headers FROM record_{int(topic)} ORDER BY offset DESC LIMIT 1").fetchone()
        return records.headers(found)["ce_id"]

    def test_killed_in_the_middle(self):
        # Many small spans, each durable before the next one: a fast machine has not done all before it is seen.
        self.config["retranslate_events"] = 10
        admitted = self.filled(window=1)  # so that few are received in the same millisecond
        self.mend(mended("mark-1"))
        argv = [kit.program("weir"), "retranslate", "--source", "test-pas", "--since", "1h", "--config",
                self.site.config_path]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as asking:
            end = time.monotonic() + 20 * kit.SLOWER
            while not self.newest().endswith(".r1"):  # without a pause: it does not take long
                self.assertLess(time.monotonic(), end, "no correction is durable")
            self.site.adapter().kill()
            done = sum(h["ce_id"].endswith(".r1") for h in self.reported())
            self.assertEqual(asking.wait(30), 75)
            self.assertIn("ask again", asking.stderr.read())
        self.assertLess(done, len(admitted))
        self.site.start("acute")
        self.assertEqual(self.told(), (len(admitted) - done, 0, 0))
        self.assertEqual(self.told(), (0, 0, 0))
        self.complete(admitted)

    def test_a_reload_or_a_stop_ends_it_and_the_next_one_goes_on(self):
        admitted = self.filled()
        self.mend(mended("mark-1"))
        self.assertIn("run", self.ask())
        self.assertIn("one at a time", self.ask()["error"])
        self.site.adapter().popen.send_signal(signal.SIGHUP)
        kit.wait_until(lambda: "another configuration was taken: ask again" in self.site.adapter().log(), 20,
                       "it ends")
        kit.wait_until(lambda: "run" in self.ask(), 20, "another one begins")
        self.assertEqual(self.site.adapter().stop(), 0)
        self.assertIn("the adapter was stopped: ask again", self.site.adapter().log())
        self.site.start("acute")
        self.retranslate()
        self.assertEqual(self.told(), (0, 0, 0))
        self.complete(admitted)

    def ask(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.site.data, "run", "acute.sock"))
            s.sendall(b'{"do": "retranslate", "source": "test-pas", "since": "2026-01-01T00:00:00Z"}\n')
            return json.loads(s.makefile().readline())


if __name__ == "__main__":
    unittest.main()
