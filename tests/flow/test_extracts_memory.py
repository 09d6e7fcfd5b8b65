"""A file of 200 MB, or 10 GB with ./test --all, costs the memory of its rows' hashes and one row. Measured on a release build: sanitizers keep what was freed."""
import os
import unittest

import test_extracts
from drop_folder import DropFolder
from test_memory import MIB, sanitized  # it also takes the release build
from test_extracts import HEADER, row

MEGABYTES = int(os.environ.get("WEIR_TEST_EXTRACT", "200"))  # ./test --all: 10000; about as much room is needed on the disk


@unittest.skipIf(sanitized(), "needs a plain build in WEIR_RELEASE")
class ExtractMemoryTest(DropFolder, unittest.TestCase):
    patience = 60 + MEGABYTES / 20
    site_of = test_extracts.ExtractTest.site_of

    def test_memory_is_flat(self):
        """Row upon row that is unchanged, then one of 30 MB, which is refused. Bad input row 6."""
        site = self.site_of(remember=10000, message_max="1MiB")
        site.start("acute")
        adapter = site.adapter()
        part = b"".join(row(n, b"n" * 900) for n in range(1, 1001))
        self.drop("a1.csv", HEADER + part)
        self.report("done", "a1.csv")
        adapter.forget_peak()
        before = adapter.rss()
        with open(self.path(".a2.csv"), "wb") as f:
            f.write(HEADER)
            for _ in range(MEGABYTES):
                f.write(part)
            f.write(row(2001, b"x" * 30_000_000))
        os.rename(self.path(".a2.csv"), self.path("a2.csv"))
        report = self.report("bad", "a2.csv")
        self.assertEqual([report[k] for k in ("rows", "unchanged", "refused")], [1000 * MEGABYTES + 1, 1000 * MEGABYTES, 1])
        self.assertLess(adapter.peak() - before, 16 * MIB)
