"""A new configuration while everything runs: taken whole or not at all, and nothing is lost by it."""
import copy
import datetime
import json
import os
import signal
import socket
import unittest

import checker
import feed as feeds
import kit
import mllp
import people
from consumer import Answer, Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)


def admit(control_id, n=1):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", control_id, WHEN, person, visit=f"V{n}", admitted=WHEN)


class ReloadTest(unittest.TestCase):
    def setUp(self):
        self.http = Consumer()
        self.addCleanup(self.http.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.config = self.site.config
        self.source = self.config["sources"]["test-pas"]
        self.config["consumers"]["http"] = kit.http_consumer(self.http)

    def client(self, port=None):
        client = mllp.Client("127.0.0.1", port or self.site.port)
        self.addCleanup(client.close)
        return client

    def ask(self, client, control_id, n=1):
        self.assertEqual(client.ask(admit(control_id, n))[0], "AA")

    def reload(self, check=True):
        self.site.write_config()
        done = self.site.weir("reload", "--json", check=check)
        return {row["process"]: row for row in map(json.loads, done.stdout.splitlines())}

    def status(self, process):
        rows = map(json.loads, self.site.weir("status", "--json", check=False).stdout.splitlines())
        return next(row["status"] for row in rows if row["process"] == process)

    def came(self, consumer, control_id):
        events = kit.wait_until(
            lambda: [r["event"] for r in consumer.accepted() if r["control_id"] == control_id], 15,
            f"{control_id} is delivered")
        return events[0]

    def refused(self, process, *words):
        row = self.reload(check=False)[process]
        self.assertFalse(row["up"])
        for word in words + ("the old configuration stays (generation 1)",):
            self.assertIn(word, row["error"])

    # ---- what is taken ----

    def test_source_is_translated_anew_on_the_same_connection(self):
        self.site.start()
        client = self.client()
        self.ask(client, "before")
        self.source["system"] = "other"
        answer = self.reload()["acute"]["status"]
        self.assertEqual(answer["generation"], 2)
        self.assertIn("1 source", answer["taken"])
        self.ask(client, "after")
        self.assertEqual(self.came(self.http, "before")["source"], "urn:nhs:ods:RZZ:test")
        self.assertEqual(self.came(self.http, "after")["source"], "urn:nhs:ods:RZZ:other")
        self.assertEqual(self.status("acute")["generation"], 2)
        self.assertEqual(self.site.adapter().metric("weir_config_generation"), 2)
        self.assertEqual(json.loads(self.site.adapter().get("/version")[1])["config_generation"], 2)

    def test_signal(self):
        self.site.start()
        self.source["system"] = "other"
        self.site.write_config()
        self.site.adapter().popen.send_signal(signal.SIGHUP)
        kit.wait_until(lambda: self.site.adapter().metric("weir_config_generation") == 2, 10, "taken")
        self.assertEqual(self.site.broker().metric("weir_config_generation"), 1)

    def test_sources_come_go_and_move(self):
        self.config["sources"]["second"] = copy.deepcopy(self.source)
        second = self.config["sources"]["second"]["mllp"]
        second["listen"] = f"127.0.0.1:{kit.free_port()}"
        self.site.start()
        kept, gone = self.client(), self.client(int(second["listen"].split(":")[1]))
        self.ask(kept, "kept-1")
        self.ask(gone, "gone-1", 2)
        third = copy.deepcopy(self.config["sources"].pop("second"))
        third["mllp"]["listen"] = f"127.0.0.1:{kit.free_port()}"
        self.config["sources"]["third"] = third
        old_port, new_port = self.site.port, kit.free_port()
        self.source["mllp"]["listen"] = f"127.0.0.1:{new_port}"
        taken = self.reload()["acute"]["status"]["taken"]
        for word in ("gone: second", "new: third", "other address: test-pas"):
            self.assertIn(word, taken)
        self.ask(kept, "kept-2")  # the connection lives on
        self.ask(self.client(new_port), "moved")
        self.ask(self.client(int(third["mllp"]["listen"].split(":")[1])), "third", 3)
        for port in (old_port, int(second["listen"].split(":")[1])):
            with self.assertRaises(OSError):
                mllp.Client("127.0.0.1", port).close()
        with self.assertRaises(OSError):
            gone.ask(admit("gone-2", 2))
        kit.wait_until(lambda: "source.gone source=second" in self.site.adapter().log(), 10,
                       "the source is gone")
        self.assertEqual(sorted(s["source"] for s in self.status("acute")["sources"]),
                         ["test-pas", "third"])
        for name in ("kept-1", "kept-2", "gone-1", "moved", "third"):
            self.came(self.http, name)

    def test_rules_and_keep_lists(self):
        self.config["routes"]["all"]["when"] = "type = 'patient.discharged'"
        self.site.start()
        client = self.client()
        self.ask(client, "before")
        kit.wait_until(lambda: self.site.broker().metric("weir_events_total"), 10, "it is an event")
        self.config["routes"]["all"] = {"when": "type IN wanted"}
        self.config["lists"] = {"wanted": ["patient.admitted"]}
        self.assertIn("2 routes", self.reload()["broker"]["status"]["taken"])
        self.ask(client, "after")
        event = kit.wait_until(lambda: [r["event"] for r in self.http.accepted()], 15,
                               "it is delivered")[0]
        self.assertEqual(event["type"], "patient.admitted")
        self.assertNotIn("patient", event["data"])  # nothing is kept any more
        self.assertEqual(len(self.http.accepted()), 1)
        for _ in range(2):
            self.reload()  # what the rule was made from is gone
        self.ask(client, "later")
        kit.wait_until(lambda: len(self.http.accepted()) == 2, 15, "it is delivered")
        kit.wait_until(lambda: [r["matched"] for r in self.routes() if r["name"] == "all"] == [2], 10,
                       "counting goes on")

    def routes(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.site.data, "run", "broker.sock"))
            s.sendall(b'{"do": "routes"}\n')
            return json.loads(s.makefile().readline())["routes"]

    def test_consumers_come_go_and_change(self):
        other = Consumer()
        self.addCleanup(other.close)
        self.site.start()
        client = self.client()
        self.ask(client, "one")
        self.came(self.http, "one")
        self.config["consumers"]["http"] = kit.http_consumer(other, window=100)
        self.config["consumers"]["file"] = kit.file_consumer(self.site.path("all.ndjson"))
        taken = self.reload()["broker"]["status"]["taken"]
        self.assertIn("changed: http", taken)
        self.assertIn("new: file", taken)
        self.ask(client, "two")
        self.came(other, "two")
        self.assertEqual({r["control_id"] for r in other.accepted()}, {"two"})  # from its position
        lines = kit.Ndjson(self.site.path("all.ndjson"))
        kit.wait_until(lambda: len(lines.update()) == 2, 15, "the new one has all")
        self.assertEqual(self.site.broker().metric("weir_delivered_events_total", consumer="http"), 2)
        del self.config["consumers"]["http"]
        self.assertIn("gone: http", self.reload()["broker"]["status"]["taken"])
        self.ask(client, "three")
        kit.wait_until(lambda: len(lines.update()) == 3, 15, "the other one goes on")
        kit.wait_until(lambda: [c["name"] for c in self.status("broker")["consumers"]] == ["file"], 10,
                       "it is gone")
        self.config["consumers"]["http"] = kit.http_consumer(other)
        self.reload()
        self.came(other, "three")
        self.assertEqual(len(other.accepted()), 2)

    def test_what_is_parked_stays_with_a_consumer_that_changes(self):
        other = Consumer()
        self.addCleanup(other.close)
        self.http.answer = lambda event, _: Answer(422)
        self.site.start()
        client = self.client()
        for i in range(3):
            self.ask(client, f"p{i}")
        kit.wait_until(lambda: len(kit.parked(self.site, "http")) == 3, 15, "all are parked")
        self.config["consumers"]["http"] = kit.http_consumer(other)
        self.reload()
        first, = [r for r in kit.parked(self.site, "http") if r["state"] == "parked"]
        kit.wait_until(lambda: self.site.weir("parked", "release", first["event"], "--consumer", "http",
                                              "--reason", "mended", check=False).returncode == 0,
                       15, "it is released")
        kit.wait_until(lambda: not kit.parked(self.site, "http"), 15, "nothing is parked")
        self.assertEqual([r["control_id"] for r in other.accepted()], ["p0", "p1", "p2"])

    # ---- what is refused ----

    def test_wrong_one_is_refused_with_its_place(self):
        self.site.start()
        client = self.client()
        self.ask(client, "before")
        self.site.write("weir.yaml", open(self.site.config_path, encoding="utf-8").read()
                        .replace("log_level:", "log_levl:"))
        for process in (self.site.adapter(), self.site.broker()):
            process.popen.send_signal(signal.SIGHUP)
            kit.wait_until(lambda p=process: p.metric("weir_config_reloads_total", result="refused") == 1,
                           10, "refused")
            self.assertIn("weir.yaml:2:1:", process.log())
            self.assertEqual(process.metric("weir_config_generation"), 1)
        self.ask(client, "after")
        self.came(self.http, "after")

    def test_wrong_map_is_refused(self):
        self.site.start()
        path = self.site.write("bad.yaml", "messages:\n  A01:\n    - event: patient.admited\n")
        self.source["overlays"] = [path]
        self.refused("acute", "bad.yaml:")
        del self.source["overlays"]
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.source["mllp"]["listen"] = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused("acute", "cannot listen on")
        self.ask(self.client(), "after")
        self.came(self.http, "after")

    def test_wrong_rule_is_refused_and_no_consumer_changes(self):
        self.site.start()
        self.config["consumers"]["http"]["window"] = 100
        self.config["routes"]["all"]["when"] = "type = 'patient.admited'"
        self.refused("broker", "weir.yaml:", "patient.admitted")
        self.assertNotIn("consumer.changed", self.site.broker().log())
        del self.config["routes"]["all"]["when"]
        self.config["consumers"]["file"] = kit.file_consumer("/nonexistent/folder/all.ndjson")
        self.refused("broker", "/nonexistent/folder")
        self.ask(self.client(), "after")
        self.came(self.http, "after")

    def test_what_takes_a_restart_is_said(self):
        self.site.start()
        before = copy.deepcopy(self.config)
        for change, process, words in (
                (lambda c: c["keys"].update(kid="t2"), "acute", "keys.kid"),
                (lambda c: c["stream"].update(free_min="17MiB"), "acute", "stream"),
                (lambda c: c.update(message_arena="32MiB"), "acute", "message_arena"),
                (lambda c: c.update(journey={"dedupe_window": "24h"}), "broker", "journey"),
                (lambda c: c["routes"]["all"].update(key="file:keys/audit.key"), "broker",
                 "the key of a route")):
            self.site.config = self.config = copy.deepcopy(before)
            change(self.config)
            self.site.write_config()
            row = next(r for r in map(json.loads, self.site.weir("reload", "--json", check=False)
                                      .stdout.splitlines()) if r["process"] == process)
            self.assertIn(f"{words}: a change of it takes a restart of this process", row["error"])

    # ---- under load ----

    def test_nothing_is_lost_by_twenty_reloads(self):
        self.source["mllp"]["connections"] = 50
        self.config["consumers"]["http"]["in_flight"] = 4
        self.site.start()
        lines = kit.Ndjson(self.site.path("two.ndjson"), checker.brief)
        bad = self.site.write("bad.yaml", "messages: 1\n")
        part = 0  # until so many are acknowledged the feed hurries; then it goes on slowly, until this reload is over

        def pace():
            return 0.008 if len(feed.ledger.answered) < part else 1

        feed = feeds.Feed(self.site.port, feeds.plan("r", 200, 12, 6, seed=20), window=8, pace=pace, answer_time=60)
        feed.start()
        during = 0
        for i in range(20):
            goal = feed.count * (i + 1) // 21
            part = goal + feed.count // 42
            kit.wait_until(lambda g=goal: feed.acknowledged() >= g or feed.done(), 60, "the feed goes on")
            during += not feed.done()
            self.source["mllp"]["pipeline"] = 20 + i
            self.config["consumers"]["http"]["in_flight"] = 2 + i % 5
            self.config["lists"] = {"numbers": [str(i)]}
            if i == 3:
                self.config["consumers"]["two"] = kit.file_consumer(self.site.path("two.ndjson"))
            if i % 4 == 3:
                self.config["routes"]["all"]["when"] = "EXISTS id"
                self.config["sources"][f"extra-{i}"] = copy.deepcopy(self.source)
                self.config["sources"][f"extra-{i}"]["mllp"]["listen"] = "127.0.0.1:0"
            if i % 4 == 1:
                self.config["routes"]["all"].pop("when", None)
            if i % 5 == 4:
                self.source["overlays"] = [bad]
                self.assertFalse(self.reload(check=False)["acute"]["up"])
                del self.source["overlays"]
            answer = self.reload()
            self.assertEqual(answer["acute"]["status"]["generation"], i + 2)
            self.assertEqual(answer["broker"]["status"]["generation"], i + 2)
        self.assertEqual(during, 20)
        part = feed.count + 1
        kit.wait_until(feed.done, 120, "all is acknowledged")
        self.assertEqual((feed.acknowledged(), feed.reconnects(), feed.troubles()), (feed.count, 0, []))

        def problems(events):
            return checker.check(feed.ledger.rows, events)

        kit.wait_until(lambda: not problems([checker.brief(r["event"]) for r in self.http.accepted()]),
                       60, lambda: problems([checker.brief(r["event"]) for r in self.http.accepted()]))
        kit.wait_until(lambda: not problems(lines.update()), 60, lambda: problems(lines.update()))


class RunTest(unittest.TestCase):
    """`weir run` starts and ends adapters as the configuration says."""

    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.config = self.site.config
        self.config["listen"] = {}
        self.run_all = self.site._process("run", [kit.program("weir"), "run", "--config",
                                                  self.site.config_path])

    def up(self):
        rows = map(json.loads, self.site.weir("status", "--json", check=False).stdout.splitlines())
        return {r["process"]: r["status"]["pid"] for r in rows if r["up"]}

    def second(self):
        source = copy.deepcopy(self.config["sources"]["test-pas"])
        source.update(adapter="mental-health", sector="mental_health")
        source["mllp"]["listen"] = "127.0.0.1:0"
        self.config["sources"]["second"] = source

    def reload(self):
        self.site.write_config()
        return self.site.weir("reload").stdout

    def test_adapters_come_and_go(self):
        self.site.write_config()
        self.run_all.start()
        kit.wait_until(lambda: {"acute", "broker"} <= set(self.up()), 30, "all run")
        before = self.up()
        self.second()
        said = self.reload()
        self.assertIn("run: started mental-health", said)
        self.assertIn("acute: generation 2:", said)
        self.assertIn("mental-health: generation", said)
        after = self.up()
        self.assertEqual({k: after[k] for k in before}, before)  # none was restarted
        del self.config["sources"]["second"]
        self.assertIn("run: ended mental-health", self.reload())
        kit.wait_until(lambda: not os.path.exists(
            os.path.join(self.site.data, "run", "mental-health.sock")), 15, "it has ended")
        self.second()
        self.site.write_config()
        self.run_all.popen.send_signal(signal.SIGHUP)
        kit.wait_until(lambda: "mental-health" in self.up(), 20, "it is started again")
        kit.wait_until(lambda: "config.reload generation=4" in self.run_all.log(), 10, "passed on")


if __name__ == "__main__":
    unittest.main()
