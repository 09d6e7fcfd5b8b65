/* hl7_charset.h - the character set of a message, and its values as UTF-8 (HL7 table 0211).
 *
 * In this order: MSH-18 where it names a known set, what the source is set to, strict UTF-8,
 * Windows-1252. A source's set with "!" behind it ("windows-1252!") comes before MSH-18. ASCII in
 * MSH-18 is what senders of anything write, so it counts as not said: "ascii!" means that MSH-18 is
 * never believed. A
 * message of ASCII or valid UTF-8 costs one scan and no copy. A message in a set whose second bytes
 * can look like delimiters (GB 18030, Big5) is converted as a whole before it is taken apart. Owns
 * nothing. */
#ifndef WEIR_HL7_CHARSET_H
#define WEIR_HL7_CHARSET_H

#include "hl7_msg.h"

enum hl7_charset_flag {
    HL7_CHARSET_UNKNOWN = 1 << 0,  /* MSH-18 names a set that is not known */
    HL7_CHARSET_SWITCHED = 1 << 1, /* MSH-18 names several: only the first is read */
    HL7_CHARSET_REPLACED = 1 << 2, /* bytes that stand for nothing became U+FFFD */
};

struct hl7_charset {
    const uint16_t *high; /* code points of the bytes from 0x80 on; NULL: UTF-8 */
    bool declared;        /* MSH-18, or the preset, names a known set that is not ASCII */
    bool valid;           /* all of the message is valid UTF-8 as it stands */
    bool plain;           /* and nothing of it is escaped: every value is its own text */
    bool nul;             /* it has NUL bytes, which are no text: databases refuse them */
    const char *guess;    /* "utf8", "cp1252"; NULL where nothing had to be guessed */
    unsigned flags;
};

/* Whether a name, with or without "!", is one of a set that can be read (ASCII is). */
bool hl7_charset_known(struct slice name);

/* Whether text that is known to be in the set of that name is read as such in a message with that
 * MSH-18 of a source with that preset (both may be absent). */
bool hl7_charset_agrees(struct slice name, struct slice msh18, struct slice preset,
                        struct slice text);

/* hl7_msg_parse, then the choice of the set; preset (may be absent) is the set of a message that
 * names none or one that is not known; with "!" behind it, of every message. Where the message was
 * converted, *ret_msg is an index over the converted bytes (ret_msg->raw), which lie in the arena.
 */
int hl7_charset_parse(struct slice raw, struct slice preset, const struct hl7_limits *limits,
                      struct arena *arena, struct hl7_msg *ret_msg, struct hl7_charset *ret,
                      struct err *reterr);

/* The set of a text that is no HL7 v2, such as CSV: the preset, else guessed. A set of several
 * bytes a letter counts as not known. */
void hl7_charset_choose(struct slice text, struct slice preset, struct arena *arena,
                        struct hl7_charset *ret);

/* Bytes of a value as UTF-8 without NUL: the slice itself where it is so already, else a copy in
 * the arena (absent when that is full). Flags (HL7_CHARSET_REPLACED) are added to *flags. */
struct slice hl7_charset_decode(const struct hl7_charset *cs, struct slice value,
                                struct arena *arena, unsigned *flags);

/* A value as text for an event: escapes decoded (hl7_escape.h), then UTF-8. The slice itself where
 * nothing was to be done; absent when the arena is full. Flags of both are added to *flags. */
struct slice hl7_charset_text(const struct hl7_charset *cs, const struct hl7_msg *m,
                              struct slice value, struct arena *arena, unsigned *flags);

#endif
