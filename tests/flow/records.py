"""What stands in the files of the embedded stream, read as any SQLite reader would."""
import contextlib
import os
import sqlite3
import struct


def headers(blob):
    """lib/stream/stream_headers.h: name length, value length, name, value."""
    blob = blob or b""  # a record without any
    found, at = {}, 0
    while at < len(blob):
        n, v = struct.unpack_from("<II", blob, at)
        at += 8
        found[blob[at:at + n].decode()] = blob[at + n:at + n + v].decode()
        at += n + v
    return found


def rows(site, process, topic):
    """(headers, value) of the records that a process wrote to a topic."""
    path = os.path.join(site.data, f"{process}.db")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        found = db.execute("SELECT id FROM topic WHERE name = ?", (topic,)).fetchone()
        if not found:
            return []
        return [(headers(h), v) for h, v in
                db.execute(f"SELECT headers, value FROM record_{int(found[0])} ORDER BY offset")]


@contextlib.contextmanager
def held(site, process):
    """Nobody else writes to that process's file of the stream meanwhile."""
    line = sqlite3.connect(os.path.join(site.data, f"{process}.db"), isolation_level=None)
    line.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        line.rollback()
        line.close()
