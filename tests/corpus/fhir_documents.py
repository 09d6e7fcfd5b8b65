"""The FHIR documents that the tests of this folder read: those of others, where they are, and those of tests/cases."""
import json
import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
DATA = Path(os.environ.get("WEIR_CORPUS", TOP.parent / "shared" / "data" / "messages" / "hl7v2")).parent / "fhir"
CASES = TOP / "tests" / "cases" / "fhir"
BUILD = Path(os.environ.get("WEIR_BUILD", TOP / "build"))
ENVIRONMENT = {"WEIR_TEST_KEY": "a key of the tests, of no use elsewhere", "WEIR_MAPS": str(TOP / "adapters")}


class Document:
    def __init__(self, file, folder):
        self.file, self.name = file, str(file.relative_to(folder))
        self.raw = file.read_bytes()
        self.text = self.raw.decode("utf-8", errors="replace")
        self.xml = self.text.lstrip("\ufeff \r\n\t").startswith("<")
        # MessageHeader.event is eventCoding since R4
        self.release = "DSTU2" if re.search(r'<event>|"event":\s*\{', self.text) else "R4"
        self.tree = None
        if not self.xml:
            try:
                self.tree = json.loads(self.text)
            except ValueError:
                pass

    def is_fhir(self):
        """A CloudEvent is no FHIR."""
        return self.xml or not isinstance(self.tree, dict) or "resourceType" in self.tree or not {"type", "time"} <= set(self.tree)


def of_others():
    return [Document(f, DATA) for f in sorted(f for f in DATA.rglob("*") if f.suffix in (".json", ".xml"))]


def of_the_cases():
    return [Document(f, CASES.parent) for f in sorted(CASES.glob("*")) if f.suffix in (".json", ".xml") and not f.name.endswith(".events.json")]


def translate(files, source="fhir"):
    """[{verdict, reasons, events}] of each file, by the shipped maps."""
    done = subprocess.run([BUILD / "tests" / "cases" / "translate_case", HERE / "weir.yaml", source, *files],
                          env=dict(os.environ, **ENVIRONMENT), capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"translate_case: exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def without_digest(result):
    """Of a translation what does not depend on how the document is written."""
    for event in result["events"]:
        event["data"]["origin"].pop("sha256", None)
    return {k: result[k] for k in ("verdict", "events")}
