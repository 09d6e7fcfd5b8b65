"""What weir writes to its topics is what schemas/asyncapi.json says of them: keys aside, every header and every event of a running line."""
import json
import os
import unittest

import kit
import records
from consumer import Answer, Consumer
from jsonschema import Draft7Validator, RefResolver
from test_cli import ADMIT, BAD

MERGE = ("MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302101500||ADT^A40|MRG1|P|2.4\rEVN|A40|20260302101400\r"
         "PID|1||D00001^^^RZZ^MR~9990001006^^^NHS^NH||SAMPLE^Ada||19510412|F\rMRG|D00002^^^RZZ^MR\r")
LOOK = ("MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302101500||ADT^Z99|NIX1|P|2.4\rEVN|Z99|20260302101400\rPID|1||D00001^^^RZZ^MR\r")


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(kit.TOP, "schemas", "asyncapi.json"), encoding="utf-8") as f:
            cls.document = json.load(f)
        cls.resolver = RefResolver("", cls.document)

    def of(self, pointer):
        node = self.document
        for part in pointer.removeprefix("#/").split("/"):
            node = node[part]
        return node

    def errors(self, schema, value):
        return [e.message for e in Draft7Validator(schema, resolver=self.resolver).iter_errors(value)]

    def headers_of(self, message):
        schema = message["headers"]
        schema = self.of(schema["$ref"]) if "$ref" in schema else schema
        return {**schema, "additionalProperties": False}

    def payload_errors(self, message, value):
        if message["contentType"].endswith("json"):
            return self.errors(message["payload"], json.loads(value)) if value else []
        return self.errors(message["payload"], (value or b"").decode("latin-1"))

    def check(self, name, found):
        """Each record is one of the channel's messages."""
        messages = [self.of(m["$ref"]) for m in self.document["channels"][name]["messages"].values()]
        self.assertTrue(found, f"nothing was written to flow.{name}")
        for headers, value in found:
            fits = [m for m in messages if m["name"] == headers.get("ce_type")] or messages
            why = [self.errors(self.headers_of(m), headers) + self.payload_errors(m, value) for m in fits]
            self.assertIn([], why, f"flow.{name}: {headers}")

    def test_every_record_is_as_the_document_says(self):
        picky = Consumer(answer=lambda *_: Answer(422))
        self.addCleanup(picky.close)
        with kit.Site(consumers={"out": kit.file_consumer("out.ndjson"), "picky": kit.http_consumer(picky)}) as site:
            site.start()
            text = "".join(ADMIT.format(n=n) for n in (1, 2)) + MERGE + LOOK + BAD.format(n=1)
            site.weir("send", f"127.0.0.1:{site.port}", site.write("feed.hl7", text), check=False)
            kit.wait_until(lambda: len(kit.read_ndjson(site.path("out.ndjson"))) >= 3, 20, "events at the file")
            kit.wait_until(lambda: kit.parked(site, "picky"), 20, "a parked event")
            site.weir("pause", "consumer", "out", "--reason", "test")
            site.weir("resume", "consumer", "out")
            for process, topics in (("acute", ("messages", "reported", "rejected", "audit")), ("broker", ("events", "state", "ids", "control", "audit", "parked"))):
                for topic in topics:
                    self.check(topic, records.rows(site, process, f"flow.{topic}"))
            for route in ("all", "analytics"):
                self.check("route", records.rows(site, "broker", f"flow.route.{route}"))

    def test_a_record_that_is_not_is_found(self):
        with self.assertRaises(AssertionError):
            self.check("audit", [({"seq": "1", "hash": "x"}, b"{}")])
        with self.assertRaises(AssertionError):
            self.check("control", [({"writer": "name", "claim": "x", "more": "y"}, b"")])


if __name__ == "__main__":
    unittest.main()
