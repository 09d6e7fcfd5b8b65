"""Batches (FHS, BHS, BTS, FTS) in one MLLP frame: each message by itself, one answer, counts told."""
import unittest

import kit
import mllp
import records
from test_ack import merge_of_nobody
from test_adapter import admit


def batch(*messages, said=None, batch_id=b"B77", refers=b"", file=False, trailer=True):
    """FHS and FTS only where it is a file."""
    head = b"|^~\\&|APP|FAC|WEIR|HUB|20260301120000||||" + batch_id + b"|" + refers + b"\r"
    text = b"BHS" + head + b"".join(messages)
    if trailer:
        text += b"BTS|%d\r" % (len(messages) if said is None else said)
    return b"FHS" + head + text + b"FTS|1\r" if file else text


def lines(answer, segment):
    return [line for line in answer.split(b"\r") if line.startswith(segment)]


def acks(answer):
    """(MSA-1, MSA-2) of each answer in a batch."""
    return [tuple(line.decode().split("|")[1:3]) for line in lines(answer, b"MSA")]


class BatchTest(unittest.TestCase):
    def site_of(self, **ack):
        site = kit.Site()
        self.addCleanup(site.close)
        if ack:
            site.config["sources"]["test-pas"]["ack"] = ack
        site.config["consumers"]["file"] = kit.file_consumer(site.path("all.ndjson"))
        site.start()
        return site

    def client(self, site):
        client = mllp.Client("127.0.0.1", site.port)
        self.addCleanup(client.close)
        return client

    def ask(self, client, text):
        client.send(text)
        return client.receive()

    def sources(self, site, n):
        """Identifiers of visits in what came out, once there are n events."""
        path = site.path("all.ndjson")
        kit.wait_until(lambda: len(kit.read_ndjson(path)) >= n, 20, "the events of the batch")
        return [e["data"]["visit"]["number"] for e in kit.read_ndjson(path)]

    def test_a_batch_is_taken_and_answered_as_one(self):
        """Rows 73 and 75: every message of a file is durable before one batch of answers leaves, which
        says whose batch it answers; an empty batch is fine; what comes behind it waits its turn."""
        site = self.site_of()
        client = self.client(site)
        client.send(batch(admit("B-1", 1), admit("B-2", 2), file=True), admit("B-3", 3))
        answer = client.receive()
        self.assertEqual(acks(answer), [("AA", "B-1"), ("AA", "B-2")])
        head = lines(answer, b"BHS")[0].decode().split("|")
        self.assertEqual((head[2], head[3], head[4], head[5], head[11]), ("WEIR", "HUB", "APP", "FAC", "B77"))
        self.assertTrue(answer.startswith(b"FHS|^~\\&|WEIR|"))
        self.assertTrue(answer.endswith(b"BTS|2\rFTS|1\r"), answer)
        self.assertEqual(mllp.field(client.receive(), b"MSA", 2), "B-3")
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 3)
        self.assertEqual(lines(self.ask(client, batch()), b"BTS"), [b"BTS|0"])
        self.assertEqual(self.sources(site, 3), ["V1", "V2", "V3"])

    def test_a_wrong_count_is_told_and_the_good_ones_are_taken(self):
        """Row 74: BTS-1 says five and two come; no BTS comes at all."""
        site = self.site_of()
        client = self.client(site)
        answer = self.ask(client, batch(admit("W-1", 1), admit("W-2", 2), said=5))
        self.assertEqual(acks(answer), [("AA", "W-1"), ("AA", "W-2"), ("AE", "B77")])
        self.assertIn(b"207", lines(answer, b"ERR")[0])
        answer = self.ask(client, batch(admit("W-3", 3), trailer=False))
        self.assertEqual(acks(answer), [("AA", "W-3"), ("AE", "B77")])
        self.assertEqual(self.sources(site, 3), ["V1", "V2", "V3"])
        self.assertIn("batch.odd", site.adapter().log())

    def test_a_count_that_is_no_number_is_wrong(self):
        """Row 74: words, less than none, more than a number can say; nothing said is fine."""
        site = self.site_of()
        client = self.client(site)
        for n, said in enumerate((b"one", b"-1", b"99999999999999999999"), 1):
            answer = self.ask(client, batch(admit(f"N-{n}", n)).replace(b"BTS|1", b"BTS|" + said))
            self.assertEqual(acks(answer), [("AA", f"N-{n}"), ("AE", "B77")], said)
        self.assertEqual(acks(self.ask(client, batch(admit("N-4", 4)).replace(b"BTS|1", b"BTS|"))), [("AA", "N-4")])

    def test_messages_in_one_frame_without_a_header(self):
        """Row 73: each is taken, and answered in a frame of its own, as this sender knows of no batches."""
        site = self.site_of()
        client = self.client(site)
        client.send(admit("F-1", 1) + admit("F-2", 2) + admit("F-3", 3).replace(b"\r", b"\n"), admit("F-4", 4))
        answers = [client.receive() for _ in range(4)]
        self.assertEqual([mllp.field(a, b"MSA", 2) for a in answers], ["F-1", "F-2", "F-3", "F-4"])
        self.assertTrue(all(a.startswith(b"MSH|") for a in answers))
        self.assertEqual(self.sources(site, 4), ["V1", "V2", "V3", "V4"])

    def test_headers_that_are_nothing_but_their_id(self):
        """Row 73: the answer has the usual delimiters, and no byte of anything else."""
        site = self.site_of()
        client = self.client(site)
        for head in (b"FHS\0\0", b"FHS|", b"BHS\0", b"FHS ", b"BHS|^"):
            answer = self.ask(client, head + b"\r" + admit("H-1", 1))
            self.assertEqual(acks(answer)[0], ("AA", "H-1"), head)
            self.assertRegex(answer, rb"\r[BF]TS\|[12]\r$", head)
            self.assertTrue(answer.isascii(), answer)

    def test_one_bad_message_does_not_hold_the_others(self):
        """Row 75: the answers by config: all of them, refusals only, or each by itself."""
        messages = [admit("E-1", 1), merge_of_nobody("E-2"), admit("E-3", 3)]
        site = self.site_of(batch="errors")
        answer = self.ask(self.client(site), batch(*messages))
        self.assertEqual(acks(answer), [("AE", "E-2")])
        self.assertTrue(answer.endswith(b"BTS|1\r"), answer)
        answer = self.ask(self.client(site), batch(admit("E-4", 4)))
        self.assertEqual(acks(answer), [])
        self.assertEqual(len(records.rows(site, "acute", "flow.rejected")), 1)
        site = self.site_of(batch="each")
        client = self.client(site)
        client.send(batch(*messages))
        self.assertEqual([mllp.field(client.receive(), b"MSA", 1) for _ in range(3)], ["AA", "AE", "AA"])

    def test_a_corrected_batch_is_known_by_its_messages(self):
        """Row 77: the batch comes again with one message mended: only that one is new."""
        site = self.site_of()
        client = self.client(site)
        self.ask(client, batch(admit("C-1", 1), merge_of_nobody("C-2"), admit("C-3", 3)))
        answer = self.ask(client, batch(admit("C-1", 1), admit("C-2", 2), admit("C-3", 3), batch_id=b"B78",
                                        refers=b"B77"))
        self.assertEqual([code for code, _ in acks(answer)], ["AA", "AA", "AA"])
        self.assertEqual(self.ask(client, batch(admit("C-4", 4)))[:3], b"BHS")
        self.assertEqual(self.sources(site, 4), ["V1", "V3", "V2", "V4"])

    def test_a_batch_that_does_not_fit_now_is_sent_again_whole(self):
        """No room on the disk: one AR for the whole batch, and nothing of it is kept."""
        site = kit.Site()
        self.addCleanup(site.close)
        site.config["stream"]["free_min"] = "100000000GiB"
        site.start("acute")
        client = self.client(site)
        code, control_id, answer = client.ask(batch(admit("F-1", 1), admit("F-2", 2)))
        self.assertEqual((code, control_id), ("AR", "B77"), answer)
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])

    def test_many_messages_and_a_sender_that_goes(self):
        """Thousands of messages in one frame wait for room and keep their order; a sender that is gone
        before its answer leaves nothing behind."""
        site = self.site_of()
        site_batch = batch(*[admit(f"M-{n}", n) for n in range(1, 3001)])
        client = self.client(site)
        client.send(site_batch)
        client.close()
        answer = self.ask(self.client(site), site_batch)
        self.assertEqual(acks(answer), [("AA", f"M-{n}") for n in range(1, 3001)])
        found = self.sources(site, 3000)
        self.assertEqual(found[:3000], [f"V{n}" for n in range(1, 3001)])


if __name__ == "__main__":
    unittest.main()
