"""Appending to real nodes: the first record is quick, a group leaves whole, what Kafka refuses is told, a lost majority is told in bounded time."""
import glob
import os
import struct
import subprocess
import time
import unittest

import node
from seat import Seat, read_all

SETTINGS = {"auto.create.topics.enable": "true", "num.partitions": "1"}
REPLICAS = {**SETTINGS, "default.replication.factor": "3", "min.insync.replicas": "2"}
LIMIT = 50000  # bytes, of the topic; the handle's record_max is 100000


def touch(kafka, topic, text="in"):
    subprocess.run(["kcat", "-b", kafka.address, "-P", "-t", topic], input=text, text=True, timeout=60, check=True)


def batches(kafka, topic):
    """How many records each batch in the node's log has: offset, length, epoch, magic 2, CRC, attributes, last delta."""
    counts = []
    for path in sorted(glob.glob(os.path.join(kafka.dir, "**", f"{topic}-0", "*.log"), recursive=True)):
        with open(path, "rb") as f:
            log = f.read()
        at = 0
        while at + 61 <= len(log):
            length, magic, delta = *struct.unpack_from(">i", log, at + 8), log[at + 16], *struct.unpack_from(">i", log, at + 23)
            assert magic == 2, magic
            counts.append(delta + 1)
            at += 12 + length
    return counts


class OneNode(unittest.TestCase):
    def test_a_group_is_one_request_and_nothing_lingers(self):
        with node.Kafka(settings=SETTINGS) as kafka:
            kafka.topic("north.flow.plain")
            seat = Seat(kafka, "a", lead=False)
            self.addCleanup(seat.close)
            seat.plain("first")
            for _ in range(6):
                seat.say("many 500")
                for i in range(500):
                    seat.expect(f"ok {i}")
            counts = batches(kafka, "north.flow.plain")
            self.assertEqual(sum(counts), 3001)
            self.assertLess(len(counts), 1 + 2 * 6, counts)  # a machine that stands still may cut one in two

    def test_the_first_record_is_quick_and_a_large_one_is_refused_alone(self):
        with node.Kafka(settings=SETTINGS) as kafka:
            kafka.topic("north.flow.plain", max_message_bytes=LIMIT)
            touch(kafka, "north.flow.other")  # a topic that takes more: the handle opens
            seat = Seat(kafka, "a", lead=False)
            self.addCleanup(seat.close)
            began = time.monotonic()
            seat.say("plain first")
            seat.expect("ok first")
            self.assertLess(time.monotonic() - began, 0.5)
            seat.say(f"size {LIMIT + 1}")
            line = seat.expect(f"no {LIMIT + 1} never")
            self.assertIn("max.message.bytes", line)
            seat.say("plain second")
            seat.expect("ok second")
            seat.say("size 200000")  # over record_max: not taken at all
            self.assertIn("100000", seat.expect("bad 200000"))
            self.assertEqual(read_all(kafka, "north.flow.plain"), ["first", "second"])

    def test_nodes_that_take_too_little_are_told_at_the_start(self):
        with node.Kafka(settings=SETTINGS) as kafka:
            kafka.topic("north.flow.plain", max_message_bytes=LIMIT)
            with self.assertRaises(AssertionError) as refused:
                Seat(kafka, "a", lead=False)
            self.assertIn(str(LIMIT), str(refused.exception))
            self.assertIn("100000", str(refused.exception))

    def test_a_deleted_topic_is_told_and_made_anew_goes_on(self):
        with node.Kafka() as kafka:
            kafka.topic("north.flow.plain")
            seat = Seat(kafka, "a", lead=False)
            self.addCleanup(seat.close)
            seat.say("plain first")
            seat.expect("ok first")
            kafka.tool("TopicCommand", "--bootstrap-server", kafka.address, "--delete", "--topic", "north.flow.plain")
            seat.say("plain second")
            self.assertIn("Kafka has no such topic", seat.expect("no second later"))
            kafka.topic("north.flow.plain")
            seat.plain("second")
            self.assertEqual(read_all(kafka, "north.flow.plain"), ["second"])


class ThreeNodes(unittest.TestCase):
    def test_one_node_may_go_and_without_two_senders_hear(self):
        with node.Kafka(nodes=3, settings=REPLICAS) as kafka:
            seat = Seat(kafka, "a", lead=False, append_ms=3000)
            self.addCleanup(seat.close)
            seat.plain("one")
            kafka[2].kill()
            seat.plain("two")
            kafka[1].kill()
            began = time.monotonic()
            seat.say("plain three")
            line = seat.expect("no three later", 20)
            self.assertLess(time.monotonic() - began, 8)
            self.assertRegex(line, "does not answer|replica")
            kafka[1].start()
            kafka[2].start()
            seat.plain("three")
            read = read_all(kafka, "north.flow.plain")
            self.assertEqual(list(dict.fromkeys(read)), ["one", "two", "three"], read)


if __name__ == "__main__":
    unittest.main()
