"""What consumers got, round by round: the newest round whole, those before it as digests.

A round is settled once every message of it is acknowledged, delivered to every reader, and the checker has
found nothing. Later only exact repeats of its events may come, whatever else comes is asked of the
checker with the newest round and found out there: a settled message under another id or for another
patient, an id or a pseudonym of a settled round for something new, an event of a message that was never
sent. A settled event costs two numbers of eight bytes, so that a thousand rounds fit.
"""
import collections
import hashlib

import checker


def digest(*parts):
    text = "\0".join("" if p is None else str(p) for p in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def print_of(event):
    """All of an event that the checker looks at, but its id."""
    return digest(event["control_id"], event["type"], event["subject"], event["sha256"], event["derived"])


class Reader:
    """What one consumer got since the last round was settled, repeats of settled events not counted in."""

    def __init__(self):
        self.events, self.ids, self.control_ids = [], set(), set()

    def add(self, event):
        self.events.append(event)
        self.ids.add(event["id"])
        self.control_ids.add(event["control_id"])

    def again(self, facts):
        """Deliveries beyond the first; a merge has two, one in each patient's lane."""
        count = collections.Counter((e["id"], e["control_id"]) for e in self.events)
        due = {i: 2 for i, made in facts.made.items() if made["also"]}
        return sum(max(0, n - due.get(control_id, 1)) for (_, control_id), n in count.items())


class Rounds:
    """Feed what each consumer got with take() and take_ids(), ask check(), then settle()."""

    def __init__(self, readers):
        self.names = tuple(readers)
        self.prints = {}      # digest of an id -> print of its event
        self.owners = set()   # digests of pseudonyms
        self.delivered = self.again = self.late = self.settled = 0
        self.fresh()

    def fresh(self):
        self.readers = {name: Reader() for name in self.names}
        self.analytics = set()

    def take(self, name, events):
        """What that reader got, in its order, since it was asked last."""
        reader = self.readers[name]
        for event in events:
            self.delivered += 1
            if self.prints.get(digest(event["id"])) == print_of(event):
                self.late += 1
            else:
                reader.add(event)

    def take_ids(self, ids):
        """The same of the analytics route, of which ids alone are known."""
        self.analytics.update(i for i in ids if digest(i) not in self.prints)

    def complete(self, acknowledged):
        """Whether every reader has all of it, and all know the same ids."""
        return all(acknowledged <= r.control_ids and r.ids == self.analytics for r in self.readers.values())

    def check(self, facts):
        """The problems of all that is not settled, and of what it has to do with what is."""
        out = []
        for name, reader in self.readers.items():
            found = checker.check(facts, reader.events, (), self.analytics) + self.clashes(reader)
            out += [f"{name}: {p}" for p in found]
        return out

    def clashes(self, reader):
        out = []
        for e in reader.events:
            if digest(e["id"]) in self.prints:
                out.append(f"renamed: {e['id']} of a settled round stands for {e['type']} of {e['control_id']}")
            elif e["subject"] and digest(e["subject"]) in self.owners:
                out.append(f"mixed: {e['control_id']} has the pseudonym of a patient of a settled round")
        return out

    def settle(self, facts):
        """Checks once more and folds away; returns the problems, and keeps all where there are some."""
        problems = self.check(facts)
        open_ = facts.made.keys() - facts.acknowledged
        if open_:
            problems.append(f"not settled: {len(open_)} messages have no answer, such as {min(open_)}")
        if problems:
            return problems
        for reader in self.readers.values():
            self.again += reader.again(facts)
            for e in reader.events:
                self.prints[digest(e["id"])] = print_of(e)
                if e["subject"]:
                    self.owners.add(digest(e["subject"]))
        self.settled += 1
        self.fresh()
        return []
