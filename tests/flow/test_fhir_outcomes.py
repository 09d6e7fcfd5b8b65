"""An OperationOutcome of every status that the FHIR port refuses with, in JSON and XML, is read by HAPI FHIR without a single doubt."""
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import unittest
import uuid

import kit
from fhir_site import JSON, XML, FhirSite, Issuer, bundle, encounter

sys.path[:0] = [os.path.join(kit.TOP, "tests", "corpus"), os.path.join(kit.TOP, "tests", "kafka")]

from fhir_peer import hapi  # noqa: E402

TOKEN = {"iss": "https://auth.example", "aud": "https://weir.example/fhir", "scope": "system/*.write"}
ASKED = (  # status, method, path, body, headers
    (400, "POST", "/Encounter", b"{", {}),
    (400, "POST", "/Encounter", {"resourceType": "Encounter", "identifier": [None]}, {}),
    (400, "POST", "", bundle("message"), {}),
    (404, "POST", "/Observation", encounter(1), {}),
    (405, "GET", "/Encounter/1", None, {}),
    (412, "POST", "/Encounter", encounter(1), {"If_None_Exist": "identifier=1"}),
    (415, "POST", "/Encounter", encounter(1), {"media": "text/plain"}),
    (422, "POST", "/Encounter", encounter(1, modifierExtension=[{"url": "https://example.org/x", "valueBoolean": True}]), {}),
    (401, "POST", "/Encounter", encounter(1), {"Authorization": "Bearer x"}),
)


class OutcomesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-outcomes-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        issuer = Issuer(cls.folder)
        cls.site = FhirSite(head_time="1s", bearer={"jwks_file": "jwks.json", "issuer": TOKEN["iss"], "audience": TOKEN["aud"], "scopes": [TOKEN["scope"]]})
        cls.addClassCleanup(cls.site.close)
        cls.site.write("jwks.json", json.dumps({"keys": [issuer.jwk]}))
        cls.site.start("acute")
        end = int(time.time()) + 3600
        cls.good, cls.weak = issuer.token(exp=end, **TOKEN), issuer.token(exp=end, **{**TOKEN, "scope": "openid"})

    def keep(self, status, accept, body):
        """An answer as a document that HAPI FHIR is asked to read."""
        name = os.path.join(self.folder, f"{status}-{len(os.listdir(self.folder))}{'.xml' if accept == XML else '.json'}")
        with open(name, "wb") as f:
            f.write(body)
        return name

    def refused(self, status, method, path, body, accept, **headers):
        call = self.site.caller()
        self.addCleanup(call.close)
        media = headers.pop("media", JSON)
        got = call.ask(method, path, body, media=media, **{"Authorization": f"Bearer {self.good}", "Accept": accept, **headers})
        self.assertEqual(got.status, status, got.body)
        self.assertTrue(got.headers["content-type"].startswith(accept), got.headers)
        return self.keep(status, accept, got.body)

    def by_hand(self, status, data):
        """Of what is refused before it is looked at which form is wanted."""
        with socket.create_connection(("127.0.0.1", self.site.fhir_port), timeout=20) as line:
            line.sendall(data)
            got = b""
            while piece := line.recv(65536):
                got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 %d " % status), head)
        return self.keep(status, JSON, body)

    def read_by_hapi(self, names):
        said = hapi([("R4", name) for name in names], tempfile.mkdtemp(dir=self.folder))
        self.assertEqual([f"{os.path.basename(name)}: {s}" for name, s in zip(names, said) if s != "ok"], [])

    def test_codes_of_bars(self):
        """The same with `profile: bars`, whose issues have codes of NHS England's. FHIR rows 15 and 41."""
        site = FhirSite(profile="bars")
        self.addCleanup(site.close)
        site.adapter().env["WEIR_MAPS"] = os.path.join(kit.TOP, "adapters")
        site.start("acute")
        with open(os.path.join(kit.TOP, "tests", "cases", "fhir", "bars_booking.json"), "rb") as f:
            booking = f.read()
        names = []
        for accept in (JSON, XML):
            ids = {"X_Request_ID": str(uuid.uuid4()), "X_Correlation_ID": str(uuid.uuid4()), "Accept": accept}
            for status, method, path, body, headers in ((404, "POST", "/Observation", encounter(1), {}), (405, "GET", "/Encounter/1", None, {}),
                                                        (400, "POST", "/Encounter", b"{", {}), (200, "POST", "/$process-message", booking, {}),
                                                        (409, "POST", "/$process-message", booking, {}), (400, "POST", "/Encounter", encounter(1), {"X_Request_ID": "x"})):
                call = site.caller()
                self.addCleanup(call.close)
                got = call.ask(method, path, body, **{**ids, **headers})
                self.assertEqual(got.status, status, got.body)
                if status >= 400:
                    self.assertIn(b"REC_", got.body)
                    names.append(self.keep(status, accept, got.body))
        self.read_by_hapi(names)

    def test_every_status(self):
        """FHIR rows 3 and 15."""
        names = [self.refused(*asked[:4], accept, **asked[4]) for accept in (JSON, XML) for asked in ASKED]
        for accept in (JSON, XML):
            names.append(self.refused(403, "POST", "/Encounter", encounter(1), accept, Authorization=f"Bearer {self.weak}"))
        top = b"POST /fhir/Encounter HTTP/1.1\r\nHost: a\r\n"
        names.append(self.by_hand(400, top + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"))
        names.append(self.by_hand(408, top))
        names.append(self.by_hand(413, top + b"Content-Type: application/fhir+json\r\nContent-Length: 300000\r\n\r\n"))
        names.append(self.by_hand(431, top + b"X: " + b"y" * 20000))
        self.site.weir("pause", "source", "test-pas", "--reason", "test")
        names += [self.refused(503, "POST", "/Encounter", encounter(1), accept) for accept in (JSON, XML)]
        self.site.weir("resume", "source", "test-pas")
        names.append(self.refused(406, "POST", "/Encounter?_format=ttl", encounter(1), JSON))
        self.read_by_hapi(names)
        self.assertEqual({os.path.basename(n)[:3] for n in names},
                         {"400", "401", "403", "404", "405", "406", "408", "412", "413", "415", "422", "431", "503"})  # 409: profile bars
        for name in names:
            with open(name, encoding="utf-8") as f:
                text = f.read()
            for element in ("OperationOutcome", "severity", "code", "diagnostics"):
                self.assertIn(element, text, name)


if __name__ == "__main__":
    unittest.main()
