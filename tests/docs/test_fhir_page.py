"""docs/fhir.md: its source for BaRS runs as it stands there, and its tables of codes are those of the program."""
import os
import re
import unittest
import uuid

import kit
import yaml
from fhir_site import FhirSite

PAGE = os.path.join(kit.TOP, "docs", "fhir.md")


def read(*parts):
    with open(os.path.join(kit.TOP, *parts), encoding="utf-8") as f:
        return f.read()


class Page(unittest.TestCase):
    def test_bars(self):
        """The source of the page takes a referral, and refuses one that is for others."""
        shown = yaml.safe_load(re.search(r"^### BaRS\n\n```yaml\n(.*?)^```$", read("docs", "fhir.md"), re.M | re.S).group(1))["rx8-bars"]
        site = FhirSite()
        self.addCleanup(site.close)
        shown["fhir"]["listen"] = f"127.0.0.1:{site.fhir_port}"
        shown["test_numbers"] = True
        site.config["sources"] = {"test-pas": {**shown, "adapter": "acute"}}
        site.adapter().env["WEIR_MAPS"] = os.path.join(kit.TOP, "adapters")
        site.start("acute")
        call = site.caller()
        self.addCleanup(call.close)
        body = read("tests", "cases", "fhir", "bars_999_to_sdec.json")
        for endpoint, status in ((shown["fhir"]["endpoints"][0], 200), ("urn:others", 422)):
            sent = re.sub(r'("destination": \[\s*{\s*"endpoint": )"[^"]*"', rf'\1"{endpoint}"', body)
            call.line.request("POST", shown["fhir"]["base"] + "/$process-message", sent.encode(),
                              {"Content-Type": "application/fhir+json", "X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())})
            got = call.line.getresponse()
            self.assertEqual((got.status, len(got.read()) > 0), (status, True))

    def test_codes(self):
        """No code is said that is not given, or given that is not said (FHIR rows 41 and 45)."""
        page, program = read("docs", "fhir.md"), read("adapters", "fhir_profile.c")
        told = {code for code in re.findall(r"`(REC_[A-Z_]+)`", page)}
        given = set(re.findall(r'"(REC_[A-Z_]+)"', program))
        self.assertEqual(given - told, {"REC_SERVER_ERROR"})  # no 500 is answered
        self.assertEqual(told - given, set())
        for status, code in re.findall(r'{(\d{3}),\s*"(REC_[A-Z_]+)"}', program):
            if status != "500":
                self.assertRegex(page, rf"\| {status}[^|]*\| `{code}`")
        table = page[page.index("### ITK3"):page.index("Not done:")]
        told = set(re.findall(r"\b([12]00\d\d)\b", table)) - {"20007"}  # said not to be given
        self.assertEqual(told, set(re.findall(r'{"([12]00\d\d)"', read("lib", "fhir", "fhir_itk3.c"))))


if __name__ == "__main__":
    unittest.main()
