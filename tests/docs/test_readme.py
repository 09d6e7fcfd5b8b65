"""Every command of the README is run, in the order in which it stands, in a copy of the tree."""
import os
import re
import subprocess
import tempfile
import unittest

import kit

COVERED_ELSEWHERE = ("./run", "./test", "./bench")  # whole programs of their own, run by the tests that call this one


def blocks(path):
    with open(path, encoding="utf-8") as f:
        return re.findall(r"^```sh\n(.*?)^```$", f.read(), re.M | re.S)


def copy_of_tree(to):
    files = subprocess.run(["git", "-C", kit.TOP, "ls-files", "-z"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-C", kit.TOP, "--null", "-T", "-", "-cf", os.path.join(to, "tree.tar")], input=files, check=True)
    subprocess.run(["tar", "-C", to, "-xf", os.path.join(to, "tree.tar")], check=True)


class Readme(unittest.TestCase):
    def test_the_first_feed_is_wired_as_written(self):
        text = blocks(os.path.join(kit.TOP, "README.md"))
        self.assertGreater(len(text), 3)
        commands = [line for block in text for line in block.splitlines()
                    if line.strip() and not line.split("#")[0].strip().startswith(COVERED_ELSEWHERE)]
        self.assertTrue(any(c.startswith("weir run &") for c in commands))
        with tempfile.TemporaryDirectory(prefix="weir-readme-") as folder:
            copy_of_tree(folder)
            done = self.run_all(folder, self.on_a_free_port(folder, commands))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("F0001 AA", done.stdout)
        self.assertIn("patient.admitted", done.stdout)
        self.assertIn("nothing is parked", done.stdout)
        self.assertIn("nothing was rejected", done.stdout)

    def on_a_free_port(self, folder, commands):
        """The port that README and config name may be taken on this machine: both get another one."""
        port, path = str(kit.free_port()), os.path.join(folder, "config", "first-feed.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.assertIn("127.0.0.1:2576", text)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("127.0.0.1:2576", "127.0.0.1:" + port))
        self.assertTrue(any("127.0.0.1:2576" in c for c in commands))
        return [c.replace("127.0.0.1:2576", "127.0.0.1:" + port) for c in commands]

    def run_all(self, folder, commands):
        script = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
        for command in commands:
            script.append(command)
            if command.startswith("weir run &"):
                # What a person's own pace gives: both processes are up, and the port listens.
                script.append("for i in $(seq 200); do weir status >/dev/null 2>&1 && break; read -rt 0.1 <> <(:) || true; done")
            if command.startswith("weir send"):
                script.append("for i in $(seq 200); do [ -n \"$(weir tail -n 1 --no-follow)\" ] && break; read -rt 0.1 <> <(:) || true; done")
        bin_folder = tempfile.mkdtemp(dir=folder)
        for name in ("weir", "weir-adapter", "weir-broker"):
            os.symlink(kit.program(name), os.path.join(bin_folder, name))
        # The real programs, not the links, say where their siblings are.
        env = dict(os.environ, PATH=bin_folder + os.pathsep + os.environ["PATH"])
        return subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, env=env, capture_output=True, text=True,
                              timeout=120 * kit.SLOWER, check=False)


if __name__ == "__main__":
    unittest.main()
