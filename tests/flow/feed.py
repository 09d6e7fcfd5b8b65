#!/usr/bin/python3
"""A sender with a memory: numbered messages of many patients over several connections, and a ledger.

Each patient has one sequence of numbers; the control id carries tag, patient and number
(`r1.17.4`; a merge carries both: `r1.17.5.30.3`). What was not answered before a connection broke is
sent again, byte for byte, over a new one, as a real sender does. The ledger holds one JSON object
a line: `made` (what the message is and which event types it must give), `sent` and `answer`.
"""
import argparse
import collections
import datetime
import hashlib
import json
import random
import signal
import sys
import threading
import time

import mllp
import people

WARDS = ["W1^B1^01^RZZ01", "W1^B2^07^RZZ01", "W2^B1^03^RZZ01", "W3^SR^02^RZZ01", "AMU^T1^05^RZZ01",
         "ITU^^04^RZZ01"]
ED = "ED^MAJ^03^RZZ01"


class Ledger:
    """Rows in memory and, where a path is given, in a file; from any thread."""

    def __init__(self, path=None):
        self.rows = []
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.answered = set()

    def add(self, **row):
        with self.lock:
            self.rows.append(row)
            if row["row"] == "answer" and row["code"] in ("AA", "CA"):
                self.answered.add(row["control_id"])
            if self.file:
                self.file.write(json.dumps(row) + "\n")

    def close(self):
        if self.file:
            self.file.close()


class Message:
    __slots__ = ("control_id", "patient", "n", "also", "types", "data")

    def __init__(self, control_id, patient, n, also, types, data):
        self.control_id, self.patient, self.n, self.also = control_id, patient, n, also
        self.types, self.data = types, data


class Story:
    """What happens to one patient: a walk through admissions, moves, cancels and discharges."""

    def __init__(self, tag, number, person, rng, start):
        self.tag, self.number, self.person, self.rng = tag, number, person, rng
        self.now = start + datetime.timedelta(seconds=rng.randrange(86400))
        self.state, self.visits, self.n = "away", 0, 0
        self.place, self.left, self.admitted = "", "", None

    def control_id(self):
        return f"{self.tag}.{self.number}.{self.n}"

    def make(self, trigger, structure, types, **more):
        self.now += datetime.timedelta(seconds=self.rng.randrange(30, 3600))
        data = people.message(trigger, structure, self.control_id(), self.now, self.person,
                              visit=f"V{self.person.mrn}-{self.visits}", admitted=self.admitted,
                              **more)
        return Message(self.control_id(), self.number, self.n, None, types, data)

    def next(self):
        """The next message of this patient, numbered from 1."""
        self.n += 1
        moves = {"away": [self.admit, self.arrive], "ed": [self.admit, self.leave_ed, self.update],
                 "in": [self.move, self.move, self.update, self.discharge, self.cancel_admit],
                 "moved": [self.cancel_move, self.move, self.discharge, self.update],
                 "out": [self.cancel_discharge, self.admit, self.arrive]}
        return self.rng.choice(moves[self.state])()

    def fresh_visit(self):
        self.visits += 1
        self.admitted = self.now

    def admit(self):
        if self.state != "ed":
            self.fresh_visit()
        before, self.place = self.place if self.state == "ed" else "", self.rng.choice(WARDS)
        self.state = "in"
        return self.make("A01", "ADT_A01", ["patient.admitted"], place=self.place, before=before,
                         method="21")

    def arrive(self):
        self.fresh_visit()
        self.state, self.place = "ed", ED
        return self.make("A04", "ADT_A01", ["emergency.arrived"], klass="E", place=ED)

    def leave_ed(self):
        self.state = "out"
        return self.make("A03", "ADT_A03", ["emergency.departed"], klass="E", place=ED,
                         discharged=self.now)

    def move(self):
        self.left, self.place = self.place, self.rng.choice(
            [w for w in WARDS if w != self.place])
        self.state = "moved"
        return self.make("A02", "ADT_A02", ["patient.transferred"], place=self.place,
                         before=self.left, occurred=self.now)

    def cancel_move(self):
        self.left, self.place = self.place, self.left
        self.state = "in"
        return self.make("A12", "ADT_A12", ["transfer.cancelled"], place=self.place,
                         before=self.left)

    def update(self):
        klass = "E" if self.state == "ed" else "I"
        return self.make("A08", "ADT_A01", ["visit.updated"], klass=klass, place=self.place,
                         consultant=f"C{7000000 + self.n * 1000 + self.number % 1000}^Doctor^{self.n}")

    def discharge(self):
        self.state = "out"
        return self.make("A03", "ADT_A03", ["patient.discharged"], place=self.place,
                         discharged=self.now)

    def cancel_discharge(self):
        klass = "E" if self.place == ED else "I"
        self.state = "ed" if klass == "E" else "in"
        return self.make("A13", "ADT_A01", ["discharge.cancelled"], klass=klass, place=self.place)

    def cancel_admit(self):
        self.state = "away"
        return self.make("A11", "ADT_A09", ["admission.cancelled"], place=self.place)

    def merge(self, retired):
        """This patient survives, the other is retired: one message with a number in both sequences."""
        self.n += 1
        retired.n += 1
        self.now = max(self.now, retired.now) + datetime.timedelta(minutes=5)
        retired.now = self.now
        control_id = f"{self.control_id()}.{retired.number}.{retired.n}"
        data = people.message("A40", "ADT_A39", control_id, self.now, self.person,
                              retired=retired.person.pid3())
        return Message(control_id, self.number, self.n, (retired.number, retired.n),
                       ["patient.merged"], data)


def plan(tag, patients=200, length=10, connections=4, seed=1, first=0, merges=6, late=5, numbers=None):
    """Queues of messages, one per connection. One patient in `late` gets its NHS number midway; one
    pair in `merges` is merged after some messages of both, and goes on afterwards. numbers: their NHS numbers,
    from the `first` on unless given."""
    rng = random.Random(seed)
    numbers = numbers or people.nhs_numbers(patients, first)
    start = datetime.datetime(2026, 3, 2)
    stories = []
    for i in range(patients):
        person = people.Person(i, numbers[i], f"{tag}M{i:05d}", nhs_known=i % late != 1)
        stories.append(Story(tag, i, person, rng, start))
    queues = [[] for _ in range(connections)]
    for c in range(connections):
        mine = stories[c::connections]
        queues[c] = _interleave(mine, length, rng, merges, late)
    return queues


def _interleave(stories, length, rng, merges, late):
    pairs = {}
    for i in range(0, len(stories) - 1, 2):
        if merges and (i // 2) % merges == 0:
            pairs[stories[i]] = stories[i + 1]
    made, out, merged = collections.Counter(), [], set()
    open_stories = list(stories)
    while open_stories:
        story = rng.choice(open_stories)
        retired = pairs.get(story)
        if retired and story not in merged and made[story] >= length // 2 \
                and made[retired] >= length // 3:
            merged.add(story)
            out.append(story.merge(retired))
        else:
            if story.person.n % late == 1 and made[story] == length // 2:
                story.person.nhs_known = True
            out.append(story.next())
        made[story] += 1
        if made[story] >= length and (not retired or story in merged):
            open_stories.remove(story)
    return out


class Sender(threading.Thread):
    """One connection's worth of the feed: up to `window` messages unanswered at a time."""

    def __init__(self, name, host, port, queue, ledger, window=8, rng=None, repeat=50,
                 pace=0.0, answer_time=10.0):
        super().__init__(name=name, daemon=True)
        self.host, self.port, self.ledger, self.window = host, port, ledger, window
        self.todo = collections.deque(queue)
        self.rng, self.repeat, self.pace = rng or random.Random(name), repeat, pace
        self.answer_time = answer_time
        self.stopping = threading.Event()
        self.reconnects = 0
        self.trouble = None

    def run(self):
        under_way = collections.deque()
        while (self.todo or under_way) and not self.stopping.is_set():
            # what was not answered goes first, in its order
            self.todo.extendleft(reversed(under_way))
            under_way.clear()
            try:
                with mllp.Client(self.host, self.port, timeout=self.answer_time) as client:
                    self._converse(client, under_way)
            except OSError:
                self.reconnects += 1
                self.stopping.wait(0.01)
            except Exception as e:  # the thread's end would be silent
                self.trouble = f"{self.name}: {type(e).__name__}: {e}"
                raise

    def _converse(self, client, under_way):
        while (self.todo or under_way) and not self.stopping.is_set():
            while self.todo and len(under_way) < self.window:
                message = self.todo.popleft()
                under_way.append(message)
                self.ledger.add(row="sent", control_id=message.control_id, connection=self.name)
                client.send(message.data)
            if not self._answer(client, under_way):
                return
            self._rest()

    def _rest(self):
        """`pace` seconds; where it is a function, for as long as what it says has not passed."""
        since = time.monotonic()
        while not self.stopping.is_set():
            left = since + (self.pace() if callable(self.pace) else self.pace) - time.monotonic()
            if left <= 0:
                return
            self.stopping.wait(min(left, 0.05))

    def _answer(self, client, under_way):
        answer = client.receive()
        code, of = mllp.field(answer, b"MSA", 1), mllp.field(answer, b"MSA", 2)
        message = under_way[0]
        self.ledger.add(row="answer", control_id=of, code=code, connection=self.name,
                        expected=message.control_id)
        if of != message.control_id:
            raise ConnectionError("an answer to another message")
        if code not in ("AA", "CA"):
            # "try later": close, so that nothing behind it overtakes it, and send again
            self.reconnects += 1
            self.stopping.wait(0.1)
            return False
        under_way.popleft()
        if self.repeat and self.rng.randrange(self.repeat) == 0 and not under_way:
            self.todo.appendleft(message)
            self.ledger.add(row="again", control_id=of)
        return True


class Feed:
    """All connections of a plan. start(), wait(), then read ledger."""

    def __init__(self, port, queues, ledger=None, host="127.0.0.1", tag="", **sender):
        self.ledger = ledger or Ledger()
        self.count = sum(len(q) for q in queues)
        self.control_ids = {m.control_id for q in queues for m in q}
        for queue in queues:
            for m in queue:
                self.ledger.add(row="made", control_id=m.control_id, patient=f"{tag}{m.patient}",
                                n=m.n, also=[f"{tag}{m.also[0]}", m.also[1]] if m.also else None,
                                types=m.types, sha256=hashlib.sha256(m.data).hexdigest())
        self.senders = [Sender(f"c{i}", host, port, queue, self.ledger, **sender)
                        for i, queue in enumerate(queues)]

    def start(self):
        for s in self.senders:
            s.start()
        return self

    def acknowledged(self):
        return len(self.ledger.answered & self.control_ids)

    def done(self):
        return not any(s.is_alive() for s in self.senders)

    def reconnects(self):
        return sum(s.reconnects for s in self.senders)

    def troubles(self):
        return [s.trouble for s in self.senders if s.trouble]

    def stop(self):
        for s in self.senders:
            s.stopping.set()
        for s in self.senders:
            if s.is_alive():
                s.join(15)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=2575)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--length", type=int, default=12, help="messages per patient")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--window", type=int, default=8, help="unanswered messages per connection")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tag", default="f")
    o = parser.parse_args()
    ledger = Ledger(o.ledger)
    feed = Feed(o.port, plan(o.tag, o.patients, o.length, o.connections, o.seed), ledger,
                window=o.window)
    signal.signal(signal.SIGTERM, lambda *_: feed.stop())
    start = time.monotonic()
    feed.start()
    while not feed.done():
        time.sleep(0.2)
    ledger.close()
    took = time.monotonic() - start
    print(f"{feed.acknowledged()} of {feed.count} acknowledged in {took:.1f} s, "
          f"{feed.reconnects()} reconnects")
    return 0 if feed.acknowledged() == feed.count else 1


if __name__ == "__main__":
    sys.exit(main())
