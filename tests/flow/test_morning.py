"""The shipped sample feed and config: they run as they are, and give what morning.tsv says."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import kit
import morning

SAMPLE = os.path.join(kit.TOP, "config", "demo", "morning.hl7")


class MorningTest(unittest.TestCase):
    def setUp(self):
        keys = tempfile.TemporaryDirectory(prefix="weir-keys-")
        self.addCleanup(keys.cleanup)
        for name in ("pseudonym", "audit"):
            with open(os.path.join(keys.name, f"{name}.key"), "w", encoding="ascii") as f:
                f.write("ab" * 32 + "\n")
            os.chmod(f.name, 0o600)
        self.env = dict(os.environ, WEIR_KEYS=keys.name, WEIR_DATA=os.path.join(keys.name, "data"))
        self.config = os.path.join(kit.TOP, "config", "weir.yaml")

    def weir(self, *argv):
        return subprocess.run([kit.program("weir"), *argv], env=self.env, capture_output=True,
                              text=True, timeout=60, check=False)

    def test_shipped_config_is_right(self):
        done = self.weir("check", "--config", self.config)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_typo_is_named_with_its_place(self):
        with open(self.config, encoding="utf-8") as f:
            text = f.read()
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as f:
            f.write(text.replace("log_level:", "log_levl:", 1))
        self.addCleanup(os.unlink, f.name)
        done = self.weir("check", "--config", f.name)
        line = 1 + text[:text.index("log_level:")].count("\n")
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{f.name}:{line}:1", done.stderr + done.stdout)
        self.assertIn("log_level", done.stderr + done.stdout)

    def test_sample_gives_the_events_that_it_says(self):
        done = self.weir("translate", "--config", self.config, "--source", "demo-pas", SAMPLE)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            got.setdefault(event["data"]["origin"]["control_id"], []).append(event["type"])
        want = {m.control_id: sorted(m.types) for m in morning.one_pass(0)}
        self.assertEqual({k: sorted(v) for k, v in got.items()}, want)
        self.assertNotIn("test_patient", done.stdout)
        self.assertNotIn("tz_assumed", done.stdout)

    def test_sample_events_are_valid(self):
        """By a validator of another author."""
        done = self.weir("translate", "--config", self.config, "--source", "demo-pas", SAMPLE)
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", delete=False) as f:
            f.write(done.stdout)
        self.addCleanup(os.unlink, f.name)
        checked = subprocess.run([sys.executable, os.path.join(kit.TOP, "tests/schemas/check_schemas.py"),
                                  os.path.join(kit.TOP, "schemas"), f.name],
                                 capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout[-3000:])

    def test_translating_is_the_same_each_time(self):
        runs = {self.weir("translate", "--config", self.config, "--source", "demo-pas", SAMPLE).stdout
                for _ in range(2)}
        self.assertEqual(len(runs), 1)

    def test_passes_are_of_different_people(self):
        one, two = morning.one_pass(0), morning.one_pass(1)
        self.assertFalse({m.control_id for m in one} & {m.control_id for m in two})
        self.assertFalse({m.patient for m in one} & {m.patient for m in two})


if __name__ == "__main__":
    unittest.main()
