/* parcel.h - one event on its way to one consumer: what the scheduler orders, with its bytes.
 *
 * A parcel owns one block for key, id and the other texts, and one for the event, which is let go
 * once the event stands in flow.parked. */
#ifndef WEIR_PARCEL_H
#define WEIR_PARCEL_H

#include "parked.h"
#include "scheduler.h"

struct parcel {
    struct sched_item item; /* first */
    struct slice type, received, route, partition, merge;
    char since[40];     /* when it was parked, RFC 3339; empty = not */
    struct slice value; /* absent once it stands in flow.parked */
    char *texts, *bytes;
    struct slice at_partition; /* where its value stands in flow.parked; absent = not known */
    int64_t at_offset, at_ms;
    int64_t refresh_due;     /* monotonic: appended again, and not to be so before this */
    bool storing;            /* its state is being written: */
    bool written, read_back; /* both are needed */
    bool closing;            /* its end is being written */
    void *owner;
    struct parcel *later_next; /* to be appended when the stream has room */
};

/* Of a record of that route, its bytes copied. partition is its number here. NULL without memory.
 */
struct parcel *parcel_of_message(const struct stream_message *m, struct slice route,
                                 unsigned partition, struct slice partition_name);
/* Of an open record of flow.parked, without its event. */
struct parcel *parcel_of_parked(const struct parked_record *r, unsigned partition,
                                struct slice partition_name);
void parcel_free(struct parcel *p);
/* Lets the event go. */
void parcel_drop_value(struct parcel *p);
/* As a record for flow.parked; with_value: with its event. */
void parcel_record(const struct parcel *p, struct slice consumer, struct slice state,
                   bool with_value, struct parked_record *ret);

#endif
