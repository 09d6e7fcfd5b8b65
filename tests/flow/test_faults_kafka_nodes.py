"""Faults with three Kafka nodes under the line, two copies needed: nodes restarted one by one, killed, cut off."""
import json
import subprocess
import unittest

import faults
import kit
import kafka_line
from kafka_line import KafkaLine
import nets


def naks(feed):
    return sum(r.get("code") == "AR" for r in list(feed.ledger.rows))


class ThreeNodes(KafkaLine):
    nodes, min_insync = 3, 2
    more = {"append_timeout": "20s"}

    def fed_until(self, count, **feed):
        fed = self.feed(patients=150, length=10, pace=0.02, answer_time=40, **feed)
        kit.wait_until(lambda: fed.acknowledged() > count, 60, "it runs")
        return fed

    def moves(self, feed, more=100, within=60):
        """The feed is answered after what was done before this call."""
        before = feed.acknowledged()
        kit.wait_until(lambda: feed.done() or feed.acknowledged() > before + more, within, "messages are acknowledged")

    def lacking(self):
        """Partitions of which a copy is not in sync, as any node sees it."""
        done = subprocess.run(["kcat", "-b", self.kafka.address, "-L", "-J"], capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode != 0:
            return [done.stderr]
        return [(t["topic"], p["partition"]) for t in json.loads(done.stdout)["topics"] for p in t["partitions"]
                if len(p["isrs"]) < len(p["replicas"])]

    def in_sync(self):
        kit.wait_until(lambda: not self.lacking(), 60, lambda: f"all copies are in sync, not {self.lacking()}")


class NodesTest(ThreeNodes):
    def test_rolling_restart(self):
        """Row 21: every node is restarted, one after the other, under load: senders hear nothing of it, nothing is lost."""
        site = self.site.start()
        feed = self.fed_until(50)
        for _ in range(4 if faults.LONG else 1):
            for n in self.kafka:
                self.assertIn(n.stop(), (0, 143))
                self.moves(feed, 30)
                n.start()
                self.in_sync()
        self.assertEqual(naks(feed), 0)
        self.settle(feed)
        self.assertNotIn("stream.failed", site.adapter().log())

    def test_leader_killed(self):
        """Row 22: a node is killed with kill -9 under load: others lead its partitions, and all goes on."""
        self.site.start()
        feed = self.fed_until(50)
        for n in self.kafka if faults.LONG else [self.kafka[0]]:
            n.kill()
            self.moves(feed)
            n.start()
            self.in_sync()
        self.settle(feed)

    def test_not_enough_replicas(self):
        """Row 22: one node of three is left, fewer than min.insync.replicas: "try later" and no ACK, then it goes on."""
        self.option(append_timeout="3s")
        site = self.site.start()
        feed = self.fed_until(50)
        for n in self.kafka.nodes[1:]:
            n.pause()
            self.addCleanup(n.resume)
        kit.wait_until(lambda: naks(feed), 60, "senders hear \"try later\"")
        self.assertIn("stream.failed", site.adapter().log())
        for n in self.kafka.nodes[1:]:
            n.resume()
        self.settle(feed)
        kit.wait_until(lambda: site.adapter().get("/ready")[0] == 200, 20, "/ready says yes")


class CutTest(ThreeNodes):
    """Each node in a network namespace of its own; silence, not refusals."""

    @classmethod
    def setUpClass(cls):
        cls.net = cls.enterClassContext(nets.Nets(3))
        cls.cluster = {"net": cls.net}
        super().setUpClass()

    def cut(self, *how, **more):
        """One node is cut off under load; what was acknowledged stays, and all goes on with and without it."""
        self.option(append_timeout="30s")
        self.property(socket_timeout_ms="10000")
        self.site.start()
        feed = self.fed_until(50)
        self.addCleanup(self.net.heal, 0)
        self.net.cut(0, *how, **more)
        self.moves(feed, 150, 120)
        self.net.heal(0)
        self.settle(feed)

    def test_two_ways(self):
        """Row 24: client and one node hear nothing of each other, nor do the other nodes: others take over."""
        self.cut(peers=True)

    def test_client_not_heard(self):
        """Row 24: one node no longer hears the client: what was acknowledged stays, it goes on when healed or led anew."""
        self.one_way("in")

    def test_node_not_heard(self):
        """Row 24: the client no longer hears one node, which still stores what it is sent: no second event, no hole."""
        self.one_way("out")

    def one_way(self, direction):
        """The nodes hear each other, so that the one stays a leader: its partitions wait until it is healed."""
        self.option(append_timeout="5s")
        self.property(socket_timeout_ms="3000")
        self.site.start()
        feed = self.fed_until(50)
        self.addCleanup(self.net.heal, 0)
        self.net.cut(0, direction)
        seconds = kafka_line.AWAY_LONG if faults.LONG else 8
        healed = kit.time.monotonic() + seconds
        kit.wait_until(lambda: kit.time.monotonic() > healed, seconds + 5, "it stays cut for a while")
        self.net.heal(0)
        self.settle(feed)


if __name__ == "__main__":
    unittest.main()
