#!/usr/bin/python3
"""Shows that no ACK byte leaves the adapter before the sync that covers it has returned.

kill -9 does not test fsync: what the kernel holds survives the process. So a recorder is preloaded that
writes down each write, sync and send in order (tests/kit/sync_recorder.c), and check_sync_log.py
compares (row 64 of docs/conformance.md). With SQLite's synchronous turned down, to NORMAL behind the adapter's back and to OFF by
`stream.unsafe_no_sync`, the same comparison has to fail, or it would prove nothing. Needs a plain build
(WEIR_BUILD): sanitizers wrap the same calls.
"""
import os
import subprocess
import sys
import tempfile

import feed as feeds
import kit

KIT = os.path.join(kit.TOP, "tests", "kit")
CONNECTIONS, PATIENTS, LENGTH = 16, 200, 6
UNSAFE = "stream.unsafe_no_sync"


def preload(folder, name, *libraries):
    """Builds tests/kit/<name>.c as a library of its own."""
    out = os.path.join(folder, f"{name}.so")
    subprocess.run(["cc", "-std=c11", "-O1", "-Wall", "-shared", "-fPIC", "-D_GNU_SOURCE",
                    os.path.join(KIT, f"{name}.c"), "-o", out, *libraries, "-ldl"], check=True)
    return out


FAULTS = (
    ("a disk that errs on sync", "sync acute.db-wal 5 4 eio"),
    ("a slow disk", "sync acute.db-wal 5 3 slow=500"),
    ("no room for a while", "write acute.db-wal 60 20 enospc"),
    ("kill -9 before a sync", "sync acute.db-wal 9 1 kill-before"),
    ("kill -9 after a sync", "sync acute.db-wal 9 1 kill-after"),
)


def outlive(site, feed):
    """Until the feed is done; what a fault killed is started again, without it."""
    def done():
        if not site.adapter().running():
            site.adapter().env.pop("WEIR_FAULT")
            site.adapter().start()
        return feed.done()

    kit.wait_until(done, 120, "the feed ends")


def run(folder, name, libraries, unsafe=False, **env):
    """One adapter under load; returns the checker's exit code and text."""
    log = os.path.join(folder, f"{name}.log")
    with kit.Site() as site:
        site.adapter().env.update({"LD_PRELOAD": " ".join(libraries), "WEIR_SYNC_LOG": log, **env})
        site.config["stream"]["unsafe_no_sync"] = unsafe
        site.start("acute")
        assert (UNSAFE in site.adapter().log()) == unsafe, f"the log does not say what {UNSAFE} is"
        feed = feeds.Feed(site.port, feeds.plan("s", PATIENTS, LENGTH, CONNECTIONS, merges=0),
                          window=8, repeat=0).start()
        outlive(site, feed)
        assert feed.acknowledged() == feed.count == PATIENTS * LENGTH, "not all was acknowledged"
        code = site.adapter().stop()
        assert code == 0, f"the adapter ended with {code}: {site.adapter().log()[-2000:]}"
    done = subprocess.run([sys.executable, "-B", os.path.join(kit.TOP, "tests/flow/check_sync_log.py"),
                           log], capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def main():
    with tempfile.TemporaryDirectory(prefix="weir-sync-") as folder:
        recorder = preload(folder, "sync_recorder")
        loose = preload(folder, "sync_loose", "-lsqlite3")
        code, text = run(folder, "as it is", [recorder])
        print(f"as it is: {text.splitlines()[-1]}")
        good = code == 0
        injector = preload(folder, "fault_injector")
        for name, fault in FAULTS:
            code, text = run(folder, name, [recorder, injector], WEIR_FAULT=fault)
            print(f"{name}: {text.splitlines()[-1]}")
            good = good and code == 0
        for name, answer in (
                ("synchronous = NORMAL", run(folder, "normal", [recorder, loose],
                                             WEIR_SYNC_LOOSE="NORMAL")),
                (f"{UNSAFE}: true", run(folder, "unsafe", [recorder], unsafe=True))):
            code, text = answer
            print(f"{name}: {text.splitlines()[-1]} ({'found out' if code == 1 else 'NOT FOUND OUT'})")
            good = good and code == 1
    print("no ACK left before its sync" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
