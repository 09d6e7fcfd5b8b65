"""weir inspect and weir frames, for the engineer at the desk: what a message says and what is odd about it, and what came of frames that
were none; masked, unless somebody is written down to have looked."""
import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest

import kit
import mllp
import records

ADMIT = ("MSH|^~\\&|PAS|RZZ|WEIR|REGION|20260302091500||ADT^A01|SECRET77|P|2.4\r"
         "EVN|A01|20260302091400\r"
         "PID|1||D00001^^^RZZ&2.16.840&ISO^MR~9990001006^^^NHS^NH||SAMPLE\\T\\CO^Ada||19510412|F\r"
         "PV1|1|I|W1^BAY2^05^RZZ01|21\r"
         "ZZ9|local\r")
SECRETS = ("9990001006", "SAMPLE", "Ada", "D00001", "19510412", "SECRET77")


def values(line):
    return {v["at"]: v for s in line["segments"] for v in s["values"]}


class Files(unittest.TestCase):
    """No configuration is asked for."""

    def inspect(self, message, *argv, code=0):
        with tempfile.TemporaryDirectory() as folder:
            env = {k: v for k, v in os.environ.items() if k != "WEIR_CONFIG"}
            data = message if isinstance(message, bytes) else message.encode()
            done = subprocess.run([kit.program("weir"), "inspect", *argv, "-"], input=data, capture_output=True, check=False, cwd=folder, env=env)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode() + done.stderr.decode()

    def odd(self, message):
        return [(o["at"], o["text"]) for o in json.loads(self.inspect(message, "--json"))["odd"]]

    def test_a_tree_with_names(self):
        out = self.inspect(ADMIT)
        for row in (r"(?m)^-: message 1: ADT\^A01, version 2\.4, 5 segments, \d+ bytes, characters: ASCII$",
                    r"(?m)^PID  Patient Identification$",
                    r"(?m)^  PID-3 +Patient Identifier List$",
                    r"(?m)^  PID-3\.1 +ID Number +x99999$",
                    r"(?m)^  PID-3\.4\.2 +Universal ID +9\.99\.999$",
                    r"(?m)^  PID-3\[2\]\.1 +ID Number +9999999999$",
                    r"(?m)^  PID-5\.1 +Family Name +xxxxxx&xx$",
                    r"(?m)^  MSH-3 +Sending Application +PAS$",
                    r"(?m)^  MSH-10 +Message Control ID +xxxxxx99$",
                    r"(?m)^  PV1-3\.1 +Point of Care +x9$",
                    r"(?m)^ZZ9  \(local\)$", r"(?m)^  ZZ9-1 +xxxxx$",
                    r"(?m)^nothing is odd about it$"):
            self.assertRegex(out, row)
        for secret in SECRETS:
            self.assertNotIn(secret, out)

    def test_json(self):
        line = json.loads(self.inspect(ADMIT, "--json"))
        self.assertEqual((line["type"], line["trigger"], line["version"], line["masked"], line["odd"]), ("ADT", "A01", "2.4", True, []))
        self.assertEqual([s["segment"] for s in line["segments"]], ["MSH", "EVN", "PID", "PV1", "ZZ9"])
        self.assertEqual(values(line)["PID-3[2].4"], {"at": "PID-3[2].4", "name": "Patient Identifier List, Assigning Authority", "value": "xxx"})
        self.assertNotIn("PID-2", values(line))
        for secret in SECRETS:
            self.assertNotIn(secret, json.dumps(line))

    def test_what_is_odd_and_where(self):
        self.assertEqual(self.odd(ADMIT), [])
        self.assertEqual([at for at, _ in self.odd(ADMIT.replace("|P|2.4", "|P"))], ["MSH-12"])
        (at, text), = self.odd(ADMIT.replace("\r", "\n"))
        self.assertEqual(at, "segment 1")
        self.assertIn("of 5 segments 5 end in LF", text)
        self.assertEqual([at for at, _ in self.odd(ADMIT.replace("|19510412|", "|12 April 1951|"))], ["PID-7"])
        self.assertEqual([at for at, _ in self.odd(ADMIT.encode().replace(b"Ada", b"Ren\xe9"))], ["MSH-18"])
        self.assertEqual([at for at, _ in self.odd("\n" + ADMIT)], ["byte 0"])
        self.assertEqual([at for at, _ in self.odd(ADMIT.replace("&|PAS", "$|PAS"))], ["MSH-2"])

    def test_other_delimiters(self):
        line = json.loads(self.inspect("MSH$!*?+$PAS$$$$20260302$$ADT!A01$1$P$2.4\rPID$1$$A!!!B+C*D\r", "--json"))
        self.assertEqual({at: v["value"] for at, v in values(line).items() if at.startswith("PID")},
                         {"PID-1": "9", "PID-3.1": "x", "PID-3.4.1": "x", "PID-3.4.2": "x", "PID-3[2]": "x"})

    def test_null_is_told(self):
        self.assertRegex(self.inspect(ADMIT.replace("|F\r", '|""\r')), r'PID-8 +Administrative Sex +""  \(null')

    def test_many_messages_and_batches(self):
        out = self.inspect("FHS|^~\\&|PAS\rBHS|^~\\&|PAS\r" + ADMIT + ADMIT + "BTS|3\rFTS|1\r")
        self.assertIn("-: message 2: ", out)
        self.assertIn("BTS  Batch Trailer", out)
        self.assertIn("odd about it: it says 3, and 2 came", out)
        frames = b"".join(mllp.frame(ADMIT.encode()) for _ in range(3))
        self.assertIn("-: message 3: ADT^A01", self.inspect(frames))

    def test_a_file_is_revealed_to_who_can_read_it(self):
        out = self.inspect(ADMIT, "--reveal")
        self.assertRegex(out, r"PID-3\[2\]\.1 +ID Number +9990001006")
        self.assertRegex(out, r"PID-5\.1 +Family Name +SAMPLE&CO")

    def test_no_hl7(self):
        out = self.inspect("GET /Ada HTTP/1.1\r\n\r\n", code=1)
        self.assertIn("it looks like an HTTP request", out)
        self.assertNotIn("Ada", out)
        line = json.loads(self.inspect("PID|1|Ada\r", "--json", code=1))
        self.assertIn("no MSH", line["error"])
        self.assertNotIn("Ada", json.dumps(line))
        self.assertIn("is empty", self.inspect("", code=65))

    def test_a_broken_line_is_no_segment_id(self):
        out = self.inspect(ADMIT + "Mr Sample lives|here\r")
        self.assertNotIn("Sample", out)
        self.assertNotIn("Mr", out)

    def test_it_does_not_steer_the_terminal(self):
        out = self.inspect(ADMIT.replace("|PAS|", "|PA\x1b[31mS|"))
        self.assertIn("PA?[31mS", out)
        self.assertNotIn("\x1b", out)
        self.assertIn("control byte", out)

    def test_long_values_are_cut_for_a_person_and_whole_in_json(self):
        long = ADMIT + "OBX|1|ED|x||" + "Q" * 100000 + "\r"
        self.assertLess(len(self.inspect(long)), 10000)
        self.assertIn("(100000 bytes)", self.inspect(long))
        self.assertEqual(len(values(json.loads(self.inspect(long, "--json")))["OBX-5"]["value"]), 100000)

    def test_wrong_use(self):
        for argv in ([], ["--topic", "flow.events", "x"], ["--where", "x", "y"]):
            done = subprocess.run([kit.program("weir"), "inspect", *argv], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 64, argv)


class OfASite(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)

    def client(self):
        client = mllp.Client("127.0.0.1", self.site.port)
        self.addCleanup(client.close)
        return client

    def reveals(self, writer):
        return [r for r in (json.loads(value) for _, value in records.rows(self.site, writer, "flow.audit")) if r["action"] == "reveal"]

    def frames(self, *argv):
        return [json.loads(line) for line in self.site.weir("frames", "test-pas", "--json", *argv).stdout.splitlines()]

    def test_messages_by_their_name(self):
        self.site.start()
        client = self.client()
        self.assertEqual(client.ask(ADMIT.encode())[0], "AA")
        self.assertEqual(client.ask(ADMIT.replace("A01", "A40").encode())[0], "AE")
        refused = self.site.weir("inspect", "acute/0").stdout
        self.assertRegex(refused, r"(?m)^acute/0: ADT\^A40, version 2\.4")
        taken = self.site.weir("inspect", "--topic", "flow.messages", "acute/0").stdout
        self.assertRegex(taken, r"(?m)^acute/0: ADT\^A01, version 2\.4")
        for secret in SECRETS:
            self.assertNotIn(secret, refused + taken)
        self.assertEqual(self.reveals("broker"), [])
        shown = self.site.weir("inspect", "--reveal", "acute/0").stdout
        self.assertRegex(shown, r"PID-3\[2\]\.1 +ID Number +9990001006")
        self.assertRegex(shown, r"PID-5\.1 +Family Name +SAMPLE&CO")
        self.assertEqual([(r["what"], bool(r["by"])) for r in self.reveals("broker")], [("inspect flow.rejected acute/0", True)])
        self.assertIn("9990001006", self.site.weir("inspect", "--reveal", self.site.write("Ada.hl7", ADMIT)).stdout)
        self.assertEqual(len(self.reveals("broker")), 1, "a file is its reader's own")
        for argv, says in ((["acute/99"], "no such record"), (["nonsense"], "no such file"), (["--source", "none", "acute/0"], "no source 'none'")):
            done = self.site.weir("inspect", *argv, check=False)
            self.assertEqual(done.returncode, 65, argv)
            self.assertIn(says, done.stderr)

    @staticmethod
    def refuse(listener):
        sock, _ = listener.accept()
        sock.makefile("rb").readline()
        sock.sendall(b'{"ok": false, "error": "the disk is full"}\n')
        sock.close()

    def test_without_audit_no_record_is_revealed(self):
        self.site.start()
        self.assertEqual(self.client().ask(ADMIT.encode())[0], "AA")
        self.site.broker().stop()
        self.assertIn("xxxxxx99", self.site.weir("inspect", "--topic", "flow.messages", "acute/0").stdout)
        refuser = socket.socket(socket.AF_UNIX)
        self.addCleanup(refuser.close)
        refuser.bind(self.site.path("data/run/broker.sock"))
        refuser.listen()
        threading.Thread(target=self.refuse, args=(refuser,), daemon=True).start()
        done = self.site.weir("inspect", "--reveal", "--topic", "flow.messages", "acute/0", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no audit record, no reveal", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_the_character_set_of_a_source(self):
        self.site.config["sources"]["test-pas"]["charset"] = "8859/2"
        self.site.write_config()
        path = self.site.path("one.hl7")
        with open(path, "wb") as f:
            f.write(ADMIT.encode().replace(b"Ada", b"\xa3ada"))
        self.assertIn("Windows-1252 (guessed)", self.site.weir("inspect", path).stdout)
        self.assertIn("characters: as MSH-18 or the source says", self.site.weir("inspect", "--source", "test-pas", path).stdout)

    def test_failed_frames(self):
        self.site.config["sources"]["test-pas"]["mllp"]["frame_max"] = "16KiB"
        self.site.start()
        self.assertIn("no frame has failed", self.site.weir("frames").stdout)
        half = ADMIT.encode()[:200]
        # begun anew
        client = self.client()
        client.send_raw(mllp.START + half + mllp.frame(ADMIT.encode()))
        self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "AA")
        # no HL7, too long
        self.assertEqual(client.ask(b"PID|1|Ada")[0], "AR")
        self.assertEqual(client.ask(ADMIT.encode() + b"NTE|1||" + b"n" * 20000 + b"\r")[0], "AR")
        # cut: closed, and reset
        for reset in (False, True):
            client = self.client()
            client.send_raw(mllp.START + half[:100])
            before = len(self.frames())
            if reset:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sock.close()
            kit.wait_until(lambda n=before: len(self.frames()) > n, 10, "the cut frame is kept")
        # no MLLP at all, in two pieces
        client = self.client()
        client.send_raw(b"GET /Ada HT")
        kit.wait_until(lambda: len(self.frames()) == 6, 10, "what is no MLLP is kept")
        client.send_raw(b"TP/1.1\r\n\r\n")
        kit.wait_until(lambda: self.frames()[5]["bytes"] == 21, 10, "the rest of it")
        frames = self.frames()
        self.assertEqual([f["fault"] for f in frames], ["restart", "no_hl7", "too_long", "cut", "cut", "no_mllp"])
        self.assertEqual([f["no"] for f in frames], [1, 2, 3, 4, 5, 6])
        self.assertEqual([f["bytes"] for f in frames][:2], [200, 9])
        self.assertEqual({f["peer"] for f in frames}, {"127.0.0.1"})
        self.assertEqual(frames[5]["looks_like"], "an HTTP request")
        heads = [bytes.fromhex(f["head"]) for f in frames]
        self.assertEqual([len(h) for h in heads], [200, 9, 4096, 100, 100, 21])
        self.assertEqual(heads[5], b"xxx /xxx xxxx/9.9\r\n\r\n")
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), b"".join(heads))
        self.assertRegex(self.site.weir("status").stdout, r"(?m)^ +failed_frames +6$")
        out = self.site.weir("frames").stdout
        self.assertRegex(out, r"(?m)^test-pas 6 20\S+Z 127\.0\.0\.1: 21 bytes; bytes of a connection that sent no frame; looks like an HTTP request$")
        self.assertIn("    xxx /xxx xxxx/9.9<0D>\n", out)
        self.assertIn(" bytes, the first 4096 below; longer than frame_max: refused", out)
        # revealed
        self.assertEqual(self.reveals("acute"), [])
        shown = [bytes.fromhex(f["head"]) for f in self.frames("--reveal")]
        self.assertEqual((shown[0], shown[1], shown[5]), (half, b"PID|1|Ada", b"GET /Ada HTTP/1.1\r\n\r\n"))
        self.assertEqual([(r["what"], r["source"], bool(r["by"])) for r in self.reveals("acute")], [("failed frames", "test-pas", True)])
        # bounded
        for n in range(20):
            client = self.client()
            client.send_raw(b"junk %d" % n)
            kit.wait_until(lambda n=n: self.frames()[-1]["no"] == 7 + n, 10, "one more")
        self.assertEqual([f["no"] for f in self.frames()], list(range(11, 27)))
        self.assertIn("no source 'none'", self.site.weir("frames", "none", check=False).stderr)


    def test_slow_frames_and_limits(self):
        mllp_options = self.site.config["sources"]["test-pas"]["mllp"]
        mllp_options.update(frame_time="200ms", failed_frames=3, failed_frame_bytes=64)
        self.site.start()
        for n in range(5):
            self.client().send_raw(mllp.START + b"%d" % n + ADMIT.encode()[:150])
            kit.wait_until(lambda n=n: [f["no"] for f in self.frames()][-1:] == [n + 1], 10, "a slow frame is kept")
        frames = self.frames("--reveal")
        self.assertEqual([(f["no"], f["fault"], f["bytes"]) for f in frames], [(n, "slow", 151) for n in (3, 4, 5)])
        self.assertEqual([bytes.fromhex(f["head"]) for f in frames], [(b"%d" % n + ADMIT.encode())[:64] for n in (2, 3, 4)])
        self.assertIn(": 151 bytes, the first 64 below; it took longer than frame_time: not answered", self.site.weir("frames").stdout)
        mllp_options.update(failed_frames=2, failed_frame_bytes=100)
        self.site.write_config()
        self.site.weir("reload")
        self.assertEqual([f["no"] for f in self.frames()], [4, 5])
        mllp_options["failed_frames"] = 0
        self.site.write_config()
        self.site.weir("reload")
        self.assertEqual(self.frames(), [])

    def test_an_adapter_that_is_down_hides_nothing_of_others(self):
        port = kit.free_port()
        self.site.config["sources"]["absent"] = {"adapter": "community", "ods": "RXX", "system": "sys", "mllp": {"listen": f"127.0.0.1:{port}"}}
        self.site.config["sources"] = dict(sorted(self.site.config["sources"].items()))
        self.site.start()
        self.client().send_raw(b"junk")
        kit.wait_until(self.frames, 10, "what is no MLLP is kept")
        done = self.site.weir("frames", check=False)
        self.assertRegex(done.stdout, r"(?m)^test-pas 1 ")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("community", done.stderr)


if __name__ == "__main__":
    unittest.main()
