"""What hl7_fields prints, as the package hl7 of PyPI reads the same frames; run by an interpreter that has it."""
import re
import sys

import hl7


def coded(value):
    return re.sub(r"[\x00-\x1f\x7f%]", lambda m: f"%{ord(m[0]):02x}", value)


def text_of(frame):
    """The package takes the name of a character set and does not look for it: MSH-18 is not read here."""
    try:
        return frame.decode("utf-8")
    except UnicodeDecodeError:
        return frame.decode("windows-1252", "replace")


def parts(value):
    """A field, a repetition or a component that has no separator in it stands as its text."""
    return list(value) if isinstance(value, hl7.Container) else [value]


def put(message, place, value):
    if value:
        sys.stdout.write(f"{place}\t{coded(message.unescape(value))}\n")


def put_field(message, place, field):
    for r, repetition in enumerate(parts(field), 1):
        for c, component in enumerate(parts(repetition), 1):
            for s, value in enumerate(parts(component), 1):
                put(message, f"{place}[{r}].{c}.{s}", value)


def put_message(text):
    message = hl7.parse(text)
    for n, segment in enumerate(message, 1):
        name = str(segment[0])
        for f, field in enumerate(segment):
            place = f"{n} {coded(name)}-{f}"
            if f and name == "MSH" and f <= 2:
                sys.stdout.write(f"{place}[1].1.1\t{coded(str(field))}\n")
            elif f:
                put_field(message, place, field)


def main():
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    frames = sys.stdin.buffer.read().split(b"\x1c\r")[:-1]
    for number, frame in enumerate(frames, 1):
        sys.stdout.write(f"M {number}\n")
        try:
            put_message(text_of(frame[1:]))
        except (hl7.HL7Exception, AssertionError, IndexError, ValueError) as e:
            sys.stdout.write(f"E {coded(type(e).__name__ + ': ' + str(e))}\n")


main()
