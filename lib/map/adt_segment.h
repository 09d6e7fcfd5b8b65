/* adt_segment.h - one HL7 segment being written: fields and components in rising order, separators
 * only up to the last that holds something (HL7 v2.4 §2.7). Part of adt_write.c and the files of
 * its segments alone.
 *
 * Borrows the buf. A segment in which nothing was put is left out. */
#ifndef WEIR_ADT_SEGMENT_H
#define WEIR_ADT_SEGMENT_H

#include "buf.h"

struct adt_segment {
    struct buf *out;
    size_t from;               /* where it begins */
    unsigned field, component; /* where the next byte would stand */
};

void adt_segment_begin(struct adt_segment *s, struct buf *out, const char *id);
/* Ends it with CR. */
void adt_segment_end(struct adt_segment *s);
/* Goes to a component (from 1) of a field; neither may go down. */
void adt_segment_at(struct adt_segment *s, unsigned field, unsigned component);
/* Begins another repetition of the field. */
void adt_segment_repeat(struct adt_segment *s);
/* Text there, delimiters and ends of lines escaped; an absent or empty one changes nothing. */
void adt_segment_text(struct adt_segment *s, unsigned field, unsigned component, struct slice text);
/* The same of bytes that are HL7 already. */
void adt_segment_raw(struct adt_segment *s, unsigned field, struct slice bytes);
/* An instant or date of an event (RFC 3339) as HL7 has it; the offset stays. */
void adt_segment_time(struct adt_segment *s, unsigned field, struct slice rfc3339);

#endif
