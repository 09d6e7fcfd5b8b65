/* relay_line.h - the relay of a site on one loop: a handle on the nodes for each user that writes
 * there, and what is copied as whom.
 *
 *   where the site moves: what its broker made (relay_state.h), whole -> then what adapters make
 *   else: both at once
 *
 * Owns its handles on the nodes and its relays; borrows what proc.h gives. */
#ifndef WEIR_RELAY_LINE_H
#define WEIR_RELAY_LINE_H

#include "audit.h"
#include "json.h"
#include "loop.h"
#include "metrics.h"
#include "site.h"
#include "stream.h"

struct relay_line;

struct relay_line_options {
    struct stream *source;
    struct loop *loop;
    const struct site *site; /* for as long as the line lives */
    const char *name;        /* of this process */
    struct metrics *metrics;
    struct audit *audit;
    void (*drained)(void *arg);                     /* after relay_line_drain */
    void (*failed)(void *arg, const struct err *e); /* it cannot go on */
    void *arg;
};
/* ERR_CONF: the nodes take less than the configuration says, or refuse this user; ERR_REFUSED: the
 * site moves and its broker still runs here, or has something parked. */
int relay_line_open(const struct relay_line_options *o, struct relay_line **ret,
                    struct err *reterr);
/* Waits until the streams have called back. NULL is fine. */
void relay_line_close(struct relay_line *l);
/* After callbacks of the source have run. */
void relay_line_dispatched(struct relay_line *l);
void relay_line_drain(struct relay_line *l);
bool relay_line_ready(struct relay_line *l, const char **ret_why);
void relay_line_collect(struct relay_line *l);
void relay_line_status(struct relay_line *l, struct json_writer *w);
/* relay_skip, of whichever relay is held up there. */
bool relay_line_stopped(const struct relay_line *l, struct slice topic, struct slice partition,
                        int64_t offset);
bool relay_line_skip(struct relay_line *l, struct slice topic, struct slice partition,
                     int64_t offset);

#endif
