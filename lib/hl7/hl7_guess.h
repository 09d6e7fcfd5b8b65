/* hl7_guess.h - what bytes are that are no MLLP or no HL7 v2: which setting of the sender is wrong.
 */
#ifndef WEIR_HL7_GUESS_H
#define WEIR_HL7_GUESS_H

#include "slice.h"

/* "an HTTP request", for a person, by how the bytes begin; NULL where they tell nothing. Never
 * anything of the bytes themselves. */
const char *hl7_guess(struct slice bytes);

#endif
