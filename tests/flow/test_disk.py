"""A full disk: "try later" before anything is accepted, and recovery by itself."""
import os
import subprocess
import tempfile
import unittest

import checker
import feed as feeds
import kit
import mllp

SIZE = 96 * 1024 * 1024


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        self.disk = tempfile.mkdtemp(prefix="weir-disk-")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", self.disk],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            os.rmdir(self.disk)
            self.skipTest(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(self.unmount)
        self.site = kit.Site(where=self.disk)
        self.addCleanup(self.site.close)
        self.out = os.path.join(tempfile.gettempdir(), f"weir-disk-out-{os.getpid()}.ndjson")
        self.addCleanup(lambda: os.path.exists(self.out) and os.unlink(self.out))
        self.site.config["consumers"]["file"] = kit.file_consumer(self.out)

    def unmount(self):
        subprocess.run(["umount", "-l", self.disk], check=False)
        os.rmdir(self.disk)

    def ballast(self, leave):
        """A file that takes all room but `leave` bytes."""
        stat = os.statvfs(self.disk)
        free = stat.f_bavail * stat.f_frsize
        path = os.path.join(self.disk, "ballast")
        with open(path, "ab") as f:
            left = free - leave
            try:
                while left > 0:
                    left -= f.write(b"\0" * min(left, 1 << 20))
                    f.flush()
            except OSError:
                pass
        return path

    def ask(self, client, message):
        code, of, answer = client.ask(message.data)
        self.assertEqual(of, message.control_id)
        return code, answer

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
        self.full_and_back(leave=8 << 20)

    def test_no_room_at_all(self):
        self.site.config["stream"]["free_min"] = "64KiB"
        self.site.start()
        self.full_and_back(leave=0)


if __name__ == "__main__":
    unittest.main()
