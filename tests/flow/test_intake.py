"""The adapter alone: what it answers, what stands on the stream then, and what it is like to operate."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest

import kit
import mllp
import records
from test_adapter import admit


class IntakeTest(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.mllp = self.site.config["sources"]["test-pas"]["mllp"]

    def start(self, **mllp_options):
        self.mllp.update(mllp_options)
        self.site.start("acute")
        kit.wait_until(lambda: self.site.adapter().get("/ready")[0] == 200, 10, "it is ready")
        return self.site.adapter()

    def client(self, **more):
        client = mllp.Client("127.0.0.1", self.site.port, **more)
        self.addCleanup(client.close)
        return client

    def rows(self, topic):
        return records.rows(self.site, "acute", topic)

    def test_split_at_every_byte(self):
        """Row 1."""
        self.start()
        client = self.client()
        frame = mllp.frame(admit("split"))
        for cut in range(1, len(frame)):
            client.send_raw(frame[:cut])
            client.send_raw(frame[cut:])
            answer = client.receive()
            self.assertEqual(mllp.field(answer, b"MSA", 1), "AA", f"cut at {cut}")
        rows = self.rows("flow.messages")
        self.assertEqual(len(rows), len(frame) - 1)
        self.assertEqual({v for _, v in rows}, {admit("split")})
        self.assertEqual(len({h["ce_id"] for h, _ in self.rows("flow.reported")}), 1)

    def test_good_and_bad_in_one_write_are_answered_in_order(self):
        """Row 9."""
        self.start(pipeline=8)
        client = self.client()
        good = [admit(f"g{i}") for i in range(25)]
        bad = [admit(f"b{i}").replace(b"|P|2.", b"|P|3.") for i in range(25)]
        client.send(*[m for pair in zip(good, bad) for m in pair])
        answers = [client.receive() for _ in range(50)]
        self.assertEqual([mllp.field(a, b"MSA", 2) for a in answers],
                         [n for i in range(25) for n in (f"g{i}", f"b{i}")])
        codes = [mllp.field(a, b"MSA", 1) for a in answers]
        self.assertEqual(codes, ["AA", "AR"] * 25)
        rows = self.rows("flow.rejected")
        self.assertEqual([v for _, v in rows], bad)
        for head, value in rows:
            self.assertEqual((head["kind"], head["source"]), ("message", "test-pas"))
            self.assertEqual(int(head["length"]), len(value))
            self.assertEqual(json.loads(head["reasons"])[0]["code"], 203)

    def test_nothing_overtakes_what_is_put_off(self):
        """Row 9: behind "try later" nothing is taken of a sender that does not wait for its answers: it has to begin anew there."""
        self.site.config["stream"]["free_min"] = "100000000GiB"
        self.site.start("acute")
        client = self.client()  # as long as all wait they stay
        self.assertEqual([client.ask(admit(f"s{i}"))[:2] for i in range(4)], [("AR", f"s{i}") for i in range(4)])
        client = self.client()
        client.send(*[admit(f"p{i}") for i in range(4)])
        answer = client.receive()
        self.assertEqual((mllp.field(answer, b"MSA", 1), mllp.field(answer, b"MSA", 2)), ("AR", "p0"))
        with self.assertRaises(ConnectionError):
            client.receive()
        client = self.client()
        client.send_raw(mllp.frame(admit("half")) + mllp.frame(admit("begun"))[:50])
        self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "half")
        self.assertTrue(client.closed_by_peer())

    def test_refusals_carry_code_and_place(self):
        self.start()
        client = self.client()
        message = admit("nak")
        no_type = re.sub(rb"\|ADT\^A01[^|]*\|", b"||", message, count=1).replace(b"EVN|A01", b"EVN|")
        for name, data, code, number in (
                ("no MSH-9", no_type, "AR", ("101", "200", "201")),
                ("version 3", message.replace(b"|P|2.", b"|P|3."), "AR", ("203",)),
                ("no HL7", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "AR", ("100", "101")),
                ("delimiters twice", message.replace(b"MSH|^~\\&", b"MSH|^^\\&"), "AR", ("100", "102"))):
            with self.subTest(name):
                before = len(self.rows("flow.rejected"))
                client.send(data)
                answer = client.receive()
                self.assertEqual(mllp.field(answer, b"MSA", 1), code, answer)
                self.assertIn(b"ERR|", answer)
                self.assertTrue(any(n.encode() in answer for n in number), answer)
                self.assertNotIn(b"RETRY|", answer.replace(b"DO-NOT-RETRY", b""))
                rows = self.rows("flow.rejected")
                self.assertEqual(len(rows), before + 1)
                reasons = json.loads(rows[-1][0]["reasons"])
                self.assertIn(str(reasons[0]["code"]), number)
                self.assertTrue(reasons[0]["text"])
        self.assertEqual(client.ask(message)[0], "AA")

    def test_a_sender_that_speaks_no_mllp_is_told_of(self):
        """It gets no answer, so the log is the only place where somebody can find out; once per connection."""
        adapter = self.start()
        with socket.create_connection(("127.0.0.1", self.site.port)) as sock:
            sock.sendall(b"GET /?name=SAMPLE HTTP/1.1\r\n\r\n")
            kit.wait_until(lambda: "intake.no_mllp" in adapter.log(), 10, "a line in the log")
        self.assertNotIn("SAMPLE", adapter.log())
        before = adapter.log().count("intake.no_mllp")
        client = self.client()
        self.assertEqual(client.ask(admit("junk1"))[0], "AA")
        client.sock.sendall(b"\r\n\r\n")
        self.assertEqual(client.ask(admit("junk2"))[0], "AA")
        self.assertEqual(adapter.log().count("intake.no_mllp"), before, "blank lines between frames are no news")

    def test_unknown_trigger_is_kept_and_counted(self):
        """Row 29."""
        adapter = self.start()
        message = admit("odd").replace(b"ADT^A01^ADT_A01", b"ADT^A99^ADT_A99").replace(b"EVN|A01", b"EVN|A99")
        self.assertEqual(self.client().ask(message)[0], "AA")
        self.assertEqual([(h["verdict"], v) for h, v in self.rows("flow.messages")], [("unmapped", message)])
        self.assertEqual(self.rows("flow.reported"), [])
        self.assertEqual(adapter.metric("weir_messages_unmapped_total", trigger="A99"), 1)

    def test_frame_over_the_limit(self):
        """Row 8."""
        self.start(frame_max="256KiB")
        client = self.client()
        large = admit("large") + b"NTE|1||" + b"x" * (256 * 1024) + b"\r"
        client.send(large, admit("behind"))
        first, second = client.receive(), client.receive()
        self.assertEqual(mllp.field(first, b"MSA", 1), "AR")
        self.assertIn(b"104", first)
        self.assertEqual((mllp.field(second, b"MSA", 1), mllp.field(second, b"MSA", 2)), ("AA", "behind"))
        (head, kept), = self.rows("flow.rejected")
        self.assertEqual((head["kind"], int(head["length"])), ("frame", len(large)))
        self.assertEqual(kept, large[:64 * 1024])

    def test_events_larger_than_an_event_may_be(self):
        """What is acknowledged reaches the consumers: an event that no reader would take is refused."""
        path = self.site.path("all.ndjson")
        self.site.config["consumers"]["file"] = kit.file_consumer(path)
        self.start()
        self.site.start("broker")
        client = self.client()
        for control_id, size, want in (("large", 1_000_000, "AA"), ("larger", 1_046_000, "AE"),
                                       ("largest", 3_000_000, "AE"), ("behind", 10, "AA")):
            long = admit(control_id).replace(b"|BELLO^", b"|" + b"B" * size + b"^")
            self.assertGreater(len(long), size)
            self.assertEqual(client.ask(long)[0], want, control_id)
        self.assertEqual(len(self.rows("flow.rejected")), 2)
        kit.wait_until(lambda: [e["data"]["origin"]["control_id"] for e in kit.read_ndjson(path)]
                       == ["large", "behind"], 30, "both are delivered")

    def test_slow_and_cut_frames_disturb_nobody(self):
        """Rows 6 and 13."""
        adapter = self.start(frame_time="1s")
        slow, cut, other = self.client(), self.client(), self.client()
        cut.send_raw(b"\x0b" + admit("cut")[:50])
        cut.close()
        began = time.monotonic()
        try:
            for byte in b"\x0b" + admit("slow"):
                slow.send_raw(bytes([byte]))
                self.assertEqual(other.ask(admit("other"))[0], "AA")
                self.assertLess(time.monotonic() - began, 10 * kit.SLOWER)
                slow.sock.settimeout(0.05)
                try:
                    if slow.sock.recv(1) == b"":
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assertEqual({h["verdict"] for h, v in self.rows("flow.messages")}, {"events"})
        kit.wait_until(lambda: adapter.metric("weir_intake_connections") == 1, 10, "only one is left")

    def test_per_peer_limit(self):
        adapter = self.start(connections=100, per_peer=3)
        held = [self.client() for _ in range(3)]
        for client in held:
            self.assertEqual(client.ask(admit("held"))[0], "AA")
        self.assertTrue(self.client().closed_by_peer())
        self.assertEqual(adapter.metric("weir_intake_connections_refused_total", reason="too_many_of_peer"), 1)
        for _ in range(24):
            self.assertTrue(self.client().closed_by_peer())
        self.assertEqual(adapter.metric("weir_intake_connections_refused_total", reason="too_many_of_peer"), 25)
        self.assertIn(adapter.log().count("session.refused"), range(1, 15), "one a second is logged")
        held[0].close()
        kit.wait_until(lambda: adapter.metric("weir_intake_connections") == 2, 10, "a place is free")
        self.assertEqual(self.client().ask(admit("next"))[0], "AA")

    def test_kill_and_restart(self):
        """Row 64."""
        adapter = self.start()
        self.assertEqual(self.client().ask(admit("before"))[0], "AA")
        ids = [h["ce_id"] for h, _ in self.rows("flow.reported")]
        adapter.kill()
        self.start()
        self.assertEqual(self.client().ask(admit("before"))[0], "AA")
        self.assertEqual([h["ce_id"] for h, _ in self.rows("flow.reported")], ids * 2)

    def test_stop_answers_quickly_with_idle_senders(self):
        adapter = self.start()
        client = self.client()
        self.assertEqual(client.ask(admit("idle"))[0], "AA")
        began = time.monotonic()
        self.assertEqual(adapter.stop(), 0)
        self.assertLess(time.monotonic() - began, 5 * kit.SLOWER)
        self.assertTrue(client.closed_by_peer())
        self.assertFalse(os.path.exists(os.path.join(self.site.data, "run", "acute.http")))
        actions = [json.loads(v)["action"] for _, v in self.rows("flow.audit")]
        self.assertEqual(actions, ["process.start", "process.stop"])

    def test_a_port_in_use_ends_it_with_74(self):
        """What `weir run` gives up for after some tries."""
        with socket.create_server(("127.0.0.1", self.site.port)):
            self.site.write_config()
            adapter = self.site.adapter().start()
            self.assertEqual(adapter.popen.wait(20 * kit.SLOWER), 74)
        self.assertIn("in use", adapter.log())
        self.assertIn(str(self.site.port), adapter.log())

    def test_operators_see_it(self):
        adapter = self.start()
        self.client().ask(admit("seen"))
        self.assertEqual(adapter.get("/health"), (200, "ok\n"))
        self.assertEqual(json.loads(adapter.get("/version")[1])["name"], "acute")
        self.assertEqual(adapter.get("/else")[0], 404)
        self.assertGreater(adapter.metric("weir_source_last_message_timestamp_seconds"), time.time() - 60)
        self.assertEqual(adapter.metric("weir_messages_answered_total", code="AA"), 1)
        check = subprocess.run(["promtool", "check", "metrics"], input=adapter.get("/metrics")[1],
                               capture_output=True, text=True, check=False)
        self.assertEqual((check.returncode, check.stderr), (0, ""))
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.site.data, "run", "acute.sock"))
            s.sendall(b'{"do":"status"}\n')
            status = json.loads(s.makefile().readline())
        self.assertTrue(status["ok"] and status["ready"])
        self.assertEqual(status["pid"], adapter.popen.pid)
        self.assertEqual(os.stat(os.path.join(self.site.data, "run", "acute.sock")).st_mode & 0o777, 0o600)

    def test_a_bad_new_configuration_leaves_the_old_one_running(self):
        adapter = self.start()
        self.site.write("weir.yaml", "data: [not, a, folder]\n")
        adapter.popen.send_signal(signal.SIGHUP)
        kit.wait_until(lambda: "config.refused" in adapter.log(), 10, "it says so")
        self.assertRegex(adapter.log(), r"config\.refused .*weir\.yaml:1:\d+")
        self.assertEqual(self.client().ask(admit("old"))[0], "AA")

    def test_wrong_use_and_wrong_configuration(self):
        adapter = self.start()
        adapter.stop()
        for argv, code in (([], 64), (["../x"], 64), (["acute", "more"], 64), (["acute", "--nothing"], 64),
                           (["--help"], 0), (["--version"], 0), (["ambulance"], 78)):
            done = subprocess.run([adapter.argv[0], *argv, "--config", self.site.config_path],
                                  capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, code, (argv, done.stderr))
        self.site.config["sources"]["test-pas"]["mllp"]["listen"] = "nowhere"
        self.site.write_config()
        done = subprocess.run(adapter.argv, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"weir\.yaml:\d+:\d+")


if __name__ == "__main__":
    unittest.main()
