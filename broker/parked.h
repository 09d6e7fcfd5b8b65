/* parked.h - flow.parked: what waits for a consumer, or for somebody. Appended to, folded at start,
 * followed while running, read again where it stands (fetcher.h). It goes by age: what is open is
 * appended again.
 *
 * Where a record stands is known by following the topic: an event is in flow.parked once it was
 * read back from there. The newest record of a consumer's event (route, partition and offset name
 * it) says its state; the newest one with a value holds the event. */
#ifndef WEIR_PARKED_H
#define WEIR_PARKED_H

#include "lane.h"
#include "stream.h"

struct parked;

struct parked_record {
    struct slice consumer, state, reason, since, received;
    struct slice key, id, type, value; /* value: empty where only the state changes */
    struct slice merge, with;          /* absent: no merge */
    struct slice route, partition;     /* of the route record; route absent: not said */
    int64_t offset;
    uint64_t attempts;
    /* When read: where it stands, and when it was appended. */
    struct slice at_partition;
    int64_t at_offset, at_ms;
};

int parked_open(struct stream *s, struct parked **ret, struct err *reterr);
void parked_close(struct parked *p);
int parked_fd(const struct parked *p);

typedef void (*parked_fn)(void *arg, const struct parked_record *r);
/* Gives each record from where the last call ended, from the oldest on. Records that are none are
 * passed over. 1: there may be more at once; 0: nothing now; -1: ERR_IO, try later. */
int parked_read(struct parked *p, parked_fn fn, void *arg, struct err *reterr);
/* All that was there at parked_open was given: 0 of parked_read is the end. */
bool parked_caught_up(const struct parked *p);
/* As stream_append. */
enum stream_result parked_append(struct parked *p, const struct parked_record *r,
                                 stream_done_fn done, void *arg, struct err *reterr);

/* Text of a state, and back (-1: of an open item none). */
const char *parked_state_name(enum sched_park park);
int parked_state_read(struct slice state);

#endif
