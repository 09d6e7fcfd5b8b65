"""docs/simulate.md: its commands are run as they stand, only at other ports."""
import os
import re
import subprocess
import tempfile
import unittest

import kit
from test_readme import blocks, copy_of_tree


class SimulatePage(unittest.TestCase):
    def test_a_region_by_hand(self):
        up, rest = blocks(os.path.join(kit.TOP, "docs", "simulate.md"))
        ports = {}

        def port(m):
            return "127.0.0.1:" + ports.setdefault(m[1], str(kit.free_port()))

        with tempfile.TemporaryDirectory(prefix="weir-region-") as folder:
            copy_of_tree(folder)
            path = os.path.join(folder, "config", "demo", "region.yaml")
            with open(path, encoding="utf-8") as f:
                site = f.read().replace("${WEIR_DEMO_PORT:-2575}", "2575")
            with open(path, "w", encoding="utf-8") as f:
                f.write(re.sub(r"127\.0\.0\.1:(\d+)", port, site))
            wait = "for i in $(seq 300); do weir status >/dev/null 2>&1 && break; read -rt 0.1 <> <(:) || true; done\n"
            script = ("set -e\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n"
                      + up + wait + re.sub(r"127\.0\.0\.1:(\d+)", port, rest))
            done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=200 * kit.SLOWER,
                                  env=dict(os.environ, PATH=self.programs(folder) + ":" + os.environ["PATH"],
                                           WEIR_MAPS=os.path.join(folder, "adapters")), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for sector in ("acute", "ambulance", "community", "mental-health"):
            self.assertRegex(done.stderr, rf"weir simulate {sector}: [1-9]\d* messages .* 0 answered wrongly, 0 unanswered")

    @staticmethod
    def programs(folder):
        path = os.path.join(folder, "programs")
        os.mkdir(path)
        for name in ("weir", "weir-adapter", "weir-broker"):
            os.symlink(kit.program(name), os.path.join(path, name))
        return path


if __name__ == "__main__":
    unittest.main()
