"""HAPI, with its structures of HL7 2.4 and its own validation, reads every ADT message that weir makes of an event."""
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import adt_again
import check
import jars
import kit

HERE = Path(__file__).resolve().parent
MAPS = HERE.parents[1] / "adapters"
# Where HAPI's structure has no place for a segment that the standard of the time, or HL7 UK, has.
STRANGERS = {"ZU1", "ZU3", "ZU4", "ZU5", "ZU8"}


def messages():
    """(case, type, message) of every event of the plain cases."""
    tools = [os.path.join(kit.BUILD, "tests", "cases", name) for name in ("translate_case", "adt_case")]
    for source in adt_again.plain_sources():
        files = sorted((HERE / source).glob("*.hl7"))
        made = check.translate(tools[0], MAPS, source, files) if files else []
        events = [(f"{source}/{f.stem}", e) for f, r in zip(files, made) for e in r["events"]
                  if adt_again.of_adt(e)]
        for (case, event), message in zip(events, adt_again.write(tools[1], [e for _, e in events])):
            yield case, event["type"], message


class HapiTest(unittest.TestCase):
    def test_hapi_reads_all_of_it(self):
        if not shutil.which("javac"):
            self.skipTest("javac is not installed (Debian: default-jdk-headless)")
        path = jars.class_path_of("HAPI with HL7 2.4", str(HERE / "hapi" / "pom.xml"), jars.cache("hapi-v24"))
        made = list(messages())
        self.assertGreater(len(made), 100)
        run = subprocess.run(["java", "-cp", path, HERE / "hapi" / "ReadAdt.java"],
                             input=b"".join(m + b"\n" for _, _, m in made), capture_output=True, timeout=120, check=False)
        self.assertEqual(run.returncode, 0, run.stderr.decode()[-2000:])
        lines = run.stdout.decode().splitlines()
        self.assertEqual(len(lines), len(made))
        faults = []
        for (case, kind, message), line in zip(made, lines):
            structure = message.split(b"|")[8].split(b"^")[2].decode()
            name, odd, again = (*line.split(" ", 2), "", "")[:3]
            # written again HAPI leaves an escape character out that begins what could be an escape sequence
            same = again == "same" or b"\\E\\" in message
            if line.startswith("refused") or not name.endswith(f".v24.message.{structure}") or not same \
                    or set(odd.split(",")) - STRANGERS - {""}:
                faults.append(f"{case} {kind} {structure}: {line}\n  {message.decode()}".replace("\r", "\n  "))
        self.assertEqual(faults, [], "\n".join(faults))


if __name__ == "__main__":
    sys.exit(unittest.main())
