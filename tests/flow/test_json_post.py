"""JSON over HTTP: an object a request, 204 once it is durable, a problem (RFC 9457) otherwise."""
import http.client
import json
import os
import shutil
import ssl
import tempfile
import unittest

import certs
import kit
import records
from fhir_site import client_context
from test_extracts import MAP


def thing(n, **more):
    return json.dumps({"id": f"J{n}", "nhs": "9990001146", "at": "2026-03-01T10:00:00Z", **more}).encode()


class JsonPostTest(unittest.TestCase):
    def site_of(self, **stream):
        site = kit.Site()
        self.addCleanup(site.close)
        self.http = kit.free_port()
        os.makedirs(site.path("maps/acute/json"))
        site.write("maps/acute/json/things.yaml", MAP)
        site.config["maps"] = site.path("maps")
        source = site.config["sources"]["test-pas"]
        del source["mllp"], source["pl"]
        source.update(format="json", http={"listen": f"127.0.0.1:{self.http}", "path": "/cad", "message_max": "128KiB"})
        site.config["stream"].update(stream)
        site.config["consumers"]["file"] = kit.file_consumer(site.path("all.ndjson"))
        return site

    def post(self, body, path="/cad", method="POST", media="application/json", line=None, **headers):
        """(status, media type, body) of the answer."""
        if line is None:
            line = http.client.HTTPConnection("127.0.0.1", self.http, timeout=15)
            self.addCleanup(line.close)
        line.request(method, path, body, {"Content-Type": media, **headers})
        answer = line.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()

    def problem(self, want, *args, **more):
        status, media, body = self.post(*args, **more)
        problem = json.loads(body)
        self.assertEqual((status, media, problem["status"], problem["type"]),
                         (want, "application/problem+json", want, "about:blank"))
        return problem["detail"]

    def test_an_object_and_its_answer(self):
        """204 when it is durable, also again; kept alive; a CloudEvent is JSON, too."""
        site = self.site_of()
        site.start()
        line = http.client.HTTPConnection("127.0.0.1", self.http, timeout=15)
        self.addCleanup(line.close)
        for n in (1, 2, 2):
            self.assertEqual(self.post(thing(n), line=line), (204, None, b""))
        self.assertEqual(self.post(thing(3), media="application/cloudevents+json; charset=utf-8", line=line)[0], 204)
        self.assertEqual([v for _, v in records.rows(site, "acute", "flow.messages")],
                         [thing(1), thing(2), thing(2), thing(3)])
        path = site.path("all.ndjson")
        kit.wait_until(lambda: len(kit.read_ndjson(path)) >= 3, 30, "its events")
        self.assertEqual([e["data"]["visit"]["number"] for e in kit.read_ndjson(path)], ["J1", "J2", "J3"])

    def test_what_cannot_be_used(self):
        """Refused for good: kept with its reason in flow.rejected, and told without a word of the message. Bad input rows 9 and 13."""
        site = self.site_of()
        site.start("acute")
        for want, body in ((400, b"{SMITH"), (400, b'{"id": "J1", "id": "SMITH"}'), (413, b"[" * 100000),
                           (422, b'{"nhs": "9990001146", "name": "SMITH"}')):
            with self.subTest(body[:20]):
                detail = self.problem(want, body)
                self.assertTrue(detail)
                self.assertNotIn("SMITH", detail)
        self.assertEqual(len(records.rows(site, "acute", "flow.rejected")), 4)
        self.assertEqual(self.post(thing(1))[0], 204)

    def test_what_is_no_request_for_us(self):
        """Bad input rows 19 and 20."""
        site = self.site_of()
        site.start("acute")
        for want, more in ((404, {"path": "/other"}), (405, {"method": "PUT"}), (415, {"media": "text/plain"}),
                           (415, {"media": "application/json; charset=utf-16"}), (400, {"body": b""}),
                           (415, {"Content-Encoding": "br"}), (413, {"body": thing(1, x="x" * 140000)})):
            with self.subTest(want, **{k: v for k, v in more.items() if k != "body"}):
                self.problem(want, **{"body": thing(1), **more})
        self.assertEqual(records.rows(site, "acute", "flow.messages") + records.rows(site, "acute", "flow.rejected"), [])

    def test_certificates(self):
        """TLS: in with the certificate of a peer, out with none and in plain text; a reload keeps the port."""
        files = certs.Certificates(tempfile.mkdtemp(prefix="weir-json-"))
        self.addCleanup(shutil.rmtree, files.dir)
        files.make(["127.0.0.1"])
        cad = files.signed("cad", "/CN=cad.rx8.nhs.uk")
        key, cert = files.path("server_key.pem"), files.path("server_cert.pem")
        os.chmod(key, 0o600)
        site = self.site_of()
        source = site.config["sources"]["test-pas"]
        source["http"]["tls"] = {"cert_file": cert, "key_file": key, "ca_file": files.ca, "expiry_warning": "0ms",
                                 "peers": {"cad": {"subject": "CN=cad.rx8.nhs.uk"}}}
        site.start()

        def status(pair, n):
            line = http.client.HTTPSConnection("127.0.0.1", self.http, timeout=15, context=client_context(files.ca, pair))
            try:
                return self.post(thing(n), line=line)[0]
            except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
                return None
            finally:
                line.close()

        self.assertEqual(status(cad, 1), 204)
        self.assertIsNone(status(None, 2))
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.post(thing(3))
        source["history_after"] = "9d"
        site.write_config()
        site.weir("reload")
        self.assertEqual(status(cad, 4), 204)
        self.assertEqual([v for _, v in records.rows(site, "acute", "flow.messages")], [thing(1), thing(4)])
        self.assertIsNotNone(site.adapter().metric("weir_tls_certificate_expiry_seconds", source="test-pas"))
        site.weir("check")

    def test_try_later(self):
        """No room on the disk, and a source that is paused: 503, and nothing is kept."""
        site = self.site_of(free_min="100000000GiB")
        site.start("acute")
        self.assertIn("send it again later", self.problem(503, thing(1)))
        self.assertEqual(site.adapter().stop(), 0)
        site.config["stream"]["free_min"] = "1MiB"
        site.start("acute")
        site.weir("pause", "source", "test-pas", "--reason", "test")
        self.assertIn("paused", self.problem(503, thing(1)))
        site.weir("resume", "source", "test-pas")
        self.assertEqual(self.post(thing(1))[0], 204)
        self.assertEqual([v for _, v in records.rows(site, "acute", "flow.messages")], [thing(1)])
