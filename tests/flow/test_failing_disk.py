"""The broker's file cannot grow for a while: nothing is lost, and it goes on by itself."""
import resource
import signal
import sqlite3
import threading
import unittest

import feed as feeds
import kit
from consumer import OK, Answer, Consumer


class FailingDiskTest(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.path = self.site.path("all.ndjson")
        self.site.config["consumers"]["file"] = kit.file_consumer(self.path)
        self.file = kit.Ndjson(self.path, keep=lambda e: e["data"]["origin"]["control_id"])

    def limit(self, size):
        resource.prlimit(self.site.broker().popen.pid, resource.RLIMIT_FSIZE,
                         (size, resource.RLIM_INFINITY))

    def send(self, patients, length):
        queues = feeds.plan("a", patients, length, 4, seed=3, merges=0)
        feed = feeds.Feed(self.site.port, queues, repeat=0).start()
        kit.wait_until(feed.done, 60, "all is acknowledged")
        return feed

    def start_broker(self, size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # inherited: a write fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            self.site.start("broker")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)

    def failures(self, what):
        return self.site.broker().log().count(what)

    def test_units_that_fail_are_tried_again_under_load(self):
        self.site.start("acute")
        feed = self.send(300, 10)
        self.start_broker(400_000)
        kit.wait_until(lambda: self.failures("journey.unit") >= 2, 30,
                       "a unit fails again and again")
        self.limit(resource.RLIM_INFINITY)
        kit.wait_until(lambda: feed.control_ids <= set(self.file.update()), 60,
                       lambda: f"{len(set(self.file.update()))} of {feed.count} are delivered")
        self.assertEqual(len(self.file.update()), feed.count, "each once")

    def test_positions_that_fail_are_committed_later(self):
        gate = threading.Event()
        http = Consumer(answer=lambda event, _: OK if gate.is_set() else Answer(503))
        self.addCleanup(http.close)
        self.site.config["consumers"] = {"http": kit.http_consumer(
            http, backoff_min="50ms", backoff_max="100ms")}
        self.site.start("acute")
        self.start_broker(resource.RLIM_INFINITY)
        feed = self.send(3, 3)
        kit.wait_until(lambda: len(http.records) >= 3, 30, "delivery is tried")
        self.limit(4096)
        gate.set()
        kit.wait_until(lambda: self.failures("delivery.commit") >= 1, 30, "a position fails")
        kit.wait_until(lambda: feed.control_ids <= {r["control_id"] for r in http.accepted()}, 30,
                       "all is delivered")
        kit.wait_until(lambda: self.failures("delivery.commit") >= 3, 30, "it is tried again")
        self.limit(resource.RLIM_INFINITY)
        kit.wait_until(lambda: self.position("deliver.http") == feed.count, 30,
                       lambda: f"the position is {self.position('deliver.http')}")

    def position(self, group):
        db = sqlite3.connect(f"file:{self.site.data}/broker.db?mode=ro", uri=True)
        try:
            row = db.execute("SELECT next FROM position WHERE grp = ? AND part = 'broker'",
                             (group,)).fetchone()
            return row and row[0]
        finally:
            db.close()


if __name__ == "__main__":
    unittest.main()
