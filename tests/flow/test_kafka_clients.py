"""What weir writes to Kafka, read by programs of other authors: kcat, a client in pure Python, Kafka's own tools."""
import json
import subprocess
import unittest

import kafka as python_client  # Debian: python3-kafka
import kafka.partitioner

import jars
import kit
import mllp
import node
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


def python_reads(topic):
    reader = python_client.KafkaConsumer(topic, bootstrap_servers=nodes.address, auto_offset_reset="earliest",
                                         consumer_timeout_ms=3000)
    try:
        return [(m.partition, m.key.decode(), m.value.decode()) for m in reader]
    finally:
        reader.close()


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
    """Which partition Kafka's own producer gives each key; by a topic of as many partitions."""
    nodes.topic(topic, PARTITIONS)
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
        for row in self.events:
            event, headers = json.loads(row["payload"]), dict(zip(row["headers"][::2], row["headers"][1::2]))
            self.assertEqual(event["specversion"], "1.0")
            self.assertEqual(headers["content-type"], "application/cloudevents+json")
            self.assertEqual((headers["ce_id"], headers["ce_type"]), (event["id"], event["type"]))

    def test_the_key_says_the_partition_to_everybody(self):
        wrote = {row["key"]: row["partition"] for row in self.events}
        keys = sorted(wrote)
        self.assertEqual(len(keys), PATIENTS)
        self.assertGreater(len(set(wrote.values())), 1, "all in one partition: this shows nothing")
        author = kafka.partitioner.DefaultPartitioner()
        everything = list(range(PARTITIONS))
        self.assertEqual({k: author(k.encode(), everything, everything) for k in keys}, wrote)
        self.assertEqual(java_partitions(self.site.topic("by-java"), keys), wrote)


if __name__ == "__main__":
    unittest.main()
