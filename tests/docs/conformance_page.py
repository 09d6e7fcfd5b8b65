#!/usr/bin/env python3
"""Writes docs/conformance.md (HL7 v2) and docs/conformance-fhir.md (FHIR, bad input, CloudEvents): what weir does with each thing a
sender may do, and the test that shows it.

conformance_page.py [--check]

A test names the rows that it shows, in a comment or docstring: "row 16", "rows 39 to 42" of HL7; "FHIR row 9", "bad input rows 3 and 4",
"CloudEvents row 2" of the others, the whole name on one line. A case of tests/cases has "rows": [26] or "fhir_rows": [43]. --check
compares instead of writing.
"""
import json
import re
import sys
from pathlib import Path

import conformance_fhir
import conformance_hl7
from conformance_words import UNDONE

TOP = Path(__file__).resolve().parents[2]
NUMBERS = r"rows? (\d+(?:(?:, | and | to )\d+)*)"
NAMES = ("FHIR", "bad input", "CloudEvents")  # of the rows of other pages than HL7's


class Part:
    """A table of a page. name: the word in front of "row" by which tests name its rows; "": none."""

    def __init__(self, name, table, tests, title="", cases="rows"):
        self.name, self.table, self.tests, self.title, self.cases = name, table, tests, title, cases
        before = rf"\b{name} " if name else "".join(f"(?<!{other} )" for other in NAMES) + r"\b"
        self.rows = re.compile(before + NUMBERS, re.I)

    def numbers(self, text):
        for found in self.rows.finditer(text):
            before = None
            for joint, n in re.findall(r"(, | and | to |^)(\d+)", found.group(1)):
                yield from range(before + 1, int(n) + 1) if joint == " to " else (int(n),)
                before = int(n)

    def in_c(self, path):
        """(row, test): a comment in front of a test, or within it."""
        waiting, inside = [], None
        for line in path.read_text(encoding="utf-8").splitlines():
            start = re.match(r"START_TEST\((\w+)\)", line)
            if start:
                inside = start.group(1)
                yield from ((row, inside) for row in waiting)
                waiting = []
            found = list(self.numbers(line))
            if inside:
                yield from ((row, inside) for row in found)
            else:
                waiting += found
            if line.startswith("END_TEST"):
                inside = None

    def in_python(self, path):
        name = None
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.match(r"(?:class|    def|def) (\w+)", line)
            name = found.group(1) if found else name
            if not name or name.startswith("test_"):
                yield from ((row, name) for row in self.numbers(line))

    def in_case(self, path):
        want = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(want, dict):
            yield from ((row, None) for row in want.get(self.cases, []))

    def shown(self):
        """Row to the tests that name it."""
        found = {}
        for path in (path for pattern in self.tests for path in sorted(TOP.glob(pattern))):
            if path.name.startswith(("faults", "test_faults")):
                continue  # its rows are those of the list of faults
            read = {".c": self.in_c, ".py": self.in_python, ".json": self.in_case}[path.suffix]
            where = path.relative_to(TOP / "tests").as_posix()
            for row, test in read(path):
                tests = found.setdefault(row, {}).setdefault(where.removesuffix(".events.json"), [])
                if test and test not in tests:
                    tests.append(test)
        return found

    def text(self, faults):
        found, name = self.shown(), f"{self.name} row".strip()
        out = f"\n## {self.title}\n\n" if self.title else ""
        out += "| row | what is sent | what weir does | shown by |\n|---|---|---|---|\n"
        for row, (what, does) in self.table.items():
            tests = found.pop(row, {})
            if not tests and not does.startswith(UNDONE):
                faults.append(f"no test says that it shows {name} {row}: {what}")
            by = "<br>".join(f"`{where}`" + (": " + ", ".join(names) if names else "") for where, names in tests.items())
            out += f"| {row} | {what} | {does} | {by} |\n"
        faults += [f"{where}: there is no {name} {row}" for row, tests in sorted(found.items()) for where in tests]
        return out


ANYWHERE = ("unit/*/*_test.c", "flow/*.py", "corpus/test_*.py", "docs/test_*.py", "schemas/*.py", "scenarios/*.py", "kafka/test_*.py")
HL7 = Part("", conformance_hl7.TABLE, [f"tests/{p}" for p in (
    "unit/hl7/*_test.c", "unit/map/*_test.c", "cases/*/*.events.json", "flow/*.py", "corpus/test_*.py")])
OTHERS = [Part(name, table, [f"tests/{p}" for p in (*ANYWHERE, "cases/*/*.events.json")], title, cases="fhir_rows" if name == "FHIR" else "-")
          for name, title, table in conformance_fhir.PARTS]
PAGES = {"conformance.md": (conformance_hl7.HEAD, [HL7]), "conformance-fhir.md": (conformance_fhir.HEAD, OTHERS)}


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    faults = []
    for name, (head, parts) in PAGES.items():
        page, text = TOP / "docs" / name, head + "".join(part.text(faults) for part in parts)
        if not sys.argv[1:]:
            page.write_text(text, encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            faults.append(f"docs/{name} is not current: run tests/docs/conformance_page.py")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
