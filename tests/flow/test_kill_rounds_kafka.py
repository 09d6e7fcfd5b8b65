"""Some rounds of kill -9 with the stream on a real Kafka: as kill_rounds.py --kafka --rounds 6."""
import os
import re
import subprocess
import sys
import unittest

import jars
import kit


class KafkaRoundsTest(unittest.TestCase):
    def test_six_rounds(self):
        """Nothing that was acknowledged is lost, doubled or out of order, whoever is killed and when."""
        jars.class_path(jars.NEW)  # skips where there is no Kafka
        done = subprocess.run(
            [sys.executable, "-B", os.path.join(kit.TOP, "tests", "flow", "kill_rounds.py"), "--kafka", "--rounds", "6"],
            capture_output=True, text=True, timeout=500, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-3000:])
        summed = re.match(r"6 rounds on Kafka, seed \d+: (\d+) kills .* (\d+) messages acknowledged, .* 0 problems;",
                          done.stdout.splitlines()[-1])
        self.assertTrue(summed, done.stdout[-1000:])
        self.assertGreaterEqual(int(summed[1]), 6)
        self.assertGreaterEqual(int(summed[2]), 6 * 300)


if __name__ == "__main__":
    unittest.main()
