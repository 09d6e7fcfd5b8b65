"""docs/new-source.md, followed word by word: three systems of three adapters and three formats, by config alone, and what they send arrives."""
import json
import os
import re
import subprocess
import tempfile
import unittest

import kit

PAGE = os.path.join(kit.TOP, "docs", "new-source.md")
WAIT = "for i in $(seq 600); do {}; read -rt 0.1 <> <(:) || true; done"


class NewSource(unittest.TestCase):
    def setUp(self):
        with open(PAGE, encoding="utf-8") as f:
            text = f.read()
        self.files = re.findall(r"^`(region/[a-z0-9.]+)`:\n```[a-z]+\n(.*?)^```$", text, re.M | re.S)
        self.commands = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)).splitlines()
        folder = tempfile.TemporaryDirectory(prefix="weir-source-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, ports):
        os.mkdir(os.path.join(self.folder, "region"))
        for name, text in self.files:
            for port, free in ports.items():
                text = text.replace("127.0.0.1:" + port, "127.0.0.1:" + free)
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
                f.write(text)

    def script(self, ports):
        lines = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
        for command in self.commands:
            for port, free in ports.items():
                command = command.replace("127.0.0.1:" + port, "127.0.0.1:" + free)
            if command.startswith("weir tail"):
                lines.append(WAIT.format("[ \"$(wc -l < board.ndjson)\" -ge 3 ] && break"))
            lines.append(command)
            if command.startswith("weir run"):
                for free in ports.values():
                    lines.append(WAIT.format(f"(exec 3<>/dev/tcp/127.0.0.1/{free}) 2>/dev/null && break"))
        return "\n".join(lines)

    def test_every_adapter_takes_hl7(self):
        self.write({})
        region = os.path.join(self.folder, "region")
        with open(os.path.join(region, "weir.yaml"), encoding="utf-8") as f:
            site = f.read()
        os.mkdir(os.path.join(region, "keys"))
        for name in ("pseudonym", "audit"):
            with open(os.path.join(region, "keys", name + ".key"), "w", opener=lambda path, flags: os.open(path, flags, 0o600), encoding="utf-8") as f:
                f.write("a key of the tests, of no use elsewhere, " + name)
        for adapter in ("acute", "community", "mental-health", "ambulance"):
            with open(os.path.join(region, "weir.yaml"), "w", encoding="utf-8") as f:
                f.write(site.replace("adapter: community", "adapter: " + adapter))
            done = subprocess.run([kit.program("weir"), "translate", "-c", "weir.yaml", "--source", "rzz-community", "admit.hl7"], cwd=region,
                                  env=self.env(), capture_output=True, text=True, timeout=60 * kit.SLOWER, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            event = json.loads(done.stdout)
            self.assertEqual((event["type"], event["data"]["sector"]), ("patient.admitted", adapter.replace("-", "_")))

    def env(self):
        return dict(os.environ, WEIR_MAPS=os.environ.get("WEIR_MAPS", os.path.join(kit.TOP, "adapters")))

    def test_the_page_is_followed(self):
        self.assertEqual(len(self.files), 5)
        ports = {port: str(kit.free_port()) for port in ("2577", "2578")}
        self.write(ports)
        bin_folder = os.path.join(self.folder, "bin")
        os.mkdir(bin_folder)
        for name in ("weir", "weir-adapter", "weir-broker"):
            os.symlink(kit.program(name), os.path.join(bin_folder, name))
        env = dict(self.env(), PATH=bin_folder + os.pathsep + os.environ["PATH"])
        done = subprocess.run(["bash", "-c", self.script(ports)], cwd=self.folder, env=env, capture_output=True, text=True,
                              timeout=120 * kit.SLOWER, check=False)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said[-4000:])
        self.assertIn("T0001 AA", done.stdout)
        came = kit.read_ndjson(os.path.join(self.folder, "region", "board.ndjson"))
        self.assertEqual({(e["type"], e["data"]["sector"], e["data"]["origin"]["format"]) for e in came},
                         {("patient.admitted", "community", "hl7v2"), ("ambulance.on_scene", "ambulance", "cad-json"),
                          ("leave.started", "mental_health", "csv")}, said[-4000:])
        vehicles = [e["data"]["incident"]["resource"] for e in came if e["type"] == "ambulance.on_scene"]
        self.assertEqual(set(vehicles), {"A101"})


if __name__ == "__main__":
    unittest.main()
