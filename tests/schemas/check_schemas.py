#!/usr/bin/env python3
"""Checks schemas/ with a validator of another author (Debian's python3-jsonschema).

check_schemas.py SCHEMAS_DIR [EVENTS.ndjson …]

The schemas are valid JSON Schema 2020-12; each type of the catalogue has one schema with an
example; each example is valid and has no member that the schema lacks; an example without the
number of the patient is valid, and one without what its type needs is not. Every 10-digit number
is of the test range. Events given as further files are checked against the schema of their type.
"""

import copy
import csv
import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

passed = 0
failures = []


def check(ok, text):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(text)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def closed(node):
    """The schema without room for members it does not name: for producers, readers stay open."""
    if isinstance(node, list):
        return [closed(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: closed(v) for k, v in node.items()}
    if out.get("type") == "object" and isinstance(out.get("properties"), dict):
        out["additionalProperties"] = False
    return out


def validator(schema, event_schema):
    """For a schema in events/, with the event schema given where its $ref points."""
    resolver = RefResolver(schema["$id"], schema, store={event_schema["$id"]: event_schema,
                                                         schema["$id"]: schema})
    return Draft202012Validator(schema, resolver=resolver, format_checker=FormatChecker())


def errors(schema, event_schema, event):
    return [f"{'.'.join(map(str, e.path))}: {e.message}"
            for e in validator(schema, event_schema).iter_errors(event)]


def leaves(path, node):
    """Paths in data that a type requires beyond what every event does."""
    for name in node.get("required", []):
        child = node.get("properties", {}).get(name, {})
        deeper = list(leaves(path + [name], child))
        yield from deeper or [path + [name]]


def without(event, path):
    event = copy.deepcopy(event)
    node = event
    for name in path[:-1]:
        node = node[name]
    del node[path[-1]]
    return event


def check_type(row, schema, event_schema):
    name = row["type"]
    check(schema["properties"]["type"]["const"] == name, f"{name}: const differs")
    check(schema["description"] == row["description"], f"{name}: described otherwise in types.json")
    Draft202012Validator.check_schema(schema)
    for event in schema["examples"]:
        check_example(name, schema, event_schema, event)
    text = json.dumps(schema)
    for number in re.findall(r"(?<!\d)\d{10}(?!\d)", text):
        check(number.startswith("999"), f"{name}: {number} is no test number")


def check_example(name, schema, event_schema, event):
    found = errors(schema, event_schema, event)
    check(not found, f"{name}: example is not valid: {found}")
    found = errors(schema, closed(event_schema), event)
    check(not found, f"{name}: example has members without a place: {found}")
    tolerant = copy.deepcopy(event)
    for key in ("subject", "time"):
        tolerant.pop(key, None)
    tolerant["data"].get("patient", {}).pop("nhs_number", None)
    found = errors(schema, event_schema, tolerant)
    check(not found, f"{name}: an event without the patient's number is refused: {found}")
    for path in leaves(["data"], schema["properties"].get("data", {})):
        check(errors(schema, event_schema, without(event, path)),
              f"{name}: an event without {'.'.join(path)} is valid")
    wrong = dict(event, type="no.such_type")
    check(errors(schema, event_schema, wrong), f"{name}: another type is valid")


def check_strictness(event_schema, schema):
    """What no schema of a type may let through."""
    event = schema["examples"][0]
    for path, value in ((["specversion"], "0.3"), (["time"], "yesterday"),
                        (["data", "sector"], "moon"), (["data", "patient", "nhs_number"], "123"),
                        (["data", "location", "group"], "attic"),
                        (["data", "location", "raw"], None), (["data", "visit", "number"], None), (["data", "origin"], {})):
        bad = copy.deepcopy(event)
        node = bad
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = value
        check(errors(schema, event_schema, bad), f"{'.'.join(path)} may be {value!r}")


def check_events(path, schemas, event_schema):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        event = json.loads(line)
        schema = schemas.get(event.get("type"))
        check(schema is not None, f"{path}:{number}: no schema for type {event.get('type')!r}")
        if schema:
            found = errors(schema, closed(event_schema), event)
            check(not found, f"{path}:{number}: {event['type']}: {found}")


def check_codes(root, event_schema):
    """Groups that maps put into an enumerated field are among its values."""
    data = event_schema["$defs"]["data"]["properties"]
    for table, allowed in (("discharge_destination",
                            data["care"]["properties"]["destination_group"]["enum"]),
                           ("patient_class", data["visit"]["properties"]["class_group"]["enum"])):
        with open(root / "codes" / f"{table}.csv", encoding="utf-8", newline="") as f:
            for row in csv.DictReader(f):
                check(row["group"] in allowed, f"{table}: {row['raw']}: group {row['group']!r}")


def main():
    root = Path(sys.argv[1])
    event_schema = load(root / "event.schema.json")
    Draft202012Validator.check_schema(event_schema)
    rows = load(root / "types.json")["types"]
    files = {p.name.removesuffix(".schema.json"): load(p) for p in (root / "events").iterdir()}
    check(sorted(files) == sorted(r["type"] for r in rows),
          f"types.json and events/ differ: {sorted(set(files) ^ {r['type'] for r in rows})}")
    for row in rows:
        if row["type"] in files:
            check_type(row, files[row["type"]], event_schema)
    check_strictness(event_schema, files["patient.admitted"])
    check_codes(root, event_schema)
    for path in sys.argv[2:]:
        check_events(Path(path), files, event_schema)
    for text in failures:
        print(text)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
