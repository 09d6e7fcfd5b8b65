"""A cut is what it says: two ways, one way, refused; and Kafka goes on where two nodes of three still speak."""
import os
import signal
import socket
import subprocess
import sys
import time
import unittest

import kit
import nets
import node
from test_node import kcat

# Hears one connection and writes what it heard into a file; answers nothing.
EAR = """
import socket, sys
with socket.create_server((sys.argv[1], 7000)) as server:
    print("ready", flush=True)
    with server.accept()[0] as peer, open(sys.argv[2], "wb", 0) as heard:
        while True:
            heard.write(peer.recv(100) or sys.exit())
"""


class Cut(unittest.TestCase):
    def setUp(self):
        self.net = nets.Nets(1).open()
        self.addCleanup(self.net.close)
        self.path = f"/tmp/weir-ear-{os.getpid()}"
        self.ear = subprocess.Popen([*self.net.inside(0), sys.executable, "-c", EAR, self.net.hosts[0], self.path],
                                    stdout=subprocess.PIPE, preexec_fn=node.die_with_parent)
        self.addCleanup(self.ear.stdout.close)
        self.addCleanup(self.ear.wait)
        self.addCleanup(self.ear.kill)
        self.addCleanup(lambda: os.path.exists(self.path) and os.unlink(self.path))
        self.ear.stdout.readline()
        self.client = socket.create_connection((self.net.hosts[0], 7000), timeout=10)
        self.addCleanup(self.client.close)

    def heard(self):
        with open(self.path, "rb") as f:
            return f.read()

    def heard_within(self, text, seconds):
        end = time.monotonic() + seconds
        while not os.path.exists(self.path) or text not in self.heard():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def acknowledged(self):
        """Whether the other side's TCP has all that was sent (ss: nothing in the send queue)."""
        line = subprocess.run(["ss", "-Htn", "dst", f"{self.net.hosts[0]}:7000"], capture_output=True, text=True,
                              check=True).stdout
        return line.split()[2] == "0"

    def test_in_is_not_heard_and_arrives_when_healed(self):
        self.net.cut(0, "in")
        self.client.send(b"one")
        self.assertFalse(self.heard_within(b"one", 0.5))
        self.net.heal(0)
        self.assertTrue(self.heard_within(b"one", 20))

    def test_out_is_heard_and_not_acknowledged(self):
        self.net.cut(0, "out")
        self.client.send(b"two")
        self.assertTrue(self.heard_within(b"two", 20))
        self.assertFalse(self.acknowledged())

    def test_both_ways_neither(self):
        self.net.cut(0)
        self.client.send(b"three")
        self.assertFalse(self.heard_within(b"three", 0.5))
        self.assertFalse(self.acknowledged())

    def test_reset_is_told_at_once(self):
        self.net.reset(0)
        with self.assertRaises(ConnectionError):
            while True:
                self.client.send(b"four")
                time.sleep(0.01)

    def test_what_a_killed_test_left_goes_with_the_next(self):
        code = "import nets, os; n = nets.Nets(1).open(); print(n.names[0], flush=True); os.kill(os.getpid(), 9)"
        done = subprocess.run([sys.executable, "-B", "-c", code], cwd=os.path.dirname(os.path.realpath(__file__)),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
        name = done.stdout.strip()
        self.assertIn(name, nets.run("ip", "netns", "list"))
        nets.sweep()
        self.assertNotIn(name, nets.run("ip", "netns", "list"))


def read_all(kafka):
    """kcat takes a partition whose leader changes just now for one at its end."""
    got = kcat(kafka.address, "-C", "-t", "t", "-o", "beginning", "-e").stdout.split()
    return sorted(map(int, got))


class Kafka(unittest.TestCase):
    def test_two_nodes_of_three_take_over_from_one_that_nobody_hears(self):
        with nets.Nets(3) as net, node.Kafka(nodes=3, net=net) as kafka:
            kafka.topic("t", 3)
            net.cut(0, peers=True)
            rest = ",".join(n.address() for n in kafka.nodes[1:])
            for line in range(12):  # by chance to all partitions
                sent = kcat(rest, "-P", "-t", "t", stdin=f"{line}\n", acks="all")
                self.assertEqual(sent.returncode, 0, sent.stderr)
            net.heal(0)
            kit.wait_until(lambda: read_all(kafka) == list(range(12)), 60, "every line is read")


if __name__ == "__main__":
    unittest.main()
