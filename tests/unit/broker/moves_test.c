/* Two brokers that share out the partitions of a consumer's group: on the memory stream, which
 * says when partitions move (stream_memory_share.h). */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "broker_bed.h"
#include "broker_suites.h"
#include "clock.h"
#include "deliveries.h"
#include "http_server.h"
#include "parcel.h"
#include "stream_memory_share.h"

enum { DEADLINE_MS = 20000, BROKERS = 2, PARTITIONS = 2 };

struct broker {
    struct stream *stream;
    struct loop_fd *watch;
    struct deliveries *deliveries;
};
static struct {
    struct loop *loop;
    struct site *site;
    struct http_server *server;
    struct broker brokers[BROKERS];
    struct stream *writers[PARTITIONS];
    struct buf got; /* ids in the order of their arrival */
    bool refuses;   /* what is called bad */
    char dir[40];
} b;

static const struct slice partitions[PARTITIONS] = {{"0", 1}, {"1", 1}};

static void serve(struct http_exchange *x, void *arg)
{
    (void)arg;
    bool bad = b.refuses && slice_has(http_body(x), "bad");
    if (!bad) {
        buf_put(&b.got, http_body(x));
        buf_putc(&b.got, ' ');
    }
    http_reply(x, bad ? 400 : 204, "text/plain", SLICE(""));
}

static void share(unsigned broker, const struct slice *held, unsigned n, bool abrupt)
{
    ck_assert(stream_memory_share(b.brokers[broker].stream, SLICE("deliver.one"), held, n, abrupt));
}

static void begin(struct broker *br)
{
    struct err err = {0};
    struct deliveries_options o = {.stream = br->stream, .loop = b.loop, .site = b.site};
    br->watch = bed_watch(b.loop, br->stream);
    ck_assert_msg(deliveries_open(&o, &br->deliveries, &err) == 0, "%s", err.text);
}

static void setup_with(const char *more)
{
    struct err err = {0};
    char text[ADDRESS_TEXT], routes[600];
    struct http_server_options o = {.body_max = 1 << 20};
    memset(&b, 0, sizeof(b));
    b.refuses = true;
    buf_init(&b.got, 1 << 20);
    snprintf(b.dir, sizeof(b.dir), "moves-%d", (int)getpid());
    ck_assert_int_eq(loop_open(&b.loop, &err), 0);
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &o.at, &err), 0);
    ck_assert_int_eq(http_server_open(b.loop, &o, serve, NULL, &b.server, &err), 0);
    snprintf(routes, sizeof(routes),
             "  all: {keep: [all], identifiers: true}\nconsumers:\n  one:\n    route: all\n"
             "    kind: http\n    backoff_min: 10ms\n    start: earliest\n    merge_wait: 1d\n"
             "    http: {url: \"http://%s/\", allow_private: true}\n%s",
             address_text(http_server_address(b.server), text).p, more);
    b.site = bed_site(routes);
    for (unsigned i = 0; i < PARTITIONS; i++)
        b.writers[i] = bed_stream(b.dir, partitions[i].p);
    b.brokers[0].stream = bed_stream(b.dir, "broker");
    b.brokers[1].stream = bed_stream(b.dir, "broker-2");
}

static void setup(void)
{
    setup_with("");
}

/* As on Kafka: the copies of a merge may stand in two partitions. */
static void setup_spread(void)
{
    setup_with("stream: {kind: kafka, kafka: {nodes: [\"127.0.0.1:9092\"]}}\n");
}

static void teardown(void)
{
    for (unsigned i = 0; i < BROKERS; i++) {
        struct broker *br = &b.brokers[i];
        while (br->deliveries && deliveries_abandon(br->deliveries))
            stream_dispatch(br->stream);
        deliveries_close(br->deliveries);
        loop_fd_remove(br->watch);
        stream_close(br->stream);
    }
    for (unsigned i = 0; i < PARTITIONS; i++)
        stream_close(b.writers[i]);
    http_server_close(b.server);
    site_close(b.site);
    loop_close(b.loop);
    buf_fini(&b.got);
}

/* A copy of an event in the lane that is in that partition; its value is its id. */
static void put_copy(unsigned partition, const char *key, const char *id, const char *merge,
                     const char *with)
{
    struct stream_header h[] = {{SLICE("ce_id"), slice_str(id)},
                                {SLICE("ce_type"), SLICE("patient.admitted")},
                                {SLICE("received"), SLICE("2026-03-03T08:12:00.000Z")},
                                {SLICE("merge"), slice_str(merge)},
                                {SLICE("merge-with"), slice_str(with)}};
    struct stream_record r = {.topic = SLICE("flow.route.all"),
                              .key = slice_str(key),
                              .value = slice_str(id),
                              .headers = h,
                              .nheaders = merge ? 5 : 3};
    struct err err = {0};
    ck_assert_int_eq(stream_append(b.writers[partition], &r, 1, NULL, NULL, &err), STREAM_OK);
}

static void put(unsigned partition, const char *key, const char *id)
{
    put_copy(partition, key, id, NULL, NULL);
}

static void on_turn(void *arg)
{
    loop_stop(arg);
}

static void run_until(bool (*done)(const char *want), const char *want)
{
    struct err err = {0};
    struct loop_timer *turn;
    int64_t end = clock_mono_ms() + DEADLINE_MS;
    ck_assert_int_eq(loop_timer_add(b.loop, on_turn, b.loop, &turn, &err), 0);
    while (!done(want) && clock_mono_ms() < end) {
        loop_timer_start(turn, 5);
        loop_run(b.loop);
    }
    loop_timer_remove(turn);
    ck_assert_msg(done(want), "wanted: %s; got: %s", want, buf_cstr(&b.got));
}

static bool has_got(const char *want)
{
    return strcmp(buf_cstr(&b.got), want) == 0;
}

static struct delivery *one(unsigned broker)
{
    return deliveries_find(b.brokers[broker].deliveries, SLICE("one"));
}

static size_t parked_at(unsigned broker)
{
    size_t n = 0;
    struct delivery *d = one(broker);
    for (struct parcel *p = d ? delivery_parked(d, NULL) : NULL; p; p = delivery_parked(d, p))
        n += !p->storing;
    return n;
}

static bool parked_are(const char *want)
{
    char text[40];
    snprintf(text, sizeof(text), "%zu %zu", parked_at(0), parked_at(1));
    return strcmp(text, want) == 0;
}

static bool committed(const char *want)
{
    struct delivery_stats st;
    uint64_t lag = 0;
    for (unsigned i = 0; i < BROKERS; i++)
        if (one(i)) {
            delivery_stats(one(i), &st);
            lag += st.lag;
        }
    return lag == strtoull(want, NULL, 10);
}

/* "1 2": the group stands at 2 in the second partition, asked for by a handle that reads only. */
static bool committed_to(const char *want)
{
    struct stream *s;
    struct stream_reader *r;
    struct stream_message m;
    struct slice topic = SLICE("flow.route.all");
    struct stream_reader_options o = {
        .topics = &topic, .ntopics = 1, .group = SLICE("deliver.one")};
    struct err err = {0};
    unsigned partition, next;
    bool before = false;
    ck_assert_int_eq(sscanf(want, "%u %u", &partition, &next), 2);
    s = bed_stream(b.dir, NULL);
    ck_assert_int_eq(stream_reader_open(s, &o, &r, &err), 0);
    while (stream_next(r, &m, &err) == STREAM_GOT)
        before = before || (slice_eq(m.partition, partitions[partition]) && m.offset < next);
    stream_reader_close(r);
    stream_close(s);
    return !before;
}

START_TEST(each_serves_what_it_holds)
{
    share(0, &partitions[0], 1, false);
    share(1, &partitions[1], 1, false);
    begin(&b.brokers[0]);
    put(0, "p", "a1");
    put(1, "q", "b1");
    run_until(has_got, "a1 ");
    begin(&b.brokers[1]);
    run_until(has_got, "a1 b1 ");
    put(0, "p", "a2");
    run_until(has_got, "a1 b1 a2 ");
}
END_TEST

/* An orderly move repeats nothing. */
START_TEST(a_partition_moves_and_what_is_under_way_ends)
{
    share(0, partitions, 2, false);
    share(1, NULL, 0, false);
    begin(&b.brokers[0]);
    begin(&b.brokers[1]);
    put(1, "q", "b1");
    run_until(has_got, "b1 ");
    put(1, "q", "b2");
    share(0, &partitions[0], 1, false);
    put(1, "q", "b3");
    run_until(committed, "0"); /* the first one yields with nothing left of its own */
    share(1, &partitions[1], 1, false);
    put(1, "q", "b4");
    put(0, "p", "a1");
    run_until(committed, "0");
    ck_assert_msg(slice_has(buf_slice(&b.got), "b4 "), "%s", buf_cstr(&b.got));
    ck_assert(slice_has(buf_slice(&b.got), "a1 "));
    const char *got = buf_cstr(&b.got), *last = got;
    static const char *const order[] = {"b1 ", "b2 ", "b3 ", "b4 "};
    for (unsigned i = 0; i < 4; i++) {
        const char *at = strstr(got, order[i]);
        ck_assert_msg(at && at >= last && !strstr(at + 1, order[i]), "%s in %s", order[i], got);
        last = at;
    }
}
END_TEST

/* The one that was taken for dead knows nothing of them any more; the other one all of it. */
START_TEST(what_is_parked_moves_with_its_partition)
{
    struct err err = {0};
    share(0, partitions, 2, false);
    share(1, NULL, 0, false);
    begin(&b.brokers[0]);
    begin(&b.brokers[1]);
    put(0, "p", "bad1");
    put(0, "p", "a2");
    put(1, "q", "bad3");
    run_until(parked_are, "3 0");
    share(0, &partitions[1], 1, true);
    share(1, &partitions[0], 1, true);
    run_until(parked_are, "1 2");
    put(0, "p", "a4");
    run_until(parked_are, "1 3");
    b.refuses = false;
    struct parcel *first = delivery_find(one(1), SLICE("bad1"));
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(delivery_find(one(0), SLICE("bad1")));
    ck_assert_msg(delivery_release(one(1), first, &err) == 0, "%s", err.text);
    run_until(has_got, "bad1 a2 a4 ");
    run_until(parked_are, "1 0");
    share(0, partitions, 2, true);
    share(1, NULL, 0, true);
    put(1, "q", "b5");
    run_until(parked_are, "2 0");
    ck_assert_str_eq(buf_cstr(&b.got), "bad1 a2 a4 ");
}
END_TEST

/* It takes no record, and hears all the same that it has to leave. */
START_TEST(a_held_consumer_leaves_too)
{
    share(0, partitions, 2, false);
    share(1, NULL, 0, false);
    begin(&b.brokers[0]);
    begin(&b.brokers[1]);
    put(0, "p", "a1");
    run_until(has_got, "a1 ");
    delivery_hold(one(0), true);
    share(0, NULL, 0, false);
    put(0, "p", "a2");
    run_until(committed, "0");
    share(1, partitions, 2, false);
    run_until(has_got, "a1 a2 ");
}
END_TEST

/* ---- a merge whose copies stand in two partitions; merge_wait is a day ---- */

START_TEST(a_survivor_waits_for_another_brokers_retired_copy)
{
    share(0, &partitions[0], 1, false);
    share(1, &partitions[1], 1, false);
    begin(&b.brokers[0]);
    begin(&b.brokers[1]);
    put_copy(0, "p", "m", "survivor", "q");
    put(0, "p", "a2");
    put(0, "o", "c1");
    run_until(has_got, "c1 ");
    put(1, "q", "b1");
    put_copy(1, "q", "m", "retired", "p");
    run_until(has_got, "c1 b1 m m a2 ");
    run_until(committed, "0");
}
END_TEST

/* The exact case: killed when the retired copy's partition is committed and the survivor's is not.
 */
START_TEST(a_retired_copy_of_before_the_kill_is_known)
{
    share(0, partitions, 2, false);
    share(1, NULL, 0, false);
    begin(&b.brokers[0]);
    put(1, "q", "b1");
    put_copy(1, "q", "m", "retired", "p");
    run_until(has_got, "b1 m ");
    run_until(committed_to, "1 2");
    share(0, NULL, 0, true);
    share(1, partitions, 2, true);
    begin(&b.brokers[1]);
    put_copy(0, "p", "m", "survivor", "q");
    put(0, "p", "a2");
    run_until(has_got, "b1 m m a2 ");
    run_until(committed_to, "0 2");
}
END_TEST

/* Wherever it stands: what follows waits in flow.parked behind it, and goes once it is released. */
START_TEST(a_survivor_waits_behind_what_another_broker_parked)
{
    struct err err = {0};
    share(0, &partitions[0], 1, false);
    share(1, &partitions[1], 1, false);
    begin(&b.brokers[0]);
    begin(&b.brokers[1]);
    put(1, "q", "bad1");
    put_copy(1, "q", "m", "retired", "p");
    put_copy(0, "p", "m", "survivor", "q");
    put(0, "p", "a2");
    run_until(parked_are, "2 2");
    share(0, partitions, 2, true);
    share(1, NULL, 0, true);
    run_until(parked_are, "4 0");
    share(0, &partitions[1], 1, true); /* each has to know of what the other one has */
    share(1, &partitions[0], 1, true);
    run_until(parked_are, "2 2");
    b.refuses = false;
    struct parcel *first = delivery_find(one(0), SLICE("bad1"));
    ck_assert_ptr_nonnull(first);
    ck_assert_msg(delivery_release(one(0), first, &err) == 0, "%s", err.text);
    run_until(has_got, "bad1 m m a2 ");
    run_until(parked_are, "0 0");
}
END_TEST

Suite *moves_suite(void)
{
    Suite *s = suite_create("moves");
    TCase *c = tcase_create("moves");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, each_serves_what_it_holds);
    tcase_add_test(c, a_partition_moves_and_what_is_under_way_ends);
    tcase_add_test(c, what_is_parked_moves_with_its_partition);
    tcase_add_test(c, a_held_consumer_leaves_too);
    suite_add_tcase(s, c);
    TCase *merges = tcase_create("merges");
    tcase_set_timeout(merges, 60);
    tcase_add_checked_fixture(merges, setup_spread, teardown);
    tcase_add_test(merges, a_survivor_waits_for_another_brokers_retired_copy);
    tcase_add_test(merges, a_retired_copy_of_before_the_kill_is_known);
    tcase_add_test(merges, a_survivor_waits_behind_what_another_broker_parked);
    suite_add_tcase(s, merges);
    return s;
}
