#!/usr/bin/env python3
"""Compares what the maps make of all inputs of the scenarios with their expected.tsv: each through the source that it names there. What
only history tells (by = journey) is listed.

check.py TOOL SCHEMAS_DIR MAPS_DIR [SCENARIOS_DIR]

TOOL is the command `weir` (its verb translate is run) or tests/cases/translate_case.

Every event must also be valid by the schema of its type, as a validator of another author reads it.
Each weir.yaml stands in a folder of the scenario's name beside this file. Where the scenarios' data
is not on this machine, says so and exits 77 (skipped).
"""

import csv
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared/data/scenarios"


def load_validators(schemas):
    by_id = {}
    for path in sorted(schemas.rglob("*.schema.json")):
        schema = json.loads(path.read_text())
        by_id[schema["$id"]] = schema
    resolver = RefResolver("", {}, store=by_id)
    return {s["title"]: Draft202012Validator(s, resolver=resolver, format_checker=FormatChecker()) for s in by_id.values() if "/events/" in s["$id"]}


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def is_time(text):
    try:
        instant(text)
    except ValueError:
        return False
    return len(text) > 10


def find(node, path):
    """All values at a dotted path, through lists."""
    if isinstance(node, list):
        return [v for item in node for v in find(item, path)]
    if not path:
        return [node]
    if not isinstance(node, dict) or path[0] not in node:
        return []
    return find(node[path[0]], path[1:])


def as_text(value):
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def empty(value):
    return value in ("", None, [], {})


def holds(event, check):
    """Whether one check of the column `fields` holds; checks of the journey are left out."""
    if check.startswith("+"):
        return True
    if check.startswith("*!="):
        return check[3:] not in json.dumps(event, ensure_ascii=False)
    path, _, want = check.partition("=")
    found = [v for v in find(event, path.split(".")) if not empty(v)]
    if want == "(present)":
        return bool(found)
    if want == "(absent)":
        return not found
    return any(as_text(v) == want or (is_time(want) and is_time(as_text(v)) and
                                      instant(as_text(v)) == instant(want)) for v in found)


def translate(tool, maps, config, source, file):
    """The events that one file gives."""
    env = dict(os.environ, WEIR_TEST_KEY="a key of the tests, of no use elsewhere", WEIR_MAPS=str(maps))
    command = [tool, str(config), source, str(file)]
    if Path(tool).name == "weir":
        command = [tool, "translate", "--config", str(config), "--source", source, str(file)]
    run = subprocess.run(command, env=env, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{file}: {run.stderr}")
    if Path(tool).name == "weir":
        return [json.loads(line) for line in run.stdout.splitlines()]
    return json.loads(run.stdout)["events"]


def inputs(path):
    """Of an expected.tsv: (name of the input, its rows that the adapter tells, its rows that the journey tells), in the order of sending."""
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for name in sorted({r["input"] for r in rows}):
        yield name, *([r for r in rows if r["input"] == name and r["by"] == by] for by in ("adapter", "journey"))


def source_of(rows):
    """The source of one input: of all its rows, whoever tells them."""
    source, = {r["source"] for r in rows}
    return source


def check_input(rows, events, validators):
    """The faults of one input: rows are those that the adapter tells."""
    faults = []
    left = list(events)
    for event in events:
        for error in validators[event["type"]].iter_errors(event):
            faults.append(f"{event['type']}: not valid: {error.json_path}: {error.message}")
    for row in rows:
        if row["event"] == "(none)":
            continue
        candidates = [e for e in left if e["type"] == row["event"]]
        if not candidates:
            faults.append(f"{row['event']}: not reported")
            continue
        event = candidates[0]
        left.remove(event)
        if "time" not in event or instant(event["time"]) != instant(row["time"]):
            faults.append(f"{row['event']}: time {event.get('time')}, wanted {row['time']}")
        faults += [f"{row['event']}: {c} does not hold" for c in row["fields"].split() if not holds(event, c)]
    faults += [f"{e['type']}: reported, not wanted" for e in left]
    return faults


def main():
    tool, schemas, maps = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    data = Path(sys.argv[4]) if len(sys.argv) > 4 else DATA
    if not data.is_dir():
        print(f"skipped: the scenarios are not at {data}")
        return 77
    validators = load_validators(schemas)
    checked = failed = 0
    later = []
    for config in sorted(HERE.glob("*/weir.yaml")):
        scenario = config.parent.name
        for name, mine, journeys in inputs(data / scenario / "expected.tsv"):
            later += [f"{scenario}/{name}: {r['event']}" for r in journeys]
            events = translate(tool, maps, config, source_of(mine + journeys), data / scenario / name)
            faults = check_input(mine, events, validators)
            checked += 1
            failed += bool(faults)
            for fault in faults:
                print(f"{scenario}/{name}: {fault}")
    print(f"{checked - failed} passed, {failed} failed; the broker's part, tested elsewhere or to come:")
    print("\n".join(f"  {row}" for row in later))
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
