/* Appending: what is taken, what is refused, what a callback may do. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_suite.h"

START_TEST(order_is_kept)
{
    begin(_i);
    struct stream_tally t = {0};
    struct err e = {0};
    for (int n = 0; n < 1000; n++) {
        char value[20];
        int size = snprintf(value, sizeof(value), "%d", n);
        struct stream_record r = {SLICE("t"), SLICE("k"), slice_make(value, (size_t)size),
                                  NULL,       0,          false};
        ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_OK);
    }
    stream_bed_wait(s, &t, 1000);
    ck_assert_uint_eq(t.durable, 1000);
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    int64_t before = -1;
    for (int n = 0; n < 1000; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
        uint64_t got;
        ck_assert(num_u64(m.value, &got) && got == (uint64_t)n);
        ck_assert(m.offset > before);
        before = m.offset;
    }
    stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(a_record_comes_back_as_it_was)
{
    begin(_i);
    struct stream_header h[] = {
        {SLICE("receipt"), SLICE("a\0b")}, {SLICE("empty"), SLICE("")}, {SLICE("n"), SLICE("1")}};
    struct stream_record set[] = {
        {SLICE("t"), SLICE("key\0\xff"), SLICE("val\0ue"), h, 3, false},
        {SLICE("t"), SLICE_ABSENT, SLICE(""), NULL, 0, false},
    };
    struct stream_tally t = {0};
    struct err e = {0};
    int64_t before = clock_wall_ms();
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    struct stream_reader *r = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    kit_assert_slice(m.topic, SLICE("t"));
    kit_assert_slice(m.partition, slice_str(stream_bed_partition(&bed, "acute")));
    kit_assert_slice(m.key, set[0].key);
    kit_assert_slice(m.value, set[0].value);
    ck_assert_uint_eq(m.nheaders, 3);
    for (unsigned i = 0; i < 3; i++) {
        kit_assert_slice(m.headers[i].name, h[i].name);
        kit_assert_slice(m.headers[i].value, h[i].value);
    }
    ck_assert(m.time_ms >= before && m.time_ms <= clock_wall_ms());
    stream_bed_next(r, &m);
    ck_assert(!slice_present(m.key));
    ck_assert(slice_present(m.value) && m.value.n == 0);
    ck_assert_uint_eq(m.nheaders, 0);
    stream_reader_close(r);
    end();
}
END_TEST

/* Whatever form an engine gives them. */
START_TEST(headers_of_its_own_come_back)
{
    begin(_i);
    static char large[2000];
    memset(large, 'x', sizeof(large));
    struct stream_header h[] = {{SLICE("ce_id"), SLICE("e1")},
                                {SLICE("source"), SLICE("pas")},
                                {SLICE("empty"), SLICE("")},
                                {SLICE("odd"), SLICE("a=b;\0c")},
                                {SLICE("large"), slice_make(large, sizeof(large))},
                                {SLICE("last"), SLICE("=")}};
    enum { N = sizeof(h) / sizeof(h[0]) };
    struct stream_record set = {SLICE("t"), SLICE("k"), SLICE("v"), h, N, true};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, &set, 1, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    struct stream_reader *r = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    ck_assert_uint_eq(m.nheaders, N);
    for (unsigned i = 0; i < N; i++)
        kit_assert_slice(stream_header_get(&m, h[i].name.p), h[i].value);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(a_set_spans_topics)
{
    begin(_i);
    struct stream_record set[] = {{SLICE("a"), SLICE_ABSENT, SLICE("1"), NULL, 0, false},
                                  {SLICE("b"), SLICE_ABSENT, SLICE("2"), NULL, 0, false},
                                  {SLICE("a"), SLICE_ABSENT, SLICE("3"), NULL, 0, false}};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, set, 3, stream_bed_done, &t, &e), STREAM_OK);
    ck_assert_uint_eq(t.durable, 0); /* never from within the call */
    stream_bed_wait(s, &t, 1);
    struct slice topics[] = {SLICE("a"), SLICE("b")};
    struct stream_reader_options o = {.topics = topics, .ntopics = 2};
    struct stream_reader *r;
    ck_assert_int_eq(stream_reader_open(s, &o, &r, &e), 0);
    int sum = 0;
    for (int n = 0; n < 3; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
        sum += m.value.p[0] - '0';
    }
    ck_assert_int_eq(sum, 6);
    stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

static void expect_two(const char *topic)
{
    struct stream_reader *r = stream_bed_reader(s, topic, NULL, STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    stream_bed_next(r, &m);
    stream_bed_expect_none(r);
    stream_reader_close(r);
}

START_TEST(what_is_too_large_is_refused_before_anything_is_taken)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.record_max = 100;
    bed.options.queue_bytes = 250;
    s = stream_bed_handle(&bed, "acute");
    char big[101] = {0};
    struct stream_record set[] = {{SLICE("t"), SLICE_ABSENT, SLICE("fine"), NULL, 0, false},
                                  {SLICE("t"), SLICE_ABSENT, {big, 100}, NULL, 0, false}};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_BAD);
    ck_assert_int_eq(e.code, ERR_LIMIT);
    set[1].value.n = 99; /* with the topic's one byte: the limit itself */
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    struct stream_record three[] = {set[1], set[1], set[1]};
    ck_assert_int_eq(stream_append(s, three, 3, stream_bed_done, &t, &e), STREAM_BAD);
    if (stream_engine_keeps(engine(_i)))
        expect_two("t");
    end();
}
END_TEST

START_TEST(bad_names_are_refused)
{
    begin(_i);
    static const char *const bad[] = {"", "a/b", ".hidden", "sp ace", "quo'te"};
    struct stream_tally t = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct stream_record r = {slice_str(bad[i]), SLICE_ABSENT, SLICE("v"), NULL, 0, false};
        struct err e = {0};
        ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_BAD);
        ck_assert_int_eq(e.code, ERR_INPUT);
    }
    struct err e = {0};
    struct stream_record r = {SLICE("t"), SLICE_ABSENT, SLICE("v"), NULL, 0, false};
    ck_assert_int_eq(stream_append(bed.keeper, &r, 1, stream_bed_done, &t, &e), STREAM_BAD);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    ck_assert_int_eq(stream_append(s, NULL, 0, stream_bed_done, &t, &e), STREAM_BAD);
    end();
}
END_TEST

START_TEST(full_says_so_and_passes)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.queue_records = 3;
    s = stream_bed_handle(&bed, "acute");
    struct stream_record set[] = {{SLICE("t"), SLICE_ABSENT, SLICE("a"), NULL, 0, false},
                                  {SLICE("t"), SLICE_ABSENT, SLICE("b"), NULL, 0, false}};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_OK);
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_FULL);
    ck_assert_int_eq(stream_append(s, set, 1, stream_bed_done, &t, &e), STREAM_OK);
    ck_assert_int_eq(stream_append(s, set, 1, stream_bed_done, &t, &e), STREAM_FULL);
    stream_bed_wait(s, &t, 2);
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 3);
    ck_assert_uint_eq(t.durable, 3);
    end();
}
END_TEST

START_TEST(big_records)
{
    begin(_i);
    enum { SIZE = 8 << 20 };
    char *big = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        big[i] = (char)(i * 31 >> 3);
    put("t", "small");
    stream_bed_put(s, "t", "k", slice_make(big, SIZE));
    put("t", "small again");
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    stream_bed_expect(r, "small");
    struct stream_message m;
    stream_bed_next(r, &m);
    ck_assert(slice_eq(m.value, slice_make(big, SIZE)));
    stream_bed_expect(r, "small again");
    stream_reader_close(r);
    free(big);
    end();
}
END_TEST

static unsigned number_of(struct slice topic)
{
    uint64_t n;
    ck_assert(num_u64(slice_sub(topic, slice_find(topic, '.') + 1, topic.n), &n));
    return (unsigned)n;
}

START_TEST(many_topics)
{
    begin(_i);
    enum { TOPICS = 300, TRIES = 5 };
    static char names[TOPICS][16];
    struct stream_record set[TOPICS];
    struct slice topics[TOPICS];
    for (int n = 0; n < TOPICS; n++) {
        snprintf(names[n], sizeof(names[n]), "topic.%d", n);
        topics[n] = slice_str(names[n]);
        set[n] = (struct stream_record){topics[n], SLICE_ABSENT, topics[n], NULL, 0, false};
    }
    struct stream_tally t = {0};
    struct err e = {0};
    do { /* as a set that failed has to be: a part of it may stand there twice */
        ck_assert_int_eq(stream_append(s, set, TOPICS, stream_bed_done, &t, &e), STREAM_OK);
        stream_bed_wait(s, &t, t.failed + 1);
    } while (!t.durable && t.failed < TRIES);
    ck_assert_msg(t.durable == 1, "%s", t.last.text);
    struct stream_reader_options o = {.topics = topics, .ntopics = TOPICS, .group = SLICE("g")};
    struct stream_reader *r;
    ck_assert_int_eq(stream_reader_open(s, &o, &r, &e), 0);
    bool seen[TOPICS] = {false};
    for (unsigned n = 0, repeats = 0; n < TOPICS;) {
        struct stream_message m;
        stream_bed_next(r, &m);
        kit_assert_slice(m.value, m.topic);
        unsigned at = number_of(m.topic);
        repeats += seen[at];
        n += !seen[at];
        seen[at] = true;
        ck_assert_uint_le(repeats, t.failed * TOPICS);
    }
    if (!t.failed)
        stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

/* A caller that stops before STREAM_NONE finds its descriptor readable, one that read all does not,
 * and every reader of a handle is woken by an append. */
START_TEST(the_descriptor_tells_the_truth)
{
    begin(_i);
    struct stream_reader *r[2];
    struct stream_message m;
    for (int n = 0; n < 2; n++) {
        r[n] = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
        stream_bed_expect_none(r[n]);
    }
    put("t", "a");
    put("t", "b");
    for (int n = 0; n < 2; n++) {
        struct pollfd p = {.fd = stream_reader_fd(r[n]), .events = POLLIN};
        stream_bed_next(r[n], &m);
        ck_assert_int_eq(poll(&p, 1, BED_DEADLINE_MS), 1);
        stream_bed_expect(r[n], "b");
    }
    for (int n = 0; n < 2; n++) {
        stream_bed_expect_none(r[n]);
        stream_reader_close(r[n]);
    }
    end();
}
END_TEST

struct chain {
    struct stream *s;
    struct stream_tally tally;
    unsigned left;
};

static void append_again(void *arg, const struct err *e)
{
    struct chain *c = arg;
    stream_bed_done(&c->tally, e);
    struct stream_record r = {SLICE("t"), SLICE_ABSENT, SLICE("v"), NULL, 0, false};
    struct err ignored;
    if (c->left && c->left--)
        ck_assert_int_eq(stream_append(c->s, &r, 1, append_again, c, &ignored), STREAM_OK);
}

START_TEST(a_callback_may_append)
{
    begin(_i);
    struct chain c = {.s = s, .left = 10};
    append_again(&c, NULL);
    stream_bed_wait(s, &c.tally, 11);
    ck_assert_uint_eq(c.tally.durable, 11);
    end();
}
END_TEST

START_TEST(closing_waits_for_what_was_accepted)
{
    begin(_i);
    struct stream_record r = {SLICE("t"), SLICE_ABSENT, SLICE("v"), NULL, 0, false};
    struct stream_tally t = {0};
    struct err e = {0};
    for (int n = 0; n < 100; n++)
        ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_OK);
    stream_close(s);
    ck_assert_uint_eq(t.durable, 100);
    s = stream_bed_handle(&bed, "acute");
    struct stream_reader *reader = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    uint64_t lag;
    int64_t oldest;
    ck_assert_int_eq(stream_lag(reader, &lag, &oldest, &e), 0);
    ck_assert_uint_eq(lag, stream_engine_keeps(engine(_i)) ? 100 : 0);
    stream_reader_close(reader);
    end();
}
END_TEST

START_TEST(an_unknown_engine_is_a_fault_of_the_config)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.kind = SLICE("paper");
    struct stream *none;
    struct err e = {0};
    ck_assert_int_eq(stream_open(&bed.options, &none, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONF);
    bed.options.kind = slice_str(engine(_i));
    bed.options.writer = SLICE("../etc");
    ck_assert_int_eq(stream_open(&bed.options, &none, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONF);
    stream_bed_close(&bed);
}
END_TEST

START_TEST(topics_to_keep_are_checked)
{
    stream_bed_open(&bed, engine(_i));
    struct stream_keep keep[STREAM_KEEP_MAX + 1];
    for (unsigned i = 0; i <= STREAM_KEEP_MAX; i++)
        keep[i] = (struct stream_keep){SLICE("t"), 0};
    bed.options.keep = keep;
    bed.options.nkeep = STREAM_KEEP_MAX + 1;
    struct stream *none;
    struct err e = {0};
    ck_assert_int_eq(stream_open(&bed.options, &none, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONF);
    bed.options.nkeep = 2;
    keep[1].topic = SLICE("no topic");
    ck_assert_int_eq(stream_open(&bed.options, &none, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONF);
    stream_bed_close(&bed);
}
END_TEST

size_t suite_contract(const TTest *ret[])
{
    size_t n = 0;
    ret[n++] = what_is_too_large_is_refused_before_anything_is_taken;
    ret[n++] = bad_names_are_refused;
    ret[n++] = full_says_so_and_passes;
    ret[n++] = a_callback_may_append;
    ret[n++] = closing_waits_for_what_was_accepted;
    ret[n++] = an_unknown_engine_is_a_fault_of_the_config;
    ret[n++] = topics_to_keep_are_checked;
    return n;
}

size_t suite_append(const TTest *ret[])
{
    size_t n = 0;
    ret[n++] = order_is_kept;
    ret[n++] = a_record_comes_back_as_it_was;
    ret[n++] = headers_of_its_own_come_back;
    ret[n++] = a_set_spans_topics;
    ret[n++] = big_records;
    ret[n++] = many_topics;
    ret[n++] = the_descriptor_tells_the_truth;
    return n;
}
