/* hl7_place.h - the place of a value as a path names it: "OBX[3]-5[2].1.2".
 *
 * The first of its kind has no number in brackets. Owns nothing. */
#ifndef WEIR_HL7_PLACE_H
#define WEIR_HL7_PLACE_H

#include "hl7_msg.h"

enum { HL7_PLACE_SIZE = 80, HL7_PLACE_KINDS = 64 };

/* 0 where it goes no further. */
struct hl7_place {
    struct slice segment;
    unsigned sequence, field, repetition, component, subcomponent;
};

/* Writes it with a NUL behind; of an id that is no id its first three bytes, control bytes and what
 * is no ASCII as "?". Returns out. */
const char *hl7_place_text(const struct hl7_place *p, char out[HL7_PLACE_SIZE]);

/* Numbers the segments of a message in order; begins all zero. */
struct hl7_place_counts {
    struct {
        uint32_t key, n;
    } of[HL7_PLACE_KINDS];
    unsigned kinds;
};
/* Which of its kind s is, from 1; 0 for an odd id, and past HL7_PLACE_KINDS kinds. */
unsigned hl7_place_count(struct hl7_place_counts *c, const struct hl7_segment *s);

#endif
