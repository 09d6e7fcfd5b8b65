/* pause.h - what somebody has paused in this process, and how: sources, routes, consumers.
 *
 *   asked -> audited -> durable in flow.control -> so from now on, and after a restart too, in this
 *   process and, within a second, in each of its kind
 *
 * A set of (kind, name); a name that the configuration lacks stays paused until it is resumed.
 * Serves the control verbs `pause` and `resume`: {"kind", "name", "reason", "by"}. Owns the set,
 * borrows all else. */
#ifndef WEIR_PAUSE_H
#define WEIR_PAUSE_H

#include "audit.h"
#include "control.h"
#include "json.h"
#include "loop.h"
#include "metrics.h"
#include "stream.h"

enum { PAUSES_MAX = 1000 };

struct pauses;

struct pauses_options {
    struct stream *stream;
    struct audit *audit;
    struct control *control;
    struct metrics *metrics;
    struct loop *loop;
    struct slice writer; /* what this process is one of: the records of these count */
    struct slice name;   /* of this process, where another of that name may write to the same stream
                            (name_claim.h); absent: none can */
    /* Is there such a thing? */
    bool (*exists)(void *arg, struct slice kind, struct slice name);
    /* Something was paused or resumed, durably: pauses_has says what. */
    void (*changed)(void *arg);
    void *arg;
};

/* Reads flow.control and adds the verbs. Where the stream does not answer for two seconds it goes
 * on, and reads on the loop: `changed` says when all is known. ERR_IO, ERR_NOMEM. */
int pauses_open(const struct pauses_options *o, struct pauses **ret, struct err *reterr);
/* Callbacks of the stream may still come. NULL is fine. */
void pauses_close(struct pauses *p);
/* All that was asked before the start is known. */
bool pauses_known(const struct pauses *p);
/* Until it is known: true. */
bool pauses_has(const struct pauses *p, struct slice kind, struct slice name);
/* The member "paused": a list of {kind, name, since, by, reason}. */
void pauses_write(const struct pauses *p, struct json_writer *w);

#endif
