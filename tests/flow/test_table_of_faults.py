"""tests/faults --record: what stands in docs/reliability.md after parts of it were run again."""
import importlib.machinery
import importlib.util
import os
import tempfile
import unittest

import kit

loader = importlib.machinery.SourceFileLoader("faults_script", os.path.join(kit.TOP, "tests", "faults"))
script = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(script)

ROUNDS = "`kill -9` at random moments, embedded: 3 rounds, seed 1: 4 kills"
AGAIN = "`kill -9` at random moments, embedded: 2 of 5 rounds, seed 7: 1 kills"
KAFKA = "`kill -9` at random moments, Kafka: 3 rounds on Kafka, seed 1: 4 kills"


class TableTest(unittest.TestCase):
    def setUp(self):
        with tempfile.NamedTemporaryFile("w", suffix=".md", delete=False) as f:
            f.write(f"before\n{script.BEGIN}{script.END}after\n")
        self.addCleanup(os.unlink, f.name)
        self.addCleanup(setattr, script, "DOCUMENT", script.DOCUMENT)
        script.DOCUMENT = f.name

    def text(self):
        with open(script.DOCUMENT, encoding="utf-8") as f:
            return f.read()

    def rows(self):
        return [(r[1], r[3], r[5], r[7]) for r in script.recorded(self.text())]

    def test_the_first_time(self):
        script.record([("19", "absent", "t", "ok", 1.25), ("2, 14", "killed", "t", "FAIL", 2)], "long", "abc1234", True)
        self.assertEqual(self.rows(), [("killed", "FAIL", "long", "abc1234"), ("absent", "ok", "long", "abc1234")])
        self.assertTrue(self.text().startswith("before\n") and self.text().endswith("after\n"))

    def test_a_part_replaces_its_own_rows_only(self):
        script.record([("19", "absent", "t", "ok", 1), ("2", "killed", "t", "FAIL", 2)], "long", "abc1234", True)
        script.record([("2", "killed", "t", "ok", 2)], "short", "def5678", False)
        self.assertEqual(self.rows(), [("killed", "ok", "short", "def5678"), ("absent", "ok", "long", "abc1234")])

    def test_two_tests_of_one_row_that_say_the_same(self):
        script.record([("61", "drains", "one", "ok", 1), ("61", "drains", "two", "FAIL", 1)], "long", "abc1234", True)
        script.record([("61", "drains", "two", "ok", 1)], "long", "def5678", False)
        self.assertEqual(self.rows(), [("drains", "ok", "long", "abc1234"), ("drains", "ok", "long", "def5678")])

    def test_rounds_replace_those_of_their_engine(self):
        script.record([("1-4, 14", ROUNDS, "k", "ok", 1), ("1-4, 14", KAFKA, "k", "ok", 1)], "long", "abc1234", True)
        script.record([("1-4, 14", AGAIN, "k", "FAIL", 1)], "long", "def5678", False)
        self.assertEqual(self.rows(), [(KAFKA, "ok", "long", "abc1234"), (AGAIN, "FAIL", "long", "def5678")])

    def test_all_of_it_leaves_nothing_old(self):
        script.record([("2", "gone by now", "t", "ok", 2)], "long", "abc1234", True)
        script.record([("19", "absent", "t", "ok", 1)], "long", "def5678", True)
        self.assertEqual(self.rows(), [("absent", "ok", "long", "def5678")])


if __name__ == "__main__":
    unittest.main()
