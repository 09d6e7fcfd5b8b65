/* hospital_message.h - a notice as the HL7 v2.4 ADT message that a PAS sends of it (HL7 UK A.3
 * manner: PL ward^bay^bed^site, local times without an offset).
 *
 * A pure function of seed and notice: the same in, the same bytes. */
#ifndef WEIR_HOSPITAL_MESSAGE_H
#define WEIR_HOSPITAL_MESSAGE_H

#include "buf.h"
#include "notice.h"
#include "zone.h"

struct hospital_style {
    uint64_t seed;
    const struct zone *zone; /* of the clocks on the wall; borrowed */
};

enum { CONTROL_ID_SIZE = 16 };

/* MSH-10 of the message with that serial number; another seed gives another one. */
void hospital_control_id(uint64_t seed, uint32_t serial, char ret[CONTROL_ID_SIZE]);
/* Appends the message, segments ended by CR; check buf_ok. */
void hospital_message_write(struct buf *out, const struct hospital_style *style,
                            const struct notice *n);
/* Appends what a receiver must know of these hospitals' wards: CSV with the columns table, key,
 * value, for `table_files` of weir.yaml. */
void hospital_wards_write(struct buf *out, unsigned hospitals);

#endif
