"""A line whose stream is a real Kafka: the cluster of a class of tests, a prefix per test, topics made by `weir topics`.

What stands in a topic is read by a client of another author (kafka-python).
"""
import json
import os
import sys

import kafka

import faults
import kit

sys.path.insert(0, os.path.join(kit.TOP, "tests", "kafka"))
import node  # noqa: E402

# A member that was killed is missed soon.
QUICK_GROUPS = {"group.min.session.timeout.ms": 500}
QUICK_MEMBERS = {"session.timeout.ms": "2000", "heartbeat.interval.ms": "400"}
AWAY_LONG = 150  # seconds that Kafka is gone in the long forms


def site_on(site, address, prefix, partitions=3, replicas=1, min_insync=1, **more):
    """The site's stream is on these nodes."""
    unsafe = {"allow_unsafe": True} if min_insync < 2 else {}
    site.config["stream"] = {"kind": "kafka", "record_max": "8MiB", "kafka": {
        "nodes": address.split(","), "prefix": prefix, "partitions": partitions, "replicas": replicas,
        "min_insync": min_insync, "plaintext": True, "properties": dict(QUICK_MEMBERS), **unsafe, **more}}
    for source in site.config["sources"].values():
        source["mllp"].setdefault("frame_max", "2MiB")


class KafkaLine(faults.Line):
    """One cluster for the class; each test has topics of its own."""

    nodes, min_insync, partitions = 1, 1, 3
    cluster = {}        # more of node.Kafka
    more = {}           # more of stream.kafka
    topics_now = True   # setUp makes the topics

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        settings = {**QUICK_GROUPS, **cls.cluster.get("settings", {})}
        cls.kafka = cls.enterClassContext(node.Kafka(nodes=cls.nodes, **{**cls.cluster, "settings": settings}))
        cls.count = 0

    def setUp(self):
        for n in self.kafka:
            if not n.running():
                n.start()
        super().setUp()
        type(self).count += 1
        self.prefix = f"t{self.count}."
        site_on(self.site, self.kafka.address, self.prefix, self.partitions, self.nodes, self.min_insync, **self.more)
        if self.topics_now:
            self.make_topics()

    def make_topics(self):
        self.site.write_config()
        self.site.weir("topics", "create", "--timeout", "40s")  # nodes that were cut before may still settle

    def option(self, **more):
        """More of stream.kafka, before the start."""
        self.site.config["stream"]["kafka"].update(more)

    def property(self, **more):
        """Settings of librdkafka, _ for dots."""
        settings = self.site.config["stream"]["kafka"].setdefault("properties", {})
        settings.update({name.replace("_", "."): value for name, value in more.items()})

    def records(self, topic, address=None):
        """All that can be read of a topic: kafka-python's records, partition by partition."""
        client = kafka.KafkaConsumer(bootstrap_servers=(address or self.kafka.address).split(","),
                                     auto_offset_reset="earliest", enable_auto_commit=False,
                                     consumer_timeout_ms=1000)
        name = self.prefix + topic
        try:
            parts = partitions_of(client, name)
            client.assign(parts)
            ends = client.end_offsets(parts)
            client.seek_to_beginning(*parts)
            out = {p: [] for p in parts}
            while any(client.position(p) < ends[p] for p in parts):
                for p, got in client.poll(timeout_ms=1000).items():
                    out[p] += got
            return [r for p in parts for r in out[p]]
        finally:
            client.close()

    def ends(self, topic):
        """The end of each partition."""
        client = kafka.KafkaConsumer(bootstrap_servers=self.kafka.address.split(","))
        try:
            found = client.end_offsets(partitions_of(client, self.prefix + topic))
            return {at.partition: end for at, end in found.items()}
        finally:
            client.close()

    def delete_records(self, topic, before):
        """What a retention that is too short does: before[partition] is the oldest that is left."""
        path = self.site.write("delete.json", json.dumps({"version": 1, "partitions": [
            {"topic": self.prefix + topic, "partition": p, "offset": offset} for p, offset in before.items()]}))
        self.kafka.tool("DeleteRecordsCommand", "--bootstrap-server", self.kafka.address, "--offset-json-file", path)

    def another_broker(self, name):
        """One more broker of the site, not started."""
        return self.site._process(name, [kit.program("weir-broker"), "--config", self.site.config_path,
                                         "--name", name])

    def messages(self):
        """Control ids of what stands in flow.messages, in each partition's order."""
        return [control_id(r.value) for r in self.records("flow.messages")]


def partitions_of(client, name):
    """In their order; there must be such a topic. A node that stood still is fenced for a moment after it goes on: until the controller
    hears of it again it takes records, but says that there are neither nodes nor topics."""
    found = kit.wait_until(lambda: client.partitions_for_topic(name), 30, f"Kafka says what partitions {name} has")
    return [kafka.TopicPartition(name, p) for p in sorted(found)]


def control_id(raw):
    return raw.split(b"\r", 1)[0].split(b"|")[9].decode()
