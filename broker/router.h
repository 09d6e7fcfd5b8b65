/* router.h - which routes an event goes to, and what of it their readers get.
 *
 * Each event is asked of all rules that may match it (rule_set.h); all that match fire. A rule that
 * errs does not match, and is counted. The router owns its rules and keys; it borrows site and
 * metrics. */
#ifndef WEIR_ROUTER_H
#define WEIR_ROUTER_H

#include "event.h"
#include "json.h"
#include "metrics.h"
#include "people.h"
#include "site.h"
#include "unit.h"

struct router;

/* ERR_CONF with file:line:column: a rule that does not compile, a bad keep-list. metrics may be
 * NULL. */
int router_open(const struct site *site, struct metrics *metrics, struct router **ret,
                struct err *reterr);
void router_close(struct router *r);

/* `to` goes on counting where `from` ended: routes of the same name, and what no route took. */
void router_inherit(struct router *to, struct router *from);

/* An event as it stands in flow.events. The slices live as long as the unit. */
struct routed {
    const struct event *event;
    struct slice json, id, type, received;
    struct slice key;            /* ordering key */
    const struct slice *retired; /* other keys that it is published to first: a merge or a join */
    unsigned nretired;
    const struct event *retracts; /* event_retracted(); NULL: nothing */
};
/* Adds the route records of this event to the unit. A retraction goes to the routes whose rule
 * takes it or took what is retracted. Returns how many routes took it; -1 when the event could not
 * be written (out of memory, or larger than a record may be). */
int router_route(struct router *r, const struct routed *in, struct unit *u);

/* Members of an answer: "routes", a list of {name, matched, errors} in the order of the config, and
 * "unrouted" (unrouted.h); counts since the broker started. */
void router_report(const struct router *r, struct json_writer *w);
/* Events that no route took. */
uint64_t router_unrouted(const struct router *r);

/* The record of one copy of an event, in flow.events or a route: headers ce_id, ce_type,
 * content-type, received, and those of a merge. make_key turns an ordering key into the record key
 * of that topic; with_ordering adds the header ordering-key. */
typedef struct slice (*router_key_fn)(void *arg, struct unit *u, struct slice ordering_key);
void router_publish(struct unit *u, struct slice topic, const struct routed *in, struct slice value,
                    router_key_fn make_key, void *arg, bool with_ordering);

#endif
