"""What the fault tests share: a plain build with the fault injector preloaded, and one run of the whole line
under a fault, with the checker's word at its end.

A test's docstring begins with the rows of the fault catalogue that it covers ("Row 8: …"); tests/faults
makes its table of them. WEIR_FAULTS_LONG asks for the long forms.
"""
import itertools
import os
import shutil
import subprocess
import tempfile
import unittest

import checker
import feed as feeds
import kit
import people

LONG = bool(os.environ.get("WEIR_FAULTS_LONG"))
KIT = os.path.join(kit.TOP, "tests", "kit")


def plain_build():
    """Sanitizers wrap the calls that the injector wraps: the programs of the release build are used."""
    kit.BUILD = os.environ.get("WEIR_RELEASE", kit.BUILD)
    done = subprocess.run(["ldd", kit.program("weir-adapter")], capture_output=True, text=True, check=True)
    return "libasan" not in done.stdout


def injector(folder):
    out = os.path.join(folder, "fault_injector.so")
    subprocess.run(["cc", "-std=c11", "-O1", "-Wall", "-shared", "-fPIC", "-D_GNU_SOURCE",
                    os.path.join(KIT, "fault_injector.c"), "-o", out, "-ldl"], check=True)
    return out


class Line(unittest.TestCase):
    """A site with an HTTP and a file consumer; feed(), then settle() asks the checker."""

    kafka = None

    @classmethod
    def setUpClass(cls):
        if not plain_build():
            raise unittest.SkipTest("needs a plain build (WEIR_RELEASE): sanitizers wrap the same calls")
        cls.folder = tempfile.mkdtemp(prefix="weir-faults-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.injector = injector(cls.folder)

    def setUp(self):
        self.http = kit.Consumer(keep=checker.brief)
        self.addCleanup(self.http.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        path = self.site.path("all.ndjson")
        self.site.config["consumers"] = {"http": kit.http_consumer(self.http), "file": kit.file_consumer(path)}
        self.file = kit.Ndjson(path, keep=checker.brief)
        self.feeds, self.facts = 0, checker.Facts()
        self.numbers = itertools.islice(people.every_nhs_number(), 1000, None)  # a test's own patients are below

    def inject(self, process, fault, **more):
        """For the next start of that process; None takes it away."""
        for name in ("LD_PRELOAD", "WEIR_FAULT"):
            process.env.pop(name, None)
        if fault or more:
            process.env.update({"LD_PRELOAD": self.injector, **({"WEIR_FAULT": fault} if fault else {}), **more})

    def feed(self, patients=40, length=8, connections=8, merges=2, **sender):
        self.feeds += 1
        tag = f"f{self.feeds}"
        queues = feeds.plan(tag, patients, length, connections, seed=self.feeds, merges=merges,
                            numbers=list(itertools.islice(self.numbers, patients)))
        return feeds.Feed(self.site.port, queues, tag=f"{tag}-", **sender).start()

    def ended(self, process, within=60):
        return kit.wait_until(lambda: not process.running(), within, f"{process.name} ends by the fault")

    def got(self):
        """What each consumer has, in its order."""
        return [[r["event"] for r in self.http.accepted()]] + ([self.file.update()] if self.file else [])

    def arrived(self, acknowledged):
        return all(acknowledged <= {e["control_id"] for e in events} for events in self.got())

    def settle(self, *fed, within=120):
        """Waits until these feeds are done and delivered, then the checker must find nothing in all so far."""
        for feed in fed:
            kit.wait_until(feed.done, within, lambda f=feed: f"the feed ends: {f.acknowledged()} of {f.count}")
            self.assertEqual(feed.troubles(), [])
            kit.wait_until(lambda f=feed: self.arrived(f.ledger.answered), within, "all is delivered")
            self.facts.add(feed.ledger.rows)
        for events in self.got():
            self.assertEqual(checker.check(self.facts, events), [])
