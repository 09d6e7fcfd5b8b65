/* stay_message.h - HL7 v2 of community and mental health systems: who is registered, stays in a bed
 * and leaves from them. */
#ifndef WEIR_STAY_MESSAGE_H
#define WEIR_STAY_MESSAGE_H

#include "pen.h"
#include "sector.h"
#include "world_parts.h"

struct stay_place {
    const char *organisation, *system; /* MSH-4, MSH-3; the site is the organisation's 01 */
    const char *ward;                  /* NULL: the message is of the person alone */
    unsigned bed;
};

struct stay_message {
    const char *trigger, *structure;
    const struct stay_place *place;
    const char *method;             /* PV1-4 */
    const char *how_out, *where_to; /* PV1-36, PV1-37; NULL: still there */
    int64_t admitted, ended, occurred;
};

/* Writes the message as sent at `sent`, and its control id (MSH-10) into t->key. */
void stay_message_write(const struct pen *p, const struct stay_message *m, const struct affair *a,
                        int64_t sent, struct telling *t);

#endif
