"""The broker's file cannot grow for a while: nothing is lost, and it goes on by itself."""
import os
import resource
import signal
import unittest

import feed as feeds
import kit


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

    def test_units_that_fail_are_tried_again_under_load(self):
        self.site.start("acute")
        queues = feeds.plan("a", 300, 10, 4, seed=3, merges=0)
        feed = feeds.Feed(self.site.port, queues, repeat=0).start()
        kit.wait_until(feed.done, 60, "all is acknowledged")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # inherited: a write fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
        try:
            self.site.start("broker")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        kit.wait_until(lambda: self.site.broker().log().count("journey.unit") >= 3, 30,
                       "a unit fails again and again")
        self.limit(resource.RLIM_INFINITY)
        kit.wait_until(lambda: feed.control_ids <= set(self.file.update()), 60,
                       lambda: f"{len(set(self.file.update()))} of {feed.count} are delivered")
        self.assertEqual(len(self.file.update()), feed.count, "each once")
        self.assertTrue(os.path.getsize(self.path))


if __name__ == "__main__":
    unittest.main()
