/* doctor_answer.h - what came back on a connection, taken apart without good will: what a tolerant
 * reader passes over is named here (MLLP Release 1; HL7 v2.5.1 §2.9.2). Pure; the slices borrow
 * from the bytes and the arena. */
#ifndef WEIR_DOCTOR_ANSWER_H
#define WEIR_DOCTOR_ANSWER_H

#include "hl7_ack.h"

enum doctor_odd {
    DOCTOR_NO_START = 1 << 0, /* no VT in front */
    DOCTOR_NO_END = 1 << 1,   /* no FS behind */
    DOCTOR_NO_CR = 1 << 2,    /* FS, but no CR behind it */
    DOCTOR_BEFORE = 1 << 3,   /* bytes in front of VT that are no message */
    DOCTOR_LF_ENDS = 1 << 4,  /* segments end in LF or CRLF */
    DOCTOR_8_BIT = 1 << 5,    /* bytes beyond ASCII */
    DOCTOR_NO_UTF8 = 1 << 6,  /* and these are no UTF-8 */
};

struct doctor_answer {
    unsigned odd;
    bool ack; /* it has an MSA that can be read; else why not */
    char why[160];
    struct hl7_answer said; /* of an ack only */
    struct slice charset;   /* MSH-18 */
};

/* Takes the next answer off the front of *input; false when only line ends are left. */
bool doctor_answer_next(struct slice *input, struct arena *arena, struct doctor_answer *ret);
/* Frames that have ended within these bytes. */
unsigned doctor_frames_ended(struct slice bytes);

enum doctor_id {
    DOCTOR_SAME,    /* byte for byte */
    DOCTOR_MISSING, /* MSA-2 is empty */
    DOCTOR_PADDED,  /* blanks around it */
    DOCTOR_CUT,     /* only its beginning */
    DOCTOR_CASE,    /* small letters for capitals, or the other way */
    DOCTOR_OTHER,
};
/* What became of MSH-10 on its way back as MSA-2. */
enum doctor_id doctor_id_of(struct slice sent, struct slice answered);

#endif
