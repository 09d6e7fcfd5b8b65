"""weir topics on real nodes: made, checked by Kafka's own tools, drift told, rights denied by default."""
import json
import subprocess
import unittest

import feed
import kit
import mllp
import node

USERS = {"weir-adapter": "a1", "weir-broker": "b1", "op": "o1", "root": "r1", "ana": "n1"}


def site_on(nodes, **kafka):
    """A site on these nodes, made for one replica unless told."""
    site = kit.Site(routes={"analytics": {}, "wards": {"keep": ["data.location"], "identifiers": True}})
    site.config["stream"] = {"kind": "kafka", "kafka": {
        "nodes": nodes.split(","), "prefix": "north.", "partitions": 3, "replicas": 1, "min_insync": 1,
        "allow_unsafe": True, **kafka}}
    site.write_config()
    return site


def with_users(site):
    """The same with a user for each program."""
    def secret(name):
        site.write(f"keys/{name}.password", USERS[name] + "\n", 0o600)
        return f"file:keys/{name}.password"
    site.config["stream"]["kafka"].update(
        sasl={"mechanism": "SCRAM-SHA-512"},
        users={program: {"username": name, "password": secret(name)} for program, name in (
            ("adapter", "weir-adapter"), ("broker", "weir-broker"), ("operator", "op"), ("admin", "root"))})
    site.config["routes"]["analytics"]["readers"] = ["ana"]
    site.config["consumers"] = {"board": kit.file_consumer(site.path("board.ndjson"), "analytics")}
    site.write_config()
    return site


def topics(site, *argv):
    """(exit code, lines) of weir topics."""
    done = site.weir("topics", *argv, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(f"weir topics {' '.join(argv)}: {done.returncode}: {done.stderr}")
    return done.returncode, done.stdout.splitlines()


def configs(kafka, topic):
    """Settings of a topic that are its own, as Kafka's own tool shows them."""
    out = kafka.tool("ConfigCommand", "--bootstrap-server", kafka.address, "--describe", "--entity-type",
                     "topics", "--entity-name", topic)
    pairs = (line.split()[0] for line in out.splitlines() if "=" in line)
    return dict(pair.split("=", 1) for pair in pairs)


def set_configs(kafka, topic, **settings):
    change = ",".join(f"{name.replace('_', '.')}={value}" for name, value in settings.items())
    kafka.tool("ConfigCommand", "--bootstrap-server", kafka.address, "--alter", "--entity-type", "topics",
               "--entity-name", topic, "--add-config", change)


def partitions(address, topic):
    done = subprocess.run(["kcat", "-b", address, "-L", "-J", "-t", topic], capture_output=True, text=True, timeout=30,
                          check=True)
    return len(json.loads(done.stdout)["topics"][0]["partitions"])


class WithoutNodes(unittest.TestCase):
    def setUp(self):
        self.site = site_on("127.0.0.1:1")
        self.addCleanup(self.site.close)

    def fails(self, code, text, *argv):
        done = self.site.weir(*argv, check=False)
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        self.assertIn(text, done.stderr)

    def test_properties_are_checked_without_a_connection(self):
        for name, text in (("linger.mss", "did you mean linger.ms?"), ("transactional.id", "by the option prefix")):
            self.site.config["stream"]["kafka"]["properties"] = {name: "1"}
            self.site.write_config()
            self.fails(78, text, "check")
            with open(self.site.config_path) as f:
                line = next(n for n, at in enumerate(f, 1) if name in at)
            self.fails(78, f"{self.site.config_path}:{line}:", "check")

    def test_nobody_answers(self):
        self.fails(75, "no connection to a Kafka node", "topics", "--timeout", "1s")

    def test_one_copy_needs_allow_unsafe(self):
        self.site.config["stream"]["kafka"]["allow_unsafe"] = False
        self.site.write_config()
        for verb in (("topics",), ("topics", "create"), ("check",)):
            self.fails(78, "unless allow_unsafe: true", *verb)

    def test_an_embedded_stream_has_no_topics_to_make(self):
        self.site.config["stream"] = {"kind": "embedded"}
        self.site.write_config()
        self.fails(78, "only Kafka's topics are made before use", "topics")

    def test_wrong_use(self):
        self.fails(64, "check or create is expected", "topics", "delete")
        self.fails(64, "--dry-run belongs to create", "topics", "check", "--dry-run")


class Topics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka = node.Kafka()
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.close)

    def site(self, prefix, **more):
        site = site_on(self.kafka.address, prefix=prefix, **more)
        self.addCleanup(site.close)
        return site

    def test_empty_nodes_then_made_then_clean(self):
        site = self.site("a.")
        code, missing = topics(site)
        self.assertEqual(code, 1)
        self.assertIn("a.flow.events: topic: is missing, should be there, with 3 partitions and 1 replicas", missing)
        self.assertIn("a.flow.route.wards: topic: is missing, should be there, with 3 partitions and 1 replicas",
                      missing)
        self.assertEqual(topics(site, "create", "--dry-run"), (1, missing))
        code, made = topics(site, "create")
        self.assertEqual(code, 0, made)
        self.assertEqual(len([line for line in made if line.startswith("made a.flow.")]), len(missing) - 2)
        code, lines = topics(site)
        self.assertEqual(code, 0, lines)
        self.assertIn("12 topics", lines[0])
        self.assertEqual(topics(site, "create")[0], 0)
        self.assertEqual(partitions(self.kafka.address, "a.flow.route.wards"), 3)
        self.assertEqual(partitions(self.kafka.address, "a.flow.parked"), 3)
        self.assertEqual(partitions(self.kafka.address, "a.flow.lead"), 1)
        events, state = configs(self.kafka, "a.flow.events"), configs(self.kafka, "a.flow.state")
        self.assertEqual(events["retention.ms"], str(14 * 24 * 3600 * 1000))
        self.assertEqual(events["max.message.bytes"], str(16 * 1024 * 1024 + 4096))
        self.assertEqual((events["cleanup.policy"], state["cleanup.policy"]), ("delete", "compact"))

    def test_drift_is_told_and_mended_where_nothing_is_lost(self):
        site = self.site("b.")
        topics(site, "create")
        set_configs(self.kafka, "b.flow.events", retention_ms=1000, segment_ms=777777)
        set_configs(self.kafka, "b.flow.messages", retention_ms=-1)
        code, lines = topics(site)
        self.assertEqual(code, 1)
        self.assertEqual(lines[:-2], [
            "b.flow.messages: retention.ms: is -1, should be 1209600000 (left as it is: it would delete records)",
            "b.flow.events: retention.ms: is 1000, should be 1209600000"])
        found = json.loads(topics(site, "--json")[1][0])["differences"]
        self.assertEqual(found[1], {"subject": "b.flow.events", "what": "retention.ms", "is": "1000",
                                    "should": "1209600000"})
        code, lines = topics(site, "create")
        self.assertEqual(code, 1, "what would delete is left")
        self.assertIn("set b.flow.events: retention.ms: 1209600000", lines)
        events = configs(self.kafka, "b.flow.events")
        self.assertEqual((events["retention.ms"], events["segment.ms"]), ("1209600000", "777777"))
        self.assertEqual(configs(self.kafka, "b.flow.messages")["retention.ms"], "-1")

    def test_partitions_are_not_added(self):
        site = self.site("c.")
        topics(site, "create")
        site.config["stream"]["kafka"]["partitions"] = 6
        site.write_config()
        code, lines = topics(site, "create")
        self.assertEqual(code, 1)
        self.assertIn("c.flow.events: partitions: is 3, should be 6 (left as it is: it would send a patient's later "
                      "events to another partition)", lines)
        self.assertEqual(partitions(self.kafka.address, "c.flow.events"), 3)

    def test_more_replicas_than_nodes(self):
        site = self.site("d.", replicas=3, min_insync=2, allow_unsafe=False)
        done = site.weir("topics", "create", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("fewer nodes than the replicas asked for", done.stderr)

    def test_a_process_is_refused_where_one_copy_is_enough(self):
        site = self.site("e.")
        topics(site, "create")
        site.config["stream"]["kafka"].update(replicas=3, min_insync=2, allow_unsafe=False)
        site.write_config()
        self.assertIn("e.flow.events: min.insync.replicas: is 1, should be 2", topics(site)[1])
        self.refused(site, "topic flow.messages: min.insync.replicas is 1, at least 2 are needed")

    def test_a_process_is_refused_whose_records_do_not_fit(self):
        site = self.site("f.")
        topics(site, "create")
        site.config["stream"]["record_max"] = "32MiB"
        site.write_config()
        self.refused(site, "max.message.bytes is 16781312, records of 33554432 bytes (record_max) need 33558528")

    def refused(self, site, text):
        adapter = site.adapter().start()
        self.assertEqual(adapter.popen.wait(30 * kit.SLOWER), 78)
        self.assertIn(text, adapter.log())

    def test_users_without_an_authorizer(self):
        site = self.site("g.", users={"adapter": {"principal": "User:CN=adapter"}})
        code, lines = topics(site, "create")
        self.assertEqual(code, 1)
        self.assertTrue([line for line in lines if line.startswith("nodes: authorizer: is none, should be one")], lines)


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka = node.Kafka(listeners=("SASL_PLAINTEXT",), users=USERS, acls=True,
                               settings={"super.users": "User:ANONYMOUS;User:root"})
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.close)
        cls.site = with_users(site_on(cls.kafka.address_of("SASL_PLAINTEXT")))
        cls.addClassCleanup(cls.site.close)
        cls.made = topics(cls.site, "create")[1]

    def acls(self, *argv):
        return self.kafka.tool("AclCommand", "--bootstrap-server", self.kafka.address, *argv)

    def kcat(self, user, *argv, stdin=None):
        login = ["-X", "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanism=SCRAM-SHA-512", "-X",
                 f"sasl.username={user}", "-X", f"sasl.password={USERS[user]}"]
        return subprocess.run(["kcat", "-b", self.kafka.address_of("SASL_PLAINTEXT"), *login, *argv], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False)

    def read(self, user, topic):
        return self.kcat(user, "-C", "-t", topic, "-o", "beginning", "-e", "-q")

    def write(self, user, topic):
        return self.kcat(user, "-P", "-t", topic, "-k", "k", stdin="one\n")

    def test_each_user_does_its_own_and_no_more(self):
        for user, topic in (("weir-adapter", "messages"), ("weir-broker", "events"), ("weir-broker", "route.wards"),
                            ("op", "audit")):
            done = self.write(user, f"north.flow.{topic}")
            self.assertEqual(done.returncode, 0, f"{user} {topic}: {done.stderr}")
        for user, topic in (("weir-adapter", "events"), ("weir-adapter", "parked"), ("weir-broker", "messages"),
                            ("op", "events"), ("ana", "route.analytics")):
            done = self.write(user, f"north.flow.{topic}")
            self.assertIn("uthoriz", done.stderr, f"{user} may write {topic}")
        for user, topic in (("ana", "events"), ("ana", "route.wards"), ("weir-adapter", "events"),
                            ("weir-broker", "messages")):
            done = self.read(user, f"north.flow.{topic}")
            self.assertNotEqual(done.returncode, 0, f"{user} may read {topic}")
            self.assertIn("uthoriz", done.stderr)
        self.assertEqual(self.read("ana", "north.flow.route.analytics").returncode, 0)
        self.assertIn("one", self.read("op", "north.flow.events").stdout)

    def give_by_hand(self):
        """What weir says has to be done with Kafka's own tool."""
        for line in topics(self.site)[1]:
            if line.startswith("TransactionalId"):
                self.acls("--force", *line.rpartition("kafka-acls.sh ")[2].rstrip(")").split())
        self.addCleanup(self.acls, "--remove", "--force", "--allow-principal", "User:weir-broker", "--operation",
                        "Write", "--operation", "Describe", "--transactional-id", "north.journey")

    def delivered(self):
        """Events; the words that other tests here wrote to the route are none."""
        try:
            with open(self.site.path("board.ndjson"), encoding="utf-8") as f:
                return f.read().count('"specversion"')
        except FileNotFoundError:
            return 0

    def test_these_rights_are_enough_for_the_whole_line(self):
        self.give_by_hand()
        adapter, broker = self.site.adapter().start(), self.site.broker().start()
        self.addCleanup(adapter.stop)
        self.addCleanup(broker.stop)
        kit.wait_until(lambda: adapter.healthy() and broker.healthy(), 30, "both are healthy")
        client = mllp.Client("127.0.0.1", self.site.port)
        messages = feed.plan("R", patients=1, length=3, connections=1)[0]
        for message in messages:
            client.send(message.data)
            self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "AA", adapter.log())
        kit.wait_until(lambda: self.delivered() >= len(messages), 30, lambda: broker.log()[-2000:])
        seen = self.site.weir("tail", "--topic", "flow.messages", "--no-follow", "--since", "1h", "--json")
        self.assertIn("test-pas", seen.stdout)
        again = self.site.weir("retranslate", "--source", "test-pas", "--since", "1h", "--dry-run")
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_these_rights_are_enough_for_a_relay_that_moves_a_site(self):
        here = kit.Site()
        self.addCleanup(here.close)
        here.start("acute", "broker")
        client = mllp.Client("127.0.0.1", here.port)
        self.addCleanup(client.close)
        for message in feed.plan("M", patients=1, length=3, connections=1)[0]:
            client.send(message.data)
            self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "AA")
        kit.wait_until(lambda: here.processes["broker"].metric("weir_events_total"), 30, "events are made here")
        here.processes["broker"].stop()
        for name in ("weir-adapter", "weir-broker"):
            here.write(f"keys/{name}.password", USERS[name] + "\n", 0o600)
        kafka = self.site.config["stream"]["kafka"]
        users = {name: kafka["users"][name] for name in ("adapter", "broker")}  # the relay knows no others
        nobody = {"username": "nobody", "password": "file:keys/not-there.password"}
        here.config["relay"] = {"state": True, "start": "48h", "kafka": {
            **kafka, "users": {**users, "operator": {**nobody}, "admin": {**nobody}}}}
        del here.config["listen"]["broker"]
        here.start("relay")
        here.weir("relay", "wait", "--timeout", "30s")
        relay = here.processes["relay"]
        for topic in ("flow.state", "flow.ids", "flow.messages", "flow.reported"):
            self.assertTrue(relay.metric("weir_relay_records_total", topic=topic), topic)
        self.assertEqual(relay.metric("weir_relay_failures_total"), 0, relay.log())

    def test_a_reader_s_groups_begin_with_its_name(self):
        self.write("weir-broker", "north.flow.route.analytics")
        mine = self.kcat("ana", "-q", "-c", "1", "-X", "auto.offset.reset=earliest", "-G", "ana.dashboard",
                         "north.flow.route.analytics")
        self.assertEqual((mine.returncode, mine.stdout), (0, "one\n"), mine.stderr)
        other = self.kcat("ana", "-q", "-e", "-X", "auto.offset.reset=earliest", "-G", "north.deliver.board",
                          "north.flow.route.analytics")
        self.assertIn("uthoriz", other.stderr)

    def test_what_this_librdkafka_cannot_give_is_told_with_its_command(self):
        """And seen once Kafka's own tool gave it."""
        self.give_by_hand()
        self.assertEqual(topics(self.site)[0], 0)

    def test_rights_of_others_are_told(self):
        self.acls("--add", "--allow-principal", "User:mallory", "--operation", "Read", "--topic", "north.flow.",
                  "--resource-pattern-type", "prefixed")
        self.addCleanup(self.acls, "--remove", "--force", "--allow-principal", "User:mallory", "--operation", "Read",
                        "--topic", "north.flow.", "--resource-pattern-type", "prefixed")
        told = [line for line in topics(self.site, "create")[1] if "mallory" in line]
        self.assertEqual(len(told), 1, told)
        self.assertIn("User:mallory may Read: is yes, should be no", told[0])

    def test_a_right_that_was_taken_is_given_again(self):
        self.acls("--remove", "--force", "--allow-principal", "User:ana", "--operation", "Read", "--topic",
                  "north.flow.route.analytics")
        kit.wait_until(lambda: "north.flow.route.analytics: User:ana may Read: is no, should be yes"
                       in topics(self.site)[1], 20, "the missing right is told")
        self.assertIn("gave north.flow.route.analytics: User:ana may Read: yes", topics(self.site, "create")[1])

    def test_who_may_not_see_rights_is_told_what_it_takes(self):
        may = ("--allow-principal", "User:op", "--operation", "DescribeConfigs", "--topic", "north.",
               "--resource-pattern-type", "prefixed")
        self.acls("--add", *may)
        self.addCleanup(self.acls, "--remove", "--force", *may)
        users = self.site.config["stream"]["kafka"]["users"]
        self.addCleanup(self.site.write_config)
        self.addCleanup(users.__setitem__, "admin", users["admin"])
        users["admin"] = dict(users["operator"])
        self.site.write_config()
        done = self.site.weir("topics", check=False)
        self.assertNotIn(done.returncode, (0, 1))
        self.assertIn("give it Describe and DescribeConfigs on the cluster", done.stderr)

    def test_a_wrong_password_is_told(self):
        self.site.write("keys/root.password", "wrong\n", 0o600)
        self.addCleanup(self.site.write, "keys/root.password", USERS["root"] + "\n", 0o600)
        done = self.site.weir("topics", "--timeout", "3s", check=False)
        self.assertEqual(done.returncode, 75)
        self.assertIn("Authentication failed", done.stderr)
        self.assertNotIn("wrong", done.stderr)


if __name__ == "__main__":
    unittest.main()
