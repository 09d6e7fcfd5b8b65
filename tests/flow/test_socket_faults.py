"""The socket faults that camel-mllp's tests have clients make, against our listener: what was acknowledged becomes
exactly one event, what was not is there whole or not at all, and a sender beside notices nothing. The same of a
receiver's faults, against our sender: test_mllp_out.py. TLS: test_mllp_tls.py."""
import socket
import struct
import unittest

import kit
import mllp
import records
from test_adapter import admit


class SocketFaults(unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.path = self.site.path("all.ndjson")
        self.site.config["consumers"]["file"] = kit.file_consumer(self.path)
        self.mllp = self.site.config["sources"]["test-pas"]["mllp"]

    def start(self, **mllp_options):
        self.mllp.update(mllp_options)
        self.site.start()
        self.beside = self.client()
        self.asked("beside-0")

    def client(self):
        client = mllp.Client("127.0.0.1", self.site.port)
        self.addCleanup(client.close)
        return client

    def asked(self, name):
        """The healthy sender goes on, on the connection that it has had from the start."""
        self.assertEqual(self.beside.ask(admit(name))[:2], ("AA", name))

    def events(self):
        return [e["data"]["origin"]["control_id"] for e in kit.read_ndjson(self.path)]

    def settled(self, *acknowledged):
        """Each acknowledged message is one event, of the others there is none; and the healthy sender's are there."""
        self.asked("beside-1")
        wanted = {"beside-0", "beside-1", *acknowledged}
        kit.wait_until(lambda: wanted <= set(self.events()), 20, lambda: f"{self.events()}, wanted {wanted}")
        got = self.events()
        self.assertEqual(len(got), len(set(got)), got)
        self.assertLessEqual(set(got), wanted)
        kept = [mllp.field(value, b"MSH", 10) for _, value in records.rows(self.site, "acute", "flow.messages")]
        self.assertEqual(set(kept), set(got))

    def answers(self, client, n):
        return [mllp.field(client.receive(), b"MSA", 2) for _ in range(n)]

    def reset(self, client):
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sock.close()

    def test_frame_in_two_packets(self):
        self.start()
        whole = mllp.frame(admit("split"))
        for at in (1, 2, 20, len(whole) // 2, len(whole) - 2, len(whole) - 1):
            client = self.client()
            client.send_raw(whole[:at])
            self.asked(f"between-{at}")
            client.send_raw(whole[at:])
            self.assertEqual(self.answers(client, 1), ["split"])
        self.settled("split", *(f"between-{a}" for a in (1, 2, 20, len(whole) // 2, len(whole) - 2, len(whole) - 1)))

    def test_frames_in_one_packet(self):
        self.start()
        client = self.client()
        names = [f"m{i}" for i in range(20)]
        client.send(*(admit(n) for n in names))
        self.assertEqual(self.answers(client, 20), names)
        self.settled(*names)

    def test_end_of_one_and_beginning_of_the_next_in_one_packet(self):
        self.start()
        client = self.client()
        stream = b"".join(mllp.frame(admit(f"m{i}")) for i in range(5))
        for at in range(0, len(stream), 97):
            client.send_raw(stream[at:at + 97])
        self.assertEqual(self.answers(client, 5), [f"m{i}" for i in range(5)])
        self.settled(*(f"m{i}" for i in range(5)))

    def test_without_start_byte(self):
        self.start()
        client = self.client()
        client.send_raw(admit("unstarted") + mllp.END)
        client.send(admit("behind"))
        self.assertEqual(self.answers(client, 1), ["behind"])
        self.settled("behind")

    def test_without_end_bytes(self):
        self.start(frame_time="300ms")
        client = self.client()
        client.send_raw(mllp.START + admit("endless"))
        self.assertTrue(client.closed_by_peer())
        self.settled()

    def test_without_end_bytes_then_another(self):
        self.start()
        client = self.client()
        client.send_raw(mllp.START + admit("endless"))
        client.send(admit("next"))
        self.assertEqual(self.answers(client, 1), ["next"])
        self.settled("next")

    def test_without_the_last_byte(self):
        self.start(frame_time="300ms")
        client = self.client()
        client.send_raw(mllp.START + admit("no-cr") + b"\x1c")
        self.assertTrue(client.closed_by_peer())
        self.settled()

    def test_without_the_last_byte_where_that_is_borne(self):
        self.start(require_end_cr=False)
        client = self.client()
        client.send_raw(mllp.START + admit("no-cr") + b"\x1c")
        self.assertEqual(self.answers(client, 1), ["no-cr"])
        self.settled("no-cr")

    def test_other_bytes_in_place_of_the_end(self):
        self.start()
        client = self.client()
        client.send_raw(mllp.START + admit("odd-end") + b"\x1c\x0d"[::-1] + mllp.END)
        code, of = (mllp.field(answer, b"MSA", n) for answer in [client.receive()] for n in (1, 2))
        self.assertEqual((code, of), ("AA", "odd-end"))
        self.settled("odd-end")

    def test_reset_within_a_frame(self):
        self.start()
        client = self.client()
        client.send_raw(mllp.frame(admit("cut"))[:-5])
        self.reset(client)
        self.settled()

    def test_closed_within_a_frame(self):
        self.start()
        client = self.client()
        client.send_raw(mllp.frame(admit("cut"))[:-5])
        client.close()
        self.settled()

    def test_reset_before_the_answer(self):
        """Whether it was taken nobody knows: sent again it is one event all the same."""
        self.start()
        names = [f"r{i}" for i in range(10)]
        for name in names:
            client = self.client()
            client.send(admit(name))
            self.reset(client)
        for name in names:
            self.assertEqual(self.client().ask(admit(name))[:2], ("AA", name))
        self.settled_once(names)

    def settled_once(self, names):
        self.asked("beside-1")
        wanted = {"beside-0", "beside-1", *names}
        kit.wait_until(lambda: wanted <= set(self.events()), 20, lambda: f"{self.events()}")
        self.assertEqual(sorted(self.events()), sorted(wanted))

    def test_closed_before_the_answer(self):
        self.start()
        client = self.client()
        client.send(admit("gone"))
        client.close()
        self.assertEqual(self.client().ask(admit("gone"))[:2], ("AA", "gone"))
        self.settled_once(["gone"])

    def test_half_closed_before_the_answer(self):
        """The sender says that it sends no more, and still gets its answer."""
        self.start()
        client = self.client()
        client.send(admit("half"))
        client.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(self.answers(client, 1), ["half"])
        self.settled("half")

    def test_reset_behind_the_answer(self):
        self.start()
        for i in range(5):
            client = self.client()
            self.assertEqual(client.ask(admit(f"a{i}"))[0], "AA")
            self.reset(client)
        self.settled(*(f"a{i}" for i in range(5)))

    def test_closed_behind_each_answer(self):
        self.start()
        for i in range(20):
            client = self.client()
            self.assertEqual(client.ask(admit(f"c{i}"))[0], "AA")
            client.close()
        self.settled(*(f"c{i}" for i in range(20)))

    def test_connected_and_silent(self):
        self.start()
        silent = [self.client() for _ in range(20)]
        self.asked("beside-2")
        for client in silent:
            client.close()
        self.settled("beside-2")

    def test_idle_connection_is_closed_and_a_new_one_taken(self):
        self.start(idle_time="300ms")
        client = self.client()
        self.assertEqual(client.ask(admit("before"))[0], "AA")
        self.assertTrue(client.closed_by_peer())
        self.assertEqual(self.client().ask(admit("after"))[0], "AA")
        self.beside = self.client()
        self.settled("before", "after")

    def test_more_connections_than_there_may_be(self):
        """Those beyond are turned away; a place that was given back is taken again."""
        self.start(connections=3)
        taken = [self.client() for _ in range(2)]
        for i, client in enumerate(taken):
            self.assertEqual(client.ask(admit(f"t{i}"))[0], "AA")
        beyond = self.client()
        self.assertTrue(beyond.closed_by_peer())
        self.asked("beside-2")
        taken[0].close()

        def again():
            try:
                return self.client().ask(admit("again"))[0] == "AA"
            except OSError:
                return False
        kit.wait_until(again, 10, "the place that was given back is taken")
        self.settled("t0", "t1", "again", "beside-2")

    def test_answers_that_are_not_read(self):
        self.start()
        client = self.client()
        names = [f"u{i}" for i in range(50)]
        client.send(*(admit(n) for n in names))
        self.asked("beside-2")
        self.assertEqual(self.answers(client, 50), names)
        self.settled(*names, "beside-2")

    def test_bad_message_between_good_ones(self):
        self.start()
        client = self.client()
        client.send(admit("one"), b"no HL7 at all", b"MSH|^~\\&|\r", admit("two"))
        codes = [mllp.field(client.receive(), b"MSA", 1) for _ in range(4)]
        self.assertEqual((codes[0], codes[3]), ("AA", "AA"))
        self.assertNotIn("AA", codes[1:3])
        self.settled("one", "two")

    def test_garbage_and_nothing_else(self):
        self.start()
        client = self.client()
        client.send_raw(bytes(range(32, 127)) * 200)
        client.close()
        self.settled()


if __name__ == "__main__":
    unittest.main()
