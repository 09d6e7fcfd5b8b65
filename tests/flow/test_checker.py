"""The checker finds what it is there to find: each mutation of a good run must be reported."""
import copy
import random
import unittest

import checker
import feed as feeds


def good_run(seed=3):
    """A ledger and the deliveries that a faultless line would make of it."""
    queues = feeds.plan("t", patients=60, length=8, connections=3, seed=seed)
    feed = feeds.Feed(1, queues)
    ledger, delivered = feed.ledger, []
    todo = [list(q) for q in queues]
    rng = random.Random(seed)
    while any(todo):
        queue = rng.choice([q for q in todo if q])
        m = queue.pop(0)
        ledger.add(row="sent", control_id=m.control_id, connection="c0")
        ledger.add(row="answer", control_id=m.control_id, code="AA", connection="c0",
                   expected=m.control_id)
        made = next(r for r in ledger.rows if r["control_id"] == m.control_id)
        for t in m.types:
            for _ in range(2 if m.also else 1):
                delivered.append({"id": f"{m.control_id}/{t}", "type": t, "subject": f"s{m.patient}",
                                  "control_id": m.control_id, "sha256": made["sha256"],
                                  "derived": False})
    return ledger.rows, delivered


class CheckerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows, cls.delivered = good_run()

    def setUp(self):
        self.events = copy.deepcopy(self.delivered)

    def ids(self):
        return [e["id"] for e in self.delivered]

    def assert_found(self, kind, parked=(), analytics=None, rows=None):
        problems = checker.check(rows or self.rows, self.events, parked, analytics)
        self.assertTrue(any(p.startswith(kind) for p in problems), f"{kind} not in {problems}")

    def merge(self):
        """(survivor, its number, retired, its number, control id) of some merge."""
        row = next(r for r in self.rows if r["row"] == "made" and r["also"])
        return row["patient"], row["n"], row["also"][0], row["also"][1], row["control_id"]

    def control_id_of(self, patient, n):
        return next(r["control_id"] for r in self.rows if r["row"] == "made" and not r["also"]
                    and r["patient"] == patient and r["n"] == n)

    def take(self, control_id):
        at = next(i for i, e in enumerate(self.events) if e["control_id"] == control_id)
        return self.events.pop(at)

    def with_refusal(self, code, refuse):
        """Rows of one more message: how it was answered, and whether it was meant to be refused."""
        made = {"row": "made", "control_id": "X1", "patient": "x", "n": 1, "also": None, "sha256": "0",
                "types": [] if refuse else ["patient.admitted"], "refuse": refuse}
        return [*self.rows, made, {"row": "sent", "control_id": "X1", "connection": "c0"},
                {"row": "answer", "control_id": "X1", "expected": "X1", "code": code, "connection": "c0"}]

    def test_a_refusal_that_was_meant_is_blessed(self):
        self.assertEqual(checker.check(self.with_refusal("AE", True), self.events), [])

    def test_a_refusal_that_was_not_meant_is_found(self):
        self.assert_found("answer: X1 was refused", rows=self.with_refusal("AE", False))

    def test_what_should_be_refused_and_was_not_is_found(self):
        self.assert_found("answer: X1 was acknowledged", rows=self.with_refusal("AA", True))

    def test_good_run_is_blessed(self):
        self.assertEqual(checker.check(self.rows, self.events, (), self.ids()), [])

    def test_repeats_are_allowed(self):
        self.events += self.delivered[10:200]
        self.assertEqual(checker.check(self.rows, self.events, (), self.ids()), [])

    def test_parked_counts_as_kept(self):
        last = self.events.pop()
        self.assert_found("lost")
        self.assertEqual(checker.check(self.rows, self.events, [last], self.ids()), [])

    def test_lost(self):
        plain = next(r["control_id"] for r in self.rows if r["row"] == "made" and not r["also"])
        self.take(plain)
        self.assert_found("lost")

    def test_unacknowledged_may_be_missing(self):
        gone = self.events.pop()
        self.events = [e for e in self.events if e["control_id"] != gone["control_id"]]
        rows = [r for r in self.rows
                if not (r["row"] == "answer" and r["control_id"] == gone["control_id"])]
        self.assertEqual(checker.check(rows, self.events), [])

    def test_foreign_message(self):
        self.events.append(dict(self.events[0], id="other", control_id="t.999.1"))
        self.assert_found("foreign")

    def test_never_sent(self):
        gone = self.events[-1]["control_id"]
        rows = [r for r in self.rows if not (r["row"] == "sent" and r["control_id"] == gone)]
        self.assert_found("foreign", rows=rows)

    def test_foreign_type(self):
        self.events[5]["type"] = "patient.died"
        self.assert_found("foreign")

    def test_foreign_bytes(self):
        self.events[5]["sha256"] = "0" * 64
        self.assert_found("foreign")

    def test_reordered(self):
        made = {r["control_id"]: r for r in self.rows if r["row"] == "made"}
        for i, e in enumerate(self.events):
            later = [j for j in range(i + 1, len(self.events))
                     if made[self.events[j]["control_id"]]["patient"] == made[e["control_id"]]["patient"]
                     and self.events[j]["control_id"] != e["control_id"]]
            if later:
                self.events[i], self.events[later[0]] = self.events[later[0]], e
                break
        self.assert_found("order")

    def test_renamed(self):
        self.events.append(dict(self.events[7], id="renamed"))
        self.assert_found("renamed")

    def test_one_id_for_two(self):
        self.events[9]["id"] = self.events[3]["id"]
        self.assert_found("renamed")

    def test_retired_event_after_the_merge(self):
        _, _, retired, m, _ = self.merge()
        self.events.append(self.take(self.control_id_of(retired, m - 1)))
        self.assert_found("order")

    def test_survivor_event_before_the_last_copy(self):
        survivor, n, _, _, control_id = self.merge()
        late = self.take(self.control_id_of(survivor, n + 1))
        first = next(i for i, e in enumerate(self.events) if e["control_id"] == control_id)
        self.events.insert(first + 1, late)
        self.assert_found("order")

    def test_earlier_survivor_event_after_the_merge(self):
        survivor, n, _, _, _ = self.merge()
        self.events.append(self.take(self.control_id_of(survivor, n - 1)))
        self.assert_found("order")

    def test_merge_delivered_again_before_the_survivor_is_there(self):
        """A restart repeats the retired lane's copy: three copies, and only the last one counts."""
        survivor, n, _, _, control_id = self.merge()
        before = self.control_id_of(survivor, n - 1)
        copies = [i for i, e in enumerate(self.events) if e["control_id"] == control_id]
        copy_ = dict(self.events[copies[0]])
        self.events.insert(copies[0], copy_)
        moved = self.take(before)
        last = max(i for i, e in enumerate(self.events) if e["control_id"] == control_id)
        self.events.insert(last, moved)
        self.assertEqual(checker.check(self.rows, self.events), [])

    def test_mixed_patients(self):
        merged = {p for r in self.rows if r["row"] == "made" and r["also"]
                  for p in (r["patient"], r["also"][0])}
        subjects = sorted({e["subject"] for e in self.events if e["subject"][1:] not in merged})
        for e in self.events:
            if e["subject"] == subjects[0]:
                e["subject"] = subjects[1]
        self.assert_found("mixed")

    def test_wrong_answer(self):
        rows = [*self.rows, {"row": "answer", "control_id": "t.1.1", "code": "AA",
                             "connection": "c1", "expected": "t.2.1"}]
        self.assert_found("answer", rows=rows)

    def test_analytics_short_and_foreign(self):
        self.assert_found("analytics", analytics=self.ids()[1:])
        self.assert_found("analytics", analytics=[*self.ids(), "other"])

    def test_derived_events_are_not_foreign(self):
        self.events.append(dict(self.events[5], id="derived", type="wait.breached", derived=True))
        self.assertEqual(checker.check(self.rows, self.events), [])


if __name__ == "__main__":
    unittest.main()
