"""An adapter that is told to end while the stream does not settle: nobody is told that something is durable which is not, and nothing
that is still under way touches what was freed (run under sanitizers)."""
import contextlib
import os
import signal
import sqlite3
import unittest

import kit
import mllp
import records
from door_site import DoorSite, read_all, status_of
from test_adapter import admit


class StopTest(unittest.TestCase):
    @contextlib.contextmanager
    def held(self, site):
        """Another process has the adapter's file of the stream for itself."""
        line = sqlite3.connect(os.path.join(site.data, "acute.db"), isolation_level=None)
        line.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            line.rollback()
            line.close()

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
        with self.held(site):
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


if __name__ == "__main__":
    unittest.main()
