/* A consumer that fails in every way at random, an operator who resolves at random, kill -9 at
 * random: order per lane, nothing lost, memory bounded, the position never past unfinished work. */
#include <stdio.h>
#include <stdlib.h>
#include "kit.h"
#include "scheduler.h"
#include "sched_suites.h"

enum { RECORDS = 800, LANES = 12, WINDOW = 40, STEPS = 30000 };

struct rec {
    struct sched_item item; /* first */
    char id[12], key[4], with[4];
    enum { UNREAD, IN_SCHED, FINISHED } where;
    bool delivered, discarded, durable, under_way;
    enum sched_park durable_park;
};
struct world {
    struct sched *s;
    struct rec *recs;
    int64_t now, position;
    unsigned read; /* records read in this run */
    unsigned last_delivered[LANES + 1];
    unsigned left;
    uint64_t random;
    bool broken; /* the consumer is away */
    unsigned restarts, flagged;
};

static unsigned draw(struct world *w, unsigned n)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(w->random >> 33) % n;
}

static void make(struct world *w)
{
    for (unsigned i = 0; i < RECORDS; i++) {
        struct rec *r = &w->recs[i];
        unsigned lane = draw(w, LANES), other = (lane + 1 + draw(w, LANES - 1)) % LANES;
        bool second = i && w->recs[i - 1].item.mark == SCHED_RETIRED;
        *r = (struct rec){0};
        if (second) {
            r->item.mark = SCHED_SURVIVOR;
            snprintf(r->id, sizeof(r->id), "e%u", i - 1);
            r->key[0] = w->recs[i - 1].with[0];
            r->with[0] = w->recs[i - 1].key[0];
        } else {
            r->item.mark = i + 1 < RECORDS && draw(w, 20) == 0 ? SCHED_RETIRED : SCHED_PLAIN;
            snprintf(r->id, sizeof(r->id), "e%u", i);
            snprintf(r->key, sizeof(r->key), "%c", (char)('a' + lane));
            snprintf(r->with, sizeof(r->with), "%c", (char)('a' + other));
        }
        r->item.id = slice_str(r->id);
        r->item.key = slice_str(r->key);
        if (r->item.mark != SCHED_PLAIN)
            r->item.with = slice_str(r->with);
        r->item.offset = i;
        r->item.time_ms = 1 + i;
    }
    w->left = RECORDS;
}

static void begin(struct world *w)
{
    struct sched_options o = {.in_flight = 5,
                              .window = WINDOW,
                              .window_bytes = 1 << 20,
                              .parked_max = 60,
                              .backoff_min = 100,
                              .backoff_max = 2000,
                              .retry_after_max = 5000,
                              .spill_after = 10000,
                              .breaker_after = 30000,
                              .merge_wait = 30000,
                              .one_partition = true,
                              .seed = w->random};
    struct err err;
    ck_assert_int_eq(sched_open(&o, &w->s, &err), 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        struct rec *r = &w->recs[i];
        bool open = r->durable && !r->delivered && !r->discarded;
        r->under_way = false;
        r->where = r->delivered || r->discarded ? FINISHED : UNREAD;
        if (!open)
            continue;
        r->item.park = r->durable_park;
        r->where = IN_SCHED;
        ck_assert_int_eq(sched_restore(w->s, &r->item), 0);
    }
    w->read = (unsigned)w->position;
}

static void forget(void *arg, struct sched_item *item)
{
    (void)arg;
    (void)item;
}

static void read_some(struct world *w)
{
    for (unsigned n = draw(w, 8); n && w->read < RECORDS && sched_room(w->s); n--) {
        struct rec *r = &w->recs[w->read++];
        if (r->where == UNREAD) {
            r->where = IN_SCHED;
            ck_assert_int_eq(sched_add(w->s, &r->item, w->now), 0);
        } else if (r->durable) { /* stands or stood in flow.parked */
            ck_assert_int_eq(sched_pass(w->s, 0, r->item.offset), 0);
        } else { /* delivered before the kill, position not committed: goes out again */
            r->where = IN_SCHED;
            ck_assert_int_eq(sched_add(w->s, &r->item, w->now), 0);
        }
    }
    if (w->read == RECORDS)
        sched_caught_up(w->s, w->now);
}

static void check_first_delivery(struct world *w, struct rec *r)
{
    unsigned at = (unsigned)(r - w->recs), lane = (unsigned)(r->key[0] - 'a');
    ck_assert_msg(at + 1 > w->last_delivered[lane], "%s of lane %s came after %u", r->id, r->key,
                  w->last_delivered[lane]);
    for (unsigned i = w->last_delivered[lane]; i < at; i++)
        if (w->recs[i].key[0] == r->key[0] && !w->recs[i].delivered && !w->recs[i].discarded)
            ck_abort_msg("%s overtook %s", r->id, w->recs[i].id);
    if (r->item.mark == SCHED_SURVIVOR && !r->item.flagged)
        ck_assert_msg(r[-1].delivered || r[-1].discarded, "%s overtook its retired copy", r->id);
    w->flagged += r->item.flagged;
    w->last_delivered[lane] = at + 1;
}

static void obey(struct world *w)
{
    struct sched_item *item;
    for (enum sched_do what; (what = sched_next(w->s, w->now, &item)) != SCHED_NOTHING;) {
        struct rec *r = (struct rec *)item;
        if (what == SCHED_SEND) {
            if (r->under_way)
                ck_abort_msg("%s is sent twice at once", r->id);
            r->under_way = true;
        } else if (what == SCHED_STORE) {
            r->durable = true;
            r->durable_park = item->park;
            sched_stored(w->s, item, w->now);
        } else {
            r->where = FINISHED;
            if (item->end == SCHED_DISCARDED)
                r->discarded = true;
        }
    }
}

static void answer_one(struct world *w, struct rec *r)
{
    static const char *const why = "because";
    unsigned dice = draw(w, 100);
    struct sched_verdict v = {SCHED_OK, -1, NULL};
    bool sick = r->key[0] == 'c' && draw(w, 10); /* one patient nearly always fails */
    if (w->broken)
        v = (struct sched_verdict){dice < 20 ? SCHED_FAULT : SCHED_RETRY, -1, why};
    else if (sick || dice < 10)
        v = (struct sched_verdict){SCHED_RETRY, dice == 0 ? INT64_MAX : dice == 1 ? -9 : -1, why};
    else if (dice < 13)
        v = (struct sched_verdict){SCHED_PARK, -1, why};
    r->under_way = false;
    if (v.kind == SCHED_OK && !r->delivered) {
        check_first_delivery(w, r);
        r->delivered = true;
    }
    sched_verdict(w->s, &r->item, &v, w->now);
}

static void answer_some(struct world *w)
{
    for (unsigned i = 0; i < RECORDS; i++)
        if (w->recs[i].under_way && draw(w, 2))
            answer_one(w, &w->recs[i]);
}

static void operate(struct world *w)
{
    struct err err;
    unsigned skip = draw(w, 5);
    struct sched_item *item = sched_parked(w->s, NULL);
    while (item && (skip-- || item->park != SCHED_PARKED))
        item = sched_parked(w->s, item);
    if (!item)
        return;
    if (draw(w, 3))
        sched_release(w->s, item, &err);
    else
        sched_discard(w->s, item, w->now, &err);
}

static void check_bounds(struct world *w)
{
    struct sched_stats st;
    unsigned partition;
    int64_t next;
    while (sched_position(w->s, &partition, &next))
        w->position = next;
    for (int64_t i = w->position - 50 > 0 ? w->position - 50 : 0; i < w->position; i++)
        if (!w->recs[i].delivered && !w->recs[i].discarded && !w->recs[i].durable)
            ck_abort_msg("the position passed %s", w->recs[i].id);
    sched_stats(w->s, &st);
    if (st.in_memory > WINDOW || st.under_way > 5 || st.parked > 60 + WINDOW ||
        st.span > (size_t)WINDOW * SCHED_SPAN_PER_WINDOW)
        ck_abort_msg("%zu in memory, %zu under way, %zu parked, %zu read", st.in_memory,
                     st.under_way, st.parked, st.span);
}

static void kill_and_begin(struct world *w)
{
    w->restarts++;
    sched_close(w->s, forget, NULL);
    begin(w);
}

static bool all_finished(const struct world *w)
{
    for (unsigned i = 0; i < RECORDS; i++)
        if (!w->recs[i].delivered && !w->recs[i].discarded)
            return false;
    return true;
}

START_TEST(random_runs)
{
    struct world w = {.random = 1000 + (uint64_t)_i, .now = 1000};
    w.recs = calloc(RECORDS, sizeof(*w.recs));
    make(&w);
    begin(&w);
    unsigned step = 0;
    for (; step < STEPS && !(step % 64 == 0 && all_finished(&w)); step++) {
        read_some(&w);
        obey(&w);
        check_bounds(&w);
        answer_some(&w);
        obey(&w);
        if (draw(&w, 20) == 0)
            operate(&w);
        if (draw(&w, 400) == 0)
            w.broken = !w.broken;
        if (draw(&w, 500) == 0)
            kill_and_begin(&w);
        w.now += draw(&w, 300);
    }
    ck_assert_msg(all_finished(&w), "seed %d: %u read, position %ld after %u steps", _i, w.read,
                  (long)w.position, step);
    ck_assert_uint_gt(w.restarts, 0);
    sched_close(w.s, forget, NULL);
    free(w.recs);
}
END_TEST

Suite *sched_random_suite(void)
{
    Suite *s = suite_create("sched random");
    TCase *c = tcase_create("random");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, random_runs, 0, 12);
    suite_add_tcase(s, c);
    return s;
}
