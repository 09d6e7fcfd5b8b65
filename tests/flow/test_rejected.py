"""weir rejected retry: what a mended map makes of a refused message is what it would have made at once, and a refusal ends only once that
is durable."""
import copy
import datetime
import json
import os
import subprocess
import unittest

import kit
import mllp
import people
import records
from consumer import Consumer

WHEN = datetime.datetime(2026, 3, 2, 9, 30)
MIB = 1 << 20
# An admission without a financial class is refused.
STRICT = "triggers:\n  A01:\n    require: [PV1-20]\n"
MANY, PAD = 2500, 24 * 1024
UNDER_WAY = 64  # adapters/resolving.h


def admit(control_id, n=1, pad=0):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", control_id, WHEN, person, visit=f"V{n}", admitted=WHEN) + (
        b"NTE|1||" + b"n" * pad + b"\r" if pad else b"")


class RejectedTest(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.source = self.site.config["sources"]["test-pas"]
        self.strict = self.site.write("strict.yaml", STRICT)
        self.source["overlays"] = [self.strict]

    def client(self, port=None):
        client = mllp.Client("127.0.0.1", port or self.site.port, timeout=60)
        self.addCleanup(client.close)
        return client

    def mend(self):
        self.source.pop("overlays", None)
        self.site.write_config()
        self.site.weir("reload")

    def listed(self, *more):
        return [json.loads(line) for line in self.site.weir("rejected", "list", "--json", *more).stdout.splitlines()]

    def retry(self, *argv, code=0):
        done = self.site.weir("rejected", "retry", *argv, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def audited(self):
        rows = (json.loads(value) for _, value in records.rows(self.site, "acute", "flow.audit"))
        return [(r["what"], r["reason"], bool(r["by"])) for r in rows if r["action"] == "rejected.retry"]

    def markers(self):
        return [h for h, _ in records.rows(self.site, "acute", "flow.rejected") if h["kind"] == "resolved"]

    def event_id(self, message):
        """As `weir translate` makes it of the message, with the configuration as it is."""
        path = self.site.path("message.hl7")
        with open(path, "wb") as f:
            f.write(message)
        return json.loads(self.site.weir("translate", "--source", "test-pas", path).stdout)["id"]

    def test_mended_map(self):
        consumer = Consumer()
        self.addCleanup(consumer.close)
        self.site.config["consumers"]["http"] = kit.http_consumer(consumer)
        self.site.start()
        client = self.client()
        self.assertEqual(client.ask(admit("one"))[0], "AE")
        row, = self.listed()
        name = row["newest"]
        self.assertEqual((row["count"], row["resolved"]), (1, False))
        received = records.rows(self.site, "acute", "flow.rejected")[0][0]["received"]
        # the map is as it was
        out = self.retry(name, code=1)
        self.assertIn(f"{name}: stays: 101 at PV1-20", out)
        self.assertEqual((self.audited(), self.markers()), ([(name, "", True)], []))
        self.assertEqual([r["newest"] for r in self.listed()], [name])
        # mended
        self.mend()
        self.assertEqual(self.retry(name, "--reason", "ticket 4711"), f"{name}: resolved, 1 event\n")
        event = kit.wait_until(lambda: [r["event"] for r in consumer.accepted()], 15, "it is delivered")[0]
        self.assertEqual(event["id"], self.event_id(admit("one")))
        self.assertEqual(datetime.datetime.fromisoformat(event["recordedtime"].replace("Z", "+00:00")),
                         datetime.datetime.fromisoformat(received.replace("Z", "+00:00")))
        (head, kept), = records.rows(self.site, "acute", "flow.messages")
        self.assertEqual((kept, head["received"], head["verdict"]), (admit("one"), received, "events"))
        self.assertEqual(self.audited()[1:], [(name, "ticket 4711", True)])
        marker, = self.markers()
        self.assertEqual((marker["of"], marker["source"], marker["events"]), (name, "test-pas", "1"))
        self.assertEqual(self.site.adapter().metric("weir_rejected_retried_total", result="resolved"), 1)
        self.assertEqual(self.site.adapter().metric("weir_messages_rejected_total"), 1)
        # what is shown of it
        self.assertEqual(self.listed(), [])
        self.assertIn("nothing is left", self.site.weir("rejected", "list").stdout)
        self.assertEqual([(r["newest"], r["resolved"]) for r in self.listed("--all")], [(name, True)])
        self.assertIn("(resolved)", self.site.weir("rejected", "list", "--all").stdout)
        self.assertRegex(self.site.weir("rejected", "show", name).stdout,
                         rf"\nresolved  20\S+Z by {marker['by']}, events: 1\n")
        # once more
        self.assertRegex(self.retry(name), rf"^{name}: resolved already, by {marker['by']} at 20\S+Z\n$")
        self.assertEqual(self.retry("--source", "test-pas"), "acute: 0 resolved (0 events), 0 stay\n")
        self.assertEqual(len(self.markers()), 1)
        # the sender does so, too
        self.assertEqual([client.ask(admit(c, n))[0] for c, n in (("one", 1), ("two", 2))], ["AA", "AA"])
        kit.wait_until(lambda: len(consumer.accepted()) > 1, 15, "the next one is delivered")
        self.assertEqual([r["event"]["data"]["origin"]["control_id"] for r in consumer.accepted()], ["one", "two"])

    def test_what_is_not_whole(self):
        """Of a frame over the limit, and of a message whose events are too many, the head is kept."""
        del self.source["overlays"]
        self.source["mllp"]["frame_max"] = "256KiB"
        self.site.start()
        client = self.client()
        self.assertEqual(client.ask(admit("long") + b"NTE|1||" + b"n" * 300000 + b"\r")[0], "AR")
        pairs = "".join(f"PID|1||A{n}^^^RZZ^MR\rMRG|B{n}^^^RZZ^MR\r" for n in range(300))
        merge = b"MSH|^~\\&|A|B|||20260302||ADT^A40|%s|P|2.4\r" + pairs.encode()
        self.assertEqual(client.ask(merge % b"many")[0], "AE")
        self.assertEqual(client.ask(merge % b"more" + b"NTE|1||" + b"n" * 70000 + b"\r")[0], "AE")
        frame, many, more = "acute/0", "acute/1", "acute/2"
        self.source["mllp"]["frame_max"] = "1MiB"
        self.site.write_config()
        self.site.weir("reload")
        self.assertRegex(self.retry(frame, code=1), f"^{frame}: stays: only 65536 of its 300... bytes were kept: have its sender send it "
                                                    "again, once sources.test-pas.mllp.frame_max is larger\n$")
        self.assertEqual(self.retry(many, code=1), f"{many}: stays: more than 256 events in one message\n")
        self.assertRegex(self.retry(more, code=1), f"^{more}: stays: only 65536 of its .* in smaller messages\n$")
        out = self.retry("--all", code=1)
        self.assertIn("acute: 0 resolved (0 events), 3 stay\n", out)
        for name in (frame, many, more):
            self.assertIn(f"\n  {name}: stays: ", out)
        self.assertEqual(self.markers(), [])
        self.assertEqual(self.site.adapter().metric("weir_rejected_retried_total", result="refused"), 6)

    def test_source_that_is_gone(self):
        second = self.site.config["sources"]["second"] = copy.deepcopy(self.source)
        second["mllp"]["listen"] = f"127.0.0.1:{kit.free_port()}"
        self.site.start()
        self.assertEqual(self.client(int(second["mllp"]["listen"].split(":")[1])).ask(admit("b"))[0], "AE")
        self.assertEqual(self.client().ask(admit("a", 2))[0], "AE")
        del self.site.config["sources"]["second"]
        self.mend()
        out = self.retry("acute/0", code=65)
        self.assertIn("source 'second' is not in the configuration", out)
        self.assertIn("source 'second' is not in the configuration", self.retry("--source", "second", code=65))
        out = self.retry("--all", code=1)
        self.assertIn("acute: 1 resolved (1 event), 0 stay\n", out)
        self.assertIn("1 of sources that are no longer in the configuration stay", out)
        self.site.config["sources"]["second"] = second
        del second["overlays"]
        self.mend()
        self.assertEqual(self.retry("acute/0"), "acute/0: resolved, 1 event\n")
        self.assertEqual([h["of"] for h in self.markers()], ["acute/1", "acute/0"])

    def test_what_is_not_there(self):
        self.site.start()
        self.assertEqual(self.client().ask(admit("a"))[0], "AE")
        self.mend()
        self.retry("acute/0")
        for argv, code, words in ((["acute"], 65, "no name of a rejected message"), (["acute/x"], 65, "no name"),
                                  (["acute/99"], 65, "no rejected message 'acute/99'"),
                                  (["acute/1"], 65, "no rejected message 'acute/1'"),  # what resolved the first
                                  (["elsewhere/1"], 65, "elsewhere"), (["--source", "none"], 65, "source 'none'"), ([], 64, "wanted"),
                                  (["acute/0", "--all"], 64, "wanted"), (["acute/0", "acute/1"], 64, "nothing more")):
            self.assertIn(words, self.retry(*argv, code=code))
        self.assertEqual(len(self.audited()), 1)
        self.site.adapter().stop()
        self.assertIn("acute.sock", self.retry("acute/0", code=75))

    # ---- many ----

    def begin_retry(self):
        argv = [kit.program("weir"), "rejected", "retry", "--source", "test-pas", "--config", self.site.config_path]
        popen = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(popen.stdout.close)
        self.addCleanup(popen.wait)
        kit.wait_until(lambda: self.resolved() or popen.poll() is not None, 60, "the first ones are resolved")
        return popen

    def resolved(self):
        return int(self.site.adapter().metric("weir_rejected_retried_total", result="resolved") or 0)

    def check_in_step(self, under_way=0):
        """Each refusal that is resolved has its event; of the others at most those that were under way."""
        names = [h["of"] for h in self.markers()]
        events = [h["ce_id"] for h, _ in records.rows(self.site, "acute", "flow.reported")]
        self.assertEqual(len(set(names)), len(names))
        self.assertIn(len(set(events)) - len(names), range(under_way + 1))
        left = sum(r["count"] for r in self.listed())
        self.assertEqual(left, MANY - len(names))
        return left

    def test_thousands_ended_and_killed_midway(self):
        consumer = self.site.path("all.ndjson")
        self.site.config["consumers"]["file"] = kit.file_consumer(consumer)
        adapter = self.site.start().adapter()
        adapter.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        client = self.client()
        for at in range(0, MANY, 50):
            client.send(*(admit(f"m{n}", n, PAD) for n in range(at, at + 50)))
            for _ in range(50):
                self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "AE")
        self.mend()
        # SIGTERM: what is under way ends, and the asker is told
        popen = self.begin_retry()
        self.assertEqual(adapter.stop(), 0)
        self.assertIn("ended early: the adapter ends", popen.stdout.read())
        self.assertEqual(popen.wait(), 1)
        left = self.check_in_step()
        self.assertTrue(0 < left < MANY, left)
        # kill -9
        self.site.start("acute")
        popen = self.begin_retry()
        adapter.kill()
        self.assertIn("no answer", popen.stdout.read())
        killed = self.check_in_step(UNDER_WAY)
        self.assertTrue(0 < killed < left, killed)
        # the rest, while others send; one request at a time; no more memory than for a few
        self.site.start("acute")
        before = adapter.rss()
        popen = self.begin_retry()
        self.assertIn("another retry is under way", self.retry("--all", code=75))
        client = self.client()
        for n in range(MANY, MANY + 200):
            self.assertEqual(client.ask(admit(f"m{n}", n))[0], "AA")
        self.assertLess(adapter.rss() - before, 32 * MIB)
        out = popen.stdout.read()
        self.assertEqual((popen.wait(), out), (0, f"acute: {killed} resolved ({killed} events), 0 stay\n"))
        self.assertEqual(self.listed(), [])
        self.assertEqual(len(self.audited()), 3)
        self.assertEqual(len(records.rows(self.site, "acute", "flow.rejected")), 2 * MANY)
        file = kit.Ndjson(consumer, lambda e: e["data"]["origin"]["control_id"])
        kit.wait_until(lambda: len(file.update()) >= MANY + 200, 60, "all are delivered")
        self.assertEqual(sorted(file.update()), sorted(f"m{n}" for n in range(MANY + 200)))


if __name__ == "__main__":
    unittest.main()
