/* hl7_names.h - what the standard calls segments, fields and components, for a person (HL7 v2.5.1
 * chapters 2 to 10; HL7 UK for ZU1 to ZU8).
 *
 * Static text; nothing is owned. A feed of another version may mean something else by a number. */
#ifndef WEIR_HL7_NAMES_H
#define WEIR_HL7_NAMES_H

#include "slice.h"

/* A part's name, absent where it has none here, and its type, absent where it has no parts. */
struct hl7_name {
    struct slice name, type;
};

/* "Patient Identification" of PID; absent for a segment that is not known. */
struct slice hl7_segment_name(struct slice id);
/* Field number `field` (from 1) of a segment. */
struct hl7_name hl7_field_name(struct slice id, unsigned field);
/* Part `part` (from 1) of a type: component of a field, or subcomponent of a component. */
struct hl7_name hl7_part_name(struct slice type, unsigned part);
/* How many fields the standard gives the segment; 0 where it is not known, not its to say, or any
 * number. */
unsigned hl7_segment_fields(struct slice id);

#endif
