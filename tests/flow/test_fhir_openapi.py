"""The OpenAPI document of the FHIR port: it is what the generator writes, names the types that are preset, and schemathesis, which
makes requests of it, finds no 5xx and no answer that it does not name."""
import json
import os
import subprocess
import sys
import unittest

import kit

sys.path.insert(0, os.path.join(kit.TOP, "tests", "kafka"))

import pypi  # noqa: E402
from fhir_site import FhirSite  # noqa: E402

DOCUMENT = os.path.join(kit.TOP, "schemas", "fhir-openapi.json")
TOOL = "schemathesis==4.32.5"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


class OpenApiTest(unittest.TestCase):
    def test_it_is_written_and_names_what_is_taken(self):
        subprocess.run([sys.executable, os.path.join(kit.TOP, "schemas", "fhir_openapi.py"), "--check"], check=True,
                       capture_output=True)
        with open(DOCUMENT, encoding="utf-8") as f:
            named = json.load(f)["components"]["schemas"]["Resource"]["properties"]["resourceType"]["enum"]
        with FhirSite() as site:
            site.start("acute")
            taken = [r["type"] for r in site.caller().ask("GET", "/metadata").json()["rest"][0]["resource"]]
        self.assertEqual(named, taken)

    def test_schemathesis(self):
        python = pypi.python(TOOL)
        with FhirSite() as site:
            site.start("acute")
            done = subprocess.run(
                [python, "-m", "schemathesis.cli", "run", DOCUMENT, "--url", f"http://127.0.0.1:{site.fhir_port}/fhir", "--max-examples", "15",
                 "--seed", "1", "--no-color", "--suppress-health-check", "all", "--checks", CHECKS],
                capture_output=True, text=True, timeout=300, check=False, cwd=site.dir)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-1000:])
            self.assertIn("Tested: 6", done.stdout)
            self.assertGreater(site.adapter().metric("weir_fhir_answers_total"), 100)


if __name__ == "__main__":
    unittest.main()
