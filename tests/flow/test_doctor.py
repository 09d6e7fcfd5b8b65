"""weir doctor: every habit of a listener that it has a word for, on a listener that has it, and what it must not do."""
import concurrent.futures
import json
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import certs
import kit
import mllp
from receiver import CLOSE, RESET, Receiver, accept, ack, control_id, framed


class Listener(Receiver):
    """A receiver with habits that no other test needs.

    second: what becomes of a second connection: taken, refused, closed, waits, ends_first.
    reading: stream; strict (closes at a byte outside of frames), packets (each packet is a message),
    one (the rest of a packet is thrown away)."""

    def __init__(self, answer=accept, second="taken", reading="stream", greeting=b"", **more):
        self.second, self.reading, self.greeting = second, reading, greeting
        super().__init__(answer, single=second == "closed", **more)

    def _serve(self, sock, number):
        if self.greeting:
            sock.sendall(self.greeting)
        super()._serve(sock, number)

    def _accept(self, listener):
        if self.second not in ("waits", "ends_first", "refused"):
            super()._accept(listener)
            return
        while not self.stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                for other in self.socks if self.second == "ends_first" else ():
                    other.shutdown(2)
                self.connections += 1
                self.open_now += 1
                self.socks.add(sock)
            if self.second == "refused":
                listener.close()
                self._serve(sock, self.connections)
                if not self.stopping.is_set():
                    self.open()
                return
            if self.second == "waits":
                self._serve(sock, self.connections)
            else:
                threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def frames(self, have):
        if self.reading == "packets":
            found = [bytes(have[1:-2])] if have[:1] == mllp.START and have.endswith(mllp.END) else []
            have.clear()
            return found
        if self.reading == "strict" and have[:1] != mllp.START:
            return None
        found = re.findall(rb"\x0b(.*?)\x1c\r", bytes(have), re.S)
        if found:
            del have[:have.rfind(mllp.END) + 2]
        return found[:1] if self.reading == "one" else found

    def _read(self, sock, number):
        have = bytearray()
        while more := sock.recv(65536):
            have += more
            found = self.frames(have)
            if found is None:
                return
            for message in found:
                if not self._take(sock, number, message):
                    return


class Report:
    """What weir doctor said, and how it ended."""

    def __init__(self, port, *argv, timeout="700ms", send=True):
        self.done = subprocess.run([kit.program("weir"), "doctor", "--json", "--timeout", timeout, *(["--send"] if send else []), *argv,
                                    f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=120, check=False)
        self.code, self.said = self.done.returncode, self.done.stderr
        self.json = json.loads(self.done.stdout) if self.done.stdout else {}
        self.findings = {f["check"]: f for f in self.json.get("findings", [])}

    def verdict(self, check):
        return self.findings.get(check, {}).get("verdict")

    def __str__(self):
        return "\n".join(f"{f['verdict']} {f['check']} {f['text']}" for f in self.findings.values()) + self.said[-400:]


def examine(argv=(), send=True, **habits):
    listener = Listener(**habits)
    try:
        return Report(listener.port, *argv, send=send), listener
    finally:
        listener.close()


def says(*steps):
    """Always these, where a function is called with the message."""
    return lambda message, attempt: [b for s in steps for b in (s(message) if callable(s) else [s])]


def whole(**options):
    return lambda message: framed(ack(message, **options))


def msa2(change):
    return lambda message, attempt: framed(ack(message, control_id=change(control_id(message))))


def when(segment_field, value, then):
    """then(message) for a message whose field has that value, else an AA."""
    return lambda message, attempt: then(message) if mllp.field(message, b"MSH", segment_field) == value else accept(message, attempt)


def enhanced(message):
    return framed(ack(message, "CA"), ack(message))


def first_of_a_connection():
    """Answers the first message, closes at the second, and so on."""
    state = {"n": 0}

    def answer(message, attempt):
        state["n"] += 1
        return accept(message, attempt) if state["n"] % 2 else [CLOSE]
    return answer


def trigger_is(message, attempt, code):
    known = mllp.field(message, b"MSH", 9) == "ADT^A31"
    return framed(ack(message, "AA" if known else code, more="" if known else "ERR|||201\r"))


# habits of the listener, check, verdict, exit code, words of the finding, words of the config
HABITS = {
    "no frame": ({"answer": says(lambda m: [ack(m)])}, "frame", "fault", 1, "VT (0B) in front, and FS (1C) behind", ""),
    "no VT": ({"answer": says(lambda m: [ack(m) + b"\x1c\r"])}, "frame", "fault", 1, "VT (0B) in front is missing", ""),
    "no FS": ({"answer": says(lambda m: [b"\x0b" + ack(m)])}, "frame", "fault", 1, "FS (1C) behind is missing", ""),
    "no CR": ({"answer": says(lambda m: [b"\x0b" + ack(m) + b"\x1c"])}, "frame", "note", 0, "without the CR", ""),
    "bytes before": ({"answer": says(b"OK", whole())}, "bytes_before", "note", 0, "in front of the answer", ""),
    "LF": ({"answer": says(lambda m: framed(ack(m).replace(b"\r", b"\n")))}, "segment_ends", "note", 0, "LF", ""),
    "windows-1252": ({"answer": says(lambda m: framed(ack(m) + b"NTE|1||Zo\xeb\r"))}, "charset", "note", 0, "not UTF-8", ""),
    "UTF-8": ({"answer": says(lambda m: framed(ack(m) + "NTE|1||Zoë\r".encode()))}, "charset", "ok", 0, "UTF-8", ""),
    "MSA-2 cut": ({"answer": msa2(lambda i: i[:15])}, "control_id", "fault", 1, "only the beginning", ""),
    "MSA-2 capitals": ({"answer": msa2(str.upper)}, "control_id", "fault", 1, "other capitals", ""),
    "MSA-2 padded": ({"answer": msa2(lambda i: i + "  |x")}, "control_id", "fault", 1, "blanks", ""),
    "MSA-2 empty": ({"answer": msa2(lambda i: "")}, "control_id", "fault", 1, "MSA-2 is empty", ""),
    "MSA-2 other": ({"answer": msa2(lambda i: "1")}, "control_id", "fault", 1, "not the MSH-10", ""),
    "AE": ({"answer": says(whole(code="AE", more="ERR|||101\r"))}, "answer", "note", 0, "refuses the test message: AE 101", ""),
    "AR": ({"answer": says(whole(code="AR"))}, "answer", "note", 0, "refuses the test message: AR", ""),
    "AR, trigger": ({"answer": says(whole(code="AR"))}, "unknown_trigger", "skipped", 0, "refused, too", ""),
    "no HL7, the rest": ({"answer": says(mllp.frame(b"OK"))}, "the_rest", "skipped", 1, "can be read", ""),
    "twice": ({"answer": says(lambda m: framed(ack(m), ack(m)))}, "answer", "ok", 0, "more than once", ""),
    "CA": ({"answer": says(whole(code="CA"))}, "answer", "note", 0, "has the message", ""),
    "CA and AA": ({"answer": says(enhanced)}, "answer", "set", 1, "CA and then AA", "on_ack: {CA: wait}"),
    "enhanced": ({"answer": when(15, "AL", enhanced)}, "enhanced", "set", 1, "CA and then AA", "on_ack: {CA: wait}"),
    "enhanced, CA": ({"answer": when(15, "AL", whole(code="CA"))}, "enhanced", "note", 0, "nothing else", ""),
    "enhanced, none": ({"answer": when(15, "AL", lambda m: [])}, "enhanced", "note", 0, "no answer comes", ""),
    "original": ({}, "enhanced", "ok", 0, "original mode", ""),
    "trigger AR": ({"answer": lambda m, a: trigger_is(m, a, "AR")}, "unknown_trigger", "set", 1, "AR 201", "on_ack: {AR: park}"),
    "trigger AE": ({"answer": lambda m, a: trigger_is(m, a, "AE")}, "unknown_trigger", "ok", 0, "AE 201", ""),
    "trigger AA": ({}, "unknown_trigger", "note", 0, "not that it was used", ""),
    "trigger, none": ({"answer": when(9, "ADT^Z99", lambda m: [])}, "unknown_trigger", "fault", 1, "no answer comes", ""),
    "none": ({"answer": says()}, "answer", "fault", 1, "no answer comes within --timeout", ""),
    "closes": ({"answer": says(CLOSE)}, "answer", "fault", 1, "closed without an answer", ""),
    "resets": ({"answer": says(RESET)}, "answer", "fault", 1, "reset", ""),
    "no HL7": ({"answer": says(mllp.frame(b"OK"))}, "answer", "fault", 1, "no HL7 acknowledgment", ""),
    "no MSA": ({"answer": says(lambda m: framed(ack(m).split(b"MSA")[0]))}, "answer", "fault", 1, "no MSA", ""),
    "closes after each": ({"answer": says(whole(), CLOSE)}, "stays_open", "note", 0, "connects again for each", ""),
    "one a connection": ({"answer": first_of_a_connection()}, "stays_open", "note", None, "closed without an answer", ""),
    "stays open": ({}, "stays_open", "ok", 0, "second message", ""),
    "charset refused": ({"answer": when(18, "UNICODE UTF-8", whole(code="AE", more="ERR|||103\r"))}, "msh18", "fault", 1, "AE 103", ""),
    "charset taken": ({}, "msh18", "ok", 0, "(AA)", ""),
    "byte before": ({}, "byte_before", "ok", 0, "passed over", ""),
    "no byte before": ({"reading": "strict"}, "byte_before", "note", 0, "closed without an answer", ""),
    "a packet a message": ({"reading": "packets"}, "split", "fault", 1, "each packet for a message", ""),
    "split": ({}, "split", "ok", 0, "read as one", ""),
    "one of two": ({"reading": "one"}, "two_at_once", "note", 0, "only one is answered", ""),
    "both": ({}, "two_at_once", "ok", 0, "in order", ""),
    "second closed": ({"second": "closed"}, "second_connection", "set", 1, "closed at once", "connections: 1"),
    "second refused": ({"second": "refused"}, "second_connection", "set", 1, "is refused", "connections: 1"),
    "second waits": ({"second": "waits"}, "second_connection", "set", 1, "no answer comes", "connections: 1"),
    "second ends first": ({"second": "ends_first"}, "second_connection", "set", 1, "ends the first", "connections: 1"),
    "second taken": ({}, "second_connection", "ok", 0, "answered, too", ""),
    "greets": ({"greeting": b"220 ready\r\n"}, "speaks_first", "fault", 1, "before it is asked", ""),
}


class Habits(unittest.TestCase):
    def test_each_has_its_verdict(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = {name: pool.submit(examine, **row[0]) for name, row in HABITS.items()}
        for name, (_, check, verdict, code, text, config) in HABITS.items():
            with self.subTest(habit=name):
                report, _ = runs[name].result()
                self.assertEqual(report.verdict(check), verdict, f"{name}: {report}")
                self.assertIn(text, report.findings[check]["text"])
                self.assertIn(config, report.json["config"])
                if code is not None:
                    self.assertEqual(report.code, code, str(report))
                self.assertEqual(report.json["found"], report.code == 1)


class Harmless(unittest.TestCase):
    def test_without_send_no_message_leaves(self):
        report, listener = examine(send=False)
        self.assertEqual(report.code, 0, str(report))
        self.assertEqual(listener.records, [])
        self.assertEqual(report.json["messages_sent"], 0)
        self.assertEqual({c: report.verdict(c) for c in ("listens", "tls", "second_connection")},
                         {"listens": "ok", "tls": "note", "second_connection": "ok"})
        self.assertIn("XXTESTPATIENT", report.said, "what it would send")

    def test_a_second_connection_that_is_closed_shows_without_a_message(self):
        report, listener = examine(send=False, second="closed")
        self.assertEqual(report.verdict("second_connection"), "set", str(report))
        self.assertEqual(listener.records, [])

    def test_what_is_sent_is_a_test_told_before(self):
        report, listener = examine()
        messages = listener.messages()
        self.assertEqual(report.code, 0, str(report))
        self.assertEqual(report.json["messages_sent"], len(messages))
        self.assertEqual(len(messages), 10)
        ids = [control_id(m) for m in messages]
        self.assertEqual(len(set(ids)), len(ids))
        for message in messages:
            self.assertRegex(control_id(message), r"^WEIRdoctor\d{10}$")
            self.assertEqual(mllp.field(message, b"MSH", 11), "T")
            self.assertIn(mllp.field(message, b"MSH", 9), ("ADT^A31", "ADT^Z99"))
            self.assertEqual(re.findall(rb"\b\d{10}\b", message.split(b"PID", 1)[1]), [b"9990007772"])
            self.assertIn(b"XXTESTPATIENT", message)
        self.assertIn("up to 10 messages", report.said)
        self.assertIn("9990007772", report.said)

    def test_a_message_of_ones_own_is_masked_and_warned_of(self):
        own = ("MSH|^~\\&|PAS|RZZ|BEDS|RZZ|20260302091500||ADT^A28^ADT_A05|OWN1|P|2.5\n"
               "PID|1||D1^^^RZZ^MR||SAMPLE^Ada\n")
        with tempfile.NamedTemporaryFile("w", suffix=".hl7") as f:
            f.write(own)
            f.flush()
            report, listener = examine(argv=("--message", f.name))
        self.assertEqual(report.code, 0, str(report))
        self.assertIn("MSH-11 is not T", report.said)
        self.assertNotIn("SAMPLE", report.said)
        self.assertNotIn("SAMPLE", report.done.stdout)
        plain = listener.messages()[0]
        self.assertEqual(plain.count(b"\r"), 2)
        self.assertIn(b"PID|1||D1^^^RZZ^MR||SAMPLE^Ada\r", plain)
        self.assertEqual([mllp.field(plain, b"MSH", n) for n in (3, 5, 9, 11, 12)], ["PAS", "BEDS", "ADT^A28^ADT_A05", "P", "2.5"])
        self.assertIn("ADT^Z99", [mllp.field(m, b"MSH", 9) for m in listener.messages()])

    def test_a_message_in_another_set_is_not_called_utf8(self):
        with tempfile.NamedTemporaryFile(suffix=".hl7") as f:
            f.write("MSH|^~\\&|A|B|C|D|2026||ADT^A31|1|T|2.4\rPID|1||D1||SAMPLE^Zoë\r".encode("windows-1252"))
            f.flush()
            report, listener = examine(argv=("--message", f.name))
        self.assertEqual(report.verdict("msh18"), "skipped", str(report))
        self.assertEqual([mllp.field(m, b"MSH", 18) for m in listener.messages()], [None] * 9)


class ForAPerson(unittest.TestCase):
    def test_lines_are_short_and_say_all(self):
        listener = Listener(lambda m, a: trigger_is(m, a, "AR"), second="closed")
        self.addCleanup(listener.close)
        address = f"127.0.0.1:{listener.port}"
        done = subprocess.run([kit.program("weir"), "doctor", "--send", "--timeout", "700ms", address], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        findings, config = done.stdout.split("For weir.yaml:\n")
        told = findings.split("\n\n", 1)[1]
        self.assertLessEqual(max(map(len, told.splitlines())), 110)
        self.assertIn("set unknown_trigger refuses a trigger that it cannot know (Z99) with AR 201: with AR: retry weir sends such a message for ever,",
                      " ".join(told.split()))
        self.assertIn(f'      to: "{address}"\n      connections: 1\n      on_ack: {{AR: park}}\n', config)


class Away(unittest.TestCase):
    def test_nobody_listens(self):
        listener = Listener()
        listener.close()
        report = Report(listener.port)
        self.assertEqual((report.code, report.verdict("listens"), report.json["config"]), (75, "fault", ""), str(report))

    def test_closed_at_once(self):
        listener = Listener()
        self.addCleanup(listener.close)
        listener.single, listener.open_now = True, 1
        report = Report(listener.port)
        self.assertEqual((report.code, report.verdict("speaks_first")), (75, "fault"), str(report))
        self.assertIn("closes each connection at once", report.findings["speaks_first"]["text"])

    def test_wrong_use(self):
        for argv, code in ((["127.0.0.1:99999"], 65), ([], 64), (["127.0.0.1:1", "x"], 64), (["--message", "/nonexistent", "127.0.0.1:1"], 74),
                           (["--cert", "x", "127.0.0.1:1"], 65), (["--timeout", "0", "127.0.0.1:1"], 64)):
            done = subprocess.run([kit.program("weir"), "doctor", *argv], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, (argv, done.stderr))
            self.assertTrue(done.stderr)


class Secured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = certs.Certificates(tempfile.mkdtemp(prefix="weir-doctor-"))
        cls.files.make(["127.0.0.1"])
        cls.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        cls.context.load_cert_chain(cls.files.server)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.files.dir, ignore_errors=True)

    def test_tls_that_holds(self):
        report, _ = examine(argv=("--ca", self.files.ca), context=self.context)
        self.assertEqual((report.code, report.verdict("tls")), (0, "ok"), str(report))
        self.assertIn(f"tls: {{ca_file: {self.files.ca}}}", report.json["config"])

    def test_a_certificate_of_another_authority(self):
        report, listener = examine(argv=("--ca", self.files.other_ca), context=self.context)
        self.assertEqual((report.code, report.verdict("tls")), (75, "fault"), str(report))
        self.assertIn("ca_file", report.findings["tls"]["text"])
        self.assertEqual(listener.records, [])

    def test_tls_where_plain_text_was_tried(self):
        for send in (False, True):
            report, _ = examine(send=send, context=self.context)
            self.assertEqual(report.verdict("tls"), "set", str(report))
            self.assertIn("--tls", report.findings["tls"]["text"])
            self.assertEqual(report.code, 1)

    def test_plain_text_where_tls_was_tried(self):
        report, _ = examine(argv=("--ca", self.files.ca), answer=says(CLOSE), greeting=b"hello, no TLS here\r\n")
        self.assertEqual((report.code, report.verdict("tls")), (75, "fault"), str(report))
        self.assertIn("plain text", report.findings["tls"]["text"])


class Ours(unittest.TestCase):
    def test_our_own_listener(self):
        site = kit.Site()
        self.addCleanup(site.close)
        site.start()
        began = time.monotonic()
        report = Report(site.port, timeout="15s")
        wanted = ("listens", "frame", "segment_ends", "charset", "control_id", "stays_open", "byte_before", "split", "two_at_once", "msh18", "second_connection")
        self.assertEqual({c: report.verdict(c) for c in wanted}, dict.fromkeys(wanted, "ok"), str(report))
        self.assertLess(time.monotonic() - began, 60)
        text = site.weir("doctor", f"127.0.0.1:{site.port}")
        self.assertRegex(text.stdout, r"(?m)^ok +listens +takes a connection")
        self.assertIn("sends no message", text.stdout)


if __name__ == "__main__":
    unittest.main()
