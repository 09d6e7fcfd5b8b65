"""HL7 v2 over HTTP: POST of application/hl7-v2+er7, answered with the acknowledgment once all is durable."""
import http.client
import os
import shutil
import signal
import socket
import tempfile
import time
import unittest

import certs
import kit
import mllp
import records
from fhir_site import client_context
from test_ack import merge_of_nobody
from test_adapter import admit
from test_batches import acks, batch

ER7 = "application/hl7-v2+er7"



def wordy(n):
    """A batch whose answer is longer than it: each message has a name of its sender that is given back."""
    return batch(*[admit(f"W-{i}", i).replace(b"|^~\\&|", b"|^~\\&|" + b"x" * 12000, 1) for i in range(1, n + 1)])


class Er7Test(unittest.TestCase):
    def site_of(self, tls=None, message_max="128KiB", **stream):
        site = kit.Site()
        self.addCleanup(site.close)
        self.http = kit.free_port()
        source = site.config["sources"]["test-pas"]
        source["http"] = {"listen": f"127.0.0.1:{self.http}", "path": "/hl7", "message_max": message_max}
        if tls:
            source["http"]["tls"] = tls
        site.config["stream"].update(stream)
        site.start("acute")
        return site

    def post(self, body, path="/hl7", method="POST", media=ER7, **headers):
        """(status, media type, body) of the answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.http, timeout=15)
        self.addCleanup(line.close)
        line.request(method, path, body, {"Content-Type": media, **headers})
        answer = line.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()

    def test_a_message_and_its_answer(self):
        """Row 78: 200 and AA when it is durable, 200 and AE or AR when it is refused for good and kept; a batch is
        answered by a batch."""
        site = self.site_of()
        status, media, body = self.post(admit("P-1", 1))
        self.assertEqual((status, media), (200, ER7))
        self.assertEqual((mllp.field(body, b"MSA", 1), mllp.field(body, b"MSA", 2)), ("AA", "P-1"))
        self.assertEqual([v for _, v in records.rows(site, "acute", "flow.messages")], [admit("P-1", 1)])
        status, _, body = self.post(merge_of_nobody("P-2"))
        self.assertEqual((status, mllp.field(body, b"MSA", 1)), (200, "AE"))
        status, _, body = self.post(b"no HL7 at all")
        self.assertEqual((status, mllp.field(body, b"MSA", 1)), (200, "AR"))
        self.assertEqual(len(records.rows(site, "acute", "flow.rejected")), 2)
        status, _, body = self.post(batch(admit("P-3", 3), admit("P-4", 4)))
        self.assertEqual((status, acks(body)), (200, [("AA", "P-3"), ("AA", "P-4")]))
        self.assertTrue(body.startswith(b"BHS|"))

    def test_what_is_no_request_for_us(self):
        """Row 78: what is not 2xx carries no HL7; the charset of Content-Type has to be the one that is read."""
        site = self.site_of()
        good = admit("Q-1", 1)
        latin = good.replace(b"|UNICODE UTF-8", b"|8859/1") + b"NTE|1||Ren\xe9\r"
        self.assertNotEqual(latin[:120], good[:120])
        for want, more in ((404, {"path": "/other"}), (405, {"method": "PUT"}), (415, {"media": "text/plain"}),
                           (415, {"media": ER7 + "; charset=UTF-8", "body": latin}),
                           (415, {"Content-Encoding": "br"}), (400, {"body": b""}),
                           (413, {"body": good + b"NTE|" + b"x" * 140000})):
            with self.subTest(want, **{k: v for k, v in more.items() if k != "body"}):
                status, media, body = self.post(**{"body": good, **more})
                self.assertEqual((status, media), (want, "text/plain; charset=utf-8"))
                self.assertNotIn(b"MSA", body)
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])
        for media, body in (('; charset="UTF-8"', good), ("; charset=us-ascii", good), ("; Charset=ISO-8859-1", latin)):
            self.assertEqual(self.post(body, media=ER7 + media)[0], 200, media)

    def test_a_certificate_is_bound_to_its_sender(self):
        """TLS: what another one would have sent is refused with AR, whoever has a certificate."""
        files = certs.Certificates(tempfile.mkdtemp(prefix="weir-er7-"))
        self.addCleanup(shutil.rmtree, files.dir)
        files.make(["127.0.0.1"])
        key, cert = files.path("server_key.pem"), files.path("server_cert.pem")
        os.chmod(key, 0o600)
        app, facility = (mllp.field(admit("C-0", 0), b"MSH", n) for n in (3, 4))
        peers = {name: {"subject": f"CN={name}", "sending": [sending]}
                 for name, sending in (("pas", f"{app}/{facility}"), ("other", "OTHER/OTHER"))}
        pairs = {name: files.signed(name, f"/CN={name}") for name in peers}
        site = self.site_of(tls={"cert_file": cert, "key_file": key, "ca_file": files.ca, "peers": peers, "expiry_warning": "0ms"})
        for name, code in (("pas", "AA"), ("other", "AR")):
            line = http.client.HTTPSConnection("127.0.0.1", self.http, timeout=15, context=client_context(files.ca, pairs[name]))
            self.addCleanup(line.close)
            line.request("POST", "/hl7", admit(f"C-{name}", 1), {"Content-Type": ER7})
            answer = line.getresponse()
            self.assertEqual((answer.status, mllp.field(answer.read(), b"MSA", 1)), (200, code))
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 1)

    def test_try_later(self):
        """Row 78: 503, no HL7, where it cannot be made durable now; the same for a source that is paused."""
        site = self.site_of(free_min="100000000GiB")
        status, media, body = self.post(admit("T-1", 1))
        self.assertEqual((status, media), (503, "text/plain; charset=utf-8"))
        self.assertNotIn(b"MSA", body)
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])
        self.assertEqual(site.adapter().stop(), 0)
        site.config["stream"]["free_min"] = "1MiB"
        site.start("acute")
        site.weir("pause", "source", "test-pas", "--reason", "test")
        self.assertEqual(self.post(admit("T-1", 1))[0], 503)
        site.weir("resume", "source", "test-pas")
        self.assertEqual(self.post(admit("T-1", 1))[0], 200)

    def begun(self, n):
        """A site and a line on which the answer to wordy(n) has begun: (site, line, length of the body, what came of it)."""
        site = self.site_of(message_max="16MiB")
        line = socket.create_connection(("127.0.0.1", self.http), timeout=60 * kit.SLOWER)
        self.addCleanup(line.close)
        body = wordy(n)
        line.sendall(f"POST /hl7 HTTP/1.1\r\nHost: a\r\nContent-Type: {ER7}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        got = b""
        while b"\r\n\r\n" not in got:
            got += line.recv(100)
        head, _, got = got.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
        return site, line, int(head.partition(b"Content-Length: ")[2].split()[0]), got

    def test_a_long_answer_to_a_slow_reader(self):
        """An answer of more than 8 MiB is whole, also when the process is told to end while it leaves."""
        site, line, length, got = self.begun(900)
        self.assertGreater(length, 8 << 20)
        adapter = site.adapter()
        adapter.popen.send_signal(signal.SIGTERM)
        kit.wait_until(lambda: "process.drain" in adapter.log(), 20, "it drains")
        while piece := line.recv(131072):
            got += piece
            time.sleep(0.01)  # it is slow
        self.assertEqual(len(got), length)
        self.assertEqual(got.count(b"\rMSA|"), 900)
        self.assertTrue(got.endswith(b"BTS|900\r"))
        self.assertEqual(adapter.stop(), 0)

    def test_another_listener_takes_a_restart(self):
        """A reload that changes the section is refused, and the old one goes on; any other change is taken."""
        site = self.site_of()
        source = site.config["sources"]["test-pas"]
        source["http"]["path"] = "/new"
        site.write_config()
        done = site.weir("reload", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("http: a change of it takes a restart", done.stdout + done.stderr)
        self.assertEqual(self.post(admit("V-1", 1))[0], 200)
        source["http"]["path"] = "/hl7"
        source["ack"] = {"text": True}
        site.write_config()
        site.start()  # weir reload asks the broker too
        self.assertIn("acute: ", site.weir("reload").stdout)
        self.assertEqual(self.post(admit("V-2", 2))[0], 200)

    def test_a_client_that_goes(self):
        """Requests whose clients leave before the answer are taken all the same, and nothing breaks."""
        site = self.site_of()
        for n in range(1, 21):
            line = http.client.HTTPConnection("127.0.0.1", self.http, timeout=15)
            line.request("POST", "/hl7", admit(f"U-{n}", n), {"Content-Type": ER7})
            line.sock.close()
        kit.wait_until(lambda: len(records.rows(site, "acute", "flow.messages")) == 20, 20, "all are taken")
        self.assertEqual(self.post(admit("U-99", 99))[0], 200)
        self.assertEqual(site.adapter().stop(), 0)


if __name__ == "__main__":
    unittest.main()
