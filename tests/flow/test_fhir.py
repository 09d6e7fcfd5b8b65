"""FHIR over HTTP: what is taken, what is refused and how, what is told; nothing of it without its being durable."""
import gzip
import json
import os
import socket
import time
import unittest

import kit
import records
from fhir_site import JSON, XML, FhirSite, bundle, encounter, entry, message

GUID = "c1ab3fba-6bae-4ba4-b257-5a87c44d4a91"
TWIN = b"""<?xml version="1.0"?><!-- the same --><Encounter xmlns="http://hl7.org/fhir">
<identifier><system value="https://rzz.example/visit"/><value value="V1"/></identifier><status value="in-progress"/>
<class><system value="http://terminology.hl7.org/CodeSystem/v3-ActCode"/><code value="IMP"/></class>
<period><start value="2026-03-01T10:01:00+00:00"/></period></Encounter>"""


class FhirTest(unittest.TestCase):
    def site_of(self, stream=None, **fhir):
        site = FhirSite(**fhir)
        self.addCleanup(site.close)
        site.config["stream"].update(stream or {})
        site.start("acute")
        self.call = site.caller()
        self.addCleanup(self.call.close)
        return site

    def kept(self, site, topic="flow.messages"):
        return [v for _, v in records.rows(site, "acute", topic)]

    def events(self, site):
        return [json.loads(v) for v in self.kept(site, "flow.reported")]

    def test_create_update_delete(self):
        """201 with Location and ETag, 200, 204, each once it is durable; the same request again hears the same.
        FHIR rows 1, 2, 16 and 23."""
        site = self.site_of()
        first = self.call.ask("POST", "/Encounter", encounter(1))
        self.assertEqual((first.status, first.body), (201, b""))
        self.assertRegex(first.headers["location"], r"^/fhir/Encounter/[0-9a-f]{32}-0/_history/1$")
        self.assertEqual(first.headers["etag"], 'W/"1"')
        self.assertEqual(self.kept(site), [json.dumps(encounter(1)).encode()])
        again = self.call.ask("POST", "/Encounter", encounter(1))
        self.assertEqual((again.status, again.headers["location"]), (201, first.headers["location"]))
        put = self.call.ask("PUT", "/Encounter/e1", encounter(1, "finished", id="e1", period={"end": "2026-03-02"}))
        self.assertEqual((put.status, put.body, put.headers["location"]), (200, b"", "/fhir/Encounter/e1"))
        gone = self.call.ask("DELETE", "/Encounter/e1")
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertNotIn("content-length", gone.headers)
        asked = json.loads(self.kept(site)[-1])
        self.assertEqual(asked, bundle("transaction", {"request": {"method": "DELETE", "url": "Encounter/e1"}}))
        self.assertEqual([e["type"] for e in self.events(site)],
                         ["patient.admitted"] * 2 + ["patient.discharged"])
        self.assertEqual(site.adapter().metric("weir_fhir_answers_total", source="test-pas", status="201"), 2)

    def test_what_changes_back(self):
        """A resource that changes and changes back under requests with ids of their own is told three times; each
        request again, with its id, is a repeat. An entry of a batch and a transaction are told apart as well."""
        site = self.site_of()
        states = [encounter(1, id="e1"), encounter(1, "finished", id="e1", period={"end": "2026-03-02"})]
        for n in (0, 1, 2, 2):
            got = self.call.ask("PUT", "/Encounter/e1", states[n % 2], X_Request_ID=f"{n}{GUID[1:]}")
            self.assertEqual(got.status, 200)
        ids = [e["id"] for e in self.events(site)]
        self.assertEqual((len(ids), len(set(ids))), (4, 3))
        self.assertEqual(ids[2], ids[3])
        kept = json.loads(self.kept(site)[0])
        self.assertEqual(kept["identifier"], {"value": "0" + GUID[1:]})
        self.assertEqual(kept["entry"], [entry(states[0], "PUT", "Encounter/e1")])
        for kind in ("batch", "transaction"):
            for n in (3, 4, 4):
                self.call.ask("POST", "", bundle(kind, entry(states[0], "PUT", "Encounter/e1")),
                              X_Request_ID=f"{n}{GUID[1:]}")
            more = [e["id"] for e in self.events(site)[-3:]]
            self.assertEqual((len(set(more)), more[1]), (2, more[2]))
            self.assertFalse(set(more) & set(ids))
            ids += more

    def test_versions_tell_themselves_apart(self):
        """meta.versionId is enough: the request's id is of no matter then, and what was sent is kept as it is."""
        site = self.site_of()
        for n, version in enumerate("121"):
            body = encounter(1, id="e1", meta={"versionId": version})
            self.call.ask("PUT", "/Encounter/e1", body, X_Request_ID=f"{n}{GUID[1:]}")
            self.assertEqual(json.loads(self.kept(site)[-1]), body)
        ids = [e["id"] for e in self.events(site)]
        self.assertEqual((ids[0], len(set(ids))), (ids[2], 2))

    def test_a_create_with_an_id(self):
        """A create is kept as one, whatever id its body has, in JSON and in XML; a refusal names places of what was
        sent."""
        site = self.site_of()
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(1, id="e1")).status, 201)
        self.assertEqual(json.loads(self.kept(site)[0])["entry"], [entry(encounter(1, id="e1"))])
        twin = TWIN.replace(b"<identifier>", b'<id value="e1"/><identifier>', 1)
        self.assertEqual(self.call.ask("POST", "/Encounter", twin, media=XML).status, 201)
        told = self.events(site)
        self.assertEqual(told[0]["id"], told[1]["id"])
        self.assertEqual(len(self.kept(site)), 2)
        got = self.call.ask("POST", "/Encounter", encounter(1, id="e1", text=[None]))
        self.assertEqual(got.json()["issue"][0]["expression"], ["Encounter.text[0]"])

    def test_xml_is_the_same_event(self):
        """The XML twin of a resource makes the same event, and is answered in XML. FHIR row 14, bad input row 5."""
        site = self.site_of()
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(1)).status, 201)
        self.assertEqual(self.call.ask("POST", "/Encounter", TWIN, media=XML).status, 201)
        self.assertEqual(self.call.ask("POST", "/Encounter", b"\xef\xbb\xbf" + TWIN, media=XML).status, 201)
        told = self.events(site)
        self.assertEqual(len(told), 3)
        for event in told:
            self.assertEqual(len(event["data"]["origin"].pop("sha256")), 64)
            self.assertEqual(event, told[0])
        bad = self.call.ask("POST", "/Encounter", TWIN[:-3], media=XML)
        self.assertEqual(bad.status, 400)
        self.assertTrue(bad.headers["content-type"].startswith(XML))
        self.assertIn(b'<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error">', bad.body)

    def test_what_is_asked_in_vain(self):
        """Refused before anything is kept: each with an OperationOutcome. FHIR rows 3 to 5, 7, 15 and 18, bad input rows 19 and 20."""
        site = self.site_of()
        good = encounter(1)
        for status, code, method, path, body, more in (
                (404, "not-supported", "POST", "/Observation", good, {}),
                (404, "not-found", "PUT", "/Encounter/a_b", good, {}),
                (405, "not-supported", "GET", "/Encounter/1", None, {}),
                (405, "not-supported", "PATCH", "/Encounter/1", good, {}),
                (406, "not-supported", "POST", "/Encounter", good, {"Accept": "text/turtle"}),
                (406, "not-supported", "POST", "/Encounter?_format=ttl", good, {}),
                (412, "not-supported", "POST", "/Encounter", good, {"If_None_Exist": "identifier=1"}),
                (412, "not-supported", "PUT", "/Encounter/1", good, {"If_Match": 'W/"1"'}),
                (412, "not-supported", "PUT", "/Encounter/1", good, {"If_None_Match": "*"}),
                (412, "not-supported", "DELETE", "/Encounter/1", None, {"If_Unmodified_Since": "Tue, 03 Mar 2026 10:00:00 GMT"}),
                (412, "not-supported", "DELETE", "/Encounter?status=x", None, {}),
                (415, "not-supported", "POST", "/Encounter", good, {"media": "text/plain"}),
                (415, "not-supported", "POST", "/Encounter", good, {"media": JSON + "; charset=latin1"}),
                (415, "not-supported", "POST", "/Encounter", good, {"media": JSON + "; fhirVersion=5.0"}),
                (415, "not-supported", "POST", "/Encounter", good, {"Content_Encoding": "br"}),
                (422, "not-supported", "POST", "/$process-message?async=true", good, {}),
                (400, "required", "POST", "/Encounter", b"", {}),
                (413, "too-costly", "POST", "/Encounter", b'{"a":"' + b"x" * 300000 + b'"}', {})):
            with self.subTest(status=status, path=path, **more):
                got = site.caller().ask(method, path, body, **more)
                self.assertEqual(got.status, status)
                self.assertEqual(got.issues(), [code])
                self.assertEqual(got.headers["content-type"], JSON + "; charset=utf-8")
                self.assertEqual("allow" in got.headers, status == 405)
        self.assertEqual(self.kept(site) + self.kept(site, "flow.rejected"), [])

    def test_documents_that_are_refused(self):
        """Refused for good and kept with the reason; no word of the document in the answer. FHIR rows 2, 3, 12 and 15, bad input row 9."""
        site = self.site_of()
        refused = 0
        for status, code, body, path in (
                (400, "structure", b"{", "/Encounter"),
                (400, "structure", b'{"resourceType":"Encounter","Smith":1,"Smith":2}', "/Encounter"),
                (400, "structure", b'{"resourceType":"Encounter","identifier":[null]}', "/Encounter"),
                (400, "structure", {"resourceType": "Patient"}, "/Encounter"),
                (400, "structure", {"resourceType": "Encounter"}, "/Encounter/7"),
                (400, "structure", {"resourceType": "Encounter", "id": "8"}, "/Encounter/7"),
                (400, "structure", encounter(1), ""),
                (400, "structure", bundle("collection"), ""),
                (400, "structure", bundle("transaction"), "/$process-message")):
            with self.subTest(body=str(body)[:60], path=path):
                method = "PUT" if path.endswith("7") else "POST"
                got = self.call.ask(method, path, body)
                self.assertEqual((got.status, got.issues()), (status, [code]))
                self.assertNotIn(b"Smith", got.body)
                refused += 1
                self.assertEqual(len(self.kept(site, "flow.rejected")), refused)
        self.assertEqual(self.kept(site), [])

    def test_transaction(self):
        """All or nothing, in one set; answers in the order of the request. FHIR rows 7, 9 and 11, bad input row 10."""
        site = self.site_of()
        patient = {"resourceType": "Patient", "active": True}
        good = bundle("transaction", entry(patient, fullUrl="urn:uuid:" + GUID),
                      entry(encounter(1, subject={"reference": "urn:uuid:" + GUID})),
                      entry(encounter(2, id="e2"), "PUT", "Encounter/e2"),
                      {"request": {"method": "DELETE", "url": "Encounter/e9"}})
        got = self.call.ask("POST", "", good)
        self.assertEqual(got.status, 200)
        answer = got.json()
        self.assertEqual(answer["type"], "transaction-response")
        self.assertEqual([e["response"]["status"] for e in answer["entry"]],
                         ["201 Created", "201 Created", "200 OK", "204 No Content"])
        self.assertEqual(answer["entry"][2]["response"]["location"], "Encounter/e2")
        self.assertEqual(len(self.kept(site)), 1)
        self.assertEqual(len(self.events(site)), 2)
        for wrong in (entry(encounter(3, subject={"reference": "urn:uuid:" + GUID[::-1]})),
                      entry({"resourceType": "Observation"}), {"request": {"method": "GET", "url": "Encounter/1"}},
                      entry(encounter(3), "PUT", "Encounter?identifier=1"), entry(encounter(3, id="e3"), "PUT", "Encounter"),
                      entry(encounter(3, id="e3"), "DELETE", "Encounter/e3"),
                      {"resource": encounter(3), "request": {"method": "POST", "url": "Encounter",
                                                             "ifNoneExist": "identifier=1"}}):
            got = self.call.ask("POST", "", bundle("transaction", entry(encounter(4)), wrong))
            self.assertIn(got.status, (400, 422))
            self.assertEqual(len(got.issues()), 1)
        self.assertEqual((len(self.kept(site)), len(self.events(site))), (1, 2))
        self.assertEqual(len(self.kept(site, "flow.rejected")), 7)

    def test_a_bundle_that_is_no_resource(self):
        """What the base and $process-message look at is not sent past them: as a resource a Bundle is a history, or what nobody runs.
        FHIR rows 7 and 9."""
        site = self.site_of()
        header = {"resourceType": "MessageHeader", "id": GUID, "eventCoding": {"system": "urn:x", "code": "a"}}
        wrong = [bundle(kind, entry(encounter(1))) for kind in ("transaction", "batch")] + [message(header, encounter(1, id="e"))]
        for sent in wrong:
            for method, path in (("POST", "/Bundle"), ("PUT", "/Bundle/b1")):
                got = self.call.ask(method, path, {**sent, "id": "b1"})
                self.assertEqual((got.status, got.issues(), got.json()["issue"][0]["expression"]), (422, ["not-supported"], ["Bundle.type"]))
        self.assertEqual((self.kept(site), len(self.kept(site, "flow.rejected"))), ([], 6))
        self.assertEqual(self.call.ask("POST", "/Bundle", bundle("history", entry(encounter(1)))).status, 201)
        self.assertEqual(self.call.ask("PUT", "/Bundle/b1", {**bundle("history", entry(encounter(2))), "id": "b1"}).status, 200)
        self.assertEqual([e["type"].rpartition(".")[0].rpartition(".")[2] for e in self.events(site)], ["patient", "patient"])

    def test_more_events_than_one_message_has(self):
        """All or nothing holds here, too: a transaction of 256 events is taken, one of 257 is not, and nothing of it is told."""
        site = self.site_of()

        def transaction(n):
            return bundle("transaction", *[entry(encounter(i)) for i in range(n)])
        self.assertEqual(self.call.ask("POST", "", transaction(256)).status, 200)
        got = self.call.ask("POST", "", transaction(257))
        self.assertEqual((got.status, got.issues()), (413, ["too-costly"]))
        self.assertEqual((len(self.kept(site)), len(self.events(site))), (1, 256))

    def test_batch(self):
        """Each entry by itself: its own message, its own answer. FHIR row 10."""
        site = self.site_of(entries=5)
        got = self.call.ask("POST", "", bundle(
            "batch", entry(encounter(1)), entry({"resourceType": "Observation"}),
            {"request": {"method": "DELETE", "url": "Encounter/e9"}}, entry(encounter(2, id="e2"), "PUT", "Encounter/e2"),
            {"request": {"method": "POST", "url": "Encounter"}}))
        self.assertEqual(got.status, 200)
        answer = got.json()
        self.assertEqual(answer["type"], "batch-response")
        self.assertEqual([e["response"]["status"][:3] for e in answer["entry"]], ["201", "422", "204", "200", "400"])
        outcome = answer["entry"][1]["response"]["outcome"]
        self.assertEqual(outcome["issue"][0]["code"], "not-supported")
        self.assertEqual((len(self.kept(site)), len(self.kept(site, "flow.rejected")), len(self.events(site))), (3, 2, 2))
        got = self.call.ask("POST", "", bundle("batch", *[entry(encounter(n)) for n in range(6)]))
        self.assertEqual((got.status, got.issues()), (413, ["too-costly"]))
        got = self.call.ask("POST", "", bundle("batch"))
        self.assertEqual((got.status, got.json()), (200, {"resourceType": "Bundle", "type": "batch-response"}))
        got = self.call.ask("POST", "", {**bundle("batch"), "entry": []})
        self.assertEqual((got.status, got.issues()), (400, ["structure"]))

    def test_message(self):
        """$process-message: 200 and a response message that names the request. FHIR rows 17, 20, 22 and 24."""
        site = self.site_of()
        header = {"resourceType": "MessageHeader", "id": GUID, "eventCoding": {"system": "urn:x", "code": "a"},
                  "source": {"endpoint": "urn:them"}, "destination": [{"endpoint": "urn:us"}],
                  "focus": [{"reference": "urn:uuid:e"}]}
        sent = message(header, encounter(1, id="e"))
        got = self.call.ask("POST", "/$process-message", sent)
        self.assertEqual(got.status, 200)
        answer = got.json()["entry"][0]["resource"]
        self.assertEqual(answer["response"], {"identifier": GUID, "code": "ok"})
        self.assertEqual((answer["eventCoding"]["code"], answer["source"]["endpoint"],
                          answer["destination"][0]["endpoint"]), ("a", "urn:us", "urn:them"))
        self.assertEqual(self.call.ask("POST", "/$process-message", sent).body, got.body)
        self.assertEqual(len(self.kept(site)), 2)
        header["focus"] = [{"reference": "urn:uuid:gone"}]
        got = self.call.ask("POST", "/$process-message", sent)
        self.assertEqual((got.status, got.json()["issue"][0]["expression"]), (400, ["MessageHeader.focus"]))

    def test_metadata(self):
        """Every claim of /metadata holds. FHIR row 8."""
        self.site_of()
        got = self.call.ask("GET", "/metadata")
        self.assertEqual(got.status, 200)
        told = got.json()
        self.assertEqual((told["resourceType"], told["fhirVersion"]), ("CapabilityStatement", "4.0.1"))
        rest = told["rest"][0]
        for resource in rest["resource"]:
            kind = resource["type"]
            body = bundle("collection") if kind == "Bundle" else {"resourceType": kind, "language": "en"}
            doing = {"create": ("POST", f"/{kind}", body, 201), "update": ("PUT", f"/{kind}/1", {**body, "id": "1"}, 200),
                     "delete": ("DELETE", f"/{kind}/1", None, 204)}
            for claim in resource["interaction"]:
                method, path, what, status = doing.pop(claim["code"])
                self.assertEqual(self.call.ask(method, path, what).status, status, (kind, claim))
            self.assertEqual(doing, {})
        self.assertEqual({i["code"] for i in rest["interaction"]}, {"transaction", "batch"})
        self.assertEqual([o["name"] for o in rest["operation"]], ["process-message"])
        for media in told["format"]:
            got = self.call.ask("GET", "/metadata", Accept=media)
            self.assertTrue(got.headers["content-type"].startswith(media))
            self.assertIn(b"CapabilityStatement", got.body)

    def test_what_metadata_does_not_claim(self):
        """Whatever FHIR R4 has of interactions, operations and formats and the CapabilityStatement does not name is refused, with
        an OperationOutcome, and nothing of it is kept; the OpenAPI document names the same paths and methods. FHIR row 8."""
        site = self.site_of()
        rest = self.call.ask("GET", "/metadata").json()["rest"][0]
        body = {"resourceType": "Encounter", "id": "1"}
        everything = {"read": ("GET", "/{}/1"), "vread": ("GET", "/{}/1/_history/1"), "patch": ("PATCH", "/{}/1"),
                      "history-instance": ("GET", "/{}/1/_history"), "history-type": ("GET", "/{}/_history"),
                      "search-type": ("GET", "/{}?_id=1"), "create": None, "update": None, "delete": None}
        for resource in rest["resource"]:
            self.assertEqual({k: resource[k] for k in resource if k.startswith("conditional") or k in ("versioning", "readHistory")}, {
                "versioning": "no-version", "readHistory": False, "conditionalCreate": False, "conditionalUpdate": False,
                "conditionalDelete": "not-supported"})
            claimed = {i["code"] for i in resource["interaction"]}
            for code in everything.keys() - claimed:
                method, path = everything[code]
                got = self.call.ask(method, path.format(resource["type"]), body if method == "PATCH" else None)
                self.assertIn(got.status, (404, 405), (resource["type"], code))
                self.assertEqual(len(got.issues()), 1)
        types = {r["type"] for r in rest["resource"]}
        for kind in ("Observation", "Bundles", "encounter", "Subscription", "Organization", "Resource"):
            self.assertNotIn(kind, types)
            for method, path in (("POST", f"/{kind}"), ("PUT", f"/{kind}/1"), ("DELETE", f"/{kind}/1")):
                got = self.call.ask(method, path, {"resourceType": kind, "id": "1"} if method != "DELETE" else None)
                self.assertEqual((got.status, len(got.issues())), (404, 1), (method, path))
        for method, path in (("GET", ""), ("GET", "/_history"), ("GET", "?_type=Encounter"), ("POST", "/_search"), ("POST", "/Encounter/_search"),
                             ("POST", "/$validate"), ("POST", "/Encounter/$validate"), ("POST", "/Encounter/1/$everything"),
                             ("GET", "/$process-message"), ("DELETE", "/Encounter"), ("PUT", "/Encounter"), ("OPTIONS", "/metadata"),
                             ("POST", "/metadata"), ("PUT", ""), ("TRACE", "/Encounter"), ("GET", "/metadata/1")):
            got = self.call.ask(method, path, body if method in ("POST", "PUT") else None)
            self.assertIn(got.status, (404, 405), (method, path))
            self.assertEqual(len(got.issues()), 1)
        for media in ("text/turtle", "application/fhir+ndjson", "text/html", "application/fhir+json; fhirVersion=5.0"):
            self.assertEqual(self.call.ask("GET", "/metadata", Accept=media).status, 406)
            self.assertEqual(self.call.ask("POST", "/Encounter", encounter(1), media=media).status, 415)
        for conditional in ({"If_None_Exist": "identifier=1"}, {"If_Match": 'W/"1"'}):
            self.assertEqual(self.call.ask("POST", "/Encounter", encounter(1), **conditional).status, 412)
        self.assertEqual(self.kept(site) + self.kept(site, "flow.rejected"), [])
        with open(os.path.join(os.path.dirname(__file__), "../../schemas/fhir-openapi.json"), encoding="utf-8") as f:
            told = {path: set(methods) - {"parameters"} for path, methods in json.load(f)["paths"].items()}
        self.assertEqual(told, {"/metadata": {"get"}, "/": {"post"}, "/$process-message": {"post"}, "/{type}": {"post"},
                                "/{type}/{id}": {"put", "delete"}})

    def test_ids_and_preferences(self):
        """X-Request-ID and X-Correlation-ID come back, on refusals too; Prefer: return=OperationOutcome. FHIR rows 6, 38 and 42."""
        site = self.site_of()
        ids = {"X_Request_ID": GUID, "X_Correlation_ID": "c-1"}
        for path, status in (("/Encounter", 201), ("/Observation", 404)):
            got = self.call.ask("POST", path, encounter(1), **ids)
            self.assertEqual((got.status, got.headers["x-request-id"], got.headers["x-correlation-id"]),
                             (status, GUID, "c-1"))
        self.assertNotIn("x-request-id", self.call.ask("POST", "/Encounter", encounter(1)).headers)
        log = site.adapter().log()
        self.assertIn(GUID, log)  # of the refusal
        self.assertNotIn("c-1", log)  # no GUID: it could be a patient's number
        got = self.call.ask("POST", "/Encounter", encounter(1), Prefer="return=OperationOutcome")
        self.assertEqual((got.status, got.issues()), (201, ["informational"]))
        site.adapter().stop()
        site.config["sources"]["test-pas"]["fhir"]["require_request_id"] = True
        site.start("acute")
        call = site.caller()
        self.assertEqual(call.ask("POST", "/Encounter", encounter(1)).status, 400)
        self.assertEqual(call.ask("POST", "/Encounter", encounter(1), **ids).status, 201)

    def test_gzip_and_bombs(self):
        """Bodies in gzip are taken; what grows past message_max, in whatever way, is 413 or 400, with flat memory.
        FHIR row 13, bad input rows 11 to 13."""
        site = self.site_of()
        packed = gzip.compress(json.dumps(encounter(1)).encode())
        self.assertEqual(self.call.ask("POST", "/Encounter", packed, Content_Encoding="gzip").status, 201)
        self.assertEqual(self.kept(site), [json.dumps(encounter(1)).encode()])
        adapter = site.adapter()
        before = adapter.rss()
        deep = b'{"resourceType":"Encounter","a":' + b"[" * 100000
        laughs = (b'<!DOCTYPE E [<!ENTITY a "aaaaaaaaaa">' + b"".join(
            b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
            + b']><Encounter xmlns="http://hl7.org/fhir"><status value="&j;"/></Encounter>')
        stolen = (b'<!DOCTYPE E [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                  b'<Encounter xmlns="http://hl7.org/fhir"><status value="&x;"/></Encounter>')
        wide = b'{"resourceType":"Encounter","a":[' + b"1," * 120000 + b"1]}"
        for status, body, more in (
                (413, gzip.compress(b"0" * 50_000_000), {"Content_Encoding": "gzip"}),
                (400, packed[:-9], {"Content_Encoding": "gzip"}), (400, b"no gzip", {"Content_Encoding": "gzip"}),
                (413, deep, {}), (400, laughs, {"media": XML}), (400, stolen, {"media": XML})):
            for _ in range(5):
                got = self.call.ask("POST", "/Encounter", body, Accept=JSON, **more)
                self.assertEqual(got.status, status, got.body)
                self.assertEqual(len(got.issues()), 1)
                self.assertNotIn(b"root:", got.body)
        self.call.ask("POST", "/Encounter", wide)
        self.assertLess(adapter.rss() - before, 120 * 2**20)
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(2)).status, 201)

    def raw(self, site, data, wait=10):
        """What comes back to these bytes until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", site.fhir_port), timeout=wait) as line:
            line.sendall(data)
            got = b""
            while piece := line.recv(65536):
                got += piece
            return got

    def test_smuggled_requests(self):
        """What two servers could read in two ways is 400, with an OperationOutcome, and ends the connection.
        FHIR row 3, bad input row 15."""
        site = self.site_of()
        top = b"POST /fhir/Encounter HTTP/1.1\r\nHost: a\r\nContent-Type: application/fhir+json\r\n"
        for more in (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                     b"Content-Length : 2\r\n\r\n{}", b"Content-Length: 2\n\n{}", b"A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
                     b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"Content-Length: -1\r\n\r\n", b"A\x00: b\r\n\r\n"):
            got = self.raw(site, top + more)
            self.assertTrue(got.startswith(b"HTTP/1.1 400 "), (more, got))
            self.assertIn(b'"resourceType":"OperationOutcome"', got)
            self.assertIn(b"Connection: close", got)
        got = self.raw(site, top + b"X: " + b"y" * 20000)
        self.assertTrue(got.startswith(b"HTTP/1.1 431 "), got)
        self.assertEqual(self.kept(site), [])

    def test_slow_requests(self):
        """Heads and bodies that dribble are 408 at their deadline; who is quick is not held up meanwhile. FHIR row 3, bad input row 14."""
        site = self.site_of(head_time="1s", body_time="1s")
        lines = []
        top = b"POST /fhir/Encounter HTTP/1.1\r\nHost: a\r\nContent-Type: application/fhir+json\r\n"
        for start in (b"P", top, top + b"Content-Length: 100\r\n\r\n{") * 8:
            line = socket.create_connection(("127.0.0.1", site.fhir_port), timeout=20)
            self.addCleanup(line.close)
            line.sendall(start)
            lines.append(line)
        began = time.monotonic()
        for n in range(20):
            self.assertEqual(self.call.ask("POST", "/Encounter", encounter(n)).status, 201)
        for line in lines:
            got = b""
            while piece := line.recv(65536):
                got += piece
            self.assertTrue(got.startswith(b"HTTP/1.1 408 "), got)
            self.assertIn(b'"code":"timeout"', got)
        self.assertLess(time.monotonic() - began, 10 * kit.SLOWER)

    def test_try_later(self):
        """503 with Retry-After where it cannot be made durable now, and while the source is paused; nothing is kept.
        FHIR rows 3, 16 and 19."""
        site = self.site_of(stream={"free_min": "100000000GiB"})
        got = self.call.ask("POST", "/Encounter", encounter(1))
        self.assertEqual((got.status, got.issues(), got.headers["retry-after"]), (503, ["transient"], "5"))
        self.assertEqual(self.kept(site), [])
        self.assertEqual(site.adapter().stop(), 0)
        site.config["stream"]["free_min"] = "1MiB"
        site.start("acute")
        call = site.caller()
        site.weir("pause", "source", "test-pas", "--reason", "test")
        self.assertEqual(call.ask("POST", "/Encounter", encounter(1)).status, 503)
        site.weir("resume", "source", "test-pas")
        self.assertEqual(call.ask("POST", "/Encounter", encounter(1)).status, 201)

    def test_a_client_that_goes(self):
        """Requests whose clients leave before the answer are taken all the same, and nothing breaks. FHIR row 16."""
        site = self.site_of()
        for n in range(20):
            call = site.caller()
            body = json.dumps(encounter(n))
            call.line.request("POST", "/fhir/Encounter", body, {"Content-Type": JSON})
            call.line.sock.close()
        kit.wait_until(lambda: len(self.kept(site)) == 20, 20, "all are taken")
        self.assertEqual(self.call.ask("POST", "/Encounter", encounter(99)).status, 201)
        self.assertEqual(site.adapter().stop(), 0)


if __name__ == "__main__":
    unittest.main()
