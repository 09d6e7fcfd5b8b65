"""The machine fails under the embedded stream: killed at each stage, a disk that errs, is slow, full, torn or
flips bits, no memory, no descriptors, a clock that jumps, an older directory, two instances."""
import os
import random
import re
import resource
import signal
import socket
import sqlite3
import struct
import unittest

import faults
import kit
import mllp
import records

FRAME_HEADER, WAL_HEADER, PAGE = 24, 32, 16384


class KilledTest(faults.Line):
    """kill -9 at the very call, not at a random moment."""

    def killed(self, name, fault, restarts=1):
        """That process dies of the fault under load and is started again; nothing may be lost."""
        process = getattr(self.site, {"acute": "adapter"}.get(name, name))()
        if not process.running():
            self.site.start("broker" if name == "acute" else "acute")
        for _ in range(restarts):
            process.kill()
            self.inject(process, fault)
            process.start()
            feed = self.feed(pace=0.005)
            self.ended(process)
            self.assertEqual(process.popen.returncode, -signal.SIGKILL)
            self.inject(process, None)
            process.start()
            self.settle(feed)

    def test_adapter_before_its_sync(self):
        """Row 1: killed before the record is stored: no ACK, the sender sends again, one event."""
        self.killed("acute", "sync acute.db-wal 4 1 kill-before", restarts=5 if faults.LONG else 2)

    def test_adapter_after_its_sync(self):
        """Row 2: killed when it is stored and not answered: the resend is recognised, one event."""
        self.killed("acute", "sync acute.db-wal 4 1 kill-after", restarts=5 if faults.LONG else 2)

    def test_broker_before_its_sync(self):
        """Row 3: killed after the ACK, before anything went on: it goes on with the same ids."""
        self.killed("broker", "sync broker.db-wal 3 1 kill-before", restarts=5 if faults.LONG else 2)

    def test_broker_with_deliveries_under_way(self):
        """Row 4: killed after the consumer's 2xx, before the position: again, with the same id."""
        self.killed("broker", "sync broker.db-wal 9 1 kill-before", restarts=5 if faults.LONG else 2)
        seen = [r["event"]["id"] for r in self.http.accepted()]
        self.assertGreaterEqual(len(seen), len(set(seen)))

    def test_in_a_checkpoint(self):
        """Row 10: killed while the WAL moves into the database: everything is there afterwards."""
        site = self.site.start()
        self.settle(self.feed())
        site.adapter().kill()  # the WAL stays, and moves when it is opened again
        self.killed("acute", "write acute.db 5 1 kill-before")


class DiskTest(faults.Line):
    def under(self, name, fault, **feed):
        process = getattr(self.site.start("acute", "broker"), {"acute": "adapter"}.get(name, name))()
        process.kill()
        self.inject(process, fault)
        process.start()
        kit.wait_until(process.healthy, 30, "it is healthy")
        feed = self.feed(**{"patients": 100, "length": 10, **feed})
        return process, feed

    def test_sync_fails(self):
        """Row 8: the disk errs on sync: "try later", no ACK for what was in it, then it goes on by itself."""
        process, feed = self.under("acute", "sync acute.db-wal 6 3 eio")
        self.settle(feed)
        self.assertIn("stream.failed", process.log())
        self.assertIn("stream.recovered", process.log())

    def test_sync_fails_under_hasty_senders(self):
        """Row 8: the same again and again, and senders that do not wait for their answers: what they sent behind a message
        that was put off does not overtake it."""
        for _ in range(10 if faults.LONG else 3):
            process, feed = self.under("acute", "sync acute.db-wal 6 12 eio", window=64, length=30)
            self.settle(feed)
            self.assertIn("stream.failed", process.log())

    def test_sync_fails_in_the_broker(self):
        """Row 8: the same in the broker: the unit is tried again whole."""
        process, feed = self.under("broker", "sync broker.db-wal 6 3 eio")
        self.settle(feed)
        self.assertIn("journey.unit", process.log())

    def test_no_room_in_a_checkpoint(self):
        """Row 10: no room while the WAL moves into the database: writing goes on, the file stays sound."""
        process, feed = self.under("acute", "write acute.db 5 200 enospc")
        self.settle(feed)
        self.assertEqual(process.stop(), 0)
        db = sqlite3.connect(f"file:{self.site.data}/acute.db?mode=ro", uri=True)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        db.close()

    def test_slow_disk(self):
        """Row 11: each sync takes two seconds for a while: senders wait, nothing is lost, memory stays flat."""
        process, feed = self.under("acute", "sync acute.db-wal 5 4 slow=2000")
        kit.wait_until(lambda: feed.acknowledged() > 100, 60, "it moves")
        self.assertLess(process.rss(), 64 << 20)
        self.settle(feed)
        self.assertIn('le="1"', process.get("/metrics")[1])

    def tear(self):
        """As a power cut leaves a write of which half reached the disk: the head of a frame behind the end."""
        path = f"{self.site.data}/acute.db-wal"
        with open(path, "r+b") as f:
            data = f.read()
            self.assertGreater(len(data), WAL_HEADER + FRAME_HEADER + PAGE)
            frames = (len(data) - WAL_HEADER) // (FRAME_HEADER + PAGE)
            f.seek(WAL_HEADER + frames * (FRAME_HEADER + PAGE))
            f.write(data[WAL_HEADER:WAL_HEADER + FRAME_HEADER + PAGE // 2])

    def test_torn_write(self):
        """Rows 5, 6: half of a write behind what was synced: it is left out, all that was ACKed is there."""
        site = self.site.start("acute")
        first = self.feed()
        kit.wait_until(first.done, 60, "the feed ends")
        site.adapter().kill()
        self.tear()
        site.start("acute", "broker")
        self.settle(first, self.feed())


class FlippedTest(faults.Line):
    def damage(self, change):
        """Feeds the adapter alone, stops it, changes the file, starts both."""
        site = self.site.start("acute")
        feed = self.feed(patients=10, length=5, merges=0)
        kit.wait_until(feed.done, 60, "the feed ends")
        self.assertEqual(site.adapter().stop(), 0)
        path = f"{site.data}/acute.db"
        with open(path, "rb") as f:
            data = bytearray(f.read())
        change(data)
        with open(path, "wb") as f:
            f.write(data)
        site.write_config()
        site.broker().start()
        return feed

    def test_flipped_bit_in_a_record(self):
        """Row 7: a bit flips in an old record: told with its exact place, not delivered; the others are."""
        def change(data):
            places = [m.start() for m in re.finditer(rb'"specversion":"1.0"', data)]
            data[places[len(places) // 2] + 3] ^= 4

        feed = self.damage(change)
        broker = self.site.broker()
        kit.wait_until(lambda: "alarm.position_lost" in broker.log(), 60, "the damage is told")
        kit.wait_until(lambda: len({e["control_id"] for e in self.file.update()}) >= feed.count - 1, 60,
                       "the others are delivered")
        alarm = next(line for line in broker.log().splitlines() if "alarm.position_lost" in line)
        self.assertRegex(alarm, r"acute\.db: this record is not what was written.*flow\.reported.*records \[\d+, \d+\)")
        audit = [value for _, value in records.rows(self.site, "broker", "flow.audit")]
        self.assertTrue(any(b"position.lost" in value for value in audit), audit)

    def test_flipped_page(self):
        """Row 7: a page of the tree is damaged: reading stops and says so, nothing crashes."""
        def change(data):
            for at in range(PAGE, len(data), PAGE):
                if data[at] == 0x0d and b'"specversion"' in data[at:at + PAGE]:
                    data[at:at + 8] = b"\xff" * 8

        self.damage(change)
        broker = self.site.broker()
        kit.wait_until(lambda: "malformed" in broker.log(), 60, lambda: broker.log()[-2000:])
        self.assertTrue(broker.running())
        kit.wait_until(lambda: broker.get("/ready")[0] == 503, 60, "/ready says no")


class LimitsTest(faults.Line):
    def test_no_descriptors(self):
        """Row 12: descriptors run out: live connections go on, new ones come when there is room again."""
        site = self.site.start()
        adapter = site.adapter()
        live = mllp.Client("127.0.0.1", site.port, timeout=20)
        self.addCleanup(live.close)
        pid = adapter.popen.pid
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 3, 4096))
        crowd = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(20)]
        feed = self.feed(patients=5, length=4, connections=1, merges=0)
        message = mllp_message("live.1")
        self.assertEqual(live.ask(message)[0], "AA")
        for s in crowd:
            s.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, 4096))
        kit.wait_until(feed.done, 60, "those that waited are served")
        self.assertTrue(adapter.running())

    def test_no_memory(self):
        """Row 13: an allocation fails at any point: that message is NAKed or the process ends by itself; never
        half an event. By a signal only before it listens: OpenSSL 3.0 uses a lock that it could not make."""
        site = self.site.start()
        adapter = site.adapter()
        rng = random.Random(13)
        for n in sorted(rng.sample(range(1, 6000), 120 if faults.LONG else 12)):
            adapter.kill()
            self.inject(adapter, f"alloc - {n} {rng.choice([1, 3, 50])} fail")
            told = len(adapter.log())
            adapter.start()
            feed = self.feed(patients=4, length=4, connections=2, merges=0)
            kit.wait_until(lambda: feed.done() or not adapter.running(), 30, f"malloc {n} fails: it goes on or ends")
            log = adapter.log()[told:]
            if adapter.running():
                adapter.kill()
            elif "source.listening" in log:
                self.assertGreaterEqual(adapter.popen.returncode, 0, f"malloc {n}: {log[-1500:]}")
            self.inject(adapter, None)
            adapter.start()
            self.settle(feed)

    def test_clock_jumps(self):
        """Row 15: the wall clock jumps an hour ahead and two back: order and delivery do not notice."""
        clock = os.path.join(self.folder, "clock")
        site = self.site
        with open(clock, "wb") as f:
            f.write(struct.pack("q", 0))
        for process in (site.adapter(), site.broker()):
            self.inject(process, None, WEIR_CLOCK=clock)
        site.start()
        feed = self.feed(patients=60, length=10, pace=0.004)
        for hours in (1, -1, 0):
            before = feed.acknowledged()
            kit.wait_until(lambda n=before: feed.done() or feed.acknowledged() > n + 60, 60, "the feed moves")
            with open(clock, "r+b") as f:
                f.write(struct.pack("q", hours * 3600 * 10**9))
        self.settle(feed)


class StartTest(faults.Line):
    def test_two_instances(self):
        """Row 16: a second instance on one directory refuses to start and says who holds it."""
        site = self.site.start()
        for name, argv in (("acute", site.adapter().argv), ("broker", site.broker().argv)):
            second = kit.Process(site, f"second-{name}", argv).start()
            self.ended(second, 20)
            self.assertNotIn(second.popen.returncode, (0, -signal.SIGSEGV))
            self.assertIn(str(site.processes[name].popen.pid), second.log())
        self.settle(self.feed())

    def test_directory_of_an_earlier_version(self):
        """Row 18: a directory of the first format, with messages that wait in it, is read and goes over."""
        site = self.site.start("acute")
        first = self.feed()
        kit.wait_until(first.done, 60, "the feed ends")
        self.assertEqual(site.adapter().stop(), 0)
        db = sqlite3.connect(f"{site.data}/acute.db")
        for number, in db.execute("SELECT id FROM topic").fetchall():
            db.execute(f"ALTER TABLE record_{number} DROP COLUMN sum")
        db.execute("PRAGMA user_version = 1")
        db.commit()
        db.close()
        site.start("broker")
        site.start("acute")
        self.settle(first, self.feed())

    def test_directory_of_a_later_version(self):
        """Row 18: a directory of a format that is not known is refused, and left as it is."""
        site = self.site.start("acute")
        self.assertEqual(site.adapter().stop(), 0)
        db = sqlite3.connect(f"{site.data}/acute.db")
        db.execute("PRAGMA user_version = 9")
        db.commit()
        db.close()
        site.adapter().start()
        self.ended(site.adapter(), 20)
        self.assertIn("format 9", site.adapter().log())

    def test_sigterm_under_load(self):
        """Row 61: SIGTERM in the middle of a full load: it drains in time, ends with 0, nothing is lost."""
        site = self.site.start()
        feed = self.feed(patients=200, length=10, connections=16)
        for name in ("acute", "broker"):
            before = feed.acknowledged()
            kit.wait_until(lambda n=before: feed.acknowledged() > n + 200, 60, "the feed moves")
            self.assertEqual(site.processes[name].stop(within=15), 0)
            site.processes[name].start()
        self.settle(feed)

    def test_many_old_events_for_a_new_consumer(self):
        """Row 63: a new consumer reads all that was, while the others go on live."""
        site = self.site.start()
        old = self.feed(patients=5000 if faults.LONG else 300, length=10, connections=32)
        kit.wait_until(old.done, 600, "the old ones are there")
        path = site.path("late.ndjson")
        site.config["consumers"]["late"] = kit.file_consumer(path)
        site.write_config()
        site.weir("reload")
        live = self.feed(patients=50, length=10, connections=4)
        self.settle(live, old)
        late = kit.Ndjson(path, keep=lambda e: e["id"])
        ids = {e["id"] for e in self.file.update()}
        kit.wait_until(lambda: set(late.update()) == ids, 300, "the new consumer has everything, under the same ids")


def mllp_message(control_id):
    return (f"MSH|^~\\&|TESTPAS|RZZ|WEIR|RZZ|20260114093000||ADT^A01^ADT_A01|{control_id}|P|2.4\r"
            "EVN|A01|20260114093000\rPID|1||9990000018^^^NHS^NH||TEST^LIVE||19700101|F\r"
            "PV1|1|I|W1^B1^01^RZZ01||||||||||||||||V77^^^RZZ^VN\r").encode()


if __name__ == "__main__":
    unittest.main()
