"""docs/events/ and schemas/asyncapi.json are what schemas/ makes of them, and the catalogue has every type there is to be."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TOP, "schemas"))
import catalogue  # noqa: E402

SCRIPT = os.path.join(TOP, "schemas", "generate_pages.py")
PAGES = os.path.join(TOP, "docs", "events")
CODES = os.path.join(TOP, "..", "shared", "domain", "codes.md")  # nor is this
WANTED = os.path.join(TOP, "..", "shared", "domain", "events.md")  # not part of the repository


def types():
    with open(os.path.join(TOP, "schemas", "types.json"), encoding="utf-8") as f:
        return {t["type"]: t for t in json.load(f)["types"]}


def read(name):
    with open(os.path.join(PAGES, name), encoding="utf-8") as f:
        return f.read()


def names_of(text):
    """The types of a first column such as "mha.detention_started / ended / renewed (note)"."""
    names = re.sub(r"\(.*?\)", "", text).replace("*", "").split("/")
    first = names[0].strip()
    family, _, rest = first.partition(".")
    for name in (n.strip() for n in names):
        if "." in name:
            yield name
        elif "_" in name or "_" not in rest:
            yield f"{family}.{name}"
        else:
            yield f"{family}.{rest.rpartition('_')[0]}_{name}"


def wanted():
    """Type, by, whole row: section 3 of what the catalogue was made from."""
    with open(WANTED, encoding="utf-8") as f:
        text = f.read().partition("\n## 3 ")[2].partition("\n## 4 ")[0]
    for row in re.findall(r"^\| ?([a-z_]+\..*)\|$", text, re.M):
        cells = [c.strip() for c in row.split(" | ")]
        for name in names_of(cells[0]):
            yield name, cells[1], row


class Catalogue(unittest.TestCase):
    def test_pages_and_asyncapi_document_are_current(self):
        done = subprocess.run([sys.executable, "-B", SCRIPT, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_page_that_is_not_current_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            pages = {"a.md": "A\n", "b.md": "B\n"}
            self.assertEqual(len(catalogue.write_or_compare(pages, folder, True, "x")), 2)
            catalogue.write_or_compare(pages, folder, False, "x")
            self.assertEqual(catalogue.write_or_compare(pages, folder, True, "x"), [])
            found = catalogue.write_or_compare({"a.md": "other\n"}, folder, True, "run it")
            self.assertEqual(len(found), 2)
            self.assertIn("run it", found[0])

    def test_every_type_has_a_page_that_the_index_names(self):
        index = read("README.md")
        for name, row in types().items():
            text = read(f"{name}.md")
            self.assertIn(f"]({name}.md)", index)
            for part in ("## What produces it\n- ", "## Fields", "| who gets it |", "## Example"):
                self.assertIn(part, text, name)
            self.assertEqual("No known sender" in text, "sender" in row, name)
        self.assertGreater(sum("sender" in r for r in types().values()), 10)

    def test_no_page_says_who_a_patient_is(self):
        for name in types():
            text = read(f"{name}.md")
            self.assertNotRegex(text, r'"(nhs_number|family|birth_date)": "[^*]', name)
            self.assertNotRegex(text, r"999\d{7}", name)

    @unittest.skipUnless(os.path.exists(WANTED), "the facts that the catalogue was made from are not here")
    def test_the_catalogue_is_what_is_wanted(self):
        have, rows = types(), list(wanted())
        self.assertGreater(len(rows), 120)
        self.assertEqual(set(have) - {n for n, _, _ in rows}, {"event.retracted"})
        self.assertEqual({n for n, _, _ in rows} - set(have), set())
        for name, by, row in rows:
            self.assertEqual("adapter" in have[name]["by"], bool(re.search(r"\bA\b", by)), name)
            if re.search(r"(^|; )J\b", by):
                self.assertIn("journey", have[name]["by"], name)
            if "(gap" in row:
                self.assertIn("sender", have[name], name)


def words_made():
    """Words of data.quality that C code and shipped maps make, as far as the colon."""
    for folder, _, names in os.walk(TOP):
        if os.path.relpath(folder, TOP).split(os.sep)[0] not in ("lib", "adapters", "broker"):
            continue
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                text = f.read()
            if name.endswith(".c"):
                yield from re.findall(r'(?:map_run_flag\(\w+,|EV_DATA_QUALITY,)\s*(?:SLICE\(|arena_printf\([^,]*,\s*)"([a-zA-Z0-9_]+)', text)
            elif name.endswith(".yaml"):
                yield from re.findall(r"\b(?:flag|invalid): *([a-zA-Z0-9_]+)", text)
                yield from re.findall(r"^  ([a-z_]+):", text.partition("\nflags:")[2].partition("\n\n")[0], re.M)


class Doubts(unittest.TestCase):
    def test_every_word_that_is_made_is_explained(self):
        with open(os.path.join(TOP, "schemas", "quality.json"), encoding="utf-8") as f:
            words = [w["word"].partition(":")[0] for w in json.load(f)["words"]]
        made = set(words_made())
        starts = tuple(w.partition("<")[0] for w in words if "<" in w)
        self.assertEqual(len(words), len(set(words)))
        self.assertGreater(len(made), 20)
        self.assertEqual({w for w in made - set(words) if not w.startswith(starts)}, set(), "schemas/quality.json does not explain them")


class Codes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tables = dict(catalogue.code_tables())

    def coded(self, value, path, fields):
        """Path, table and value of each code of an event."""
        if isinstance(value, dict):
            field = fields.coded.get(path)
            if field and field.codes:
                yield path, field.codes, value
            for name, child in value.items():
                yield from self.coded(child, f"{path}.{name}" if path else name, fields)

    def test_codes_of_the_examples_stand_in_their_tables(self):
        fields, seen = catalogue.Catalogue(), set()
        for name, schema in fields.schemas.items():
            for path, table, value in self.coded(schema["examples"][0], "", fields):
                rows = {(r["raw"], r["code"], r["system"]) for r in self.tables[table]}
                self.assertIn((value["raw"], value["code"], value["system"]), rows, f"{name}: {path}")
                seen.add(table)
        self.assertGreater(len(seen), 12)

    def test_each_row_says_where_from_and_when(self):
        for name, rows in self.tables.items():
            for row in rows:
                self.assertRegex(row["as_of"], r"^\d{4}(-\d\d(-\d\d)?)?$", f"{name}: {row['raw']}")
                self.assertTrue(row["source"] and row["label"], f"{name}: {row['raw']}")

    @unittest.skipUnless(os.path.exists(CODES), "the facts that the tables were made from are not here")
    def test_what_is_known_stands_in_a_table(self):
        with open(CODES, encoding="utf-8") as f:
            text = f.read()
        text = text.partition("\n### 2.9 ")[0] + text.partition("\n### 2.11 ")[2]
        known = {r["raw"] for rows in self.tables.values() for r in rows}
        told = set(re.findall(r"(?<![\w-])(\d{8,18}|A\d\d|a[1-6]t\d|time-[a-z-]+[a-z]|clock-[a-z-]+time|pds-[a-z-]+-\d|nhs-number-[a-z-]+-\d|IFT\d|HCP\d)(?![\w-])", text))
        told -= {"A46"}  # not used in the UK
        self.assertGreater(len(told), 120)
        self.assertEqual(told - known, set())


if __name__ == "__main__":
    unittest.main()
