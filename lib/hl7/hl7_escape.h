/* hl7_escape.h - escape sequences of a value, decoded when it is read (HL7 v2.5.1 §2.7).
 *
 * \F\ \S\ \T\ \R\ \E\ (and \P\ for truncation) become the message's own delimiters. \Xhh..\ becomes
 * bytes of the message's character set. \.br\ \.sp\ \.ce\ end a line, the other marks of formatted
 * text (\H\ \N\ \.in\ …) are dropped. What is not understood stays as it was sent: unknown, local
 * (\Z..\), character set shifts (\C..\ \M..\), unclosed, and \X that is no hex or would put a
 * control byte into the text. Owns nothing. */
#ifndef WEIR_HL7_ESCAPE_H
#define WEIR_HL7_ESCAPE_H

#include "hl7_msg.h"

/* Apart from enum hl7_charset_flag: both go into one set. */
enum hl7_escape_flag {
    HL7_ESCAPE_KEPT = 1 << 8, /* a sequence was kept as it was sent */
    HL7_ESCAPE_HIGH = 1 << 9, /* \X gave bytes of 0x80 and above: check them with the charset */
};

/* The value itself when it has no escape character, else a decoded copy in the arena (absent when
 * that is full). Flags are added to *flags. */
struct slice hl7_escape_decode(struct slice value, const struct hl7_delims *delims,
                               struct arena *arena, unsigned *flags);
/* Whether the value, decoded, is that text; an absent value is "". Takes no memory. */
bool hl7_escape_eq(struct slice value, const struct hl7_delims *delims, struct slice text);

#endif
