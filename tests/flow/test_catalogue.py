"""`weir events` and `weir codes` as their users meet them: the catalogue, the code tables, and codes that came and are in none."""
import json
import os
import re
import subprocess
import unittest

import kit
from test_cli import ADMIT

ODD = ADMIT.replace("|21|", "|ZZ|").replace("W1^BAY2^05^RZZ01", "W77^BAY2^05^RZZ01").replace("CLI", "ODD")
NAMED = ADMIT.replace("|300|", "|Sample Ada|").replace("CLI", "NAM")


def weir(*argv, code=0):
    done = subprocess.run([kit.program("weir"), *argv], capture_output=True, text=True, check=False, cwd="/")
    if done.returncode != code:
        raise AssertionError(f"weir {' '.join(argv)}: exit {done.returncode}: {done.stderr}")
    return done.stdout if code == 0 else done.stderr


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def types():
    with open(os.path.join(kit.TOP, "schemas", "types.json"), encoding="utf-8") as f:
        return json.load(f)["types"]


class Events(unittest.TestCase):
    def test_all_are_listed_without_a_configuration(self):
        self.assertEqual([row.split()[0] for row in weir("events").splitlines()], [t["type"] for t in types()])
        self.assertEqual(weir("events"), weir("events", "list"))

    def test_filters(self):
        found = lambda *argv: [row["type"] for row in lines(weir("events", "list", "--json", *argv))]
        self.assertEqual(found("discharge.ready*"), ["discharge.ready", "discharge.ready_withdrawn"])
        self.assertEqual(found("ambulance"), [t["type"] for t in types() if t["group"] == "ambulance"])
        self.assertEqual(found("--by", "journey"), [t["type"] for t in types() if "journey" in t["by"]])
        self.assertIn("no type is like that", weir("events", "list", "nothing.*", code=65))
        self.assertIn("adapter or journey", weir("events", "list", "--by", "me", code=64))

    def test_a_type_is_shown_with_its_fields_readers_and_a_masked_example(self):
        out = weir("events", "show", "patient.discharged")
        self.assertRegex(out, r"patient\.discharged - A stay in a bed ends\.")
        self.assertRegex(out, r"HL7 v2 +A03")
        self.assertRegex(out, r"data\.care\.discharge_method +all .*Codes: discharge_method\.")
        self.assertRegex(out, r"data\.location\.ward +all +hidden ")
        self.assertRegex(out, r"data\.patient\.family +identifiers ")
        self.assertNotIn("999000", out)
        self.assertIn('"family":"***"', out)
        self.assertRegex(weir("events", "show", "staff.on_duty"), r"sender +none known")
        self.assertIn("needs    data.capacity", weir("events", "show", "capacity.reported"))

    def test_json_is_what_the_schemas_say(self):
        for row in lines(weir("events", "--json")):
            with open(os.path.join(kit.TOP, "schemas", "events", f"{row['type']}.schema.json"), encoding="utf-8") as f:
                schema = json.load(f)
            self.assertEqual((row["description"], row["example"]), (schema["description"], schema["examples"][0]))
            self.assertTrue(all(f["description"] for f in row["fields"]), row["type"])

    def test_what_a_source_makes(self):
        config = os.path.join(kit.TOP, "config", "first-feed.yaml")
        made = {row["type"]: row["triggers"] for row in lines(weir("events", "list", "--json", "--source", "first-pas", "-c", config))}
        self.assertEqual(made["patient.admitted"], "A01 A06")
        self.assertNotIn("ambulance.arrived", made)
        self.assertRegex(weir("events", "show", "ambulance.arrived", "--source", "first-pas", "-c", config), r"this source +none of its maps")
        self.assertIn("no source 'nobody'", weir("events", "list", "--source", "nobody", "-c", config, code=65))

    def test_wrong_use_is_told(self):
        self.assertIn("did you mean patient.admitted?", weir("events", "show", "patient.admited", code=65))
        for argv in (["show"], ["find"], ["list", "a", "b"], ["show", "a", "--by", "adapter"]):
            weir("events", *argv, code=64)


class Codes(unittest.TestCase):
    def test_tables_and_rows(self):
        names = [row.split()[0] for row in weir("codes").splitlines()]
        there = sorted(n.removesuffix(".csv") for n in os.listdir(os.path.join(kit.TOP, "schemas", "codes")) if n.endswith(".csv"))
        self.assertEqual(names, there)
        self.assertRegex(weir("codes", "show", "admission_method", "2d"), r"^2D +2D +emergency +other emergency \[UK Core R4, \d{4}\]\n$")
        row = lines(weir("codes", "show", "discharge_method", "4", "--json"))[0]
        self.assertEqual((row["code"], row["group"], row["checked"]), ("4", "died", True))
        self.assertEqual({r["table"] for r in lines(weir("codes", "list", "--json"))}, set(there))

    def test_wrong_use_is_told(self):
        self.assertIn("did you mean admission_method?", weir("codes", "show", "admisson_method", code=65))
        self.assertIn("is not in the table", weir("codes", "show", "admission_method", "ZZ", code=65))
        for argv in (["show"], ["find"], ["list", "a"], ["show", "a", "b", "c"], ["show", "admission_method", "--since", "1h"], ["list", "--unknown"]):
            weir("codes", *argv, code=64)


class Unknown(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site()
        cls.addClassCleanup(cls.site.close)
        cls.site.start()
        text = "".join(ADMIT.format(n=n) for n in (1, 2)) + "".join(ODD.format(n=n) for n in (3, 4, 5)) + NAMED.format(n=6)
        cls.site.weir("send", f"127.0.0.1:{cls.site.port}", cls.site.write("feed.hl7", text))

    def unknown(self, *argv):
        return [(r["count"], r["source"], r["field"], r.get("code"), r.get("table")) for r in
                lines(self.site.weir("codes", "--unknown", "--json", *argv).stdout)]

    def test_they_are_counted_by_source_field_and_code(self):
        self.assertEqual(self.unknown(), [(3, "test-pas", "care.admission_method", "ZZ", "admission_method"),
                                          (3, "test-pas", "location", "RZZ01/W77", "location"),
                                          (1, "test-pas", "care.specialty", "xxxxxx xxx", "main_specialty")])
        out = self.site.weir("codes", "--unknown").stdout
        self.assertRegex(out, r" 3  test-pas +care\.admission_method +ZZ  last \d{4}-.*Z  not in admission_method\n")
        self.assertNotIn("Sample", out)

    def test_of_a_source_and_a_time(self):
        self.assertEqual(len(self.unknown("--source", "test-pas", "--since", "1h")), 3)
        self.assertEqual(self.unknown("--since", "2199-01-01T00:00:00Z"), [])
        self.assertIn("every code was in its table", self.site.weir("codes", "--unknown", "--since", "2199-01-01T00:00:00Z").stdout)
        done = self.site.weir("codes", "--unknown", "--source", "nobody", check=False)
        self.assertEqual((done.returncode, "no source 'nobody'" in done.stderr), (65, True))

    def test_what_looks_like_a_person_is_revealed_and_audited(self):
        self.assertIn((1, "test-pas", "care.specialty", "Sample Ada", "main_specialty"), self.unknown("--reveal"))
        import records
        said = [json.loads(v) for _, v in records.rows(self.site, "broker", "flow.audit")]
        self.assertTrue([a for a in said if a["action"] == "reveal" and "codes" in json.dumps(a)], said)

    def test_the_metric_counts_by_field(self):
        adapter = self.site.processes["acute"]
        self.assertEqual(adapter.metric("weir_codes_unmapped_total", source="test-pas", field="care.admission_method"), 3)
        self.assertEqual(adapter.metric("weir_codes_unmapped_total", source="test-pas", field="location"), 3)
        self.assertFalse(re.search(r'weir_codes_unmapped_total\{[^}]*ZZ"', adapter.get("/metrics")[1]))


if __name__ == "__main__":
    unittest.main()
