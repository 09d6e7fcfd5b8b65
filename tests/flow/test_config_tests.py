"""`weir test` and `weir translate --explain`: each kind of difference is found and told, the shipped tests pass."""
import json
import os
import re
import subprocess
import unittest

import kit

MESSAGE = ("MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260602091500||ADT^{trigger}|T0001|P|{version}\n"
           "EVN|{trigger}|20260602091400\n"
           "PID|1||9990001006^^^NHS^NH~R10001^^^RZZ^MR||SAMPLE^Ada||19510412|F\n"
           "PV1|1|I|W1^B1^04^RZZ01|ZZ||||||300|||||||||V90001^^^RZZ^VN|||||||||||||||||||||||||20260602090500\n")
ADMIT = MESSAGE.format(trigger="A01", version="2.4")


class Shipped(unittest.TestCase):
    def test_all_shipped_tests_pass(self):
        folder = os.path.join(kit.TOP, "config")
        names = [os.path.join(folder, n) for n in sorted(os.listdir(folder))]
        done = subprocess.run([kit.program("weir"), "test", "--json", *names], capture_output=True, text=True, check=False,
                              env=dict(os.environ, WEIR_MAPS=os.path.join(kit.TOP, "adapters")))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        report = json.loads(done.stdout)
        self.assertGreaterEqual(report["passed"], 25)
        self.assertEqual(report["failed"], 0)
        tested = {os.path.basename(f["file"]) for f in report["files"]}
        self.assertEqual(tested, {"first-feed.test.yaml", "weir.test.yaml"}, "each once")


class ConfigTests(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.config["routes"] = {
            "all": {"keep": ["all"], "identifiers": True},
            "analytics": {},
            "elsewhere": {"when": "data.location.site = 'RZZ09'"},
        }
        self.site.config["consumers"] = {}
        self.site.write_config()
        # No secret is read.
        os.remove(self.site.path("keys/pseudonym.key"))
        os.makedirs(self.site.path("tests"))

    def run_case(self, case, message=ADMIT, **more):
        """Runs one case; the path of the test file stands in self.file."""
        file = dict({"config": "../weir.yaml", "tests": [dict({"name": "a case", "message": message}, **case)]}, **more)
        self.file = self.site.write("tests/a.test.yaml", json.dumps(file, indent=1))
        return self.site.weir("test", self.file, check=False)

    def passes(self, case, **more):
        done = self.run_case(case, **more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 passed, 0 failed", done.stdout)

    def fails(self, case, what, wanted, came, **more):
        done = self.run_case(case, **more)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"a\.test\.yaml:\d+: .*{re.escape(what)}\n +wanted +{re.escape(wanted)}\n +came +{re.escape(came)}")
        self.assertIn("0 passed, 1 failed", done.stdout)

    def event(self, **said):
        return {"events": [dict({"type": "patient.admitted"}, **said)]}

    def test_what_is_expected_and_comes(self):
        self.passes(self.event(
            time="2026-06-02T08:05:00Z", present=["subject", "data.location"], absent=["data.prior_location"], never=["JONES"],
            fields={"time": "2026-06-02T10:05:00+02:00", "data.patient.birth_date": "1951-04-12", "data.patient.ids.value": ["R10001"],
                    "recordedtime": "2026-01-01T00:00:00Z"},
            routes={"all": {"fields": {"data.patient.family": "SAMPLE"}},
                    "analytics": {"absent": ["data.patient.family"], "never": ["sample", "9990001006"]}}))

    def test_each_kind_of_difference(self):
        self.fails(self.event(time="2026-06-02T09:05:00Z"), "event 1 (patient.admitted): time",
                   "2026-06-02T09:05:00Z", "2026-06-02T09:05:00+01:00")
        self.fails(self.event(fields={"data.location.ward": "W9"}), "data.location.ward", "W9", "W1")
        self.fails(self.event(fields={"data.prior_location.ward": "W9"}), "data.prior_location.ward", "W9", "nothing")
        self.fails(self.event(fields={"data.quality": []}), "data.quality", "nothing", "unmapped_code:")
        self.fails(self.event(fields={"data.patient.ids.value": ["R10001", "R10001"]}), "data.patient.ids.value",
                   "R10001, R10001", "R10001")
        self.fails(self.event(present=["data.prior_location"]), "data.prior_location", "any value", "nothing")
        self.fails(self.event(absent=["data.location"]), "data.location", "nothing", "an object")
        self.fails(self.event(routes=["all"]), "routes that take it", "all", "all, analytics")
        self.fails(self.event(routes=["all", "analytics", "elsewhere"]), "routes that take it", "all, analytics, elsewhere", "all, analytics")
        self.fails(self.event(routes={"all": {"never": ["sample"]}, "analytics": {}}), "route all: data.patient.family",
                   '"sample" nowhere in it', "SAMPLE")
        self.fails(self.event(routes={"all": {}, "analytics": {"fields": {"data.patient.family": "SAMPLE"}}}),
                   "route analytics: data.patient.family", "SAMPLE", "nothing")
        self.fails({"events": ["patient.discharged"]}, "events", "patient.discharged", "patient.admitted")
        self.fails({"events": []}, "events", "nothing", "patient.admitted")
        self.fails({"ack": "AE"}, "acknowledgment", "AE", "AA")
        self.fails({"verdict": "unmapped"}, "verdict", "unmapped", "events")

    def test_a_value_that_was_taken_away(self):
        gone = ADMIT.replace("||19510412|F", "||19510412|F" + "|" * 21 + '""')
        null = {"data.patient.died_at": None}
        self.passes(self.event(fields=null), message=gone)
        self.fails(self.event(fields=null), "data.patient.died_at", "null", "nothing")
        self.fails(self.event(present=list(null)), "data.patient.died_at", "any value", "null", message=gone)
        self.fails(self.event(absent=list(null)), "data.patient.died_at", "nothing", "null", message=gone)
        told = self.site.weir("test", "--explain", self.file, check=False).stdout
        self.assertRegex(told, r'data\.patient\.died_at +null  <- PID-29\.1 is sent as ""')

    def test_what_holds_for_all_readers(self):
        self.fails({}, "route all: data.patient.family", "nothing", "SAMPLE", readers={"all": {"absent": ["data.patient.family"]}})
        self.passes({}, readers={"analytics": {"absent": ["data.patient.family"]}})

    def test_refusals(self):
        odd = MESSAGE.format(trigger="A01", version="3.1")
        self.passes({"ack": "AR", "errors": [{"code": 203, "at": "MSH-12"}], "verdict": "refused", "events": []}, message=odd)
        self.fails({"ack": "AR", "errors": [{"code": 203, "at": "MSH-9"}]}, "ERR 1", "203 at MSH-9", "203 at MSH-12", message=odd)
        self.fails({"ack": "AR", "errors": []}, "ERR segments", "0", "203 at MSH-12", message=odd)
        self.fails({}, "acknowledgment", "AA", "AR: 203 at MSH-12", message=odd)

    def test_what_a_source_answers(self):
        odd = MESSAGE.format(trigger="A01", version="3.1")
        unknown = MESSAGE.format(trigger="A99", version="2.4")
        self.site.config["sources"]["test-pas"]["ack"] = ack = {"mode": "by_header"}

        def asking(message, both):
            return message.replace("|2.4\n", f"|2.4|||{both}\n", 1).replace("|3.1\n", f"|3.1|||{both}\n", 1)

        self.site.write_config()
        self.passes({"ack": "AA"})
        self.passes({}, message=asking(ADMIT, "AL|NE"))
        for both, good, bad in (("AL|NE", "CA", "CR"), ("AL|AL", "CA AA", "CR"), ("NE|ER", "none", "AR"), ("NE|NE", "none", "none")):
            self.passes({"ack": good}, message=asking(ADMIT, both))
            self.passes({"ack": bad}, message=asking(odd, both))
        self.fails({"ack": "AA"}, "acknowledgment", "AA", "CA AA", message=asking(ADMIT, "AL|AL"))
        self.fails({"ack": "CA"}, "acknowledgment", "CA", "CR: 203 at MSH-12", message=asking(odd, "AL|NE"))
        ack.update(mode="enhanced", on_unmapped="refuse")
        self.site.write_config()
        self.passes({"ack": "CA"})
        self.passes({"ack": "CR", "errors": [{"code": 201, "at": "MSH-9.2"}], "verdict": "refused"}, message=unknown)
        ack.update(mode="original", on_invalid="accept")
        self.site.write_config()
        self.passes({"ack": "AA", "errors": [], "verdict": "refused", "events": []}, message=unknown)

    def test_a_source_that_is_not_forwarded_reaches_no_route(self):
        self.site.config["sources"]["test-pas"]["forward"] = False
        self.site.write_config()
        self.passes(self.event(routes=[]))

    def test_files_of_messages(self):
        self.site.write("tests/two.hl7", (ADMIT + MESSAGE.format(trigger="A03", version="2.4")).replace("\n", "\r"))
        case = {"name": "second", "file": "two.hl7", "number": 2, "events": ["patient.discharged"]}
        self.site.write("tests/b.test.yaml", json.dumps({"tests": [case]}))
        self.assertIn("1 passed, 0 failed", self.site.weir("test").stdout, "those beside --config")
        case["number"] = 3
        self.site.write("tests/b.test.yaml", json.dumps({"tests": [case]}))
        done = self.site.weir("test", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("has no message 3", done.stderr)

    def test_what_is_wrong_in_a_test_is_told_with_its_place(self):
        for case, more, said in (
                ({"nam": "x"}, {}, '"name"'),
                ({"ack": "AB"}, {}, "AA"),
                ({"source": "test-pass"}, {}, "did you mean test-pas?"),
                (self.event(feilds={}), {}, "fields"),
                (self.event(fields={"data.location.wart": "x"}), {}, "did you mean data.location.ward?"),
                (self.event(fields={"data.location": "x"}), {}, "has parts"),
                (self.event(time="yesterday"), {}, "is no time"),
                (self.event(fields={"data.patient.restricted": "perhaps"}), {}, "cannot hold"),
                (self.event(fields={"data.site": None}), {}, "absent:"),
                (self.event(routes=["analitics"]), {}, "did you mean analytics?"),
                ({"events": ["patient.admited"]}, {}, "did you mean patient.admitted?"),
                ({"file": "x.hl7"}, {}, "a message: or a file:"),
                ({}, {"reader": {}}, "readers"),
                ({}, {"config": "../other.yaml"}, "other.yaml")):
            done = self.run_case(case, **more)
            self.assertEqual(done.returncode, 78, (case, done.stdout))
            self.assertIn(said, done.stderr)
            if "config" not in more:
                self.assertRegex(done.stderr, r"a\.test\.yaml:\d+:\d+: ")
        done = self.site.weir("test", self.site.path("keys"), check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("no tests", done.stderr)

    def test_json_and_explain(self):
        self.run_case(self.event(fields={"data.location.ward": "W9"}))
        report = json.loads(self.site.weir("test", "--json", self.file, check=False).stdout)
        case = report["files"][0]["cases"][0]
        self.assertFalse(case["passed"])
        self.assertGreater(case["ms"], 0)
        self.assertEqual({k: case["faults"][0][k] for k in ("wanted", "came")}, {"wanted": "W9", "came": "W1"})
        self.assertGreater(case["faults"][0]["line"], 1)
        told = self.site.weir("test", "--explain", self.file, check=False).stdout
        self.assertRegex(told, r'data\.location +raw W1.*<- PV1-3 "W1\^B1\^04\^RZZ01".*patient\.yaml:\d+\]')


class Explain(unittest.TestCase):
    def test_translate_tells_line_place_and_reason(self):
        site = kit.Site()
        self.addCleanup(site.close)
        overlay = "groups:\n  patient:\n    data.patient.postcode: [PID-11.9, PID-11.5]\n"
        site.config["sources"]["test-pas"]["overlays"] = [site.write("own.yaml", overlay)]
        site.write_config()
        text = ADMIT.replace("||19510412|F", "||noday|F|||^^^^ZZ1 1ZZ")
        out = site.weir("translate", "--explain", site.write("m.hl7", text)).stdout
        for pattern in (
                r"m\.hl7: message 1, trigger A01, of source test-pas: events",
                r"  patient\.admitted  \[.*acute/adt\.yaml:\d+\]",
                r'data\.patient\.postcode +ZZ1 1ZZ  <- PID-11\.5 "ZZ1 1ZZ"  \[.*own\.yaml:3\]',
                r"data\.patient\.nhs_number +9990001006  <- call nhs_number \(PID-3, ",
                r'data\.patient\.birth_date +PID-7\.1 is "noday", which is no date',
                r'data\.care\.admission_method +raw ZZ  <- PV1-4\.1 "ZZ", code admission_method does not have it',
                r"  without a value:\n(.*\n)+ +data\.patient\.died_at +PID-29\.1 is not sent",
                r"data\.visit\.ready +ZU1-22\.1: there is no ZU1",
                r"not when \{path: PV1-16\.1, is: N\}: PV1-16\.1 is empty",
                r'time +2026-06-02T09:05:00\+01:00  <- PV1-44\.1 "20260602090500"  \[.*adt\.yaml:\d+\]',
                r'  no emergency\.arrived: not when \{path: PV1-2\.1, group: patient_class, is: emergency\}: PV1-2\.1 is "I", group "inpatient"',
                r"data\.quality +.*time_invalid:PID-7\.1"):
            self.assertRegex(out, pattern)
        events = site.weir("translate", site.path("m.hl7")).stdout
        self.assertEqual(json.loads(events)["type"], "patient.admitted", "without it, as ever")

    def test_an_event_that_steps_back_and_a_trigger_without_a_map(self):
        site = kit.Site()
        self.addCleanup(site.close)
        site.write_config()
        text = MESSAGE.format(trigger="A08", version="2.4") + MESSAGE.format(trigger="Z99", version="2.4")
        done = site.weir("translate", "--explain", site.write("m.hl7", text), check=False)
        self.assertRegex(done.stdout, r"no patient\.updated: not when \{any: ")
        self.assertIn("of source test-pas: unmapped", done.stdout)
        self.assertIn("no map for trigger Z99", done.stderr)


if __name__ == "__main__":
    unittest.main()
