#!/usr/bin/env python3
"""Writes docs/events/ (a page for each type of the catalogue, an index, the code tables) and schemas/asyncapi.json.

generate_pages.py [--check]

--check writes nothing, says which of them are not what the catalogue makes of them, and exits 1.
"""

import json
import sys

sys.dont_write_bytecode = True  # a build leaves nothing in the sources
import asyncapi  # noqa: E402
from catalogue import BY, FROM, HERE, Catalogue, code_tables, load, write_or_compare  # noqa: E402

DOCS = HERE.parent / "docs" / "events"
ENVELOPE = ("specversion", "id", "type", "source", "subject", "time", "datacontenttype", "dataschema", "recordedtime",
            "data.recorded_at", "data.sent_at", "data.published_at", "data.sector", "data.provider", "data.site")
WHO = tuple(f"data.patient.{n}" for n in ("nhs_number", "nhs_number_status", "ids", "family", "given", "birth_date", "gender",
                                          "ethnic_category", "postcode", "gp_practice"))

INDEX = """# Events: the catalogue
Written by `schemas/generate_pages.py` from [schemas/](../../schemas/README.md); a test fails when these pages and the schemas differ. On the
command line: `weir events list`, `weir events show TYPE`. As one AsyncAPI document, topics and keys included:
[schemas/asyncapi.json](../../schemas/asyncapi.json).

An event is [CloudEvents 1.0](https://cloudevents.io) JSON in structured mode. An *adapter* makes one of what a single message says; the *journey* drops
repeats, adds what only history can tell, and derives further events, which name their causes in `data.derived_from`. Each type has a JSON Schema
(2020-12) with an example. Readers must accept members that they do not know: fields are added, never changed or removed, within a major
version. The pages say what each type is to be made of; how far this weir is built says the [README](../../README.md#what-it-does-not-do-yet).

**Who may read what.** `flow.events` holds everything, for weir and for those who may see everything. A route gives what it keeps, and its readers get
no more. The last column of the tables says what a route has to keep for a field:

| who gets it | means |
|---|---|
| all | every route |
| demographics | tells about the patient and finds nobody: routes that keep `demographics`, `identifiers`, `all` or its path |
| identifiers | finds the patient or a person: routes with `identifiers: true` that keep `identifiers`, `all` or its path |
| its path | routes that name exactly this (Mental Health Act) |
| …, hidden | and not of a restricted patient, unless the route says `restricted: true` |

"""

CODES_HEAD = """# Code tables
Written by `schemas/generate_pages.py` from `schemas/codes/`. A map says which table a field is of; a code in no table flows all the same, raw, flagged
`unmapped_code:<field>`, and `weir codes --unknown` counts it. What a site or source does otherwise is said in its own config (`tables:`), never here.
`weir codes show TABLE` prints the rows.

*Unchecked* rows are of memory or judgement (their source says so), or from one place that could not be compared with another: a site that relies on one
looks it up first.

| table | rows | unchecked | what it is of | sources, as of |
|---|---|---|---|---|
"""


def who(field):
    if field.path.startswith("data.care.legal_status"):
        text = "its path"
    elif "x-identifies" in field.marks:
        text = "identifiers"
    elif "x-personal" in field.marks:
        text = "demographics"
    else:
        text = "all"
    return text + (", hidden" if "x-whereabouts" in field.marks else "")


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def values(field):
    if field.codes:
        return f"code of [{field.codes}](codes.md#{field.codes})"
    if field.choices:
        return ", ".join(f"`{c}`" for c in field.choices)
    return {"time": "instant or date", "string": "text", "code": "raw, code, system"}.get(field.kind, field.kind)


def about(field, paths):
    return any(field.path == p or field.path.startswith(p + ".") for p in paths)


def field_rows(fields, needed=()):
    out = ["| field | what | values | who gets it |", "|---|---|---|---|"]
    for f in fields:
        mark = " **needed**" if f.path in needed else ""
        out.append(f"| `{f.path}`{mark} | {cell(f.description)} | {values(f)} | {who(f)} |")
    return out


def produced(row):
    out = []
    for key, name in FROM.items():
        if key in row["from"]:
            adds = " adds" if key == "journey" and "journey" not in row["by"] else ""
            out.append(f"- *{name}{adds}:* {row['from'][key]}")
    return out


def page(catalogue, row):
    name = row["type"]
    needed = catalogue.required(name)
    own = [f for f in catalogue.shown(name) if not about(f, ENVELOPE + ("data.origin", "data.quality"))
           and (row["group"] == "person" or not about(f, WHO))]
    out = [f"# {name}", row["description"], "",
           f"Made by {' and '.join(BY[b] for b in row['by'])}. [{catalogue.title(row['group'])}](README.md#{row['group']}), "
           f"[schema](../../schemas/events/{name}.schema.json).", ""]
    if row.get("sender"):
        out += ["**No known sender.** No system is known that sends this; the type is here so that one that does needs a map and nothing else.", ""]
    out += ["## What produces it", *produced(row), "", "## Fields"]
    if needed:
        out += ["Needed on `flow.events`: " + ", ".join(f"`{n}`" for n in needed) + ".", ""]
    out += ["What an event of this type says as a rule, beside what [every event](README.md#every-event) does and [who](README.md#who) it is about. Any other",
            "field of the [schema](../../schemas/event.schema.json) may stand there too.", "", *field_rows(own, needed), "", "## Example",
            "As `weir tail --json` shows it: who the patient is, is masked.", "", "```json",
            json.dumps(catalogue.masked(catalogue.schemas[name]["examples"][0]), indent=2, ensure_ascii=False), "```", ""]
    return "\n".join(out)


def doubts():
    out = ["## Doubts", "What is doubtful in an event stands in `data.quality`, and is never a reason to lose it. A map, or a site's configuration, can add words of its own.",
           "", "| word | what | who says so |", "|---|---|---|"]
    return out + [f"| `{w['word']}` | {cell(w['description'])} | {w['by']} |" for w in load(HERE / "quality.json")["words"]] + [""]


def index(catalogue):
    every = [f for f in catalogue.fields.values() if about(f, ENVELOPE + ("data.origin", "data.quality"))]
    out = [INDEX + "## Every event", *field_rows(every), "", "## Who", "Of an event that is about a patient, as far as its source says it.", "",
           *field_rows(catalogue.below("data.patient")), ""]
    out += doubts()
    for group, title in catalogue.groups:
        rows = [t for t in catalogue.types if t["group"] == group]
        out += [f'<a id="{group}"></a>', "", f"## {title}", "| type | what | made by | sender |", "|---|---|---|---|"]
        out += [f"| [{t['type']}]({t['type']}.md) | {cell(t['description'])} | {', '.join(t['by'])} | {t.get('sender', '')} |" for t in rows]
        out.append("")
    return "\n".join(out)


def sources(rows):
    found = {}
    for r in rows:
        found.setdefault((r["source"], r["as_of"]), 0)
    return "; ".join(f"{s}, {a}" for s, a in found)


def unchecked(row):
    return row["source"].startswith(("memory", "judgement"))


def codes(catalogue):
    used = {}
    for f in catalogue.fields.values():
        if f.codes:
            used.setdefault(f.codes, []).append(f.path.removesuffix(".code"))
    out = [CODES_HEAD.rstrip("\n")]
    for name, rows in code_tables():
        of = ", ".join(f"`{p}`" for p in used.get(name, []))
        out.append(f'| <a id="{name}"></a>`{name}` | {len(rows)} | {sum(map(unchecked, rows)) or ""} | {of} | {cell(sources(rows))} |')
    return "\n".join(out) + "\n"


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    catalogue = Catalogue()
    pages = {f"{t['type']}.md": page(catalogue, t) for t in catalogue.types}
    pages |= {"README.md": index(catalogue), "codes.md": codes(catalogue)}
    stale = write_or_compare(pages, DOCS, check, "run schemas/generate_pages.py")
    stale += asyncapi.write_or_compare(catalogue, check)
    for text in stale:
        print(text, file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
