"""What tests of drop folders share: files put down as a careful sender does, and what comes of them."""
import json
import os

import kit


class DropFolder:
    """Mixed into a test case that sets self.folder."""

    patience = 30  # seconds

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def drop(self, name, data):
        """Written under another name and moved."""
        with open(self.path(f".{name}"), "wb") as f:
            f.write(data)
        os.rename(self.path(f".{name}"), self.path(name))

    def report(self, folder, name):
        """The report of a file, once the file stands there."""
        kit.wait_until(lambda: os.path.exists(self.path(folder, name)), self.patience,
                       lambda: f"{name} is in {folder}/: {[os.listdir(self.path(d)) for d in ('work', 'done', 'bad')]}")
        with open(self.path(folder, f"{name}.report.json"), encoding="utf-8") as f:
            return json.load(f)

    def visits(self, site, n):
        path = site.path("all.ndjson")
        kit.wait_until(lambda: len(kit.read_ndjson(path)) >= n, self.patience, f"{n} events of the files")
        return [e["data"]["visit"]["number"] for e in kit.read_ndjson(path)]
