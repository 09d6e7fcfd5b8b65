"""What a message tells of a patient's health in words: values of observations and notes. None of it may stand in an event."""
import re

FIELDS = {"OBX": 5, "NTE": 3}
WORDS = re.compile(r"[^\W\d_]{3}.*[^\W\d_]{3}")  # a text; no number, code or media type, which may stand elsewhere by chance


def told(text):
    """(field, text) of what no event may hold: each component that reads as text."""
    found = []
    separator = text[3:4] or "|"
    for line in re.split(r"[\r\n]+", text):
        fields = line.split(separator)
        nth = FIELDS.get(line[:3])
        if not nth or len(fields) <= nth:
            continue
        for part in re.split(r"[~^&]", fields[nth]):
            part = re.sub(r"\\.*?\\", "\0", part)
            found += [(f"{line[:3]}-{nth}", piece) for piece in part.split("\0") if len(piece) > 11 and WORDS.search(piece)]
    return found
