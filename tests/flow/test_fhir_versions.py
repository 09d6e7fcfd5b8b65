"""Versions of a FHIR resource: what each says again is delivered once, and corrected once when the map is mended; a create with an id is a create."""
import json
import os
import unittest

import fhir_site
import kit
import records

AWAY = {"status": "onleave", "period": {"start": "2026-03-04T09:00:00+00:00", "end": "2026-03-04T17:00:00+00:00"}}


def stay(day, **more):
    return fhir_site.encounter(1, id="e1", meta={"lastUpdated": f"2026-03-{day:02}T08:00:00+00:00"}, statusHistory=[AWAY], **more)


def batch_xml(stays, patient):
    """One entry for each, in XML: stays with their subject's identifier."""
    def element(name, value):
        return f'<{name} value="{value}"/>'

    def number(i):
        return element("system", i["system"]) + element("value", i["value"])

    def of(kind, body):
        return f'<entry><resource><{kind}>{body}</{kind}></resource><request><method value="POST"/><url value="{kind}"/></request></entry>'
    told = [of("Encounter", f"<identifier>{number(e['identifier'][0])}</identifier>" + element("status", e["status"])
               + f"<class>{element('system', e['class']['system'])}{element('code', e['class']['code'])}</class>"
               f"<subject><identifier>{number(e['subject']['identifier'])}</identifier></subject>"
               f"<period>{element('start', e['period']['start'])}</period>") for e in stays]
    told.append(of("Patient", f"<meta><security>{element('code', patient['meta']['security'][0]['code'])}</security></meta>"
                   f"<identifier>{number(patient['identifier'][0])}</identifier>"))
    return f'<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/>{"".join(told)}</Bundle>'.encode()


class Versions(unittest.TestCase):
    def setUp(self):
        self.site = fhir_site.FhirSite()
        self.addCleanup(self.site.close)
        self.site.config["sources"]["test-pas"]["overlays"] = ["own.yaml"]
        self.site.write("own.yaml", "groups: {}\n")
        self.site.write_config()
        self.site.adapter().env["WEIR_MAPS"] = os.path.join(kit.TOP, "adapters")
        self.site.start("acute", "broker")
        self.caller = self.site.caller()
        self.addCleanup(self.caller.close)

    def events(self):
        return [json.loads(v) for _, v in records.rows(self.site, "broker", "flow.events")]

    def types(self):
        """What was delivered, once all that was reported has been read: the rest were repeats."""
        def all_read():
            repeats = self.site.broker().metric("weir_events_repeated_total") or 0
            return repeats + len(self.events()) == len(records.rows(self.site, "acute", "flow.reported"))
        kit.wait_until(all_read, 30, "the journey has read all that was reported")
        return [e["type"] for e in self.events()]

    def put(self, resource, status=200):
        path = f"/{resource['resourceType']}/{resource['id']}"
        self.assertEqual(self.caller.ask("PUT", path, resource).status, status)

    def test_a_leave_that_is_over_is_told_once(self):
        for day in (5, 6, 7):
            self.put(stay(day))
        self.assertEqual(sorted(self.types()), ["leave.ended"] + ["visit.updated"] * 3)
        self.assertNotIn("control_id_reused", json.dumps(self.events()))
        self.assertFalse(self.site.broker().metric("weir_control_ids_reused_total", source="test-pas"))

    def test_the_same_version_with_another_content(self):
        """Its name is used again: each of its events says so."""
        for priority in "ab":
            self.put(stay(5, priority={"text": priority}))
        self.assertEqual(sorted(self.types()), ["leave.ended"] + ["visit.updated"] * 2)
        flagged = [e["type"] for e in self.events() if "control_id_reused" in e["data"].get("quality", [])]
        self.assertEqual(flagged, ["visit.updated"])
        self.assertEqual(self.site.broker().metric("weir_control_ids_reused_total", source="test-pas"), 1)

    def test_a_status_that_comes_back_is_told_again(self):
        for day, status in ((4, "accepted"), (5, "rejected"), (6, "accepted")):
            self.put({"resourceType": "Task", "id": "t1", "status": status, "intent": "order",
                      "identifier": [{"system": "urn:rzz:any", "value": "T1"}],
                      "for": {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990001634"}},
                      "owner": {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RZZ"}},
                      "lastModified": f"2026-03-{day:02}T08:00:00+00:00"})
        self.assertEqual(self.types(), ["referral.accepted", "referral.declined", "referral.accepted"])

    def test_an_attendance_that_was_an_error_and_then_none_arrives_again(self):
        emergency = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"}
        for day, status in ((5, "arrived"), (6, "entered-in-error"), (7, "arrived")):
            self.put({**fhir_site.encounter(1, status, id="e1", meta={"lastUpdated": f"2026-03-{day:02}T08:00:00+00:00"}), "class": emergency})
        self.assertEqual(self.types(), ["emergency.arrived", "admission.cancelled", "emergency.arrived"])

    def test_a_mended_map_corrects_what_was_told(self):
        """By the message that told it first; the others, which told it too, say nothing."""
        for day in (5, 6):
            self.put(stay(day))
        self.assertEqual(len(self.types()), 3)
        self.site.write("own.yaml", "triggers: {Encounter: {events: {leave.ended: {fields: {data.reason.text: {const: mended}}}}}}\n")
        self.site.weir("reload")
        ask = ("retranslate", "--source", "test-pas", "--since", "1h", "--json")
        done = json.loads(self.site.weir(*ask).stdout)
        self.assertEqual([done[k] for k in ("messages", "new", "retracted", "forgotten")], [2, 0, 0, 0])
        kit.wait_until(lambda: len(self.events()) > 3, 30, "the corrections are delivered")
        self.types()
        corrected = [e for e in self.events() if e["type"] == "leave.ended" and "replaces" in e["data"]]
        self.assertEqual([e["data"]["reason"]["text"] for e in corrected], ["mended"])
        done = json.loads(self.site.weir(*ask).stdout)
        self.assertEqual([done[k] for k in ("corrected", "new", "retracted")], [0, 0, 0])

    def test_a_restriction_reaches_the_other_entries_of_a_batch(self):
        """Each is kept by itself, and says that it is about a Patient whom another entry says to be restricted; nobody else is."""
        nhs = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
        high = {"resourceType": "Patient", "id": "p1", "identifier": [nhs], "meta": {"security": [{"code": "R"}]}}
        other = {"resourceType": "Patient", "id": "p2", "identifier": [{**nhs, "value": "9990000026"}]}
        whose = [{"identifier": nhs}, {"reference": "urn:uuid:p1"}, {"reference": "Patient/p1"}, {"reference": "Patient/p2"}]
        stays = [fhir_site.encounter(n, subject=s) for n, s in enumerate(whose)]
        sent = fhir_site.bundle("batch", *map(fhir_site.entry, stays), fhir_site.entry(high, fullUrl="urn:uuid:p1"), fhir_site.entry(other))
        for body, media in ((sent, fhir_site.JSON), (batch_xml(stays[:1], high), fhir_site.XML)):
            got = self.caller.ask("POST", "", body, media=media)
            self.assertEqual(got.status, 200, got.body)
        reported = [json.loads(v) for _, v in records.rows(self.site, "acute", "flow.reported")]
        told = [e["data"].get("patient", {}).get("restricted", False) for e in reported if e["type"] == "patient.admitted"]
        self.assertEqual(told, [True, True, True, False, True])

    def test_a_post_is_a_create_whatever_id_it_has(self):
        body = fhir_site.encounter(2, id="e2")
        self.assertEqual(self.caller.ask("POST", "/Encounter", body).status, 201)
        self.assertEqual(self.types(), ["patient.admitted"])

    def test_changed_and_changed_back(self):
        """Without meta the X-Request-ID tells a change back from a request that is sent again."""
        def one(number, **more):
            body = fhir_site.encounter(1, id="e1", **more)
            self.assertEqual(self.caller.ask("PUT", "/Encounter/e1", body, X_Request_ID=f"r-{number}").status, 200)
        for number, priority in ((1, "a"), (2, "b"), (3, "a"), (3, "a")):
            one(number, priority={"text": priority})
        self.assertEqual(self.types(), ["visit.updated"] * 3)


if __name__ == "__main__":
    unittest.main()
