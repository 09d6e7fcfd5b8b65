"""weir relay: an embedded stream is copied to a real Kafka, in order, through every fault, and a site moves there."""
import copy
import json
import shutil
import unittest

import kafka as python_client  # Debian: python3-kafka

import checker
import feed as feeds
import kit
import mllp
import node
import records
from consumer import Answer, Consumer
from test_adapter import admit

COPIED = ("flow.messages", "flow.reported", "flow.rejected")


def setUpModule():
    global nodes
    nodes = node.Kafka(settings={"group.initial.rebalance.delay.ms": 0})
    unittest.addModuleCleanup(nodes.close)
    nodes.start()


class Relayed(unittest.TestCase):
    """`here` is embedded, with adapter and relay; `there` is the same site on Kafka, with a broker."""

    def setUp(self):
        if not nodes[0].running():
            nodes[0].start()
        self.consumer = Consumer()
        self.addCleanup(self.consumer.close)
        self.here = kit.Site()
        self.addCleanup(self.here.close)
        self.there = kit.Site(consumers={"one": kit.http_consumer(self.consumer)}).use_kafka(nodes.address)
        self.addCleanup(self.there.close)
        shutil.rmtree(self.there.path("keys"))
        shutil.copytree(self.here.path("keys"), self.there.path("keys"))
        self.there.config["sources"] = self.here.config["sources"]
        self.there.make_topics()
        self.relay_to(append_timeout="3s")

    def relay_to(self, **more):
        kafka = {**self.there.config["stream"]["kafka"], **more}
        self.here.config["relay"] = {"kafka": {k: v for k, v in kafka.items()
                                               if k not in ("partitions", "replicas")}}
        self.here.config["relay"]["kafka"]["replicas"] = 1

    def feed(self, tag, patients=60, length=8, first=0, **more):
        """`first`: of its people; another one, other people."""
        plan = feeds.plan(tag, patients, length, 4, seed=7, first=first)
        return feeds.Feed(self.here.port, plan, tag=f"{tag}-", **{"window": 4, **more}).start()

    def status(self, site=None, process="relay"):
        rows = map(json.loads, (site or self.here).weir("status", "--json", check=False).stdout.splitlines())
        return next(row.get("status") for row in rows if row["process"] == process)

    def blessed(self, *fed):
        """Everything acknowledged is with the consumer, in order, under its own id."""
        for feed in fed:
            kit.wait_until(feed.done, 120, lambda f=feed: f"{f.acknowledged()} of {f.count} acknowledged")
            self.assertEqual(feed.troubles(), [])
        facts = checker.Facts([row for feed in fed for row in feed.ledger.rows])

        def problems():
            return checker.check(facts, [checker.brief(r["event"]) for r in self.consumer.accepted()])
        kit.wait_until(lambda: not problems(), 90, lambda: problems() + [str(self.status())])

    def on_kafka(self, topic):
        """{partition: [(key, headers, value)]} by a client of another author."""
        name = self.there.topic(topic)
        reader = python_client.KafkaConsumer(bootstrap_servers=nodes.address, enable_auto_commit=False)
        try:
            parts = [python_client.TopicPartition(name, p) for p in reader.partitions_for_topic(name)]
            reader.assign(parts)
            reader.seek_to_beginning(*parts)
            ends, out = reader.end_offsets(parts), {p: [] for p in parts}
            while any(reader.position(p) < ends[p] for p in parts):
                for p, got in reader.poll(timeout_ms=1000).items():
                    out[p] += [(r.key.decode(), {k: v.decode() for k, v in r.headers}, r.value) for r in got]
            return {p.partition: rows for p, rows in out.items()}
        finally:
            reader.close()


class Copies(Relayed):
    def test_all_is_there_byte_for_byte_and_in_order(self):
        self.here.start("acute", "relay")
        self.there.start("broker")
        feed = self.feed("c")
        client = mllp.Client("127.0.0.1", self.here.port)
        self.assertEqual(client.ask(b"MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302091500||ADT^A40|BAD|P|2.4\rPID|1||\r")[0], "AE")
        client.close()
        self.here.weir("relay", "wait", "--timeout", "30s")
        self.blessed(feed)
        self.here.weir("relay", "wait", "--timeout", "30s")
        self.assertEqual(self.status()["relay"]["lag"], 0)
        for topic in COPIED:
            with self.subTest(topic=topic):
                wrote = records.rows(self.here, "acute", topic)
                self.assertTrue(wrote)
                copied = [(h, v) for rows in self.on_kafka(topic).values() for _, h, v in rows]
                self.assertEqual(copied, wrote)  # one source: one key, one partition, one order
        self.assertEqual(self.here.processes["relay"].metric("weir_relay_failures_total"), 0)
        self.assertEqual(self.here.processes["relay"].get("/ready")[0], 200)

    def test_kafka_is_away_for_a_while(self):
        self.here.start("acute", "relay")
        self.there.start("broker")
        relay = self.here.processes["relay"]
        first = self.feed("a")
        self.blessed(first)
        nodes[0].kill()
        feed = self.feed("b", patients=100, first=1000)
        kit.wait_until(feed.done, 60, lambda: f"{feed.acknowledged()} acknowledged while Kafka is away")
        self.assertEqual(feed.acknowledged(), feed.count)
        kit.wait_until(lambda: relay.metric("weir_relay_failures_total"), 30, "the relay notices")
        self.assertGreater(relay.metric("weir_relay_lag_records"), feed.count)
        self.assertGreater(relay.metric("weir_relay_lag_oldest_seconds"), 0)
        kit.wait_until(lambda: relay.get("/ready")[0] == 503, 60, "it is not ready")
        self.assertIn("nothing is copied", relay.get("/ready")[1])
        self.assertIn("failing", self.status()["relay"])
        self.assertEqual(relay.stop(), 0)  # it does not wait for nodes that are away
        self.assertEqual(self.here.weir("relay", "wait", "--timeout", "1s", check=False).returncode, 75)
        relay.start()
        nodes[0].start()
        self.blessed(first, feed)
        self.here.weir("relay", "wait", "--timeout", "30s")
        self.assertEqual(relay.get("/ready")[0], 200)

    def test_killed_again_and_again(self):
        self.here.start("acute", "relay")
        self.there.start("broker")
        relay = self.here.processes["relay"]
        feed = self.feed("k", patients=150, pace=0.02)
        for i in range(5):
            target = (i + 1) * feed.count // 8
            kit.wait_until(lambda: feed.acknowledged() >= target or feed.done(), 60, "more is acknowledged")
            relay.kill()
            relay.start()
            kit.wait_until(relay.healthy, 20, "it is back")
        self.blessed(feed)

    def test_terminated_under_load_it_drains(self):
        self.here.start("acute", "relay")
        self.there.start("broker")
        relay = self.here.processes["relay"]
        feed = self.feed("t", patients=150, pace=0.02)
        for i in range(2):
            kit.wait_until(lambda: feed.acknowledged() >= (i + 1) * feed.count // 4, 60, "more is acknowledged")
            self.assertEqual(relay.stop(), 0)
            self.assertNotIn("drain_late", relay.log())
            relay.start()
            kit.wait_until(relay.healthy, 20, "it is back")
        self.blessed(feed)
        self.here.weir("relay", "wait", "--timeout", "30s")
        copied = sum(len(rows) for rows in self.on_kafka("flow.messages").values())
        self.assertEqual(copied, len(records.rows(self.here, "acute", "flow.messages")), "drained: nothing came twice")

    def test_weir_run_starts_it_and_gives_the_broker_up_where_the_site_moves(self):
        section = self.here.config.pop("relay")
        self.here.write_config()
        run = self.here._process("run", [kit.program("weir"), "run", "--config", self.here.config_path]).start()
        kit.wait_until(lambda: self.here.weir("status", check=False).returncode == 0, 30, "all processes answer")
        feed = self.feed("w", patients=10)
        kit.wait_until(lambda: feed.done() and records.rows(self.here, "broker", "flow.state"), 30, "it has a state")
        self.here.config["relay"] = {**section, "state": True, "start": "48h"}
        self.here.write_config()
        said = self.here.weir("reload").stdout
        self.assertIn("ended broker", said)
        self.assertIn("started relay", said)
        kit.wait_until(lambda: self.here.weir("status", check=False).returncode == 0, 30, "all processes answer")
        self.here.weir("relay", "wait", "--timeout", "40s")
        self.assertEqual(sum(map(len, self.on_kafka("flow.state").values())),
                         len(records.rows(self.here, "broker", "flow.state")))
        names = [json.loads(line)["process"] for line in self.here.weir("status", "--json").stdout.splitlines()]
        self.assertEqual(names, ["acute", "relay"])
        self.assertEqual(run.stop(), 0)

    def test_a_record_too_large_holds_up_its_partition_until_somebody_decides(self):
        self.here.start("acute")
        client = mllp.Client("127.0.0.1", self.here.port)
        big = admit("big", 1) + b"NTE|1||" + b"x" * 400_000 + b"\r"
        for message in (admit("m1", 1), big, admit("m2", 2)):
            code, _, answer = client.ask(message)
            self.assertEqual(code, "AA", answer)
        client.close()
        self.here.processes["acute"].stop()
        self.here.config["sources"]["test-pas"]["mllp"]["frame_max"] = "64KiB"
        self.here.config["relay"]["record_max"] = "256KiB"
        self.here.start("relay")
        relay = self.here.processes["relay"]
        kit.wait_until(lambda: relay.get("/ready")[0] == 503, 20, "it says no")
        self.assertIn("larger than the other side takes", relay.get("/ready")[1])
        stop, = self.status()["relay"]["held_up"]
        self.assertEqual((stop["topic"], stop["partition"]), ("flow.messages", "acute"))
        kit.wait_until(lambda: sum(map(len, self.on_kafka("flow.reported").values())) == 3, 20, "the others go on")
        self.assertEqual(sum(map(len, self.on_kafka("flow.messages").values())), 1)
        self.assertIn("alarm.relay_too_large", relay.log())
        self.assertEqual(self.here.weir("relay", "skip", "flow.messages", "acute", "999", check=False).returncode, 75)
        self.here.weir("relay", "skip", "flow.messages", "acute", str(stop["offset"]))
        self.here.weir("relay", "wait")
        self.assertEqual(sum(map(len, self.on_kafka("flow.messages").values())), 2)
        self.assertEqual(relay.get("/ready")[0], 200)
        relay.kill()
        relay.start()
        self.here.weir("relay", "wait", "--timeout", "20s", check=False)
        kit.wait_until(lambda: relay.get("/ready")[0] == 200, 20, "it holds up nothing after a restart")
        self.assertEqual(self.status()["relay"]["lag"], 0)
        actions = [json.loads(v)["action"] for _, v in records.rows(self.here, "relay", "flow.audit")]
        self.assertEqual([a for a in actions if a.startswith("relay.")], ["relay.too_large", "relay.skip"])


class Refused(Relayed):
    def refused(self, says):
        self.here.write_config()
        relay = self.here.relay()
        relay.start()
        kit.wait_until(lambda: not relay.running(), 20, "it ends")
        self.assertEqual(relay.popen.returncode, 78, relay.log())
        self.assertIn(says, relay.log())

    def test_a_wrong_configuration(self):
        section = self.here.config["relay"]
        for change, says in (({"start": "soon"}, "48h"), ({"topics": ["flow.audit"]}, "flow.audit"),
                             ({"topics": ["flow.route.nobody"]}, "flow.route.nobody"),
                             ({"state": True}, "dedupe_window"), ({"record_max": "1MiB"}, "frame_max"),
                             ({"speed": 3}, "speed")):
            with self.subTest(change=change):
                self.here.config["relay"] = {**section, **change}
                self.refused(says)
        del self.here.config["relay"]
        self.refused("relay:")

    def test_of_no_use_with_kafka(self):
        self.here.config["stream"] = copy.deepcopy(self.there.config["stream"])
        self.refused("of no use with kind kafka")

    def test_nodes_that_take_less(self):
        self.here.config["relay"]["record_max"] = "40MiB"
        self.refused("max.message.bytes")


class Moves(Relayed):
    def setUp(self):
        super().setUp()
        self.here.config["consumers"] = {"one": kit.http_consumer(self.consumer)}
        self.section = self.here.config["relay"]

    def begin_relay(self):
        self.here.config["relay"] = {**self.section, "state": True, "start": "48h"}
        del self.here.config["listen"]["broker"]
        self.here.start("relay")

    def test_it_moves_under_load_without_a_gap(self):
        del self.here.config["relay"]
        self.here.start("acute", "broker")
        first = self.feed("m1")
        self.blessed_here(first)
        feed = self.feed("m2", patients=200, pace=0.05, first=1000)
        # Something is published and not delivered when the broker here ends.
        kit.wait_until(lambda: feed.acknowledged() > feed.count // 10, 60, "it is under load")
        self.consumer.answer = lambda event, attempt: Answer(503)
        acknowledged = feed.acknowledged()
        kit.wait_until(lambda: feed.acknowledged() > acknowledged + 100, 60, "more comes")
        kit.wait_until(lambda: self.status(process="broker")["consumers"][0]["lag"] > 20, 30, "a backlog")
        self.assertEqual(self.here.processes["broker"].stop(), 0)
        had = [r["id"] for r in self.consumer.accepted()]
        # 1. the relay, beside the adapter
        self.begin_relay()
        relay = self.here.processes["relay"]
        kit.wait_until(lambda: self.status()["relay"]["copies"] == "records", 60, relay.log)
        self.assertEqual(sorted((h, v) for h, v in records.rows(self.here, "broker", "flow.state")),
                         sorted((h, v) for rows in self.on_kafka("flow.state").values() for _, h, v in rows))
        relay.kill()
        relay.start()
        kit.wait_until(relay.healthy, 20, "it is back")
        # 2. the broker, on Kafka
        self.consumer.answer = lambda event, attempt: Answer(200)
        self.there.start("broker")
        kit.wait_until(lambda: len(self.consumer.accepted()) > len(had), 60, "it delivers")
        # 3. the adapter
        self.assertFalse(feed.done(), "the feed is over: this shows less than it should")
        self.assertEqual(self.here.processes["acute"].stop(), 0)
        self.here.weir("relay", "wait", "--timeout", "60s")
        self.assertEqual(self.status()["relay"]["lag"], 0)
        self.assertEqual(relay.stop(), 0)
        acknowledged = feed.acknowledged()
        self.there.start("acute")
        self.blessed(first, feed)
        self.assertGreater(feed.count, acknowledged, "nothing came to the adapter on Kafka")
        again = [r["id"] for r in self.consumer.accepted()[len(had):]]
        self.assertLess(len(set(had) & set(again)), 100, "what was delivered here was delivered again")

    def blessed_here(self, feed):
        kit.wait_until(feed.done, 60, "the first feed")
        facts = checker.Facts(feed.ledger.rows)
        kit.wait_until(lambda: not checker.check(facts, [checker.brief(r["event"]) for r in self.consumer.accepted()]),
                       30, "all is delivered here")

    def test_not_while_the_broker_runs_here(self):
        del self.here.config["relay"]
        self.here.start("acute", "broker")
        self.blessed_here(self.feed("r", patients=5))
        self.here.config["relay"] = {**self.section, "state": True, "start": "48h"}
        self.here.write_config()
        relay = self.here.relay().start()
        kit.wait_until(lambda: not relay.running(), 20, "it ends")
        self.assertIn("has to be stopped first", relay.log())

    def test_not_while_something_is_parked(self):
        del self.here.config["relay"]
        self.consumer.answer = lambda event, attempt: Answer(400)
        self.here.start("acute", "broker")
        feed = self.feed("p", patients=2, length=2)
        kit.wait_until(lambda: feed.done() and kit.parked(self.here, "one"), 30, "it is parked")
        self.here.processes["broker"].stop()
        self.here.config["relay"] = {**self.section, "state": True, "start": "48h"}
        self.here.write_config()
        relay = self.here.relay().start()
        kit.wait_until(lambda: not relay.running(), 20, "it ends")
        self.assertIn("weir parked list", relay.log())


if __name__ == "__main__":
    unittest.main()
