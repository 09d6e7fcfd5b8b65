#!/usr/bin/env python3
"""Runs the cases: messages, and the events that the maps must make of them.

check.py TRANSLATE_CASE MAPS_DIR [NAME…]

A case is SOURCE/NAME.hl7, a message for that source of weir.yaml, and SOURCE/NAME.events.json, a
list of the events wanted, in order. Of an event only what is named is compared; "*" stands for any
value, null for "not there"; data.quality is always compared, no quality meaning none. Where a
message gives no events, the file holds an object instead: {"verdict": "unmapped"} or {"verdict":
"refused", "reasons": [{"code": 101, "at": "MRG-1"}]}. An object may also hold the events, beside
"rows": [26], the rows of docs/conformance.md that the case shows. Segments may end in a newline in the file;
they are sent with CR, but for cases whose name begins with "raw_", which are sent as they are.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def compare(want, got, path, faults):
    if want == "*":
        if got is None:
            faults.append(f"{path}: not there")
    elif isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            compare(value, got.get(key), f"{path}.{key}" if path else key, faults)
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for i, (w, g) in enumerate(zip(want, got)):
            compare(w, g, f"{path}[{i}]", faults)
    elif want != got:
        faults.append(f"{path}: {got!r}, wanted {want!r}")


def check_events(want, result, faults):
    types = [e["type"] for e in result["events"]]
    if types != [e["type"] for e in want]:
        faults.append(f"events {types}, wanted {[e['type'] for e in want]}; reasons {result['reasons']}")
        return
    for event, w in zip(result["events"], want):
        compare(w, event, "", faults)
        quality = w.get("data", {}).get("quality") or []
        compare(quality, event["data"].get("quality", []), f"{event['type']}: data.quality", faults)


def check(tool, maps, source, message, expected):
    raw = message.read_bytes()
    if not message.name.startswith("raw_"):
        raw = raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    with tempfile.NamedTemporaryFile() as f:
        f.write(raw)
        f.flush()
        env = dict(os.environ, WEIR_TEST_KEY="a key of the tests, of no use elsewhere", WEIR_MAPS=str(maps))
        run = subprocess.run([tool, HERE / "weir.yaml", source, f.name], env=env, capture_output=True)
    if run.returncode != 0:
        return [run.stderr.decode(errors="replace").strip()]
    result, faults = json.loads(run.stdout), []
    want = json.loads(expected.read_text())
    if isinstance(want, dict):
        want.pop("rows", None)
        compare(want, result, "", faults)
        want = want.get("events", [])
    check_events(want, result, faults)
    return faults


def main():
    tool, maps, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    passed = failed = 0
    for message in sorted(HERE.glob("*/*.hl7")):
        name = f"{message.parent.name}/{message.stem}"
        if names and name not in names:
            continue
        faults = check(tool, maps, message.parent.name, message, message.with_suffix(".events.json"))
        passed += not faults
        failed += bool(faults)
        for fault in faults:
            print(f"{name}: {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
