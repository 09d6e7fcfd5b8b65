/* sched_bench.h - a scheduler on a bench: a clock that is set by hand, items made from a line of
 * text, and what the scheduler told in the order it told it. */
#ifndef WEIR_SCHED_BENCH_H
#define WEIR_SCHED_BENCH_H

#include "kit.h"
#include "scheduler.h"

enum { BENCH_ITEMS = 256 };

struct bench_item {
    struct sched_item item; /* first */
    char key[16], id[16], with[32];
    bool done, stored;
};
struct bench {
    struct sched *s;
    int64_t now;
    struct bench_item items[BENCH_ITEMS];
    unsigned nitems;
    char told[8192]; /* "+id" sent, "!id" delivered, "nid" to be noted too, "-id" discarded, "wid"
                        "pid" "rid" stored */
    size_t told_n;
    uint32_t size; /* of the next items */
    struct sched_item *under_way[BENCH_ITEMS];
    unsigned nunder_way;
};

/* 4 under way, window 64 or a million bytes, parked_max 1000, back-off 100 to 800 ms, Retry-After
 * to 5 s, spill 10 s, breaker 30 s, merge 30 s. */
struct sched_options bench_options(void);
void bench_open(struct bench *b, const struct sched_options *o);
void bench_close(struct bench *b);
/* Another one in its place. */
void bench_again(struct bench *b, const struct sched_options *o);
/* Reads one: the key is the id's first letter ("a1"). Offsets rise by one from 0. */
struct bench_item *bench_add(struct bench *b, const char *id);
/* Reads all of them, "a1 b1 c1", then a pump. */
void bench_read(struct bench *b, const char *ids);
/* A merge's copy: "m1" in lane `key`. */
struct bench_item *bench_mark(struct bench *b, const char *id, const char *key,
                              enum sched_mark mark, const char *with);
struct bench_item *bench_find(struct bench *b, const char *id, const char *key);
/* Asks until nothing is to be done; flow.parked takes everything at once. */
void bench_pump(struct bench *b);
/* What was told since the last call, after a pump. */
void bench_told(struct bench *b, const char *want);
/* The answer to the oldest request of that id, then a pump. */
void bench_answer(struct bench *b, const char *id, enum sched_verdict_kind kind);
void bench_answer_after(struct bench *b, const char *id, int64_t retry_after);
void bench_advance(struct bench *b, int64_t ms);
/* To the next moment at which the scheduler wants to be asked; fails when there is none within
 * limit. Returns how long that was. */
int64_t bench_wait(struct bench *b, int64_t limit);
/* The next position of partition 0. */
int64_t bench_position(struct bench *b);
void bench_stats(const struct bench *b, struct sched_stats *ret);

#endif
