/* stream_conformance.c - what every engine of the stream has to do, run once for each name that is
 * built in. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_bed.h"

static const char *engine(int i)
{
    return stream_engines()[i];
}

static struct stream_bed bed;
static struct stream *s;

static void begin(int i)
{
    stream_bed_open(&bed, engine(i));
    s = stream_bed_handle(&bed, "acute");
}

static void end(void)
{
    stream_close(s);
    stream_bed_close(&bed);
}

static void put(const char *topic, const char *value)
{
    stream_bed_put(s, topic, "k", slice_str(value));
}

START_TEST(order_is_kept)
{
    begin(_i);
    struct stream_tally t = {0};
    struct err e = {0};
    for (int n = 0; n < 1000; n++) {
        char value[20];
        int size = snprintf(value, sizeof(value), "%d", n);
        struct stream_record r = {SLICE("t"), SLICE("k"), slice_make(value, (size_t)size), NULL, 0};
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
        {SLICE("t"), SLICE("key\0\xff"), SLICE("val\0ue"), h, 3},
        {SLICE("t"), SLICE_ABSENT, SLICE(""), NULL, 0},
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
    kit_assert_slice(m.partition, SLICE("acute"));
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

START_TEST(a_set_spans_topics)
{
    begin(_i);
    struct stream_record set[] = {{SLICE("a"), SLICE_ABSENT, SLICE("1"), NULL, 0},
                                  {SLICE("b"), SLICE_ABSENT, SLICE("2"), NULL, 0},
                                  {SLICE("a"), SLICE_ABSENT, SLICE("3"), NULL, 0}};
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

START_TEST(what_is_too_large_is_refused_before_anything_is_taken)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.record_max = 100;
    bed.options.queue_bytes = 250;
    s = stream_bed_handle(&bed, "acute");
    char big[101] = {0};
    struct stream_record set[] = {{SLICE("t"), SLICE_ABSENT, SLICE("fine"), NULL, 0},
                                  {SLICE("t"), SLICE_ABSENT, {big, 100}, NULL, 0}};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_BAD);
    ck_assert_int_eq(e.code, ERR_LIMIT);
    set[1].value.n = 99; /* with the topic's one byte: the limit itself */
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    struct stream_record three[] = {set[1], set[1], set[1]};
    ck_assert_int_eq(stream_append(s, three, 3, stream_bed_done, &t, &e), STREAM_BAD);
    struct stream_reader *r = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    stream_bed_next(r, &m);
    stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(bad_names_are_refused)
{
    begin(_i);
    static const char *const bad[] = {"", "a/b", ".hidden", "sp ace", "quo'te"};
    struct stream_tally t = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct stream_record r = {slice_str(bad[i]), SLICE_ABSENT, SLICE("v"), NULL, 0};
        struct err e = {0};
        ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_BAD);
        ck_assert_int_eq(e.code, ERR_INPUT);
    }
    struct err e = {0};
    struct stream_record r = {SLICE("t"), SLICE_ABSENT, SLICE("v"), NULL, 0};
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
    struct stream_record set[] = {{SLICE("t"), SLICE_ABSENT, SLICE("a"), NULL, 0},
                                  {SLICE("t"), SLICE_ABSENT, SLICE("b"), NULL, 0}};
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

START_TEST(forward_moves_positions_with_records)
{
    begin(_i);
    put("in", "1");
    put("in", "2");
    struct stream_reader *r = stream_bed_reader(s, "in", "g", STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    struct stream_record out = {SLICE("out"), SLICE_ABSENT, SLICE("made of 1"), NULL, 0};
    struct stream_position p = {SLICE("g"), m.topic, m.partition, m.offset + 1};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_forward(s, &out, 1, &p, 1, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    stream_reader_close(r);
    r = stream_bed_reader(s, "in", "g", STREAM_EARLIEST);
    stream_bed_expect(r, "2");
    stream_reader_close(r);
    r = stream_bed_reader(s, "out", NULL, STREAM_EARLIEST);
    stream_bed_expect(r, "made of 1");
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(a_restart_resumes)
{
    begin(_i);
    for (int n = 0; n < 3; n++)
        put("t", n == 0 ? "a" : n == 1 ? "b" : "c");
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    stream_bed_commit(s, "g", &m);
    stream_bed_next(r, &m); /* read and not committed: comes again */
    int64_t offset = m.offset;
    stream_reader_close(r);
    stream_close(s);
    s = stream_bed_handle(&bed, "acute");
    put("t", "d");
    r = stream_bed_reader(s, "t", "g", STREAM_LATEST); /* the position wins over the start */
    stream_bed_next(r, &m);
    kit_assert_slice(m.value, SLICE("b"));
    ck_assert_int_eq(m.offset, offset);
    stream_bed_expect(r, "c");
    stream_bed_expect(r, "d");
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(groups_do_not_disturb_each_other)
{
    begin(_i);
    put("t", "a");
    put("t", "b");
    struct stream_reader *one = stream_bed_reader(s, "t", "one", STREAM_EARLIEST);
    struct stream_reader *two = stream_bed_reader(s, "t", "two", STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(one, &m);
    stream_bed_commit(s, "one", &m);
    stream_bed_expect(two, "a");
    stream_bed_expect(one, "b");
    stream_bed_expect(two, "b");
    stream_reader_close(one);
    stream_reader_close(two);
    two = stream_bed_reader(s, "t", "two", STREAM_EARLIEST);
    stream_bed_expect(two, "a");
    stream_reader_close(two);
    end();
}
END_TEST

START_TEST(a_read_only_handle_sees_the_position_of_a_group)
{
    begin(_i);
    put("t", "a");
    put("t", "b");
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    stream_bed_commit(s, "g", &m);
    struct stream_reader *look = stream_bed_reader(bed.keeper, "t", "g", STREAM_EARLIEST);
    uint64_t lag;
    int64_t oldest;
    struct err e = {0};
    ck_assert_int_eq(stream_lag(look, &lag, &oldest, &e), 0);
    ck_assert_uint_eq(lag, 1);
    stream_bed_expect(look, "b");
    stream_reader_close(look);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(latest_begins_at_the_end)
{
    begin(_i);
    put("t", "before");
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_LATEST);
    stream_bed_expect_none(r);
    put("t", "after");
    stream_bed_expect(r, "after");
    stream_reader_close(r);
    /* recorded at open: a restart that read nothing more does not begin anew */
    put("t", "later");
    r = stream_bed_reader(s, "t", "g", STREAM_LATEST);
    stream_bed_expect(r, "after");
    stream_bed_expect(r, "later");
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(a_partition_that_appears_while_nobody_reads_is_read_whole)
{
    begin(_i);
    put("t", "before");
    stream_reader_close(stream_bed_reader(s, "t", "g", STREAM_LATEST));
    put("t", "mark"); /* and so the first position is durable */
    struct stream *other = stream_bed_handle(&bed, "community");
    stream_bed_put(other, "t", NULL, SLICE("new"));
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_LATEST);
    unsigned seen = 0;
    for (int n = 0; n < 2; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
        ck_assert(slice_eq(m.value, SLICE("new")) || slice_eq(m.value, SLICE("mark")));
        seen |= slice_eq(m.partition, SLICE("community")) ? 1 : 2;
    }
    ck_assert_uint_eq(seen, 3);
    stream_bed_expect_none(r);
    stream_reader_close(r);
    stream_close(other);
    end();
}
END_TEST

START_TEST(a_reader_stands_before_its_topic_and_partition)
{
    begin(_i);
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_LATEST);
    stream_bed_expect_none(r);
    put("other", "x");
    put("t", "first");
    stream_bed_expect(r, "first");
    struct stream *other = stream_bed_handle(&bed, "community");
    stream_bed_put(other, "t", NULL, SLICE("second"));
    stream_bed_expect(r, "second");
    stream_reader_close(r);
    stream_close(other);
    end();
}
END_TEST

/* The clock's next millisecond, so that records have different times. */
static int64_t next_ms(void)
{
    int64_t now = clock_wall_ms();
    while (clock_wall_ms() <= now)
        ;
    return clock_wall_ms();
}

START_TEST(start_and_seek_by_time)
{
    begin(_i);
    put("t", "a");
    put("t", "b");
    int64_t at = next_ms();
    put("t", "c");
    put("t", "d");
    struct slice topic = SLICE("t");
    struct stream_reader_options o = {
        .topics = &topic, .ntopics = 1, .start = STREAM_AT_TIME, .start_ms = at};
    struct stream_reader *r;
    struct err e = {0};
    ck_assert_int_eq(stream_reader_open(s, &o, &r, &e), 0);
    stream_bed_expect(r, "c");
    ck_assert_int_eq(stream_seek_time(r, 0, &e), 0);
    stream_bed_expect(r, "a");
    ck_assert_int_eq(stream_seek_time(r, at, &e), 0);
    stream_bed_expect(r, "c");
    stream_bed_expect(r, "d");
    ck_assert_int_eq(stream_seek_time(r, next_ms(), &e), 0);
    stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(seek_by_offset)
{
    begin(_i);
    put("t", "a");
    put("t", "b");
    put("t", "c");
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    stream_bed_next(r, &m);
    int64_t b = m.offset;
    stream_bed_expect(r, "c");
    struct err e = {0};
    ck_assert_int_eq(stream_seek(r, SLICE("t"), SLICE("acute"), b, &e), 0);
    struct pollfd p = {.fd = stream_reader_fd(r), .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, BED_DEADLINE_MS), 1);
    stream_bed_expect(r, "b");
    ck_assert_int_eq(stream_seek(r, SLICE("t"), SLICE("nowhere"), 0, &e), -1);
    ck_assert_int_eq(e.code, ERR_INPUT);
    ck_assert_int_eq(stream_seek(r, SLICE("nothing"), SLICE("acute"), 0, &e), -1);
    stream_bed_expect(r, "c");
    stream_reader_close(r);
    r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST); /* a seek moves no position */
    stream_bed_expect(r, "a");
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(lag_counts_what_was_not_given)
{
    begin(_i);
    struct stream_reader *r = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    uint64_t lag;
    int64_t oldest;
    struct err e = {0};
    ck_assert_int_eq(stream_lag(r, &lag, &oldest, &e), 0);
    ck_assert_uint_eq(lag, 0);
    ck_assert_int_eq(oldest, 0);
    put("t", "a");
    put("t", "b");
    put("t", "c");
    struct stream_message m;
    stream_bed_next(r, &m);
    int64_t first = m.time_ms;
    ck_assert_int_eq(stream_lag(r, &lag, &oldest, &e), 0);
    ck_assert_uint_eq(lag, 2);
    ck_assert(oldest >= first && oldest <= clock_wall_ms());
    stream_bed_expect(r, "b");
    stream_bed_expect(r, "c");
    ck_assert_int_eq(stream_lag(r, &lag, &oldest, &e), 0);
    ck_assert_uint_eq(lag, 0);
    stream_reader_close(r);
    end();
}
END_TEST

/* Appends to the topic until its first record is gone; *ret is the loss. */
static void expect_pruned(const char *topic, struct slice value, struct stream_message *ret)
{
    struct stream_reader *look = stream_bed_reader(bed.keeper, topic, NULL, STREAM_EARLIEST);
    struct err e = {0};
    enum stream_next got;
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    do {
        ck_assert_msg(clock_mono_ms() < until, "nothing of %s is pruned", topic);
        stream_bed_put(s, topic, NULL, value);
        ck_assert_int_eq(stream_seek(look, slice_str(topic), SLICE("acute"), 0, &e), 0);
        got = stream_next(look, ret, &e);
    } while (got == STREAM_GOT);
    ck_assert_int_eq(got, STREAM_LOST);
    stream_reader_close(look);
}

static void expect_all(const char *topic, int count)
{
    struct stream_reader *look = stream_bed_reader(bed.keeper, topic, NULL, STREAM_EARLIEST);
    struct stream_message m;
    for (int n = 0; n < count; n++) {
        stream_bed_next(look, &m);
        ck_assert_int_eq(m.offset, n);
    }
    stream_reader_close(look);
}

/* Appends until the reader's oldest record is gone, then reads the loss. */
START_TEST(a_lost_position_is_an_error_with_its_range)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_bytes = 200000;
    bed.options.disk_mark_bytes = 400000;
    s = stream_bed_handle(&bed, "acute");
    static char big[50000];
    put("t", "oldest");
    struct stream_reader *r = stream_bed_reader(s, "t", "slow", STREAM_EARLIEST);
    struct stream_message m;
    struct err e = {0};
    expect_pruned("t", slice_make(big, sizeof(big)), &m);
    enum stream_next got = stream_next(r, &m, &e);
    ck_assert_int_eq(got, STREAM_LOST);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    ck_assert_msg(strstr(e.text, "slow") && strstr(e.text, "acute"), "%s", e.text);
    kit_assert_slice(m.topic, SLICE("t"));
    kit_assert_slice(m.partition, SLICE("acute"));
    ck_assert_int_eq(m.lost_from, 0);
    int64_t to = m.offset;
    ck_assert(to > 0);
    char range[60];
    snprintf(range, sizeof(range), "[0, %lld)", (long long)to);
    ck_assert_msg(strstr(e.text, range) != NULL, "%s", e.text);
    got = stream_next(r, &m, &e);
    if (got == STREAM_LOST) /* pruned on in between: from where the first loss ended */
        ck_assert_int_eq(m.lost_from, to);
    else
        ck_assert_int_eq(m.offset, to);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(retention_waits_for_the_slowest_group)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_bytes = 200000;
    s = stream_bed_handle(&bed, "acute");
    static char big[50000];
    stream_reader_close(stream_bed_reader(s, "t", "slow", STREAM_EARLIEST));
    for (int n = 0; n < 40; n++)
        stream_bed_put(s, "t", NULL, slice_make(big, sizeof(big)));
    struct stream_reader *r = stream_bed_reader(s, "t", "slow", STREAM_EARLIEST);
    struct stream_message m;
    for (int n = 0; n < 40; n++) {
        stream_bed_next(r, &m);
        ck_assert_int_eq(m.offset, n);
    }
    stream_bed_commit(s, "slow", &m); /* now they may go */
    stream_reader_close(r);
    expect_pruned("t", SLICE("x"), &m);
    end();
}
END_TEST

START_TEST(what_is_too_old_goes)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_ms = 1;
    s = stream_bed_handle(&bed, "acute");
    put("t", "old");
    struct stream_message m;
    expect_pruned("t", SLICE("new"), &m);
    ck_assert_int_eq(m.lost_from, 0);
    end();
}
END_TEST

/* Age and size at once; and those of the kept topic that are over every limit take nothing from the
 * others. */
START_TEST(topics_kept_for_good_never_go)
{
    enum { KEPT = 30, SIZE = 40000 };
    const struct stream_keep keep[] = {{SLICE("other"), 0}, {SLICE("state"), 0}};
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_bytes = 400000;
    bed.options.disk_mark_bytes = 800000;
    bed.options.keep = keep;
    bed.options.nkeep = 2;
    s = stream_bed_handle(&bed, "acute");
    static char big[SIZE];
    struct stream_message m;
    stream_reader_close(stream_bed_reader(s, "t", "slow", STREAM_EARLIEST));
    for (int n = 0; n < KEPT; n++)
        stream_bed_put(s, "state", "k", slice_make(big, sizeof(big)));
    for (int n = 0; n < 5; n++) /* under the limits by themselves */
        stream_bed_put(s, "t", NULL, slice_make(big, sizeof(big)));
    stream_close(s);
    bed.options.retain_ms = 1; /* and what nobody waits for is too old at once */
    s = stream_bed_handle(&bed, "acute");
    expect_pruned("old", SLICE("x"), &m);
    expect_all("state", KEPT);
    expect_all("t", 5);
    expect_pruned("t", slice_make(big, sizeof(big)), &m); /* the limits hold for the others */
    expect_all("state", KEPT);
    end();
}
END_TEST

/* By its own age, whatever a group has still to read and whatever the others' age is; the others
 * stay. */
START_TEST(a_kept_topic_goes_by_its_own_age)
{
    const struct stream_keep keep[] = {{SLICE("state"), 1}};
    stream_bed_open(&bed, engine(_i));
    bed.options.keep = keep;
    bed.options.nkeep = 1;
    bed.options.keep_grace_ms = 0;
    s = stream_bed_handle(&bed, "acute");
    struct stream_message m;
    put("t", "stays");
    stream_reader_close(stream_bed_reader(s, "state", "slow", STREAM_EARLIEST));
    expect_pruned("state", SLICE("x"), &m);
    expect_all("t", 1);
    end();
}
END_TEST

/* A writer that was away for longer than the age finds all of it, and has time to append again what
 * it still needs. */
START_TEST(a_kept_topic_waits_for_its_grace)
{
    const struct stream_keep keep[] = {{SLICE("state"), 1}};
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_ms = 1;
    bed.options.keep = keep;
    bed.options.nkeep = 1;
    s = stream_bed_handle(&bed, "acute");
    struct stream_message m;
    for (int n = 0; n < 10; n++)
        put("state", "needed");
    stream_close(s);
    s = stream_bed_handle(&bed, "acute");
    expect_pruned("t", SLICE("x"), &m);
    expect_all("state", 10);
    stream_close(s);
    bed.options.keep_grace_ms = 0;
    s = stream_bed_handle(&bed, "acute");
    expect_pruned("state", SLICE("x"), &m);
    end();
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

START_TEST(many_topics)
{
    begin(_i);
    enum { TOPICS = 300 };
    static char names[TOPICS][16];
    struct stream_record set[TOPICS];
    struct slice topics[TOPICS];
    for (int n = 0; n < TOPICS; n++) {
        snprintf(names[n], sizeof(names[n]), "topic.%d", n);
        topics[n] = slice_str(names[n]);
        set[n] = (struct stream_record){topics[n], SLICE_ABSENT, topics[n], NULL, 0};
    }
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, set, TOPICS, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    struct stream_reader_options o = {.topics = topics, .ntopics = TOPICS, .group = SLICE("g")};
    struct stream_reader *r;
    ck_assert_int_eq(stream_reader_open(s, &o, &r, &e), 0);
    for (int n = 0; n < TOPICS; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
        kit_assert_slice(m.value, m.topic);
    }
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
    struct stream_record r = {SLICE("t"), SLICE_ABSENT, SLICE("v"), NULL, 0};
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
    struct stream_record r = {SLICE("t"), SLICE_ABSENT, SLICE("v"), NULL, 0};
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
    ck_assert_uint_eq(lag, 100);
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

int main(int argc, char **argv)
{
    const TTest *const tests[] = {
        order_is_kept,
        a_record_comes_back_as_it_was,
        a_set_spans_topics,
        what_is_too_large_is_refused_before_anything_is_taken,
        bad_names_are_refused,
        full_says_so_and_passes,
        forward_moves_positions_with_records,
        a_restart_resumes,
        groups_do_not_disturb_each_other,
        a_read_only_handle_sees_the_position_of_a_group,
        latest_begins_at_the_end,
        a_partition_that_appears_while_nobody_reads_is_read_whole,
        a_reader_stands_before_its_topic_and_partition,
        start_and_seek_by_time,
        seek_by_offset,
        lag_counts_what_was_not_given,
        a_lost_position_is_an_error_with_its_range,
        retention_waits_for_the_slowest_group,
        what_is_too_old_goes,
        topics_kept_for_good_never_go,
        a_kept_topic_goes_by_its_own_age,
        a_kept_topic_waits_for_its_grace,
        topics_to_keep_are_checked,
        big_records,
        many_topics,
        the_descriptor_tells_the_truth,
        a_callback_may_append,
        closing_waits_for_what_was_accepted,
        an_unknown_engine_is_a_fault_of_the_config,
    };
    Suite *suite = suite_create("stream");
    for (int i = 0; stream_engines()[i]; i++) {
        TCase *cases = tcase_create(engine(i));
        tcase_set_timeout(cases, 60);
        for (size_t t = 0; t < sizeof(tests) / sizeof(tests[0]); t++)
            tcase_add_loop_test(cases, tests[t], i, i + 1);
        suite_add_tcase(suite, cases);
    }
    return kit_main(argc, argv, &suite, 1);
}
