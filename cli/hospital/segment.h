/* segment.h - one HL7 v2 segment as it is written, field after field.
 *
 * Values are written as they stand: they hold no delimiter. Borrows the buf; check buf_ok. */
#ifndef WEIR_SEGMENT_H
#define WEIR_SEGMENT_H

#include <stdint.h>
#include "buf.h"
#include "zone.h"

enum { SEGMENT_DATE_DIGITS = 8 };

struct segment {
    struct buf *out;
    unsigned at; /* the field that the next bytes belong to */
};

struct segment segment_begin(struct buf *out, const char *id);
/* Goes on to that field; never back. */
void segment_to(struct segment *s, unsigned field);
void segment_put(struct segment *s, unsigned field, const char *text);
/* YYYYMMDDHHMMSS by the clock on the wall; an empty field where the instant is 0. */
void segment_stamp(struct segment *s, unsigned field, const struct zone *zone, int64_t instant);
/* The number with leading zeros. */
void segment_digits(struct buf *out, uint64_t v, unsigned width);
/* Up to three digits, without. */
void segment_number(struct buf *out, unsigned v);

#endif
