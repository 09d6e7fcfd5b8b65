"""An analyst's afternoon: the README's section, word for word, on a Kafka where nothing is allowed that was not given.

Only the address is another one: the README's stands for it."""
import collections
import json
import os
import re
import shutil
import subprocess
import unittest

import kit
import mllp
import node
import pypi
from test_adapter import admit

ADDRESS = "kafka1.example.nhs.uk:9093"
PASSWORDS = {"weir-adapter": "a-1", "weir-broker": "b-1", "weir-operator": "o-1", "weir-admin": "m-1",
             "analyst": "your-password"}
MESSAGES = 150


def section(title):
    with open(os.path.join(kit.TOP, "README.md"), encoding="utf-8") as f:
        return re.search(rf"^## {title}.*?\n(.*?)(?=^## )", f.read(), re.M | re.S)[1]


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", section("For analysts"), re.M | re.S)[1]


def site_on(kafka):
    site = kit.Site(routes={"analytics": {"readers": ["analyst"]}})

    def user(name):
        site.write(f"keys/{name}.password", PASSWORDS[name] + "\n", 0o600)
        return {"username": name, "password": f"file:keys/{name}.password"}
    site.use_kafka(kafka.address_of("SASL_SSL"), prefix="north.", sasl={"mechanism": "SCRAM-SHA-512"},
                   tls={"ca_file": kafka.certs.ca},
                   users={p: user(f"weir-{p}") for p in ("adapter", "broker", "operator", "admin")})
    return site


class Afternoon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka = node.Kafka(listeners=("SASL_SSL",), users=PASSWORDS, acls=True,
                               settings={"super.users": "User:ANONYMOUS;User:weir-admin"})
        cls.addClassCleanup(cls.kafka.close)
        cls.kafka.start()
        cls.site = site_on(cls.kafka)
        cls.addClassCleanup(cls.site.close)
        cls.make_topics()
        cls.site.start()
        kit.wait_until(lambda: cls.site.adapter().get("/ready")[0] == 200, 60, "the adapter is ready")
        subprocess.run([kit.program("weir"), "simulate", "--messages", str(MESSAGES), "--rate", "500",
                        f"127.0.0.1:{cls.site.port}"], check=True, timeout=120, capture_output=True)
        kit.wait_until(lambda: len(cls.everything()) >= MESSAGES // 2, 60, "the events are on the route")
        cls.desk = cls.site.path("desk")
        os.mkdir(cls.desk)
        shutil.copy(cls.kafka.certs.ca, os.path.join(cls.desk, "ca.pem"))
        with open(os.path.join(cls.desk, "analyst.conf"), "w", encoding="ascii") as f:
            f.write(block("ini").replace(ADDRESS, cls.kafka.address_of("SASL_SSL")))

    @classmethod
    def make_topics(cls):
        """weir topics names the rights that librdkafka 2.0.2 cannot give; they are given as it says."""
        cls.site.write_config()
        said = cls.site.weir("topics", "create", check=False).stdout
        for command in re.findall(r"kafka-acls\.sh (--add .*?)\)?$", said, re.M):
            cls.kafka.tool("AclCommand", "--bootstrap-server", cls.kafka.address, *command.split())
        cls.site.weir("topics")

    def run_at_desk(self, *argv, timeout=60):
        return subprocess.run(argv, cwd=self.desk, capture_output=True, text=True, timeout=timeout, check=False)

    def shell(self, number):
        """The README's n-th command for a shell."""
        return block("bash").splitlines()[number]

    @classmethod
    def everything(cls):
        """All events of the route, read by the one who may read all."""
        done = subprocess.run(["kcat", "-b", cls.kafka.address, "-C", "-t", "north.flow.route.analytics", "-o",
                               "beginning", "-e", "-q"], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.splitlines()

    def test_kcat_shows_all_there_is(self):
        done = self.run_at_desk("bash", "-c", self.shell(0))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("ERROR", done.stderr)
        with open(os.path.join(self.desk, "events.ndjson"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        self.assertGreaterEqual(len(lines), MESSAGES // 2)
        self.assertEqual(sorted(lines), sorted(self.everything()))

    def test_kcat_goes_on_with_what_comes(self):
        follows = kit.Ndjson(os.path.join(self.desk, "followed.ndjson"))
        before = len(self.everything())
        with open(follows.path, "wb") as out, open(follows.path + ".err", "wb") as said:
            kcat = subprocess.Popen(self.shell(1).split(), cwd=self.desk, stdout=out, stderr=said)
        self.addCleanup(kcat.wait)
        self.addCleanup(kcat.kill)
        kit.wait_until(lambda: len(follows.update()) >= before, 30, lambda: f"{len(follows.events)} of {before}")
        client = mllp.Client("127.0.0.1", self.site.port)
        self.addCleanup(client.close)
        self.assertEqual(client.ask(admit("one-more", 7))[0], "AA")
        kit.wait_until(lambda: len(follows.update()) > before, 30, "the new event")
        self.assertEqual([e["type"] for e in follows.events[before:]], ["patient.admitted"])

    def test_python_counts_what_happened_in_each_hour(self):
        done = self.run_at_desk(pypi.python(), "-c", block("python"))
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split() for line in done.stdout.splitlines()]
        wanted = collections.Counter()
        for event in {e["id"]: e for e in map(json.loads, self.everything())}.values():
            wanted[event.get("time", "unknown")[:13], event["type"]] += 1
        self.assertEqual({(hour, what): int(n) for hour, what, n in rows}, dict(wanted))

    def test_no_event_says_who_it_was(self):
        sent = "".join(self.everything())
        for name in ("nhs_number", "family", "given", "birth_date", "postcode"):
            self.assertNotIn(f'"{name}"', sent)
        self.assertIsNone(re.search(r"\b999\d{7}\b", sent))

    def test_other_topics_are_refused(self):
        for topic in ("flow.events", "flow.messages", "flow.reported", "flow.parked", "flow.audit"):
            command = self.shell(0).split(">")[0].replace("flow.route.analytics", topic)
            done = self.run_at_desk("bash", "-c", command)
            self.assertEqual(done.stdout, "", topic)
            self.assertIn("Topic authorization failed", done.stderr, command)
            self.assertNotEqual(done.returncode, 0)
        script = block("python").replace("flow.route.analytics", "flow.events")
        refused = self.run_at_desk(pypi.python(), "-c", script)
        self.assertEqual(refused.stdout, "")
        self.assertIn("north.flow.events is not authorized", refused.stderr)

    def test_so_are_writing_another_group_and_a_wrong_password(self):
        conf = ["kcat", "-F", "analyst.conf"]
        wrote = subprocess.run([*conf, "-P", "-t", "north.flow.route.analytics", "-X", "message.timeout.ms=5000"],
                               cwd=self.desk, input="x\n", capture_output=True, text=True, timeout=60, check=False)
        self.assertIn("authorization failed", wrote.stderr)
        group = self.run_at_desk(*conf, "-G", "other.watch", "north.flow.route.analytics", timeout=30)
        self.assertIn("Group authorization failed", group.stderr)
        stranger = self.run_at_desk(*conf, "-X", "sasl.password=guessed", "-m", "3", "-L", timeout=30)
        self.assertNotIn("analytics", stranger.stdout)


if __name__ == "__main__":
    unittest.main()
