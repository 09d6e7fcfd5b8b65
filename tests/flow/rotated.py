"""A file consumer's NDJSON while it is written, killed and rotated (rotate_bytes): new() gives what came since it was
asked last, and removes files that were rotated away once they are read to their end."""
import glob
import json
import os


class Rotated:
    def __init__(self, path, keep=lambda event: event):
        self.path, self.keep, self.file = path, keep, None

    def new(self):
        out = []
        while self.follow():
            replaced = self.replaced()  # asked before it is read: nothing is appended once it is
            out += self.lines()
            if not replaced:
                break
            self.remove()
        return out

    def follow(self):
        """The oldest that is there. Of those rotated away none but this one has been read."""
        if self.file:
            return True
        try:
            newest = open(self.path, "rb")  # before the look at the others, for it may become one
        except FileNotFoundError:
            newest = None
        older = sorted(glob.glob(glob.escape(self.path) + ".2*"), key=lambda p: os.stat(p).st_mtime_ns)
        if older and newest:
            newest.close()
        self.file = open(older[0], "rb") if older else newest
        return self.file is not None

    def replaced(self):
        """Whether another file has its name by now."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self.file.fileno()))
        except FileNotFoundError:  # renamed, and the next one is not there yet
            return True

    def lines(self):
        """Whole lines: what stands behind the last newline is being written, or will be cut off."""
        at = self.file.tell()
        data = self.file.read()
        end = data.rfind(b"\n") + 1
        self.file.seek(at + end)
        return [self.keep(json.loads(line)) for line in data[:end].splitlines() if line]

    def remove(self):
        """It is rotated away: whatever its name is now."""
        mine = os.fstat(self.file.fileno())
        for path in glob.glob(glob.escape(self.path) + ".2*"):
            if os.path.samestat(os.stat(path), mine):
                os.unlink(path)
        self.file.close()
        self.file = None
