"""docs/conformance.md is what the tests say of themselves."""
import os
import subprocess
import sys
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "conformance_page.py")


class Conformance(unittest.TestCase):
    def test_the_page_is_current_and_every_row_has_a_test(self):
        done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
