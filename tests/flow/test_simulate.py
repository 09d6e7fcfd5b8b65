"""weir simulate: what it says it meant is what weir makes of it; it keeps to a patient's order, and does not give up."""
import collections
import json
import os
import signal
import socket
import subprocess
import threading
import unittest

import checker
import kit
import mllp


def simulate(*argv, check=True, **more):
    done = subprocess.run([kit.program("weir"), "simulate", *map(str, argv)], capture_output=True,
                          timeout=120 * kit.SLOWER, check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"weir simulate {argv}: exit {done.returncode}: {done.stderr.decode()}")
    return done


def messages_of(data):
    return [b"MSH|" + m for m in data.split(b"MSH|")[1:]]


class Receiver(threading.Thread):
    """Answers by a rule: rule(control id, how often it was seen) gives the code, or None to close the connection."""

    def __init__(self, rule):
        super().__init__(daemon=True)
        self.rule, self.seen, self.order = rule, collections.Counter(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        client = mllp.Client.__new__(mllp.Client)
        client.sock, client.have = sock, bytearray()
        try:
            while True:
                control_id = mllp.field(client.receive(), b"MSH", 10)
                self.seen[control_id] += 1
                code = self.rule(control_id, self.seen[control_id])
                if code is None:
                    return
                if code in ("AA", "AE"):
                    self.order.append(control_id)
                client.send(f"MSH|^~\\&|R|R|S|S|20260302||ACK|A{control_id}|P|2.4\rMSA|{code}|{control_id}\r".encode())
        except OSError:
            pass
        finally:
            sock.close()

    def close(self):
        self.listener.close()


class Output(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)

    def test_the_same_options_give_the_same_bytes_everywhere(self):
        out = simulate("--messages", 400, "--seed", 9, "--odd").stdout
        file, folder = self.site.path("all.hl7"), self.site.path("each")
        simulate("--messages", 400, "--seed", 9, "--odd", "--out", file)
        simulate("--messages", 400, "--seed", 9, "--odd", "--out", folder + "/")
        with open(file, "rb") as f:
            self.assertEqual(f.read(), out)
        names = sorted(os.listdir(folder))
        self.assertEqual(names[0], "000001.hl7")
        self.assertGreaterEqual(len(names), 400)
        read = b"".join(open(os.path.join(folder, n), "rb").read() for n in names)
        self.assertEqual(read, out)
        self.assertNotEqual(simulate("--messages", 400, "--seed", 10, "--odd").stdout, out)

    def test_hours_and_from(self):
        stamps = [m.split(b"|")[6] for m in messages_of(simulate("--from", 8, "--hours", 1).stdout)]
        self.assertGreater(len(stamps), 100)
        self.assertTrue(all(s.startswith(b"2026030208") for s in stamps), (min(stamps), max(stamps)))

    def test_rate(self):
        out = messages_of(simulate("--rate", 50, "--for", "1s").stdout)
        self.assertTrue(20 <= len(out) <= 60, len(out))

    def test_what_it_meant_is_what_the_maps_make_of_it(self):
        self.site.config["table_files"] = [self.site.write("w.csv", simulate("--wards").stdout.decode())]
        self.site.write_config()
        file, ledger = self.site.path("day.hl7"), self.site.path("ledger.ndjson")
        simulate("--messages", 6000, "--seed", 4, "--from", 9, "--out", file, "--ledger", ledger)
        got = collections.defaultdict(list)
        for line in self.site.weir("translate", file).stdout.splitlines():
            event = json.loads(line)
            got[event["data"]["origin"]["control_id"]].append(event)
        repeats = collections.Counter(r["control_id"] for r in checker.read_rows(ledger) if r["row"] == "again")
        for made in (r for r in checker.read_rows(ledger) if r["row"] == "made"):
            events = got[made["control_id"]][:len(got[made["control_id"]]) // (1 + repeats[made["control_id"]])]
            self.assertEqual(sorted(e["type"] for e in events), sorted(made["types"]), made)
            self.assertEqual({e["data"]["origin"]["sha256"] for e in events}, {made["sha256"]})
            left = "emergency.left_before_seen" in made["types"]  # its code 12 is a disposal, no method
            self.assertEqual({q for e in events for q in e["data"].get("quality", [])} - {"nhs_number_untraced"},
                             {"unmapped_code:care.discharge_method"} if left else set(), made)

    def test_wrong_use(self):
        for argv in (["--rate", "0"], ["--hospitals", "37"], ["--for", "20"], ["--rate", "1", "--speed", "1"],
                     ["--out", "x", "127.0.0.1:1"], ["a:1", "b:1"], ["--json"]):
            self.assertEqual(simulate(*argv, check=False).returncode, 64, argv)
        self.assertIn(b"no date", simulate("--date", "2026-02-31x", check=False).stderr)
        self.assertIn(b"no address", simulate("nowhere", check=False).stderr)


class Sending(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.ledger = self.site.path("ledger.ndjson")

    def send(self, rule, *argv, **more):
        receiver = Receiver(rule)
        self.addCleanup(receiver.close)
        return receiver, simulate("--ledger", self.ledger, *argv, receiver.address, **more)

    def facts(self):
        return checker.Facts(checker.read_rows(self.ledger))

    def test_what_was_not_answered_goes_out_again_in_order(self):
        # closed without an answer; with more than one under way, as a receiver that stops does
        self.check_order(lambda i, n: None if n == 1 and i.endswith("7") else "AA", window=4)

    def test_what_should_come_later_comes_later_and_in_order(self):
        self.check_order(lambda i, n: "AR" if n == 1 and i.endswith("3") else "AA", window=1)

    def check_order(self, rule, window):
        receiver, _ = self.send(rule, "--messages", 300, "--connections", 3, "--window", window, "--seed", 2)
        facts = self.facts()
        self.assertEqual(facts.acknowledged, set(facts.made))
        self.assertEqual(facts.problems, [])
        first = {}
        for at, control_id in enumerate(receiver.order):
            first.setdefault(control_id, at)
        lines = collections.defaultdict(list)
        for made in facts.made.values():
            lines[made["patient"]].append((made["n"], first[made["control_id"]]))
        for patient, line in lines.items():
            line.sort()
            self.assertEqual([at for _, at in line], sorted(at for _, at in line), patient)

    def test_a_final_refusal_is_told(self):
        _, done = self.send(lambda i, n: "AE" if i.endswith("55") else "AA", "--messages", 100, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"1 answered wrongly", done.stderr)

    def test_it_gives_up_only_when_told(self):
        done = simulate("--messages", 5, "--give-up", "300ms", f"127.0.0.1:{kit.free_port()}", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"5 unanswered", done.stderr)
        self.assertIn(b"refused", done.stderr)

    def test_an_answer_that_does_not_come_is_not_waited_for(self):
        _, done = self.send(lambda i, n: "silence" if n == 1 and i.endswith("9") else "AA", "--messages", 20,
                            "--connections", 1, "--answer-time", "500ms", check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_signal_ends_it_and_the_answers_are_waited_for(self):
        receiver = Receiver(lambda i, n: "AA")
        self.addCleanup(receiver.close)
        sender = subprocess.Popen([kit.program("weir"), "simulate", "--rate", "200", "--ledger", self.ledger,
                                   receiver.address], stderr=subprocess.DEVNULL)
        kit.wait_until(lambda: len(receiver.order) > 20, 20, "some messages")
        sender.send_signal(signal.SIGTERM)
        self.assertEqual(sender.wait(20 * kit.SLOWER), 0)
        facts = self.facts()
        self.assertEqual(facts.acknowledged, set(facts.made))

    def test_odd_messages_through_adapter_and_broker(self):
        out = kit.Ndjson(self.site.path("all.ndjson"), keep=checker.brief)
        self.site.config["consumers"] = {"file": kit.file_consumer(out.path)}
        self.site.config["table_files"] = [self.site.write("w.csv", simulate("--wards").stdout.decode())]
        self.site.start()
        simulate("--messages", 2500, "--odd", "--window", 8, "--ledger", self.ledger, f"127.0.0.1:{self.site.port}")
        facts = self.facts()
        self.assertGreater(len(facts.refused), 3)
        kit.wait_until(lambda: facts.acknowledged <= {e["control_id"] for e in out.update()}, 60, "all of it")
        self.assertEqual(checker.check(facts, out.events), [])


if __name__ == "__main__":
    unittest.main()
