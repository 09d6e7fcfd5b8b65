#!/usr/bin/env python3
"""Writes the C tables of the flow event from its schema.

generate.py SCHEMAS_DIR OUT_HEADER OUT_SOURCE

event_fields.h numbers every field in the order of the schema; event_fields.c holds the field
table, the objects that fields stand in, an index from (object, member name) to either, and the
names of the catalogue. Whatever in the schema has no place in C is refused, so that a schema that
builds is one that writer, reader, rules and maps follow.
"""

import json
import re
import sys
from pathlib import Path

FLAGS = ("x-personal", "x-identifies", "x-whereabouts")
KINDS = {"time": "EVENT_TIME", "date": "EVENT_DATE"}
TYPES = {"string": "EVENT_STRING", "integer": "EVENT_INT", "boolean": "EVENT_BOOL"}
INDEX_BITS = 10
MASK = (1 << 64) - 1


class Table:
    """Fields and objects in the order in which they are written."""

    def __init__(self, schema, codes):
        self.schema = schema
        self.codes = codes
        self.fields = []
        self.objects = [{"path": "", "name": "", "parent": 0, "depth": 0}]
        self.members = []
        self.walk_object(schema, "", 0, frozenset(), -1)

    def resolve(self, node, path):
        """What node says, with what it refers to, and its flags."""
        own = {k for k in node if k.startswith("x-")}
        if not own <= {"x-kind", "x-codes", *FLAGS}:
            sys.exit(f"{path}: unknown keyword among {sorted(own)}")
        flags = {k for k in FLAGS if node.get(k)}
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            if name not in self.schema["$defs"]:
                sys.exit(f"{path}: no definition {node['$ref']}")
            narrower = node.get("properties", {})
            node = self.schema["$defs"][name]
            flags |= {k for k in FLAGS if node.get(k)}
            if narrower:
                node = {**node, "properties": {k: {**v, **narrower.get(k, {})} for k, v in node["properties"].items()}}
        return node, flags

    def walk_object(self, node, path, number, flags, items, codes=None):
        first = len(self.fields)
        if codes and "code" not in node["properties"]:
            sys.exit(f"{path}: x-codes on what has no code")
        for name, child in node["properties"].items():
            if not re.fullmatch("[a-z][a-z0-9_]*", name):
                sys.exit(f"{path}: member {name!r} is no lower-case name")
            self.walk(child, path, name, number, flags, items, codes if name == "code" else None)
        self.objects[number].update(first=first, end=len(self.fields))

    def kind_of(self, node):
        """The type beside null, and whether null is one of them."""
        kinds = node["type"] if isinstance(node.get("type"), list) else [node.get("type")]
        kinds += [n.get("type") for n in node.get("anyOf", []) if n.get("type") == "null"]
        others = [k for k in kinds if k != "null"]
        return (others[0] if len(others) == 1 else None), "null" in kinds

    def walk(self, node, parent_path, name, parent, flags, items, codes=None):
        path = f"{parent_path}.{name}" if parent_path else name
        codes = node.get("x-codes", codes)
        node, own = self.resolve(node, path)
        flags = flags | own
        kind, nullable = self.kind_of(node)
        if kind == "object":
            if items >= 0:
                sys.exit(f"{path}: an object within an item has no place in C")
            self.members.append((parent, name, -1 - self.add_object(path, name, parent)))
            self.walk_object(node, path, len(self.objects) - 1, flags, -1, codes)
        elif kind == "array":
            if items >= 0:
                sys.exit(f"{path}: a list within an item has no place in C")
            self.walk_list(node, path, name, parent, flags)
        elif kind in TYPES or "x-kind" in node:
            c_kind = KINDS[node["x-kind"]] if "x-kind" in node else TYPES[kind]
            if nullable and items >= 0:
                sys.exit(f"{path}: null within an item has no place in C")
            self.add_field(path, name, parent, c_kind, flags, items, codes, nullable, node.get("enum"))
        else:
            sys.exit(f"{path}: type {kind!r} has no place in C")

    def walk_list(self, node, path, name, parent, flags):
        child, own = self.resolve(node["items"], path)
        if child.get("type") == "string":
            self.add_field(path, name, parent, "EVENT_STRINGS", flags | own, -1)
            return
        if child.get("type") != "object":
            sys.exit(f"{path}: a list is of strings or of objects")
        number = len(self.fields)
        self.add_field(path, name, parent, "EVENT_ITEMS", flags | own, -1)
        self.fields[number]["object"] = self.add_object(path, name, parent)
        self.walk_object(child, path, self.fields[number]["object"], flags | own, number)

    def add_object(self, path, name, parent):
        depth = self.objects[parent]["depth"] + 1
        self.objects.append({"path": path, "name": name, "parent": parent, "depth": depth})
        return len(self.objects) - 1

    def add_field(self, path, name, parent, kind, flags, items, codes=None, nullable=False, choices=None):
        if choices and (kind != "EVENT_STRING" or any(not re.fullmatch("[a-z0-9_-]+", c) for c in choices)):
            sys.exit(f"{path}: an enum is of words")
        if codes and not (self.codes / f"{codes}.csv").is_file():
            sys.exit(f"{path}: there is no code table {codes}")
        self.members.append((parent, name, len(self.fields)))
        self.fields.append({"path": path, "name": name, "parent": parent, "kind": kind,
                            "flags": flags, "items": items, "object": 0,
                            "codes": codes, "nullable": nullable, "choices": choices})


def load(text, at, n):
    return int.from_bytes(text[at:at + n], "little")


def member_hash(parent, name):
    """The same as member_hash in event_field.c."""
    text = name.encode()
    n = len(text)
    if n >= 8:
        head, tail = load(text, 0, 8), load(text, n - 8, 8)
    elif n >= 4:
        head, tail = load(text, 0, 4), load(text, n - 4, 4)
    elif n:
        head, tail = text[0], text[n // 2] << 8 | text[n - 1]
    else:
        head = tail = 0
    h = (head * 0x9E3779B97F4A7C15) & MASK
    h ^= h >> 32
    h = ((h ^ tail ^ (parent << 8) ^ n) * 0xD6E8FEB86659FD93) & MASK
    return h >> (64 - INDEX_BITS)


def member_index(members):
    size = 1 << INDEX_BITS
    if len(members) * 2 > size:
        sys.exit("raise INDEX_BITS here and in event_field.c: the member index is over half full")
    index = [0] * size
    for number, (parent, name, _) in enumerate(members):
        at = member_hash(parent, name)
        while index[at]:
            at = (at + 1) % size
        index[at] = number + 1
    return index


def enum_name(path):
    return "EV_" + path.upper().replace(".", "_")


def write_header(table, types, out):
    out.write("/* Made by schemas/generate.py from schemas/event.schema.json: change that. */\n"
              "#ifndef WEIR_EVENT_FIELDS_H\n#define WEIR_EVENT_FIELDS_H\n\nenum event_field_id {\n")
    for f in table.fields:
        out.write(f"    {enum_name(f['path'])},\n")
    out.write("    EVENT_NFIELDS\n};\n\n")
    out.write(f"enum {{ EVENT_NOBJECTS = {len(table.objects)}, EVENT_NTYPES = {len(types)} }};\n\n")
    out.write("/* Id of the schema of all events, for dataschema. */\n"
              f"#define EVENT_CATALOGUE \"{table.schema['$id']}\"\n\n#endif\n")


def c_slice(text):
    return f"{{\"{text}\", {len(text)}}}"


def c_key(name):
    """A member's name as JSON text."""
    return f"{{\"\\\"{name}\\\"\", {len(name) + 2}}}"


def c_bool(value):
    return "true" if value else "false"


def write_source(table, types, out):
    out.write("/* Made by schemas/generate.py from schemas/event.schema.json: change that. */\n"
              "#include \"event.h\"\n#include \"event_table.h\"\n\n")
    out.write("const struct event_field event_fields[] = {\n")
    for f in table.fields:
        marks = ", ".join(c_bool(flag in f["flags"]) for flag in FLAGS)
        marks = ", ".join(c_bool(m) for m in [*(flag in f["flags"] for flag in FLAGS), f["nullable"]])
        codes = f"\"{f['codes']}\"" if f["codes"] else "NULL"
        choices = f"\"{' '.join(f['choices'])}\"" if f["choices"] else "NULL"
        out.write(f"    {{\"{f['path']}\", {f['kind']}, {f['items']}, {marks}, {codes}, {choices}}},\n")
    out.write("};\nconst unsigned event_nfields = EVENT_NFIELDS;\n\n")
    out.write("const struct event_place event_places[] = {\n")
    for f in table.fields:
        out.write(f"    {{{c_key(f['name'])}, {f['parent']}, {f['object']}}},\n")
    out.write("};\n\nconst struct event_object event_objects[] = {\n")
    for o in table.objects:
        out.write(f"    {{\"{o['path']}\", {c_key(o['name'])}, {o['parent']}, {o['depth']}, "
                  f"{o['first']}, {o['end']}}},\n")
    out.write("};\n\nconst struct event_member event_members[] = {\n")
    for parent, name, target in table.members:
        out.write(f"    {{{c_slice(name)}, {parent}, {target}}},\n")
    out.write("};\n\nconst uint16_t event_member_index[] = {\n")
    index = member_index(table.members)
    for at in range(0, len(index), 16):
        out.write("    " + ", ".join(map(str, index[at:at + 16])) + ",\n")
    out.write("};\n\nconst char *const event_types[] = {\n")
    for name in types:
        out.write(f"    \"{name}\",\n")
    out.write("};\n")


def main():
    schemas, header, source = sys.argv[1:]
    with open(Path(schemas) / "event.schema.json", encoding="utf-8") as f:
        table = Table(json.load(f), Path(schemas) / "codes")
    with open(Path(schemas) / "types.json", encoding="utf-8") as f:
        types = sorted(row["type"] for row in json.load(f)["types"])
    if len(set(types)) != len(types):
        sys.exit("types.json: a type is there twice")
    with open(header, "w", encoding="utf-8") as out:
        write_header(table, types, out)
    with open(source, "w", encoding="utf-8") as out:
        write_source(table, types, out)


main()
