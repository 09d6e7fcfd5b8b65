"""TLS on an MLLP port: who gets in, who does not and what is said of it, certificates that are changed while
everything runs."""
import copy
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import certs
import kit
import mllp
import records
from test_ack import merge_of_nobody
from test_adapter import admit

PAS = "/C=GB/O=RZZ Trust/CN=pas.rzz.nhs.uk"


class Tls(mllp.Client):
    """A sender with a certificate, or without."""

    def __init__(self, port, context, timeout=15, host="127.0.0.1"):
        super().__init__("127.0.0.1", port, timeout=timeout)
        self.sock = context.wrap_socket(self.sock, server_hostname=host)


class Files(certs.Certificates):
    """What the tests show and trust, made once."""

    def __init__(self):
        super().__init__(tempfile.mkdtemp(prefix="weir-tls-"))
        self.make(["127.0.0.1"])
        self.pas = self.signed("pas", PAS, ["10.9.8.7"])
        self.second = self.signed("second", "/CN=second.rzz.nhs.uk")
        self.expired = self.signed("expired", PAS, days="-1")
        self.someone = self.signed("someone", "/CN=someone.else.nhs.uk")
        self.two_names = self.signed("two_names", "/CN=pas.rzz.nhs.uk/CN=someone.else.nhs.uk")
        self.foreign = self.of_another_authority("foreign", PAS)
        self.revoked = self.signed("revoked", PAS)
        self.revoke("revoked")

    def of_another_authority(self, name, subject):
        own, key = self.ca, self.path("ca.key")
        shutil.copy(key, self.path("kept.key"))
        try:
            self.ca = self.other_ca
            shutil.copy(self.path("other_ca.key"), key)
            return self.signed(name, subject)
        finally:
            self.ca = own
            shutil.copy(self.path("kept.key"), key)

    def revoke(self, name):
        """crl.pem: the authority's list, with that one on it."""
        with open(self.path("ca.cnf"), "w", encoding="ascii") as f:
            f.write(f"[ca]\ndefault_ca=a\n[a]\ndatabase={self.path('index')}\ndefault_md=sha256\n"
                    f"crlnumber={self.path('crlnumber')}\ndefault_crl_days=2\n")
        open(self.path("index"), "w", encoding="ascii").close()
        with open(self.path("crlnumber"), "w", encoding="ascii") as f:
            f.write("01\n")
        own = ["-config", self.path("ca.cnf"), "-cert", self.ca, "-keyfile", self.path("ca.key")]
        self.openssl("ca", *own, "-revoke", self.path(f"{name}_cert.pem"))
        self.openssl("ca", *own, "-gencrl", "-out", self.path("crl.pem"))


def setUpModule():
    global FILES
    FILES = Files()


def tearDownModule():
    shutil.rmtree(FILES.dir)


def context(pair=None, newest=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations(FILES.ca)
    if newest:
        c.maximum_version = newest
    if pair:
        c.load_cert_chain(pair[1], pair[0])
    return c


class TlsTest(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.mllp = self.site.config["sources"]["test-pas"]["mllp"]
        os.mkdir(self.site.path("tls"))
        self.place(FILES.path("server_key.pem"), FILES.path("server_cert.pem"))
        shutil.copy(FILES.ca, self.site.path("tls/ca.pem"))
        self.mllp["tls"] = self.tls = {
            "cert_file": "tls/cert.pem", "key_file": "tls/key.pem", "ca_file": "tls/ca.pem",
            "peers": {"pas": {"subject": "CN=pas.rzz.nhs.uk,O=RZZ Trust"}}}

    def place(self, key, cert):
        """Both replaced at once, as those who renew certificates do."""
        for source, name in ((key, "key"), (cert, "cert")):
            fresh = self.site.path(f"tls/{name}.new")
            shutil.copy(source, fresh)
            os.chmod(fresh, 0o600)
            os.rename(fresh, self.site.path(f"tls/{name}.pem"))

    def start(self, **more):
        self.tls.update(more)
        self.site.start("acute")
        kit.wait_until(lambda: self.site.adapter().get("/ready")[0] == 200, 10, "it is ready")
        return self.site.adapter()

    def client(self, pair=None, **more):
        client = Tls(self.site.port, context(pair or FILES.pas, **more))
        self.addCleanup(client.close)
        return client

    def ask(self, client, control_id):
        self.assertEqual(client.ask(admit(control_id))[:2], ("AA", control_id))

    def refused(self, reason, pair, subject="", words=""):
        """A connection that is closed before a message is read, and a line that says why."""
        adapter = self.site.adapter()
        before = adapter.metric("weir_intake_connections_refused_total", reason=reason) or 0
        said = len(self.lines("tls.refused"))
        self.quiet()
        with self.assertRaises(OSError):
            with Tls(self.site.port, context(pair) if not isinstance(pair, ssl.SSLContext) else pair) as c:
                c.send(admit("refused"))
                c.receive()
        kit.wait_until(lambda: (adapter.metric("weir_intake_connections_refused_total", reason=reason) or 0)
                       == before + 1, 10, f"{reason} is counted")
        line = kit.wait_until(lambda: self.lines("tls.refused")[said:], 5, "a line in the log")[0]
        self.assertIn(f"reason={reason}", line)
        self.assertIn("source=test-pas peer=127.0.0.1", line)
        self.assertIn(f'subject="{subject}"', line)
        self.assertIn(words, line)
        self.assertEqual(adapter.metric("weir_messages_received_total"), 0)
        self.assertEqual(adapter.metric("weir_intake_junk_bytes_total"), 0)
        self.assertNotIn("SAMPLE", adapter.log())

    def reload(self):
        self.site.write_config()
        done = self.site.weir("reload", "--json", check=False)  # no broker is up
        row = next(r for r in map(json.loads, done.stdout.splitlines()) if r["process"] == "acute")
        self.assertTrue(row["up"], row)

    def lines(self, *words):
        return [line for line in self.site.adapter().log().splitlines() if all(w in line for w in words)]

    def quiet(self):
        """Until a refusal would be logged again: one a second."""
        if not hasattr(self, "said"):
            self.said = 0.0
        kit.wait_until(lambda: time.monotonic() - self.said > 1.1, 5, "a second has gone")
        self.said = time.monotonic()

    # ---- who gets in ----

    def test_both_certificates(self):
        """Row 15."""
        self.start()
        for newest in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            client = self.client(newest=newest)
            self.assertEqual(client.sock.version(), newest.name.replace("v1_", "v1."))
            self.assertRegex(client.sock.cipher()[0], "ECDHE|^TLS_")
            self.assertRegex(client.sock.cipher()[0], "GCM|CHACHA20")
            for i in range(3):
                self.ask(client, f"{newest.name}-{i}")
        self.assertEqual(len(records.rows(self.site, "acute", "flow.messages")), 6)

    def test_refused_before_a_message_is_read(self):
        """Row 15: no certificate, an expired one, another authority's, a revoked one, another subject's."""
        shutil.copy(FILES.path("crl.pem"), self.site.path("tls/crl.pem"))
        self.start(crl_file="tls/crl.pem")
        subject = "C=GB,O=RZZ Trust,CN=pas.rzz.nhs.uk"
        self.refused("tls_no_certificate", None)
        self.refused("tls_certificate", FILES.expired, subject, "certificate has expired")
        self.refused("tls_certificate", FILES.foreign, subject, "unable to get local issuer certificate")
        self.refused("tls_certificate", FILES.revoked, subject, "certificate revoked")
        self.refused("tls_not_a_peer", FILES.someone, "CN=someone.else.nhs.uk", "none of tls.peers")
        self.refused("tls_not_a_peer", FILES.two_names, "CN=pas.rzz.nhs.uk,CN=someone.else.nhs.uk")
        self.ask(self.client(), "the right one")
        said = [json.loads(value) for _, value in records.rows(self.site, "acute", "flow.audit")]
        said = [r for r in said if r["action"] == "tls.refused"]
        self.assertEqual([r["reason"] for r in said], ["tls_no_certificate", "tls_certificate", "tls_not_a_peer"])
        self.assertEqual({(r["source"], r["peer"], r["times"], r["who"]) for r in said}, {("test-pas", "127.0.0.1", "1", "system")})

    def test_old_versions_are_refused(self):
        self.start(min_version="1.3")
        self.refused("tls_broken", self.newest(ssl.TLSVersion.TLSv1_2))
        self.ask(self.client(), "newer")

    def newest(self, version):
        return context(FILES.pas, newest=version)

    def test_tls_1_1_is_refused(self):
        adapter = self.start()
        old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.site.port}", "-tls1_1", "-cipher",
                              "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
        self.assertNotEqual(old.returncode, 0)
        kit.wait_until(lambda: adapter.metric("weir_intake_connections_refused_total", reason="tls_broken") == 1, 10,
                       "it is refused")

    def test_alternative_names(self):
        peers = {"by-address": {"san": ["IP:10.9.8.7"]},
                 "both": {"subject": "CN=second.rzz.nhs.uk", "san": "DNS:nobody"}}
        self.start(peers=peers)
        self.ask(self.client(), "by its address")
        self.refused_one(FILES.second)

    def refused_one(self, pair):
        with self.assertRaises(OSError):
            with Tls(self.site.port, context(pair)) as c:
                c.ask(admit("no"))

    def test_nobody_asked(self):
        del self.tls["ca_file"], self.tls["peers"]
        self.start(client_certificate="none")
        with Tls(self.site.port, context()) as c:
            self.ask(c, "anybody")
        self.assertTrue(self.lines("tls.anybody", "source=test-pas"))

    def test_plain_text_on_a_tls_port(self):
        """Row 15."""
        adapter = self.start()
        with mllp.Client("127.0.0.1", self.site.port) as c:
            c.send(admit("plain"))
            self.assertTrue(c.closed_by_peer())
        line = kit.wait_until(lambda: self.lines("tls.refused", "reason=tls_plain_text"), 10, "a line")[0]
        self.assertIn("is it set to plain text?", line)
        self.assertEqual(adapter.metric("weir_messages_received_total"), 0)
        self.assertNotIn("SAMPLE", adapter.log())

    # ---- slow handshakes ----

    def test_slow_handshakes_hold_nobody_up(self):
        """Row 15."""
        adapter = self.start(handshake_time="2s", handshakes=8)
        slow = [socket.create_connection(("127.0.0.1", self.site.port)) for _ in range(8)]
        for s in slow:
            self.addCleanup(s.close)
            s.sendall(b"\x16\x03\x01")  # the beginning of a handshake
        kit.wait_until(lambda: self.status()["tls"]["handshakes"] == 8, 5, "all are under way")
        with self.assertRaises(OSError):  # no room, and nobody has had a second
            Tls(self.site.port, context(FILES.pas)).close()
        self.assertEqual(adapter.metric("weir_intake_connections_refused_total", reason="tls_too_many"), 1)

        def gets_in():
            try:
                with Tls(self.site.port, context(FILES.pas)) as c:
                    return c.ask(admit("in"))[0] == "AA"
            except OSError:
                return False
        kit.wait_until(gets_in, 1.9, "the oldest gives up its place")
        kit.wait_until(lambda: adapter.metric("weir_intake_connections_refused_total", reason="tls_slow") == 8, 10,
                       "all were too slow")
        for s in slow:
            s.settimeout(10)
            self.assertEqual(s.recv(100), b"")
        self.assertEqual(self.status()["tls"]["handshakes"], 0)

    def status(self):
        rows = map(json.loads, self.site.weir("status", "--json", check=False).stdout.splitlines())
        return next(r["status"]["sources"][0] for r in rows if r["process"] == "acute" and r["up"])

    # ---- what goes over it ----

    def test_long_and_split_and_many(self):
        """Row 1 under TLS: records and frames begin and end where they like."""
        self.start()
        client = self.client()
        long = admit("long") + b"NTE|1||" + b"x" * (3 << 20) + b"\r"
        client.send(long)
        self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "AA")
        frame = mllp.frame(admit("split"))
        for cut in range(1, len(frame), 7):
            client.send_raw(frame[:cut])
            client.send_raw(frame[cut:])
            self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "split")
        names = [f"many{i}" for i in range(500)]
        client.send_raw(b"".join(mllp.frame(admit(n)) for n in names))
        self.assertEqual([mllp.field(client.receive(), b"MSA", 2) for _ in names], names)
        client.sock.unwrap()  # says that no more comes, and hears the same
        kit.wait_until(lambda: self.site.adapter().metric("weir_intake_connections") == 0, 10, "it is over")
        stored = [v for _, v in records.rows(self.site, "acute", "flow.messages")]
        self.assertIn(long, stored)

    # ---- whose messages ----

    def test_sender_of_the_certificate(self):
        """Row 15: MSH-3 and MSH-4 are bound to the certificate."""
        own = mllp.field(admit("x"), b"MSH", 3) + "/" + mllp.field(admit("x"), b"MSH", 4)
        adapter = self.start(peers={
            "pas": {"subject": "CN=pas.rzz.nhs.uk", "sending": [own]},
            "second": {"subject": "CN=second.rzz.nhs.uk", "sending": ["OTHER/RZZ"]}})
        self.ask(self.client(), "mine")
        second = self.client(FILES.second)
        code, control_id, answer = second.ask(admit("not mine"))
        self.assertEqual((code, control_id), ("AR", "not mine"))
        self.assertIn(b"103", answer)
        (head, value), = records.rows(self.site, "acute", "flow.rejected")
        self.assertEqual(value, admit("not mine"))
        self.assertEqual(json.loads(head["reasons"])[0]["code"], 103)
        line, = self.lines("tls.foreign_sender")
        for word in ("source=test-pas", "as=second", 'subject="CN=second.rzz.nhs.uk"'):
            self.assertIn(word, line)
        self.assertNotIn("SAMPLE", adapter.log())
        other = admit("theirs").replace(own.replace("/", "|").encode(), b"OTHER|RZZ")
        self.assertEqual(second.ask(other)[0], "AA")

    def test_a_foreign_name_is_never_accepted(self):
        """What `on_invalid: accept` lets pass is what cannot be used, not who may not send."""
        self.site.config["sources"]["test-pas"]["ack"] = {"on_invalid": "accept"}
        adapter = self.start(peers={"second": {"subject": "CN=second.rzz.nhs.uk", "sending": ["OTHER/RZZ"]}})
        second = self.client(FILES.second)
        self.assertEqual(second.ask(admit("not mine"))[0], "AR")
        theirs = merge_of_nobody("theirs")
        own = "|".join(mllp.field(theirs, b"MSH", n) for n in (3, 4)).encode()
        theirs = theirs.replace(own, b"OTHER|RZZ", 1)
        self.assertEqual(second.ask(theirs)[0], "AA")
        heads = [head for head, _ in records.rows(self.site, "acute", "flow.rejected")]
        self.assertEqual([head.get("answered") for head in heads], [None, "accepted"])
        self.assertEqual(adapter.metric("weir_messages_accepted_unusable_total", source="test-pas"), 1)

    # ---- certificates change ----

    def shown(self):
        """Serial number of the certificate that a new connection sees."""
        with Tls(self.site.port, context(FILES.pas)) as c:
            self.ask(c, "looks")
            return c.sock.getpeercert()["serialNumber"]

    def test_changed_files_are_taken_and_connections_stay(self):
        adapter = self.start()
        before, old = self.client(), self.shown()
        self.ask(before, "before")
        self.place(*FILES.signed("server2", "/CN=localhost", ["127.0.0.1"]))
        kit.wait_until(lambda: self.lines("tls.renewed", "source=test-pas"), 15, "they are noticed")
        self.assertNotEqual(self.shown(), old)
        self.ask(before, "after")
        # of no use: what was read before stays, and that is said once
        new = self.shown()
        self.site.write("tls/key.pem", "no key\n", 0o600)
        kit.wait_until(lambda: self.lines("tls.not_renewed", "key.pem"), 15, "that is noticed")
        self.assertEqual(self.shown(), new)
        self.ask(before, "still")
        self.place(FILES.path("server_key.pem"), FILES.path("server_cert.pem"))
        kit.wait_until(lambda: self.shown() == old, 15, "they are right again")
        self.assertEqual(len(self.lines("tls.not_renewed")), 1)
        self.ask(before, "to the end")
        self.assertEqual(adapter.log().count("session."), 0)

    def test_a_reload_changes_who_may_send(self):
        self.start(peers={"pas": {"subject": "CN=pas.rzz.nhs.uk"}, "second": {"subject": "CN=second.rzz.nhs.uk"}})
        stays, goes = self.client(), self.client(FILES.second)
        self.ask(stays, "one")
        self.ask(goes, "two")
        before = copy.deepcopy(self.tls)
        del self.tls["peers"]["second"]
        self.reload()
        self.assertTrue(goes.closed_by_peer())
        self.ask(stays, "three")
        self.refused_one(FILES.second)
        self.assertTrue(self.lines("tls.refused", "subject=\"CN=second.rzz.nhs.uk\"", "no longer"))
        # a configuration whose files are of no use is refused, and nothing changes
        self.tls["cert_file"] = "tls/none.pem"
        self.site.write_config()
        done = self.site.weir("reload", check=False)
        self.assertIn("none.pem", done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r"weir\.yaml:\d+:\d+")
        self.ask(stays, "four")
        self.mllp["tls"] = before
        self.reload()
        self.ask(self.client(FILES.second), "back")

    def test_from_plain_to_tls(self):
        tls = self.mllp.pop("tls")
        self.site.start("acute")
        plain = mllp.Client("127.0.0.1", self.site.port)
        self.addCleanup(plain.close)
        kit.wait_until(lambda: self.site.adapter().get("/ready")[0] == 200, 10, "it is ready")
        self.assertEqual(plain.ask(admit("plain"))[0], "AA")
        self.mllp["tls"] = tls
        self.reload()
        self.assertTrue(plain.closed_by_peer())
        self.ask(self.client(), "tls")

    # ---- what is said of it ----

    def test_figures(self):
        adapter = self.start()
        self.assertTrue(0 < adapter.metric("weir_tls_certificate_expiry_seconds", file="cert_file") <= 2 * 86400)
        self.assertTrue(0 < adapter.metric("weir_tls_certificate_expiry_seconds", file="ca_file") <= 2 * 86400)
        self.assertTrue(self.lines("tls.expires_soon", "source=test-pas", "option=cert_file"))
        tls = self.status()["tls"]
        self.assertEqual(tls["subject"], "CN=localhost")
        self.assertIn(tls["cert_file_days"], (1, 2))

    def check(self, code, *words):
        self.site.write_config()
        done = self.site.weir("check", self.site.config_path, check=False)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, said)
        for word in words:
            self.assertRegex(said, word)

    def test_check(self):
        place = r"weir\.yaml:\d+:\d+: "
        self.check(0, place + r".*tls/cert.pem ends on .*, in 1 days", "fine")
        self.tls["expiry_warning"] = "1h"
        self.check(0, "^(?!.*ends on)")
        self.tls["cert_file"] = "tls/none.pem"
        self.check(78, place + ".*none.pem: No such file")
        self.tls["cert_file"] = "tls/key.pem"
        self.check(78, place + ".*key.pem: no certificate can be read")
        self.tls["cert_file"] = "tls/cert.pem"
        os.chmod(self.site.path("tls/key.pem"), 0o644)
        self.check(78, place + ".*key.pem may be read or changed by others; do: chmod 600")
        self.place(FILES.pas[0], FILES.path("server_cert.pem"))
        self.check(78, place + ".*key.pem: .*key")
        self.place(*FILES.expired)
        self.check(78, place + ".*cert.pem ended on .*: nobody can connect any more")
        self.place(*FILES.pas)
        self.tls["peers"] = {"pas": {"subject": "pas.rzz.nhs.uk"}}
        self.check(78, place + '.*"pas.rzz.nhs.uk" is no subject')
        self.tls["peers"] = {"pas": {"san": "pas.rzz.nhs.uk"}}
        self.check(78, place + '.*"pas.rzz.nhs.uk" is no name of a certificate')

    def test_check_of_a_consumer(self):
        place = r"weir\.yaml:\d+:\d+: "
        tls = {"ca_file": "tls/ca.pem", "cert_file": "tls/cert.pem", "key_file": "tls/key.pem"}
        del self.mllp["tls"]
        self.site.config["consumers"]["beds"] = {"route": "all", "kind": "mllp",
                                                 "mllp": {"to": "beds.nhs.uk:2575", "tls": tls}}
        self.check(0, place + r".*tls/cert.pem ends on .*, in 1 days", "fine")
        self.place(*FILES.expired)
        self.check(78, place + ".*cert.pem ended on")
        tls["ca_file"] = "tls/none.pem"
        self.check(78, place + ".*none.pem: No such file")

    def test_password_of_the_key(self):
        key = self.site.path("tls/locked.pem")
        FILES.openssl("rsa", "-aes256", "-passout", "pass:locked-up", "-in", FILES.path("server_key.pem"), "-out", key)
        os.chmod(key, 0o600)
        self.site.write("keys/tls.password", "wrong\n", 0o600)
        self.tls.update(key_file="tls/locked.pem", key_password="file:keys/tls.password")
        self.check(78, "locked.pem: no key of that certificate")
        self.site.write("keys/tls.password", "locked-up\n", 0o600)
        self.start()
        self.ask(self.client(), "unlocked")

    def test_plain_text_must_be_meant(self):
        tls = self.mllp.pop("tls")
        self.mllp.update({"listen": f"0.0.0.0:{self.site.port}", "allow": ["127.0.0.1"]})
        self.check(78, r"weir\.yaml:\d+:\d+: .*there is no tls.*plaintext: true")
        self.mllp["plaintext"] = True
        self.check(0)
        self.site.start("acute")
        self.assertTrue(self.lines("warn", "source.plain_text", "source=test-pas"))
        self.mllp["tls"] = tls
        self.check(78, "plaintext: there is tls")
        del self.mllp["plaintext"]
        self.check(0)

    def test_weir_send(self):
        self.start()
        one = os.path.join(self.site.dir, "one.hl7")
        with open(one, "wb") as f:
            f.write(admit("by weir send"))
        here = f"127.0.0.1:{self.site.port}"
        own = ["--cert", FILES.pas[1], "--key", FILES.pas[0]]
        done = self.site.weir("send", "--ca", FILES.ca, *own, here, one)
        self.assertEqual(done.stdout, "by weir send AA\n")
        self.site.weir("send", "--ca", FILES.ca, "--server-name", "localhost", *own, here, one)
        for more, says in ((["--ca", FILES.ca], "certificate required|closed"),
                           (["--tls", *own], "self-signed|unable to get local issuer"),
                           (["--ca", FILES.ca, "--server-name", "else.nhs.uk", *own], "hostname mismatch"),
                           (["--ca", FILES.ca, "--cert", FILES.pas[1]], "belong together"),
                           ([], "closed")):
            done = self.site.weir("send", *more, here, one, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, re.compile(says), more)


if __name__ == "__main__":
    unittest.main()
