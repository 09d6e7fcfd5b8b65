/* relay.h - copies topics of one stream to another, in order per partition, and goes on where it
 * stopped.
 *
 *   read -> set -> under way to the target -> durable there -> position durable here
 *
 * Keys, values and headers go byte for byte. A few bounded sets are under way; one that fails is
 * appended again whole, and those behind it, in their order. The group's position moves only past
 * what the target has called durable, so that each record is copied at least once, and again after
 * a crash: readers know a repeat by its id. What is not copied is told: a range that the source has
 * let go (alarm and audit), and a record larger than the target takes, which holds up its partition
 * until somebody decides (relay_skip).
 *
 * A relay owns its reader and its sets; it borrows the streams and all else. One thread. */
#ifndef WEIR_RELAY_H
#define WEIR_RELAY_H

#include "audit.h"
#include "err.h"
#include "metrics.h"
#include "stream.h"

enum { RELAY_SETS_MAX = 64, RELAY_STOPS_MAX = 64 };

struct relay;

/* Of that partition nothing before `from` is copied. The first that fits a record counts. */
struct relay_floor {
    struct slice topic;
    char partition[STREAM_NAME_MAX + 1]; /* "" = any */
    int64_t from;
};

struct relay_options {
    struct stream *source; /* a handle that writes: the positions */
    struct stream *target;
    struct slice group;
    const struct slice *topics; /* borrowed for as long as the relay lives, as all slices here */
    unsigned ntopics;
    enum stream_start start;
    int64_t start_ms;
    const struct relay_floor *floors;
    unsigned nfloors;
    struct slice timed;  /* records of that topic get the time they were appended here as the header
                            `at` (RFC 3339), where they have none; absent: none */
    uint64_t record_max; /* of the target (stream_record_size) */
    unsigned sets, set_records;
    uint64_t set_bytes;
    struct metrics *metrics; /* may be NULL */
    struct audit *audit;     /* may be NULL */
};
/* ERR_IO, ERR_NOMEM. */
int relay_open(const struct relay_options *o, struct relay **ret, struct err *reterr);
/* Only once nothing is under way to either stream (relay_under_way). NULL is fine. */
void relay_close(struct relay *r);

/* Turns readable when relay_step has something to read. */
int relay_fd(const struct relay *r);
/* Whether it would read now. */
bool relay_reads(const struct relay *r);
/* Reads and gives on what it can; true: call it again at once. Else it waits for relay_fd, for
 * callbacks of either stream, or (relay_held) for a moment. */
bool relay_step(struct relay *r, int64_t now_ms);
bool relay_held(const struct relay *r);
/* Reads nothing more; what was read goes on. */
void relay_stop(struct relay *r);
/* Gives nothing more to the target either: what it has not called durable is copied again by the
 * next start. */
void relay_abandon(struct relay *r);
/* A callback of a stream is due, which the relay has to be there for. */
bool relay_under_way(const struct relay *r);
/* All that was read is durable there, and its position here. */
bool relay_idle(const struct relay *r);
/* Once: all that was there at relay_open is durable there, and its position here. */
bool relay_ended(const struct relay *r);

/* A partition that is held up by one record. */
struct relay_stop_at {
    struct slice topic;
    char partition[STREAM_NAME_MAX + 1];
    int64_t offset, time_ms;
    uint64_t bytes;  /* of the record */
    uint64_t behind; /* records behind it that were passed over, to be read again */
    bool skip;
};
/* The nth; NULL behind the last. */
const struct relay_stop_at *relay_stopped(const struct relay *r, unsigned nth);
/* That record is left out, and its partition goes on behind it. False: it holds up nothing. */
bool relay_skip(struct relay *r, struct slice topic, struct slice partition, int64_t offset);

struct relay_stats {
    uint64_t records, failures, lost;
    bool failing;       /* the last set did not become durable */
    bool broken;        /* no memory for a set: the process must end */
    int64_t failing_ms; /* since when, now_ms of relay_step */
    char why[400];      /* of the last failure */
    bool waits;         /* sets are under way, */
    int64_t waits_ms;   /* and since when none of them became durable, now_ms of relay_step */
};
void relay_stats(const struct relay *r, struct relay_stats *ret);
/* Records that are not durable there, and when the oldest of them was appended here (0 = none). */
int relay_lag(struct relay *r, uint64_t *ret_records, int64_t *ret_oldest_ms, struct err *reterr);

#endif
