#include "sched_bench.h"

#include <stdio.h>
#include <stdlib.h>

struct sched_options bench_options(void)
{
    return (struct sched_options){
        .in_flight = 4,
        .window = 64,
        .window_bytes = 1000000,
        .parked_max = 1000,
        .backoff_min = 100,
        .backoff_max = 800,
        .retry_after_max = 5000,
        .spill_after = 10000,
        .breaker_after = 30000,
        .merge_wait = 30000,
        .one_partition = true,
        .seed = 42,
    };
}

void bench_open(struct bench *b, const struct sched_options *o)
{
    struct err err = {0};
    *b = (struct bench){.now = 1000};
    ck_assert_msg(sched_open(o, &b->s, &err) == 0, "%s", err.text);
}

static void count_drop(void *arg, struct sched_item *item)
{
    struct bench_item *i = (struct bench_item *)item;
    (void)arg;
    ck_assert(!i->done);
    i->done = true;
}

void bench_close(struct bench *b)
{
    sched_close(b->s, count_drop, b);
    for (unsigned i = 0; i < b->nitems; i++)
        ck_assert_msg(b->items[i].done, "%s was forgotten", b->items[i].id);
}

void bench_again(struct bench *b, const struct sched_options *o)
{
    bench_close(b);
    bench_open(b, o);
}

struct bench_item *bench_mark(struct bench *b, const char *id, const char *key,
                              enum sched_mark mark, const char *with)
{
    ck_assert(b->nitems < BENCH_ITEMS);
    struct bench_item *i = &b->items[b->nitems];
    snprintf(i->id, sizeof(i->id), "%s", id);
    snprintf(i->key, sizeof(i->key), "%s", key);
    snprintf(i->with, sizeof(i->with), "%s", with ? with : "");
    i->item = (struct sched_item){
        .id = slice_str(i->id),
        .key = slice_str(i->key),
        .mark = mark,
        .size = b->size,
        .with = with ? slice_str(i->with) : SLICE_ABSENT,
        .offset = b->nitems,
        .time_ms = 5000 + b->nitems,
    };
    b->nitems++;
    ck_assert_int_eq(sched_add(b->s, &i->item, b->now), 0);
    return i;
}

struct bench_item *bench_add(struct bench *b, const char *id)
{
    char key[2] = {id[0], 0};
    return bench_mark(b, id, key, SCHED_PLAIN, NULL);
}

void bench_read(struct bench *b, const char *ids)
{
    char id[16];
    for (int n; sscanf(ids, "%15s%n", id, &n) == 1; ids += n)
        bench_add(b, id);
    bench_pump(b);
}

struct bench_item *bench_find(struct bench *b, const char *id, const char *key)
{
    for (unsigned i = 0; i < b->nitems; i++)
        if (strcmp(b->items[i].id, id) == 0 && (!key || strcmp(b->items[i].key, key) == 0))
            return &b->items[i];
    ck_abort_msg("no item %s", id);
}

static void tell(struct bench *b, char what, const struct bench_item *i)
{
    b->told_n += (size_t)snprintf(b->told + b->told_n, sizeof(b->told) - b->told_n, "%s%c%s%s%s",
                                  b->told_n ? " " : "", what, i->id, i->item.mark ? "@" : "",
                                  i->item.mark ? i->key : "");
}

void bench_pump(struct bench *b)
{
    struct sched_item *item;
    for (enum sched_do what; (what = sched_next(b->s, b->now, &item)) != SCHED_NOTHING;) {
        struct bench_item *i = (struct bench_item *)item;
        ck_assert(!i->done);
        if (what == SCHED_SEND) {
            b->under_way[b->nunder_way++] = item;
            tell(b, '+', i);
        } else if (what == SCHED_STORE) {
            tell(b, "?wpr"[item->park], i);
            sched_stored(b->s, item, b->now);
            i->stored = true;
        } else {
            tell(b, what == SCHED_NOTE ? 'n' : item->end == SCHED_DELIVERED ? '!' : '-', i);
            i->done = true;
        }
    }
}

void bench_told(struct bench *b, const char *want)
{
    bench_pump(b);
    ck_assert_str_eq(b->told, want);
    b->told_n = 0;
    b->told[0] = 0;
}

static void answer(struct bench *b, const char *id, const struct sched_verdict *v)
{
    for (unsigned i = 0; i < b->nunder_way; i++) {
        struct sched_item *item = b->under_way[i];
        if (!slice_eq_str(item->id, id))
            continue;
        memmove(&b->under_way[i], &b->under_way[i + 1],
                (b->nunder_way - i - 1) * sizeof(b->under_way[0]));
        b->nunder_way--;
        sched_verdict(b->s, item, v, b->now);
        bench_pump(b);
        return;
    }
    ck_abort_msg("%s is not under way", id);
}

void bench_answer(struct bench *b, const char *id, enum sched_verdict_kind kind)
{
    answer(b, id,
           &(struct sched_verdict){.kind = kind, .retry_after = -1, .reason = kind ? "no" : NULL});
}

void bench_answer_after(struct bench *b, const char *id, int64_t retry_after)
{
    answer(b, id, &(struct sched_verdict){SCHED_RETRY, retry_after, "429"});
}

void bench_advance(struct bench *b, int64_t ms)
{
    b->now += ms;
    bench_pump(b);
}

int64_t bench_wait(struct bench *b, int64_t limit)
{
    int64_t begin = b->now, told = (int64_t)b->told_n;
    while ((int64_t)b->told_n == told) {
        int64_t ms = sched_wait(b->s, b->now);
        ck_assert_msg(ms >= 0 && b->now + ms - begin <= limit, "nothing within %ld ms",
                      (long)limit);
        bench_advance(b, ms > 0 ? ms : 1);
    }
    return b->now - begin;
}

int64_t bench_position(struct bench *b)
{
    unsigned partition;
    int64_t next = -1;
    while (sched_position(b->s, &partition, &next))
        ck_assert_uint_eq(partition, 0);
    return next;
}

void bench_stats(const struct bench *b, struct sched_stats *ret)
{
    sched_stats(b->s, ret);
}
