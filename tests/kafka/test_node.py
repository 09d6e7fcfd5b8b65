"""The Kafka nodes that other tests stand on: they come up, lose a member, ask for passwords, and go."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import jars
import node

HERE = os.path.dirname(os.path.realpath(__file__))


def kcat(address, *argv, stdin=None, **settings):
    """kcat's output; a setting is a librdkafka property with _ for dots."""
    more = [w for k, v in settings.items() for w in ("-X", f"{k.replace('_', '.')}={v}")]
    return subprocess.run(["kcat", "-b", address, "-q", *more, *argv], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False)


def read_all(address, topic, **settings):
    return kcat(address, "-m", "4", "-C", "-t", topic, "-o", "beginning", "-e", **settings)


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_gone(pids, seconds=20):
    end = time.monotonic() + seconds
    while not all(gone(p) for p in pids) and time.monotonic() < end:
        time.sleep(0.02)
    return [p for p in pids if not gone(p)]


class OneNode(unittest.TestCase):
    def test_each_release_keeps_what_it_acknowledged_through_kill_9(self):
        for release in (jars.OLD, jars.NEW):
            with self.subTest(release=release), node.Kafka(release=release) as kafka:
                kafka.topic("t")
                sent = kcat(kafka.address, "-P", "-t", "t", stdin="one\ntwo\n", acks="all", enable_idempotence="true")
                self.assertEqual(sent.returncode, 0, sent.stderr)
                kafka[0].kill()
                kafka[0].start()
                self.assertEqual(read_all(kafka.address, "t").stdout, "one\ntwo\n")

    def test_it_dies_with_its_parent(self):
        code = ("import node, os, signal; k = node.Kafka().start(); print(k[0].popen.pid, k.dir, flush=True); "
                "os.kill(os.getpid(), signal.SIGKILL)")
        jars.class_path()
        done = subprocess.run([sys.executable, "-B", "-c", code], cwd=HERE, capture_output=True, text=True, timeout=60,
                              check=False)
        pid, folder = done.stdout.split()
        self.assertEqual(done.returncode, -signal.SIGKILL)
        self.assertEqual(wait_gone([int(pid)]), [])
        self.assertTrue(os.path.exists(folder))
        node.Kafka().close()
        self.assertFalse(os.path.exists(folder), "its folder goes with the next")

    def test_the_command_starts_it_and_stops_it(self):
        jars.class_path()
        with tempfile.TemporaryDirectory() as folder:
            def command(verb):
                return subprocess.run([sys.executable, "-B", os.path.join(HERE, "node.py"), "--dir", folder, verb],
                                      capture_output=True, text=True, timeout=90, check=True).stdout.strip()
            address = command("start")
            self.addCleanup(command, "stop")
            self.assertEqual(command("address"), address)
            self.assertIn(address, kcat(address, "-L").stdout)
            with open(os.path.join(folder, "keeper.pid"), encoding="ascii") as f:
                keeper = int(f.read())
            nodes = subprocess.run(["ps", "-o", "pid=", "--ppid", str(keeper)], capture_output=True, text=True,
                                   check=True).stdout.split()
            command("stop")
            self.assertEqual(wait_gone([keeper, *map(int, nodes)]), [])
            self.assertEqual(len(nodes), 1)

    def test_beside_a_command(self):
        jars.class_path()
        argv = [sys.executable, "-B", os.path.join(HERE, "with_kafka.py"), "--", "sh", "-c"]
        env = {k: v for k, v in os.environ.items() if k != "WEIR_KAFKA"}
        done = subprocess.run([*argv, 'kcat -L -b "$WEIR_KAFKA" >&2 && exit 3'], capture_output=True, text=True, env=env,
                              timeout=90, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)

    def test_where_there_is_no_maven_it_is_a_skip_that_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            with unittest.mock.patch.dict(os.environ, {"XDG_CACHE_HOME": folder, "PATH": folder}):
                with self.assertRaisesRegex(unittest.SkipTest, "mvn is not installed"):
                    node.Kafka().start()


class ThreeNodes(unittest.TestCase):
    def test_two_acknowledge_while_one_is_away_and_one_alone_does_not(self):
        with node.Kafka(nodes=3) as kafka:
            kafka.topic("t", 3)
            kafka[0].kill()
            for _ in range(5):  # kcat ends with 1 and no word when its first node is the one that is gone
                sent = kcat(kafka.address, "-P", "-t", "t", stdin="a\nb\n", acks="all")
                if sent.returncode == 0:
                    break
            self.assertEqual(sent.returncode, 0, sent.stderr)
            kafka[1].kill()
            sent = kcat(kafka[2].address(), "-P", "-t", "t", stdin="c\n", acks="all", message_timeout_ms=3000)
            self.assertNotEqual(sent.returncode, 0, "acknowledged by one node of three")
            kafka[0].start()
            kafka[1].start()
            self.assertLessEqual({"a", "b"}, set(read_all(kafka.address, "t").stdout.split()))


class Doors(unittest.TestCase):
    """TLS, passwords and ACLs."""

    @classmethod
    def setUpClass(cls):
        cls.kafka = node.Kafka(listeners=("SSL", "SASL_PLAINTEXT", "SASL_SSL"), users={"analyst": "pass-1"}, acls=True)
        cls.addClassCleanup(cls.kafka.close)
        cls.kafka.start()
        for topic in ("open", "closed"):
            cls.kafka.topic(topic)
            kcat(cls.kafka.address, "-P", "-t", topic, stdin=f"{topic}\n")
        cls.kafka.allow("analyst", ["Read", "Describe"], topic="open")

    def read(self, listener, topic, mechanism, password="pass-1", ca=None):
        return read_all(self.kafka.address_of(listener), topic, security_protocol=listener, sasl_mechanism=mechanism,
                        sasl_username="analyst", sasl_password=password, ssl_ca_location=ca or self.kafka.certs.ca)

    def test_each_mechanism_reads_what_is_allowed_and_nothing_else(self):
        self.assertEqual(len(self.kafka.mechanisms()), 3)
        for listener, mechanism in [("SASL_PLAINTEXT", m) for m in self.kafka.mechanisms()] + [("SASL_SSL", "PLAIN")]:
            with self.subTest(listener=listener, mechanism=mechanism):
                self.assertEqual(self.read(listener, "open", mechanism).stdout, "open\n")
                refused = self.read(listener, "closed", mechanism)
                self.assertEqual(refused.stdout, "")
                self.assertIn("Topic authorization failed", refused.stderr)

    def test_a_wrong_password_and_another_authority_are_refused(self):
        for refused in (self.read("SASL_SSL", "open", "PLAIN", password="wrong"),
                        self.read("SASL_SSL", "open", "PLAIN", ca=self.kafka.certs.other_ca)):
            self.assertEqual(refused.stdout, "")
            self.assertNotEqual(refused.returncode, 0)

    def test_a_client_certificate_is_a_name(self):
        who = {"security_protocol": "SSL", "ssl_ca_location": self.kafka.certs.ca,
               "ssl_certificate_location": self.kafka.certs.client_cert,
               "ssl_key_location": self.kafka.certs.client_key}
        self.assertIn("authorization failed", read_all(self.kafka.address_of("SSL"), "open", **who).stderr)
        self.kafka.allow("CN=weir-client", ["Read", "Describe"], topic="open")
        self.assertEqual(read_all(self.kafka.address_of("SSL"), "open", **who).stdout, "open\n")


if __name__ == "__main__":
    unittest.main()
