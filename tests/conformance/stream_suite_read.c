/* Reading: groups, positions, time, lag. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_suite.h"

START_TEST(forward_moves_positions_with_records)
{
    begin(_i);
    put("in", "1");
    put("in", "2");
    struct stream_reader *r = stream_bed_reader(s, "in", "g", STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m);
    struct stream_record out = {SLICE("out"), SLICE_ABSENT, SLICE("made of 1"), NULL, 0, false};
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

enum { BESIDE = 8 };

/* Records with as many keys, so that some stand in a partition that appears with this: another
 * writer's file, or one that the topic is given. */
static struct stream *put_beside(const char *topic)
{
    stream_bed_add_partition(&bed, topic);
    struct stream *other = stream_bed_handle(&bed, "community");
    for (int n = 0; n < BESIDE; n++) {
        char key[8];
        snprintf(key, sizeof(key), "k%d", n);
        stream_bed_put(other, topic, key, SLICE("new"));
    }
    return other;
}

/* Each once, and some of them in a partition that the first writer's records are not in. Forwarded
 * one by one: a member that is given a partition more begins again at its positions. */
static void expect_beside(struct stream_reader *r, unsigned marks)
{
    struct slice first = slice_str(stream_bed_partition(&bed, "acute"));
    unsigned beside = 0, seen_marks = 0;
    for (unsigned n = 0; n < BESIDE + marks; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
        bool mark = slice_eq(m.value, SLICE("mark"));
        ck_assert(mark || slice_eq(m.value, SLICE("new")));
        beside += !slice_eq(m.partition, first);
        seen_marks += mark;
        stream_bed_commit(s, "g", &m);
    }
    ck_assert_uint_eq(seen_marks, marks);
    ck_assert_uint_gt(beside, 0);
    stream_bed_expect_none(r);
}

START_TEST(a_partition_that_appears_while_nobody_reads_is_read_whole)
{
    begin(_i);
    put("t", "before");
    stream_reader_close(stream_bed_reader(s, "t", "g", STREAM_LATEST));
    put("t", "mark"); /* and so the first position is durable */
    struct stream *other = put_beside("t");
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_LATEST);
    expect_beside(r, 1);
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
    struct stream_message m;
    stream_bed_next(r, &m);
    kit_assert_slice(m.value, SLICE("first"));
    stream_bed_commit(s, "g", &m);
    struct stream *other = put_beside("t");
    expect_beside(r, 0);
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
    struct slice partition = slice_str(stream_bed_partition(&bed, "acute"));
    ck_assert_int_eq(stream_seek(r, SLICE("t"), partition, b, &e), 0);
    struct pollfd p = {.fd = stream_reader_fd(r), .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, BED_DEADLINE_MS), 1);
    stream_bed_expect(r, "b");
    ck_assert_int_eq(stream_seek(r, SLICE("t"), SLICE("nowhere"), 0, &e), -1);
    ck_assert_int_eq(e.code, ERR_INPUT);
    ck_assert_int_eq(stream_seek(r, SLICE("nothing"), partition, 0, &e), -1);
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

size_t suite_read(const TTest *ret[])
{
    size_t n = 0;
    ret[n++] = forward_moves_positions_with_records;
    ret[n++] = a_restart_resumes;
    ret[n++] = groups_do_not_disturb_each_other;
    ret[n++] = a_read_only_handle_sees_the_position_of_a_group;
    ret[n++] = latest_begins_at_the_end;
    ret[n++] = a_partition_that_appears_while_nobody_reads_is_read_whole;
    ret[n++] = a_reader_stands_before_its_topic_and_partition;
    ret[n++] = start_and_seek_by_time;
    ret[n++] = seek_by_offset;
    ret[n++] = lag_counts_what_was_not_given;
    return n;
}
