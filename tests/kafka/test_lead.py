"""Who leads on real nodes: one at a time; killed, stopped and woken leaders are followed within seconds and fenced."""
import signal
import subprocess
import time
import unittest

import node
from seat import Seat, read_all

SETTINGS = {"group.initial.rebalance.delay.ms": "0", "auto.create.topics.enable": "true", "num.partitions": "1"}
TAKE_OVER = 10  # seconds: docs/reliability.md


def pairs(names):
    return [f"{n}.{i}" for n in names for i in (1, 2)]


def position(kafka):
    """The group's position in flow.in, as Kafka's own tool shows it."""
    out = kafka.tool("ConsumerGroupCommand", "--bootstrap-server", kafka.address, "--describe", "--group",
                     "north.journey")
    row = [line.split() for line in out.splitlines() if "north.flow.in" in line][0]
    return int(row[3])


class Lead(unittest.TestCase):
    def setUp(self):
        self.kafka = node.Kafka(settings=SETTINGS)
        try:
            self.kafka.start()
        except BaseException:
            self.kafka.close()
            raise
        self.addCleanup(self.kafka.close)
        for topic in ("north.flow.in", "north.flow.lead"):
            subprocess.run(["kcat", "-b", self.kafka.address, "-P", "-t", topic], input="in", text=True, timeout=60,
                           check=True)

    def seat(self, name, **options):
        seat = Seat(self.kafka, name, **options)
        self.addCleanup(seat.close)
        return seat

    def follows(self, seat, since):
        seat.expect("leads")
        took = time.monotonic() - since
        self.assertLess(took, TAKE_OVER)
        return took

    def test_a_killed_leader_is_followed_without_a_remain(self):
        first, second = self.seat("a"), None
        first.expect("leads")
        second = self.seat("b")
        names = [f"u{i}" for i in range(10)]
        for i, name in enumerate(names):  # the standby's coming moves nothing
            first.put(name, i + 1)
        self.assertTrue(second.lines.empty())
        for i in range(200):  # under way when it dies: each whole or not at all
            first.say(f"put late{i} {11 + i}")
        first.signal(signal.SIGKILL)
        since = time.monotonic()
        self.follows(second, since)
        read = read_all(self.kafka, "north.flow.out")
        self.assertEqual(read[:20], pairs(names))
        whole = len(read) // 2 - 10
        self.assertEqual(read[20:], pairs(f"late{i}" for i in range(whole)))
        second.put("after", 1000)
        self.assertEqual(read_all(self.kafka, "north.flow.out")[-2:], pairs(["after"]))
        self.assertEqual(position(self.kafka), 1000)

    def test_a_stopped_leader_that_wakes_is_fenced(self):
        first = self.seat("a")
        first.expect("leads")
        first.put("before", 1)
        second = self.seat("b")
        first.signal(signal.SIGSTOP)
        since = time.monotonic()
        self.follows(second, since)
        second.put("by-b", 2)
        first.say("put stale 1")  # it reads this when it wakes, and still believes that it leads
        first.signal(signal.SIGCONT)
        said = [first.next(), first.next()]
        self.assertTrue(any("another process took over" in line for line in said if line.startswith("ends")), said)
        self.assertTrue(any(line.startswith(("no stale later", "full stale")) for line in said), said)
        second.put("by-b-again", 3)
        self.assertEqual(read_all(self.kafka, "north.flow.out"), pairs(["before", "by-b", "by-b-again"]))
        self.assertEqual(position(self.kafka), 3)
        second.say("close")  # a leader that goes in order is followed at once
        second.expect("closed")
        since = time.monotonic()
        first.expect("leads")
        self.assertLess(time.monotonic() - since, 5)
        first.put("by-a", 4)

    def test_nodes_that_restart_end_nothing_for_good(self):
        seat = self.seat("a")
        seat.expect("leads")
        seat.put("one", 1)
        seat.say("plain first")
        seat.expect("ok first")
        self.kafka[0].kill()
        seat.say("put two 2")
        seat.say("plain p")
        self.kafka[0].start()
        said = []
        while not {"ok p", "no p"} & {line[:4] for line in said} or not {"ok t", "no t"} & {line[:4] for line in said}:
            said.append(seat.next(60))
        self.assertIn("ok p", said)
        if "ok two" not in said:
            seat.put("two", 2)
        seat.put("three", 3)
        self.assertEqual(read_all(self.kafka, "north.flow.out"), pairs(["one", "two", "three"]))
        self.assertEqual(read_all(self.kafka, "north.flow.plain"), ["first", "p"])


if __name__ == "__main__":
    unittest.main()
