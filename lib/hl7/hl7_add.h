/* hl7_add.h - ADD segments: the rest of the segment before (HL7 v2.5.1 §2.10.2.1, §2.15.1).
 *
 * A sender whose segments may not be long breaks one off anywhere and goes on behind "ADD|": within
 * a field, or with the next one. An ADD without a separator announces that the segment goes on in
 * another message, and stays as it is. Owns nothing. */
#ifndef WEIR_HL7_ADD_H
#define WEIR_HL7_ADD_H

#include "arena.h"
#include "slice.h"

/* A copy of the message, from its MSH on, in which such segments are joined; absent when the arena
 * is full. sep is MSH-1. */
struct slice hl7_add_join(struct slice message, char sep, struct arena *arena);

#endif
