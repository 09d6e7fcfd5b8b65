"""A client library of another author, HAPI FHIR's, creates, updates, deletes, sends transactions, batches and messages, in
JSON and in XML, and understands every OperationOutcome."""
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "kafka"))

import jars  # noqa: E402
import records  # noqa: E402
from fhir_site import FhirSite  # noqa: E402

WANTED = """\
metadata: 4.0.1
create: Encounter true 1
update: e1
delete: done
transaction: transaction-response 2 201 Created
batch: batch-response 400 Bad Request structure
message: ok c1ab3fba-6bae-4ba4-b257-5a87c44d4a91
another type: 404 error not-supported told
conditional: 412 error not-supported told
read: 405 error not-supported told
unanswered focus: 400 error structure told
""".splitlines()


class ClientTest(unittest.TestCase):
    def test_hapi_fhir(self):
        """FHIR rows 1, 2, 9, 10, 15 and 20."""
        if not shutil.which("javac"):
            self.skipTest("javac is not installed (Debian: default-jdk-headless)")
        folder = os.path.join(HERE, "hapi_fhir")
        path = jars.class_path_of("HAPI FHIR", os.path.join(folder, "pom.xml"), jars.cache("hapi-fhir"))
        site = FhirSite()
        self.addCleanup(site.close)
        site.start("acute")
        run = subprocess.run(["java", "-cp", path, os.path.join(folder, "Call.java"), f"http://127.0.0.1:{site.fhir_port}/fhir"],
                             capture_output=True, text=True, timeout=180, check=False)
        self.assertEqual(run.returncode, 0, run.stderr[-2000:])
        self.assertEqual(run.stdout.splitlines(), [f"{kind} {line}" for kind in ("JSON", "XML") for line in WANTED])
        # create, update, delete, transaction, an entry of the batch, message: twice
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 12)
        types = [r for r in records.rows(site, "acute", "flow.reported")]
        self.assertEqual(len(types), 12)


if __name__ == "__main__":
    unittest.main()
