/* consumer_sink.c - kind sink: takes every event and throws it away. To be copied when another kind
 * is written (docs/extending.md), and to measure what the broker costs without a far side.
 *
 * It shows the whole contract of consumer_kind.h: a verdict never comes from within send, and none
 * after close. */
#include <stdlib.h>
#include "consumer_kind.h"

enum { IN_FLIGHT = 64 };

struct consumer {
    struct consumer_options o;
    struct loop_timer *soon; /* gives the verdicts in the next turn of the loop */
    void *tickets[IN_FLIGHT];
    unsigned n;
};

static void give_verdicts(void *arg)
{
    struct consumer *c = arg;
    const struct sched_verdict taken = {.kind = SCHED_OK};
    void *tickets[IN_FLIGHT];
    unsigned n = c->n;
    for (unsigned i = 0; i < n; i++)
        tickets[i] = c->tickets[i];
    c->n = 0; /* a verdict may bring the next send */
    for (unsigned i = 0; i < n; i++)
        c->o.verdict(c->o.arg, tickets[i], &taken);
}

static int sink_open(const struct consumer_options *o, struct consumer **ret, struct err *reterr)
{
    struct consumer *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    c->o = *o;
    if (loop_timer_add(o->loop, give_verdicts, c, &c->soon, reterr) < 0) {
        free(c);
        return -1;
    }
    *ret = c;
    return 0;
}

static void sink_close(struct consumer *c)
{
    if (!c)
        return;
    loop_timer_remove(c->soon);
    free(c);
}

static unsigned sink_in_flight(const struct site_consumer *conf)
{
    return conf->in_flight < IN_FLIGHT ? (unsigned)conf->in_flight : IN_FLIGHT;
}

static void sink_send(struct consumer *c, const struct consumer_event *e, void *ticket)
{
    (void)e;
    c->tickets[c->n++] = ticket;
    loop_timer_start(c->soon, 0);
}

const struct consumer_kind consumer_sink = {
    .name = "sink",
    .open = sink_open,
    .close = sink_close,
    .in_flight = sink_in_flight,
    .send = sink_send,
};
