/* line.h - the broker's parts wired together on one loop: journey, router, flow.parked and a
 * delivery per consumer.
 *
 * The line owns its parts and borrows what proc.h gives. */
#ifndef WEIR_LINE_H
#define WEIR_LINE_H

#include "deliveries.h"
#include "journey.h"
#include "json.h"

struct line;

struct line_options {
    struct stream *stream;
    struct loop *loop;
    const struct site *site;
    struct metrics *metrics;
    struct audit *audit;
    /* Is this consumer held? May be NULL. */
    bool (*paused)(void *arg, const struct site_consumer *conf);
    void (*drained)(void *arg);                     /* after line_drain */
    void (*failed)(void *arg, const struct err *e); /* it cannot go on */
    void *arg;
};
int line_open(const struct line_options *o, struct line **ret, struct err *reterr);
/* Waits until the stream has called back for what it was given. */
void line_close(struct line *l);
/* After callbacks of the stream have run. */
void line_dispatched(struct line *l);
void line_drain(struct line *l);
/* Takes all of a new configuration, or nothing of it: routes once the journey's unit under way is
 * durable, consumers that changed once what is under way to them has ended. Appends to `what` what
 * was taken. ERR_REFUSED: something takes a restart; ERR_CONF. */
int line_reload(struct line *l, const struct site *fresh, struct buf *what, struct err *reterr);
/* True when events move: nothing waits, or some did within the last half minute. */
bool line_ready(struct line *l, const char **ret_why);
void line_collect(struct line *l);
void line_status(struct line *l, struct json_writer *w);
/* Whether this broker makes the events. */
bool line_leads(const struct line *l);
/* Each route's counts, and what none of them took (router_report). */
void line_routes(struct line *l, struct json_writer *w);
/* What is paused has changed. */
void line_look(struct line *l);
/* The delivery of that consumer, or NULL (also while it changes); the nth, NULL behind the last. */
struct delivery *line_find(struct line *l, struct slice consumer);
struct delivery *line_nth(struct line *l, unsigned nth);

#endif
