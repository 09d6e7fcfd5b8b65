"""The commands of the README, run as they stand there, one after the other in one shell."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import kit

HEADING = "## A first real feed in ten minutes"


def commands():
    """The shell blocks under the heading."""
    with open(os.path.join(kit.TOP, "README.md"), encoding="utf-8") as f:
        text = f.read()
    part = text[text.index(HEADING):]
    part = part[:part.index("\n## ", 1)]
    return re.findall(r"(?ms)^```sh\n(.*?)^```", part)


class ReadmeTest(unittest.TestCase):
    def test_first_feed(self):
        release = os.environ.get("WEIR_RELEASE", os.path.join(kit.TOP, "build", "run"))
        if not os.path.exists(os.path.join(release, "bin", "weir")):
            self.skipTest("needs the release build: ./run --build-only")
        folder = tempfile.mkdtemp(prefix="weir-readme-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        for name in ("run", "config", "adapters", "docs"):
            os.symlink(os.path.join(kit.TOP, name), os.path.join(folder, name))
        os.mkdir(os.path.join(folder, "build"))
        os.symlink(release, os.path.join(folder, "build", "run"))
        blocks = commands()
        self.assertGreaterEqual(len(blocks), 3)
        script = ["set -euo pipefail"]
        for block in blocks:
            for line in block.splitlines():
                if line.startswith("weir send"):  # the line above started it in the background
                    script.append("for i in $(seq 300); do weir status >/dev/null 2>&1 && break; "
                                  "sleep 0.1; done")
                if line.startswith("weir tail"):  # delivered a moment after its ACK
                    script.append("for i in $(seq 100); do [ -n \"$(weir tail -n 1 --no-follow)\" ] && "
                                  "break; sleep 0.1; done")
                if line.strip():
                    script.append(f"echo '+ {line.split('#')[0].strip()}'".replace("\"", ""))
                script.append(line)
        script.append("kill %1; wait %1 || true")
        shell = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=folder, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            out, _ = shell.communicate(timeout=180 * kit.SLOWER)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGTERM)
            out, _ = shell.communicate(timeout=20)
            self.fail(f"the README's commands do not end:\n{out}")
        finally:
            try:
                os.killpg(shell.pid, signal.SIGTERM)  # what a failed line left running
            except ProcessLookupError:
                pass
        self.assertEqual(shell.returncode, 0, out)
        self.assertIn("AA", out)
        self.assertRegex(out, r"patient\.admitted")


if __name__ == "__main__":
    unittest.main()
