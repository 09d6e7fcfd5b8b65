"""What one connection can make the adapter hold: an endless frame and messages of far too many parts leave it as large as it was.

Measured on a release build: sanitizers keep what was freed.
"""
import os
import unittest

import kit
import mllp
from test_adapter import admit

MIB = 1 << 20
kit.BUILD = os.environ.get("WEIR_RELEASE", kit.BUILD)


def sanitized():
    with open(kit.program("weir-adapter"), "rb") as f:
        return b"__asan_init" in f.read()


@unittest.skipIf(sanitized(), "needs a plain build in WEIR_RELEASE")
class MemoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site()
        cls.addClassCleanup(cls.site.close)
        cls.site.config["sources"]["test-pas"]["mllp"].update({"frame_max": "8MiB", "frame_time": "60s"})
        cls.site.start("acute")
        cls.adapter = cls.site.adapter()

    def client(self):
        client = mllp.Client("127.0.0.1", self.site.port, timeout=60)
        self.addCleanup(client.close)
        return client

    def test_endless_frame(self):
        """Rows 8 and 38: 200 MB without an end."""
        client = self.client()
        self.assertEqual(client.ask(admit("before"))[0], "AA")
        before = self.adapter.rss()
        client.send_raw(b"\x0b" + admit("endless"))
        chunk = b"x" * MIB
        most = 0
        for _ in range(200):
            client.send_raw(chunk)
            most = max(most, self.adapter.rss())
        self.assertLess(most - before, 16 * MIB)
        client.send_raw(b"\x1c\r")
        answer = client.receive()
        self.assertEqual((mllp.field(answer, b"MSA", 1), mllp.field(answer, b"MSA", 2)), ("AR", "endless"))
        self.assertLess(self.adapter.rss() - before, 4 * MIB)
        self.assertEqual(client.ask(admit("after"))[0], "AA")

    def test_far_too_many_parts(self):
        """Row 38."""
        message = admit("many")
        client = self.client()
        kinds = (b"OBX\r" * MIB, b"OBX" + b"|" * (2 * MIB) + b"\r", b"NTE|1||" + b"~" * MIB + b"\r",
                 b"NTE|1||" + b"n" * MIB + b"\r", b"NTE|1||" + b"\0" * MIB + b"\r")
        ids = message.replace(b"^^^RZZ^MR", b"^^^RZZ^MR" + b"~X^^^A^B" * (MIB // 2), 1)
        name = message.replace(b"||BELLO", b"||B" + b"\\T\\" * MIB, 1)
        self.assertNotIn(message, (ids, name))
        cases = [message + kind for kind in kinds] + [ids, name]
        for data in cases:
            self.assertIn(client.ask(data)[0], ("AA", "AE"))
        before = self.adapter.rss()
        for _ in range(5):
            for data in cases:
                client.ask(data)
        self.assertLess(self.adapter.rss() - before, 4 * MIB)


@unittest.skipIf(sanitized(), "needs a plain build in WEIR_RELEASE")
class LargeTest(unittest.TestCase):
    """Rows 35 and 38: what is large is taken whole and costs little more than its bytes."""

    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site()
        cls.addClassCleanup(cls.site.close)
        cls.site.config["message_arena"] = "256MiB"
        cls.site.config["stream"].update({"record_max": "80MiB"})
        cls.site.config["sources"]["test-pas"]["mllp"].update({"frame_max": "64MiB", "frame_time": "60s"})
        cls.site.start("acute")
        cls.adapter = cls.site.adapter()

    def cost(self, message):
        """What asking took at its peak, in bytes."""
        with mllp.Client("127.0.0.1", self.site.port, timeout=60) as client:
            client.ask(admit("before"))
            before = self.adapter.rss()
            self.adapter.forget_peak()
            code, control_id, answer = client.ask(message)
            self.assertEqual((code, control_id), ("AA", mllp.field(message, b"MSH", 10)), answer)
            return self.adapter.peak() - before

    def test_ten_megabytes_in_one_field(self):
        """Less than three times its bytes; a second one is no dearer, and what was taken is given back."""
        value = b"OBX|1|ED|PDF||^AP^^Base64^" + b"QUJD" * (10_000_000 // 4) + b"||||||F\r"
        before = self.adapter.rss()
        for i in range(3):
            message = admit(f"large{i}") + value
            self.assertLess(self.cost(message), 3 * len(message))
        self.assertLess(self.adapter.rss() - before, 4 * MIB)

    def test_fifty_megabytes(self):
        message = admit("fifty") + b"".join(b"OBX|%d|ED|PDF||^AP^^Base64^%s||||||F\r" % (i, b"QUJD" * 250_000) for i in range(50))
        self.assertLess(self.cost(message), 3 * len(message))

    def test_a_million_segments(self):
        """Its index costs 48 bytes a segment and 16 a field; the next message gives it back."""
        message = admit("million") + b"".join(b"OBX|%d|NM|HR||72\r" % i for i in range(1_000_000))
        before = self.adapter.rss()
        self.assertLess(self.cost(message), 3 * len(message) + 128 * MIB)
        self.cost(admit("after"))
        self.assertLess(self.adapter.rss() - before, 4 * MIB)


if __name__ == "__main__":
    unittest.main()
