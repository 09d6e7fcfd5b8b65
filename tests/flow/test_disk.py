"""A full disk: "try later" before anything is accepted, and recovery by itself."""
import json
import os
import sqlite3
import subprocess
import tempfile
import unittest

import checker
import feed as feeds
import kit
import mllp

MIB = 1 << 20


class SmallDisk(unittest.TestCase):
    """A site on a tmpfs of its own, which needs root."""

    size = 0

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        self.disk = tempfile.mkdtemp(prefix="weir-disk-")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.disk],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            os.rmdir(self.disk)
            self.skipTest(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(self.unmount)
        self.site = kit.Site(where=self.disk)
        self.addCleanup(self.site.close)

    def unmount(self):
        subprocess.run(["umount", "-l", self.disk], check=False)
        os.rmdir(self.disk)

    def ballast(self, leave):
        """A file that takes all room but `leave` bytes."""
        stat = os.statvfs(self.disk)
        left = stat.f_bavail * stat.f_frsize - leave
        path = os.path.join(self.disk, "ballast")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while left > 0:
                left -= os.write(fd, bytes(min(left, MIB)))
        except OSError:
            pass  # somebody else took the last of it
        os.close(fd)
        return path

    def ask(self, client, message):
        code, of, answer = client.ask(message.data)
        self.assertEqual(of, message.control_id)
        return code, answer


class IntakeTest(SmallDisk):
    """The adapter alone: what was answered AA is in flow.messages, what was not is not."""

    size = 24 * MIB

    def stored(self, topic, control_id):
        """The control ids of a topic's records, in their order; reads as any SQLite reader would."""
        db = sqlite3.connect(f"file:{self.site.data}/acute.db?mode=ro", uri=True)
        self.addCleanup(db.close)
        number, = db.execute("SELECT id FROM topic WHERE name = ?", (topic,)).fetchone()
        rows = db.execute(f"SELECT value FROM record_{number} ORDER BY offset")
        return [control_id(bytes(value)) for value, in rows]

    def send_round(self, clients, messages):
        """One message over each connection, under way together; returns {control id: (code, answer)}."""
        sent = [next(messages) for _ in clients]
        for client, message in zip(clients, sent):
            client.send(message.data)
        out = {}
        for client, message in zip(clients, sent):
            answer = client.receive()
            self.assertEqual(mllp.field(answer, b"MSA", 2), message.control_id)
            out[message.control_id] = (mllp.field(answer, b"MSA", 1), answer)
        return out

    def full_and_back(self, free_min, leave, why):
        self.site.config["stream"]["free_min"] = free_min
        self.site.start("acute")
        messages = iter(feeds.plan("d", 500, 20, 1, merges=0)[0])
        clients = [mllp.Client("127.0.0.1", self.site.port) for _ in range(4)]
        for client in clients:
            self.addCleanup(client.close)
        answers = self.send_round(clients, messages)
        self.assertEqual({code for code, _ in answers.values()}, {"AA"})
        ballast = self.ballast(leave)

        def send():
            one_round = self.send_round(clients, messages)
            answers.update(one_round)
            return {code for code, _ in one_round.values()}

        kit.wait_until(lambda: "AA" not in send(), 60, "nobody is answered AA any more")
        for _ in range(3):
            self.assertEqual(send(), {"AR"})
        later = [answer for code, answer in answers.values() if code != "AA"]
        for answer in later:
            self.assertEqual(mllp.field(answer, b"MSA", 1), "AR")
            # HL7 v2.4: ERR-1.4.1; "application internal error", which a sender tries again
            self.assertEqual(mllp.field(answer, b"ERR", 1).split("^")[3].split("&")[0], "207")
        status, text = self.site.adapter().get("/ready")
        self.assertEqual(status, 503)
        self.assertIn(why, text)
        os.unlink(ballast)
        kit.wait_until(lambda: send() == {"AA"}, 30, "the same connections go on by themselves")
        for client in clients:
            client.close()
        self.assertEqual(self.site.adapter().stop(), 0)
        acknowledged = [name for name, (code, _) in answers.items() if code == "AA"]
        self.assertGreater(len(acknowledged), 3 * len(clients))
        messages_in = self.stored("flow.messages", lambda v: mllp.field(v, b"MSH", 10))
        self.assertEqual(sorted(messages_in), sorted(acknowledged))
        events_in = self.stored("flow.reported", lambda v: json.loads(v)["data"]["origin"]["control_id"])
        self.assertEqual(set(events_in), set(acknowledged))

    def test_less_room_than_free_min(self):
        self.full_and_back("8MiB", leave=8 * MIB + MIB // 2, why="the disk is nearly full")

    def test_sqlite_finds_no_room(self):
        self.full_and_back("0", leave=MIB // 2, why="the stream refuses")


class FullDiskTest(SmallDisk):
    """The whole line, with a consumer."""

    size = 96 * MIB

    def setUp(self):
        super().setUp()
        self.out = os.path.join(tempfile.gettempdir(), f"weir-disk-out-{os.getpid()}.ndjson")
        self.addCleanup(lambda: os.path.exists(self.out) and os.unlink(self.out))
        self.site.config["consumers"]["file"] = kit.file_consumer(self.out)

    def full_and_back(self, leave):
        """Sends until refused, checks that nothing refused was kept, makes room: all goes through."""
        queue = feeds.plan("a", 60, 10, 1, merges=0)[0]
        feed = feeds.Feed(self.site.port, [queue], window=1, repeat=0)
        rows = feed.ledger
        with mllp.Client("127.0.0.1", self.site.port) as client:
            for message in queue[:10]:
                rows.add(row="sent", control_id=message.control_id, connection="c0")
                self.assertEqual(self.ask(client, message)[0], "AA")
                rows.add(row="answer", control_id=message.control_id, code="AA", connection="c0",
                         expected=message.control_id)
            kit.wait_until(lambda: len(kit.read_ndjson(self.out)) >= 10, 20, "ten events are there")
            path = self.ballast(leave)

            def refused():
                code, answer = self.ask(client, queue[10])
                if code == "AA":  # there was still room: this one is promised, too
                    rows.add(row="sent", control_id=queue[10].control_id, connection="c0")
                    rows.add(row="answer", control_id=queue[10].control_id, code="AA",
                             connection="c0", expected=queue[10].control_id)
                    done = queue.pop(10)
                    assert done
                    return False
                return code, answer

            code, answer = kit.wait_until(refused, 20, "the sender hears \"try later\"")
            self.assertIn(code, ("AE", "CE", "AR", "CR"))
            self.assertNotIn(b"9990", answer)
            for _ in range(3):
                self.assertEqual(self.ask(client, queue[10])[0], code)
            self.assertTrue(self.site.adapter().running())
            self.assertEqual(self.site.adapter().get("/ready")[0], 503)
            os.unlink(path)
            # the same connection, without a restart
            kit.wait_until(lambda: self.ask(client, queue[10])[0] == "AA", 30, "it goes on by itself")
        rest = [m for m in queue[10:]]
        again = feeds.Feed(self.site.port, [rest], window=4, repeat=0)
        again.start()
        kit.wait_until(again.done, 30, "the rest is sent")
        all_rows = rows.rows + [r for r in again.ledger.rows if r["row"] != "made"]
        ids = feed.control_ids
        kit.wait_until(lambda: ids <= {e["data"]["origin"]["control_id"]
                                       for e in kit.read_ndjson(self.out)}, 30, "all is delivered")
        events = [checker.brief(e) for e in kit.read_ndjson(self.out)]
        self.assertEqual(checker.check(all_rows, events), [])
        kit.wait_until(lambda: self.site.adapter().get("/ready")[0] == 200, 10, "ready again")
        refusals = self.site.weir("rejected", "list", "--json").stdout.splitlines()
        self.assertEqual(refusals, [], "\"try later\" writes nothing")

    def test_less_room_than_free_min(self):
        self.site.config["stream"]["free_min"] = "32MiB"
        self.site.start()
        self.full_and_back(leave=8 * MIB)

    def test_no_room_at_all(self):
        self.site.config["stream"]["free_min"] = "64KiB"
        self.site.start()
        self.full_and_back(leave=0)


if __name__ == "__main__":
    unittest.main()
