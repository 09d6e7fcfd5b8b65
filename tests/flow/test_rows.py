"""Rows of docs/conformance.md that need a connection: what a tolerant receiver does with odd frames and contents."""
import os
import threading
import time
import unittest

import kit
import mllp
import records
from test_adapter import admit

LIMIT = 256 * 1024


class RowsTest(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.mllp = self.site.config["sources"]["test-pas"]["mllp"]

    def start(self, *names, **mllp_options):
        self.mllp.update(mllp_options)
        self.site.start(*(names or ("acute",)))
        return self.site.adapter()

    def client(self, **more):
        client = mllp.Client("127.0.0.1", self.site.port, **more)
        self.addCleanup(client.close)
        return client

    def messages(self):
        return [value for _, value in records.rows(self.site, "acute", "flow.messages")]

    def rejected(self):
        return records.rows(self.site, "acute", "flow.rejected")

    def odd(self, what):
        return self.site.adapter().metric("weir_messages_odd_total", what=what) or 0

    def test_junk_is_counted(self):
        """Row 2."""
        adapter = self.start()
        client = self.client()
        client.send_raw(b"12345" + mllp.frame(admit("a")) + b"678" + mllp.frame(admit("b")))
        self.assertEqual([mllp.field(client.receive(), b"MSA", 2) for _ in "ab"], ["a", "b"])
        self.assertEqual(adapter.metric("weir_intake_junk_bytes_total"), 8)

    def test_lone_end_of_block_is_data(self):
        """Row 3."""
        self.start()
        message = admit("fs").replace(b"EVN|", b"ZZZ|a\x1cb\x1c\x1cc\rEVN|")
        self.assertEqual(self.client().ask(message)[0], "AA")
        self.assertEqual(self.messages(), [message])

    def test_end_of_block_without_cr(self):
        """Row 4."""
        self.start(require_end_cr=False)
        client = self.client()
        one, two = (b"\x0b" + admit(n) + b"\x1c" for n in ("one", "two"))
        client.send_raw(one + two)
        self.assertEqual([mllp.field(client.receive(), b"MSA", 2) for _ in "12"], ["one", "two"])

    def test_end_of_block_without_cr_where_it_is_required(self):
        """Row 4."""
        self.start(frame_time="500ms")
        client = self.client()
        client.send_raw(b"\x0b" + admit("waits") + b"\x1c")
        self.assertTrue(client.closed_by_peer())
        self.assertEqual(self.messages(), [])

    def test_another_start_within_a_frame(self):
        """Row 5."""
        adapter = self.start()
        client = self.client()
        part = admit("part")[:60]
        client.send_raw(b"\x0b" + part + mllp.frame(admit("whole")))
        self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "whole")
        self.assertEqual(self.messages(), [admit("whole")])
        self.assertEqual(adapter.metric("weir_intake_frames_dropped_total", reason="restart"), 1)
        self.assertIn(f"frame.dropped source=test-pas why=restart bytes={len(part)} ", adapter.log())

    def test_end_of_stream_within_a_frame(self):
        """Row 6."""
        adapter = self.start()
        client = self.client()
        client.send_raw(b"\x0b" + admit("cut")[:70])
        client.close()
        kit.wait_until(lambda: adapter.metric("weir_intake_frames_dropped_total", reason="cut") == 1, 10,
                       "it is counted")
        self.assertIn("why=cut bytes=70 ", adapter.log())
        self.assertEqual((self.messages(), self.rejected()), ([], []))

    def test_timeout_within_a_frame(self):
        """Rows 6 and 13."""
        adapter = self.start(frame_time="300ms")
        client = self.client()
        client.send_raw(b"\x0b" + admit("slow")[:70])
        self.assertTrue(client.closed_by_peer())
        self.assertEqual(adapter.metric("weir_intake_frames_dropped_total", reason="slow"), 1)
        self.assertIn("why=slow bytes=70 ", adapter.log())

    def test_empty_block(self):
        """Row 7."""
        self.start()
        client = self.client()
        client.send(b"", admit("behind"))
        self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "behind")
        self.assertEqual((len(self.messages()), self.rejected()), (1, []))

    def padded(self, control_id, size):
        message = admit(control_id) + b"NTE|1||"
        return message + b"x" * (size - len(message) - 1) + b"\r"

    def test_limit_and_limit_plus_one(self):
        """Row 8."""
        self.start(frame_max="256KiB")
        client = self.client()
        self.assertEqual(client.ask(self.padded("fits", LIMIT))[0], "AA")
        code, of, answer = client.ask(self.padded("over", LIMIT + 1))
        self.assertEqual((code, of), ("AR", "over"))
        self.assertIn(b"104", answer)
        self.assertEqual(client.ask(admit("after"))[0], "AA")
        (head, kept), = self.rejected()
        self.assertEqual((head["kind"], head["length"], len(kept)), ("frame", str(LIMIT + 1), 64 * 1024))
        self.assertEqual([len(m) for m in self.messages()], [LIMIT, len(admit("after"))])

    def test_endless_frame_is_answered_and_closed(self):
        """Rows 8 and 13."""
        self.start(frame_max="256KiB", frame_time="700ms")
        client = self.client()
        client.send_raw(b"\x0b" + self.padded("endless", LIMIT + 1000))
        self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "AR")
        self.assertTrue(client.closed_by_peer())
        (head, _), = self.rejected()
        self.assertEqual((head["kind"], head["length"]), ("frame", str(LIMIT + 1000)))

    def test_idle_connection(self):
        """Row 13."""
        adapter = self.start(idle_time="1s")
        idle, busy = self.client(), self.client()
        self.assertEqual(idle.ask(admit("i"))[0], "AA")
        closed = threading.Event()
        threading.Thread(target=lambda: idle.closed_by_peer() and closed.set(), daemon=True).start()
        began = time.monotonic()
        while not closed.is_set():
            self.assertEqual(busy.ask(admit("b"))[0], "AA")
            self.assertLess(time.monotonic() - began, 15 * kit.SLOWER)
            closed.wait(0.1)
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assertEqual(busy.ask(admit("b"))[0], "AA")
        self.assertEqual(adapter.metric("weir_intake_connections"), 1)

    def test_peer_that_is_gone_without_a_word(self):
        """Row 13: probed after a minute, not after the system's two hours."""
        self.start()
        self.assertEqual(self.client().ask(admit("here"))[0], "AA")
        local = f"0100007F:{self.site.port:04X}"

        def probe():
            with open("/proc/net/tcp", encoding="ascii") as f:
                rows = [line.split() for line in f]
            found = [r[5].split(":") for r in rows if r[1] == local and r[3] == "01"]
            return found and found[0][0] == "02" and int(found[0][1], 16) / os.sysconf("SC_CLK_TCK")

        self.assertLessEqual(kit.wait_until(probe, 10, "the keep-alive timer runs"), 60)

    def test_odd_structure_is_borne_and_counted(self):
        """Rows 10, 18, 19, 33 and 37."""
        self.start()
        client = self.client()
        message = admit("odd")
        lines = message.rstrip(b"\r").split(b"\r")
        at = {line[:3]: line for line in lines}
        for what, data in (("segment_end", message.replace(b"\r", b"\n")),
                           ("segment_end", message.replace(b"\r", b"\r\n")),
                           ("short_delimiters", message.replace(b"MSH|^~\\&|", b"MSH|^~|")),
                           ("leading_bytes", b"\xef\xbb\xbf\r\n " + message),
                           ("segment_id", message + b"zzz|1\r"),
                           ("segment_order", b"\r".join([at[b"MSH"], at[b"PV1"], at[b"PID"], at[b"EVN"]]) + b"\r")):
            with self.subTest(what):
                before = self.odd(what)
                code, of, answer = client.ask(data)
                self.assertEqual((code, of), ("AA", "odd"))
                self.assertNotIn(b"\n", answer)
                self.assertEqual(self.odd(what), before + 1)
                self.assertEqual(self.messages()[-1], data)
        self.assertEqual(len({h["ce_type"] for h, _ in records.rows(self.site, "acute", "flow.reported")}), 1)
        self.assertEqual(client.ask(message)[0], "AA")
        self.assertEqual(sum(self.odd(w) for w in ("segment_end", "segment_order")), 3)

    def test_what_is_large_or_many_is_bounded(self):
        """Rows 35 and 38: answered, and the connection lives."""
        adapter = self.start(frame_max="8MiB")
        client = self.client(timeout=60 * kit.SLOWER)
        message = admit("big")
        family = b"|" + message.split(b"\rPID|")[1].split(b"|")[4] + b"|"
        million = 1 << 20
        for what, data, code, number in (
                ("a field of 200 KB", message.replace(family, b"|" + b"N" * 200_000 + family[1:], 1), "AA", None),
                # Its event would be larger than any reader takes: refused, and kept, rather than lost behind an AA.
                ("a field of 1 MB", message.replace(family, b"|" + b"N" * million + family[1:], 1), "AE", b"104"),
                ("a field of 1 MB that no event holds", message + b"ZZZ|" + b"N" * million, "AA", None),
                # More than message_arena holds (64MiB): an index takes 48 bytes a segment, 16 a field.
                ("segments without end", message + b"OBX\r" * million, "AE", b"104"),
                ("fields without end", message + b"OBX" + b"|" * (5 * million), "AE", b"104"),
                ("repetitions without end", message.replace(b"^^^RZZ^MR", b"^^^RZZ^MR" + b"~" * million, 1), "AA", None),
                ("repetitions of ids", message.replace(b"^^^RZZ^MR", b"^^^RZZ^MR" + b"~X^^^A^B" * (million // 2), 1), "AA", None),
                ("components without end", message.replace(family, b"|" + b"^" * million + family[1:], 1), "AA", None),
                ("NUL bytes", message.replace(family, b"|A\0B^\0|", 1) + b"\0" * million, "AA", None),
                ("nothing but NUL", b"\0" * million, "AR", b"100"),
                ("many fields", message + b"OBX" + b"|" * (2 * million), "AA", None)):
            with self.subTest(what):
                began = time.monotonic()
                got, _, answer = client.ask(data)
                self.assertEqual(got, code)
                if number:
                    self.assertIn(number, answer)
                self.assertLess(time.monotonic() - began, 20 * kit.SLOWER)
        self.assertTrue(adapter.running())
        self.assertEqual(client.ask(message)[0], "AA")
        reported = records.rows(self.site, "acute", "flow.reported")
        self.assertTrue(b"N" * 200_000 in reported[0][1], "the field is kept whole")
        self.assertTrue(b"ids_many" in reported[2][1], "too many ids are flagged")

    def test_bytes_that_are_no_text_are_kept(self):
        """Rows 45 and 48: the event says what stands for them, the message is kept as it was sent."""
        self.start()
        client = self.client()
        declared = admit("bytes").replace(b"BELLO", b"B\xe9LLO", 1)
        self.assertEqual(mllp.field(declared, b"MSH", 18), "UNICODE UTF-8")
        plain = declared.replace(b"UNICODE UTF-8\r", b"\r", 1)
        for message, family, doubt in ((plain, "B\u00e9LLO", b"charset_guessed:cp1252"), (declared, "B\ufffdLLO", b"charset_replaced")):
            self.assertEqual(client.ask(message)[0], "AA")
            self.assertEqual(self.messages()[-1], message)
            event = records.rows(self.site, "acute", "flow.reported")[-1][1]
            self.assertIn(family.encode(), event)
            self.assertIn(doubt, event)

    def test_control_id_used_again(self):
        """Row 62: other bytes are another message, and the later one says so; a repeat of either is a repeat."""
        self.site.config["consumers"]["file"] = kit.file_consumer(self.site.path("all.ndjson"))
        self.start("acute", "broker")
        client = self.client()
        for n in (1, 2, 1, 2):
            self.assertEqual(client.ask(admit("same", n))[:2], ("AA", "same"))
        self.assertEqual(client.ask(admit("after", 3))[0], "AA")
        self.assertEqual(len({h["ce_id"] for h, _ in records.rows(self.site, "acute", "flow.reported")}), 3)
        file = kit.Ndjson(self.site.path("all.ndjson"),
                          lambda e: (e["data"]["origin"]["control_id"], "control_id_reused" in e["data"].get("quality", [])))
        kit.wait_until(lambda: ("after", False) in file.update(), 15, "what came after is delivered")
        self.assertEqual(file.update(), [("same", False), ("same", True), ("after", False)])
        self.assertEqual(self.site.broker().metric("weir_control_ids_reused_total", source="test-pas"), 1)

    def test_repeats_at_the_same_moment(self):
        """Row 63: each is answered, one event comes of it."""
        self.site.config["consumers"]["file"] = kit.file_consumer(self.site.path("all.ndjson"))
        self.start("acute", "broker")
        clients = [self.client() for _ in range(8)]
        for client in clients:
            client.send(admit("twin"), admit("twin"))
        answers = [client.receive() for client in clients for _ in "12"]
        self.assertEqual({(mllp.field(a, b"MSA", 1), mllp.field(a, b"MSA", 2)) for a in answers}, {("AA", "twin")})
        self.assertEqual(clients[0].ask(admit("after", 2))[0], "AA")
        file = kit.Ndjson(self.site.path("all.ndjson"), lambda e: e["data"]["origin"]["control_id"])
        kit.wait_until(lambda: "after" in file.update(), 15, "what came after is delivered")
        self.assertEqual(file.update(), ["twin", "after"])


if __name__ == "__main__":
    unittest.main()
