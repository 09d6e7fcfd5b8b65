"""docs/tls.md: files made by its commands are of use to its configuration, and its sender gets in."""
import os
import re
import subprocess
import unittest

import kit
import yaml
from test_adapter import admit
from test_readme import blocks

PAGE = os.path.join(kit.TOP, "docs", "tls.md")


class Page(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        with open(PAGE, encoding="utf-8") as f:
            shown = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", f.read(), re.M | re.S).group(1))
        self.tls = shown["sources"]["rzz-pas"]["mllp"]["tls"]
        del self.tls["peers"]["pas-standby"]

    def test_the_page_is_followed(self):
        folder = self.site.path("tls")
        os.mkdir(folder)
        with open(os.path.join(folder, "one.hl7"), "wb") as f:
            f.write(admit("by the page").replace(b"|TESTPAS|", b"|PAS|"))
        *make, send = blocks(PAGE)[0].strip().splitlines()
        self.assertTrue(send.startswith("weir send "), send)
        subprocess.run(["bash", "-ec", "\n".join(make)], cwd=folder, check=True, capture_output=True, timeout=60 * kit.SLOWER)
        for name in ("cert_file", "key_file", "ca_file"):
            self.assertTrue(os.path.exists(self.site.path(self.tls[name])), self.tls[name])
        self.site.config["sources"]["test-pas"]["mllp"]["tls"] = self.tls
        self.site.start("acute")
        here = f"--server-name weir.rzz.nhs.uk 127.0.0.1:{self.site.port}"
        send = send.replace("weir.rzz.nhs.uk:2575", here).replace("weir send", f"'{kit.program('weir')}' send")
        self.assertIn(here, send)
        done = subprocess.run(["bash", "-ec", send], cwd=folder, capture_output=True, text=True, check=False, timeout=60 * kit.SLOWER)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("by the page AA\n", "", 0))
        self.assertIn("fine", self.site.weir("check").stdout)


if __name__ == "__main__":
    unittest.main()
