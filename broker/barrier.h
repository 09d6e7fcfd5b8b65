/* barrier.h - what ties two lanes: the survivor's copy of a merge waits for the retired copy.
 *
 * A barrier is named by the event's id and the retired lane's key. It begins with whichever copy,
 * or word of it, comes first and ends when the survivor's copy has gone, so there are never more of
 * them than marked items and retired copies that stand in flow.parked, and BARRIERS_PASSED_MAX
 * whose survivor's copy was not read yet: beyond these the oldest are forgotten. Pure bookkeeping:
 * the scheduler decides. */
#ifndef WEIR_BARRIER_H
#define WEIR_BARRIER_H

#include "dict.h"
#include "lane.h"

enum barrier_retired {
    BARRIER_PASSED,  /* delivered or discarded */
    BARRIER_UNKNOWN, /* not read yet, or finished in an earlier run */
    BARRIER_QUEUED,  /* in its lane */
    BARRIER_PARKED,  /* in its lane, and that stands in flow.parked */
};

struct barrier;
struct barriers {
    struct dict by_name;
    struct barrier *passed, *passed_last; /* no survivor's copy yet: oldest first */
    unsigned npassed;
    struct sched_item *waiting; /* survivors' copies that wait */
};

enum { BARRIER_NAME_MAX = 512, BARRIERS_PASSED_MAX = 65536 };

void barriers_init(struct barriers *b);
void barriers_fini(struct barriers *b);
/* A retired copy was put into its lane. -1 without memory, or when id and key are longer than
 * BARRIER_NAME_MAX. */
int barrier_begin(struct barriers *b, const struct sched_item *retired);
/* What became of it; returns the survivor's copy that waits for it, or NULL. */
struct sched_item *barrier_note(struct barriers *b, const struct sched_item *retired,
                                enum barrier_retired what);
/* What another scheduler, or an earlier run, wrote of the retired copy of that id and key: PARKED
 * or PASSED. One that is in its lane here knows better. Returns as barrier_note. */
struct sched_item *barrier_tell(struct barriers *b, struct slice id, struct slice retired_key,
                                enum barrier_retired what);
/* What the survivor's copy has to wait for: of its retired copies the one furthest behind. */
enum barrier_retired barrier_ask(const struct barriers *b, const struct sched_item *survivor);
/* The survivor's copy begins to wait (again: its time begins anew); ends waiting; has gone. */
int barrier_wait(struct barriers *b, struct sched_item *survivor, int64_t now);
void barrier_unwait(struct barriers *b, struct sched_item *survivor);
void barrier_end(struct barriers *b, struct sched_item *survivor);

#endif
