"""The sample feed that the repository ships: a hospital's morning, config/demo/morning.hl7.

morning.tsv beside it says which events each message gives. Every pass after the first has other
people: numbers, visits and control ids are changed, so that nothing is a repeat of the pass before.
"""
import os
import re

import feed as feeds
import people

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "config", "demo")
FIRST_NHS, NHS_PER_PASS = 400, 100


def load():
    """[(bytes with CR, [types])] in the order of the morning."""
    with open(os.path.join(FOLDER, "morning.hl7"), encoding="utf-8") as f:
        messages = [m.strip("\n") + "\n" for m in f.read().split("\n\n") if m.strip()]
    types = {}
    with open(os.path.join(FOLDER, "morning.tsv"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                control_id, names = line.rstrip("\n").split("\t")
                types[control_id] = names.split()
    return [(m.replace("\n", "\r").encode(), types[m.split("|")[9]]) for m in messages]


def one_pass(number):
    """The messages of pass `number` (from 0), as the feed sends them; patients are named by MRN."""
    counts, out = {}, []
    for data, types in load():
        text = _changed(data.decode(), number)
        fields = {line[:3]: line.split("|") for line in text.split("\r") if line}
        patient = _mrn(fields["PID"][3])
        counts[patient] = counts.get(patient, 0) + 1
        also = None
        if "MRG" in fields:
            retired = _mrn(fields["MRG"][1])
            counts[retired] = counts.get(retired, 0) + 1
            also = (retired, counts[retired])
        out.append(feeds.Message(fields["MSH"][9], patient, counts[patient], also, types,
                                 text.encode()))
    return out


def _mrn(pid3):
    return next(r.split("^")[0] for r in pid3.split("~") if r.endswith("^MR"))


def _changed(text, number):
    if number == 0:
        return text
    old = people.nhs_numbers(NHS_PER_PASS, FIRST_NHS)
    new = people.nhs_numbers(NHS_PER_PASS, FIRST_NHS + NHS_PER_PASS * number)
    for a, b in zip(old, new):
        if a in text:
            text = text.replace(a, b)
    return re.sub(r"\b(PAS|R|V)(\d{6,})", rf"\g<1>{number}\g<2>", text)
