"""Schemas and AsyncAPI document as validators of other authors read them: ajv and the AsyncAPI parser (npm), jsonschema (Debian)."""
import copy
import json
import os
import re
import tempfile
import unittest

import npm
from jsonschema import Draft7Validator, RefResolver

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SCHEMAS = os.path.join(TOP, "schemas")
DOCUMENT = os.path.join(SCHEMAS, "asyncapi.json")
PARSER = ["@asyncapi/parser@3.6.3"]
AJV = ["ajv@8.20.0", "ajv-formats@3.0.1"]


def load(*path):
    with open(os.path.join(SCHEMAS, *path), encoding="utf-8") as f:
        return json.load(f)


def examples():
    for row in load("types.json")["types"]:
        yield from load("events", f"{row['type']}.schema.json")["examples"]


def ajv(events):
    done = npm.script(AJV, os.path.join(HERE, "validate_ajv.js"), SCHEMAS, input="".join(json.dumps(e) + "\n" for e in events))
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()


class Ajv(unittest.TestCase):
    def test_the_example_of_every_type_is_valid(self):
        """CloudEvents rows 1 and 2."""
        events = list(examples())
        self.assertGreater(len(events), 120)
        self.assertEqual([e["type"] + ": " + said for e, said in zip(events, ajv(events)) if said != "ok"], [])

    def test_what_is_wrong_is_not(self):
        event = next(e for e in examples() if e["type"] == "patient.merged")
        def changed(change):
            other = copy.deepcopy(event)
            change(other)
            return other
        said = ajv([event, changed(lambda e: e.update(time="yesterday")), changed(lambda e: e["data"].pop("merge")),
                    changed(lambda e: e["data"]["patient"].update(nhs_number="12")), dict(event, type="no.such")])
        self.assertEqual(said[0], "ok")
        for line, words in zip(said[1:], ("/time", "'merge'", "nhs_number", "no schema")):
            self.assertIn(words, line)


class AsyncApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(DOCUMENT, encoding="utf-8") as f:
            cls.document = json.load(f)

    def parse(self, path):
        done = npm.script(PARSER, os.path.join(HERE, "parse_asyncapi.js"), path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines() if re.match(r"(errors|version|channels|messages) ", line)), done.stdout

    def test_the_asyncapi_parser_takes_it(self):
        found, said = self.parse(DOCUMENT)
        self.assertEqual(found["errors"], "0", said)
        self.assertEqual(found["version"], "3.0.0")
        self.assertEqual(found["channels"].split(), sorted("{prefix}" + t["topic"] for t in load("topics.json")["topics"]))
        self.assertGreater(int(found["messages"]), 126)

    def test_the_asyncapi_parser_finds_what_is_wrong(self):
        def action(doc):
            doc["operations"]["send_events"]["action"] = "shout"
        def reference(doc):
            doc["channels"]["events"]["messages"]["none"] = {"$ref": "#/components/messages/none"}
        for change, words in ((action, "action"), (reference, "does not exist")):
            broken = copy.deepcopy(self.document)
            change(broken)
            with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
                json.dump(broken, f)
                f.flush()
                found, said = self.parse(f.name)
            self.assertGreaterEqual(int(found["errors"]), 1, said)
            self.assertIn(words, said)

    def test_every_type_is_a_message_of_the_common_stream(self):
        refs = {m["$ref"].rpartition("/")[2] for m in self.document["channels"]["events"]["messages"].values()}
        self.assertEqual(refs, {r["type"] for r in load("types.json")["types"]})

    def test_its_schemas_say_what_the_schemas_of_2020_say(self):
        """Draft-07 passes over what stands beside a $ref."""
        resolver = RefResolver("", self.document)
        for event in examples():
            schema = self.document["components"]["schemas"][event["type"]]
            check = Draft7Validator(schema, resolver=resolver)
            self.assertEqual([e.message for e in check.iter_errors(event)], [], event["type"])
            self.assertTrue(list(check.iter_errors(dict(event, type="no.such"))), event["type"])
            wrong = copy.deepcopy(event)
            wrong["data"]["sector"] = "moon"
            self.assertTrue(list(check.iter_errors(wrong)), event["type"])
            for name in load("events", f"{event['type']}.schema.json")["properties"].get("data", {}).get("required", []):
                wrong = copy.deepcopy(event)
                del wrong["data"][name]
                self.assertTrue(list(check.iter_errors(wrong)), event["type"])

    def test_the_topics_are_those_that_weir_makes(self):
        """lib/process/topics_plan.c has the table by which topics are made on Kafka."""
        with open(os.path.join(TOP, "lib", "process", "topics_plan.c"), encoding="utf-8") as f:
            made = dict(re.findall(r'\{"(flow\.[a-z.]+)", (true|false),', f.read()))
        topics = {t["topic"].replace("{route}", ""): t for t in load("topics.json")["topics"]}
        self.assertEqual(set(made), set(topics))
        for name, one in made.items():
            self.assertEqual(one == "true", bool(topics[name].get("one")), name)
        with open(os.path.join(TOP, "docs", "kafka.md"), encoding="utf-8") as f:
            told = set(re.findall(r"^\| `(flow\.[^`]*)` \|", f.read(), re.M))
        self.assertEqual(told, {t["topic"].replace("{route}", "<name>") for t in topics.values()})


if __name__ == "__main__":
    unittest.main()
