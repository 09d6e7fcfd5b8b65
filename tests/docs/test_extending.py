"""docs/extending.md, followed word by word in a copy of the tree: a kind of consumer and a stream engine are added, built and tested."""
import os
import re
import subprocess
import tempfile
import unittest

import kit
from test_readme import blocks, copy_of_tree


class Extending(unittest.TestCase):
    def test_the_page_is_followed(self):
        commands = "".join(blocks(os.path.join(kit.TOP, "docs", "extending.md")))
        # The real set-up, but quick: no sanitizers, only what the page runs.
        commands = commands.replace("meson setup build/extend", "CC=gcc meson setup -Db_sanitize=none -Doptimization=0 build/extend")
        commands = commands.replace("ninja -C build/extend", "ninja -C build/extend broker/weir-broker "
                                    "tests/conformance/consumer_conformance tests/conformance/stream_conformance")
        with tempfile.TemporaryDirectory(prefix="weir-extend-") as folder:
            copy_of_tree(folder)
            done = subprocess.run(["bash", "-ec", commands], cwd=folder, capture_output=True, text=True,
                                  timeout=600 * kit.SLOWER, check=False)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr)[-4000:])
        counts = re.findall(r"^(\d+) passed, 0 failed", done.stdout, re.M)
        self.assertEqual(len(counts), 2, done.stdout[-2000:])
        self.assertTrue(all(int(n) > 0 for n in counts), counts)

    def test_the_templates_are_small(self):
        for name in ("broker/consumer_sink.c", "lib/stream/stream_null.c"):
            with open(os.path.join(kit.TOP, name), encoding="utf-8") as f:
                self.assertLess(len(f.readlines()), 100, name)


if __name__ == "__main__":
    unittest.main()
