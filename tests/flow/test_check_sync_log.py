#!/usr/bin/env python3
"""What check_sync_log.py accepts and what it finds."""
import unittest

from check_sync_log import check

WAL = "/data/acute.db-wal"
WRITE = f"100 110 7 pwrite 4096 {WAL} msh=A1 msh=A2"
SYNC = f"120 200 7 fdatasync 0 {WAL}"
ACK = "210 215 6 writev 90 socket msa=AA:A1 msa=AA:A2"


class CheckSyncLog(unittest.TestCase):
    def assert_faults(self, lines, acks, *words):
        count, faults = check(lines)
        self.assertEqual(count, acks)
        self.assertEqual(len(faults), len(words), faults)
        for fault, word in zip(faults, words):
            self.assertIn(word, fault)

    def test_synced_before_the_ack(self):
        self.assert_faults([WRITE, SYNC, ACK], 2)

    def test_order_of_lines_does_not_matter(self):
        self.assert_faults([ACK, SYNC, WRITE], 2)

    def test_ack_before_the_sync_returned(self):
        early = ACK.replace("210 215", "199 205")
        self.assert_faults([WRITE, SYNC, early], 2, "A1: acknowledged 0.000 ms", "A2")

    def test_sync_that_began_before_the_write_ended(self):
        self.assert_faults([WRITE, SYNC.replace("120", "109"), ACK], 2, "never synced", "never")

    def test_no_sync(self):
        self.assert_faults([WRITE, ACK], 2, "never synced", "never synced")

    def test_sync_that_failed(self):
        self.assert_faults([WRITE, SYNC.replace("fdatasync 0", "fdatasync -1"), ACK], 2, "never",
                           "never")

    def test_sync_behind_one_that_failed(self):
        failed = f"115 118 7 fdatasync -1 {WAL}"
        self.assert_faults([WRITE, failed, SYNC, ACK], 2, "never", "never")
        again = WRITE.replace("100 110", "118 119")
        self.assert_faults([WRITE, failed, again, SYNC, ACK], 2)

    def test_sync_of_another_file(self):
        other = SYNC.replace("acute", "broker")
        self.assert_faults([WRITE, other, ACK], 2, "never synced", "never synced")

    def test_not_written(self):
        self.assert_faults([WRITE, SYNC, "210 215 6 send 40 socket msa=CA:B9"], 1, "B9")

    def test_refusals_need_no_sync(self):
        self.assert_faults(["210 215 6 send 40 socket msa=AE:B9 msa=AR:B8"], 0)

    def test_a_repeat_is_covered_by_the_first(self):
        late = WRITE.replace("100 110", "205 209")
        self.assert_faults([WRITE, SYNC, late, ACK], 2)

    def test_cut_short(self):
        with self.assertRaises(ValueError):
            check(["1 2 3"])


if __name__ == "__main__":
    unittest.main()
