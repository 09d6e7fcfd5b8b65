/* journey.h - from what was said (flow.reported) to what happened (flow.events): repeats dropped,
 * ordering key given, recordedtime and published_at set, routes fed.
 *
 * Works in units: a bounded number of records read, everything made from them and the positions
 * become durable as one. While a unit is on its way the next is made. A unit that fails is given to
 * the stream again whole; nothing is made twice. One thread; borrows everything it is opened with.
 *
 * Keys (people.h): where an event tells that two keys are one person, it is published to both, the
 * retired one first, with the headers merge and merge-with; delivery waits there. What it must
 * remember of a person stands in flow.state, which is kept for good (key: identity, value: its
 * ordering key, header kind = person); the prints of ids (seen.h, key `ids`) and
 * of control ids (control_ids.h, key `controls`) in flow.ids, which ages.
 *
 * One process leads, of however many there are (stream_lead):
 *   recalls -> standby, which follows flow.state and flow.ids behind the leader
 *           -> begins, which reads them to their end -> leads
 * It never goes back: whoever leads no longer closes its journey and opens another one, so that
 * nothing is remembered that did not become durable. */
#ifndef WEIR_JOURNEY_H
#define WEIR_JOURNEY_H

#include "audit.h"
#include "metrics.h"
#include "router.h"
#include "site.h"
#include "stream.h"

struct journey;

struct journey_options {
    struct stream *stream;
    const struct site *site;
    struct router *router;
    struct metrics *metrics; /* may be NULL */
    struct audit *audit;     /* may be NULL: a lost position is then only logged */
};

/* Begins to follow flow.state and flow.ids. */
int journey_open(const struct journey_options *o, struct journey **ret, struct err *reterr);
/* This process leads now, and all that the leader before it wrote is durable: reads what is
 * remembered to its end, then flow.reported as group `journey`. Once. ERR_IO: try later. */
int journey_lead(struct journey *j, struct err *reterr);
void journey_close(struct journey *j);

/* Turns readable when journey_step has something to do. Another one once it leads. */
int journey_fd(const struct journey *j);
/* Reads, makes and gives to the stream what it can. Returns true when it wants to be called again
 * at once; else it waits for journey_fd, for the stream's callbacks, or (journey_held) for a
 * moment.
 */
bool journey_step(struct journey *j, int64_t wall_ms);
/* Whether it would read: else journey_fd need not be watched. */
bool journey_reads(const struct journey *j);
/* Something has to be tried again: the stream was full, or failed. */
bool journey_held(const struct journey *j);
/* Another router, between two units. False while one is under way: nothing is read until it is
 * called again (after the stream's callbacks) and has said true. */
bool journey_use(struct journey *j, struct router *router);
/* Stops reading; what is under way goes on. */
void journey_stop(struct journey *j);
/* Nothing is under way. */
bool journey_idle(const struct journey *j);

/* Before journey_close: gives nothing more to the stream. True while a callback is due, which the
 * journey has to be there for. */
bool journey_abandon(struct journey *j);

enum journey_role { JOURNEY_RECALLS, JOURNEY_STANDBY, JOURNEY_BEGINS, JOURNEY_LEADS };
struct journey_stats {
    enum journey_role role;
    uint64_t events, repeats, unreadable, failures;
    size_t people, ids;
    bool failing;    /* the last unit did not become durable */
    const char *why; /* then: what keeps it, until the next call */
    bool broken;     /* no memory for a unit: it was not given on, the process must end */
};
void journey_stats(const struct journey *j, struct journey_stats *ret);
/* Records not read yet, and when the oldest of them was appended (0 = none). None where another
 * process leads. */
int journey_lag(struct journey *j, uint64_t *ret_records, int64_t *ret_oldest_ms,
                struct err *reterr);

#endif
