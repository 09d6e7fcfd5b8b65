"""FHIR documents as a parser of another author, HAPI FHIR's, reads them: weir refuses what it cannot read, sees the same trees, and makes
the same events of the JSON and the XML that it writes."""
import copy
import json
import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from fhir_documents import BUILD, Document, of_others, of_the_cases, translate, without_digest
from fhir_peer import hapi


def trees(files):
    """Weir's trees; a text where it refuses."""
    done = subprocess.run([BUILD / "tests" / "corpus" / "fhir_trees", *files], capture_output=True, text=True, check=True)
    return [line if line.startswith("refused") else json.loads(line) for line in done.stdout.split("\n")[:-1]]


def plain(tree):
    """Without narrative, which weir does not read."""
    if isinstance(tree, dict):
        return {k: plain(v) for k, v in tree.items() if k != "div"}
    return [plain(v) for v in tree] if isinstance(tree, list) else tree


def untyped(tree):
    """As weir takes elements that its table of definitions, most of all R4's, does not have: XML does not say which of them repeat, or
    are numbers."""
    if isinstance(tree, dict):
        return {k: untyped(v) for k, v in tree.items()}
    if isinstance(tree, list):
        return untyped(tree[0]) if len(tree) == 1 else [untyped(v) for v in tree]
    return str(tree).lower() if isinstance(tree, (bool, int, float)) else tree


TEXTS = ("a\u00e9\u4e2d", "<&>\"'", "\U0001F600", "]]>", "x" * 300, "&amp;", " before", "%41", "2026-02-30")


def changed(rng, tree):
    """A copy in which something is left out, comes twice, says another thing or has an extension."""
    tree = copy.deepcopy(tree)
    places = [(tree, name) for name in tree if name not in ("resourceType", "meta")]
    for box, name in places:  # grows meanwhile
        inner = box[name]
        if isinstance(inner, dict):
            places += [(inner, n) for n in inner if n not in ("resourceType", "type", "reference", "fullUrl", "url", "method", "extension", "meta")]
        elif isinstance(inner, list):
            places += [(inner, n) for n in range(len(inner))]
    for box, name in rng.sample(places, min(3, len(places))):
        how = rng.randrange(4)
        if isinstance(box, list):
            box.append(copy.deepcopy(box[name]))
        elif how == 0 and len(box) > 1:
            del box[name]
        elif how == 1 and isinstance(box[name], str):
            box[name] = rng.choice(TEXTS)
        elif how == 2 and isinstance(box[name], (str, bool, int)):
            box["_" + name] = {"extension": [{"url": "https://example.org/beside", "valueString": rng.choice(TEXTS)}]}
        elif isinstance(box[name], dict) and "resourceType" not in box[name]:
            box[name]["extension"] = [{"url": "https://example.org/in", "valueDecimal": 1.25}]
    return tree


def made(folder, documents, count):
    """Documents that nobody would write: those given, changed at random."""
    rng = random.Random(14)
    for n in range(count):
        path = Path(folder, f"made-{n}.json")
        path.write_text(json.dumps(changed(rng, rng.choice(documents).tree), ensure_ascii=rng.random() < 0.5), encoding="utf-8")
        yield Document(path, folder)


class Twins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-twins-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cases = of_the_cases()
        cls.documents = of_others() + cases + list(made(cls.folder, [d for d in cases if d.tree and d.release == "R4"], 300))
        cls.said = hapi([(d.release, d.file) for d in cls.documents], cls.folder)
        cls.read = [n for n, said in enumerate(cls.said) if not said.startswith("bad") and not cls.spoilt(n)]

    @classmethod
    def twin(cls, n, form):
        return Path(cls.folder, f"{n}.{form}")

    @classmethod
    def spoilt(cls, n):
        """HAPI FHIR loses the labels of a contained resource and leaves an empty meta, which FHIR does not allow (R4 §2.6.2)."""
        text = cls.twin(n, "json").read_text(encoding="utf-8")
        return "{}" in text

    def test_documents_that_nobody_can_read(self):
        """What HAPI FHIR cannot read is refused by weir. FHIR rows 3 and 12."""
        unread = [d for d, said in zip(self.documents, self.said) if said.startswith("bad")]
        for document, tree in zip(unread, trees([d.file for d in unread])):
            self.assertIsInstance(tree, str, document.name)

    def test_trees(self):
        """Weir's tree of the XML is HAPI FHIR's JSON, element by element. FHIR row 14."""
        xml = trees([self.twin(n, "xml") for n in self.read])
        refused = {n: tree for n, tree in zip(self.read, trees([self.twin(n, "json") for n in self.read])) if isinstance(tree, str)}
        for n, ours in zip(self.read, xml):
            if isinstance(ours, str):  # by a rule of Bundles that HAPI FHIR does not look at
                self.assertEqual(ours, refused.get(n), self.documents[n].name)
                continue
            theirs = json.loads(self.twin(n, "json").read_text(encoding="utf-8"))
            as_defined = self.documents[n].release == "R4" and "MessageDefinition" not in self.documents[n].text
            one, other = (plain(t) if as_defined else untyped(plain(t)) for t in (ours, theirs))
            self.assertEqual(one, other, self.documents[n].name)

    def test_events_of_json_and_xml(self):
        """The same events, to the last id. FHIR row 14."""
        both = [translate([self.twin(n, form) for n in self.read]) for form in ("json", "xml")]
        events = 0
        for n, json_one, xml_one in zip(self.read, *both):
            self.assertEqual(without_digest(json_one), without_digest(xml_one), self.documents[n].name)
            events += len(json_one["events"])
        self.assertGreater(events, 50)

    def test_events_of_what_was_sent(self):
        """Of documents of others and of the cases that are as FHIR defines them, HAPI FHIR's copy makes the same events as what was sent."""
        exact = [n for n in self.read if self.said[n] == "ok" and not self.documents[n].name.startswith("made")]
        self.assertGreater(len(exact), 50)
        sent = translate([self.documents[n].file for n in exact])
        for form in ("json", "xml"):
            for n, first, copy in zip(exact, sent, translate([self.twin(n, form) for n in exact])):
                self.assertEqual(without_digest(dict(first)), without_digest(copy), f"{self.documents[n].name} as {form}")


if __name__ == "__main__":
    unittest.main()
