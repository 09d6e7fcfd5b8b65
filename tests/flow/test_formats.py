"""weir translate of a source that sends JSON or CSV: files as such systems write them."""
import json
import unittest

import kit

CAD = {"adapter": "ambulance", "format": "json", "ods": "RX8", "system": "cad", "timezone": "Europe/London", "test_numbers": True}
STATUS = '{{"incident":"I{n}","status":"{status}","at":"2026-03-03T10:0{n}:00Z","nhs_number":"9990001421"}}'
HEAD = "Incident Number,Surname,Clear\r\n"


class FormatsTest(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.site.config["sources"].update(
            cad=CAD, epcr={**CAD, "format": "csv", "system": "epcr"},
            sheet={**CAD, "format": "csv", "system": "sheet", "charset": "windows-1252"},
            bare={**CAD, "format": "csv", "system": "bare", "csv": {"delimiter": ";", "header": False, "columns": ["Incident Number", "Surname", "Clear"]}})
        self.site.write_config()

    def translate(self, source, text, *argv, code=0):
        done = self.site.weir("translate", "--source", source, *argv, "-", stdin=text, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def events(self, source, text, **more):
        return [json.loads(line) for line in self.translate(source, text, **more).stdout.splitlines()]

    def test_check_knows_the_maps(self):
        self.assertEqual(self.site.weir("check").returncode, 0)

    def test_one_document_and_one_on_each_line(self):
        one = json.dumps(json.loads(STATUS.format(n=1, status="clear")), indent=2)
        self.assertEqual([e["data"]["visit"]["number"] for e in self.events("cad", one)], ["I1"])
        two = STATUS.format(n=1, status="clear") + "\n\n" + STATUS.format(n=2, status="clear") + "\r\n"
        events = self.events("cad", two)
        self.assertEqual([e["data"]["visit"]["number"] for e in events], ["I1", "I2"])
        self.assertEqual(events[0]["id"], self.events("cad", one)[0]["id"], "however it is written")

    def test_a_line_that_is_refused_is_named_and_costs_no_other(self):
        text = STATUS.format(n=1, status="clear") + '\n{"status":"clear"}\n' + STATUS.format(n=3, status="clear")
        done = self.translate("cad", text, code=1)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertEqual(done.stderr, "-: message 2, incident: incident is missing or empty (table 0357: 101)\n")

    def test_rows(self):
        text = "\ufeff" + HEAD + 'A,"MOSS, Ada",03/03/2026 10:00\r\nB,"no end,03/03/2026 10:00\r\nC,"two\r\nlines",03/03/2026 10:02'
        done = self.translate("epcr", text, code=1)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(e["data"]["visit"]["number"], e["data"]["patient"]["family"]) for e in events], [("A", "MOSS, Ada"), ("C", "two\r\nlines")])
        self.assertIn("message 2", done.stderr)
        self.assertNotIn("no end", done.stderr)
        bare = self.events("bare", "A;MOSS;03/03/2026 10:00\n")
        self.assertEqual(bare[0]["time"], "2026-03-03T10:00:00+00:00")
        self.assertEqual(bare[0]["data"]["origin"]["format"], "csv")

    def test_rows_of_a_spreadsheet(self):
        """UTF-16 as a drop folder reads it; a byte order mark goes before the charset of the source."""
        for encoding in ("utf-16", "utf-8-sig", "cp1252"):
            path = self.site.path("sheet.csv")
            with open(path, "w", encoding=encoding) as f:
                f.write(HEAD + "A,MOSS Zoë,03/03/2026 10:00\r\n")
            done = self.site.weir("translate", "--source", "sheet", path)
            self.assertEqual(json.loads(done.stdout)["data"]["patient"]["family"], "MOSS Zoë", encoding)

    def test_a_file_without_columns_is_told(self):
        self.assertIn("there is no line of columns", self.translate("epcr", "\n\n", code=65).stderr)

    def test_cases_and_routes_of_a_tree(self):
        """weir test and weir explain take such messages as they take HL7 v2."""
        self.site.write("cad.test.yaml", "source: cad\ntests:\n  - name: clear\n    message: '" + STATUS.format(n=1, status="clear") + "'\n"
                        "    events:\n      - type: ambulance.clear\n        fields: {data.visit.number: I1}\n        routes: [all, analytics]\n"
                        "  - name: no incident\n    message: '{\"status\": \"clear\"}'\n    ack: AE\n    errors: [{code: 101, at: incident}]\n    verdict: refused\n"
                        "  - name: another place\n    message: '{\"status\": \"clear\"}'\n    ack: AE\n    errors: [{code: 101, at: status}]\n")
        told = self.site.weir("test", self.site.path("cad.test.yaml"), check=False).stdout
        self.assertIn("2 passed, 1 failed", told)
        self.assertIn("101 at incident (incident is missing or empty)", told)
        done = self.site.weir("explain", "--source", "cad", self.site.write("one.json", STATUS.format(n=1, status="clear")))
        self.assertIn("ambulance.clear", done.stdout)

    def test_reasons_name_the_path(self):
        out = self.translate("cad", STATUS.format(n=1, status="clear"), "--explain").stdout
        self.assertRegex(out, r"data\.patient\.nhs_number +9990001421  <- call nhs_number, found in nhs_number")
        self.assertRegex(out, r"time +2026-03-03T10:01:00\+00:00  <- at \"2026-03-03T10:01:00Z\"")
        self.assertRegex(out, r"data\.incident\.resource\n +vehicles\.resource is not sent .*\n +resource is not sent")


if __name__ == "__main__":
    unittest.main()
