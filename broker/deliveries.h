/* deliveries.h - all consumers of the broker: a delivery each, flow.parked that they share, and how
 * a new configuration takes the place of the old one.
 *
 *   serving -> ending (no more is sent, what is under way ends, the position is committed)
 *           -> gone, or serving again as the new configuration says, from that position
 *
 * A consumer whose entry did not change is left alone. One whose partitions moved between brokers
 * is opened anew on the same reader, once what it gave to the stream has ended. Owns the deliveries
 * and what is parked for consumers that the configuration lacks; holds the sites they borrow from.
 */
#ifndef WEIR_DELIVERIES_H
#define WEIR_DELIVERIES_H

#include "delivery.h"

struct deliveries;

struct deliveries_options {
    struct stream *stream;
    struct loop *loop;
    const struct site *site;
    struct metrics *metrics; /* may be NULL */
    struct audit *audit;     /* may be NULL */
    /* Is it held? NULL: none is. */
    bool (*paused)(void *arg, const struct site_consumer *conf);
    void *arg;
};

int deliveries_open(const struct deliveries_options *o, struct deliveries **ret,
                    struct err *reterr);
/* After deliveries_abandon has said false. NULL is fine. */
void deliveries_close(struct deliveries *d);
/* Could these consumers be opened? Opens and closes those that are new or changed. ERR_CONF, … */
int deliveries_check(struct deliveries *d, const struct site *fresh, struct err *reterr);
/* Takes them; cannot fail: what cannot be opened after all is tried again and said. Appends to
 * `what` what changes, for a person. */
void deliveries_take(struct deliveries *d, const struct site *fresh, struct buf *what);

/* Asks `paused` again for each. */
void deliveries_look(struct deliveries *d);

/* Of several brokers one appends again what is parked for no consumer. */
void deliveries_lead(struct deliveries *d, bool leads);
void deliveries_drain(struct deliveries *d);
bool deliveries_idle(const struct deliveries *d);
/* As delivery_abandon, for all. */
bool deliveries_abandon(struct deliveries *d);

/* The delivery of that consumer, or NULL (also while it changes); the nth, NULL behind the last. */
struct delivery *deliveries_find(const struct deliveries *d, struct slice consumer);
struct delivery *deliveries_nth(const struct deliveries *d, unsigned nth);
/* The nth consumer that is not served now, because it changes or cannot be opened; *ret_why says
 * which. False behind the last. */
bool deliveries_waiting(const struct deliveries *d, unsigned nth, struct slice *ret_name,
                        const char **ret_why);

#endif
