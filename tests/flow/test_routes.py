"""Which route takes what, and why: `weir explain` and `weir routes` on a site of its own."""
import copy
import json
import sqlite3
import subprocess
import unittest

import yaml

import kit

ADMIT = ("MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302091500||ADT^A01|RTE{n:04}|P|2.4\r"
         "EVN|A01|20260302091400\r"
         "PID|1||D{n:05}^^^RZZ^MR~9990001006^^^NHS^NH||SAMPLE^Ada||19510412|F\r"
         "PV1|1|I|{ward}^BAY2^05^RZZ01|21||||||300||||19|||||V{n:05}^^^RZZ^VN|||||||||||||||||||||||||20260302090500\r")
ROUTES = {
    "ward-one": {"when": "type = 'patient.admitted' AND data.location.ward = 'W1'", "keep": ["all"], "identifiers": True},
    "ada": {"when": "data.patient.given = 'Ada' AND UPPER(data.patient.family) = 'SAMPLE'"},
    "erring": {"when": "data.location.ward > 5"},
}


def routes_of(line):
    return {r["route"]: r for r in json.loads(line)["routes"]}


def decides(route):
    return [p["text"] for p in route["parts"] if p.get("decides")]


class Files(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site(routes=copy.deepcopy(ROUTES))
        self.addCleanup(self.site.close)
        self.site.write_config()
        self.file = self.site.write("w2.hl7", ADMIT.format(n=1, ward="W2"))

    def test_a_message_is_explained(self):
        out = self.site.weir("explain", self.file).stdout
        self.assertIn("route ward-one: not taken\n", out)
        self.assertRegex(out, r"false +data.location.ward = 'W1'  <- decides\n +data.location.ward is 'W2'\n")
        self.assertIn("route ada: taken\n", out)
        self.assertIn("data.patient.given is ***", out)
        self.assertIn("route erring: not taken, its rule failed on this event\n", out)
        self.assertIn("taken by 1 of 3 routes", out)
        for secret in ("9990001006", "1951", "is 'SAMPLE'", "is 'Ada'"):
            self.assertNotIn(secret, out)

    def test_events_in_a_file_and_as_json(self):
        event = self.site.weir("translate", self.file).stdout
        pretty = self.site.write("one.json", json.dumps(json.loads(event), indent=2))
        lines = self.site.write("two.json", event + event)
        whole = self.site.weir("explain", "--json", pretty).stdout
        self.assertEqual(self.site.weir("explain", "--json", lines).stdout, whole * 2)
        self.assertEqual(self.site.weir("explain", "--json", "-", stdin=event).stdout, whole)
        routes = routes_of(whole)
        self.assertEqual({n: r["taken"] for n, r in routes.items()}, {"ward-one": False, "ada": True, "erring": False})
        self.assertEqual(decides(routes["ward-one"]), ["data.location.ward = 'W1'"])
        self.assertEqual(decides(routes["erring"]), ["data.location.ward > 5"])
        self.assertEqual(routes["erring"]["parts"][0]["errors"], "cast")

    def test_an_unknown_id_a_bad_event_and_a_bad_rule_are_told(self):
        bad = self.site.write("bad.json", "{\"id\": 1}\n")
        self.assertEqual(self.site.weir("explain", bad, check=False).returncode, 65)
        done = self.site.weir("explain", "no-such-event", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no-such-event", done.stderr)
        self.site.config["routes"]["erring"]["when"] = "data.care.admission_method.code = '77'"
        self.site.write_config()
        done = self.site.weir("explain", self.file, check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"weir\.yaml:\d+:\d+: when: character 35: .*admission_method\.csv has 11, 12")

    def test_routes_of_the_config_alone(self):
        done = self.site.weir("routes")
        self.assertIn("no counts", done.stderr)
        self.assertIn("ward-one\n  rule     type = 'patient.admitted' AND", done.stdout)
        self.assertNotIn("matched", done.stdout)
        self.assertNotEqual(self.site.weir("routes", "--unrouted", check=False).returncode, 0)


class Flowing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site(routes=copy.deepcopy(ROUTES), consumers={"out": kit.file_consumer("out.ndjson", route="ward-one")})
        cls.addClassCleanup(cls.site.close)
        del cls.site.config["routes"]["ada"]
        cls.site.start()
        feed = cls.site.write("feed.hl7", "".join(ADMIT.format(n=n, ward="W1" if n <= 3 else "W2") for n in range(1, 10)))
        cls.site.weir("send", f"127.0.0.1:{cls.site.port}", feed)
        kit.wait_until(lambda: cls.site.broker().metric("weir_events_total", type="patient.admitted") == 9, 20, "9 events")

    def test_routes_are_counted(self):
        told = {r["name"]: r for r in json.loads(self.site.weir("routes", "--json").stdout)["routes"]}
        self.assertEqual((told["ward-one"]["matched"], told["ward-one"]["errors"]), (3, 0))
        self.assertEqual((told["erring"]["matched"], told["erring"]["errors"]), (0, 9))
        self.assertEqual(told["ward-one"]["readers"], ["out"])
        self.assertEqual(told["ward-one"]["keep"], ["all"])
        out = self.site.weir("routes").stdout
        self.assertIn("  readers  out\n  matched  3\n", out)
        self.assertIn("6 events were taken by no route", out)
        self.assertEqual(self.site.broker().metric("weir_route_rule_errors_total", route="erring"), 9)
        self.assertEqual(self.site.broker().metric("weir_flow_unrouted_total", type="patient.admitted"), 6)

    def test_what_no_route_took_is_listed_and_explained(self):
        rows = json.loads(self.site.weir("routes", "--unrouted", "--json").stdout)["unrouted"]
        self.assertEqual([(r["type"], r["count"], len(r["newest"])) for r in rows], [("patient.admitted", 6, 5)])
        newest = rows[0]["newest"][0]
        self.assertIn(newest, self.site.weir("routes", "--unrouted").stdout)
        routes = routes_of(self.site.weir("explain", "--json", newest).stdout)
        self.assertEqual(decides(routes["ward-one"]), ["data.location.ward = 'W1'"])

    def test_a_rule_of_ones_own_is_no_way_round_the_mask(self):
        with open(self.site.config_path, encoding="utf-8") as f:
            other = yaml.safe_load(f)
        other["routes"]["ada"] = ROUTES["ada"]
        path = self.site.write("other.yaml", yaml.safe_dump(other))
        newest = json.loads(self.site.weir("routes", "--unrouted", "--json").stdout)["unrouted"][0]["newest"][0]
        explain = [kit.program("weir"), "explain", "--config", path, newest]
        out = subprocess.run(explain, capture_output=True, text=True, check=True).stdout
        self.assertIn("route ada: not told", out)
        self.assertIn("of 2 routes, 1 not told", out)
        out = subprocess.run([*explain, "--json"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(routes_of(out)["ada"]["hidden"], "data.patient.given")
        out = subprocess.run([*explain, "--reveal"], capture_output=True, text=True, check=True).stdout
        self.assertIn("route ada: taken", out)
        self.assertIn("data.patient.given is 'Ada'", out)
        db = sqlite3.connect(f"file:{self.site.data}/broker.db?mode=ro", uri=True)
        self.addCleanup(db.close)
        topic = db.execute("SELECT id FROM topic WHERE name = 'flow.audit'").fetchone()[0]
        audit = [bytes(v).decode() for (v,) in db.execute(f"SELECT value FROM record_{topic}")]
        self.assertTrue(any('"explain"' in a and "reveal" in a for a in audit), audit)


if __name__ == "__main__":
    unittest.main()
