"""A bad edit of weir.yaml while everything runs: who looks is not blind, and what runs goes on."""
import datetime
import json
import os
import unittest

import kit
import mllp
import people
from consumer import Answer, Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)


def admit(control_id, n=1):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", control_id, WHEN, person, visit=f"V{n}", admitted=WHEN)


class Case(unittest.TestCase):
    def setUp(self):
        self.http = Consumer()
        self.addCleanup(self.http.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.config["consumers"]["http"] = kit.http_consumer(self.http)
        self.site.start()

    def send(self, *control_ids):
        with mllp.Client("127.0.0.1", self.site.port) as client:
            for n, control_id in enumerate(control_ids, 1):
                self.assertEqual(client.ask(admit(control_id, n))[0], "AA")

    def edit(self, old, new):
        with open(self.site.config_path, encoding="utf-8") as f:
            text = f.read()
        self.assertIn(old, text)
        self.site.write("weir.yaml", text.replace(old, new))


class BrokenFile(Case):
    def looks(self, *argv, code=0, lines=1):
        """What it prints; that the file is broken is said, once, with the place."""
        done = self.site.weir(*argv, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), lines, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^weir .*weir\.yaml:2:1: .*log_levl.*taken last.*run/(acute|broker)\.yaml")
        return done.stdout

    def test_who_looks_is_not_blind(self):
        self.http.answer = lambda event, _: Answer(422)
        self.send("one")
        kit.wait_until(lambda: kit.parked(self.site, "http"), 15, "it is parked")
        self.edit("log_level:", "log_levl:")
        rows = {r["process"]: r for r in map(json.loads, self.looks("status", "--json").splitlines())}
        self.assertEqual({name: (r["up"], r["status"]["generation"]) for name, r in rows.items()},
                         {"acute": (True, 1), "broker": (True, 1)})
        self.assertIn("matched  1", self.looks("routes"))
        self.assertIn("parked", self.looks("parked", "list", "--consumer", "http"))
        self.assertIn("nothing was rejected", self.looks("rejected", "list"))
        self.assertIn("patient.admitted", self.looks("tail", "-n", "1", "--no-follow"))
        for kind, name in (("consumer", "http"), ("source", "test-pas")):
            self.assertIn("paused", self.looks("pause", kind, name))
            self.assertIn("resumed", self.looks("resume", kind, name))
        refused = self.looks("reload", code=1, lines=2)  # the broker was not asked
        self.assertIn("the old configuration stays (generation 1)", refused)
        self.assertIn("weir.yaml:2:1:", refused)

    def test_a_file_that_is_no_yaml_or_gone(self):
        self.edit("log_level:", "log_level: [")
        self.assertIn("generation", self.site.weir("status").stdout)
        os.unlink(self.site.config_path)
        done = self.site.weir("status", "--data", self.site.data)
        self.assertEqual(done.stderr, "")
        self.assertIn("generation", done.stdout)
        done = self.site.weir("status", "--data", self.site.dir, check=False)
        self.assertEqual(done.returncode, 65)
        self.assertIn("no process has left its configuration there", done.stderr)

    def test_it_goes_by_what_was_taken(self):
        self.site.config["routes"]["later"] = {}
        self.site.write_config()
        self.site.weir("reload")
        self.edit("log_level:", "log_levl:")
        self.assertIn("later", self.looks("routes"))
        self.assertEqual(os.stat(os.path.join(self.site.data, "run", "broker.yaml")).st_mode & 0o777, 0o600)

    def test_nothing_has_run(self):
        self.edit(f"data: {self.site.data}", f"data: \"{self.site.path('other')}\"  # moved")
        self.edit("log_level:", "log_levl:")
        done = self.site.weir("status", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"weir\.yaml:2:1: ")


class OtherData(Case):
    def test_a_change_of_data_takes_a_restart(self):
        self.edit(f"data: {self.site.data}", f"data: {self.site.path('other')}")
        done = self.site.weir("reload", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"acute: refused: .*weir\.yaml:1:7: data: no process answers in \S*/other.*takes a restart")
        self.assertIn("broker was not asked", done.stderr)
        done = self.site.weir("reload", "--data", self.site.data, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"weir\.yaml:1:7: data: a change of it takes a restart")

    def test_one_that_is_away_is_not_taken_for_it(self):
        self.site.adapter().kill()
        done = self.site.weir("reload", check=False)
        self.assertNotIn("data:", done.stdout)


if __name__ == "__main__":
    unittest.main()
