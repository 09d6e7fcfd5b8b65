#!/usr/bin/env python3
"""Writes docs/corpus.md: what the shipped maps make of messages that others have published.

corpus_page.py [--check]

The messages are not part of the repository (../shared/data/messages): nothing but the names of the files
and what weir said of them enters the page. Each file goes through `weir translate` of WEIR_BUILD, which must
not crash nor be reported by a sanitizer. No text of a report or a note may stand in an event. FHIR: fhir_corpus.py. Where the messages
or the program are not there, says so and exits 77. --check compares instead of writing.
"""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(TOP / "tests" / "scenarios"), str(TOP / "tests" / "cases")]
import fhir_corpus  # noqa: E402
from check import load_validators  # noqa: E402
from told import told  # noqa: E402

PAGE = TOP / "docs" / "corpus.md"
DATA = Path(os.environ.get("WEIR_CORPUS", TOP.parent / "shared" / "data" / "messages" / "hl7v2"))
WEIR = Path(os.environ.get("WEIR_BUILD", TOP / "build")) / "cli" / "weir"
NO_FLOW = ("A60",)  # adverse reactions: understood, no event by the catalogue
COUNTED = ("ADT", "SIU", "ORM", "OMG", "OML", "ORU", "REF", "MDM")
UNMAPPED = {  # why the catalogue has no event for the type
    "BAR": "billing accounts", "DFT": "charges", "OUL": "specimens and automation of a laboratory: its reports come as ORU",
    "PPR": "problem lists", "RDE": "medicines", "RDS": "medicines", "VXU": "vaccination records"}
LEAST = 0.95  # of the messages with a patient id and about flow give an event, and all their events are valid
REPORT = re.compile(rb"ERROR: \w+Sanitizer|runtime error:")
SAID = re.compile(r"message (\d+)(, [^:]*)?: (.*)")

HEAD = """# Messages of others

Written by `tests/corpus/corpus_page.py`; a test fails when this page is not current. Messages that others have published (samples of vendors, test
suites and real systems, made anonymous by their authors) go through `weir translate` with address and undefined-behaviour sanitizers, with the
shipped maps and a site that knows nothing of the senders (`tests/corpus/weir.yaml`). They are not part of this repository: a machine without them
skips the test. Their wards, clinics and many of their codes are local or not of the NHS: these stay as sent and are flagged. No value of an
observation (OBX-5) and no note (NTE-3) of any of them stands in an event. FHIR: [below](#fhir).
"""


class Message:
    def __init__(self, file, text):
        self.file = file
        segments = {}
        for line in re.split(r"[\r\n]+", text):
            segments.setdefault(line[:3], line)
        separator = text[3:4] or "|"
        header = segments.get("MSH", "").split(separator) + [""] * 9
        parts = header[8].split(header[1][:1] or "^")
        evn = segments.get("EVN", "").split(separator)
        self.trigger = parts[1] if len(parts) > 1 and parts[1] else evn[1] if len(evn) > 1 else "none"
        self.type = parts[0] or "none"
        self.name = self.trigger if self.type in ("ADT", "none") else f"{self.type}^{self.trigger}"
        pid = segments.get("PID", "").split(separator)
        ids = pid[3:4] + pid[2:3]
        self.has_id = any(re.search(r"(?:^|~)[^\^~\"]", i) for i in ids)
        self.told = told(text)
        self.verdict, self.why, self.events, self.faults = "nothing", "", [], []


def messages_of(file):
    text = file.read_bytes().decode("latin-1")
    starts = [m.start() for m in re.finditer(r"(?:^|(?<=[\r\n\x0b\xbf]))MSH[^A-Za-z0-9]", text)]
    return [Message(file, text[a:b]) for a, b in zip(starts, starts[1:] + [len(text)])] or [Message(file, text)]


def translate(files):
    env = dict(os.environ, WEIR_TEST_KEY="a key of the tests, of no use elsewhere", WEIR_MAPS=str(TOP / "adapters"))
    command = [WEIR, "translate", "--config", HERE / "weir.yaml", "--source", "any", *files]
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    if done.returncode not in (0, 1) or REPORT.search(done.stderr):
        raise SystemExit(f"{files[0]}: exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done


def by_message(events):
    """Events of one message by its hash, in order; a message that is sent again has the same ids."""
    groups = collections.defaultdict(list)
    for event in events:
        same = groups[event["data"]["origin"]["sha256"]]
        if not same or event["id"] in {e["id"] for e in same[-1]}:
            same.append([])
        same[-1].append(event)
    return groups


def faults_of(m, validators):
    faults = [f"{e['type']}: {x.json_path}: {x.message}" for e in m.events for x in validators[e["type"]].iter_errors(e)]
    shown = json.dumps(m.events, ensure_ascii=False)
    return faults + [f"the text of {name} stands in an event" for name, text in m.told if text in shown]


def judge(file, messages):
    """Fills in what became of each message of the file."""
    done = translate([file])
    for line in done.stderr.decode(errors="replace").splitlines():
        said = SAID.search(line)
        if not said:
            raise SystemExit(f"{file}: {line}")
        m = messages[int(said[1]) - 1]
        m.verdict = "unmapped" if "no map for trigger" in said[3] else "refused"
        m.why = m.why or (said[2] or "").lstrip(", ") + (": " if said[2] else "") + re.sub(r" \(table.*", "", said[3])
    groups = [g for same in by_message(json.loads(line) for line in done.stdout.decode().splitlines()).values() for g in same]
    left = [m for m in messages if m.verdict == "nothing"]
    for m in left:
        # Messages of a file that differ in type tell apart which of them has made events.
        mine = [g for g in groups if g[0]["data"]["origin"]["trigger"] == m.name]
        if not mine:
            continue
        groups.remove(mine[0])
        m.verdict, m.events = "events", mine[0]
    if groups:
        raise SystemExit(f"{file}: events of no message: {[e['type'] for g in groups for e in g]}")


def collect(validators):
    everything = {f: messages_of(f) for f in sorted(f for f in DATA.rglob("*") if f.is_file())}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda item: judge(*item), everything.items()))
    all_of_them = [m for messages in everything.values() for m in messages]
    for m in all_of_them:  # validators are not for several threads
        m.faults = faults_of(m, validators)
    return all_of_them


def table(messages):
    by_trigger = collections.defaultdict(list)
    for m in messages:
        by_trigger[m.name].append(m)
    out = "| trigger | messages | with events | no flow | unmapped | refused | events |\n|---|---|---|---|---|---|---|\n"
    for trigger, mine in sorted(by_trigger.items(), key=lambda item: ("^" in item[0], item[0])):
        count = collections.Counter(m.verdict for m in mine)
        types = collections.Counter(e["type"] for m in mine for e in m.events)
        shown = ", ".join(f"{t} {n}" for t, n in sorted(types.items()))
        out += (f"| {trigger} | {len(mine)} | {count['events'] or ''} | {count['nothing'] or ''} | {count['unmapped'] or ''} | "
                f"{count['refused'] or ''} | {shown} |\n")
    return out


def refusals(messages):
    rows = [m for m in messages if m.verdict == "refused" or m.faults]
    out = "| file | trigger | why |\n|---|---|---|\n"
    for m in rows:
        why = m.why or "an event is not valid: " + m.faults[0].split(":")[0]
        out += f"| {m.file.relative_to(DATA)} | {m.name} | {why} |\n"
    return out


def unmapped(messages):
    out = "| type | messages | what it is about |\n|---|---|---|\n"
    for name, n in sorted(collections.Counter(m.type for m in messages if m.verdict == "unmapped").items()):
        if name not in UNMAPPED:
            raise SystemExit(f"{name}: no map, and UNMAPPED does not say why")
        out += f"| {name} | {n} | {UNMAPPED[name]} |\n"
    return out


WHY_NOTHING = (  # what the message shows, for those that report nothing though their type can
    (lambda t: "A60" in t[:200], "adverse reactions"),
    (lambda t: re.search(r"[\r\n](RXO|ODS|RQD)\|", t), "an order of a medicine, a diet or supplies: no diagnostics"),
    (lambda t: re.search(r"[\r\n]ORC\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|HD\|", t), "the order is on hold: no event of the catalogue says so"),
    (lambda t: not re.search(r"[\r\n]OB[RX]\|", t), "neither an order nor a result stands in it"),
)


def nothings(messages):
    out = "| file | trigger | why |\n|---|---|---|\n"
    for m in messages:
        if m.verdict != "nothing":
            continue
        text = m.file.read_bytes().decode("latin-1")
        why = next((why for test, why in WHY_NOTHING if test(text)), None)
        if not why:
            raise SystemExit(f"{m.file}: says nothing, and WHY_NOTHING does not say why")
        out += f"| {m.file.relative_to(DATA)} | {m.name} | {why} |\n"
    return out


def doubts(messages):
    count = collections.Counter(q for m in messages for q in {q for e in m.events for q in e["data"].get("quality", [])})
    out = "| doubt | messages |\n|---|---|\n"
    for name, n in sorted(count.items(), key=lambda item: (-item[1], item[0])):
        out += f"| {name} | {n} |\n"
    return out


def fine(m):
    return m.verdict == "events" and not m.faults


def counted(messages):
    return [m for m in messages if m.has_id and m.type in COUNTED and m.trigger not in NO_FLOW]


def page(messages):
    known = counted(messages)
    good = sum(map(fine, known))
    count = collections.Counter(m.verdict for m in messages)
    events = sum(len(m.events) for m in messages)
    return f"""{HEAD}
Of {len(messages)} messages in {len({m.file for m in messages})} files {count['events']} became {events} events, {count['nothing']} say nothing about flow, {count['unmapped']} have a trigger without a map,
{count['refused']} were refused. {len(known)} are of a type with a map ({', '.join(COUNTED)}, but for A60) and name a patient by an id; of these {good} ({100 * good / len(known):.1f} %) gave
events that are all valid by `schemas/`, as python3-jsonschema reads them.

## By trigger
ADT by its trigger alone.

{table(messages)}
## Refused, and why
{refusals(messages)}
## Nothing about flow, and why
{nothings(messages)}
## No map, and why
Such a message is kept, acknowledged and counted; a site that wants events of it writes an overlay.

{unmapped(messages)}
## Doubts
Messages of which some event carries the doubt in `data.quality`.

{doubts(messages)}"""


def main():
    if not DATA.is_dir() or not fhir_corpus.DATA.is_dir() or not WEIR.exists():
        print(f"skipped: {'the messages are not at ' + str(DATA) if WEIR.exists() else 'no ' + str(WEIR)}")
        return 77
    validators = load_validators(TOP / "schemas")
    messages = collect(validators)
    documents, faults = fhir_corpus.collect(WEIR, validators)
    known = counted(messages)
    bad = [m for m in known if not fine(m)]
    wrong = [m for m in messages if m.faults]
    if len(known) - len(bad) < LEAST * len(known) or wrong:
        print(f"of {len(known)} messages with a patient id {len(bad)} gave no valid event:", file=sys.stderr)
        for m in bad + wrong:
            print(f"  {m.file.relative_to(DATA)}: {m.verdict} {m.why} {' '.join(m.faults[:2])}", file=sys.stderr)
        return 1
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    text = page(messages) + fhir_corpus.section(documents)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/corpus.md is not current: run tests/corpus/corpus_page.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
