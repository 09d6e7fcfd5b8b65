/* relay_parts.h - the inside of a relay, shared by the files that make it up: relay.c, relay_give.c
 * (to the target, and the positions), relay_take.c (from the source). */
#ifndef WEIR_RELAY_PARTS_H
#define WEIR_RELAY_PARTS_H

#include "relay.h"
#include "unit.h"

enum { RELAY_POSITIONS_MAX = 8 * UNIT_PARTITIONS_MAX };

/* What fails: it ends with a success of its own kind. */
enum trouble { TROUBLE_TARGET, TROUBLE_POSITION, TROUBLE_READ };

enum set_state {
    SET_EMPTY,
    SET_FILLING,
    SET_UNDER_WAY,
    SET_FAILED,
    SET_DURABLE, /* at the target */
    SET_MOVING,  /* its positions */
};

struct set {
    struct relay *relay;
    struct unit unit;
    unsigned reads;
    uint64_t bytes;
    int64_t oldest_ms;
    enum set_state state;
};

struct relay {
    struct relay_options o;
    struct stream_reader *reader;
    struct set sets[RELAY_SETS_MAX];
    unsigned first; /* of the sets in order */
    unsigned moving;
    struct stream_position positions[RELAY_POSITIONS_MAX];
    struct relay_stop_at stops[RELAY_STOPS_MAX];
    unsigned nstops;
    bool held, stopped, abandoned, at_end;
    enum trouble trouble;
    int64_t now_ms, logged_ms, moved_ms; /* moved: something became durable, or went on its way */
    struct relay_stats stats;
    struct metric *copied;
    struct series *failures, *lost, *held_up;
};

/* The ith of the sets, in order. */
struct set *relay_nth(struct relay *r, unsigned i);
/* Some set is in that state. */
bool relay_any(const struct relay *r, enum set_state state);

/* Counted, told in the log at most once a minute, and tried again after a pause. */
void relay_trouble(struct relay *r, enum trouble trouble, const char *what, const struct err *e);
/* That kind of trouble is over, where it was there. */
void relay_no_trouble(struct relay *r, enum trouble trouble);

/* To the target, what may go now. In order: one that failed took those behind it along, and all of
 * them are called back before the first of them is given again. */
void relay_give(struct relay *r);
/* The positions of all that is durable there without a gap. */
void relay_move(struct relay *r);

bool relay_has_room(const struct set *s);
/* Reads into a set. True where it was filled, so that there may be more. */
bool relay_fill(struct relay *r, struct set *s);
/* Leaves out what somebody has decided to leave out. */
void relay_leave_out(struct relay *r, struct set *s);
struct relay_stop_at *relay_find_stop(struct relay *r, struct slice topic, struct slice partition);

#endif
