"""Rows of docs/conformance-fhir.md that no other test of the FHIR port shows."""
import json
import socket
import unittest

import records
from fhir_site import JSON, FhirSite, bundle, encounter, entry


class RowsTest(unittest.TestCase):
    def setUp(self):
        self.site = FhirSite()
        self.addCleanup(self.site.close)
        self.site.start("acute")
        self.call = self.site.caller()
        self.addCleanup(self.call.close)

    def events(self):
        return [json.loads(v) for _, v in records.rows(self.site, "acute", "flow.reported")]

    def test_what_is_not_known_is_passed_over(self):
        """Elements, extensions and types of entries that no map reads. FHIR row 12."""
        more = {"newElement": {"a": [1, 2.50, True]}, "extension": [{"url": "https://example.org/x", "valueCode": "y"}],
                "_status": {"extension": [{"url": "https://example.org/z", "valueString": "s"}]}}
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(1, **more)).status, 201)
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(1)).status, 201)
        with_more, plain = self.events()
        self.assertEqual((with_more["type"], with_more["time"], with_more["data"].get("quality")),
                         (plain["type"], plain["time"], plain["data"].get("quality")))

    def test_a_modifier_that_is_not_known(self):
        """422 with its place, never passed over. FHIR rows 12 and 15."""
        turned = encounter(1, modifierExtension=[{"url": "https://example.org/not-done", "valueBoolean": True}])
        got = self.call.ask("POST", "/Encounter", turned)
        self.assertEqual((got.status, got.issues()), (422, ["not-supported"]))
        self.assertEqual(got.json()["issue"][0]["expression"], ["Encounter.modifierExtension"])
        self.assertEqual((self.events(), len(records.rows(self.site, "acute", "flow.rejected"))), ([], 1))

    def test_the_same_again(self):
        """The same bytes: the same answer and the same ids; other bytes: another event. FHIR rows 16, 22 and 23."""
        answers = [self.call.ask("POST", "/Encounter", encounter(n)) for n in (1, 1, 2)]
        self.assertEqual([a.status for a in answers], [201] * 3)
        told = self.events()
        self.assertEqual(told[0]["id"], told[1]["id"])
        self.assertNotEqual(told[0]["id"], told[2]["id"])
        self.assertEqual(answers[0].headers["location"], answers[1].headers["location"])
        self.assertNotEqual(answers[0].headers["location"], answers[2].headers["location"])

    def test_times(self):
        """When it happened, with the offset sent. CloudEvents row 7."""
        self.call.ask("POST", "/Encounter", encounter(1, period={"start": "2026-07-01T09:15:00+01:00"}))
        event, = self.events()
        self.assertEqual(event["time"], "2026-07-01T09:15:00+01:00")

    def test_bytes_that_are_no_utf8(self):
        """Neither an answer nor an event holds them; refused for good, and kept as sent. Bad input row 7."""
        body = json.dumps(encounter(1)).encode().replace(b"V1", b"V\xff\xfe1")
        got = self.call.ask("POST", "/Encounter", body)
        self.assertEqual((got.status, got.issues()), (400, ["structure"]))
        self.assertEqual([v for _, v in records.rows(self.site, "acute", "flow.rejected")], [body])

    def test_bodies_that_are_not_whole(self):
        """Cut off by the sender: nothing is kept of it; JSON behind JSON: 400. Bad input row 20."""
        body = json.dumps(encounter(1)).encode()
        with socket.create_connection(("127.0.0.1", self.site.fhir_port), timeout=10) as line:
            line.sendall(b"POST /fhir/Encounter HTTP/1.1\r\nHost: a\r\nContent-Type: " + JSON.encode()
                         + b"\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1) + body)
        self.assertEqual(self.call.ask("POST", "/Encounter", body + b" {}").status, 400)
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(2)).status, 201)
        self.assertEqual([v for _, v in records.rows(self.site, "acute", "flow.messages")], [json.dumps(encounter(2)).encode()])

    def test_a_type_without_a_map_is_kept(self):
        """Taken and counted, no event; in a transaction that refuses what it does not know, nothing is taken. FHIR row 24."""
        self.assertEqual(self.call.ask("POST", "/Patient", {"resourceType": "Patient", "active": True}).status, 201)
        self.assertEqual((len(records.rows(self.site, "acute", "flow.messages")), self.events()), (1, []))
        self.assertEqual(self.site.adapter().metric("weir_messages_unmapped_total", source="test-pas"), 1)
        self.site.adapter().stop()
        self.site.config["sources"]["test-pas"]["ack"] = {"on_unmapped": "refuse"}
        self.site.start("acute")
        call = self.site.caller()
        self.addCleanup(call.close)
        got = call.ask("POST", "/Patient", {"resourceType": "Patient", "active": True})
        self.assertEqual((got.status, got.issues()), (422, ["not-supported"]))
        got = call.ask("POST", "", bundle("transaction", entry(encounter(1)), entry({"resourceType": "Patient", "active": True})))
        self.assertIn(got.status, (200, 422))
        self.assertEqual(len(self.events()), 1 if got.status == 200 else 0)


if __name__ == "__main__":
    unittest.main()
