"""Which answer when (original mode), as one table: code, ERR, what is kept, and the same again for the same message.

For a peer of each form of ERR.
"""
import json
import re
import unittest

import kit
import mllp
import records
from test_adapter import admit

SECRETS = (b"9990", b"M00001", b"V1", b"ASHWORTH", b"BELLO")
LIMIT = 512 * 1024


def changed(what, by):
    return lambda message: message.replace(what, by, 1)


def trigger(name):
    return lambda message: message.replace(b"ADT^A01^ADT_A01", name).replace(b"EVN|A01", b"EVN|" + name[4:7])


def form(message):
    """The version that decides what an answer looks like."""
    version = mllp.field(message, b"MSH", 12)
    return version if version.startswith("2.") else "2.3"


# name, what is done to a good message, MSA-1, ERR code, place in flow.rejected, parsed
TABLE = (
    ("stored", lambda m: m, "AA", None, None, True),
    ("unknown trigger", trigger(b"ADT^A99"), "AA", None, None, True),
    ("another type", trigger(b"DFT^P03"), "AA", None, None, True),
    ("test message", changed(b"|P|2.", b"|T|2."), "AA", None, None, True),
    ("no processing id", changed(b"|P|2.", b"||2."), "AA", None, None, True),
    ("no patient", lambda m: re.sub(rb"\rPID[^\r]*", b"", m), "AA", None, None, True),
    ("more than is known", lambda m: m + b"ZZZ|1\rNEW|2\r", "AA", None, None, True),
    ("no trigger", lambda m: trigger(b"ADT")(m).replace(b"EVN|A01", b"EVN|"), "AR", 201, "MSH-9", True),
    ("nothing to merge", lambda m: trigger(b"ADT^A40")(m), "AE", 101, "MRG-1", True),
    ("too many segments", lambda m: m + b"OBX\r" * 100001, "AE", 104, "", True),
    ("version 3", lambda m: re.sub(rb"\|P\|2\.[^|\r]*", b"|P|3.0", m), "AR", 203, "MSH-12", True),
    ("too long", lambda m: m + b"NTE|" + b"x" * LIMIT, "AR", 104, "", True),
    ("delimiters alike", changed(b"|^~\\&|", b"|^^^^|"), "AR", 102, "MSH-2", False),
    ("no MSH", changed(b"MSH|", b"XXX|"), "AR", 100, "MSH", False),
)
VERSIONS = (b"2.2", b"2.3.1", b"2.4", b"2.5", b"2.6", b"2.7.1", b"2.9")


class NakTest(unittest.TestCase):
    def site_of(self, **stream):
        site = kit.Site()
        self.addCleanup(site.close)
        site.config["sources"]["test-pas"]["mllp"]["frame_max"] = LIMIT
        site.config["message_arena"] = "4MiB"  # no room for the index of 100,000 segments
        site.config["stream"].update(stream)
        return site

    def check_header(self, answer, sent, parsed):
        msh = [mllp.field(answer, b"MSH", n) for n in range(1, 13)]
        if not parsed:
            self.assertEqual([msh[i] for i in (2, 3, 4, 5, 8, 10, 11)], ["", "", "", "", "ACK", "P", "2.3"])
            return
        self.assertEqual(msh[2:6], [mllp.field(sent, b"MSH", n) for n in (5, 6, 3, 4)])
        self.assertRegex(msh[6], r"^\d{14}[+-]\d{4}$")
        self.assertNotEqual(msh[9], mllp.field(sent, b"MSH", 10))
        self.assertEqual(msh[10], mllp.field(sent, b"MSH", 11) or "P")
        self.assertEqual(msh[11], mllp.field(sent, b"MSH", 12))
        event = (mllp.field(sent, b"MSH", 9) + "^").split("^")[1]
        plain = form(sent) < "2.3.1" or not event
        self.assertEqual(msh[8], "ACK" if plain else f"ACK^{event}^ACK")
        self.assertEqual(mllp.field(answer, b"MSA", 2), mllp.field(sent, b"MSH", 10))
        self.assertIsNone(mllp.field(answer, b"MSA", 3))

    def check_error(self, answer, number, version, retry=False):
        errors = [line for line in answer.split(b"\r") if line.startswith(b"ERR")]
        if number is None:
            self.assertEqual(errors, [])
            return
        self.assertEqual(len(errors), 1, answer)
        parts = errors[0].decode().split("|")
        self.assertEqual(f"^{number}&" in parts[1], version < "2.7", errors)
        self.assertEqual(len(parts) > 2, version >= "2.5", errors)
        if version >= "2.5":
            self.assertTrue(parts[3].startswith(f"{number}^"), errors)
            self.assertEqual(parts[4:6], ["E", "RETRY" if retry else "DO-NOT-RETRY"])

    def check_kept(self, kept, rejected, row, data):
        _, _, code, number, place, _ = row
        if code == "AA":
            self.assertEqual([v for _, v in kept], [data])
            self.assertEqual(rejected, [])
            return
        self.assertEqual(kept, [])
        (head, value), = rejected
        self.assertEqual(value, data[:64 * 1024] if len(data) > LIMIT else data)
        self.assertEqual(head["length"], str(len(data)))
        reason, = json.loads(head["reasons"])
        self.assertEqual((reason["code"], reason["at"]), (number, place))
        self.assertTrue(reason["text"])

    def test_answers(self):
        """Rows 27, 29, 34 and 53 to 58."""
        site = self.site_of()
        site.start("acute")
        seen = {topic: 0 for topic in ("flow.messages", "flow.rejected", "flow.reported")}

        def fresh(topic):
            rows = records.rows(site, "acute", topic)[seen[topic]:]
            seen[topic] += len(rows)
            return rows

        with mllp.Client("127.0.0.1", site.port) as client:
            for version in VERSIONS:
                for row in TABLE:
                    name, change, code, number, _, parsed = row
                    with self.subTest(name, version=version):
                        data = change(admit(name.replace(" ", "-")).replace(b"|P|2.4", b"|P|" + version))
                        got, _, answer = client.ask(data)
                        self.assertEqual(got, code)
                        self.check_header(answer, data, parsed)
                        self.check_error(answer, number, form(data) if parsed else "2.3")
                        for secret in SECRETS:
                            self.assertNotIn(secret, answer)
                        self.check_kept(fresh("flow.messages"), fresh("flow.rejected"), row, data)
                        ids = [h["ce_id"] for h, _ in fresh("flow.reported")]
                        self.assertEqual(client.ask(data)[0], code, "the same again")
                        self.assertEqual([h["ce_id"] for h, _ in fresh("flow.reported")], ids)
                        fresh("flow.messages"), fresh("flow.rejected")

    def test_every_reason_and_place(self):
        """Each faulty merge of a message is named in flow.rejected, as many as an answer bears in ERR."""
        site = self.site_of()
        site.start("acute")
        head = trigger(b"ADT^A40")(admit("merges")).split(b"\rPID|")[0].replace(b"|P|2.4", b"|P|2.5.1") + b"\r"
        for count, kept in ((3, 3), (20, 20), (900, 64)):
            data = head + b"".join(b"PID|%d||M%d^^^RZZ^MR\rMRG|M%d^^^RZZ^MR\r" % (i, i, i) for i in range(count))
            with mllp.Client("127.0.0.1", site.port) as client:
                code, _, answer = client.ask(data)
            self.assertEqual(code, "AE")
            reasons = json.loads(records.rows(site, "acute", "flow.rejected")[-1][0]["reasons"])
            self.assertEqual(len(reasons), kept)
            places = [f"MRG[{i + 1}]-1" for i in range(kept)]
            if kept < count:
                places[-1] = ""
                self.assertIn("more", reasons[-1]["text"])
            self.assertEqual([r["at"] for r in reasons], places)
            errors = [line.split(b"|") for line in answer.split(b"\r") if line.startswith(b"ERR")]
            self.assertEqual([e[2] for e in errors], [b"MRG^%d^1" % (i + 1) for i in range(min(count, 16))])

    def test_repeats_give_no_second_event(self):
        """Row 61."""
        site = self.site_of()
        site.start()
        with mllp.Client("127.0.0.1", site.port) as client:
            for _ in range(3):
                for name, change, code, *_ in TABLE:
                    self.assertEqual(client.ask(change(admit(name.replace(" ", "-"))))[0], code)
            self.assertEqual(client.ask(admit("last"))[0], "AA")
        reported = [h["ce_id"] for h, _ in records.rows(site, "acute", "flow.reported")]

        def events():
            ids = [h["ce_id"] for h, _ in records.rows(site, "broker", "flow.events")]
            return reported[-1] in ids and ids

        ids = kit.wait_until(events, 15, "the last event is published")
        self.assertEqual(sorted(ids), sorted(set(reported)))

    def test_storage_full(self):
        """Whatever the message is: try later, and nothing is written."""
        site = self.site_of(free_min="100000000GiB")
        site.start("acute")
        with mllp.Client("127.0.0.1", site.port) as client:
            for version in VERSIONS:
                for name, change, _, _, _, parsed in TABLE:
                    with self.subTest(name, version=version):
                        data = change(admit("full").replace(b"|P|2.4", b"|P|" + version))
                        code, _, answer = client.ask(data)
                        self.assertEqual(code, "AR")
                        self.check_header(answer, data, parsed)
                        self.check_error(answer, 207, form(data) if parsed else "2.3", retry=True)
        for topic in ("flow.messages", "flow.rejected", "flow.reported"):
            self.assertEqual(records.rows(site, "acute", topic), [])


if __name__ == "__main__":
    unittest.main()
