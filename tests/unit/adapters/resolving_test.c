#include <poll.h>
#include <stdio.h>
#include "adapters_bed.h"
#include "resolving.h"
#include "stream_bed.h"

static struct stream_bed streams;
static struct stream *stream;
static struct resolving resolving;
static unsigned ended, failed;
static char last[RESOLVED_PLACE];

static void on_done(void *arg, const struct resolving_one *one, const struct err *e)
{
    (void)arg;
    ended++;
    failed += e != NULL;
    snprintf(last, sizeof(last), "%s", one->name);
}

static void setup(void)
{
    struct err err;
    stream_bed_open(&streams, "memory");
    stream = stream_bed_handle(&streams, "acute");
    ended = failed = 0;
    ck_assert_int_eq(resolving_init(&resolving, stream, on_done, NULL, &err), 0);
}

static void teardown(void)
{
    resolving_fini(&resolving);
    stream_close(stream);
    stream_bed_close(&streams);
}

/* A set of one record with a value of so many bytes. */
static enum stream_result begin(const char *name, size_t bytes)
{
    static struct record_writer made;
    static char value[RESOLVING_BYTES];
    struct err err;
    struct resolving_one one = {.events = 2, .source = "pas", .by = "ivy"};
    snprintf(one.name, sizeof(one.name), "%s", name);
    made.n = 1;
    made.set[0] = (struct stream_record){
        .topic = SLICE("flow.messages"), .key = SLICE("pas"), .value = slice_make(value, bytes)};
    return resolving_begin(&resolving, &made, &one, &err);
}

static void turn(struct stream *s)
{
    struct pollfd p = {.fd = stream_fd(s), .events = POLLIN};
    poll(&p, 1, 100);
    stream_dispatch(s);
}

static unsigned count(const char *topic, struct stream_message *ret)
{
    struct err err;
    unsigned n = 0;
    struct stream_reader *r = stream_bed_reader(streams.keeper, topic, NULL, STREAM_EARLIEST);
    while (stream_next(r, ret, &err) == STREAM_GOT) {
        n++;
        if (slice_eq_str(slice_str(topic), "flow.rejected"))
            kit_assert_slice(stream_header_get(ret, "kind"), SLICE("resolved"));
    }
    stream_reader_close(r);
    return n;
}

START_TEST(what_was_made_comes_first)
{
    struct stream_message m;
    ck_assert_int_eq(begin("acute/42", 10), STREAM_OK);
    ck_assert_uint_eq(resolving_in_stream(&resolving), 1);
    ck_assert_uint_eq(count("flow.rejected", &m), 0);
    while (!ended)
        turn(stream);
    kit_assert_slice(slice_str(last), SLICE("acute/42"));
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(resolving.n, 0);
    ck_assert_uint_eq(resolving.bytes, 0);
    ck_assert_uint_eq(count("flow.messages", &m), 1);
    ck_assert_uint_eq(count("flow.rejected", &m), 1);
}
END_TEST

START_TEST(so_many_are_under_way)
{
    struct stream_message m;
    char name[32];
    for (unsigned i = 0; i < RESOLVING_MAX; i++) {
        ck_assert(resolving_has_room(&resolving));
        snprintf(name, sizeof(name), "acute/%u", i);
        ck_assert_int_eq(begin(name, 10), STREAM_OK);
    }
    ck_assert(!resolving_has_room(&resolving));
    while (ended < RESOLVING_MAX)
        turn(stream);
    ck_assert_uint_eq(count("flow.rejected", &m), RESOLVING_MAX);
    ck_assert_int_eq(begin("acute/99", RESOLVING_BYTES), STREAM_OK); /* one is always taken */
    ck_assert(!resolving_has_room(&resolving));
    while (ended < RESOLVING_MAX + 1)
        turn(stream);
    ck_assert(resolving_has_room(&resolving));
}
END_TEST

/* The second half meets another stream: full, then not; or one that takes nothing. */
static struct stream *swap(const char *writer, uint32_t queue)
{
    streams.options.queue_records = queue;
    resolving.stream = stream_bed_handle(&streams, writer);
    return resolving.stream;
}

START_TEST(what_has_no_room_waits)
{
    struct stream_message m;
    struct err err;
    struct stream_tally tally = {0};
    struct stream_record r = {.topic = SLICE("a.topic"), .value = SLICE("x")};
    ck_assert_int_eq(begin("acute/1", 10), STREAM_OK);
    struct stream *full = swap("full", 1);
    ck_assert_int_eq(stream_append(full, &r, 1, stream_bed_done, &tally, &err), STREAM_OK);
    while (!resolving.nunsaid)
        turn(stream);
    ck_assert(!resolving_has_room(&resolving));
    ck_assert_uint_eq(resolving_in_stream(&resolving), 0);
    resolving_go_on(&resolving);
    ck_assert_uint_eq(resolving.nunsaid, 1);
    ck_assert_uint_eq(count("flow.rejected", &m), 0);
    stream_bed_wait(full, &tally, 1);
    resolving_go_on(&resolving);
    ck_assert_uint_eq(resolving.nunsaid, 0);
    ck_assert_uint_eq(resolving_in_stream(&resolving), 1);
    while (!ended)
        turn(full);
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(count("flow.rejected", &m), 1);
    stream_close(full);
}
END_TEST

START_TEST(what_cannot_be_said_is_not_resolved)
{
    struct stream_message m;
    ck_assert_int_eq(begin("acute/1", 10), STREAM_OK);
    struct stream *deaf = swap(NULL, 1);
    while (!ended)
        turn(stream);
    ck_assert_uint_eq(failed, 1);
    ck_assert_uint_eq(resolving.n, 0);
    ck_assert_uint_eq(count("flow.messages", &m), 1);
    ck_assert_uint_eq(count("flow.rejected", &m), 0);
    ck_assert_int_eq(begin("acute/2", 10), STREAM_BAD);
    ck_assert_uint_eq(resolving.n, 0);
    stream_close(deaf);
}
END_TEST

Suite *resolving_suite(void)
{
    Suite *s = suite_create("resolving");
    TCase *c = tcase_create("resolving");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, what_was_made_comes_first);
    tcase_add_test(c, so_many_are_under_way);
    tcase_add_test(c, what_has_no_room_waits);
    tcase_add_test(c, what_cannot_be_said_is_not_resolved);
    suite_add_tcase(s, c);
    return s;
}
