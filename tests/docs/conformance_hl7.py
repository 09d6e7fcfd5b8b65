"""What docs/conformance.md says of each row: HL7 v2."""
from conformance_words import LATER, NOT

HEAD = """# HL7 v2: what is taken, and how

Written by `tests/docs/conformance_page.py` from the tests; a test fails when this page and they differ. The defaults are those of a tolerant
receiver in original acknowledgment mode: what can be read is taken, doubts stand in `data.quality` or in a metric, what was sent is kept byte for
byte in `flow.messages`. Where that departs from what other receivers do, [decisions.md](decisions.md) says why. A case is a message and the events
wanted, in `tests/cases/`.

"""

SEQUENCE = NOT + "the sequence protocol; repeats are known by their bytes, order is that of the connection"
CONTINUED = NOT + "fragments are not joined: each is a message of its own, ADD without a separator and DSC are segments that are passed over; ADT messages do not need it"
# What is sent; what weir does.
TABLE = {
    1: ("A block, split and joined anywhere in the byte stream", "taken; many in one read, too"),
    2: ("Bytes outside of blocks", "dropped and counted"),
    3: ("FS without CR inside a block", "data"),
    4: ("FS without CR at the end of a block", "`require_end_cr: false` takes it when VT follows or nothing does; else the frame's deadline ends the connection"),
    5: ("VT inside a block", "the first part is dropped, counted and logged, never answered"),
    6: ("End of the connection, or silence, inside a block", "dropped, counted and logged with its length; no answer, so that it is sent again"),
    7: ("An empty block", "ignored"),
    8: ("A block over the limit, or without an end", "AR 104 once; the first 64 KiB, length and hash are kept; the connection stays, or closes at the frame's deadline"),
    9: ("The next message before the answer", "read ahead up to `pipeline`; answers in order of arrival; behind a \"try later\" nothing is taken and the connection ends, or what is behind would overtake"),
    10: ("LF or CR LF between segments", "taken and counted; answers use CR"),
    11: ("MLLP Release 2 commit acknowledgment", LATER),
    12: ("MLLP Release 2, as sender", LATER),
    13: ("Slow frames, idle connections", "`frame_time` and `idle_time` (a day unless set) close the connection; a peer that is gone is probed after a minute"),
    14: ("As sender: no answer, a late one, one to another message",
         "the connection is closed, the same bytes are sent again on a new one; a late answer is never the next message's"),
    15: ("TLS on MLLP: no certificate, one that is expired, revoked, of another authority or another subject; plain text; a slow handshake; a message under "
         "the name of another", "1.2 and later; closed before a message is read, with a line that names source and subject; `handshake_time`; the last: AR 103 "
         "([tls.md](tls.md))"),
    16: ("Other delimiters in MSH-1 and MSH-2", "they rule the whole message"),
    17: ("A fifth character in MSH-2", "the truncation character, in any version"),
    18: ("MSH-2 of fewer characters, or alike", "two or three: the rest is as usual, counted; else AR 102"),
    19: ("Something before MSH, or no MSH", "a byte order mark and blanks are passed over and counted; else AR 100 from defaults. A frame that begins with FHS or BHS is a batch: row 73"),
    20: (r"`\F\ \S\ \T\ \R\ \E\ \P\`", "the message's own delimiters"),
    21: ("A value cut at its greatest length", "kept, flagged `value_cut`; never an identifier"),
    22: (r"`\X..\` with odd digits, no hex, or a control byte", "kept as sent, flagged `escape_kept`"),
    23: (r"Shifts of the character set (`\C..\`, `\M..\`)", "kept as sent, flagged `escape_kept`"),
    24: ("Marks of formatted text", "dropped; those that end a line become one"),
    25: ("Local, unknown or unclosed escapes", "kept as sent, flagged `escape_kept`"),
    26: ("A field that repeats", "lists are kept whole, else the first counts"),
    27: ("More segments, fields or components than are known", "passed over"),
    28: ("Z segments", "kept; read where a map asks for them"),
    29: ("A trigger without a map", "AA; kept and counted as unmapped; `on_unmapped: refuse`: AR 200 or 201"),
    30: ("Not sent, sent empty, sent as `\"\"`", "three things to paths and maps; none of them is a value in an event"),
    31: ("`\"\"` in one component", "that component has no value"),
    32: ("A list that is shorter than before", "the list as it is now: lists are never merged"),
    33: ("Segments in another order", "found by their id; counted"),
    34: ("No patient, or what a trigger cannot do without", "AA, no subject, flagged `no_patient_id`; AE 101 where an event would be empty"),
    35: ("A long value", "kept whole"),
    36: ("A code in no table", "carried as sent, flagged `unmapped_code`"),
    37: ("Segments with odd ids or no separator", "unknown segments, counted"),
    38: ("Too many or too large parts, NUL bytes", "bounded: AE 104 past the limits; NUL is data, U+FFFD in the event, flagged `charset_replaced`"),
    39: ("Times of any precision", "read as precise as they are; a date never becomes a time"),
    40: ("Old forms of times", "read"),
    41: ("Times without an offset", "the source's zone, else Europe/London, flagged `tz_assumed`; the hour that occurs twice is flagged"),
    42: ("`-0000`, `+0000`", "UTC"),
    43: ("Times that do not exist", "the next source of the time, flagged `time_invalid`"),
    44: ("No MSH-7", "taken"),
    45: ("High bytes without a character set", "the source's set, else UTF-8 where valid, else Windows-1252; flagged"),
    46: ("Names of character sets", "table 0211 and what senders write instead; an unknown one is flagged and not believed"),
    47: ("Several character sets", "the first, flagged `charset_switched`"),
    48: ("Bytes that are not of the declared set", "U+FFFD in the event, flagged; the bytes stay in `flow.messages`"),
    49: ("Sets whose second bytes look like delimiters", "converted before anything is taken apart"),
    50: ("One of MSH-15 and MSH-16", "by `ack.mode`: original mode does not look at them; else enhanced, and the empty one means NE"),
    51: ("AL, NE, ER, SU", "by `ack.mode`: the answers of table 0155 and no other; after CE or CR nothing follows; nothing stored and no answer wanted: the connection closes"),
    52: ("Application acknowledgments in enhanced mode", "on the sender's connection behind CA, MSH-15 and 16 NE, or left out (`two_answers: false`); an acknowledgment is not acknowledged. "
         + NOT + "weir opens no connection to a sender for its answers"),
    53: ("Header of the answer", "own time and id, sender and receiver swapped, MSH-9 by version"),
    54: ("MSA", "MSA-2 byte for byte; MSA-3 up to 2.6 with `text: true`, else not"),
    55: ("ERR", "ERR-1 up to 2.6, ERR-2 to ERR-8 since 2.5"),
    56: ("Patient data in answers", "none: places, codes and fixed texts"),
    57: ("MSH-11", "any; T and D are flagged `processing_T`; `on_test: refuse`: AR 202 for all but P and empty"),
    58: ("MSH-12", "any 2.x; else AR 203"),
    59: ("MSH-9 in part", "EVN-1 where MSH-9 has no trigger; AR 201 or 101 where neither has"),
    60: ("No MSH-10", "one is made from the bytes, flagged `no_control_id`"),
    61: ("The same message again", "the same answer, the same event ids, no second event"),
    62: ("The same MSH-10 for other bytes", "another message; its events are flagged `control_id_reused` by the broker, and it is counted for its source"),
    63: ("The same message while the first is being stored", "each is answered, one event"),
    64: ("The process or the machine dies", "what was acknowledged is there; the rest is sent again"),
    65: ("MSH-13 = 0: a link starts", "AA, as any message. " + SEQUENCE),
    66: ("MSH-13 = -1: numbers begin anew", "AA, as any message. " + SEQUENCE),
    67: ("MSH-13 is the number expected", "AA without MSA-4; the number stands in `data.origin.sequence`"),
    68: ("MSH-13 is another number", "AA, as any message. " + SEQUENCE),
    69: ("MSH-13 is no number", "AA, as any message. " + SEQUENCE),
    70: ("ADD: characters that join the segment before", "joined, wherever the segment was broken off"),
    71: ("ADD and DSC: a segment that goes on in the next message", CONTINUED),
    72: ("DSC-1 that matches the next MSH-14", CONTINUED),
    73: ("Batches: FHS, BHS, BTS, FTS, any of them missing", "taken apart, each level with its own delimiters; empty ones are fine; messages in one frame without any are each answered in a frame of their own"),
    74: ("BTS-1 or FTS-1 is wrong, no number, or missing", "all messages that came are taken; told: AE 207 for the batch, in the log"),
    75: ("The answer to a batch", "one batch that cites the id of the batch, with all answers, or those of refusals; or each by itself (`ack: batch`)"),
    76: ("Files", "taken from a drop folder once at rest, claimed by rename, moved when every message is durable, with a report (size, hash, refusals); killed in the middle, the file is read again and gives the same ids"),
    77: ("A batch corrected and sent again", "messages are known by their bytes: only what is new becomes events"),
    78: ("HL7 over HTTP", "POST of `application/hl7-v2+er7`: 200 and the acknowledgment once durable, 503 without HL7 for \"try later\"; a charset parameter that is not what the message is read in is refused with 415. " + NOT + "MSH-18 is not ignored: what a message means must not depend on a header that is not kept with it"),
}
