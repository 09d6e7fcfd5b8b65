"""Whatever is posted over HTTP, FHIR, JSON or HL7 v2: who may connect and call, gzip, and what is slow, smuggled or far too much."""
import gzip
import json
import os
import shutil
import socket
import tempfile
import time
import unittest

import certs
import kit
import records
from door_site import KINDS, DoorSite, read_all, read_head, status_of
from fhir_site import Issuer

CLAIMS = {"iss": "https://auth.example", "aud": "https://weir.example", "scope": "system/*.write"}
BEARER = {"jwks_file": "jwks.json", "issuer": CLAIMS["iss"], "audience": CLAIMS["aud"], "scopes": ["system/*.write"]}


class DoorTest(unittest.TestCase):
    def site_of(self, **section):
        site = DoorSite(**section)
        self.addCleanup(site.close)
        return site

    def started(self, **section):
        site = self.site_of(**section)
        site.start("acute")
        return site

    def kept(self, site, topic="flow.messages"):
        return [v for _, v in records.rows(site, "acute", topic)]

    def assert_good(self, door, *fields):
        self.assertEqual(door.status(door.request(1, *fields)), door.good)


class CallerTest(DoorTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-jwks-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.issuer = Issuer(cls.folder)

    def token(self, **claims):
        return "Authorization: Bearer " + self.issuer.token(exp=int(time.time()) + 600, **{**CLAIMS, **claims})

    def test_tokens_are_asked_for_before_the_body(self):
        """Who has no good token, or not its scope, is told so at the end of the head: nothing of the body is asked for
        or read, and the connection ends. With a good one the body is asked for, and taken."""
        site = self.site_of(bearer=BEARER)
        site.write("jwks.json", json.dumps({"keys": [self.issuer.jwk]}))
        site.start("acute")
        refused = {401: ("", "Authorization: Bearer x.y.z", "Authorization: Basic eDp5", self.token(iss="another")),
                   403: (self.token(scope="openid"),)}
        for door in site.doors.values():
            for status, shown in refused.items():
                for fields in shown:
                    for more in (("Content-Length: 60000", "Expect: 100-continue"), ("Transfer-Encoding: chunked",)):
                        got = door.tell(door.head(*filter(None, (fields, *more))) + b"\r\n")
                        self.assertEqual(status_of(got), status, got)
                        self.assertIn(b"\r\nWWW-Authenticate: Bearer", got)
                        self.assertIn(b"\r\nConnection: close\r\n", got)
                        self.assertNotIn(b"100 Continue", got)
                        self.assertEqual(b"OperationOutcome" in got, door.kind == "fhir")
            self.assert_good(door, self.token())
            with door.dial() as line:
                body = door.body(2)
                line.sendall(door.head(self.token(), f"Content-Length: {len(body)}", "Expect: 100-continue") + b"\r\n")
                self.assertEqual(status_of(read_head(line)), 100)
                line.sendall(body)
                self.assertEqual(status_of(read_head(line)), door.good)
        self.assertEqual(len(self.kept(site)), 2 * len(KINDS))
        self.assertEqual(self.kept(site, "flow.rejected"), [])
        adapter = site.adapter()
        self.assertEqual(adapter.metric("weir_intake_connections_refused_total", source="json", reason="bearer_no_good_token"), 8)
        self.assertEqual(adapter.metric("weir_intake_connections_refused_total", source="hl7", reason="bearer_scope"), 2)
        self.assertLess(adapter.log().count("session.refused"), 10)

    def test_check(self):
        """weir check reads the key set of http:, too."""
        site = self.site_of(bearer=BEARER)
        site.write("jwks.json", '{"keys": []}')
        site.write_config()
        done = site.weir("check", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("no key for signatures", done.stderr)

    def test_connections_of_one_peer(self):
        """One more than per_peer is closed at once and counted; once one of them ends, another may come."""
        site = self.started(per_peer=3)
        adapter = site.adapter()
        for door in site.doors.values():
            lines = [door.dial() for _ in range(3)]
            for line in lines:
                line.sendall(door.request())
                self.assertEqual(status_of(read_head(line)), door.good)
            for _ in range(5):
                self.assertEqual(door.tell(b""), b"")
            self.assertEqual(adapter.metric("weir_intake_connections_refused_total", source=door.kind, reason="too_many_of_peer"), 5)
            lines.pop().close()
            kit.wait_until(lambda d=door: d.status(d.request()) == d.good, 10, "a place is free again")
            for line in lines:
                line.close()
        self.assertLess(adapter.log().count("session.refused"), 12)


class GzipTest(DoorTest):
    def test_gzip(self):
        """Bad input row 12: what is packed is taken as it is unpacked; a bomb is 413, what is damaged 400, another coding 415."""
        site = self.started()
        for door in site.doors.values():
            def ask(body, coding="gzip", door=door):
                return door.status(door.request(1, f"Content-Encoding: {coding}", body=body))
            packed = gzip.compress(door.body())
            self.assertEqual(ask(packed), door.good)
            self.assertEqual(self.kept(site)[-1], door.body())
            self.assertEqual(ask(door.body(), "identity"), door.good)
            for wanted, body, coding in ((413, gzip.compress(b" " * 50_000_000), "gzip"), (400, packed[:-9], "gzip"),
                                         (400, packed + b"x", "gzip"), (400, b"no gzip", "gzip"), (400, door.body(), "gzip"),
                                         (415, door.body(), "br"), (415, packed, "gzip, gzip")):
                self.assertEqual(ask(body, coding), wanted, (door.kind, coding, body[:20]))
            self.assertEqual(ask(gzip.compress(b"")), 400)
        self.assertEqual(len(self.kept(site)), 2 * len(KINDS))


class SlowTest(DoorTest):
    def test_slow_requests(self):
        """Bad input row 14: no head, half of one, no body, half of one, chunks that trickle: 408 at the deadline, however a
        byte comes now and then; who is quick is served meanwhile."""
        site = self.started(head_time="1s", body_time="1s")
        for door in site.doors.values():
            starts = (b"P", door.head(), door.head("Content-Length: 100") + b"\r\n", door.head("Content-Length: 9") + b"\r\n{",
                      door.head("Transfer-Encoding: chunked") + b"\r\n1;a=b\r\n{\r\n")
            lines = [door.dial() for _ in starts]
            for line, start in zip(lines, starts):
                line.sendall(start)
                line.setblocking(False)
            answers = [b"" for _ in lines]
            trickle = (b"O", b"x", b"", b"", b"1;")
            end = time.monotonic() + 30 * kit.SLOWER
            while not all(b"\r\n\r\n" in a for a in answers):
                self.assertLess(time.monotonic(), end, answers)
                self.assert_good(door)
                for n, line in enumerate(lines):
                    answers[n] += nudged(line, trickle[n])
                    trickle = tuple(b"" if n == m and answers[n] else t for m, t in enumerate(trickle))
            for line, answer in zip(lines, answers):
                line.close()
                self.assertEqual(status_of(answer), 408, answer)
                self.assertIn(b"Connection: close", answer)
        self.assertEqual(self.kept(site, "flow.rejected"), [])

    def test_an_idle_connection_ends(self):
        """Blank lines in front of a request are no request."""
        site = self.started(idle_time="1s")
        for door in site.doors.values():
            with door.dial() as line:
                line.sendall(door.request())
                self.assertEqual(status_of(read_head(line)), door.good)
                self.assertEqual(read_all(line), b"")

    def test_a_handshake_that_trickles(self):
        """A TLS handshake that comes byte by byte, or not at all, ends at its deadline, and holds nobody up."""
        files = certs.Certificates(tempfile.mkdtemp(prefix="weir-doors-"))
        self.addCleanup(shutil.rmtree, files.dir)
        files.make(["127.0.0.1"])
        key, cert = files.path("server_key.pem"), files.path("server_cert.pem")
        os.chmod(key, 0o600)
        tls = {"cert_file": cert, "key_file": key, "client_certificate": "none", "handshake_time": "1s", "expiry_warning": "0ms"}
        site = self.started(tls=tls)
        hello = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + bytes(194)
        for door in site.doors.values():
            silent, dribbling = door.dial(), door.dial()
            dribbling.setblocking(False)
            sent, got, end = 0, None, time.monotonic() + 30 * kit.SLOWER
            while got != b"":
                self.assertLess(time.monotonic(), end)
                if sent < len(hello) - 1:
                    nudged(dribbling, hello[sent:sent + 1])
                    sent += 1
                try:
                    got = dribbling.recv(100)
                except BlockingIOError:
                    time.sleep(0.02)
                except ConnectionError:
                    got = b""
            self.assertEqual(read_all(silent), b"")
            silent.close()
            dribbling.close()
        kit.wait_until(lambda: site.adapter().metric("weir_intake_connections_refused_total", reason="tls_slow") == 2 * len(KINDS),
                       10, "all are counted")


def nudged(line, data):
    """What came in the meantime on a line that does not block, and data sent there."""
    try:
        if data:
            line.sendall(data)
        return line.recv(65536)
    except (BlockingIOError, ConnectionError):
        return b""


class HeldTest(DoorTest):
    def long(self, door, n):
        """A good request with a body of about 50 KB."""
        body = door.body(n)
        return door.request(n, body=body + b"NTE|1||" + b"x" * 50000 + b"\r" if door.kind == "hl7" else body + b" " * 50000)

    def filled(self, door):
        """A line with all but the last byte of a request, read by the door; of two it may read either first."""
        for _ in range(100):
            line = door.dial()
            line.sendall(self.long(door, 1)[:-1])
            if door.status(self.long(door, 2)) == 503:
                return line
            line.close()
        return self.fail("it never is full")

    def test_all_bodies_together(self):
        """While requests under way hold bodies_max, what comes beside them is to be sent again: 503."""
        site = self.started(bodies_max="64KiB")
        for door in site.doors.values():
            with self.filled(door) as line:
                got = door.tell(self.long(door, 2))
                self.assertIn(b"\r\nRetry-After: 5\r\n", got)
                self.assertIn({"fhir": b"OperationOutcome", "json": b"too much is under way", "hl7": b"Service Unavailable"}[door.kind], got)
                line.sendall(self.long(door, 1)[-1:])
                self.assertEqual(status_of(read_head(line)), door.good)
            self.assertEqual(door.status(self.long(door, 2)), door.good)


ONCE = ("Authorization", "X-Request-ID", "X-Correlation-ID", "NHSD-Target-Identifier", "NHSD-End-User-Organisation",
        "NHSD-Requesting-Software", "NHSD-Requesting-Practitioner")


class SmuggledTest(DoorTest):
    def test_what_reads_two_ways(self):
        """Bad input row 15: 400 (431 for far too much), the connection ends, and what stands behind it is no request."""
        site = self.started()
        for door in site.doors.values():
            body, behind = door.body(), door.request(2)
            size = f"Content-Length: {len(body)}"
            chunked = "Transfer-Encoding: chunked"
            whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            heads = [(size, chunked), (chunked, size), (size, size), (size, f"Content-Length: {len(body) + 1}"),
                     (f"Content-Length: {len(body)}, {len(body)}",), (f"Content-Length: +{len(body)}",), ("Content-Length: 0x10",),
                     (f"Content-Length : {len(body)}",), (chunked, chunked), (size, "X-A: b", " folded: c"), (size, "X-A\x00: b"),
                     (size, "X-A: b\x00"), (size, "X-A: b\rX-B: c"), (size, "X-A: b\nX-B: c"), (size, "Host: b"), (size, "no colon"),
                     (size, ": no name"), (size, "X A: b"), (size, f"Content-Type: {door.media}"), (size, *["Content-Encoding: gzip"] * 2)]
            heads += [(size, f"{name}: a", f"{name.lower()}: b") for name in ONCE]
            cases = [(400, door.head(*fields) + b"\r\n" + (whole if chunked in fields else body)) for fields in heads]
            cases += [(501, door.head("Transfer-Encoding: " + coding) + b"\r\n" + whole)
                      for coding in ("gzip, chunked", "xchunked", "identity", "chunked, identity")]
            cases += [(400, door.head(chunked) + b"\r\n" + chunks) for chunks in (
                whole.replace(b"\r\n", b"\n", 1), whole.replace(b"\r\n", b";a\n", 1), whole.replace(b"\r\n", b";a\rX", 1),
                whole.replace(b"\r\n", b" \r\n", 1), b" " + whole, b"+" + whole, b"0x" + whole, whole[:-7] + b"0\r\n\r\n",
                whole.replace(b"\r\n", b";" + b"a" * 9000 + b"\r\n", 1), b"0\r\nX: y\n\r\n", b"0\r\n folded\r\n\r\n", b"-1\r\n")]
            cases += [(413, door.head(chunked) + b"\r\nfffffffffffffff\r\n"), (413, door.head("Content-Length: 9999999999") + b"\r\n"),
                      (400, door.head("Content-Length: 99999999999999999999") + b"\r\n"),
                      (400, door.head(size).replace(b"Host: a\r\n", b"") + b"\r\n" + body),
                      (400, door.head(size).replace(b"HTTP/1.1", b"HTTP/1.0").replace(size.encode(), chunked.encode()) + b"\r\n" + whole),
                      (400, door.head(size).replace(b"\r\n", b"\n") + b"\n" + body),
                      (431, door.head(*[f"X-{n}: y" for n in range(70)]) + b"\r\n"), (431, door.head("X: " + "y" * 20000) + b"\r\n"),
                      (431, door.head()[:-2] + b"; " + b"y" * 200000)]
            for status, data in cases:
                got = door.tell(data + behind)
                self.assertEqual(status_of(got), status, (data[:200], got))
                self.assertEqual(got.count(b"HTTP/1.1 "), 1, (data[:200], got))
                self.assertIn(b"Connection: close\r\n", got)
                self.assertEqual(b"OperationOutcome" in got, door.kind == "fhir")
            self.assertEqual(self.kept(site), [])
            self.assertEqual(status_of(door.tell(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), 400)

    def test_what_reads_one_way(self):
        """Upgrade is passed over (RFC 9110 §7.8), as are extensions of chunks and trailers; pipelined requests are answered in
        their order."""
        site = self.started()
        for door in site.doors.values():
            body = door.body()
            upgrade = door.request(1, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
            parts = b"".join(b"%X;n=\"v\"\r\n%s\r\n" % (len(p), p) for p in (body[:9], body[9:]))
            # a list may stand in more than one line (RFC 9110 §5.3)
            chunked = door.head("Transfer-Encoding: Chunked", "Accept: */*", "Accept: text/html", "Connection: close") + b"\r\n" + parts + b"0;last\r\nX-Trailer: t\r\n\r\n"
            got = door.tell(b"\r\n" + upgrade + door.request(2) + chunked)
            self.assertEqual(got.count(f"HTTP/1.1 {door.good} ".encode()), 3, got)
            self.assertEqual(self.kept(site)[-3:], [body, door.body(2), body])


if __name__ == "__main__":
    unittest.main()
