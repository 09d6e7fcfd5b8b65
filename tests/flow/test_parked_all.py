"""All that is parked for one consumer, released or discarded at once."""
import datetime
import unittest

import kit
import mllp
import people
from consumer import Answer, Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)
PATIENTS, EACH = 4, 3


def admit(control_id, n):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", control_id, WHEN, person, visit=f"V{n}", admitted=WHEN)


class AllOfAConsumer(unittest.TestCase):
    def setUp(self):
        self.http, self.other = Consumer(), Consumer()
        self.addCleanup(self.http.close)
        self.addCleanup(self.other.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        for name, consumer in (("http", self.http), ("other", self.other)):
            consumer.answer = lambda event, _: Answer(422)
            self.site.config["consumers"][name] = kit.http_consumer(consumer)
        self.site.start()
        with mllp.Client("127.0.0.1", self.site.port) as client:
            for i in range(EACH):
                for n in range(1, PATIENTS + 1):
                    self.assertEqual(client.ask(admit(f"{n}.{i}", n))[0], "AA")
        for name in ("http", "other"):
            kit.wait_until(lambda c=name: len(kit.parked(self.site, c)) == PATIENTS * EACH, 15, "all are parked")
        self.http.answer = lambda event, _: Answer(200)

    def ask(self, what, *more):
        return self.site.weir("parked", what, "--consumer", "http", *more).stdout

    def audited(self, action):
        lines = self.site.weir("tail", "--topic", "flow.audit", "-n", "100", "--no-follow").stdout.splitlines()
        return [line for line in lines if f'"{action}"' in line]

    def test_release_keeps_the_order(self):
        said = kit.wait_until(lambda: (lambda text: text if "release: 0" not in text else "")(
            self.ask("release", "--reason", "ticket 4711")), 15, "they are released")
        self.assertIn("at http", said)
        # What was just being written when it was asked is asked for again.
        kit.wait_until(lambda: not kit.parked(self.site, "http") or not self.ask("release"), 20, "none is parked")
        came = [r["control_id"] for r in self.http.accepted()]
        for n in range(1, PATIENTS + 1):
            self.assertEqual([c for c in came if c.startswith(f"{n}.")], [f"{n}.{i}" for i in range(EACH)])
        self.assertEqual(len(kit.parked(self.site, "other")), PATIENTS * EACH)
        first = self.audited("parked.release")[0]
        for part in ('"consumer":"http"', '"event":"all"', '"reason":"ticket 4711"', '"count":"'):
            self.assertIn(part, first)

    def test_discard_sends_none_of_them(self):
        for argv, words in (((), "takes --reason"), (("--reason", ""), "takes --reason")):
            done = self.site.weir("parked", "discard", "--consumer", "http", *argv, check=False)
            self.assertEqual(done.returncode, 64)
            self.assertIn(words, done.stderr)
        done = self.site.weir("parked", "discard", "--reason", "x", check=False)
        self.assertEqual(done.returncode, 64)
        self.site.broker().stop()  # so that none is just being written
        self.site.start("broker")
        self.assertIn(f"discard: {PATIENTS * EACH} at http", self.ask("discard", "--reason", "a test feed"))
        kit.wait_until(lambda: not kit.parked(self.site, "http"), 15, "none is parked")
        with mllp.Client("127.0.0.1", self.site.port) as client:
            self.assertEqual(client.ask(admit("1.later", 1))[0], "AA")
        kit.wait_until(self.http.accepted, 15, "what comes later is delivered")
        self.assertEqual([r["control_id"] for r in self.http.accepted()], ["1.later"])
        record, = self.audited("parked.discard")
        self.assertIn(f'"count":"{PATIENTS * EACH}"', record)
        self.assertIn("discard: 0 at http", self.ask("discard", "--reason", "again"))
        self.assertEqual(len(self.audited("parked.discard")), 1)

    def test_who_is_not_there(self):
        done = self.site.weir("parked", "release", "--consumer", "nobody", check=False)
        self.assertEqual(done.returncode, 65)
        self.assertIn("there is no consumer 'nobody'", done.stderr)


if __name__ == "__main__":
    unittest.main()
