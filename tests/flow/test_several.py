"""Several processes of one kind: adapters behind one port, each with a name of its own."""
import datetime
import json
import os
import unittest

import checker
import feed as feeds
import kit
import mllp
import people
from consumer import Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)


def admit(n):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", f"s{n}", WHEN, person, visit=f"V{n}", admitted=WHEN)


class SeveralAdapters(unittest.TestCase):
    def setUp(self):
        self.consumer = Consumer()
        self.addCleanup(self.consumer.close)
        self.site = kit.Site(consumers={"one": kit.http_consumer(self.consumer)})
        self.addCleanup(self.site.close)
        self.site.config["sources"]["test-pas"]["mllp"]["shared_port"] = True
        self.site.config["listen"]["acute-2"] = "127.0.0.1:0"

    def start(self):
        self.site.start()
        self.second = self.site.another("acute", "acute-2").start()
        kit.wait_until(self.second.healthy, 20, "the second adapter is healthy")

    def status(self, process):
        rows = map(json.loads, self.site.weir("status", "--json", check=False).stdout.splitlines())
        return next(row["status"] for row in rows if row["process"] == process)

    def test_they_share_a_port_and_nothing_is_lost_when_one_is_killed(self):
        self.start()
        feed = feeds.Feed(self.site.port, feeds.plan("s", 30, 6, 16, seed=3), repeat=0).start()
        kit.wait_until(lambda: self.second.metric("weir_messages_received_total") or feed.done(), 30,
                       "the second one is sent messages")
        self.second.kill()
        kit.wait_until(feed.done, 60, "all is acknowledged")

        def problems():
            return checker.check(feed.ledger.rows,
                                 [checker.brief(r["event"]) for r in self.consumer.accepted()])
        kit.wait_until(lambda: not problems(), 30, problems)

    def test_a_pause_holds_all_of_them(self):
        self.start()
        for process in ("acute", "acute-2"):
            self.assertEqual(self.status(process)["sources"][0]["source"], "test-pas")
        self.site.weir("pause", "source", "test-pas", "--reason", "x")
        for process in ("acute", "acute-2"):
            kit.wait_until(lambda: self.status(process)["paused"], 10, f"{process} holds it too")
        self.site.weir("resume", "source", "test-pas")
        for process in ("acute", "acute-2"):
            kit.wait_until(lambda: not self.status(process)["paused"], 10, f"{process} goes on")
        with mllp.Client("127.0.0.1", self.site.port) as line:
            self.assertEqual(line.ask(admit(1))[0], "AA")


class Names(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.write_config()

    def run_named(self, role, name):
        process = self.site.another(role, name).start()
        return process.popen.wait(20 * kit.SLOWER), process.log()

    def test_of_an_embedded_stream_there_is_one_broker(self):
        code, log = self.run_named("broker", "broker-2")
        self.assertEqual(code, 78)
        self.assertIn("of an embedded stream there is one broker", log)

    def test_a_name_says_what_the_process_is(self):
        for name in ("second", "broker", "acute-", "acute2"):
            code, log = self.run_named("acute", name)
            self.assertEqual(code, 64, name)
            self.assertIn("--name: begins with", log)

    def test_a_second_run_has_names_and_a_lock_of_its_own(self):
        help_text = self.site.weir("run", "--help").stdout
        self.assertIn("--instance NAME", help_text)
        wrong = self.site.weir("run", "--instance", "a-b", check=False)
        self.assertEqual(wrong.returncode, 64)
        self.site.config["listen"] = {"acute-b": "127.0.0.1:0"}
        self.site.write_config()
        self.site.weir("check")
        self.site.config["listen"] = {"acut-b": "127.0.0.1:0"}
        self.site.write_config()
        self.assertIn("there is no process", self.site.weir("check", check=False).stderr)
        self.assertFalse(os.path.exists(os.path.join(self.site.data, "run", "run-a-b.lock")))


if __name__ == "__main__":
    unittest.main()
