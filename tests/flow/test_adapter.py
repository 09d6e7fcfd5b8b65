"""MLLP as it comes: split and joined, wrong and endless, over many connections."""
import datetime
import json
import socket
import subprocess
import threading
import unittest

import feed as feeds
import kit
import mllp
import people

WHEN = datetime.datetime(2026, 3, 2, 9, 30)


def admit(control_id, n=1, **more):
    person = people.Person(n, people.nhs_numbers(1, n)[0], f"M{n:05d}")
    return people.message("A01", "ADT_A01", control_id, WHEN, person, visit=f"V{n}", admitted=WHEN,
                          **more)


class AdapterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = kit.Site()
        cls.addClassCleanup(cls.site.close)
        cls.site.config["sources"]["test-pas"]["mllp"].update(
            {"frame_max": "256KiB", "frame_time": "1s", "connections": 40, "pipeline": 8})
        cls.site.config["consumers"]["file"] = kit.file_consumer(cls.site.path("all.ndjson"))
        cls.site.start()
        cls.file = kit.Ndjson(cls.site.path("all.ndjson"))

    def client(self, **more):
        client = mllp.Client("127.0.0.1", self.site.port, **more)
        self.addCleanup(client.close)
        return client

    def rejected(self):
        return [json.loads(line) for line in
                self.site.weir("rejected", "list", "--json").stdout.splitlines()]

    def delivered(self, control_id):
        return [e for e in self.file.update() if e["data"]["origin"]["control_id"] == control_id]

    def test_one_message(self):
        code, of, answer = self.client().ask(admit("one"))
        self.assertEqual((code, of), ("AA", "one"))
        self.assertEqual(mllp.field(answer, b"MSH", 9)[:3], "ACK")
        event = kit.wait_until(lambda: self.delivered("one"), 15, "it is delivered")[0]
        self.assertEqual(event["type"], "patient.admitted")
        self.assertEqual(event["time"], "2026-03-02T09:30:00+00:00")
        self.assertIn("recordedtime", event)  # CloudEvents row 7

    def test_byte_by_byte(self):
        """Row 1."""
        client = self.client()
        for byte in mllp.frame(admit("bytes")):
            client.send_raw(bytes([byte]))
        self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "bytes")

    def test_pipelined_answers_in_order(self):
        """More frames in one write than are read ahead. Rows 1 and 9."""
        client = self.client()
        names = [f"p{i}" for i in range(60)]
        client.send(*[admit(name) for name in names])
        self.assertEqual([mllp.field(client.receive(), b"MSA", 2) for _ in names], names)

    def test_same_message_twice(self):
        """Row 61."""
        client = self.client()
        answers = [client.ask(admit("twice"))[:2] for _ in range(2)]
        self.assertEqual(answers, [("AA", "twice")] * 2)
        client.ask(admit("twice-after"))
        kit.wait_until(lambda: self.delivered("twice-after"), 15, "what came after is delivered")
        self.assertEqual(len({e["id"] for e in self.delivered("twice")}), 1)

    def test_junk_between_frames(self):
        """Row 2."""
        client = self.client()
        client.send_raw(b"junk\r\n" + mllp.frame(admit("j1")) + b"\0\0more junk" + mllp.frame(admit("j2")))
        self.assertEqual([mllp.field(client.receive(), b"MSA", 2) for _ in "12"], ["j1", "j2"])

    def test_bad_messages_are_refused_and_kept_and_the_connection_lives(self):
        before = len(self.rejected())
        client = self.client()
        for name, data in (("not HL7", b"GET / HTTP/1.1\r\n\r\n"),
                           ("no MSH-9", b"MSH|^~\\&|A|RZZ|||20260302||\x7c\x7cb1|P|2.4\rPID|1\r"),
                           ("binary", bytes(range(14, 255)))):
            with self.subTest(name):
                client.send(data)
                self.assertIn(mllp.field(client.receive(), b"MSA", 1), ("AR", "AE"))
        self.assertEqual(client.ask(admit("after-bad"))[0], "AA")
        self.assertGreaterEqual(len(self.rejected()), before + 1)

    def test_too_large_a_frame(self):
        client = self.client()
        large = admit("large") + b"NTE|1||" + b"x" * (300 * 1024) + b"\r"
        try:
            client.send(large)
            answer = client.receive()
            self.assertIn(mllp.field(answer, b"MSA", 1), ("AR", "AE"))
        except ConnectionError:
            pass  # the answer may be lost when the peer closes on unread bytes
        rows = kit.wait_until(lambda: [r for r in self.rejected() if r.get("kind") == "frame"], 10,
                              "the frame is kept in flow.rejected")
        self.assertTrue(rows)
        self.assertEqual(self.client().ask(admit("after-large"))[0], "AA")

    def test_frame_without_end(self):
        """Trouble of one connection is nobody else's. Row 13."""
        endless, other = self.client(), self.client()
        endless.send_raw(b"\x0b" + admit("endless"))
        self.assertEqual(other.ask(admit("other"))[0], "AA")
        self.assertTrue(endless.closed_by_peer())
        self.assertEqual(other.ask(admit("other-2"))[0], "AA")

    def test_more_connections_than_allowed(self):
        held = []
        for _ in range(40):
            try:
                held.append(self.client())
            except OSError:
                break
        late = [self.client(timeout=3) for _ in range(5)]
        refused = 0
        for client in late:
            try:
                client.ask(admit("too-many"))
            except OSError:
                refused += 1
        self.assertEqual(refused, 5)
        self.assertEqual(held[0].ask(admit("held"))[0], "AA")
        for client in held:
            client.close()
        kit.wait_until(self.answers, 10, "there is room again")

    def answers(self):
        try:
            with mllp.Client("127.0.0.1", self.site.port, timeout=3) as client:
                return client.ask(admit("room"))[0] == "AA"
        except OSError:
            return False

    def test_sender_that_reads_no_answers(self):
        deaf = self.client(timeout=2)
        deaf.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sent = threading.Event()

        def shout():
            try:
                for i in range(20000):
                    deaf.send(admit(f"deaf{i % 10}"))
            except OSError:
                pass
            sent.set()

        threading.Thread(target=shout, daemon=True).start()
        other = self.client()
        for i in range(50):
            self.assertEqual(other.ask(admit(f"hears{i}"))[0], "AA")
        deaf.close()
        sent.wait(30)

    def test_an_address_that_is_not_allowed(self):
        site = kit.Site()
        self.addCleanup(site.close)
        site.config["sources"]["test-pas"]["mllp"]["allow"] = ["192.0.2.1"]
        site.start("acute")
        with self.assertRaises(OSError):
            with mllp.Client("127.0.0.1", site.port, timeout=5) as client:
                client.ask(admit("stranger"))
        self.assertTrue(site.adapter().running())

    def test_second_instance_refuses(self):
        for process in (self.site.adapter(), self.site.broker()):
            done = subprocess.run(process.argv, capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn(str(process.popen.pid), done.stderr + done.stdout)

    def test_sigterm_answers_what_was_taken(self):
        site = kit.Site()
        self.addCleanup(site.close)
        site.config["consumers"]["file"] = kit.file_consumer(site.path("all.ndjson"))
        site.start()
        feed = feeds.Feed(site.port, feeds.plan("s", 100, 6, 4), window=16).start()
        kit.wait_until(lambda: feed.acknowledged() > 50, 20, "some are acknowledged")
        self.assertEqual(site.adapter().stop(), 0)
        site.start("acute")
        kit.wait_until(feed.done, 60, "the feed ends")
        self.assertEqual(feed.acknowledged(), feed.count)


if __name__ == "__main__":
    unittest.main()
