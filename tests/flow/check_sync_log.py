#!/usr/bin/env python3
"""check_sync_log.py LOG: no positive ACK left before what it acknowledges was on the disk.

Reads what tests/kit/sync_recorder.c wrote. For each AA or CA that was given to a socket there has to
be a write of that control id into a WAL, and behind it a sync of the same file that returned without
an error before the ACK's write began, with no sync that failed between the two. Exit 0: so it is, with at least one ACK. Exit 1: it is not, and
each id is named. Exit 2: the log cannot be read, or has no ACK in it.
"""
import bisect
import sys

SYNCS = ("fsync", "fdatasync")
POSITIVE = ("AA", "CA")


class File:
    """The writes of ids into one file, and its syncs."""

    def __init__(self):
        self.writes = {}  # id -> ends of the writes that hold it
        self.syncs = []  # (begin, end) of those that succeeded
        self.failed = []  # begin of those that failed

    def settle(self):
        """earliest[i]: the earliest end of the syncs from the i-th on."""
        self.syncs.sort()
        self.failed.sort()
        self.begins = [begin for begin, _ in self.syncs]
        self.earliest = [end for _, end in self.syncs]
        for i in range(len(self.earliest) - 2, -1, -1):
            self.earliest[i] = min(self.earliest[i], self.earliest[i + 1])

    def forgotten(self, written, synced):
        """A sync failed in between: what was written before it may be dropped by the kernel, and a later sync
        that succeeds says nothing of it."""
        i = bisect.bisect_left(self.failed, written)
        return i < len(self.failed) and self.failed[i] < synced

    def durable_at(self, control_id):
        """When the id was first covered by a sync; None where it never was."""
        times = []
        for end in self.writes.get(control_id, ()):
            i = bisect.bisect_left(self.begins, end)
            if i < len(self.earliest) and not self.forgotten(end, self.begins[i]):
                times.append(self.earliest[i])
        return min(times, default=None)


def read(lines):
    """The files by path, and the ACKs as (begin, id)."""
    files, acks = {}, []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if len(words) < 6:
            raise ValueError(f"line {number} is cut short")
        begin, end, call, result, path = (
            int(words[0]), int(words[1]), words[3], int(words[4]), words[5])
        file = files.setdefault(path, File())
        if call in SYNCS and result == 0:
            file.syncs.append((begin, end))
        elif call in SYNCS:
            file.failed.append(begin)
        for word in words[6:]:
            kind, _, value = word.partition("=")
            if kind == "msh" and result > 0:
                file.writes.setdefault(value, []).append(end)
            elif kind == "msa":
                code, _, control_id = value.partition(":")
                if code in POSITIVE:
                    acks.append((begin, control_id))
    return files, acks


def check(lines):
    """The number of ACKs, and a line for each one that left too early."""
    files, acks = read(lines)
    logs = [file for path, file in files.items() if path.endswith("-wal")]
    for file in logs:
        file.settle()
    faults = []
    for begin, control_id in acks:
        times = [t for t in (file.durable_at(control_id) for file in logs) if t is not None]
        if not any(control_id in file.writes for file in logs):
            faults.append(f"{control_id}: acknowledged, and in no write to a WAL")
        elif not times:
            faults.append(f"{control_id}: acknowledged, written to a WAL and never synced")
        elif min(times) > begin:
            late = (min(times) - begin) / 1e6
            faults.append(f"{control_id}: acknowledged {late:.3f} ms before its sync returned")
    return len(acks), faults


def main(args):
    if len(args) != 1 or args[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr)
        return 0 if args and args[0] in ("-h", "--help") else 2
    try:
        with open(args[0], encoding="ascii") as log:
            count, faults = check(log)
    except (OSError, ValueError) as fault:
        print(f"check_sync_log: {args[0]}: {fault}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault)
    if not count:
        print(f"check_sync_log: {args[0]}: no ACK was recorded: this proves nothing",
              file=sys.stderr)
        return 2
    print(f"{count} positive ACKs, {len(faults)} before their sync")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
