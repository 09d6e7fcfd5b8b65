/* The relay between two streams: what is copied, what it does when the other side fails, is full,
 * or takes less, and that a position never stands before what is durable there. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "broker_suites.h"
#include "kit.h"
#include "relay.h"
#include "stream_bed.h"
#include "stream_engine.h"

enum { KEPT_MAX = 4096, TEXT = 32, SETS_MAX = 64 };

/* A target that a test tells what to answer: it keeps the values of what it called durable, and of
 * sets that failed what it was told to keep of them. */
struct target {
    struct stream base;
    int fd;
    char kept[KEPT_MAX][TEXT];
    unsigned nkept;
    struct given {
        stream_done_fn done;
        void *arg;
        char values[64][TEXT];
        unsigned n;
    } sets[SETS_MAX];
    unsigned nsets, most_sets;
    bool holds;    /* answers nothing yet */
    unsigned full; /* so many calls answer FULL */
    unsigned fail; /* so many sets fail, each with all behind it */
    unsigned part; /* records that a set leaves when it fails */
    uint64_t appends;
};

static struct target *target_of(struct stream *s)
{
    return (struct target *)s;
}

static int target_fd(const struct stream *s)
{
    return ((const struct target *)s)->fd;
}

static enum stream_result target_forward(struct stream *s, const struct stream_record *set,
                                         unsigned n, const struct stream_position *positions,
                                         unsigned npositions, stream_done_fn done, void *arg,
                                         struct err *reterr)
{
    struct target *t = target_of(s);
    (void)positions;
    (void)reterr;
    ck_assert_uint_eq(npositions, 0);
    ck_assert_uint_le(n, 64);
    t->appends++;
    if (t->full) {
        t->full--;
        return STREAM_FULL;
    }
    ck_assert_uint_lt(t->nsets, SETS_MAX);
    struct given *g = &t->sets[t->nsets++];
    if (t->nsets > t->most_sets)
        t->most_sets = t->nsets;
    *g = (struct given){.done = done, .arg = arg, .n = n};
    for (unsigned i = 0; i < n; i++)
        snprintf(g->values[i], TEXT, "%.*s", SLICE_ARG(set[i].value));
    return STREAM_OK;
}

static void keep(struct target *t, const struct given *g, unsigned n)
{
    for (unsigned i = 0; i < n && i < g->n; i++)
        memcpy(t->kept[t->nkept++], g->values[i], TEXT);
}

static void target_dispatch(struct stream *s)
{
    struct target *t = target_of(s);
    struct given due[SETS_MAX];
    struct err err;
    unsigned n = t->nsets;
    if (t->holds || !n)
        return;
    memcpy(due, t->sets, n * sizeof(*due));
    t->nsets = 0;
    bool failing = false;
    for (unsigned i = 0; i < n; i++) {
        if (!failing && t->fail) {
            t->fail--;
            failing = true;
            keep(t, &due[i], t->part);
        }
        err_fill(&err, ERR_PEER, "the nodes are away");
        if (!failing)
            keep(t, &due[i], due[i].n);
        due[i].done(due[i].arg, failing ? &err : NULL);
    }
}

static const struct stream_engine target_engine = {
    .name = "target", .fd = target_fd, .dispatch = target_dispatch, .forward = target_forward};

/* ---- the bed ---- */

struct bed_relay {
    struct stream_bed bed;
    struct stream *source, *writer, *second;
    struct target target;
    struct relay *relay;
    struct relay_options options;
    int64_t now;
};

static const struct slice topics[] = {{"flow.messages", 13}, {"flow.reported", 13}};

static void open_relay(struct bed_relay *b)
{
    struct err err = {0};
    ck_assert_msg(relay_open(&b->options, &b->relay, &err) == 0, "%s", err.text);
}

static void bed_relay_open(struct bed_relay *b, const char *engine)
{
    struct stream_options so;
    memset(b, 0, sizeof(*b));
    stream_bed_open(&b->bed, engine);
    b->writer = stream_bed_handle(&b->bed, "acute");
    b->second = stream_bed_handle(&b->bed, "community");
    b->source = stream_bed_handle(&b->bed, "relay");
    stream_options_default(&so);
    so.record_max = 1000;
    so.writer = SLICE("relay");
    stream_init(&b->target.base, &target_engine, &so);
    b->target.fd = -1;
    b->options = (struct relay_options){.source = b->source,
                                        .target = &b->target.base,
                                        .group = SLICE("relay"),
                                        .topics = topics,
                                        .ntopics = 2,
                                        .start = STREAM_EARLIEST,
                                        .record_max = 1000,
                                        .sets = 4,
                                        .set_records = 5,
                                        .set_bytes = 100000};
    open_relay(b);
}

/* As at kill -9: what is under way is there, and nobody was told. */
static void forget(struct bed_relay *b)
{
    struct err err;
    struct target *t = &b->target;
    unsigned n = t->nsets;
    err_fill(&err, ERR_PEER, "killed");
    relay_abandon(b->relay);
    t->nsets = 0;
    for (unsigned i = 0; i < n; i++) {
        keep(t, &t->sets[i], t->sets[i].n);
        t->sets[i].done(t->sets[i].arg, &err);
    }
    while (relay_under_way(b->relay)) {
        struct pollfd p = {.fd = stream_fd(b->source), .events = POLLIN};
        poll(&p, 1, 10);
        stream_dispatch(b->source);
    }
    relay_close(b->relay);
    b->relay = NULL;
}

static void bed_relay_close(struct bed_relay *b)
{
    forget(b);
    stream_close(b->writer);
    stream_close(b->second);
    stream_close(b->source);
    stream_bed_close(&b->bed);
}

static void turn(struct bed_relay *b)
{
    b->now += 10;
    while (relay_step(b->relay, b->now))
        ;
    target_dispatch(&b->target.base);
    struct pollfd p = {.fd = stream_fd(b->source), .events = POLLIN};
    poll(&p, 1, 1);
    stream_dispatch(b->source);
}

/* Until all is durable there and its position here. */
static void run(struct bed_relay *b)
{
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t lag = 1;
        int64_t oldest;
        struct err err;
        turn(b);
        if (relay_idle(b->relay) && relay_lag(b->relay, &lag, &oldest, &err) == 0 && lag == 0)
            return;
    }
    ck_abort_msg("it does not come to its end");
}

static void put(struct stream *s, const char *topic, unsigned from, unsigned to)
{
    char value[TEXT];
    for (unsigned i = from; i < to; i++) {
        snprintf(value, sizeof(value), "%u", i);
        stream_bed_put(s, topic, "k", slice_str(value));
    }
}

/* First seen of each value rises by one from 0, whatever came twice. */
static void assert_in_order(const struct target *t, unsigned count)
{
    unsigned next = 0;
    for (unsigned i = 0; i < t->nkept; i++) {
        unsigned v = (unsigned)strtoul(t->kept[i], NULL, 10);
        ck_assert_msg(v <= next, "%u came where %u was due", v, next);
        next += v == next;
    }
    ck_assert_uint_eq(next, count);
}

/* ---- tests ---- */

START_TEST(all_is_copied_in_order_and_not_again)
{
    static const char *const engines[] = {"memory", "embedded"};
    struct bed_relay b;
    bed_relay_open(&b, engines[_i]);
    put(b.writer, "flow.messages", 0, 50);
    run(&b);
    assert_in_order(&b.target, 50);
    ck_assert_uint_eq(b.target.nkept, 50);
    ck_assert(relay_ended(b.relay));
    forget(&b);
    open_relay(&b);
    put(b.writer, "flow.messages", 50, 60);
    run(&b);
    ck_assert_uint_eq(b.target.nkept, 60);
    assert_in_order(&b.target, 60);
    bed_relay_close(&b);
}
END_TEST

START_TEST(sets_under_way_are_bounded)
{
    struct bed_relay b;
    uint64_t lag = 0;
    int64_t oldest = 0;
    struct err err;
    bed_relay_open(&b, "memory");
    b.target.holds = true;
    put(b.writer, "flow.messages", 0, 100);
    for (unsigned i = 0; i < 50; i++)
        turn(&b);
    ck_assert_uint_eq(b.target.nsets, 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(b.target.sets[i].n, 5);
    ck_assert(!relay_reads(b.relay));
    ck_assert_int_eq(relay_lag(b.relay, &lag, &oldest, &err), 0);
    ck_assert_uint_eq(lag, 100);
    ck_assert_int_gt(oldest, 0);
    b.target.holds = false;
    run(&b);
    assert_in_order(&b.target, 100);
    bed_relay_close(&b);
}
END_TEST

START_TEST(bytes_of_a_set_are_bounded)
{
    struct bed_relay b;
    bed_relay_open(&b, "memory");
    forget(&b);
    b.options.set_bytes = 40; /* topic, key and value: two records */
    open_relay(&b);
    b.target.holds = true;
    put(b.writer, "flow.messages", 0, 10);
    turn(&b);
    ck_assert_uint_eq(b.target.sets[0].n, 3);
    b.target.holds = false;
    run(&b);
    assert_in_order(&b.target, 10);
    bed_relay_close(&b);
}
END_TEST

START_TEST(what_failed_goes_again_whole_and_in_order)
{
    struct bed_relay b;
    struct relay_stats st;
    bed_relay_open(&b, _i % 2 ? "embedded" : "memory");
    b.target.part = (unsigned)_i % 6;
    put(b.writer, "flow.messages", 0, 40);
    for (unsigned i = 0; i < 30; i++) {
        b.target.fail = i % 3 == 0;
        turn(&b);
    }
    b.target.fail = 0;
    run(&b);
    assert_in_order(&b.target, 40);
    relay_stats(b.relay, &st);
    ck_assert_uint_gt(st.failures, 0);
    ck_assert(!st.failing);
    ck_assert_uint_eq(st.records, 40);
    bed_relay_close(&b);
}
END_TEST

START_TEST(nothing_is_given_behind_what_failed_before_all_is_called_back)
{
    struct bed_relay b;
    struct err err;
    bed_relay_open(&b, "memory");
    b.target.holds = true;
    put(b.writer, "flow.messages", 0, 20);
    turn(&b);
    ck_assert_uint_eq(b.target.nsets, 4);
    struct given first = b.target.sets[0];
    err_fill(&err, ERR_PEER, "away");
    first.done(first.arg, &err);
    ck_assert(relay_held(b.relay));
    uint64_t before = b.target.appends;
    while (relay_step(b.relay, b.now))
        ;
    ck_assert_uint_eq(b.target.appends, before);
    for (unsigned i = 1; i < 4; i++)
        b.target.sets[i].done(b.target.sets[i].arg, &err);
    b.target.nsets = 0;
    b.target.holds = false;
    run(&b);
    assert_in_order(&b.target, 20);
    bed_relay_close(&b);
}
END_TEST

START_TEST(full_is_waited_for)
{
    struct bed_relay b;
    bed_relay_open(&b, "memory");
    put(b.writer, "flow.messages", 0, 30);
    b.target.full = 3;
    while (relay_step(b.relay, 1))
        ;
    ck_assert(relay_held(b.relay));
    ck_assert_uint_eq(b.target.nsets, 0);
    run(&b);
    assert_in_order(&b.target, 30);
    ck_assert_uint_eq(b.target.nkept, 30);
    bed_relay_close(&b);
}
END_TEST

/* Killed whenever: what is called durable there and has no position here comes again, nothing is
 * left out. */
START_TEST(killed_at_any_time_it_goes_on)
{
    struct bed_relay b;
    bed_relay_open(&b, _i % 2 ? "embedded" : "memory");
    put(b.writer, "flow.messages", 0, 60);
    for (unsigned i = 0; i < 8; i++) {
        for (unsigned k = 0; k < 1 + i % 3; k++)
            turn(&b);
        forget(&b);
        open_relay(&b);
    }
    run(&b);
    assert_in_order(&b.target, 60);
    bed_relay_close(&b);
}
END_TEST

START_TEST(each_partition_has_its_own_position)
{
    struct bed_relay b;
    bed_relay_open(&b, "embedded");
    put(b.writer, "flow.messages", 0, 7);
    put(b.second, "flow.messages", 100, 109);
    put(b.writer, "flow.reported", 200, 205);
    put(b.second, "flow.reported", 300, 303);
    run(&b);
    ck_assert_uint_eq(b.target.nkept, 24);
    forget(&b);
    open_relay(&b);
    put(b.second, "flow.reported", 303, 304);
    run(&b);
    ck_assert_uint_eq(b.target.nkept, 25);
    ck_assert_str_eq(b.target.kept[24], "303");
    bed_relay_close(&b);
}
END_TEST

START_TEST(nothing_below_a_floor_is_copied)
{
    struct bed_relay b;
    const struct relay_floor floors[] = {{SLICE("flow.messages"), "acute", 7},
                                         {SLICE("flow.messages"), "", INT64_MAX}};
    struct stream_message m;
    bed_relay_open(&b, "embedded");
    forget(&b);
    put(b.second, "flow.messages", 500, 510);
    put(b.writer, "flow.messages", 0, 10);
    struct stream_reader *r = stream_bed_reader(b.source, "flow.messages", NULL, STREAM_EARLIEST);
    do
        stream_bed_next(r, &m);
    while (!slice_eq_str(m.value, "7"));
    struct relay_floor own[2] = {floors[0], floors[1]};
    own[0].from = m.offset;
    stream_reader_close(r);
    b.options.floors = own;
    b.options.nfloors = 2;
    open_relay(&b);
    run(&b);
    ck_assert_uint_eq(b.target.nkept, 3);
    ck_assert_str_eq(b.target.kept[0], "7");
    forget(&b);
    open_relay(&b);
    run(&b);
    ck_assert_uint_eq(b.target.nkept, 3);
    bed_relay_close(&b);
}
END_TEST

START_TEST(a_record_too_large_holds_up_its_partition_only)
{
    struct bed_relay b;
    char big[1200];
    uint64_t lag;
    int64_t oldest;
    struct err err;
    memset(big, 'x', sizeof(big));
    bed_relay_open(&b, "embedded");
    put(b.writer, "flow.messages", 0, 3);
    stream_bed_put(b.writer, "flow.messages", "k", slice_make(big, sizeof(big)));
    put(b.writer, "flow.messages", 3, 6);
    put(b.second, "flow.messages", 100, 104);
    lag = 0;
    for (unsigned i = 0; i < 2000 && lag != 4; i++) {
        turn(&b);
        ck_assert_int_eq(relay_lag(b.relay, &lag, &oldest, &err), 0);
    }
    ck_assert_uint_eq(lag, 4);
    ck_assert_uint_eq(b.target.nkept, 7);
    const struct relay_stop_at *at = relay_stopped(b.relay, 0);
    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_null(relay_stopped(b.relay, 1));
    ck_assert_str_eq(at->partition, "acute");
    ck_assert_uint_ge(at->bytes, sizeof(big));
    ck_assert(!relay_ended(b.relay));
    /* The next start finds it again. */
    forget(&b);
    open_relay(&b);
    for (unsigned i = 0; i < 200 && !relay_stopped(b.relay, 0); i++)
        turn(&b);
    at = relay_stopped(b.relay, 0);
    ck_assert_ptr_nonnull(at);
    ck_assert(!relay_skip(b.relay, topics[0], SLICE("acute"), at->offset + 1));
    ck_assert(!relay_skip(b.relay, topics[0], SLICE("community"), at->offset));
    ck_assert(relay_skip(b.relay, topics[0], SLICE("acute"), at->offset));
    run(&b);
    ck_assert_ptr_null(relay_stopped(b.relay, 0));
    ck_assert_uint_eq(b.target.nkept, 10);
    ck_assert_str_eq(b.target.kept[7], "3");
    /* And not once more. */
    forget(&b);
    open_relay(&b);
    run(&b);
    ck_assert_uint_eq(b.target.nkept, 10);
    bed_relay_close(&b);
}
END_TEST

/* Away past the disk mark: the range is counted once, what is left is copied. */
START_TEST(what_the_source_let_go_is_told_once)
{
    struct bed_relay b;
    struct relay_stats st;
    struct stream_message m = {0};
    static char big[50000];
    bed_relay_open(&b, "embedded");
    forget(&b);
    stream_close(b.writer);
    b.bed.options.retain_bytes = 200000;
    b.bed.options.disk_mark_bytes = 400000;
    b.writer = stream_bed_handle(&b.bed, "acute");
    b.options.record_max = b.target.base.record_max = 1 << 20;
    b.options.set_bytes = 1 << 20;
    open_relay(&b);
    memset(big, '0', sizeof(big));
    for (unsigned i = 0; i < 2000 && m.offset == 0; i++) {
        stream_bed_put(b.writer, "flow.messages", "k", slice_make(big, sizeof(big)));
        struct stream_reader *r =
            stream_bed_reader(b.source, "flow.messages", NULL, STREAM_EARLIEST);
        stream_bed_next(r, &m);
        stream_reader_close(r);
    }
    ck_assert_int_gt(m.offset, 0);
    run(&b);
    relay_stats(b.relay, &st);
    ck_assert_uint_ge(st.lost, (uint64_t)m.offset);
    ck_assert_uint_eq(st.records, b.target.nkept);
    ck_assert_uint_gt(st.records, 0);
    forget(&b);
    open_relay(&b);
    put(b.writer, "flow.messages", 0, 1);
    run(&b);
    relay_stats(b.relay, &st);
    ck_assert_uint_eq(st.records, 1);
    ck_assert_uint_eq(st.lost, 0);
    bed_relay_close(&b);
}
END_TEST

/* Between two real streams: keys, values and headers as they are. */
START_TEST(records_go_as_they_are)
{
    struct bed_relay b;
    struct stream_bed other;
    struct stream_tally tally = {0};
    struct stream_message m;
    struct err err = {0};
    const struct stream_header headers[] = {{SLICE("received"), SLICE("2026-03-02T09:15:00.000Z")},
                                            {SLICE("empty"), SLICE("")}};
    struct stream_record rec = {.topic = topics[1],
                                .key = SLICE("pas"),
                                .value = slice_make("a\0b", 3),
                                .headers = headers,
                                .nheaders = 2};
    bed_relay_open(&b, "embedded");
    forget(&b);
    stream_bed_open(&other, "memory");
    struct stream *target = stream_bed_handle(&other, "relay");
    b.options.target = target;
    b.options.timed = topics[0];
    open_relay(&b);
    ck_assert_int_eq(stream_append(b.writer, &rec, 1, stream_bed_done, &tally, &err), STREAM_OK);
    stream_bed_wait(b.writer, &tally, 1);
    rec = (struct stream_record){.topic = topics[1], .value = SLICE("")};
    ck_assert_int_eq(stream_append(b.writer, &rec, 1, stream_bed_done, &tally, &err), STREAM_OK);
    stream_bed_wait(b.writer, &tally, 2);
    put(b.writer, "flow.messages", 1, 2);
    for (unsigned i = 0; i < 1000 && !(relay_ended(b.relay) && i > 100); i++) {
        turn(&b);
        stream_dispatch(target);
    }
    struct stream_reader *r = stream_bed_reader(target, "flow.reported", NULL, STREAM_EARLIEST);
    stream_bed_next(r, &m);
    kit_assert_slice(m.key, SLICE("pas"));
    kit_assert_slice(m.value, slice_make("a\0b", 3));
    ck_assert_uint_eq(m.nheaders, 2);
    kit_assert_slice(stream_header_get(&m, "received"), SLICE("2026-03-02T09:15:00.000Z"));
    ck_assert(slice_present(stream_header_get(&m, "empty")));
    stream_bed_next(r, &m);
    ck_assert(!slice_present(m.key));
    ck_assert_uint_eq(m.value.n, 0);
    stream_reader_close(r);
    r = stream_bed_reader(target, "flow.messages", NULL, STREAM_EARLIEST);
    stream_bed_next(r, &m);
    ck_assert_uint_eq(stream_header_get(&m, "at").n, strlen("2026-03-02T09:15:00.000Z"));
    stream_reader_close(r);
    forget(&b);
    b.options.target = &b.target.base;
    open_relay(&b);
    stream_close(target);
    stream_bed_close(&other);
    bed_relay_close(&b);
}
END_TEST

Suite *relay_suite(void)
{
    Suite *s = suite_create("relay");
    TCase *t = tcase_create("relay");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, all_is_copied_in_order_and_not_again, 0, 2);
    tcase_add_test(t, sets_under_way_are_bounded);
    tcase_add_test(t, bytes_of_a_set_are_bounded);
    tcase_add_loop_test(t, what_failed_goes_again_whole_and_in_order, 0, 7);
    tcase_add_test(t, nothing_is_given_behind_what_failed_before_all_is_called_back);
    tcase_add_test(t, full_is_waited_for);
    tcase_add_loop_test(t, killed_at_any_time_it_goes_on, 0, 2);
    tcase_add_test(t, each_partition_has_its_own_position);
    tcase_add_test(t, nothing_below_a_floor_is_copied);
    tcase_add_test(t, a_record_too_large_holds_up_its_partition_only);
    tcase_add_test(t, what_the_source_let_go_is_told_once);
    tcase_add_test(t, records_go_as_they_are);
    suite_add_tcase(s, t);
    return s;
}
