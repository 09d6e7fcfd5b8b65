"""weir and Kafka over TLS: a password or a certificate says who it is, and what is wrong is refused with what to do."""
import contextlib
import json
import os
import socket
import ssl
import threading
import unittest

import checker
import feed as feeds
import kit
import node

PROGRAMS = ("adapter", "broker", "operator", "admin")
SECRET = "sesame-1"
BAD_CERTIFICATE = "its certificate must be signed by tls.ca_file, be in date and name it as 'nodes' does"


def setUpModule():
    """One node: a listener asks for a password, the other for a certificate; who is not known may do nothing."""
    global kafka
    users = {f"weir-{program}": SECRET for program in PROGRAMS}
    supers = ";".join(["User:ANONYMOUS", "User:weir-admin", "User:CN=weir-admin"])
    kafka = node.Kafka(listeners=("SSL", "SASL_SSL"), users=users, acls=True,
                       settings={"super.users": supers, "listener.name.ssl.ssl.client.auth": "required"})
    unittest.addModuleCleanup(kafka.close)
    kafka.start()


def tls(ca=None, **more):
    return {"ca_file": ca or kafka.certs.ca, **more}


def by_password(**more):
    """stream.kafka of a site whose programs log in by SCRAM, each with a name of its own."""
    return {"tls": tls(), "sasl": {"mechanism": "SCRAM-SHA-512"},
            "users": {program: {"username": f"weir-{program}", "password": "file:keys/password"}
                      for program in PROGRAMS}, **more}


def by_certificate():
    """The same with a certificate for each."""
    users = {}
    for program in PROGRAMS:
        key, cert = kafka.certs.signed(program, f"/CN=weir-{program}")
        users[program] = {"key_file": key, "cert_file": cert, "principal": f"User:CN=weir-{program}"}
    return {"tls": tls(), "users": users}


class Impostor:
    """A port that shows this certificate; what it got after the handshake, or instead of one, is in got."""

    def __init__(self, key, cert):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.asked, self.got = 0, b""
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.asked += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                first = connection.recv(1, socket.MSG_PEEK)
                if first != b"\x16":  # no TLS handshake
                    self.got += connection.recv(4096)
                    continue
                with self.context.wrap_socket(connection, server_side=True) as inside:
                    self.got += inside.recv(4096)

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join(10)


class Tls(unittest.TestCase):
    def site(self, nodes, prefix, **more):
        site = kit.Site()
        self.addCleanup(site.close)
        site.use_kafka(nodes, prefix=prefix, **more)
        site.write("keys/password", SECRET + "\n", 0o600)
        site.config["consumers"] = {"all": kit.file_consumer(site.path("all.ndjson"))}
        site.write_config()
        return site


class Works(Tls):
    def give_by_hand(self, site):
        """Rights on transactional ids: librdkafka cannot, `weir topics` says the command."""
        for line in site.weir("topics", check=False).stdout.splitlines():
            if line.startswith("TransactionalId"):
                kafka.tool("AclCommand", "--bootstrap-server", kafka.address, "--force",
                           *line.rpartition("kafka-acls.sh ")[2].rstrip(")").split())

    def whole_line(self, site):
        site.weir("topics", "create", check=False)
        self.give_by_hand(site)
        done = site.weir("topics", check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        site.start()
        feed = feeds.Feed(site.port, feeds.plan("t", patients=5, length=4, connections=2)).start()
        self.addCleanup(feed.stop)
        kit.wait_until(feed.done, 60, lambda: f"{feed.acknowledged()} of {feed.count} acknowledged")
        facts, file = checker.Facts(feed.ledger.rows), kit.Ndjson(site.path("all.ndjson"), keep=checker.brief)
        kit.wait_until(lambda: not checker.check(facts, file.update()), 60, lambda: checker.check(facts, file.update()))
        seen = site.weir("tail", "--since", "1h", "--no-follow", "--json").stdout.splitlines()
        self.assertLessEqual({e["id"] for e in file.update()}, {json.loads(line)["id"] for line in seen})

    def test_who_it_is_by_password(self):
        self.whole_line(self.site(kafka.address_of("SASL_SSL"), "p.", **by_password()))

    def test_who_it_is_by_certificate(self):
        self.whole_line(self.site(kafka.address_of("SSL"), "c.", **by_certificate()))


class Refused(Tls):
    """Each program ends or stays out, nothing is sent in clear, and the text says what is wrong."""

    def told(self, site, *texts):
        done = site.weir("topics", "--timeout", "2s", check=False)
        self.assertEqual((done.returncode, done.stdout), (75, ""))
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertNotIn(SECRET, done.stderr)

    def ends(self, site, *texts):
        """Both programs, at their start."""
        both = [site.adapter().start(), site.broker().start()]
        for process in both:
            code = process.popen.wait(30 * kit.SLOWER)
            self.assertEqual(code, 75, process.log())
            for text in texts:
                self.assertIn(text, process.log())
            self.assertNotIn(SECRET, process.log())

    def impostor(self, name, **certificate):
        fake = Impostor(*kafka.certs.signed(name, "/CN=kafka1", **certificate))
        self.addCleanup(fake.close)
        site = self.site(fake.address, "i.", **by_password())
        self.told(site, BAD_CERTIFICATE, "certificate verify failed")
        self.assertGreater(fake.asked, 0)
        self.assertEqual(fake.got, b"", "something was said to who is not Kafka")

    def test_another_authority(self):
        site = self.site(kafka.address_of("SASL_SSL"), "r.", **by_password(tls=tls(kafka.certs.other_ca)))
        self.told(site, BAD_CERTIFICATE, "certificate verify failed")
        self.ends(site, BAD_CERTIFICATE)
        done = site.weir("tail", "--since", "1h", "--no-follow", check=False)
        self.assertEqual((done.returncode, done.stdout), (75, ""))
        self.assertIn(BAD_CERTIFICATE, done.stderr)

    def test_an_expired_certificate(self):
        self.impostor("expired", hosts=["127.0.0.1"], days="-1")

    def test_a_certificate_of_another_name(self):
        self.impostor("elsewhere", hosts=["127.0.0.9"])

    def test_no_client_certificate(self):
        site = self.site(kafka.address_of("SSL"), "r.", tls=tls())
        self.told(site, "tls.cert_file be one that it takes", "bad certificate")
        self.ends(site, "tls.cert_file be one that it takes")

    def test_a_wrong_password(self):
        site = self.site(kafka.address_of("SASL_SSL"), "r.", **by_password())
        site.write("keys/password", "open-2\n", 0o600)
        self.told(site, "Kafka refuses the user name or password", "Authentication failed")
        self.ends(site, "Kafka refuses the user name or password")

    def test_in_clear_to_a_port_with_tls(self):
        site = self.site(kafka.address_of("SSL"), "r.")
        self.told(site, "does that port expect what tls and sasl say?")

    def test_tls_to_a_port_without_it_stays_tls(self):
        site = self.site(kafka.address, "r.", tls=tls())
        self.told(site, "the TLS connection to a Kafka node fails")
        adapter = site.adapter().start()
        self.assertEqual(adapter.popen.wait(30 * kit.SLOWER), 75, adapter.log())

    def test_a_certificate_file_that_is_not_there(self):
        site = self.site(kafka.address_of("SSL"), "r.", tls=tls(os.path.join(kafka.dir, "none.pem")))
        done = site.weir("check", check=False)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn("none.pem: No such file or directory", done.stderr)


if __name__ == "__main__":
    unittest.main()
