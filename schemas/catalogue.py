"""The catalogue as the generators of this folder read it: types, schemas, fields and code tables."""

import csv
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
MARKS = ("x-personal", "x-identifies", "x-whereabouts")
BY = {"adapter": "an adapter (from one message)", "journey": "the journey (from what it knows)"}
FROM = {"hl7v2": "HL7 v2", "fhir": "FHIR and national signals", "other": "Extracts and others", "journey": "The journey"}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


class Field:
    """A leaf of the event, or a list."""

    def __init__(self, path, node, marks, codes):
        self.path = path
        self.description = node["description"]
        self.marks = marks
        self.codes = codes
        self.choices = node.get("enum")
        self.kind = kind_of(node)


def kind_of(node):
    if "x-kind" in node:
        return node["x-kind"]
    kinds = node["type"] if isinstance(node.get("type"), list) else [node.get("type")]
    if kinds == ["array"]:
        return "list of " + ("strings" if node["items"].get("type") == "string" else "objects")
    return next(k for k in kinds if k != "null")


class Catalogue:
    def __init__(self, root=HERE):
        self.root = Path(root)
        self.event = load(self.root / "event.schema.json")
        doc = load(self.root / "types.json")
        self.groups = [(g["group"], g["title"]) for g in doc["groups"]]
        self.types = doc["types"]
        self.schemas = {t["type"]: load(self.root / "events" / f"{t['type']}.schema.json") for t in self.types}
        self.fields = {}
        self.coded = {}  # a code in three leaves, as one field
        self.walk(self.event, "", frozenset(), None)

    def resolve(self, node):
        if "$ref" not in node:
            return node
        target = self.event["$defs"][node["$ref"].removeprefix("#/$defs/")]
        return {**target, **{k: v for k, v in node.items() if k not in ("$ref", "properties")}}

    def walk(self, node, path, marks, codes):
        for name, child in node["properties"].items():
            child_codes = child.get("x-codes", codes if name == "code" else None)
            child = self.resolve(child)
            own = marks | {k for k in MARKS if child.get(k)}
            at = f"{path}.{name}" if path else name
            if child.get("type") == "object":
                if set(child["properties"]) == {"raw", "code", "system"}:
                    self.coded[at] = Field(at, {**child, "type": "code"}, own, child_codes)
                self.walk(child, at, own, child_codes)
                continue
            self.fields[at] = Field(at, child, own, child_codes)
            if child.get("type") == "array" and self.resolve(child["items"]).get("type") == "object":
                self.walk(self.resolve(child["items"]), at, own, None)

    def title(self, group):
        return dict(self.groups)[group]

    def required(self, name):
        """Paths that the type needs beyond what every event does; an object stands for one of its leaves."""
        return list(leaves("data", self.schemas[name]["properties"].get("data", {})))

    def shown(self, name):
        """The fields of its example, and all that it needs, in the order of the schema."""
        paths = set(self.leaves_of(self.schemas[name]["examples"][0], ""))
        paths |= {p for p in self.required(name) if p in self.fields}
        return self.folded(paths)

    def below(self, path):
        return self.folded({p for p in self.fields if p.startswith(path + ".")})

    def folded(self, paths):
        """The fields of these paths; of a code's three leaves one."""
        found = {}
        for path, field in self.fields.items():
            if path in paths:
                field = self.coded.get(path.rpartition(".")[0], field)
                found[field.path] = field
        return list(found.values())

    def leaves_of(self, value, path):
        if path in self.fields:
            yield path
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from self.leaves_of(item, path)
        elif isinstance(value, dict):
            for name, child in value.items():
                yield from self.leaves_of(child, f"{path}.{name}" if path else name)

    def masked(self, value, path=""):
        """As `weir tail --json` shows it to somebody who may not see who it is."""
        if isinstance(value, dict):
            return {k: self.masked(v, f"{path}.{k}" if path else k) for k, v in value.items()}
        if isinstance(value, list) and any(isinstance(v, dict) for v in value):
            return [self.masked(v, path) for v in value]
        return "***" if "x-personal" in self.fields[path].marks else value


def leaves(path, node):
    for name in node.get("required", []):
        deeper = list(leaves(f"{path}.{name}", node.get("properties", {}).get(name, {})))
        yield from deeper or [f"{path}.{name}"]


def code_tables(root=HERE):
    """Name and rows of each, in the order of their names."""
    for path in sorted((Path(root) / "codes").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as f:
            yield path.stem, list(csv.DictReader(f))


def write_or_compare(pages, folder, check, says):
    """Writes the pages, {name: text}, of a folder that holds no others; with check, returns what differs."""
    folder = Path(folder)
    there = {p.name for p in folder.glob("*")} if folder.is_dir() else set()
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name in there - set(pages):
            (folder / name).unlink()
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
        return []
    stale = sorted(there - set(pages))
    stale += [n for n, text in pages.items()
              if n not in there or (folder / n).read_text(encoding="utf-8") != text]
    return [f"{folder / n} is not current: {says}" for n in stale]
