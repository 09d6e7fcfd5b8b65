"""A drop folder: files claimed when they are whole, every message durable before a file moves, kill -9 at any place."""
import json
import os
import shutil
import signal
import subprocess
import unittest

import kit
import mllp
import records
import test_disk
from drop_folder import DropFolder
from test_ack import merge_of_nobody
from test_adapter import admit
from test_batches import batch


class FolderTest(DropFolder, unittest.TestCase):
    def site_of(self, settle="0ms", **folder):
        site = kit.Site()
        self.addCleanup(site.close)
        self.folder = site.path("drop")
        os.makedirs(self.folder)
        source = site.config["sources"]["test-pas"]
        source["folder"] = {"path": self.folder, "settle": settle, "poll": "20ms", **folder}
        site.config["consumers"]["file"] = kit.file_consumer(site.path("all.ndjson"))
        return site

    def test_the_operator_drops_a_file_and_is_told(self):
        site = self.site_of()
        site.start()
        for name, data in (("good.hl7", batch(admit("F-1", 1), admit("F-2", 2), file=True)), ("some.hl7", admit("F-3", 3) + merge_of_nobody("F-4"))):
            with open(site.path(name), "wb") as f:
                f.write(data)
        done = site.weir("send", self.folder, site.path("good.hl7"))
        self.assertRegex(done.stdout, r"^\d+-\d+-good\.hl7 done: 2 accepted, 0 refused\n$")
        done = site.weir("send", self.folder + "/", site.path("good.hl7"), site.path("some.hl7"), check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"(?s)good\.hl7 done: .*-some\.hl7 bad: 1 accepted, 1 refused\n  at byte \d+: 101 at MRG")
        self.assertEqual(self.visits(site, 3), ["V1", "V2", "V3"])

    def test_what_nobody_takes_is_taken_out_again(self):
        site = self.site_of(pattern="*.adt")
        site.start()
        with open(site.path("one.hl7"), "wb") as f:
            f.write(admit("F-1", 1))
        done = site.weir("send", "--timeout", "300ms", self.folder, site.path("one.hl7"), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("taken out again", done.stderr)
        self.assertEqual([n for n in os.listdir(self.folder) if n.endswith(".hl7")], [])
        self.assertIn("no such file", site.weir("send", "/nowhere/", site.path("one.hl7"), check=False).stderr.lower())

    def test_simulated_files_are_dropped_whole(self):
        site = self.site_of()
        site.start()
        subprocess.run([kit.program("weir"), "simulate", "--messages", "30", "--out", self.folder], check=True)
        kit.wait_until(lambda: len(os.listdir(self.path("done"))) == 60, 60, "all are done, with a report each")
        self.assertEqual([os.listdir(self.path("bad")), len(records.rows(site, "acute", "flow.messages"))], [[], 30])

    def test_a_file_is_taken_and_moved(self):
        """Row 76: claimed by rename, every message durable, moved to done/ with a report of size and hash; a
        second one of that name stands beside the first, and its messages are no second events."""
        site = self.site_of()
        site.start()
        data = batch(admit("F-1", 1), admit("F-2", 2), file=True)
        self.drop("a.hl7", data)
        report = self.report("done", "a.hl7")
        self.assertEqual((report["result"], report["messages"], report["accepted"], report["batches"]), ("done", 2, 2, 1))
        self.assertEqual((report["bytes"], report["faults"], report["refusals"]), (len(data), [], []))
        self.assertRegex(report["sha256"], "^[0-9a-f]{64}$")
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 2)
        self.drop("a.hl7", data + admit("F-3", 3))
        self.assertEqual(self.report("done", "a.hl7.2")["messages"], 3)
        self.assertEqual(self.visits(site, 3), ["V1", "V2", "V3"])
        self.assertEqual(os.listdir(self.path("work")), [".lock"])

    def test_what_needs_somebody_goes_to_bad(self):
        """Row 74: the good ones of a file are taken, and it is put aside: a refusal, a wrong count, no HL7 at
        all, cut off. Reports hold places and reasons, no patient data."""
        site = self.site_of()
        site.start()
        self.drop("refused.hl7", admit("G-1", 1) + merge_of_nobody("G-2") + admit("G-3", 3))
        report = self.report("bad", "refused.hl7")
        self.assertEqual((report["accepted"], report["refused"]), (2, 1))
        self.assertEqual(report["refusals"][0]["at_byte"], len(admit("G-1", 1)))
        self.assertIn("MRG-1", report["refusals"][0]["why"])
        self.drop("count.hl7", batch(admit("G-4", 4), said=7))
        self.assertIn("BTS-1", self.report("bad", "count.hl7")["faults"][0])
        self.drop("cut.hl7", batch(admit("G-5", 5), trailer=False))
        self.assertIn("cut off", self.report("bad", "cut.hl7")["faults"][0])
        self.drop("scan.pdf", b"%PDF-1.4\r\nSMITH\r\n")
        report = self.report("bad", "scan.pdf")
        self.assertEqual((report["messages"], report["refused"]), (1, 1))
        self.assertNotIn("SMITH", json.dumps(report))
        self.drop("nothing.hl7", b"")
        self.assertEqual(self.report("done", "nothing.hl7")["messages"], 0)
        self.assertEqual(self.visits(site, 4), ["V1", "V3", "V4", "V5"])
        self.assertEqual(len(records.rows(site, "acute", "flow.rejected")), 2)

    def test_a_half_copied_file_is_waited_for(self):
        """Row 76: a file that grows is not taken before it has been at rest; names of unfinished copies never. Bad input row 16."""
        site = self.site_of(settle="1500ms")
        site.start()
        with open(self.path("slow.hl7"), "wb") as f:
            for n in range(1, 31):
                f.write(admit(f"H-{n}", n)[:-40])
                f.flush()
                kit.wait_until(lambda t=os.stat(self.path("slow.hl7")).st_mtime: kit.time.time() - t > 0.1, 5, "a while")
                self.assertTrue(os.path.exists(self.path("slow.hl7")), "claimed while it was written")
                f.write(admit(f"H-{n}", n)[-40:])
                f.flush()
        for name in ("b.hl7.part", "c.tmp", ".d.hl7"):
            with open(self.path(name), "wb") as f:
                f.write(admit("H-99", 99))
        self.assertEqual(self.report("done", "slow.hl7")["accepted"], 30)
        self.assertEqual(self.visits(site, 30), [f"V{n}" for n in range(1, 31)])
        self.assertTrue(os.path.exists(self.path("b.hl7.part")) and os.path.exists(self.path(".d.hl7")))

    def test_kill_at_any_place(self):
        """Row 76: kill -9 while a file is read; each second run ends with the same ids, nothing lost, nothing
        twice, and one report."""
        site = self.site_of()
        site.start()
        messages = [admit(f"K-{n}", n) for n in range(1, 1501)]
        self.drop("a.hl7", batch(*messages[:800], file=True))
        self.drop("b.hl7", batch(*messages[800:], file=True))
        adapter = site.adapter()
        for wanted in (1, 300, 700, 1100):
            def enough(wanted=wanted):
                return len(records.rows(site, "acute", "flow.messages")) >= wanted
            kit.wait_until(enough, 60, f"{wanted} messages")
            adapter.kill()
            adapter.start()
            kit.wait_until(adapter.healthy, 20, "the adapter is healthy")
        self.assertEqual(self.report("done", "a.hl7")["messages"], 800)
        self.assertEqual(self.report("done", "b.hl7")["messages"], 700)
        kit.wait_until(lambda: len(kit.read_ndjson(site.path("all.ndjson"))) >= 1500, 60, "all events")
        events = kit.read_ndjson(site.path("all.ndjson"))
        self.assertEqual([e["data"]["visit"]["number"] for e in events], [f"V{n}" for n in range(1, 1501)])
        self.assertEqual(len({e["id"] for e in events}), 1500)
        self.assertEqual(sorted(os.listdir(self.path("done"))),
                         ["a.hl7", "a.hl7.report.json", "b.hl7", "b.hl7.report.json"])

    def test_what_cannot_be_stored_stays(self):
        """No room on the disk: the file waits in work/ and nothing of it is moved; once there is room it goes on."""
        site = self.site_of()
        site.config["stream"]["free_min"] = "100000000GiB"
        site.start("acute")
        self.drop("a.hl7", admit("L-1", 1) + admit("L-2", 2))
        kit.wait_until(lambda: os.path.exists(self.path("work", "a.hl7")), 20, "the file is claimed")
        self.assertEqual(os.listdir(self.path("done")), [])
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])
        self.assertEqual(site.adapter().stop(), 0)
        site.config["stream"]["free_min"] = "1MiB"
        site.start()
        self.assertEqual(self.report("done", "a.hl7")["accepted"], 2)
        self.assertEqual(self.visits(site, 2), ["V1", "V2"])

    def test_a_file_that_cannot_be_taken_holds_up_no_other(self):
        """Row 76: a name so long that its report's would be too long is cut; what cannot be claimed, or read by
        nobody but its sender, is an alarm, and stays; the others go on, and it does once that is mended."""
        site = self.site_of()
        site.config["sources"]["test-pas"]["folder"]["pattern"] = "*"
        odd = ["odd.hl7"] + [f"odd{n:03}" for n in range(600)]
        for name in odd:
            os.makedirs(self.path("work", name))
            self.drop(name, admit("A-1", 1))
        os.mkfifo(self.path("pipe.hl7"))
        os.symlink("/dev/zero", self.path("link.hl7"))
        site.start()
        long = "n" * 240 + ".hl7"
        self.drop(long, admit("A-2", 2))
        self.drop("last.hl7", admit("A-3", 3))
        self.assertEqual(self.report("done", "last.hl7")["result"], "done")
        self.assertEqual(self.report("done", long[:223])["file"], long)
        self.assertIn("alarm.folder source=test-pas a file cannot be moved into work/: File exists", site.adapter().log())
        left = sorted(os.listdir(self.folder))
        self.assertEqual(left, sorted(["bad", "done", "work", "link.hl7", "pipe.hl7", *odd]))
        self.assertEqual(site.adapter().stop(), 0)
        for name in odd[1:]:
            os.unlink(self.path(name))
        os.rmdir(self.path("work", "odd.hl7"))
        site.start()
        self.report("done", "odd.hl7")
        self.assertEqual(self.visits(site, 3), ["V2", "V3", "V1"])

    def test_a_pipe_in_place_of_a_claimed_file(self):
        """What stands in work/ may be another one than was found by the time it is its turn: it is left where it is."""
        site = self.site_of()
        site.start("acute")
        adapter = site.adapter()
        kit.wait_until(lambda: "folder.open" in adapter.log(), 20, "the folder is read")
        with records.held(site, "acute"):
            adapter.popen.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, adapter.popen.pid, os.WSTOPPED | os.WNOWAIT)
            for n, name in enumerate(("a.hl7", "b.hl7"), 1):
                with open(self.path("work", name), "wb") as f:
                    f.write(admit(f"P-{n}", n))
                os.utime(self.path("work", name), (n, n))
            adapter.popen.send_signal(signal.SIGCONT)
            kit.wait_until(lambda: adapter.metric("weir_messages_received_total") == 1, 20, "the first of both is read")
            os.unlink(self.path("work", "b.hl7"))
            os.mkfifo(self.path("work", "b.hl7"))
        self.drop("c.hl7", admit("P-3", 3))
        self.assertEqual([self.report("done", name)["accepted"] for name in ("a.hl7", "c.hl7")], [1, 1])
        self.assertIn("a file in work/ cannot be read: it is no regular file", adapter.log())
        self.assertEqual(os.listdir(self.path("bad")), [])

    def test_nothing_in_done_is_replaced(self):
        """Row 76: a file of a name that is there, as a file or as the report of one that was taken away, gets a number."""
        site = self.site_of(pattern="*")
        site.start()
        self.drop("a.hl7.report.json", admit("N-1", 1))
        self.report("done", "a.hl7.report.json")
        self.drop("a.hl7", admit("N-2", 2))
        self.assertEqual(self.report("done", "a.hl7.2")["file"], "a.hl7")
        self.assertFalse(os.path.exists(self.path("done", "a.hl7")))
        with open(self.path("done", "a.hl7.report.json"), "rb") as f:
            self.assertEqual(f.read(), admit("N-1", 1))
        os.unlink(self.path("done", "a.hl7.2"))
        self.drop("a.hl7", admit("N-3", 3))
        self.report("done", "a.hl7.3")
        for n in range(4, 101):
            open(self.path("done", f"a.hl7.{n}"), "xb").close()
        self.drop("a.hl7", admit("N-4", 4))
        kit.wait_until(lambda: len(self.visits(site, 3)) == 4, 20, "it is read")
        kit.wait_until(lambda: not os.path.exists(self.path("work", "a.hl7")), 20, "it is put away")
        late = [n for n in os.listdir(self.path("done")) if len(n) > 18 and "report" not in n]
        self.assertEqual(len(late), 1)
        self.assertEqual(self.report("done", late[0])["file"], "a.hl7")

    def test_what_cannot_be_put_away_is_read_once(self):
        """Row 76: done/ is gone: an alarm; the file waits, and is moved once done/ can be made again. Then the whole folder
        is another one, as when a share is mounted anew."""
        site = self.site_of(pattern="*.hl7")
        site.start()
        self.drop("a.hl7", admit("W-1", 1))
        self.report("done", "a.hl7")
        shutil.rmtree(self.path("done"))
        with open(self.path("done"), "wb"):
            pass
        self.drop("b.hl7", admit("W-2", 2))
        kit.wait_until(lambda: "a file cannot be moved out of work/" in site.adapter().log(), 20, "an alarm")
        self.assertTrue(os.path.exists(self.path("work", "b.hl7")))
        os.unlink(self.path("done"))
        self.assertEqual(self.report("done", "b.hl7")["accepted"], 1)
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 2)
        os.rename(self.folder, self.folder + ".old")
        os.makedirs(self.folder)
        self.drop("c.hl7", admit("W-3", 3))
        self.report("done", "c.hl7")
        self.assertEqual(self.visits(site, 3), ["V1", "V2", "V3"])

    def test_a_reload_adds_and_removes_a_folder(self):
        """A source gets a folder, then another one, then loses its listener, then the folder: each by a reload."""
        site = self.site_of()
        source = site.config["sources"]["test-pas"]
        folder = source.pop("folder")
        site.start()

        def reload(**change):
            source.update(change)
            site.write_config()
            site.weir("reload")

        reload(folder=folder)
        self.drop("a.hl7", admit("R-1", 1))
        self.report("done", "a.hl7")
        other = site.path("other")
        os.makedirs(other)
        reload(folder=dict(folder, path=other))
        self.drop("left.hl7", admit("R-9", 9))
        self.folder = other
        self.drop("b.hl7", admit("R-2", 2))
        self.report("done", "b.hl7")
        listener = source.pop("mllp")
        reload()
        self.drop("c.hl7", admit("R-3", 3))
        self.report("done", "c.hl7")
        source.pop("folder")
        reload(mllp=listener)
        with mllp.Client("127.0.0.1", site.port) as client:
            self.assertEqual(client.ask(admit("R-4", 4))[0], "AA")
        self.assertEqual(self.visits(site, 4), ["V1", "V2", "V3", "V4"])

    def test_history_is_kept_out_of_the_routes(self):
        """A load of old messages, from a file and over MLLP: kept, marked, not routed; news among it goes on, and a
        late entry (an old time, recorded now) is news."""
        site = self.site_of()
        site.config["sources"]["test-pas"]["history_after"] = "7d"
        site.start()
        now = kit.time.strftime("%Y%m%d%H%M%S", kit.time.gmtime()).encode()

        def sent(name, n, at, recorded):
            lines = admit(name, n).split(b"\r")
            for i, line in enumerate(lines):
                fields = line.split(b"|")
                if fields[0] == b"MSH":
                    fields[6] = at
                if fields[0] == b"EVN":
                    fields[2] = recorded
                lines[i] = b"|".join(fields)
            return b"\r".join(lines)

        past = b"20230301120000"
        self.drop("load.hl7", sent("Y-1", 1, past, past) + sent("Y-2", 2, now, past) + sent("Y-3", 3, now, now))
        self.assertEqual(self.report("done", "load.hl7")["accepted"], 3)
        with mllp.Client("127.0.0.1", site.port) as client:
            self.assertEqual(client.ask(sent("Y-4", 4, past, past))[0], "AA")
            self.assertEqual(client.ask(sent("Y-5", 5, now, now))[0], "AA")
        self.assertEqual(self.visits(site, 2), ["V3", "V5"])
        events = [json.loads(v) for _, v in records.rows(site, "broker", "flow.events")]
        self.assertEqual(["historic_load" in e["data"].get("quality", []) for e in events], [True, True, False, True, False])

    def test_a_source_of_files_only(self):
        """No listener; a folder that is not there yet is told and waited for; paused, it takes nothing."""
        site = self.site_of()
        os.rmdir(self.folder)
        del site.config["sources"]["test-pas"]["mllp"]
        site.start()
        kit.wait_until(lambda: "alarm.folder" in site.adapter().log(), 20, "an alarm")
        os.makedirs(self.folder)
        kit.wait_until(lambda: os.path.isdir(self.path("work")), 20, "the folder is open")
        site.weir("pause", "source", "test-pas", "--reason", "test")
        self.drop("a.hl7", admit("N-1", 1))
        self.assertTrue(os.path.exists(self.path("a.hl7")))
        site.weir("resume", "source", "test-pas")
        self.assertEqual(self.report("done", "a.hl7")["accepted"], 1)
        self.assertEqual(self.visits(site, 1), ["V1"])


class FullFolderTest(DropFolder, test_disk.SmallDisk):
    size = 8 * test_disk.MIB

    def test_no_room_for_a_report(self):
        """Row 76: the disk of the folder is full: the file waits in work/, read once; put away with its report when there is room."""
        site = kit.Site()
        self.addCleanup(site.close)
        self.folder = os.path.join(self.disk, "drop")
        os.makedirs(self.folder)
        site.config["sources"]["test-pas"]["folder"] = {"path": self.folder, "settle": "0ms", "poll": "20ms"}
        site.start("acute")
        kit.wait_until(lambda: os.path.isdir(self.path("bad")), 20, "the folder is open")
        self.drop("a.hl7", admit("D-1", 1) + admit("D-2", 2))
        self.report("done", "a.hl7")
        with open(self.path(".b.hl7"), "wb") as f:
            f.write(admit("D-3", 3))
        ballast = self.ballast(0)
        os.rename(self.path(".b.hl7"), self.path("b.hl7"))
        kit.wait_until(lambda: "its report cannot be written: No space left" in site.adapter().log(), 20, "an alarm")
        self.assertEqual(sorted(os.listdir(self.path("done"))), ["a.hl7", "a.hl7.report.json"])
        os.unlink(ballast)
        self.assertEqual(self.report("done", "b.hl7")["accepted"], 1)
        self.assertEqual(len(records.rows(site, "acute", "flow.messages")), 3)
        self.assertEqual(sorted(os.listdir(self.path("work"))), [".lock"])


if __name__ == "__main__":
    unittest.main()
