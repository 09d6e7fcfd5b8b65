"""Which answers leave, by what a source has agreed with its sender: original, by header, enhanced; and what is refused."""
import json
import unittest

import kit
import mllp
import records
from test_adapter import admit

ASK = (b"AL", b"NE", b"ER", b"SU")
HUGE = "100000000GiB"


def asking(message, accept, application):
    """The message with MSH-15 and MSH-16."""
    head, rest = message.split(b"\r", 1)
    fields = head.split(b"|")
    fields[14:16] = [accept, application]
    return b"|".join(fields) + b"\r" + rest


def merge_of_nobody(name):
    return admit(name).replace(b"ADT^A01^ADT_A01", b"ADT^A40").replace(b"EVN|A01", b"EVN|A40")


def of_version_3(name):
    return admit(name).replace(b"|P|2.4", b"|P|3.0")


def due(accept, application, outcome, later=False):
    """HL7 table 0155, written down once more. Who hears CE or CR hears nothing else."""
    def wanted(when, good):
        return when == b"AL" or when == (b"SU" if good else b"ER")
    good, answers = outcome == "AA", []
    if wanted(accept, good):
        answers.append("CA" if good else "CR" if outcome == "AR" and not later else "CE")
        if not good:
            return answers
    return answers + ([outcome] if wanted(application, good) else [])


class AckTest(unittest.TestCase):
    def site_of(self, stream=None, **ack):
        """A site whose source has this section `ack`."""
        site = kit.Site()
        self.addCleanup(site.close)
        source = site.config["sources"]["test-pas"]
        if ack:
            source["ack"] = ack
        source["mllp"]["frame_max"] = 256 * 1024
        site.config["stream"].update(stream or {})
        site.start("acute")
        return site

    def client(self, site):
        client = mllp.Client("127.0.0.1", site.port)
        self.addCleanup(client.close)
        return client

    def answers(self, client, message, last=b"last"):
        """All answers to a message: what comes before the answer to the one sent behind it."""
        client.send(message, asking(admit(last.decode()), b"AL", b"NE"))
        found = []
        while True:
            answer = client.receive()
            if mllp.field(answer, b"MSA", 2) == last.decode():
                return found
            found.append(answer)

    def codes(self, client, message):
        return [mllp.field(a, b"MSA", 1) for a in self.answers(client, message)]

    def test_what_is_asked_for_is_what_comes(self):
        """Rows 51 and 52: each pair of MSH-15 and MSH-16, for a message that is taken and two that are not."""
        for mode in ("by_header", "enhanced"):
            site = self.site_of(mode=mode)
            client = self.client(site)
            for accept in ASK:
                for application in ASK:
                    for outcome, make in (("AA", admit), ("AE", merge_of_nobody), ("AR", of_version_3)):
                        with self.subTest(mode=mode, accept=accept, application=application, outcome=outcome):
                            sent = asking(make("it"), accept, application)
                            got = self.answers(client, sent)
                            self.assertEqual([mllp.field(a, b"MSA", 1) for a in got], due(accept, application, outcome))
                            self.check_answers(got, sent)
            kept = [h for h, _ in records.rows(site, "acute", "flow.messages")]
            self.assertEqual(len(kept), 16 + 48, "answered or not, what is taken is stored")
            self.assertEqual(len(records.rows(site, "acute", "flow.rejected")), 32)

    def check_answers(self, answers, sent):
        ids = {mllp.field(a, b"MSH", 10) for a in answers}
        self.assertEqual(len(ids), len(answers), "each has an id of its own")
        for answer in answers:
            code = mllp.field(answer, b"MSA", 1)
            self.assertEqual(mllp.field(answer, b"MSA", 2), mllp.field(sent, b"MSH", 10))
            self.assertEqual([mllp.field(answer, b"MSH", n) for n in (3, 4, 5, 6)],
                             [mllp.field(sent, b"MSH", n) for n in (5, 6, 3, 4)])
            asks = [mllp.field(answer, b"MSH", n) for n in (15, 16)]
            self.assertEqual(asks, ["NE", "NE"] if code[0] == "A" else ["", ""], "nobody is to answer an answer")
            self.assertEqual(code[1] != "A", b"\rERR|" in answer)

    def test_one_of_the_two(self):
        """Row 50: one alone is enhanced mode, and the other means NE."""
        client = self.client(self.site_of(mode="by_header"))
        for accept, application, want in ((b"AL", b"", ["CA"]), (b"", b"AL", ["AA"]), (b"ER", b"", []),
                                          (b'""', b"SU", ["AA"]), (b"", b"", ["AA"])):
            with self.subTest(accept=accept, application=application):
                self.assertEqual(self.codes(client, asking(admit("one"), accept, application)), want)
        self.assertEqual(self.codes(client, asking(of_version_3("one"), b"", b"ER")), ["AR"])

    def test_modes(self):
        """Row 51: original whatever is asked, and enhanced without being asked."""
        original = self.client(self.site_of())
        for accept, application in ((b"AL", b"NE"), (b"NE", b"NE"), (b"AL", b"AL")):
            self.assertEqual(original.ask(asking(admit("o"), accept, application))[0], "AA")
        client = self.client(self.site_of(mode="enhanced"))
        self.assertEqual(self.codes(client, admit("e")), ["CA"])
        self.assertEqual(self.codes(client, merge_of_nobody("e")), ["CE"])
        client.send(b"this is no HL7")
        self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "CR")
        client.send(admit("long") + b"NTE|1||" + b"x" * 300 * 1024)
        self.assertEqual(mllp.field(client.receive(), b"MSA", 1), "CR")
        one = self.client(self.site_of(mode="by_header", two_answers=False))
        self.assertEqual(self.codes(one, asking(admit("t"), b"AL", b"AL")), ["CA"])
        self.assertEqual(self.codes(one, asking(admit("t"), b"NE", b"AL")), ["AA"])

    def test_acknowledgments_are_not_acknowledged(self):
        """Row 52: a sender that answers our answer is not answered again."""
        site = self.site_of(mode="by_header")
        client = self.client(site)
        for wrong in (b"ACK^A01^ACK", b"ACK"):
            self.assertEqual(self.codes(client, admit("back").replace(b"ADT^A01^ADT_A01", wrong)), [])

    def test_try_later(self):
        """Storage full: CE where an accept answer is due, and what nobody is to hear of is never taken for stored."""
        site = self.site_of(stream={"free_min": HUGE}, mode="by_header")
        client = self.client(site)
        for accept, application in ((b"", b""), (b"AL", b"NE"), (b"ER", b"AL"), (b"SU", b"AL"), (b"NE", b"ER")):
            data = asking(admit("later"), accept, application).replace(b"|P|2.4", b"|P|2.5")
            want = due(accept, application, "AR", True) if accept + application else ["AR"]
            code, _, answer = client.ask(data)
            self.assertEqual([code], want)
            self.assertEqual(mllp.field(answer, b"ERR", 3)[:4], "207^")
            self.assertEqual(mllp.field(answer, b"ERR", 5), "RETRY")
        for accept, application in ((b"NE", b"NE"), (b"SU", b"NE"), (b"NE", b"SU")):
            client = self.client(site)
            client.send(admit("heard"), asking(admit("unheard"), accept, application), admit("behind"))
            self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "heard")
            with self.assertRaises(ConnectionError, msg="no answer, and the connection ends"):
                client.receive()
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])

    def test_close_instead_of_try_later(self):
        """For a sender that takes AR as final."""
        site = self.site_of(stream={"free_min": HUGE}, on_trouble="close")
        for _ in range(3):
            client = self.client(site)
            client.send(admit("a"), admit("b"), of_version_3("c"))
            with self.assertRaises(ConnectionError):
                client.receive()
        self.assertGreaterEqual(site.adapter().metric("weir_messages_answered_total", source="test-pas", code="none"), 3)
        kit.wait_until(lambda: site.adapter().metric("weir_intake_connections", source="test-pas") == 0, 10,
                       "no connection is left")

    def test_what_is_refused_on_request(self):
        """Rows 29 and 57."""
        site = self.site_of(on_unmapped="refuse", on_test="refuse")
        client = self.client(site)
        for what, by, number, place in ((b"ADT^A01^ADT_A01", b"ADT^A99", 201, "MSH-9.2"),
                                        (b"ADT^A01^ADT_A01", b"QBP^Q22", 200, "MSH-9.1"),
                                        (b"|P|2.4", b"|T|2.4", 202, "MSH-11"),
                                        (b"|P|2.4", b"|D^A|2.4", 202, "MSH-11"),
                                        (b"|P|2.4", b"|V|2.4", 202, "MSH-11")):
            with self.subTest(by):
                code, _, answer = client.ask(admit("no").replace(what, by))
                self.assertEqual(code, "AR")
                self.assertIn(b"^%d&" % number, answer)
                reason, = json.loads(records.rows(site, "acute", "flow.rejected")[-1][0]["reasons"])
                self.assertEqual((reason["code"], reason["at"]), (number, place))
        for good in (admit("p"), admit("p").replace(b"|P|2.4", b"||2.4"), admit("p").replace(b"|P|2.4", b"|P^A|2.4")):
            self.assertEqual(client.ask(good)[0], "AA")

    def test_accepted_with_an_alarm(self):
        """A sender that stops at a refusal hears AA; what it sent stands in flow.rejected, and somebody is called."""
        site = self.site_of(on_invalid="accept")
        client = self.client(site)
        for n, data in enumerate((merge_of_nobody("m"), of_version_3("v"), b"no HL7 at all"), 1):
            code, _, answer = client.ask(data)
            self.assertEqual(code, "AA")
            self.assertNotIn(b"ERR", answer)
            head, value = records.rows(site, "acute", "flow.rejected")[-1]
            self.assertEqual((head["answered"], value), ("accepted", data))
            self.assertEqual(site.adapter().metric("weir_messages_accepted_unusable_total", source="test-pas"), n)
        self.assertIn("alarm.unusable", site.adapter().log())
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])
        newest = json.loads(site.weir("rejected", "list", "--json").stdout.splitlines()[0])["newest"]
        self.assertIn("answered  accepted", site.weir("rejected", "show", newest).stdout)
        # of what is kept in part only, its sender must hear
        self.assertEqual(client.ask(admit("long") + b"NTE|1||" + b"x" * 300 * 1024)[0], "AR")
        self.assertNotIn("answered", records.rows(site, "acute", "flow.rejected")[-1][0])

    def test_text_for_old_peers(self):
        """Row 54: MSA-3 up to 2.6 where the source asks for it."""
        client = self.client(self.site_of(text=True))
        for version, has in ((b"2.3", True), (b"2.6", True), (b"2.7", False)):
            _, _, answer = client.ask(merge_of_nobody("t").replace(b"|P|2.4", b"|P|" + version))
            self.assertEqual(bool(mllp.field(answer, b"MSA", 3)), has, answer)
            _, _, answer = client.ask(admit("t").replace(b"|P|2.4", b"|P|" + version))
            self.assertIsNone(mllp.field(answer, b"MSA", 3))

    def test_sequence_numbers_are_not_looked_at(self):
        """Rows 65 to 69: whatever stands in MSH-13, the message is taken and MSA-4 stays out."""
        site = self.site_of()
        client = self.client(site)
        for n, number in enumerate((b"0", b"-1", b"7", b"7", b"x")):
            data = asking(admit(f"s{n}"), b"", b"").replace(b"|P|2.4|", b"|P|2.4|" + number)
            code, _, answer = client.ask(data)
            self.assertEqual((code, mllp.field(answer, b"MSA", 4)), ("AA", None))
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 5)


if __name__ == "__main__":
    unittest.main()
