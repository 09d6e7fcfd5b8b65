"""Who leads on real nodes: one at a time; killed, stopped and woken leaders are followed within seconds and fenced."""
import os
import queue
import signal
import subprocess
import threading
import time
import unittest

import node

BUILD = os.environ.get("WEIR_BUILD", "")
SETTINGS = {"group.initial.rebalance.delay.ms": "0", "auto.create.topics.enable": "true", "num.partitions": "1"}
TAKE_OVER = 10  # seconds: docs/reliability.md


class Seat:
    """One process that asks to lead."""

    def __init__(self, kafka, name, lead=True):
        self.name = name
        self.popen = subprocess.Popen([os.path.join(BUILD, "tests/kafka/stream_seat"), kafka.address, "north.", name],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.expect("open")
        if lead:
            self.say("lead")

    def read(self):
        for line in self.popen.stdout:
            self.lines.put(line.rstrip("\n"))

    def say(self, line):
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def next(self, seconds=40):
        try:
            return self.lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"{self.name}: nothing for {seconds} s") from None

    def expect(self, start, seconds=40):
        line = self.next(seconds)
        if not line.startswith(start):
            raise AssertionError(f"{self.name}: '{line}' instead of '{start}…'")
        return line

    def put(self, name, place):
        """One forward, and what came of it; it is tried again where Kafka says later."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.say(f"put {name} {place}")
            line = self.next()
            while line.startswith(("leads", "ends")):
                line = self.next()
            if line == f"ok {name}":
                return
            if not line.startswith((f"no {name} later", f"full {name}")):
                raise AssertionError(f"{self.name}: {line}")
            time.sleep(0.2)
        raise AssertionError(f"{self.name}: {name} is never durable")

    def signal(self, number):
        self.popen.send_signal(number)

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self.popen.stdin.close()
        self.popen.stdout.close()


def read_all(kafka, topic):
    """What a reader sees that takes only what is committed."""
    done = subprocess.run(["kcat", "-b", kafka.address, "-q", "-m", "4", "-C", "-t", topic, "-o", "beginning", "-e",
                           "-X", "isolation.level=read_committed"], capture_output=True, text=True, timeout=60,
                          check=True)
    return done.stdout.split()


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
