"""What the rounds of kill -9 know once rounds are folded away: as much as if they were all kept."""
import copy
import os
import tempfile
import unittest

import checker
import feed as feeds
import rotated
import settled

READERS = ("http", "file")
ROUNDS = 4


def good_round(number):
    """A ledger and the deliveries that a faultless line would make of it."""
    tag = f"r{number}"
    feed = feeds.Feed(1, feeds.plan(tag, patients=12, length=5, connections=2, seed=number, merges=2), tag=f"{tag}-")
    made = {r["control_id"]: r for r in feed.ledger.rows}
    delivered = []
    for sender in feed.senders:
        for m in sender.todo:
            feed.ledger.add(row="sent", control_id=m.control_id, connection="c0")
            feed.ledger.add(row="answer", control_id=m.control_id, code="AA", connection="c0", expected=m.control_id)
            delivered += [{"id": f"{m.control_id}/{t}", "type": t, "subject": f"s{tag}.{m.patient}", "derived": False,
                           "control_id": m.control_id, "sha256": made[m.control_id]["sha256"]}
                          for t in m.types for _ in range(2 if m.also else 1)]
    return feed.ledger.rows, delivered


class FoldTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.good = [good_round(n) for n in range(ROUNDS)]

    def setUp(self):
        self.got = settled.Rounds(READERS)
        self.rounds = copy.deepcopy(self.good)

    def go(self, upto=ROUNDS, reader="http", change=None, at=None):
        """Folds rounds away one by one until one has problems: those, and in which round. change alters what that
        reader gets in round `at`."""
        for number, (rows, delivered) in enumerate(self.rounds[:upto]):
            for name in READERS:
                events = copy.deepcopy(delivered)
                if change and number == at and name == reader:
                    change(events)
                self.got.take(name, events)
            self.got.take_ids(e["id"] for e in delivered)
            problems = self.got.settle(checker.Facts(rows))
            if problems:
                return problems, number
        return [], None

    def assert_found(self, kind, change):
        """Planted in each round in turn, at either reader: found in that round, and before it is folded away."""
        for at in range(ROUNDS):
            for reader in READERS:
                with self.subTest(round=at, reader=reader):
                    self.got = settled.Rounds(READERS)
                    problems, number = self.go(reader=reader, change=change, at=at)
                    self.assertEqual(number, at)
                    self.assertTrue(any(p.startswith(f"{reader}: {kind}") for p in problems), problems)

    def test_good_rounds_are_blessed_and_folded_away(self):
        self.assertEqual(self.go(), ([], None))
        self.assertEqual(self.got.settled, ROUNDS)
        self.assertEqual([r.events for r in self.got.readers.values()], [[], []])
        self.assertEqual((self.got.again, self.got.late), (0, 0))

    def test_a_loss_in_any_round(self):
        def lose(events):
            made = next(i for i, e in enumerate(events) if sum(o["id"] == e["id"] for o in events) == 1)
            events.pop(made)
        self.assert_found("lost", lose)

    def test_a_swap_in_any_round(self):
        def swap(events):
            patient = next(e["subject"] for e in events if not e["type"].endswith("merged"))
            mine = [i for i, e in enumerate(events) if e["subject"] == patient and not e["type"].endswith("merged")]
            events[mine[0]], events[mine[1]] = events[mine[1]], events[mine[0]]
        self.assert_found("order", swap)

    def test_a_foreign_event_in_any_round(self):
        self.assert_found("foreign", lambda events: events.append(dict(events[0], id="other", control_id="r9.1.1")))

    def test_an_id_more_on_the_analytics_route_in_any_round(self):
        self.go(upto=1)
        self.got.take_ids(["nobody's"])
        self.assertTrue(any("analytics" in p for p in self.got.check(checker.Facts())))

    def late(self, reader="file", **change):
        """The problems when an event of a round that was folded away comes after all, changed so."""
        self.go(upto=ROUNDS - 1)
        event = dict(self.rounds[0][1][0], **change)
        self.got.take(reader, [event])
        return self.go_on()

    def go_on(self):
        rows, delivered = self.rounds[-1]
        for name in READERS:
            self.got.take(name, delivered)
        self.got.take_ids(e["id"] for e in delivered)
        return self.got.settle(checker.Facts(rows))

    def test_a_late_repeat_is_allowed_and_counted(self):
        self.assertEqual(self.late(), [])
        self.assertEqual(self.got.late, 1)

    def test_repeats_within_a_round_are_counted(self):
        self.rounds[1][1].extend(self.good[1][1][:7])
        self.assertEqual(self.go(), ([], None))
        self.assertEqual(self.got.again, 2 * 7)

    def test_a_late_repeat_under_another_id(self):
        self.assertTrue(any("foreign" in p for p in self.late(id="renamed")))

    def test_a_late_repeat_with_other_bytes_patient_or_type(self):
        for change in ({"sha256": "0" * 64}, {"subject": "other"}, {"type": "patient.died"}, {"control_id": "r0.1.9"}):
            with self.subTest(change=change):
                self.got = settled.Rounds(READERS)
                self.assertTrue(any("renamed" in p for p in self.late(**change)))

    def test_an_old_pseudonym_for_a_new_patient(self):
        old = self.good[0][1][0]["subject"]
        new = self.good[-1][1][0]["subject"]
        for e in self.rounds[-1][1]:
            e["subject"] = old if e["subject"] == new else e["subject"]
        problems, number = self.go()
        self.assertEqual(number, ROUNDS - 1)
        self.assertTrue(any("mixed" in p for p in problems), problems)

    def test_what_has_no_answer_is_not_folded_away(self):
        rows, _ = self.rounds[0]
        rows.remove(next(r for r in rows if r["row"] == "answer"))
        problems, number = self.go()
        self.assertEqual(number, 0)
        self.assertTrue(any("not settled" in p for p in problems), problems)

    def test_what_comes_after_the_last_round(self):
        self.go()
        self.got.take("http", [self.good[2][1][3]])
        self.assertEqual(self.got.check(checker.Facts()), [])
        self.got.take("http", [dict(self.good[2][1][3], id="other")])
        self.assertTrue(any("foreign" in p for p in self.got.check(checker.Facts())))

    def test_complete_waits_for_every_reader(self):
        rows, delivered = self.rounds[0]
        acknowledged = checker.Facts(rows).acknowledged
        self.got.take("http", delivered)
        self.got.take_ids(e["id"] for e in delivered)
        self.assertFalse(self.got.complete(acknowledged))
        self.got.take("file", delivered)
        self.assertTrue(self.got.complete(acknowledged))
        self.got.take_ids(["one more"])
        self.assertFalse(self.got.complete(acknowledged))


class RotatedTest(unittest.TestCase):
    """A file that is appended to, cut and renamed under its reader."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.path = folder.name, os.path.join(folder.name, "a.ndjson")
        self.reader = rotated.Rotated(self.path)
        self.addCleanup(lambda: self.reader.file and self.reader.file.close())

    def append(self, text):
        with open(self.path, "a", encoding="ascii") as f:
            f.write(text)

    def rotate(self, name):
        os.rename(self.path, f"{self.path}.{name}")

    def test_what_is_new_once(self):
        self.assertEqual(self.reader.new(), [])
        self.append("1\n2\n")
        self.assertEqual(self.reader.new(), [1, 2])
        self.append("3\n")
        self.assertEqual(self.reader.new(), [3])
        self.assertEqual(self.reader.new(), [])

    def test_a_torn_line_that_is_cut_off(self):
        self.append("1\n22")
        self.assertEqual(self.reader.new(), [1])
        os.truncate(self.path, 2)
        self.append("3\n")
        self.assertEqual(self.reader.new(), [3])

    def test_renamed_between_two_looks_and_removed(self):
        self.append("1\n")
        self.assertEqual(self.reader.new(), [1])
        self.append("2\n")
        self.rotate("20260303T081200Z")
        self.append("3\n")
        self.rotate("20260303T081200Z-001")
        self.append("4\n")
        self.assertEqual(self.reader.new(), [2, 3, 4])
        self.assertEqual(os.listdir(self.folder), ["a.ndjson"])

    def test_renamed_and_the_next_not_there_yet(self):
        self.append("1\n")
        self.assertEqual(self.reader.new(), [1])
        self.rotate("20260303T081200Z")
        self.assertEqual(self.reader.new(), [])
        self.append("2\n")
        self.assertEqual(self.reader.new(), [2])

    def test_renamed_before_the_first_look(self):
        self.append("1\n")
        self.rotate("20260303T081200Z")
        self.append("2\n")
        self.assertEqual(self.reader.new(), [1, 2])


if __name__ == "__main__":
    unittest.main()
