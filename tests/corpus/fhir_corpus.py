"""What becomes of the FHIR documents, and the CloudEvents of the same authors, that others have published: the part of docs/corpus.md
that corpus_page.py takes from here.

Each document goes through `weir translate` and, over HTTP, into an adapter that runs: both have to make the same of it. The names of the
files and what weir said of them enter the page, nothing else.
"""
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse

import yaml

from fhir_documents import DATA, ENVIRONMENT, HERE, TOP, of_others

sys.path.append(str(TOP / "tests" / "flow"))
import kit  # noqa: E402
import records  # noqa: E402
from fhir_site import JSON, XML, Caller  # noqa: E402

HEAD = """
## FHIR

Examples of BaRS, UK Core, Care Act notices (ADW) and the national signals (MNS), in JSON and XML, of R4 and DSTU2: each goes through `weir translate`, and
over HTTP into an adapter with the shipped maps: a message to `$process-message`, what has an id as an update, all else as a create, a CloudEvent to a source of
`format: json`. Both have to agree; each refusal has to carry an OperationOutcome. As these are examples, many name their patient by a reference to a server alone;
such events have no subject (`no_patient_id`). What HAPI FHIR makes of the same documents: `tests/corpus/test_fhir_twins.py`.
"""

SAID = re.compile(r"^(.*?): message 1(?:, ([^:]*))?: (.*)$")
STANDARD = (  # what a refusal says, and where it is written that such a document is none
    ("parse error", "RFC 8259"),
    ("resourceType is missing", "FHIR R4 §2.6.2: no resource"),
    ("is never empty", "FHIR R4 §2.6.2"),
    ("(bdl-5)", "FHIR R4 §2.36.3, bdl-5"),
    ("says its event", "FHIR R4 §2.42.3, MessageHeader.event[x]"),
    ("(bdl-", "FHIR R4 §2.36.3"),
)
NOT_TAKEN = {  # why no event is made of a type, and no port takes it by itself
    "CapabilityStatement": "what a server can do", "Composition": "the text of a document", "DocumentReference": "where a document is",
    "Endpoint": "where a service is called", "FamilyMemberHistory": "of relatives", "HealthcareService": "a directory of services",
    "MedicationStatement": "medicines", "MessageDefinition": "how messages are built", "MessageHeader": "the head of a message, without the message",
    "OperationOutcome": "an answer to a request, never a request", "Organization": "a directory of organisations", "PractitionerRole": "a directory of staff",
    "Schedule": "when a clinic could be booked", "Slot": "when a clinic could be booked"}
NOTHING = (  # what a document shows, of those that say nothing though their type can
    (lambda d: d.what.startswith("Bundle history") or d.what.startswith("CloudEvent"), "a signal that says nothing of the patient's way (docs/fhir-events.md)"),
    (lambda d: d.what in ("Bundle message 1025651000000109", "Bundle message 1025641000000106"), "what was withdrawn stood already: the notice said it"),
    (lambda d: d.what == "DiagnosticReport" and '"final"' not in d.text, "a report that is not final: no event of the catalogue says so"),
    (lambda d: d.what == "ServiceRequest" and '"inactive"' in d.text, "`inactive` is no status of FHIR (valueset-request-status)"),
    (lambda d: d.what == "Task" and '"in-progress"' in d.text, "work on it goes on: no event of the catalogue says so"),
)


def name_of(d):
    """What it is: a type, a Bundle and what it tells, a signal."""
    if not d.is_fhir():
        return f"CloudEvent {d.tree['type']}"
    kind = re.search(r"<([A-Z]\w*)[ >]", d.text) if d.xml else re.search(r'"resourceType":\s*"(\w+)"', d.text)
    if not d.xml and d.tree is None:
        return "no JSON"
    if not kind or (not d.xml and "resourceType" not in d.tree):
        return "no resource"
    if kind[1] != "Bundle":
        return kind[1]
    bundle = re.search(r'<type value="(\w+)"' if d.xml else r'"type":\s*"(\w+)",\s*\n', d.text)[1] if d.xml else d.tree["type"]
    found = {"message": r'(?s)<event>.*?<code value="([^"]+)"|"eventCoding":.*?"code":\s*"([^"]+)"',
             "history": r'(?s)"event-type",\s*"valueString":\s*"([^"]+)"'}.get(bundle)
    told = re.search(found, d.text, re.S) if found else None
    return f"Bundle {bundle}" + (f" {told[1] or told[told.lastindex]}" if told else "")


def asked_of(d):
    """(method, path) by which a sender would send it."""
    if d.what.startswith("Bundle message"):
        return "POST", "/$process-message"
    if d.what in ("no JSON", "no resource"):
        return "POST", ""
    kind = d.what.partition(" ")[0]
    found = re.search(r'^<[A-Z]\w*[^>]*>\s*<id value="([^"]+)"', d.text.lstrip("\ufeff")) if d.xml else None
    own = found[1] if found else None if d.xml else d.tree.get("id")
    return ("PUT", f"/{kind}/{urllib.parse.quote(own)}") if own else ("POST", f"/{kind}")


def translate(documents, source, weir):
    """Fills in verdict, why and events."""
    done = subprocess.run([weir, "translate", "--config", HERE / "weir.yaml", "--source", source, *(d.file for d in documents)],
                          env=dict(os.environ, **ENVIRONMENT), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or re.search(r"ERROR: \w+Sanitizer|runtime error:", done.stderr):
        raise SystemExit(f"weir translate: exit {done.returncode}: {done.stderr[-2000:]}")
    by_file, by_digest = {str(d.file): d for d in documents}, {}
    for d in documents:
        d.verdict, d.why, d.events = "nothing", "", []
        by_digest.setdefault(hashlib.sha256(d.raw.strip(b"\xef\xbb\xbf \r\n\t")).hexdigest(), []).append(d)
    for line in done.stderr.splitlines():
        said = SAID.match(line)
        if not said:
            raise SystemExit(line)
        d = by_file[said[1]]
        d.verdict = "unmapped" if "no map for trigger" in said[3] else "refused"
        d.why = d.why or (f"{said[2]}: " if said[2] else "") + re.sub(r" \(table.*", "", said[3])
    for line in done.stdout.splitlines():
        event = json.loads(line)
        # two files of one text make the same events
        d = next(d for d in by_digest[event["data"]["origin"]["sha256"]] if event["id"] not in {e["id"] for e in d.events})
        d.verdict = "events"
        d.events.append(event)


class Intake:
    """An adapter with the sources of weir.yaml, and their ports."""

    def __init__(self):
        self.site = kit.Site()
        with open(HERE / "weir.yaml", encoding="utf-8") as f:
            config = yaml.safe_load(f)
        sources = config["sources"]
        self.fhir, self.http = kit.free_port(), kit.free_port()
        sources["fhir"]["fhir"] = {"listen": f"127.0.0.1:{self.fhir}"}
        sources["signals"]["http"] = {"listen": f"127.0.0.1:{self.http}", "path": "/fhir/signals"}
        self.site.config["sources"] = {name: sources[name] for name in ("fhir", "signals")}
        self.site.config["keys"] = config["keys"]  # some ids are made with them
        self.site.adapter().env.update(ENVIRONMENT)
        self.site.start("acute")
        self.callers = {port: Caller(port) for port in (self.fhir, self.http)}

    def send(self, d):
        """Fills in status and, of an OperationOutcome, issues."""
        signal = not d.is_fhir()
        method, path = ("POST", "/signals") if signal else asked_of(d)
        media = "application/json" if signal else XML if d.xml else JSON
        got = self.callers[self.http if signal else self.fhir].ask(method, path, d.raw, media=media, Accept="*/*" if signal else JSON)
        d.method, d.status, d.issues = method, got.status, []
        if got.status >= 400 and not signal:
            d.issues = got.issues()

    def kept(self, topic):
        return [value for _, value in records.rows(self.site, "acute", topic)]

    def close(self):
        for caller in self.callers.values():
            caller.close()
        self.site.close()


def through_the_door(documents):
    """Sends all of them; returns what is wrong with what came of it."""
    intake = Intake()
    try:
        for d in documents:
            intake.send(d)
        raws = intake.kept("flow.messages")
        events = [json.loads(v) for v in intake.kept("flow.reported")]
    finally:
        intake.close()
    faults = [f"{d.name}: {d.verdict}, and {d.status} over HTTP" for d in documents if not agree(d)]
    taken = [d.raw for d in documents if d.status < 300]
    if raws != taken:
        faults.append(f"{len(taken)} documents were taken, {len(raws)} stand in flow.messages, or they are not the bytes that were sent")
    both = [sorted(e["id"] for e in es) for es in (events, [e for d in documents for e in d.events if d.status < 300])]
    if both[0] != both[1]:
        faults.append(f"events over HTTP are not those of weir translate: {[i for i in both[0] + both[1] if (i in both[0]) != (i in both[1])][:5]}")
    return faults


def agree(d):
    """Whether the answer is what the translation asks for."""
    if d.verdict == "refused":
        return d.status in (400, 422) and (d.issues or not d.is_fhir())
    if d.verdict == "unmapped" and d.status == 404:
        return d.what in NOT_TAKEN and d.issues == ["not-supported"]
    return d.status in (200, 201, 204)


def collect(weir, validators):
    """All documents, and what is wrong."""
    documents = of_others()
    for d in documents:
        d.what = name_of(d)
    for source in ("fhir", "signals"):
        translate([d for d in documents if d.is_fhir() == (source == "fhir")], source, weir)
    faults = [f"{d.name}: {e['type']}: {x.json_path}: {x.message}" for d in documents for e in d.events
              for x in validators[e["type"]].iter_errors(e)]
    return documents, faults + through_the_door(documents)


def table(documents):
    groups = collections.defaultdict(list)
    for d in documents:
        groups[d.what, "XML" if d.xml else "JSON"].append(d)
    out = "| what | form | files | HTTP | events |\n|---|---|---|---|---|\n"
    for (what, form), mine in sorted(groups.items()):
        answers = collections.Counter(f"{d.method} {d.status}" for d in mine)
        types = collections.Counter(e["type"] for d in mine for e in d.events)
        out += (f"| {what} | {form} | {len(mine)} | {', '.join(f'{a} ({n})' if len(answers) > 1 else a for a, n in sorted(answers.items()))} | "
                f"{', '.join(f'{t} {n}' for t, n in sorted(types.items()))} |\n")
    return out


def rows(documents, verdict, head, cells):
    out = f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
    for d in documents:
        if d.verdict == verdict:
            out += f"| {' | '.join(cells(d))} |\n"
    return out


def refused(d):
    standard = next((where for words, where in STANDARD if words in d.why), None)
    if not standard:
        raise SystemExit(f"{d.name}: {d.why}: STANDARD does not say by which rule")
    return d.name, d.what, f"{d.method} {d.status}", d.why, standard


def nothing(d):
    why = next((why for test, why in NOTHING if test(d)), None)
    if not why:
        raise SystemExit(f"{d.name}: says nothing, and NOTHING does not say why")
    return d.name, d.what, why


def not_taken(documents):
    out = "| type | files | HTTP | what it is about |\n|---|---|---|---|\n"
    groups = collections.defaultdict(list)
    for d in documents:
        if d.verdict == "unmapped":
            groups[re.search(r"no map for trigger (\w*)", d.why)[1]].append(d)
    for kind, mine in sorted(groups.items()):
        if kind not in NOT_TAKEN:
            raise SystemExit(f"{kind}: no map, and NOT_TAKEN does not say why: {mine[0].name}")
        answers = collections.Counter(f"{d.method} {d.status}" for d in mine)
        out += f"| {kind} | {len(mine)} | {', '.join(f'{a} ({n})' for a, n in sorted(answers.items()))} | {NOT_TAKEN[kind]} |\n"
    return out


def doubts(documents):
    count = collections.Counter(q for d in documents for q in {q for e in d.events for q in e["data"].get("quality", [])})
    return "| doubt | documents |\n|---|---|\n" + "".join(f"| {q} | {n} |\n" for q, n in sorted(count.items(), key=lambda i: (-i[1], i[0])))


def section(documents):
    count = collections.Counter(d.verdict for d in documents)
    return f"""{HEAD}
Of {len(documents)} documents {count['events']} became {sum(len(d.events) for d in documents)} events, all valid by `schemas/`; {count['nothing']} say nothing about flow, {count['unmapped']} are of a type
without a map, {count['refused']} were refused. Over HTTP {sum(d.status < 300 for d in documents)} were taken, {sum(d.status == 404 for d in documents)} are of a type that the port does not have (404, FHIR R4 §3.1.0.8), {sum(d.status in (400, 422) for d in documents)} were refused.

### By what is sent
{table(documents)}
### Refused, and by which rule
{rows(documents, "refused", ("file", "what", "HTTP", "why", "rule"), refused)}
### Nothing about flow, and why not
{rows(documents, "nothing", ("file", "what", "why"), nothing)}
### Types without a map
A type that stands in `resources` of the source, or comes within a Bundle, is kept, acknowledged and counted; others are 404.

{not_taken(documents)}
### Doubts of these events
{doubts(documents)}"""
