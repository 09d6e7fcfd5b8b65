/* hl7_odd.h - what is odd about a message, and where: what a receiver has to bear or to guess, for
 * the person who asks why it went as it did.
 *
 * Nothing here refuses a message. The text never carries a value of it. Owns nothing. */
#ifndef WEIR_HL7_ODD_H
#define WEIR_HL7_ODD_H

#include "hl7_charset.h"
#include "hl7_place.h"

enum { HL7_ODD_TEXT = 200 };

/* at: "PID-7", "MSH-12", "segment 3", "byte 0"; both strings last as long as the call. */
typedef void (*hl7_odd_fn)(void *arg, const char *at, const char *text);

/* sent: the bytes as they came; m and cs: what hl7_charset_parse made of them. Told are: bytes
 * before MSH, ends of segments (LF, CRLF, mixed), delimiters, ids of segments, the order of EVN,
 * PID, PV1, PV2, ADD segments, MSH-7, 9, 10, 11, 12 and 18, EVN-1, the character set, control
 * bytes, escapes that are not understood, times that are none, and fields past those of the
 * standard. scratch is reset for each value. Returns how many there are. */
unsigned hl7_odd_find(struct slice sent, const struct hl7_msg *m, const struct hl7_charset *cs,
                      struct arena *scratch, hl7_odd_fn fn, void *arg);

#endif
