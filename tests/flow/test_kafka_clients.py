"""What weir writes to Kafka, read by programs of other authors: kcat, a client in pure Python, Kafka's own tools."""
import json
import subprocess
import unittest

import jars
import kit
import mllp
import node
import pypi
from test_adapter import admit

PATIENTS = 12
PARTITIONS = 3


def setUpModule():
    global nodes
    nodes = node.Kafka()
    unittest.addModuleCleanup(nodes.close)
    nodes.start()


def kcat(topic):
    """[(partition, key, value)] of a topic, by kcat."""
    return [(r["partition"], r["key"], r["payload"]) for r in kcat_rows(topic)]


def kcat_rows(topic):
    done = subprocess.run(["kcat", "-b", nodes.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"],
                          capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


PYTHON = """
import json, sys
from kafka import KafkaConsumer
reader = KafkaConsumer(sys.argv[2], bootstrap_servers=sys.argv[1], auto_offset_reset="earliest",
                       isolation_level="read_committed", consumer_timeout_ms=4000)
print(json.dumps([(m.partition, m.key.decode(), m.value.decode()) for m in reader]))
"""
PYTHON_PARTITIONS = """
import json, sys
from kafka import KafkaProducer
producer = KafkaProducer(bootstrap_servers=sys.argv[1])
print(json.dumps({k: producer.send(sys.argv[2], b"x", key=k.encode()).get(20).partition for k in sys.argv[3:]}))
"""


def python(script, *argv):
    done = subprocess.run([pypi.python(), "-c", script, *argv], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def python_reads(topic):
    return [tuple(row) for row in python(PYTHON, nodes.address, topic)]


def java(name, *argv, **more):
    main = jars.find_class(nodes.release, name)
    return subprocess.run(node.java(nodes.release, main, "--bootstrap-server", nodes.address, *argv), text=True,
                          capture_output=True, timeout=60, check=True, **more).stdout


def java_reads(topic, count):
    out = java("ConsoleConsumer", "--topic", topic, "--from-beginning", "--isolation-level", "read_committed",
               "--max-messages", str(count), "--property", "print.partition=true", "--property", "print.key=true")
    rows = [line.split("\t", 2) for line in out.splitlines()]
    return [(int(partition.removeprefix("Partition:")), key, value) for partition, key, value in rows]


def java_partitions(topic, keys):
    """Which partition Kafka's own producer gives each key."""
    java("ConsoleProducer", "--topic", topic, "--property", "parse.key=true", "--property", "key.separator=\t",
         input="".join(f"{key}\tx\n" for key in keys))
    return {key: partition for partition, key, _ in kcat(topic)}


class OtherClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site().use_kafka(nodes.address, partitions=PARTITIONS)
        cls.addClassCleanup(cls.site.close)
        cls.site.make_topics()
        cls.site.start()
        kit.wait_until(lambda: cls.site.adapter().get("/ready")[0] == 200, 60, "the adapter is ready")
        client = mllp.Client("127.0.0.1", cls.site.port)
        for i in range(PATIENTS):
            code, _, answer = client.ask(admit(f"m{i}", i))
            if code != "AA":
                raise AssertionError(answer)
        client.close()
        cls.events = kit.wait_until(cls.all_there, 30, "the events of all messages")

    @classmethod
    def all_there(cls):
        rows = kcat_rows(cls.site.topic("flow.events"))
        return rows if len(rows) >= PATIENTS else None

    def test_python_and_java_read_what_kcat_reads(self):
        for name in ("reported", "events", "route.analytics"):
            with self.subTest(topic=name):
                topic = self.site.topic(f"flow.{name}")
                rows = sorted(kcat(topic))
                self.assertGreaterEqual(len(rows), PATIENTS)
                self.assertEqual(sorted(python_reads(topic)), rows)
                self.assertEqual(sorted(java_reads(topic, len(rows))), rows)

    def test_it_is_a_cloudevent_in_structured_mode_with_copies_of_id_and_type(self):
        """CloudEvents rows 9 and 10."""
        for row in self.events:
            event, headers = json.loads(row["payload"]), dict(zip(row["headers"][::2], row["headers"][1::2]))
            self.assertEqual(event["specversion"], "1.0")
            self.assertEqual(headers["content-type"], "application/cloudevents+json")
            self.assertEqual((headers["ce_id"], headers["ce_type"]), (event["id"], event["type"]))

    def test_the_key_says_the_partition_to_everybody(self):
        """CloudEvents row 11."""
        wrote = {row["key"]: row["partition"] for row in self.events}
        keys = sorted(wrote)
        self.assertEqual(len(keys), PATIENTS)
        self.assertGreater(len(set(wrote.values())), 1, "all in one partition: this shows nothing")
        for topic in ("by-python", "by-java"):
            nodes.topic(topic, PARTITIONS)
        self.assertEqual(python(PYTHON_PARTITIONS, nodes.address, "by-python", *keys), wrote)
        self.assertEqual(java_partitions("by-java", keys), wrote)


if __name__ == "__main__":
    unittest.main()
