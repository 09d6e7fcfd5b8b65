#!/usr/bin/env python3
"""Writes the catalogue as C, for `weir events`: what each type means, its fields, an example.

generate_catalogue.py OUT_SOURCE OUT_DEPFILE
"""

import json
import sys

sys.dont_write_bytecode = True  # a build leaves nothing in the sources
from catalogue import FROM, HERE, Catalogue  # noqa: E402


def c_text(text):
    """A literal, or NULL; text that is not ASCII goes in as the bytes of UTF-8."""
    if not text:
        return "NULL"
    out = []
    for b in text.encode("utf-8"):
        c = chr(b)
        out.append(f"\\{c}" if c in '"\\' else c if 32 <= b < 127 else f"\\{b:03o}")
    return f'"{"".join(out)}"'


def info(catalogue, row):
    name = row["type"]
    made = [c_text(row["from"].get(key)) for key in FROM]
    by = " | ".join(f"EVENT_BY_{b.upper()}" for b in row["by"])
    example = json.dumps(catalogue.schemas[name]["examples"][0], ensure_ascii=False, separators=(",", ":"))
    cells = [c_text(name), c_text(row["group"]), c_text(catalogue.title(row["group"])), c_text(row["description"]),
             by, c_text(row.get("sender")), "{" + ", ".join(made) + "}", c_text(" ".join(catalogue.required(name))),
             c_text(" ".join(f.path for f in catalogue.shown(name))), c_text(example)]
    return "    {" + ", ".join(cells) + "},\n"


def main():
    catalogue = Catalogue()
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write("/* Made by schemas/generate_catalogue.py from schemas/: change that. */\n#include \"event_catalogue.h\"\n\n")
        out.write("const struct event_info event_catalogue[] = {\n")
        for row in catalogue.types:
            out.write(info(catalogue, row))
        out.write(f"}};\nconst unsigned event_catalogue_n = {len(catalogue.types)};\n\n")
        fields = {**catalogue.fields, **catalogue.coded}
        out.write("const struct event_words event_words[] = {\n")
        for path in sorted(fields):
            out.write(f"    {{{c_text(path)}, {c_text(fields[path].description)}}},\n")
        out.write(f"}};\nconst unsigned event_words_n = {len(fields)};\n")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        read = [HERE / "catalogue.py", HERE / "types.json", HERE / "event.schema.json", *sorted((HERE / "events").iterdir())]
        out.write(f"{sys.argv[1]}: {' '.join(map(str, read))}\n")


if __name__ == "__main__":
    main()
