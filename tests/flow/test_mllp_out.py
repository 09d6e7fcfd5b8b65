"""Events and messages to an MLLP receiver, and what one may do to the broker: the faults that camel-mllp's own
receiver is made to have in its tests, and some more."""
import shutil
import ssl
import tempfile
import threading
import unittest

import certs
import checker
import feed as feeds
import kit
import mllp
import records
from receiver import CLOSE, RESET, Receiver, accept, ack, control_id, framed
from test_adapter import admit

QUICK = {"backoff_min": "50ms", "backoff_max": "300ms", "spill_after": "30s", "breaker_after": "30s"}


def person(message):
    """The local number of the patient."""
    return mllp.field(message, b"PID", 3)


class MllpOutTest(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.path = self.site.path("all.ndjson")
        self.site.config["consumers"]["file"] = kit.file_consumer(self.path)
        self.file = kit.Ndjson(self.path, keep=checker.brief)

    def start(self, answer=None, options=None, **mllp_options):
        if answer:
            self.receiver.answer = answer
        self.site.config["consumers"]["beds"] = {
            "route": "all", "kind": "mllp", **QUICK, **(options or {}),
            "mllp": {"to": f"127.0.0.1:{self.receiver.port}", "timeout": "500ms", **mllp_options}}
        self.site.start()

    def send(self, patients=6, length=3, tag="a", first=0):
        queues = feeds.plan(tag, patients, length, 2, seed=len(tag) + patients, merges=0, first=first)
        feed = feeds.Feed(self.site.port, queues, repeat=0).start()
        kit.wait_until(feed.done, 60, lambda: f"{feed.acknowledged()} of {feed.count} acknowledged")
        kit.wait_until(lambda: feed.control_ids <= {e["control_id"] for e in self.file.update()}, 30,
                       "the file consumer has everything")
        return feed

    def delivered(self):
        return int(self.site.broker().metric("weir_delivered_events_total", consumer="beds") or 0)

    def wait_delivered(self, n=None, deadline=60):
        wanted = n if n is not None else len({e["id"] for e in self.file.update()})
        kit.wait_until(lambda: self.delivered() >= wanted, deadline,
                       lambda: f"{self.delivered()} of {wanted}; {self.reason()}")
        self.assertEqual(self.delivered(), wanted)

    def reason(self):
        return self.site.weir("status", "--json").stdout[-600:]

    def parked(self):
        return kit.parked(self.site, "beds")

    def first_once(self, fault):
        """An answer that is the fault for the first attempt of each third message."""
        seen = {}

        def answer(message, attempt):
            n = seen.setdefault(control_id(message), len(seen))
            return fault(message) if n % 3 == 0 and attempt == 1 else accept(message, attempt)
        return answer

    def bear(self, fault, resent=True, **mllp_options):
        """All of it arrives, in order per patient, though every third message meets the fault once."""
        self.start(self.first_once(fault), **mllp_options)
        self.send()
        self.wait_delivered()
        ids = self.receiver.ids()
        unique = list(dict.fromkeys(ids))
        self.assertEqual(len(unique), self.delivered())
        self.assertEqual(len(ids) > len(unique), resent)
        self.assertEqual(self.parked(), [])
        firsts = {}
        for message in self.receiver.messages():
            firsts.setdefault(control_id(message), message)
            self.assertEqual(firsts[control_id(message)], message, "what is sent again is the same, byte for byte")
        return unique

    def order_then_admission(self, **mllp_options):
        """An order, which no ADT message tells, and then an admission of the same patient."""
        self.start(**mllp_options)
        order = admit("order").replace(b"ADT^A01^ADT_A01", b"ORM^O01").replace(b"EVN|A01", b"ZZZ|A01")
        with mllp.Client("127.0.0.1", self.site.port) as client:
            for message in (order + b"ORC|NW|P1\rOBR|1|P1||CT^Thorax\r", admit("stay")):
                self.assertEqual(client.ask(message)[0], "AA")
        kit.wait_until(lambda: len(self.file.update()) == 2, 30, "both are events")

    def test_what_no_adt_tells_is_counted_and_passed_over(self):
        self.order_then_admission()
        self.wait_delivered(1)
        self.assertEqual([mllp.field(m, b"MSH", 9) for m in self.receiver.messages()], ["ADT^A01^ADT_A01"])
        self.assertEqual(self.site.broker().metric("weir_skipped_events_total", consumer="beds"), 1)
        self.assertEqual(self.parked(), [])
        self.assertRegex(self.site.weir("status").stdout, r"skipped +1")

    def test_what_no_adt_tells_is_parked_where_that_is_wanted(self):
        self.order_then_admission(on_no_form="park")
        kit.wait_until(lambda: len(self.parked()) == 2, 30, "the order is parked, the stay waits behind it")
        self.assertEqual({r["state"] for r in self.parked()}, {"parked", "waiting"})
        self.assertIn("no ADT message tells such an event", {r["reason"] for r in self.parked()})
        self.assertEqual((self.delivered(), self.receiver.messages()), (0, []))

    def test_events_as_adt(self):
        self.start(receiving_app="BEDS", receiving_facility="RZZ")
        self.send(patients=10)
        self.wait_delivered()
        message = self.receiver.messages()[0]
        self.assertEqual(mllp.field(message, b"MSH", 12), "2.4")
        self.assertEqual(mllp.field(message, b"MSH", 5), "BEDS")
        self.assertTrue(mllp.field(message, b"MSH", 9).startswith("ADT^A"))
        self.assertEqual(len(set(self.receiver.ids())), self.delivered())
        self.assertEqual(self.receiver.connections, 1, "the connection is kept")

    def test_no_answer(self):
        """Row 14: none in time: the connection is closed, the same bytes go out on a new one."""
        self.bear(lambda m: [], timeout="200ms")
        self.assertGreater(self.receiver.connections, 1)

    def test_connection_closed_in_place_of_an_answer(self):
        self.bear(lambda m: [CLOSE])

    def test_reset_in_place_of_an_answer(self):
        self.bear(lambda m: [RESET])

    def test_reset_behind_the_answer(self):
        self.bear(lambda m: framed(ack(m)) + [RESET], resent=False)

    def test_closed_behind_the_answer(self):
        self.bear(lambda m: framed(ack(m)) + [CLOSE], resent=False)

    def test_answer_without_end(self):
        self.bear(lambda m: [mllp.START + ack(m)], timeout="200ms")

    def test_answer_without_the_last_cr(self):
        self.bear(lambda m: [mllp.START + ack(m) + b"\x1c"], resent=False)

    def test_answer_without_frame(self):
        self.bear(lambda m: [ack(m)], timeout="200ms")

    def test_answer_of_garbage(self):
        self.bear(lambda m: framed(b"HTTP/1.1 400 Bad Request\r\n\r\n"))

    def test_answer_without_msa(self):
        self.bear(lambda m: framed(ack(m).split(b"MSA")[0]))

    def test_answer_too_long(self):
        self.bear(lambda m: framed(ack(m, more="NTE|" + "x" * 5000)), answer_max="1KiB")

    def test_answer_to_another_message(self):
        self.bear(lambda m: framed(ack(m, control_id="ANOTHER")))

    def test_answer_with_empty_control_id(self):
        self.bear(lambda m: framed(ack(m, control_id="")))

    def test_answer_in_pieces(self):
        def pieces(m):
            whole = mllp.frame(ack(m))
            return [whole[i:i + 1] for i in range(len(whole))]
        self.bear(pieces, resent=False)

    def test_answer_given_twice(self):
        """The second one is nobody's: not the next message's."""
        self.bear(lambda m: framed(ack(m), ack(m)), resent=False)
        self.assertEqual(self.receiver.connections, 1)

    def test_rejected_then_taken(self):
        self.bear(lambda m: framed(ack(m, "AR")))

    def test_commit_reject_then_taken(self):
        self.bear(lambda m: framed(ack(m, "CR")))

    def test_error_that_may_pass(self):
        """ERR-5 says that the same message may be taken later."""
        self.bear(lambda m: framed(ack(m, "AE", more="ERR|||207|E|RETRY\r").replace(b"|2.4\r", b"|2.5.1\r")))

    def test_commit_accept_is_enough(self):
        self.start(lambda m, attempt: framed(ack(m, "CA"), ack(m, "AA")))
        self.send()
        self.wait_delivered()
        self.assertEqual(self.receiver.connections, 1, "the application's answer is not taken for the next one's")

    def test_commit_accept_waits_for_the_application(self):
        self.start(self.first_once(lambda m: framed(ack(m, "CA"), ack(m, "AR"))), on_ack={"CA": "wait"})
        self.send()
        self.wait_delivered()
        self.assertGreater(len(self.receiver.ids()), self.delivered())

    def error_is_parked(self, code):
        """The event is parked, its patient's later ones wait behind it, all others go on."""
        bad = []

        def answer(message, attempt):
            if not bad:
                bad.append(message)
            return framed(ack(message, code, more="ERR|PID^1^3^204\r")) if message == bad[0] else accept(message, attempt)
        self.start(answer)
        self.send()
        kit.wait_until(lambda: any(r["state"] == "parked" for r in self.parked()), 30, "it is parked")
        rows = [r for r in self.parked() if r["state"] == "parked"]
        self.assertEqual([(len(rows), r["reason"]) for r in rows], [(1, f"answered {code}, error 204")])
        events = {e["id"] for e in self.file.update()}
        kit.wait_until(lambda: self.delivered() + len(self.parked()) == len(events), 30, "all else is settled")
        self.assertEqual([m for m in self.receiver.messages() if person(m) == person(bad[0])], [bad[0]])

    def test_error_is_parked_and_the_patient_waits(self):
        self.error_is_parked("AE")

    def test_commit_error_is_parked_and_the_patient_waits(self):
        self.error_is_parked("CE")

    def test_what_an_answer_means_can_be_set(self):
        self.start(lambda m, attempt: framed(ack(m, "AE")) if attempt < 2 else framed(ack(m, "AR")),
                   on_ack={"AE": "retry", "AR": "done"})
        self.send(patients=3)
        self.wait_delivered()
        self.assertEqual(self.parked(), [])

    def test_a_late_answer_is_never_that_of_the_next_message(self):
        """Row 14: MSA-2 is compared; what comes late on the next connection too."""
        first, told = [], threading.Event()

        def answer(message, attempt):
            if not first:
                first.append(message)
            if message == first[0] and attempt == 1:
                return []
            if person(message) != person(first[0]) and not told.is_set():
                told.set()
                return framed(ack(first[0]))  # late, and to the wrong message
            return accept(message, attempt)
        self.start(answer, timeout="200ms", options={"backoff_min": "1s", "backoff_max": "2s"})
        self.send()
        self.wait_delivered()
        self.assertTrue(told.is_set())
        ids = self.receiver.ids()
        self.assertGreater(ids.count(control_id(first[0])), 1, "the first was sent again")
        self.assertEqual(len(ids), len(set(ids)) + 2, "and so was the one that got its answer")

    def test_receiver_with_one_connection(self):
        self.receiver.single = True
        self.start(self.first_once(lambda m: []), timeout="200ms")
        self.send()
        self.wait_delivered()
        self.assertEqual(self.receiver.most_open, 1)
        self.assertGreater(self.receiver.connections, 1)

    def test_several_connections(self):
        self.start(connections=4)
        self.send(patients=30)
        self.wait_delivered()
        self.assertGreater(self.receiver.most_open, 1)
        self.assertLessEqual(self.receiver.most_open, 4)

    def test_idle_connection_is_closed_and_made_anew(self):
        self.start(idle_time="200ms")
        self.send(tag="a")
        self.wait_delivered()
        kit.wait_until(lambda: self.receiver.open_now == 0, 10, "the idle connection is closed")
        before = self.receiver.connections
        self.send(tag="bb", first=100)
        self.wait_delivered()
        self.assertEqual(self.receiver.connections, before + 1)
        self.assertEqual(len(self.receiver.ids()), len(set(self.receiver.ids())))

    def test_receiver_gone_and_back(self):
        self.start()
        self.send(tag="a")
        self.wait_delivered()
        self.receiver.close()
        self.send(tag="bb", first=100)
        self.receiver.open()
        self.wait_delivered()
        self.assertEqual(self.parked(), [])

    def test_receiver_by_name(self):
        self.start(to=f"localhost:{self.receiver.port}")
        self.send(patients=2)
        self.wait_delivered()

    def test_name_that_is_none(self):
        self.start(to="no-such-host.invalid:2575", plaintext=True)
        self.send(patients=2)
        kit.wait_until(lambda: self.site.broker().metric("weir_delivery_retries_total", consumer="beds"), 20,
                       "it is tried again")
        self.assertEqual(self.delivered(), 0)

    def secure(self, ask=False):
        """A receiver under TLS, which may ask for a certificate; returns the certificates."""
        files = certs.Certificates(tempfile.mkdtemp(prefix="weir-tls-"))
        self.addCleanup(shutil.rmtree, files.dir)
        files.make(["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.server)
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(files.ca)
        self.receiver.context = context
        return files

    def refused(self, why):
        kit.wait_until(lambda: why in self.site.weir("status").stdout, 20, lambda: self.site.weir("status").stdout)
        self.assertEqual((self.delivered(), self.receiver.messages(), self.parked()), (0, [], []))

    def test_tls(self):
        """Row 15."""
        files = self.secure()
        self.start(tls={"ca_file": files.ca})
        self.send()
        self.wait_delivered()

    def test_tls_of_both_sides(self):
        """Row 15."""
        files = self.secure(ask=True)
        self.start(tls={"ca_file": files.ca, "cert_file": files.client_cert, "key_file": files.client_key})
        self.send()
        self.wait_delivered()

    def test_tls_without_the_certificate_asked_for(self):
        """Row 15: TLS 1.3 says so only when something is read; nothing counts as delivered."""
        files = self.secure(ask=True)
        self.start(tls={"ca_file": files.ca})
        self.send(patients=2)
        kit.wait_until(lambda: self.receiver.connections > 1, 20, "it is tried again")
        self.assertEqual((self.delivered(), self.receiver.messages(), self.parked()), (0, [], []))

    def test_tls_of_another_authority(self):
        """Row 15."""
        files = self.secure()
        self.start(tls={"ca_file": files.other_ca})
        self.send(patients=2)
        self.refused("TLS")

    def test_tls_of_another_name(self):
        """Row 15."""
        files = self.secure()
        self.start(tls={"ca_file": files.ca, "server_name": "beds.example.nhs.uk"})
        self.send(patients=2)
        self.refused("TLS")

    def test_originals_byte_for_byte_and_once(self):
        route = self.site.config["routes"]["all"]
        route.update(keep=["all", "data.care.legal_status"], identifiers=True, restricted=True)
        self.start(options={"format": "original"})
        self.send(patients=8, length=4)
        self.wait_delivered()
        sent = [value for _, value in records.rows(self.site, "acute", "flow.messages")]
        self.assertEqual(sorted(self.receiver.messages()), sorted(sent))

    def test_originals_of_a_while_ago(self):
        """Reading begins long after the messages came, and the answers make it look back."""
        route = self.site.config["routes"]["all"]
        route.update(keep=["all", "data.care.legal_status"], identifiers=True, restricted=True)
        self.receiver.close()
        self.start(options={"format": "original"})
        self.send(patients=8, length=4)
        self.site.processes["broker"].kill()
        self.receiver.open()
        self.site.start("broker")
        sent = [value for _, value in records.rows(self.site, "acute", "flow.messages")]
        kit.wait_until(lambda: set(self.receiver.messages()) == set(sent), 60, "each message has come")

    def test_originals_need_a_route_that_gives_all(self):
        self.site.config["consumers"]["beds"] = {"route": "all", "kind": "mllp", "format": "original",
                                                 "mllp": {"to": "127.0.0.1:2575"}}
        self.site.config["routes"]["all"] = {"keep": ["all"], "identifiers": True}
        self.site.write_config()
        said = self.site.weir("check", check=False)
        self.assertEqual(said.returncode, 78)
        self.assertIn("format: original gives away the whole message", said.stdout + said.stderr)


if __name__ == "__main__":
    unittest.main()
