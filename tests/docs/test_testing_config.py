"""The example of docs/testing-config.md is run as it stands there, and fails in the words that stand there."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import kit

PAGE = os.path.join(kit.TOP, "docs", "testing-config.md")


def block(kind):
    with open(PAGE, encoding="utf-8") as f:
        found = re.findall(rf"^```{kind}\n(.*?)^```$", f.read(), re.M | re.S)
    assert len(found) == 1, kind
    return found[0]


class Page(unittest.TestCase):
    def run_example(self, text):
        folder = tempfile.mkdtemp(prefix="weir-page-")
        self.addCleanup(shutil.rmtree, folder)
        os.makedirs(os.path.join(folder, "config", "tests"))
        shutil.copy(os.path.join(kit.TOP, "config", "weir.yaml"), os.path.join(folder, "config"))
        with open(os.path.join(folder, "config", "tests", "example.test.yaml"), "w", encoding="utf-8") as f:
            f.write(text)
        env = dict(os.environ, WEIR_MAPS=os.path.join(kit.TOP, "adapters"))
        return subprocess.run([kit.program("weir"), "test", "config/tests/example.test.yaml"], cwd=folder, env=env,
                              capture_output=True, text=True, check=False)

    def test_the_example_passes(self):
        done = self.run_example(block("yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("2 passed, 0 failed", done.stdout)

    def test_a_difference_is_told_as_shown(self):
        done = self.run_example(block("yaml").replace("          data.location.ward: AMU", "          data.location.ward: SDEC"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(re.sub(r" \([0-9.]+ ms\)", "", done.stdout), block("text"))


if __name__ == "__main__":
    unittest.main()
