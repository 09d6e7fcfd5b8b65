#!/usr/bin/python3
"""Compares what a sender was promised with what consumers kept. Knows nothing of weir's insides.

Input: the feed's ledger (what was made, sent, answered), what a consumer accepted in order of
arrival, what stands parked, and the ids that the analytics route gave. check() returns the problems
as lines of text, none where every promise was kept:

- lost: acknowledged, and neither delivered nor parked
- foreign: delivered, but never sent; or of a type that the message does not give
- renamed: one event of one message under two ids, or one id for two events
- order: the first deliveries of a patient do not rise; for a merge, which has a number in both
  sequences: an earlier event of either after it, or a later one of the survivor before its last copy
- mixed: one pseudonym for two patients that were never merged
- answer: another message was answered; refused though it should be taken, or the other way round
- analytics: another set of ids than the consumer's, or too few records
"""
import argparse
import collections
import json
import sys


class Facts:
    """The ledger, indexed."""

    def __init__(self, rows=()):
        self.made, self.sent, self.acknowledged, self.problems = {}, set(), set(), []
        self.refused = set()
        self.add(rows)

    def add(self, rows):
        for row in rows:
            kind = row["row"]
            if kind == "made":
                self.made[row["control_id"]] = row
            elif kind == "sent":
                self.sent.add(row["control_id"])
            elif kind == "answer":
                self._answer(row)

    def _answer(self, row):
        if row["control_id"] != row["expected"]:
            self.problems.append(f"answer: {row['connection']} got {row['control_id']} where "
                                 f"{row['expected']} was due")
        elif row["code"] in ("AA", "CA"):
            self.acknowledged.add(row["control_id"])
        elif row["code"] in ("AE", "CE"):
            self.refused.add(row["control_id"])


def brief(event):
    """What the checks need of a CloudEvent."""
    data = event.get("data", {})
    origin = data.get("origin", {})
    of_message = origin.get("format", "hl7v2") == "hl7v2"  # what else there is goes by its digest
    return {"id": event["id"], "type": event["type"], "subject": event.get("subject"),
            "control_id": origin.get("control_id") if of_message else origin.get("sha256"), "sha256": origin.get("sha256"),
            "derived": bool(data.get("derived_from"))}


def check(rows, delivered, parked=(), analytics=None, limit=20):
    """rows: ledger rows, or Facts; delivered: brief events in order; parked: brief events; analytics: ids of
    that route's records in order (repeats kept), or None where it is not looked at."""
    facts = rows if isinstance(rows, Facts) else Facts(rows)
    own = [e for e in delivered if not e["derived"]]
    problems = list(facts.problems) + _answers(facts)
    problems += _foreign(facts, own, parked)
    problems += _lost(facts, own, parked)
    problems += _renamed(own, parked)
    problems += _order(facts, own)
    problems += _mixed(facts, own)
    if analytics is not None:
        problems += _analytics(delivered, parked, analytics)
    if len(problems) > limit:
        problems = problems[:limit] + [f"and {len(problems) - limit} more"]
    return problems


def _answers(facts):
    meant = {i for i, made in facts.made.items() if made.get("refuse")}
    return [f"answer: {i} was refused" for i in sorted(facts.refused - facts.acknowledged - meant)] + \
           [f"answer: {i} was acknowledged, though nothing can be made of it" for i in sorted(facts.acknowledged & meant)]


def _foreign(facts, delivered, parked):
    out = []
    for event in (*delivered, *parked):
        control_id = event["control_id"]
        if control_id not in facts.sent:
            out.append(f"foreign: {event['type']} {event['id']} of {control_id}, which was never sent")
        elif event["type"] not in (*facts.made[control_id]["types"], facts.made[control_id].get("again")):
            out.append(f"foreign: {control_id} does not give {event['type']}")
        elif event["sha256"] and event["sha256"] != facts.made[control_id]["sha256"]:
            out.append(f"foreign: {control_id} carries the digest of other bytes")
    return out


def _lost(facts, delivered, parked):
    there = {(e["control_id"], e["type"]) for e in (*delivered, *parked)}
    return [f"lost: {type_} of {control_id} was acknowledged"
            for control_id in sorted(facts.acknowledged & facts.made.keys())
            for type_ in facts.made[control_id]["types"] if (control_id, type_) not in there]


def _renamed(delivered, parked):
    ids, owners = collections.defaultdict(set), collections.defaultdict(set)
    for e in (*delivered, *parked):
        ids[(e["control_id"], e["type"])].add(e["id"])
        owners[e["id"]].add((e["control_id"], e["type"]))
    return [f"renamed: {k[1]} of {k[0]} has {len(v)} ids" for k, v in ids.items() if len(v) > 1] + \
           [f"renamed: {k} stands for {sorted(map(str, v))}" for k, v in owners.items() if len(v) > 1]


def _order(facts, delivered):
    positions = collections.defaultdict(list)
    firsts = {}
    for at, event in enumerate(delivered):
        control_id = event["control_id"]
        positions[control_id].append(at)
        firsts.setdefault((control_id, event["type"]), at)
    sequences = collections.defaultdict(list)  # patient -> (n, first, last, control id)
    merges = []
    for control_id, where in positions.items():
        made = facts.made.get(control_id)
        if made is None:
            continue
        if made["also"]:
            merges.append((made, where))
            sequences[made["also"][0]].append((made["also"][1], where[0], where[0], control_id))
            continue
        mine = [firsts[control_id, t] for t in made["types"] if (control_id, t) in firsts]
        if mine:
            sequences[made["patient"]].append((made["n"], min(mine), max(mine), control_id))
    for made, where in merges:
        at = _survivors_copy(where, made["n"], sequences[made["patient"]])
        sequences[made["patient"]].append((made["n"], at, at, made["control_id"]))
    out = []
    for patient, events in sequences.items():
        events.sort()
        latest, latest_id = -1, None
        for _, first, last, control_id in events:
            if first < latest:
                out.append(f"order: patient {patient}: {control_id} came before {latest_id}")
            if last > latest:
                latest, latest_id = last, control_id
    return out


def _survivors_copy(where, n, survivors):
    """Which delivery of a merge is that of the survivor's lane. It is published to both keys and the
    retired lane goes first, so it is no earlier than the second; what is delivered again after a restart
    looks the same, so it may be any of the others: the last one before the survivor goes on."""
    goes_on = min((first for other, first, _, _ in survivors if other > n), default=None)
    copies = where[1:] or where
    return max((at for at in copies if goes_on is None or at < goes_on), default=copies[0])


def _mixed(facts, delivered):
    groups = {}

    def root(p):
        while groups.get(p, p) != p:
            p = groups[p]
        return p

    for made in facts.made.values():
        if made["also"]:
            groups[root(made["also"][0])] = root(made["patient"])
        if made.get("person"):  # the line of one system names somebody whom others tell of, too
            groups[root(made["patient"])] = root(made["person"])
    owner, out = {}, []
    for e in delivered:
        made = facts.made.get(e["control_id"])
        if not e["subject"] or made is None:
            continue
        patient = root(made["patient"])
        if owner.setdefault(e["subject"], patient) != patient:
            out.append(f"mixed: {e['control_id']} has the pseudonym of patient {owner[e['subject']]}")
    return out


def _analytics(delivered, parked, analytics):
    want = {e["id"] for e in (*delivered, *parked)}
    got = set(analytics)
    out = []
    if got - want:
        out.append(f"analytics: {len(got - want)} ids that the consumer does not know, "
                   f"such as {min(got - want)}")
    if want - got:
        out.append(f"analytics: {len(want - got)} ids are missing, such as {min(want - got)}")
    return out


def read_rows(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--delivered", action="append", default=[],
                        help="NDJSON of CloudEvents in order of arrival; each is checked by itself")
    parser.add_argument("--analytics", help="NDJSON of the analytics route")
    parser.add_argument("--parked", help="NDJSON of the CloudEvents that stand parked")
    o = parser.parse_args()
    rows = read_rows(o.ledger)
    parked = [brief(e) for e in read_rows(o.parked)] if o.parked else []
    analytics = [e["id"] for e in read_rows(o.analytics)] if o.analytics else None
    bad = 0
    for path in o.delivered:
        events = [brief(e) for e in read_rows(path)]
        problems = check(rows, events, parked, analytics)
        bad += len(problems)
        for line in problems:
            print(f"checker: {path}: {line}")
        facts = Facts(rows)
        print(f"checker: {path}: {len(facts.acknowledged)} acknowledged, {len(events)} delivered, "
              f"{len({e['id'] for e in events})} different, {len(problems)} problems")
    return 1 if bad or not o.delivered else 0


if __name__ == "__main__":
    sys.exit(main())
