/* hl7_msg.h - one HL7 v2 message as an index over its own bytes (HL7 v2.5.1 §2.5).
 *
 * The message borrows the frame's bytes and an arena; it owns nothing. Segments and fields are
 * indexed in one pass; repetitions, components and subcomponents are found when asked for. Values
 * are returned as sent: escapes are decoded by hl7_escape.h when a value is read. */
#ifndef WEIR_HL7_MSG_H
#define WEIR_HL7_MSG_H

#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "slice.h"

/* The three states that must never be mixed up (HL7 v2.5.1 §2.5.3.2): not sent, sent as nothing,
 * sent as "" (delete). */
enum hl7_state { HL7_ABSENT, HL7_EMPTY, HL7_NULL, HL7_VALUE };

/* MSH-1 and MSH-2 of this message; they rule all of it. trunc is 0 before v2.7; another one is 0
 * where MSH-2 leaves it out and its default stands for something else already: it is then unused.
 */
struct hl7_delims {
    char field, component, repetition, escape, subcomponent, trunc;
};

struct hl7_segment {
    struct slice id;         /* "PID"; shorter or odd where the sender wrote so */
    struct slice bytes;      /* whole segment without its end and the blanks before that */
    uint32_t key;            /* hl7_key(id): compares faster than the id */
    uint32_t first, nfields; /* into hl7_msg.fields; fields[first] is field 1 (MSH: MSH-1 is the
                                separator itself, as for FHS and BHS) */
};

/* Doubts about the structure, borne by a tolerant reader and flagged. */
enum hl7_flag {
    HL7_LF_ENDS = 1 << 0,       /* LF or CRLF used as segment end */
    HL7_SHORT_DELIMS = 1 << 1,  /* MSH-2 of 2 or 3 characters: the rest defaulted */
    HL7_LEADING_BYTES = 1 << 2, /* byte order mark or blanks before MSH */
    HL7_ODD_SEGMENT = 1 << 3,   /* an id that is not three upper-case letters or digits */
    HL7_JOINED = 1 << 4,        /* not a doubt: ADD segments were joined (hl7_add.h) */
};

struct hl7_msg {
    struct slice
        raw; /* what the index is over: what was sent, or a copy with ADD segments joined */
    struct hl7_delims delims;
    const struct hl7_segment *segments;
    const struct slice *fields;
    uint32_t nsegments, nfields;
    unsigned flags;
};

struct hl7_limits {
    uint32_t segments; /* most segments of a message */
    uint32_t fields;   /* most fields of a message, all segments */
};

/* Three bytes as one number; 0 for an id of another length, which no lookup by key finds. */
static inline uint32_t hl7_key(struct slice id)
{
    if (id.n != 3)
        return 0;
    return (uint32_t)(unsigned char)id.p[0] << 16 | (uint32_t)(unsigned char)id.p[1] << 8 |
           (unsigned char)id.p[2];
}

/* Indexes raw. Fails with ERR_INPUT (not HL7: no MSH, bad delimiters; the text says at which byte)
 * or ERR_LIMIT; *ret is then untouched. The slices of *ret live as long as raw and the arena. ADD
 * segments are joined to the segment before, in the arena. */
int hl7_msg_parse(struct slice raw, const struct hl7_limits *limits, struct arena *arena,
                  struct hl7_msg *ret, struct err *reterr);

/* The nth (from 0) segment of that id (three bytes), or NULL. */
const struct hl7_segment *hl7_msg_segment(const struct hl7_msg *m, struct slice id, unsigned nth);
/* Field number `field` (from 1) as sent, all repetitions; absent where the segment ends before it.
 */
struct slice hl7_msg_field(const struct hl7_msg *m, const struct hl7_segment *s, unsigned field);
/* Repetition, component and subcomponent, each from 1; component 0 means the repetition as it
 * stands, subcomponent 0 the component as it stands. A part not sent is absent. MSH-1 and MSH-2
 * hold the delimiters themselves: do not take them apart. */
struct slice hl7_msg_repetition(const struct hl7_msg *m, struct slice field, unsigned nth);
/* Takes the first repetition off *rest, which is absent behind the last: all of them in one pass.
 */
struct slice hl7_msg_take_repetition(const struct hl7_msg *m, struct slice *rest);
/* 0 where the field is absent; an empty field has one, empty. */
unsigned hl7_msg_repetitions(const struct hl7_msg *m, struct slice field);
struct slice hl7_msg_part(const struct hl7_msg *m, struct slice repetition, unsigned component,
                          unsigned subcomponent);
/* Which of the three (four) states a value is in. */
enum hl7_state hl7_state_of(struct slice value);

/* Header values as sent (a part of MSH-9 is absent where not sent). */
struct hl7_header {
    struct slice sending_app, sending_facility, receiving_app, receiving_facility;
    struct slice sent_at, type, trigger, structure, control_id, processing_id, version, sequence,
        charset;
    struct slice accept_ack, app_ack; /* MSH-15, MSH-16 */
};
void hl7_msg_header(const struct hl7_msg *m, struct hl7_header *ret);

#endif
