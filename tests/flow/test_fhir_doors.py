"""Who may call a FHIR port: client certificates, bearer tokens, both; keys and certificates that change meanwhile."""
import http.client
import json
import os
import shutil
import ssl
import tempfile
import time
import unittest
import unittest.mock

import certs
import kit
import records
from fhir_site import FhirSite, Issuer, client_context, encounter

CLAIMS = {"iss": "https://auth.example", "aud": "https://weir.example/fhir", "scope": "openid system/*.write"}


class TokenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-jwks-")
        cls.issuer, cls.other = Issuer(cls.folder), Issuer(cls.folder, "other")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def site_of(self):
        site = FhirSite(bearer={"jwks_file": "jwks.json", "issuer": CLAIMS["iss"], "audience": CLAIMS["aud"],
                                "scopes": ["system/*.write"], "algorithms": ["RS256"], "leeway": "0ms"})
        self.addCleanup(site.close)
        site.write("jwks.json", json.dumps({"keys": [self.issuer.jwk]}))
        site.start("acute")
        return site

    def ask(self, site, token, scheme="Bearer"):
        call = site.caller(**({"Authorization": f"{scheme} {token}"} if token else {}))
        self.addCleanup(call.close)
        return call.ask("POST", "/Encounter", encounter(1))

    def test_tokens(self):
        """401 without a good one, 403 without its scope; nothing of either is kept, and no word of a token is told. FHIR row 3."""
        site = self.site_of()
        now = int(time.time())
        good = self.issuer.token(exp=now + 600, **CLAIMS)
        self.assertEqual(self.ask(site, good).status, 201)
        self.assertEqual(self.ask(site, good, "bearer").status, 201)
        head, claims, signature = good.split(".")
        for token in (None, "x", good[:-4] + "AAAA", f"{head}.{claims}.", f"{head}.{claims}", ".".join(
                ("eyJhbGciOiJub25lIn0", claims, "")), self.issuer.token(exp=now - 1, **CLAIMS),
                self.issuer.token(exp=now + 600, nbf=now + 300, **CLAIMS), self.issuer.token(**CLAIMS),
                self.issuer.token(exp=now + 600, **{**CLAIMS, "aud": "other"}),
                self.issuer.token(exp=now + 600, **{**CLAIMS, "iss": "other"}),
                self.other.token(exp=now + 600, **CLAIMS)):
            got = self.ask(site, token)
            self.assertEqual((got.status, got.issues()), (401, ["login"]))
            self.assertTrue(got.headers["www-authenticate"].startswith("Bearer"))
        self.assertEqual(self.ask(site, good, "Basic").status, 401)
        got = self.ask(site, self.issuer.token(exp=now + 600, **{**CLAIMS, "scope": "openid"}))
        self.assertEqual((got.status, got.issues()), (403, ["forbidden"]))
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 2)
        self.assertEqual(site.caller().ask("GET", "/metadata").status, 200)
        self.assertIn("security", site.caller().ask("GET", "/metadata").json()["rest"][0])
        self.assertNotIn(signature[:20], site.adapter().log())

    def test_a_token_ends_while_it_is_remembered(self):
        """A token that was good is refused from the second on in which it ends."""
        site = self.site_of()
        token = self.issuer.token(exp=int(time.time()) + 3, **CLAIMS)
        self.assertEqual(self.ask(site, token).status, 201)
        kit.wait_until(lambda: self.ask(site, token).status == 401, 15, "the token is refused")

    def test_check(self):
        """weir check reads the key set, and says which line names one that is of no use."""
        site = self.site_of()
        with unittest.mock.patch.dict(os.environ, WEIR_MAPS=site.maps):
            site.weir("check")
            site.write("jwks.json", '{"keys": []}')
            done = site.weir("check", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"weir\.yaml:\d+:\d+: jwks_file: .*jwks\.json: no key for signatures")

    def test_keys_that_change(self):
        """A new key set is taken while everything runs, with it tokens of the old key end; one of no use is not."""
        site = self.site_of()
        old = self.issuer.token(exp=int(time.time()) + 600, **CLAIMS)
        new = self.other.token(exp=int(time.time()) + 600, **CLAIMS)
        self.assertEqual((self.ask(site, old).status, self.ask(site, new).status), (201, 401))
        site.write("jwks.json", "{}")
        kit.wait_until(lambda: "bearer.not_renewed" in site.adapter().log(), 15, "that is said")
        self.assertEqual((self.ask(site, old).status, self.ask(site, new).status), (201, 401))
        site.write("jwks.json", json.dumps({"keys": [self.other.jwk]}))
        kit.wait_until(lambda: self.ask(site, new).status == 201, 15, "the new key counts")
        self.assertEqual(self.ask(site, old).status, 401)


class CertificateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = certs.Certificates(tempfile.mkdtemp(prefix="weir-fhir-"))
        cls.files.make(["127.0.0.1"])
        cls.good = cls.files.signed("good", "/C=GB/O=RX8/CN=cad.rx8.nhs.uk")
        cls.someone = cls.files.signed("someone", "/CN=someone.else.nhs.uk")
        cls.issuer = Issuer(cls.files.dir)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.files.dir)

    def site_of(self, **fhir):
        f = self.files
        key, cert = f.path("server_key.pem"), f.path("server_cert.pem")
        os.chmod(key, 0o600)
        tls = {"cert_file": cert, "key_file": key, "ca_file": f.ca, "peers": {"cad": {"subject": "CN=cad.rx8.nhs.uk"}},
               "expiry_warning": "0ms"}
        site = FhirSite(tls=tls, **fhir)
        self.addCleanup(site.close)
        return site

    def status(self, site, cert=None, **headers):
        """Of a POST; None where the connection ends first."""
        try:
            call = site.caller(client_context(self.files.ca, cert), **headers)
            self.addCleanup(call.close)
            return call.ask("POST", "/Encounter", encounter(1)).status
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return None

    def test_certificates(self):
        """In with the certificate of a peer, out with none, with another's, and in plain text."""
        site = self.site_of()
        site.start("acute")
        self.assertEqual(self.status(site, self.good), 201)
        self.assertIsNone(self.status(site))
        self.assertIsNone(self.status(site, self.someone))
        plain = site.caller()
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            plain.ask("POST", "/Encounter", encounter(1))
        kit.wait_until(lambda: site.adapter().metric("weir_intake_connections_refused_total") == 3, 10, "all are counted")
        self.assertIn("tls.refused", site.adapter().log())
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 1)
        self.assertIsNotNone(site.adapter().metric("weir_tls_certificate_expiry_seconds", source="test-pas"))

    def test_reload_keeps_connections(self):
        """A reload that leaves the section alone keeps the port and its connections; one that changes it is refused."""
        site = self.site_of()
        site.start()
        call = site.caller(client_context(self.files.ca, self.good))
        self.addCleanup(call.close)
        self.assertEqual(call.ask("POST", "/Encounter", encounter(1)).status, 201)
        site.config["sources"]["test-pas"]["history_after"] = "9d"
        site.write_config()
        site.weir("reload")
        self.assertEqual(call.ask("POST", "/Encounter", encounter(2)).status, 201)
        self.assertEqual(self.status(site, self.good), 201)
        site.config["sources"]["test-pas"]["fhir"]["base"] = "/other"
        site.write_config()
        done = site.weir("reload", check=False)
        self.assertIn("fhir: a change of it takes a restart", done.stdout + done.stderr)
        self.assertEqual(call.ask("POST", "/Encounter", encounter(3)).status, 201)

    def test_both(self):
        """Certificate and token: both are asked for."""
        site = self.site_of(bearer={"jwks_file": "jwks.json", "issuer": CLAIMS["iss"], "audience": CLAIMS["aud"]})
        site.write("jwks.json", json.dumps({"keys": [self.issuer.jwk]}))
        site.start("acute")
        token = {"Authorization": "Bearer " + self.issuer.token(exp=int(time.time()) + 600, **CLAIMS)}
        self.assertEqual(self.status(site, self.good, **token), 201)
        self.assertEqual(self.status(site, self.good), 401)
        self.assertIsNone(self.status(site, **token))


if __name__ == "__main__":
    unittest.main()
