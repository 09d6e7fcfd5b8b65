/* dry_run.h - what a site makes of a message, from the bytes to what each route's readers get, by
 * the code of adapter and broker themselves; no network, no stream, no secret.
 *
 * Order, repeats and whose event it is are not part of it: they need more than one message. The
 * pseudonym key is one that everybody has, so that results are the same everywhere. */
#ifndef WEIR_DRY_RUN_H
#define WEIR_DRY_RUN_H

#include "answer.h"
#include "site.h"

struct dry_run; /* owns the site as read, its maps and its rules */

/* config: a file. ERR_CONF with position, ERR_IO. */
int dry_run_open(const char *config, struct dry_run **ret, struct err *reterr);
void dry_run_close(struct dry_run *d);
const struct site *dry_run_site(const struct dry_run *d);

struct dry_copy {
    struct slice route, json;
};
struct dry_event {
    struct slice type;
    struct slice json; /* as in flow.events */
    const struct dry_copy *copies;
    unsigned ncopies;
};
/* Lives until the next message. */
struct dry_result {
    struct answer answer;
    struct slice places[ANSWER_ERRORS_MAX]; /* of its errors, as weir rejected tells them */
    struct hl7_ack_due due;                 /* what leaves for it */
    enum translate_verdict verdict;
    struct slice trigger;
    const struct dry_event *events;
    unsigned nevents;
};

/* recordedtime and data.published_at of all events. */
#define DRY_RUN_NOW "2026-01-01T00:00:00.000Z"

/* ERR_CONF (the source's maps), ERR_LIMIT, ERR_NOMEM. */
int dry_run_message(struct dry_run *d, const struct site_source *source, struct slice raw,
                    struct dry_result *ret, struct err *reterr);
/* The same with reasons, as translate_explain. */
int dry_run_explain(struct dry_run *d, const struct site_source *source, struct slice raw,
                    struct slice folder, struct buf *out, struct err *reterr);

#endif
