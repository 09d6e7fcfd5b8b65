"""FHIR messages over HTTP: BaRS with its codes and repeats, ITK3 with its acknowledgments, notices in XML, with the maps that are shipped."""
import base64
import copy
import json
import os
import signal
import sys
import time
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

import kit
import records
from fhir_site import JSON, XML, FhirSite, Issuer

sys.path[:0] = [os.path.join(kit.TOP, "tests", "corpus"), os.path.join(kit.TOP, "tests", "kafka")]

from fhir_peer import hapi  # noqa: E402

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "fhir")
MAPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "adapters")
BARS = "https://fhir.nhs.uk/Codesystem/http-error-codes"
ITK3 = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-ResponseCodes-1"
FHIR = "{http://hl7.org/fhir}"


def case(name):
    with open(os.path.join(CASES, name), "rb") as f:
        return f.read()


def packed(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


class MessagesTest(unittest.TestCase):
    def site_of(self, adapter="acute", processes=("acute",), **fhir):
        site = FhirSite(**fhir)
        self.addCleanup(site.close)
        source = site.config["sources"]["test-pas"]
        source.update({"adapter": adapter, "test_numbers": True})
        site.maps = MAPS
        site.adapter().env["WEIR_MAPS"] = MAPS
        site.start(*processes)
        self.call = site.caller()
        self.addCleanup(self.call.close)
        return site

    def kept(self, site, topic="flow.messages"):
        return [v for _, v in records.rows(site, "acute", topic)]

    def told(self, site):
        """Types of the events, and their ids."""
        return [(e["type"], e["id"]) for e in map(json.loads, self.kept(site, "flow.reported"))]

    def send(self, body, media=JSON, ids=True, **headers):
        given = {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4())} if ids else {}
        return self.call.ask("POST", "/$process-message", body, media, **{**given, **headers})


class BarsTest(MessagesTest):
    """profile: bars."""

    def refused(self, got, status, code, issue):
        self.assertEqual((got.status, got.issues()), (status, [issue]), got.body)
        self.assertEqual(got.json()["issue"][0]["details"]["coding"], [{"system": BARS, "code": code}])

    def test_taken_and_told(self):
        """Referrals and bookings are events with their use case; FHIR row 38: both ids come back."""
        site = self.site_of(profile="bars")
        for name, types in (("bars_999_to_sdec", ["referral.received", "ambulance.alternative_pathway"]),
                            ("bars_booking", ["appointment.booked"]), ("bars_declined", ["referral.declined"])):
            before = len(self.told(site))
            ids = {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4())}
            got = self.send(case(name + ".json"), ids=False, **ids)
            self.assertEqual(got.status, 200, got.body)
            self.assertEqual((got.headers["x-request-id"], got.headers["x-correlation-id"]), tuple(ids.values()))
            self.assertEqual([t for t, _ in self.told(site)[before:]], types)
        event = json.loads(self.kept(site, "flow.reported")[0])
        self.assertEqual(event["data"]["referral"]["use_case"]["code"], "a1t9")

    def test_ids_are_required(self):
        """FHIR row 38: a message without X-Request-ID and X-Correlation-ID, or with others than GUIDs, is REC_BAD_REQUEST."""
        site = self.site_of(profile="bars")
        body, good = case("bars_booking.json"), str(uuid.uuid4())
        for issue, ids in (("required", {}), ("required", {"X_Request_ID": good}), ("required", {"X_Correlation_ID": good}),
                           ("value", {"X_Request_ID": "1", "X_Correlation_ID": good}),
                           ("value", {"X_Request_ID": good, "X_Correlation_ID": "9990001634"})):
            self.refused(self.send(body, ids=False, **ids), 400, "REC_BAD_REQUEST", issue)
        self.assertEqual(self.kept(site) + self.kept(site, "flow.rejected"), [])

    def test_codes_of_refusals(self):
        """FHIR row 41: every refusal has a code of the standard, whatever it is refused for."""
        site = self.site_of(profile="bars")
        booking = json.loads(case("bars_booking.json"))
        unknown, no_reason, headless = (copy.deepcopy(booking) for _ in range(3))
        unknown["entry"][0]["resource"]["eventCoding"]["code"] = "lunch-request"
        del no_reason["entry"][0]["resource"]["reason"]
        del headless["entry"][0]
        for status, code, issue, body in ((400, "REC_BAD_REQUEST", "structure", b"{"),
                                          (400, "REC_BAD_REQUEST", "structure", headless),
                                          (422, "REC_UNPROCESSABLE_ENTITY", "not-supported", unknown),
                                          (422, "REC_UNPROCESSABLE_ENTITY", "required", no_reason)):
            self.refused(self.send(body), status, code, issue)
        self.assertEqual(len(self.kept(site, "flow.rejected")), 4)
        ids = {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4())}
        for status, code, issue, method, path, more in (
                (404, "REC_NOT_FOUND", "not-supported", "POST", "/Slot", {}),
                (405, "REC_METHOD_NOT_ALLOWED", "not-supported", "GET", "/$process-message", {}),
                (406, "REC_NOT_ACCEPTABLE", "not-supported", "POST", "/$process-message", {"Accept": "text/plain"}),
                (415, "REC_BAD_REQUEST", "not-supported", "POST", "/$process-message", {"media": "text/plain"}),
                (422, "REC_UNPROCESSABLE_ENTITY", "not-supported", "POST", "/$process-message?async=true", {})):
            self.refused(self.call.ask(method, path, booking if method == "POST" else None, **ids, **more), status, code, issue)
        site.weir("pause", "source", "test-pas", "--reason", "test")
        self.refused(self.send(booking), 503, "REC_UNAVAILABLE", "transient")

    def test_who_may_not_call(self):
        """FHIR row 41: no token that is good is REC_UNAUTHORIZED, its scope not enough REC_FORBIDDEN."""
        site = FhirSite(profile="bars", bearer={"jwks_file": "jwks.json", "issuer": "https://a.example", "audience": "us", "scopes": ["bars"]})
        self.addCleanup(site.close)
        issuer = Issuer(site.dir)
        site.write("jwks.json", json.dumps({"keys": [issuer.jwk]}))
        site.start("acute")
        self.call = site.caller()
        self.addCleanup(self.call.close)
        weak = issuer.token(iss="https://a.example", aud="us", scope="other", exp=int(time.time()) + 600)
        self.refused(self.send(case("bars_booking.json"), Authorization="Bearer x"), 401, "REC_UNAUTHORIZED", "login")
        self.refused(self.send(case("bars_booking.json"), Authorization=f"Bearer {weak}"), 403, "REC_FORBIDDEN", "forbidden")

    def test_answers_are_fhir(self):
        """FHIR rows 15, 20 and 41: HAPI FHIR reads what is answered, taken, again, in conflict, refused, in JSON and XML, without a doubt."""
        site = self.site_of(profile="bars")
        names = []
        for media in (JSON, XML):
            ids = {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4()), "Accept": media}
            for status, body in ((200, case("bars_booking.json")), (409, case("bars_booking.json")), (409, case("bars_booking_moved.json")),
                                 (400, None)):
                got = self.send(body or b"{", ids=body is None, **(ids if body else {"Accept": media}))
                self.assertEqual(got.status, status, got.body)
                names.append(site.path(f"answer-{len(names)}.{'json' if media == JSON else 'xml'}"))
                with open(names[-1], "wb") as f:
                    f.write(got.body)
        folder = site.path("read")
        os.mkdir(folder)
        self.assertEqual(hapi([("R4", name) for name in names], folder), ["ok"] * len(names))

    def test_a_repeat_is_a_conflict(self):
        """FHIR rows 16, 22 and 40: a message that was taken is 409 duplicate when its request comes again, and nothing new; one that was not is not."""
        site = self.site_of(profile="bars", remember=4)
        body = case("bars_booking.json")
        ids = [{"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4())} for _ in range(8)]
        self.assertEqual(self.send(body, ids=False, **ids[0]).status, 200)
        for _ in range(2):
            self.refused(self.send(body, ids=False, **ids[0]), 409, "REC_CONFLICT", "duplicate")
        self.assertEqual((len(self.kept(site)), len(self.told(site))), (1, 1))
        other = case("bars_booking_moved.json")
        self.refused(self.send(other, ids=False, **ids[0]), 409, "REC_CONFLICT", "conflict")
        self.assertEqual(len(self.kept(site, "flow.rejected")), 1)  # it is not lost
        self.assertEqual(self.send(other, ids=False, X_Request_ID=str(uuid.uuid4()),
                                   X_Correlation_ID=ids[0]["X_Correlation_ID"]).status, 200)
        self.assertEqual(self.send(b"{", ids=False, **ids[1]).status, 400)
        self.assertEqual(self.send(b"{", ids=False, **ids[1]).status, 400)
        for one in ids[2:]:  # they push the first one out: it is answered like the first time
            self.assertEqual(self.send(body, ids=False, **one).status, 200)
        self.assertEqual(self.send(body, ids=False, **ids[0]).status, 200)
        self.assertEqual(len({i for _, i in self.told(site)}), 2)  # the same ids, which the broker drops

    def test_at_the_same_time(self):
        """FHIR rows 22 and 40: under ids of a request, or of a Bundle, that one under way has, another message is 409 conflict, and
        the same one is answered like it."""
        site = self.site_of(profile="bars", unique_bundles=True)
        one, other = (json.loads(case(name)) for name in ("bars_booking.json", "bars_booking_moved.json"))
        ids = {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4())}
        one["entry"][0]["resource"]["id"], other["entry"][0]["resource"]["id"] = "h1", "h2"
        one["id"] = other["id"] = "b1"
        self.assertEqual(self.together(site, [(one, None), (other, None)]), [200, 409])
        one["id"], other["id"] = "b2", "b3"
        self.assertEqual(self.together(site, [(one, ids), (other, ids)]), [200, 409])
        ids["X_Request_ID"] = str(uuid.uuid4())
        one["id"] = "b4"
        self.assertEqual(self.together(site, [(one, ids), (one, ids)]), [200, 200])

    def together(self, site, messages):
        """Statuses, sorted, of messages that are all there before the first is looked at."""
        def guids():
            return {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4())}
        calls = [site.caller() for _ in messages]
        for call in calls:
            self.addCleanup(call.close)
            self.assertEqual(call.ask("GET", "/metadata", **guids()).status, 200)
        process = site.adapter().popen
        process.send_signal(signal.SIGSTOP)
        try:
            for call, (body, ids) in zip(calls, messages):
                head = {k.replace("_", "-"): v for k, v in (ids or guids()).items()}
                call.line.request("POST", "/fhir/$process-message", json.dumps(body).encode(), {"Content-Type": JSON, **head})
        finally:
            process.send_signal(signal.SIGCONT)
        return sorted(call.line.getresponse().status for call in calls)

    def test_headers_of_nhs_england(self):
        """NHSD- headers: JSON in base64; what they name goes into the log as far as it is an ODS code."""
        here = "https://fhir.nhs.uk/Id/dos-service-id|2000000001"
        site = self.site_of(profile="bars", endpoints=[here, "http" + here[5:]])
        body = json.loads(case("bars_booking.json"))
        body["entry"][0]["resource"]["destination"] = [{"endpoint": "http" + here[5:]}]
        organisation = {"resourceType": "Organization", "identifier": [
            {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RX8"}], "name": "Kerr Ada"}
        good = {"NHSD_Target_Identifier": packed({"system": here.split("|")[0], "value": here.split("|")[1]}),
                "NHSD_End_User_Organisation": packed(organisation),
                "NHSD_Requesting_Software": packed({"resourceType": "Device"}),
                "NHSD_Requesting_Practitioner": packed({"resourceType": "PractitionerRole"})}
        self.assertEqual(self.send(body, **good).status, 200)
        for name, value in (("NHSD_Target_Identifier", "%%%"), ("NHSD_Target_Identifier", packed({"value": "1"})),
                            ("NHSD_Target_Identifier", packed([1])), ("NHSD_End_User_Organisation", packed({"resourceType": "Device"})),
                            ("NHSD_Requesting_Software", base64.b64encode(b"\xff{").decode()), ("NHSD_Requesting_Practitioner", "e30")):
            self.refused(self.send(body, **{**good, name: value}), 400, "REC_BAD_REQUEST", "value")
        self.refused(self.send(body, **{**good, "NHSD_Target_Identifier": packed({"system": "a", "value": "b"})}), 422,
                     "REC_UNPROCESSABLE_ENTITY", "not-found")
        elsewhere = copy.deepcopy(body)
        ours = {"endpoint": "http" + here[5:]}
        for to in ([{"endpoint": "urn:others"}], {"endpoint": "urn:others"}):  # of one alone, what stands behind it is none
            elsewhere["entry"][0]["resource"] = {"resourceType": "MessageHeader", "destination": to, "source": ours,
                                                 **{k: v for k, v in body["entry"][0]["resource"].items() if k not in ("destination", "source")}}
            self.refused(self.send(elsewhere, **good), 422, "REC_UNPROCESSABLE_ENTITY", "not-found")
        organisation["identifier"][0]["value"] = "9990001006"
        self.refused(self.send(elsewhere, **{**good, "NHSD_End_User_Organisation": packed(organisation)}), 422,
                     "REC_UNPROCESSABLE_ENTITY", "not-found")
        self.assertEqual(len(self.kept(site)), 1)
        log = site.adapter().log()
        self.assertIn("organisation=RX8", log)
        self.assertNotIn("Kerr", log)
        self.assertNotIn("9990001006", log)


class AgainTest(MessagesTest):
    """FHIR rows 21 to 23: which message is which."""

    def test_table_of_ids(self):
        """Another sending of a message gives nothing new; a Bundle.id that is used again for another is told, where it is not to be (FHIR row 22)."""
        site = self.site_of(unique_bundles=True)

        def message(bundle, header, stamp="2026-03-03T10:02:11+00:00"):
            body = json.loads(case("bars_booking.json"))
            body["id"], body["timestamp"] = bundle, stamp
            body["entry"][0]["resource"].update({"id": header, "meta": {"lastUpdated": stamp}})
            return body
        first = self.send(message("b1", "h1"))
        self.assertEqual(first.status, 200)
        self.assertEqual(first.json()["entry"][0]["resource"]["response"], {"identifier": "h1", "code": "ok"})
        again = self.send(message("b1", "h1"))
        self.assertEqual((again.status, again.body), (200, first.body))
        later = self.send(message("b2", "h1", "2026-03-03T10:30:00+00:00"))
        self.assertEqual((later.status, later.json()["entry"]), (200, first.json()["entry"]))
        self.assertEqual(len({i for _, i in self.told(site)}), 1)
        got = self.send(message("b1", "h2"))
        self.assertEqual((got.status, got.issues(), got.json()["issue"][0]["expression"]), (409, ["conflict"], ["Bundle.id"]))
        self.assertEqual(len(self.kept(site, "flow.rejected")), 1)
        self.assertEqual(self.send(message("b3", "h2")).status, 200)
        self.assertEqual(len({i for _, i in self.told(site)}), 2)

    def test_told_once(self):
        """FHIR rows 21 and 23: of a message that is sent again, with another envelope or in XML, consumers hear once."""
        site = self.site_of(processes=("acute", "broker"))
        body = json.loads(case("bars_booking.json"))
        for n in range(4):
            body.update({"id": f"b{n}", "timestamp": f"2026-03-03T10:0{n}:00+00:00"})
            self.assertEqual(self.send(body).status, 200)
        self.assertEqual(self.send(case("bars_booking.xml"), XML).status, 200)
        self.assertEqual(self.send(case("bars_999_to_ed.json")).status, 200)  # the last one: what stands before it is through

        def types():
            return [json.loads(v)["type"] for _, v in records.rows(site, "broker", "flow.events")]
        kit.wait_until(lambda: "referral.received" in types(), 30, "the last message is told")
        self.assertEqual(sorted(types()), ["appointment.booked", "referral.received"])
        self.assertEqual(len(self.told(site)), 6)

    def test_an_answer_is_no_event(self):
        """A message that answers another (MessageHeader.response) makes events only where a map says so."""
        site = self.site_of()
        self.assertEqual(self.send(case("bars_request_answered.json")).status, 200)
        self.assertEqual((len(self.kept(site)), self.told(site)), (1, []))
        self.assertEqual(self.send(case("bars_accepted_as_answer.json")).status, 200)
        self.assertEqual([t for t, _ in self.told(site)], ["referral.accepted"])


HANDLING = """<extension url="https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ITK-MessageHandling-2">
<extension url="BusAckRequested"><valueBoolean value="%s"/></extension><extension url="InfAckRequested"><valueBoolean value="%s"/></extension>
<extension url="RecipientType"><valueCoding><system value="https://fhir.nhs.uk/STU3/CodeSystem/ITK-RecipientType-1"/><code value="%s"/></valueCoding></extension>
<extension url="SenderReference"><valueString value="ref-7"/></extension></extension>"""
NOTICE = """<?xml version="1.0" encoding="UTF-8"?>
<Bundle xmlns="http://hl7.org/fhir"><meta><profile value="https://fhir.nhs.uk/STU3/StructureDefinition/ITK-Message-Bundle-1"/></meta>
<identifier><value value="i-%(id)s"/></identifier><type value="message"/>
<entry><fullUrl value="urn:uuid:%(id)s"/><resource><MessageHeader><id value="%(id)s"/>
<meta><profile value="https://fhir.nhs.uk/STU3/StructureDefinition/ITK-MessageHeader-2"/></meta>%(handling)s
<event><system value="http://snomed.info/sct"/><code value="%(code)s"/></event><timestamp value="2026-04-14T10:00:00+01:00"/>
<source><endpoint value="urn:nhs-uk:addressing:ods:RXF05"/></source></MessageHeader></resource></entry>
<entry><fullUrl value="urn:uuid:5f0c2c1e-6a0d-4f0e-9a57-000000000602"/><resource><Patient><identifier><system value="https://fhir.nhs.uk/Id/nhs-number"/>
<value value="9990001634"/></identifier></Patient></resource></entry></Bundle>"""


def notice(business="false", infrastructure="true", recipient="FA", code="975731000000100", handling=HANDLING):
    given = handling % (business, infrastructure, recipient) if "%" in handling else handling
    return (NOTICE % {"id": str(uuid.uuid4()), "handling": given, "code": code}).encode()


class Itk3Test(MessagesTest):
    """profile: itk3."""

    def values(self, got, path):
        return [e.get("value") for e in ElementTree.fromstring(got.body).iterfind("." + "".join(f"//{FHIR}{p}" if i == 0 else f"/{FHIR}{p}"
                                                                                               for i, p in enumerate(path.split("/"))))]

    def ack(self, got, status, code, response):
        """The answer is an ITK-Response with that code."""
        self.assertEqual(got.status, status, got.body)
        self.assertTrue(got.headers["content-type"].startswith(XML))
        self.assertEqual(self.values(got, "event/code"), ["ITK008M"])
        self.assertEqual(self.values(got, "response/code"), [response])
        self.assertEqual(self.values(got, "details/coding/system"), [ITK3])
        self.assertEqual(self.values(got, "details/coding/code"), [code])
        self.assertEqual(len(self.values(got, "details/coding/display")), 1)
        self.assertEqual(self.values(got, "response/details/reference"), self.values(got, "focus/reference"))
        self.assertIn(self.values(got, "focus/reference")[0], self.values(got, "entry/fullUrl"))

    def test_infrastructure_acknowledgment(self):
        """FHIR rows 43 to 45: InfAckRequested is answered with 20013 once the message is durable, and again when it comes again; what asks for none gets none."""
        site = self.site_of(profile="itk3")
        body = notice()
        got = self.send(body, XML)
        self.ack(got, 200, "20013", "ok")
        self.assertIn(self.values(got, "response/identifier")[0].encode(), body)
        self.assertEqual(self.values(got, "extension/valueString"), ["ref-7"])
        self.assertEqual(self.values(got, "extension/valueBoolean"), ["false", "false"])
        self.assertEqual(self.send(body, XML).body, got.body)
        for asked in (notice(infrastructure="false"), notice(handling=""), notice(business="true", infrastructure="false")):
            quiet = self.send(asked, XML)
            self.assertEqual((quiet.status, quiet.body), (200, b""))
        self.ack(self.send(notice(business="true"), XML), 200, "20013", "ok")  # nothing in 3xxxx: weir does not know the patient
        self.assertEqual({t for t, _ in self.told(site)}, {"discharge.notified"})
        self.assertEqual(len({i for _, i in self.told(site)}), 5)

    def test_negative_acknowledgments(self):
        """FHIR row 45: a refusal names its code, also where the flags could not be read; FHIR row 44: flags that mean nothing are refused."""
        site = self.site_of(profile="itk3", endpoints=["urn:nhs-uk:addressing:ods:384"])
        site.adapter()
        text = HANDLING.replace('<valueBoolean value="%s"/></extension><extension url="Inf', '<valueString value="%s"/></extension><extension url="Inf')
        here = b"<destination><endpoint value=\"urn:nhs-uk:addressing:ods:384\"/></destination><timestamp"

        def sent(body):
            return self.send(body.replace(b"<timestamp", here), XML)
        self.ack(sent(notice()), 200, "20013", "ok")
        self.ack(sent(notice(handling=text)), 422, "10003", "fatal-error")
        self.ack(sent(notice(recipient="XX")), 422, "10010", "fatal-error")
        self.ack(sent(b"<Bundle"), 400, "10009", "fatal-error")
        self.ack(sent(notice().replace(b"<event>", b"<reason>").replace(b"</event>", b"</reason>")), 400, "20006", "fatal-error")
        self.ack(self.send(notice(), XML), 422, "20002", "fatal-error")
        quiet = self.send(notice(infrastructure="false"), XML)
        self.assertEqual(quiet.status, 422)
        self.assertIn(b"<OperationOutcome", quiet.body)
        self.assertNotIn(b"<Bundle", quiet.body)
        self.assertEqual(len(self.kept(site, "flow.rejected")), 6)

    def test_an_acknowledgment_is_no_event(self):
        """ITK008M that comes in answers what was sent by somebody: it is kept, and tells nothing."""
        site = self.site_of(profile="itk3")
        ack = self.send(notice(), XML).body
        before = len(self.told(site))
        self.assertEqual(self.send(ack, XML).status, 200)
        self.assertEqual((len(self.kept(site)), len(self.told(site))), (2, before))


class NoticesTest(MessagesTest):
    """Care Act notices in XML, from the request to the events."""

    def test_xml_from_end_to_end(self):
        """FHIR rows 14 and 43: notices of STU3 in XML, with byte order mark or without, are the events of their JSON twins, and are answered in XML."""
        site = self.site_of()
        names = [n[:-4] for n in sorted(os.listdir(CASES)) if n.startswith("notice_") and n.endswith(".xml")]
        self.assertGreater(len(names), 8)
        for name in names:
            with self.subTest(name):
                before = len(self.told(site))
                twin = self.send(case(name + ".json"))
                middle = len(self.told(site))
                got = self.send(b"\xef\xbb\xbf" + case(name + ".xml"), "application/fhir+xml; charset=utf-8; fhirVersion=3.0")
                self.assertEqual((twin.status, got.status), (200, 200), got.body)
                self.assertTrue(got.headers["content-type"].startswith(XML))
                self.assertEqual(ElementTree.fromstring(got.body).tag, FHIR + "Bundle")
                told = self.told(site)
                self.assertEqual(told[before:middle], told[middle:])

    def test_xml_that_is_refused(self):
        """Bad input rows 11 and 13: a DTD, entities, what lies outside, depth, what is no XML: 400 or 413 with an OperationOutcome in XML, and flat memory."""
        site = self.site_of(message_max="4MiB")
        good = notice()
        self.assertEqual(self.send(good, XML).status, 200)
        head = good.index(b"<Bundle")
        before = site.adapter().rss()
        laughs = b"<!DOCTYPE B [<!ENTITY a \"aaaaaaaaaa\">" + b"".join(
            b"<!ENTITY %c \"%s\">" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)) + b"]>"
        for status, body in (
                (400, laughs + good[head:].replace(b"RXF05", b"&j;")),
                (400, b"<!DOCTYPE B [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + good[head:].replace(b"RXF05", b"&x;")),
                (400, b"<!DOCTYPE B SYSTEM \"http://127.0.0.1:%d/x.dtd\">" % site.fhir_port + good[head:]),
                (413, b"<Bundle xmlns=\"http://hl7.org/fhir\">" + b"<a>" * 100000),
                (400, good[:-20]), (400, good.replace(b"UTF-8", b"UTF-16")),
                (400, good.replace(b"<timestamp", b"<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\"/><timestamp")
                 .replace(b"</MessageHeader>", b""))):
            for _ in range(3):
                got = self.send(body, XML)
                self.assertEqual(got.status, status, got.body)
                self.assertIn(b'<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"', got.body)
                self.assertNotIn(b"root:", got.body)
        self.assertLess(site.adapter().rss() - before, 150 * 2**20)
        self.assertEqual([t for t, _ in self.told(site)], ["discharge.notified"])


if __name__ == "__main__":
    unittest.main()
