/* Two brokers that share the partitions of a route, at random: they are killed, partitions move,
 * what is written becomes durable late or never. merge_wait never ends here: a survivor's copy that
 * went before its retired copy, or that waits for one that is finished, fails the test. */
#include <stdio.h>
#include <stdlib.h>
#include "kit.h"
#include "scheduler.h"
#include "sched_suites.h"

enum { RECORDS = 240, LANES = 9, PARTITIONS = 3, BROKERS = 2, WINDOW = 8, STEPS = 40000 };

/* What everybody knows of a record, and what flow.parked says of it. */
struct fact {
    char id[12], key[4], with[4];
    enum sched_mark mark;
    unsigned partition, lane;
    int64_t offset;
    bool delivered, discarded; /* at the consumer, by hand */
    bool open;
    enum sched_park park;
};
struct entry { /* of flow.parked */
    unsigned record;
    bool end;
};
struct held {               /* a broker's item */
    struct sched_item item; /* first */
    unsigned record;
    bool under_way, writing, done;
    unsigned next; /* the write behind this one */
};
struct broker {
    struct sched *s;
    struct held items[RECORDS];
    bool holds[PARTITIONS];
    unsigned next[PARTITIONS];
    unsigned read; /* of flow.parked */
    unsigned writes[RECORDS * 4], nwrites;
};
struct world {
    struct fact facts[RECORDS];
    unsigned log[PARTITIONS][RECORDS], end[PARTITIONS]; /* records by place */
    int64_t position[PARTITIONS];
    struct entry parked[RECORDS * 64];
    unsigned nparked;
    struct broker brokers[BROKERS];
    uint64_t random;
    int64_t now;
    unsigned moves;
};

static unsigned draw(struct world *w, unsigned n)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(w->random >> 33) % n;
}

static void make_one(struct world *w, unsigned i, unsigned lane)
{
    struct fact *f = &w->facts[i];
    f->lane = lane;
    f->key[0] = (char)('a' + lane);
    f->partition = lane % PARTITIONS;
    f->offset = w->end[f->partition];
    w->log[f->partition][w->end[f->partition]++] = i;
    if (!f->id[0])
        snprintf(f->id, sizeof(f->id), "e%u", i);
}

static void make(struct world *w)
{
    for (unsigned i = 0; i < RECORDS; i++) {
        unsigned lane = draw(w, LANES), other = (lane + 1 + draw(w, LANES - 1)) % LANES;
        make_one(w, i, lane);
        if (i + 1 == RECORDS || draw(w, 6))
            continue;
        struct fact *r = &w->facts[i], *s = &w->facts[i + 1];
        memcpy(s->id, r->id, sizeof(s->id));
        make_one(w, ++i, other);
        r->mark = SCHED_RETIRED;
        s->mark = SCHED_SURVIVOR;
        r->with[0] = s->key[0];
        s->with[0] = r->key[0];
    }
}

static struct sched_item *item_of(struct world *w, struct broker *b, unsigned record)
{
    struct held *h = &b->items[record];
    struct fact *f = &w->facts[record];
    *h = (struct held){.record = record};
    h->item = (struct sched_item){.key = slice_str(f->key),
                                  .id = slice_str(f->id),
                                  .mark = f->mark,
                                  .partition = f->partition,
                                  .offset = f->offset,
                                  .time_ms = 1 + record,
                                  .park = f->park};
    if (f->mark != SCHED_PLAIN)
        h->item.with = slice_str(f->with);
    return &h->item;
}

static void begin(struct world *w, struct broker *b, bool (*holds)[PARTITIONS])
{
    struct sched_options o = {.in_flight = 3,
                              .window = WINDOW,
                              .window_bytes = 1 << 20,
                              .parked_max = RECORDS,
                              .backoff_min = 10,
                              .backoff_max = 100,
                              .retry_after_max = 100,
                              .spill_after = 1000,
                              .breaker_after = 30000,
                              .merge_wait = INT64_MAX / 2,
                              .seed = w->random};
    struct err err;
    ck_assert_int_eq(sched_open(&o, &b->s, &err), 0);
    memcpy(b->holds, *holds, sizeof(b->holds));
    for (unsigned p = 0; p < PARTITIONS; p++)
        b->next[p] = (unsigned)w->position[p];
    b->nwrites = 0;
    b->read = w->nparked;
    for (unsigned i = 0; i < w->nparked; i++) {
        const struct fact *f = &w->facts[w->parked[i].record];
        if (w->parked[i].end && f->mark == SCHED_RETIRED)
            sched_retired(b->s, slice_str(f->id), slice_str(f->key), true);
    }
    for (unsigned i = 0; i < RECORDS; i++) {
        const struct fact *f = &w->facts[i];
        if (f->open && b->holds[f->partition])
            ck_assert_int_eq(sched_restore(b->s, item_of(w, b, i)), 0);
        else if (f->open && f->mark == SCHED_RETIRED)
            sched_retired(b->s, slice_str(f->id), slice_str(f->key), false);
    }
}

static void read_some(struct world *w, struct broker *b)
{
    unsigned p = draw(w, PARTITIONS);
    for (unsigned n = draw(w, 12); n && sched_room(b->s); n--) {
        if (!b->holds[p] || b->next[p] == w->end[p])
            return;
        unsigned record = w->log[p][b->next[p]++];
        struct fact *f = &w->facts[record];
        if (f->open || f->park != SCHED_LIVE) /* stands or stood in flow.parked */
            ck_assert_int_eq(sched_pass(b->s, p, f->offset), 0);
        else
            ck_assert_int_eq(sched_add(b->s, item_of(w, b, record), w->now), 0);
    }
}

static void obey(struct world *w, struct broker *b)
{
    struct sched_item *item;
    for (enum sched_do what; (what = sched_next(b->s, w->now, &item)) != SCHED_NOTHING;) {
        struct held *h = (struct held *)item;
        ck_assert_msg(!item->flagged, "%s waited in vain", w->facts[h->record].id);
        h->under_way = what == SCHED_SEND;
        h->done = what == SCHED_DONE || what == SCHED_NOTE;
        if (what == SCHED_STORE || what == SCHED_NOTE ||
            (what == SCHED_DONE && item->park != SCHED_LIVE)) {
            ck_assert_uint_lt(b->nwrites, RECORDS * 4);
            b->writes[b->nwrites++] = h->record;
        }
    }
}

/* The oldest write is durable; told: its broker still lives. */
static void write_one(struct world *w, struct broker *b, bool told)
{
    struct held *h = &b->items[b->writes[0]];
    struct fact *f = &w->facts[h->record];
    memmove(b->writes, b->writes + 1, --b->nwrites * sizeof(b->writes[0]));
    ck_assert_uint_lt(w->nparked, RECORDS * 64);
    w->parked[w->nparked++] = (struct entry){h->record, h->done};
    f->open = !h->done;
    if (!h->item.noted)
        f->park = h->item.park;
    if (told && h->item.noted)
        sched_noted(b->s, &h->item);
    else if (told && !h->done)
        sched_stored(b->s, &h->item, w->now);
}

static void follow(struct world *w, struct broker *b)
{
    for (unsigned n = draw(w, 4); n && b->read < w->nparked; n--) {
        const struct entry *e = &w->parked[b->read++];
        const struct fact *f = &w->facts[e->record];
        if (f->mark == SCHED_RETIRED && !b->holds[f->partition])
            sched_retired(b->s, slice_str(f->id), slice_str(f->key), e->end);
    }
}

static void commit(struct world *w, struct broker *b)
{
    unsigned p;
    int64_t next;
    while (sched_position(b->s, &p, &next)) {
        for (int64_t at = w->position[p]; at < next; at++) {
            const struct fact *f = &w->facts[w->log[p][at]];
            ck_assert_msg(f->delivered || f->discarded || f->open, "the position passed %s", f->id);
        }
        if (next > w->position[p])
            w->position[p] = next;
    }
}

static bool finished(const struct fact *f)
{
    return f->delivered || f->discarded;
}

static void consumer_has(struct world *w, unsigned record)
{
    struct fact *f = &w->facts[record];
    for (unsigned i = 0; i < record && !f->delivered; i++)
        ck_assert_msg(w->facts[i].lane != f->lane || finished(&w->facts[i]), "%s overtook %s",
                      f->id, w->facts[i].id);
    if (f->mark == SCHED_SURVIVOR)
        ck_assert_msg(finished(f - 1), "%s overtook its retired copy", f->id);
    f->delivered = true;
}

static void answer_some(struct world *w, struct broker *b)
{
    for (unsigned i = 0; i < RECORDS; i++) {
        struct held *h = &b->items[i];
        if (!h->under_way || draw(w, 2))
            continue;
        unsigned dice = draw(w, 20);
        struct sched_verdict v = {dice < 16   ? SCHED_OK
                                  : dice < 18 ? SCHED_RETRY
                                              : SCHED_PARK,
                                  -1, dice < 16 ? NULL : "no"};
        h->under_way = false;
        if (v.kind == SCHED_OK)
            consumer_has(w, i);
        sched_verdict(b->s, &h->item, &v, w->now);
    }
}

static void operate(struct world *w, struct broker *b)
{
    struct err err;
    struct sched_item *item = sched_parked(b->s, NULL);
    while (item && item->park != SCHED_PARKED)
        item = sched_parked(b->s, item);
    if (item && draw(w, 4)) {
        sched_release(b->s, item, &err);
    } else if (item && sched_discard(b->s, item, w->now, &err) == 0) {
        w->facts[((struct held *)item)->record].discarded = true;
    }
}

static void forget(void *arg, struct sched_item *item)
{
    (void)arg;
    (void)item;
}

/* What was on its way arrives or does not. */
static void end(struct world *w, struct broker *b)
{
    for (unsigned i = 0; i < RECORDS; i++) {
        if (b->items[i].under_way && draw(w, 2))
            consumer_has(w, i);
        b->items[i].under_way = false;
    }
    for (unsigned n = draw(w, b->nwrites + 1); n; n--)
        write_one(w, b, false);
    sched_close(b->s, forget, NULL);
}

static void move(struct world *w)
{
    bool holds[BROKERS][PARTITIONS] = {{0}};
    w->moves++;
    for (unsigned i = 0; i < BROKERS; i++)
        end(w, &w->brokers[i]);
    for (unsigned p = 0; p < PARTITIONS; p++)
        holds[draw(w, BROKERS)][p] = true;
    for (unsigned i = 0; i < BROKERS; i++)
        begin(w, &w->brokers[i], &holds[i]);
}

static void turn(struct world *w, struct broker *b)
{
    read_some(w, b);
    obey(w, b);
    answer_some(w, b);
    obey(w, b);
    if (b->nwrites && draw(w, 2))
        write_one(w, b, true);
    follow(w, b);
    if (draw(w, 8) == 0)
        commit(w, b);
    if (draw(w, 10) == 0)
        operate(w, b);
}

static const struct fact *unfinished(const struct world *w)
{
    for (unsigned i = 0; i < RECORDS; i++)
        if (!finished(&w->facts[i]))
            return &w->facts[i];
    return NULL;
}

START_TEST(brokers_at_random)
{
    struct world *w = calloc(1, sizeof(*w));
    bool all[PARTITIONS] = {true, true, true}, none[PARTITIONS] = {false};
    w->random = 77 + (uint64_t)_i;
    w->now = 1000;
    make(w);
    begin(w, &w->brokers[0], &all);
    begin(w, &w->brokers[1], &none);
    unsigned step = 0;
    for (; step < STEPS && !(step % 32 == 0 && !unfinished(w)); step++) {
        turn(w, &w->brokers[draw(w, BROKERS)]);
        if (step < STEPS / 2 && draw(w, 150) == 0)
            move(w);
        w->now += draw(w, 30);
    }
    ck_assert_msg(!unfinished(w), "seed %d: %s waits for ever", _i, unfinished(w)->id);
    ck_assert_uint_gt(w->moves, 0);
    for (unsigned i = 0; i < BROKERS; i++)
        sched_close(w->brokers[i].s, forget, NULL);
    free(w);
}
END_TEST

Suite *sched_share_suite(void)
{
    Suite *s = suite_create("sched share");
    TCase *c = tcase_create("share");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, brokers_at_random, 0, 40);
    suite_add_tcase(s, c);
    return s;
}
