#!/usr/bin/env python3
"""Runs the cases: messages, and the events that the maps must make of them.

check.py TRANSLATE_CASE MAPS_DIR [NAME…]

A case is SOURCE/NAME.hl7 (.json, .csv: a line of columns and a row; .xml), a message for that source of weir.yaml, and SOURCE/NAME.events.json, a
list of the events wanted, in order. Of an event only what is named is compared; "*" stands for any
value, null for "not there", "(null)" for a null in the event; data.quality is always compared, no quality meaning none. Where a
message gives no events, the file holds an object instead: {"verdict": "unmapped"} or {"verdict":
"refused", "reasons": [{"code": 101, "at": "MRG-1"}]} ("at" of a tree: the path). An object may also hold the events, beside
"rows": [26], the rows of docs/conformance.md that the case shows ("fhir_rows": those of docs/conformance-fhir.md), and "beside": {"NAME": [types]}: which of its
events that other case of the folder did not tell, by their ids. No text of an OBX-5 or NTE-3 may stand in any event. Cases NAME.json and NAME.xml are twins: one NAME.events.json, and the same events to the last id. Segments may end in a newline in the file;
they are sent with CR, but for cases whose name begins with "raw_", which are sent as they are.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from told import told

HERE = Path(__file__).resolve().parent


ABSENT = object()


def compare(want, got, path, faults):
    if want is None:
        if got is not ABSENT:
            faults.append(f"{path}: {got!r}, wanted not to be there")
    elif want == "(null)":
        if got is not None:
            faults.append(f"{path}: {'not there' if got is ABSENT else repr(got)}, wanted null")
    elif want == "*":
        if got is ABSENT or got is None:
            faults.append(f"{path}: not there")
    elif isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            compare(value, got.get(key, ABSENT), f"{path}.{key}" if path else key, faults)
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for i, (w, g) in enumerate(zip(want, got)):
            compare(w, g, f"{path}[{i}]", faults)
    elif want != got:
        faults.append(f"{path}: {'not there' if got is ABSENT else repr(got)}, wanted {want!r}")


def check_events(want, result, faults):
    types = [e["type"] for e in result["events"]]
    if types != [e["type"] for e in want]:
        faults.append(f"events {types}, wanted {[e['type'] for e in want]}; reasons {result['reasons']}")
        return
    for event, w in zip(result["events"], want):
        compare(w, event, "", faults)
        quality = w.get("data", {}).get("quality") or []
        compare(quality, event["data"].get("quality", []), f"{event['type']}: data.quality", faults)


def translate(tool, maps, source, messages):
    """What the maps make of each message: one run for all of a source."""
    env = dict(os.environ, WEIR_TEST_KEY="a key of the tests, of no use elsewhere", WEIR_MAPS=str(maps))
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for message in messages:
            raw = message.read_bytes()
            if message.suffix == ".hl7" and not message.name.startswith("raw_"):
                raw = raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
            files.append(Path(folder) / message.name)
            files[-1].write_bytes(raw)
        run = subprocess.run([tool, HERE / "weir.yaml", source, *files], env=env, capture_output=True)
    if run.returncode != 0:
        done = run.stdout.count(b"\n")
        sys.exit(f"{source}/{messages[done].stem if done < len(messages) else ''}: "
                 f"exit {run.returncode}: {run.stderr.decode(errors='replace').strip()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def check(result, message, others):
    expected = message.with_name(message.stem + ".events.json")
    shown = json.dumps(result["events"], ensure_ascii=False)
    hl7 = message.read_bytes().decode("utf-8", errors="replace") if message.suffix == ".hl7" else ""
    faults = [f"the text of {name} stands in an event" for name, text in told(hl7) if text in shown]
    want = json.loads(expected.read_text())
    if isinstance(want, dict):
        want.pop("rows", None)
        want.pop("fhir_rows", None)
        for name, types in want.pop("beside", {}).items():
            told_there = {e["id"] for e in others[name]["events"]}
            compare(types, [e["type"] for e in result["events"] if e["id"] not in told_there], f"beside {name}", faults)
        compare(want, result, "", faults)
        want = want.get("events", [])
    check_events(want, result, faults)
    return faults


def check_twins(messages, results):
    """Events do not depend on which of its two forms a resource came in; only the digest of the bytes does."""
    first = {}
    for message, result in zip(messages, results):
        for event in result["events"]:
            event["data"]["origin"].pop("sha256", None)
        twin = first.setdefault(message.stem, (message, result))
        if twin[1]["events"] != result["events"]:
            yield f"{message.parent.name}/{message.stem}: events of {twin[0].suffix} and {message.suffix} differ"


def cases():
    """{folder: its messages}"""
    found = {}
    for path in sorted(HERE.glob("*/*")):
        if path.suffix in (".hl7", ".json", ".csv", ".xml") and not path.name.endswith(".events.json"):
            found.setdefault(path.parent, []).append(path)
    return {folder: files for folder, files in found.items() if any(folder.glob("*.events.json"))}


def words_read(maps):
    """Shipped maps never name what a report or a note says; what a path names stands outside of comments."""
    for path in sorted(maps.glob("*/*.yaml")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.search(r"\b(OBX(\[[^\]]*\])?-5|NTE|TXA(\[[^\]]*\])?-(25|26))\b", line.split("#")[0])
            if found:
                yield f"{path}:{number}: {found[0]} is read: what a report says enters no event"


def main():
    tool, maps, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    passed = failed = 0
    for fault in words_read(maps):
        failed += 1
        print(fault)
    for folder, all_of in cases().items():
        messages = all_of if not names or any(n.startswith(folder.name + "/") for n in names) else []
        results = translate(tool, maps, folder.name, messages) if messages else []
        for fault in check_twins(messages, results):
            failed += 1
            print(fault)
        others = {m.stem: r for m, r in zip(messages, results)}
        for message, result in zip(messages, results):
            if names and f"{folder.name}/{message.stem}" not in names:
                continue
            faults = check(result, message, others)
            passed += not faults
            failed += bool(faults)
            for fault in faults:
                print(f"{folder.name}/{message.stem}: {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
