#!/usr/bin/env python3
"""Writes docs/differential.md: where weir reads a message in another way than the parsers of others, and why.

differential.py [--check]

hl7_fields of WEIR_BUILD, HAPI (from Maven Central) and the package hl7 (from PyPI) print every value of the same messages: those
of ../shared/data/messages/hl7v2, which are not part of the repository, those of tests/cases, and some made here at random. A
difference that none of the explanations below covers is an error. Without the messages of others, the parsers or the program it
says so and exits 77. --check compares the page instead of writing it.
"""
import collections
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tests" / "kafka"))
import jars  # noqa: E402
import pypi  # noqa: E402

PAGE = TOP / "docs" / "differential.md"
DATA = Path(os.environ.get("WEIR_CORPUS", TOP.parent / "shared" / "data" / "messages" / "hl7v2"))
CASES = TOP / "tests" / "cases"
FIELDS = Path(os.environ.get("WEIR_BUILD", TOP / "build")) / "tests" / "corpus" / "hl7_fields"
HAPI, HL7 = "HAPI", "hl7"
PACKAGE = "hl7==0.4.5"

# Names of HL7 table 0211, Python's of the same set, and a text in it.
SETS = (("8859/1", "latin-1", "REN\u00c9"), ("8859/2", "iso8859-2", "\u0141uk"), ("8859/3", "iso8859-3", "\u0126al"), ("8859/4", "iso8859-4", "\u0104"),
        ("8859/5", "iso8859-5", "\u0410\u0411"), ("8859/6", "iso8859-6", "\u0627"), ("8859/7", "iso8859-7", "\u0391"), ("8859/8", "iso8859-8", "\u05d0"),
        ("8859/9", "iso8859-9", "\u011eul"), ("8859/15", "iso8859-15", "\u20ac"), ("UNICODE UTF-8", "utf-8", "\u0175\u4e2d"),
        ("GB 18030-2000", "gb18030", "\u4e2d\u4e02"), ("KS X 1001", "euc-kr", "\uae40"), ("BIG-5", "big5", "\u8a31\u56db"),
        ("ISO IR87", "iso2022_jp", "\u5c71\u7530"))

# A name, what it is about, and why: in the order in which they are tried.
WHY = {
    "alike": ("MSH-2 gives one character two meanings (`^~\\\\&`, an escape written twice)",
              "weir refuses the message (row 18): which of the two a character means is a guess. The others read on."),
    "short": ("MSH-2 has fewer than four characters", "weir takes the rest as usual (row 18); HAPI refuses."),
    "no_type": ("MSH-9 has no trigger", "weir's parser does not ask, its maps look into EVN-1 (row 59); HAPI refuses."),
    "odd_id": ("A segment whose id is not three letters and a separator", "an unknown or empty segment to weir (row 37); HAPI does not take the text for HL7."),
    "set": ("A character set in MSH-18", "weir converts (rows 45 to 49). The package hl7 does not read MSH-18; HAPI takes ISO IR87 for "
            "characters of two bytes alone, without the ASCII around them."),
    "add": ("ADD segments", "joined to the segment before by weir (row 70); segments of their own to the others."),
    "nul": ("A NUL byte in a value", "U+FFFD to weir, flagged `charset_replaced`; the others keep it."),
    "blanks": ("Blanks at the end of a segment", "not part of its last value to weir, as feeds pad lines; the others keep them."),
    "escape": ("Escapes beyond the five of the delimiters", "weir decodes `\\X..\\` unless it gives control bytes, drops marks of formatted text and keeps "
               "whatever it does not know as sent, flagged (rows 22 to 25). HAPI keeps these and loses one backslash without its second; hl7 "
               "drops what it does not know, marks `\\H\\` with `_`, and lets control bytes through."),
}

Value = collections.namedtuple("Value", "text sent")


class Message:
    def __init__(self, name, shared, data):
        self.name, self.shared, self.data = name, shared, data
        # the others know no other end of a segment, and no blank lines
        self.plain = b"\r".join(line for line in re.split(rb"[\r\n]+", data) if line.strip()) + b"\r"
        header = self.plain.split(b"\r")[0].split(self.plain[3:4])
        self.charset = header[17].strip() if len(header) > 17 else b""
        self.high = any(c >= 0x80 or c == 0x1b for c in data)


def messages_of(file, shared):
    data = file.read_bytes()
    starts = [m.start() for m in re.finditer(rb"(?:^|(?<=[\r\n\x0b\xbf]))MSH[^A-Za-z0-9]", data)]
    name = str(file.relative_to(DATA if shared else CASES))
    for start, end in zip(starts, starts[1:] + [len(data)]):
        yield Message(name, shared, re.split(rb"[\x1c\x0b]|[\r\n](?=[FB]HS|[FB]TS)", data[start:end])[0])


def made_value(rng, sep, depth):
    """A field (depth 0), repetition, component or subcomponent (3): sep is the four separators from field to subcomponent, then escape."""
    if depth == 3 or rng.random() < 0.4:
        letters = "".join(rng.choice("abcXYZ019. -\u00e9") for _ in range(rng.randrange(1, 7))).strip()
        for letter, of in zip("FRSTE", sep):
            if rng.random() < 0.1:
                letters += sep[4] + letter + sep[4]
        return letters or rng.choice(("", '""', "x"))
    return sep[depth + 1].join(made_value(rng, sep, depth + 1) for _ in range(rng.randrange(1, 4)))


def made():
    """Messages of any delimiters, and in every set that has a name."""
    rng = random.Random(39)
    for n in range(300):
        sep = rng.sample("|^~&#*!%@$+:;", 4) + [rng.choice("\\/?")]  # field, repetition, component, subcomponent, escape
        version, marks = rng.choice((("2.3", ""), ("2.5.1", ""), ("2.8", ""), ("2.8", "`")))
        f, r, c, sub, e = sep
        lines = [f.join(("MSH", c + r + e + sub + marks, "A", "B", "C", "D", "20260303", "", "ADT" + c + "A01", str(n), "P", version))]
        for name in rng.choices(("PID", "NK1", "NK1", "ZZ1", "OBX", "NTE"), k=8):
            fields = [made_value(rng, sep, 0) for _ in range(rng.randrange(1, 12))]
            if name == "OBX":
                fields[1:2] = ["ST"]
            lines.append(f.join([name] + fields))
        yield Message(f"made {n}", False, "\r".join(lines).encode())
    for name, codec, text in SETS:
        line = f"MSH|^~\\&|A|B|C|D|20260303||ADT^A01|1|P|2.5.1||||||{name}\rPID|||1||"
        yield Message(f"made {name}", False, line.encode() + text.encode(codec) + b"^x\rZZ1|1")


def run(what, command, frames):
    """Of each frame its values by their places, or the reason for which it was refused."""
    done = subprocess.run(command, input=b"".join(b"\x0b" + f + b"\x1c\r" for f in frames), capture_output=True, timeout=120, check=False)
    if done.returncode:
        raise SystemExit(f"{what}: exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    found = []
    for line in done.stdout.decode().split("\n")[:-1]:
        if line.startswith("M "):
            found.append({})
        elif line.startswith("E "):
            found[-1] = line[2:]
        else:
            place, text, *sent = line.split("\t")
            found[-1][place] = Value(text, sent[0] if sent else text)
    if len(found) != len(frames):
        raise SystemExit(f"{what}: {len(found)} of {len(frames)} messages")
    return found


def hapi(frames):
    if not shutil.which("javac"):
        raise jars.Unavailable("javac is not installed (Debian: default-jdk-headless)")
    jar = jars.class_path_of("HAPI", str(HERE / "peers" / "pom.xml"), jars.cache("hapi"))
    return run(HAPI, ["java", "-cp", jar, HERE / "peers" / "Fields.java"], frames)


def package(frames):
    return run(HL7, [pypi.python(PACKAGE), HERE / "peers" / "fields_hl7.py"], frames)


def refusal(peer, ours, theirs):
    """Of a message that one of the two refused."""
    if isinstance(ours, str):
        return "alike" if "gives one character two meanings" in ours else None
    if peer == HAPI:
        for name, said in (("short", "incomplete encoding characters"), ("no_type", "Can't determine message structure from MSH-9")):
            if said in theirs:
                return name
    return None


def odd_text(message, theirs):
    """HAPI has one word for all that it does not take for HL7."""
    if "Determine encoding for message" not in theirs:
        return None
    if message.charset:
        return "set"
    ids = [line[:4] for line in message.plain.split(b"\r")[:-1]]
    return None if all(re.fullmatch(rb"[A-Z][A-Z0-9]{2}[^A-Za-z0-9]", i) for i in ids) else "odd_id"


UNUSUAL = re.compile(r"\\(?:[XCMZ][^\\]*|[HN]|\.[^\\]*)\\")


def difference(peer, message, ours, theirs):
    """Of two values, each of them perhaps not there."""
    mine, other = ours.text if ours else "", theirs.text if theirs else ""
    if b"\rADD|" in message.plain:
        return "add"
    if "%00" in other and other.replace("%00", "\ufffd") == mine:
        return "nul"
    if other.rstrip(" ") == mine:
        return "blanks"
    if message.high and (message.charset or peer == HL7):
        return "set"
    if ours and (UNUSUAL.search(ours.sent) or ours.sent.count("\\") % 2):
        return "escape"
    return None


class Comparison:
    def __init__(self, messages):
        self.messages = messages
        self.values = {True: 0, False: 0}
        self.found = {name: {HAPI: [], HL7: []} for name in WHY}
        self.faults = []

    def note(self, why, peer, message, what):
        if why:
            self.found[why][peer].append((message, what))
        else:
            self.faults.append(f"{message.name}: {peer}: {what}")

    def compare(self, peer, message, ours, theirs):
        if isinstance(ours, str) or isinstance(theirs, str):
            if isinstance(ours, dict) or isinstance(theirs, dict):
                why = refusal(peer, ours, theirs) or (isinstance(theirs, str) and odd_text(message, theirs))
                self.note(why, peer, message, f"weir: {ours if isinstance(ours, str) else 'read'}; {theirs if isinstance(theirs, str) else 'read'}")
            return
        for place in sorted(set(ours) | set(theirs)):
            mine, other = ours.get(place), theirs.get(place)
            if (mine and mine.text) != (other and other.text):
                self.note(difference(peer, message, mine, other), peer, message, f"{place}: {mine} {other}")


def compare_all():
    messages = [m for f in sorted(DATA.rglob("*")) if f.is_file() for m in messages_of(f, True)]
    messages += [m for f in sorted(CASES.rglob("*.hl7")) for m in messages_of(f, False)]
    messages += made()
    plain = [m.plain for m in messages]
    weir = run("weir", [FIELDS], plain)
    c = Comparison(messages)
    for m, ours, again in zip(messages, weir, run("weir", [FIELDS], [m.data for m in messages])):
        if ours != again:
            c.faults.append(f"{m.name}: weir reads it in another way as it stands in its file than with CR alone")
    for peer, theirs in ((HAPI, hapi(plain)), (HL7, package(plain))):
        for m, mine, other in zip(messages, weir, theirs):
            c.compare(peer, m, mine, other)
    for m, ours in zip(messages, weir):
        if m.shared or m.name.startswith("made"):
            c.values[m.shared] += len(ours) if isinstance(ours, dict) else 0
    return c


def cell(notes):
    shared = [m.name for m, _ in notes if m.shared]
    if shared:
        files = len(set(shared))
        return f"{len(shared)} in {files} file{'s' if files > 1 else ''}, as `{shared[0].rsplit('/', 1)[-1]}`"
    return "made or in the cases" if notes else ""


def page(c):
    shared = [m for m in c.messages if m.shared]
    made_ones = sum(m.name.startswith("made") for m in c.messages)
    rows = "".join(f"| {what} | {why} | {cell(c.found[name][HAPI])} | {cell(c.found[name][HL7])} |\n" for name, (what, why) in WHY.items())
    return f"""# Read by others

Written by `tests/corpus/differential.py`; a test fails when this page is not current, and at a difference that is not explained here. Messages that others have
published (not part of this repository), those of `tests/cases/` and some made at random are read by three parsers, and every value of every segment, decoded, is
compared by its segment, field, repetition, component and subcomponent: weir's; HAPI 2.6.0, without validation and without the structures of message types; and the Python package
hl7 0.4.5. Weir reads each message twice: as it stands in its file, and as the others are given it, with CR between segments and without blank lines.

Of the {len(shared)} messages of others, in {len({m.name for m in shared})} files, weir reads {c.values[True]} values that are not empty; of {made_ones} messages made
at random, with any delimiters, values nested and escaped in any way, and a text in each set of HL7 table 0211, {c.values[False]}. They are the same in all three parsers but for:

| what differs | why | HAPI | hl7 |
|---|---|---|---|
{rows}
Numbers are of values, or of messages where one was refused as a whole; "made or in the cases" is a difference that only messages of our own show.
"""


def main():
    if not FIELDS.exists():
        print(f"skipped: there is no {FIELDS}")
        return 77
    try:
        c = compare_all()
    except jars.Unavailable as e:
        print(f"skipped: {e}")
        return 77
    if not DATA.is_dir() and not c.faults:
        print(f"skipped: our own messages alone were compared: there are none of others at {DATA}")
        return 77
    faults = c.faults + [f"no message differs like this: {what}" for name, (what, _) in WHY.items() if not any(c.found[name].values())]
    if not faults and "--check" not in sys.argv[1:]:
        PAGE.write_text(page(c), encoding="utf-8")
    elif not faults and (not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page(c)):
        faults.append("docs/differential.md is not current: run tests/corpus/differential.py")
    for fault in faults[:50]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
