"""`weir tail | less` left standing under load: the writer does not stall, the WAL does not grow."""
import os
import subprocess
import time
import unittest

import feed as feeds
import kit

STANDING = float(os.environ.get("WEIR_TEST_STANDING", "15"))  # ./test --all: 60
WAL_MAX = 64 * 1024 * 1024
STALL_MAX = 3.0


class StandingTailTest(unittest.TestCase):
    def wal(self, site):
        sizes = [os.path.getsize(os.path.join(site.data, n)) for n in os.listdir(site.data)
                 if n.endswith("-wal")]
        return max(sizes, default=0)

    def test_reader_that_does_not_read(self):
        site = kit.Site()
        self.addCleanup(site.close)
        site.config["consumers"]["file"] = kit.file_consumer(site.path("all.ndjson"))
        site.start()
        # a pipe that nobody empties, as less does when its screen is full
        tail = subprocess.Popen([kit.program("weir"), "tail", "--config", site.config_path],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(tail.stdout.close)
        self.addCleanup(tail.wait)
        self.addCleanup(tail.kill)
        start, rounds, worst_wal, worst_wait = time.monotonic(), 0, 0, 0.0
        while time.monotonic() - start < STANDING:
            rounds += 1
            feed = feeds.Feed(site.port, feeds.plan(f"t{rounds}", 100, 8, 4, seed=rounds,
                                                    first=100 * rounds), repeat=0).start()
            last, moved = 0, time.monotonic()
            while not feed.done():
                now = feed.acknowledged()
                if now != last:
                    last, moved = now, time.monotonic()
                worst_wait = max(worst_wait, time.monotonic() - moved)
                worst_wal = max(worst_wal, self.wal(site))
                time.sleep(0.02)
            self.assertEqual(feed.acknowledged(), feed.count)
        self.assertIsNone(tail.poll(), "tail stands")
        self.assertLess(worst_wal, WAL_MAX)
        self.assertLess(worst_wait, STALL_MAX * kit.SLOWER)
        kit.wait_until(lambda: sum(1 for _ in open(site.path("all.ndjson"), "rb")) >= rounds * 800,
                       30, "the consumer has everything")
        # and it goes on where it stood once somebody reads
        self.assertTrue(tail.stdout.readline())


if __name__ == "__main__":
    unittest.main()
