#!/usr/bin/env python3
"""Writes the code tables as C.

generate_codes.py OUT_SOURCE TITLES.json TABLE.csv …

Each row of a table gives a raw code as it may be sent, the code it means, the system of that code,
a group for rules and maps, a label for people, and where and when this was stated. TITLES.json says what each table is of. Raw codes are
sorted without regard to case, for the binary search in code_table.c.
"""

import csv
import json
import sys
from pathlib import Path

COLUMNS = ["raw", "code", "system", "group", "label", "source", "as_of"]


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        if reader.fieldnames != COLUMNS:
            sys.exit(f"{path}: the columns are {', '.join(COLUMNS)}")
        rows = list(reader)
    for row in rows:
        if not row["raw"] or not row["source"] or not row["as_of"] or not row["label"]:
            sys.exit(f"{path}: raw, label, source and as_of are never empty: {row}")
        if bool(row["code"]) != bool(row["system"]):
            sys.exit(f"{path}: code and system go together: {row}")
    rows.sort(key=lambda row: row["raw"].lower())
    for a, b in zip(rows, rows[1:]):
        if a["raw"].lower() == b["raw"].lower():
            sys.exit(f"{path}: {a['raw']} is there twice")
    return rows


def c_text(text):
    if not text.isascii() or not text.isprintable():
        sys.exit(f"{text!r}: only printable ASCII stands in a code table")
    return json.dumps(text)


def c_slice(text):
    return f"{{{c_text(text)}, {len(text)}}}" if text else "{NULL, 0}"


def main():
    with open(sys.argv[2], encoding="utf-8") as f:
        titles = json.load(f)
    tables = {Path(p).stem: read(p) for p in sorted(sys.argv[3:])}
    if set(titles) != set(tables):
        sys.exit(f"{sys.argv[2]} and the tables given differ: {sorted(set(titles) ^ set(tables))}")
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("/* Made by schemas/generate_codes.py from schemas/codes/: change that. */\n"
                  "#include \"code_rows.h\"\n\n")
        for name, rows in tables.items():
            out.write(f"static const struct code {name}[] = {{\n")
            for row in rows:
                cells = ", ".join(c_slice(row[c]) for c in COLUMNS[:5])
                out.write(f"    {{{cells}, {c_text(row['source'])}, {c_text(row['as_of'])}}},\n")
            out.write("};\n\n")
        out.write("const struct code_table code_tables[] = {\n")
        for name, rows in tables.items():
            out.write(f"    {{{c_slice(name)}, {c_text(titles[name])}, {name}, {len(rows)}}},\n")
        out.write(f"}};\nconst unsigned code_ntables = {len(tables)};\n")


main()
