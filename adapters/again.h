/* again.h - a stored message translated once more, with the map of today.
 *
 * What is made of it is what would have been made at once: the ids are a function of the bytes and
 * the configuration, and the records carry the time at which the message was received. The result
 * borrows the bytes, the translator and the again until the next run. One thread at a time, which
 * is also the translator's. */
#ifndef WEIR_AGAIN_H
#define WEIR_AGAIN_H

#include "record.h"

struct again {
    struct arena arena;
    struct translation translation; /* of the last run, its verdict and reasons too */
    struct record_writer record;    /* after a run that did not fail, its set: flow.messages, and a
                                       flow.reported for each event */
};

/* arena_max: as the site's message_arena. ERR_NOMEM. */
int again_open(struct again *a, size_t arena_max, struct err *reterr);
/* One that is all zero is fine. */
void again_close(struct again *a);
/* raw: the whole message; received: that header of its record. ERR_REFUSED: the map refuses it
 * (translation has every reason, the error tells the first); ERR_LIMIT: what it makes cannot be
 * appended; ERR_INPUT: no time in `received`; ERR_NOMEM: try later. */
int again_run(struct again *a, struct translator *translator, const struct site_source *source,
              struct slice raw, struct slice received, struct err *reterr);

#endif
