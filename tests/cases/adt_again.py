#!/usr/bin/env python3
"""HL7 v2 made from an event, and read again, gives the same event.

adt_again.py TRANSLATE_CASE ADT_CASE MAPS_DIR [--write] [NAME…]

Takes every event that the cases of check.py make, writes it as an ADT message (lib/map/adt_write.h), has the
same source's maps read that, and wants the same event among what they make of it: all of it but ids, times
of sending, what the message says of itself, and doubts about how a time or text was first written.
adt/TYPE.adt holds the message wanted of one event of each type, adt/cases.txt says of which case; --write
writes them anew, to be read before they are committed.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import check

HERE = Path(__file__).resolve().parent
# Of another message: ids, times of sending, and where its bytes are kept.
OF_THE_MESSAGE = ["id", "data.sent_at", "data.swap_id", "data.origin.control_id", "data.origin.sha256",
                  "data.origin.version", "data.origin.sequence", "data.origin.trigger"]
# Doubts about how the first message was written; what is made anew leaves none.
OF_THE_WRITING = ("tz_", "charset_", "escape_", "time_invalid:", "value_cut", "hour_only", "no_control_id", "unexpected_sender",
                  "nhs_number_invalid", "ids_cut")
# What a case loses beside, and why.
EXPLAINED = {
    "pas/gp_practice_dummy": {"data.patient.home_provider": "a table made it of a council, which an event does not hold"},
    "pas/admit_all_dates_bad": {"time": "an ADT message has to have one (EVN-2): when it was sent"},
    "pas/admit_no_time": {"time": "an ADT message has to have one (EVN-2): when it was sent"},
}


def without(event, case, timed):
    event = json.loads(json.dumps(event))
    paths = [*OF_THE_MESSAGE, *EXPLAINED.get(case, ())]
    if not timed:  # nobody had said when it was recorded
        paths.append("data.recorded_at")
    for path in paths:
        *above, last = path.split(".")
        at = event
        for name in above:
            at = at.get(name, {})
        at.pop(last, None)
    data = event["data"]
    quality = [q for q in data.pop("quality", []) if not q.startswith(OF_THE_WRITING)]
    if not timed:
        quality = [q for q in quality if q not in ("time_from_msh7", "time_from_evn2")]
    if quality:
        data["quality"] = sorted(quality)
    return event


def flat(value, path=""):
    if isinstance(value, dict):
        for key, v in value.items():
            yield from flat(v, f"{path}.{key}" if path else key)
    else:
        yield path, json.dumps(value, sort_keys=True)


def differences(want, got):
    a, b = dict(flat(want)), dict(flat(got))
    return [f"{k}: {b.get(k, 'not there')}, was {a.get(k, 'not there')}"
            for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]


def of_adt(event):
    return re.fullmatch(r"A\d\d", event["data"]["origin"]["trigger"])


def write(tool, events):
    """The message that tells each event."""
    lines = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events)
    run = subprocess.run([tool], input=lines.encode(), capture_output=True)
    if run.returncode != 0:
        sys.exit(f"adt_case: exit {run.returncode}: {run.stderr.decode(errors='replace')}")
    return run.stdout.split(b"\n")[:-1]


def read(tool, maps, source, messages):
    """What the maps make of each."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, message in enumerate(messages):
            files.append(Path(folder) / f"raw_{i}.hl7")
            files[-1].write_bytes(message)
        return check.translate(tool, maps, source, files)


def again(tools, maps, source, names, seen):
    """Faults of one source's cases; `seen` gets the first message of each type and case."""
    files = [m for m in sorted((HERE / source).glob("*.hl7")) if not names or f"{source}/{m.stem}" in names]
    made = check.translate(tools[0], maps, source, files) if files else []
    events = [(f.stem, e) for f, r in zip(files, made) for e in r["events"]]
    events = [(n, e) for n, e in events if of_adt(e)]
    if not events:
        return
    messages = write(tools[1], [e for _, e in events])
    if len(messages) != len(events):
        sys.exit(f"{len(messages)} messages of {len(events)} events")
    results = read(tools[0], maps, source, messages)
    for (name, event), message, result in zip(events, messages, results):
        where = f"{source}/{name}: {event['type']}"
        seen.setdefault(event["type"], {}).setdefault(f"{source}/{name}", message)
        if message.startswith(b"! "):
            yield f"{where}: {message.decode()}"
            continue
        same = [e for e in result["events"] if e["type"] == event["type"]]
        case, timed = f"{source}/{name}", "recorded_at" in event["data"]
        faults = [differences(without(event, case, timed), without(e, case, timed)) for e in same]
        if not faults:
            yield (f"{where}: {[e['type'] for e in result['events']]} {result['verdict']} "
                   f"{result['reasons']}\n  {message.decode()}".replace("\r", "\n  "))
        elif all(faults):
            yield f"{where}: {min(faults, key=len)}\n  {message.decode()}".replace("\r", "\n  ")


def text_cases(seen, rewrite):
    listing = HERE / "adt" / "cases.txt"
    chosen = dict(line.split() for line in listing.read_text().splitlines()) if listing.exists() else {}
    for kind in sorted(seen):
        if rewrite:
            chosen.setdefault(kind, next(iter(seen[kind])))
        file = HERE / "adt" / f"{kind}.adt"
        text = seen[kind].get(chosen.get(kind), b"").replace(b"\r", b"\n")
        if rewrite:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(text)
        elif not file.exists():
            yield f"adt/{file.name}: not there; --write makes it"
        elif file.read_bytes() != text:
            yield f"adt/{file.name}: it is now\n{text.decode()}"
    if rewrite:
        listing.write_text("".join(f"{kind} {case}\n" for kind, case in sorted(chosen.items())))


def main():
    args = [a for a in sys.argv[1:] if a != "--write"]
    tools, maps, names = args[:2], Path(args[2]), args[3:]
    seen, faults = {}, []
    for source in plain_sources():
        faults += again(tools, maps, source, names, seen)
    if not names:
        faults += text_cases(seen, "--write" in sys.argv)
        listed = {t for f in HERE.parents[1].glob("adapters/acute/*.yaml") for t in types_of(f)}
        faults += [f"no case makes {t}, which a map of ADT names" for t in sorted(listed - seen.keys())]
    print("\n".join(faults))
    print(f"{len(seen)} types, {len(faults)} faults")
    return 1 if faults or not seen else 0


def plain_sources():
    """Those without an overlay, which may read a field in another place than it is written to, and without
    a set that is forced whatever MSH-18 says."""
    sources = yaml.safe_load((HERE / "weir.yaml").read_text())["sources"]
    return sorted(name for name, source in sources.items()
                  if not source.get("overlays") and not source.get("charset", "").endswith("!"))


def types_of(file):
    """Event types that a map file's ADT triggers name."""
    triggers = yaml.safe_load(file.read_text()).get("triggers", {})
    for name, trigger in triggers.items():
        if "^" not in name:
            yield from (trigger.get("events") or {})


if __name__ == "__main__":
    sys.exit(main())
