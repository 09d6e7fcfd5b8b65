"""The releases of Kafka that the README names: the stream's conformance suite and a short line on each.

The oldest and the newest, and those between with WEIR_TEST_RELEASES=all (./test --all).
"""
import os
import re
import subprocess
import unittest

import checker
import feed as feeds
import jars
import kit
import node

MESSAGES = 200
ALL = os.environ.get("WEIR_TEST_RELEASES") == "all"


def setUpModule():
    """The suites of all releases run beside each other, and beside the lines: they wait more than they work."""
    for release in (Oldest, Newest, *((Between,) if ALL else ())):
        unittest.addModuleCleanup(release.end)
        release.begin()


class Release:
    """What is asked of each; the class has one node of it, set up as the suite wants it."""

    release = kafka = suite = None

    @classmethod
    def begin(cls):
        cls.kafka = node.Kafka(release=cls.release, settings=node.BED)
        cls.kafka.start()
        cls.suite = subprocess.Popen([os.path.join(kit.BUILD, "tests", "conformance", "stream_conformance"), "kafka"],
                                     env={**os.environ, "WEIR_KAFKA": cls.kafka.address}, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    @classmethod
    def end(cls):
        if cls.suite:
            cls.suite.kill()
            cls.suite.communicate()
        if cls.kafka:
            cls.kafka.close()

    def test_the_engine_does_what_every_engine_has_to(self):
        said = self.suite.communicate(timeout=240 * kit.SLOWER)[0]
        counts = re.search(r"^(\d+) passed, (\d+) failed$", said, re.M)
        self.assertEqual((self.suite.returncode, counts and counts[2]), (0, "0"), said[-5000:])
        self.assertGreaterEqual(int(counts[1]), 25, said[-3000:])

    def test_adapter_broker_and_a_file_consumer(self):
        with kit.Site() as site:
            site.use_kafka(self.kafka.address)
            path = site.path("all.ndjson")
            site.config["consumers"] = {"all": kit.file_consumer(path)}
            site.make_topics()
            self.assertIn("12 topics", site.weir("topics").stdout)
            site.start()
            feed = feeds.Feed(site.port, feeds.plan("r", patients=25, length=8, connections=4)).start()
            self.addCleanup(feed.stop)
            self.assertGreaterEqual(feed.count, MESSAGES)
            self.blessed(site, feed, kit.Ndjson(path, keep=checker.brief))

    def blessed(self, site, feed, file):
        """All is acknowledged and delivered, and the independent checker finds nothing."""
        kit.wait_until(feed.done, 60, lambda: f"{feed.acknowledged()} of {feed.count} acknowledged; {self.logs(site)}")
        self.assertEqual((feed.acknowledged(), feed.troubles()), (feed.count, []))
        facts = checker.Facts(feed.ledger.rows)
        kit.wait_until(lambda: not checker.check(facts, file.update()), 60,
                       lambda: f"{checker.check(facts, file.update())}; {self.logs(site)}")

    @staticmethod
    def logs(site):
        return "".join(p.log()[-1500:] for p in site.processes.values())


class Oldest(Release, unittest.TestCase):
    release = jars.OLD


@unittest.skipUnless(ALL, "WEIR_TEST_RELEASES=all (./test --all) asks for it")
class Between(Release, unittest.TestCase):
    release = jars.NEW


class Newest(Release, unittest.TestCase):
    release = jars.NEWEST


if __name__ == "__main__":
    unittest.main()
