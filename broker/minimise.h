/* minimise.h - which fields of an event the readers of a route get.
 *
 * Everybody gets what does not tell who the patient is: all fields that the schema marks neither
 * personal nor identifying. A keep-list adds to that:
 *   all            the whole event
 *   identifiers    everything that tells or finds the patient
 *   demographics   what describes the patient and finds nobody (gender, GP practice)
 *   a path         that field, or all that stands under it (data.patient, data.origin.control_id)
 * Legal status (Mental Health Act) is kept only where its own path is named, `all` or not. Where a
 * keep-list names an identifying field the route must say `identifiers: true`. Of a restricted
 * patient, places and contacts are removed unless the route says `restricted: true`. */
#ifndef WEIR_MINIMISE_H
#define WEIR_MINIMISE_H

#include "event.h"
#include "event_fields.h"
#include "site.h"

struct minimise {
    uint64_t open[EVENT_KEEP_WORDS];   /* what readers get */
    uint64_t closed[EVENT_KEEP_WORDS]; /* the same of a restricted patient */
    bool all;                          /* open is everything but, perhaps, the legal status */
    bool legal;                        /* and that too */
    bool restricted;                   /* restricted patients are no exception */
};

/* ERR_CONF with file:line:column: a path that the schema does not know (with the nearest), an
 * identifying field without `identifiers: true`. */
int minimise_read(const struct site_route *route, struct minimise *ret, struct err *reterr);
/* The fields to write of this event; NULL: it goes out as it is, unknown members too. */
const uint64_t *minimise_keep(const struct minimise *m, const struct event *e);

#endif
