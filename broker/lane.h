/* lane.h - the lanes of one consumer: one queue per route key, so that what happened to a patient
 * goes out in order; and which lane may go next.
 *
 * A lane lives while it holds items. It is in one place at a time: ready (first in, first out),
 * asleep until a time, or nowhere (its item is under way, or something else must happen first).
 * Items are the caller's memory; the table owns the lanes. */
#ifndef WEIR_LANE_H
#define WEIR_LANE_H

#include <stdint.h>
#include "dict.h"
#include "slice.h"

/* The two copies of a record that ties two lanes: a merge, or a local id that joins an NHS number.
 */
enum sched_mark { SCHED_PLAIN, SCHED_RETIRED, SCHED_SURVIVOR };

/* Where an item stands in flow.parked. */
enum sched_park {
    SCHED_LIVE,     /* not there: the position waits for it */
    SCHED_WAITING,  /* there, to be tried again, or behind another one of its lane */
    SCHED_PARKED,   /* there, at fault: until somebody releases or discards it */
    SCHED_RELEASED, /* there, to be tried again because somebody said so */
};
enum sched_end { SCHED_DELIVERED, SCHED_DISCARDED };

/* One event for one consumer. The caller allocates it, fills the first part, and gets it back at
 * its end; in between the scheduler alone changes it. */
struct sched_item {
    struct slice key, id; /* borrowed: live as long as the item */
    enum sched_mark mark;
    struct slice with; /* of a marked one: the other keys, a blank between */
    unsigned partition;
    int64_t offset, time_ms;
    uint32_t size; /* bytes that it takes in memory while it is not in flow.parked */

    enum sched_park park;
    enum sched_end end;
    bool stored;       /* durable in flow.parked as `park` says */
    bool flagged;      /* goes on although the retired lane did not (merge_wait is over) */
    bool probe, sent;  /* under way; behind an open breaker */
    bool kept;         /* was durable in flow.parked once: no position waits for it */
    bool noted;        /* its position waits until its end is written down */
    uint32_t attempts; /* failed ones that count */
    char reason[120];  /* of the last failure; never bytes of the event */
    uint64_t serial;   /* in its span */
    int64_t since;     /* waiting at the barrier since; -1 = not */
    struct lane *lane;
    struct sched_item *next, *prev;               /* of the lane */
    struct sched_item *order_next;                /* to be told: stored, done */
    struct sched_item *parked_next, *parked_prev; /* all that stand in flow.parked */
    struct sched_item *wait_next, *wait_prev;     /* all that wait at a barrier */
};

enum lane_place { LANE_NOWHERE, LANE_READY, LANE_ASLEEP };

struct lane {
    struct slice key; /* of its first item; valid while there is one */
    struct sched_item *head, *tail;
    struct sched_item *sent;
    bool parked;        /* its items stand in flow.parked, and so will what comes */
    int64_t due;        /* not before: back-off */
    unsigned attempts;  /* of the head, in a row */
    int64_t fail_since; /* -1 = not failing */
    uint32_t fail_epoch, fail_round;
    enum lane_place place;
    int64_t wake;
    size_t heap_at;
    struct lane *ready_next, *ready_prev, *free_next;
};

struct lanes {
    struct dict by_key;
    struct lane **heap;
    size_t sleeping, heap_cap;
    struct lane *ready, *ready_last;
    struct lane *spare;
    size_t count;
};

void lanes_init(struct lanes *l, size_t max);
void lanes_fini(struct lanes *l);
/* The lane of that key, or NULL. */
struct lane *lanes_find(const struct lanes *l, struct slice key);
/* Puts the item at the end of its lane, which is made where there is none (*ret_new). -1 when full
 * or without memory. */
int lanes_push(struct lanes *l, struct sched_item *item, bool *ret_new);
/* Takes an item out; true when it was the last: the lane is then gone. */
bool lanes_remove(struct lanes *l, struct sched_item *item);
/* Moves the lane. lanes_sleep: LANE_ASLEEP until wake. */
void lanes_nowhere(struct lanes *l, struct lane *lane);
void lanes_ready(struct lanes *l, struct lane *lane);
void lanes_sleep(struct lanes *l, struct lane *lane, int64_t wake);
/* Takes the first ready lane (NULL = none); takes the first whose time has come. */
struct lane *lanes_take_ready(struct lanes *l);
struct lane *lanes_take_awake(struct lanes *l, int64_t now);
/* When the first sleeper wakes; -1 = none. */
int64_t lanes_wake(const struct lanes *l);

#endif
