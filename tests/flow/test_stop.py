"""An adapter that is told to end while the stream does not settle: nobody is told that something is durable which is not, and nothing
that is still under way touches what was freed (run under sanitizers)."""
import json
import os
import select
import signal
import socket
import unittest

import kit
import mllp
import records
from door_site import DoorSite, read_all, status_of
from test_adapter import admit


class StopTest(unittest.TestCase):
    def ended(self, site, adapter, *verbs):
        """Tells it twice to end; it is gone from the control socket then, and waits for the stream."""
        adapter.popen.send_signal(signal.SIGTERM)
        kit.wait_until(lambda: "process.drain" in adapter.log(), 20, "it drains")
        adapter.popen.send_signal(signal.SIGTERM)
        kit.wait_until(lambda: not os.path.exists(self.control(site)), 20, "it stops")
        for verb in verbs:
            verb.close()

    def control(self, site):
        return os.path.join(site.data, "run", "acute.sock")

    def begun(self, site, do, **more):
        """A verb of the control socket that was asked for, unanswered."""
        verb = socket.socket(socket.AF_UNIX)
        verb.settimeout(20 * kit.SLOWER)
        verb.connect(self.control(site))
        verb.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
        return verb

    def told(self, site, do, **more):
        with self.begun(site, do, **more) as verb, verb.makefile(encoding="utf-8") as lines:
            return json.loads(lines.readline())

    def listens(self, site):
        status = next(row["status"] for row in map(json.loads, site.weir("status", "--json", check=False).stdout.splitlines())
                      if row["process"] == "acute")
        return {source["source"]: source["listen"] for source in status["sources"]}

    def asked(self, site):
        """Requests to each door and a message over MLLP, unanswered; a batch of FHIR among them."""
        lines = []
        for door in site.doors.values():
            for n in range(3):
                lines.append(door.dial(60))
                lines[-1].sendall(door.request(n))
        client = mllp.Client("127.0.0.1", site.port, timeout=60)
        client.send_raw(b"\x0b" + admit("S-1", 1) + b"\x1c\r\x0b" + admit("S-2", 2) + b"\x1c\r")
        return lines, client

    def test_a_stream_that_does_not_settle(self):
        """Told twice to end, it gives up after two seconds; then its file is free again."""
        site = DoorSite()
        self.addCleanup(site.close)
        site.config["sources"]["hl7"]["mllp"] = {"listen": f"127.0.0.1:{site.port}", "allow": ["127.0.0.1"]}
        site.start("acute")
        adapter = site.adapter()
        with records.held(site, "acute"):
            lines, client = self.asked(site)
            kit.wait_until(lambda: adapter.metric("weir_messages_received_total") == 11, 20, "all is taken")
            adapter.popen.send_signal(signal.SIGTERM)
            kit.wait_until(lambda: "process.drain" in adapter.log(), 20, "it drains")
            adapter.popen.send_signal(signal.SIGTERM)
            kit.wait_until(lambda: "adapter.stopped" in adapter.log(), 20, "it gives up")
            self.assertIn("messages=11 were not yet durable", adapter.log())
        self.assertEqual(adapter.popen.wait(60 * kit.SLOWER), 0, adapter.log()[-4000:])
        good = 0
        for line in lines:
            good += status_of(read_all(line)) in (200, 201, 204)
            line.close()
        client.close()
        self.assertLessEqual(good, len(records.rows(site, "acute", "flow.messages")))

    def test_status_while_it_drains(self):
        """Each source says where it listens, or did before the drain."""
        site = DoorSite()
        self.addCleanup(site.close)
        site.start("acute")
        adapter = site.adapter()
        where = {kind: f"127.0.0.1:{door.port}" for kind, door in site.doors.items()}
        self.assertEqual(self.listens(site), where)
        with records.held(site, "acute"):
            door = site.doors["json"]
            with door.dial(60) as line:
                line.sendall(door.request())
                kit.wait_until(lambda: adapter.metric("weir_messages_received_total") == 1, 20, "it is taken")
                adapter.popen.send_signal(signal.SIGTERM)
                kit.wait_until(lambda: "process.drain" in adapter.log(), 20, "it drains")
                self.assertEqual(self.listens(site), where)
        self.assertEqual(adapter.popen.wait(60 * kit.SLOWER), 0, adapter.log()[-4000:])

    def test_a_retry_that_is_not_recorded(self):
        site = kit.Site()
        self.addCleanup(site.close)
        source = site.config["sources"]["test-pas"]
        source["overlays"] = [site.write("strict.yaml", "triggers:\n  A01:\n    require: [PV1-20]\n")]
        site.start("acute")
        adapter = site.adapter()
        client = mllp.Client("127.0.0.1", site.port, timeout=60)
        self.assertEqual(client.ask(admit("R-1", 1))[0], "AE")
        client.close()
        refused, = map(json.loads, site.weir("rejected", "list", "--json").stdout.splitlines())
        with records.held(site, "acute"):
            retry = self.begun(site, "rejected.retry", name=refused["newest"])
            kit.wait_until(lambda: "under way" in self.told(site, "rejected.retry", name=refused["newest"]).get("error", ""), 20, "it is looked for")
            self.ended(site, adapter, retry)
            kit.wait_until(lambda: "adapter.stopped" in adapter.log(), 20, "it gives up")
        self.assertEqual(adapter.popen.wait(60 * kit.SLOWER), 0, adapter.log()[-4000:])

    def test_a_stream_that_settles_late(self):
        """What becomes durable in the last moment is answered; who asked for something over the control socket has gone by then."""
        site = kit.Site()
        self.addCleanup(site.close)
        site.start("acute")
        adapter = site.adapter()
        client = mllp.Client("127.0.0.1", site.port, timeout=60)
        with records.held(site, "acute"):
            verbs = [self.begun(site, "pause", kind="source", name="test-pas"),
                     self.begun(site, "frames", source="test-pas", reveal="yes"),
                     self.begun(site, "retranslate", source="test-pas", since="2026-01-01T00:00:00Z")]
            client.send_raw(b"\x0b" + admit("S-1", 1) + b"\x1c\r")
            kit.wait_until(lambda: adapter.metric("weir_messages_received_total") == 1, 20, "it is taken")
            self.assertTrue(self.told(site, "status")["ok"])
            self.assertEqual(select.select(verbs, [], [], 0)[0], [], "all wait for their audit records")
            self.ended(site, adapter, *verbs)
        self.assertEqual(adapter.popen.wait(60 * kit.SLOWER), 0, adapter.log()[-4000:])
        if "adapter.stopped" in adapter.log():
            self.skipTest("this machine was held up for the two seconds that it waits")
        self.assertIn(b"|S-1", client.receive())
        client.close()


if __name__ == "__main__":
    unittest.main()
