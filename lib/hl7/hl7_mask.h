/* hl7_mask.h - the shape of a message without what it says: for eyes that may not see who it is
 * about.
 *
 * Letters and digits become "x" and "9", bytes above ASCII "x"; ids of segments, delimiters and
 * control bytes stay, and so does the length. Pure functions. */
#ifndef WEIR_HL7_MASK_H
#define WEIR_HL7_MASK_H

#include "slice.h"

/* Whether a field tells of systems, not of patients: MSH-1 to 6, 8, 9, 11, 12 (not the time and the
 * control id, which can be a hospital number); FHS-1 to 6, BHS-1 to 6; BTS-1, FTS-1. */
bool hl7_mask_shows(struct slice segment, unsigned field);
/* Masks n bytes of a value, all of it; out has room for as many, and may be value.p. */
void hl7_mask_value(struct slice value, char *out);
/* Masks a message, or what came of one, as far as the fields of MSH above: no other header is told
 * from what stands where it should. out has room for message.n bytes. */
void hl7_mask(struct slice message, char *out);

#endif
