/* consumer_kind.h - what a kind of consumer must give: http, file, mllp; one .c file and one build
 * line each.
 *
 * A consumer tries once, says what came of it, and keeps no queue beyond what is under way: order,
 * retries and parking are the scheduler's. It owns what it opened. */
#ifndef WEIR_CONSUMER_KIND_H
#define WEIR_CONSUMER_KIND_H

#include "loop.h"
#include "scheduler.h"
#include "site.h"

struct consumer; /* each kind's own; begins with nothing in particular */

struct consumer_event {
    struct slice id, type, json; /* during the call, as is */
    struct slice received;       /* when its message came, RFC 3339; may be absent */
    int64_t time_ms;             /* when it was appended to the route, or shortly before */
};

/* Called once for each send, from the loop, never from send itself. `reason` never holds bytes of
 * the event. */
typedef void (*consumer_verdict_fn)(void *arg, void *ticket, const struct sched_verdict *v);

struct consumer_options {
    const struct site_consumer *conf; /* borrowed for the life of the consumer */
    struct loop *loop;
    struct stream *stream; /* for who has to look something up; borrowed */
    consumer_verdict_fn verdict;
    void *arg;
};

struct consumer_kind {
    const char *name;
    /* Opens; must not wait for the other side. ERR_CONF, ERR_IO, ERR_NOMEM. */
    int (*open)(const struct consumer_options *o, struct consumer **ret, struct err *reterr);
    /* Frees; no verdict comes afterwards. NULL is fine. */
    void (*close)(struct consumer *c);
    /* How many may be under way. */
    unsigned (*in_flight)(const struct site_consumer *conf);
    /* Tries one event; the verdict of that ticket comes later. */
    void (*send)(struct consumer *c, const struct consumer_event *e, void *ticket);
    /* No more to send for now: what was collected must go. NULL: nothing is collected. */
    void (*flush)(struct consumer *c);
};

/* The kind of that name, or NULL. */
const struct consumer_kind *consumer_kind_find(struct slice name);
/* ERR_CONF with file:line:column where a consumer's kind is not built in. */
int consumer_kind_check(const struct site_consumer *c, struct err *reterr);
/* All that are built in, NULL-terminated: the conformance suite runs for each. */
extern const struct consumer_kind *const consumer_kinds[];

#endif
