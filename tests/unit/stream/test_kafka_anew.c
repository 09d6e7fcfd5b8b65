/* test_kafka_anew.c - a log that was made anew under the same name is told from the old one, on
 * librdkafka's mock of Kafka. The mock cannot delete a topic: what differs here is the mark that
 * went with the position. Real topics are deleted in tests/flow/test_faults_kafka_doors.py. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "kafka_mock.h"
#include "stream_kafka_limits.h"
#include "stream_kafka_mark.h"
#include "test_stream.h"

static struct kafka_mock mock;
static struct stream *s, *looks; /* the second one writes nothing: its readers join no group */

static void begin(int records)
{
    char value[8];
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "t", 1, 3), 0);
    s = kafka_mock_handle(&mock);
    mock.options.writer = SLICE_ABSENT;
    looks = kafka_mock_handle(&mock);
    for (int n = 0; n < records; n++) {
        snprintf(value, sizeof(value), "v%d", n);
        stream_bed_put(s, "t", "k", slice_str(value));
    }
}

static void end(void)
{
    stream_close(looks);
    stream_close(s);
    kafka_mock_close(&mock);
}

/* What the reader gives first that is not about its group. */
static enum stream_next first(struct stream_reader *r, struct stream_message *ret, struct err *e)
{
    enum stream_next got;
    struct pollfd p = {.fd = stream_reader_fd(r), .events = POLLIN};
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    while ((got = stream_next(r, ret, e)) == STREAM_NONE || got == STREAM_MOVED ||
           (got == STREAM_ERROR && e->retriable)) {
        ck_assert_msg(clock_mono_ms() < until, "nothing comes");
        if (got != STREAM_MOVED)
            poll(&p, 1, 100);
    }
    return got;
}

/* Reads so many of group g and commits what is before the last of them. */
static void read_some(int n)
{
    struct stream_message m = {0};
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST);
    for (int i = 0; i < n; i++)
        stream_bed_next(r, &m);
    stream_bed_commit(s, "g", &m);
    stream_reader_close(r);
}

static void expect_next(const char *group, const char *value)
{
    struct stream_message m;
    struct err e = {0};
    struct stream_reader *r = stream_bed_reader(looks, "t", group, STREAM_EARLIEST);
    ck_assert_msg(first(r, &m, &e) == STREAM_GOT, "%s", e.text);
    kit_assert_slice(m.value, slice_str(value));
    stream_reader_close(r);
}

START_TEST(the_same_log_goes_on)
{
    begin(6);
    read_some(3);
    expect_next("g", "v3");
    end();
}
END_TEST

START_TEST(a_position_of_another_tool_is_taken_as_it_is)
{
    begin(6);
    kafka_mock_commit(&mock, "g", "t", 0, 4, NULL);
    expect_next("g", "v4");
    kafka_mock_commit(&mock, "h", "t", 0, 2, "set by hand");
    expect_next("h", "v2");
    end();
}
END_TEST

/* Marks of records that this log does not have. */
static const char *const strange[] = {
    "weir1 3 1000 3 77", /* the record before the position is another one */
    "weir1 1 1000 3 77", /* one further back */
    "weir1 5 1000 3 77", /* the last one */
};
static const int64_t strange_at[] = {4, 4, 6};

START_TEST(another_log_is_told_and_read_from_its_beginning)
{
    struct stream_message m;
    struct err e = {0};
    begin(6);
    kafka_mock_commit(&mock, "g", "t", 0, strange_at[_i], strange[_i]);
    struct stream_reader *r = stream_bed_reader(looks, "t", "g", STREAM_EARLIEST);
    ck_assert_int_eq(first(r, &m, &e), STREAM_LOST);
    ck_assert_int_eq(m.lost_from, strange_at[_i]);
    ck_assert_int_ge(m.offset, m.lost_from);
    ck_assert_msg(strstr(e.text, "made anew") && strstr(e.text, "topic t"), "%s", e.text);
    for (int n = 0; n < 6; n++) {
        char value[8];
        snprintf(value, sizeof(value), "v%d", n);
        stream_bed_expect(r, value);
    }
    stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(positions_of_the_old_log_do_not_count_in_the_new_one)
{
    struct stream_message m;
    struct err e = {0};
    begin(6);
    kafka_mock_commit(&mock, "g", "t", 0, 4, strange[0]);
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST);
    ck_assert_int_eq(first(r, &m, &e), STREAM_LOST);
    stream_bed_expect(r, "v0");
    struct stream_message old = {
        .topic = SLICE("t"), .partition = SLICE("0"), .offset = 3}; /* done only now */
    stream_bed_commit(s, "g", &old);
    stream_bed_next(r, &m);
    kit_assert_slice(m.value, SLICE("v1"));
    stream_reader_close(r);
    ck_assert_int_eq(kafka_mock_position(&mock, "g", "t", 0), 4);
    r = stream_bed_reader(looks, "t", "g", STREAM_EARLIEST);
    ck_assert_int_eq(first(r, &m, &e), STREAM_LOST); /* told again: nothing was committed since */
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(marks_are_few_and_dense_at_the_end)
{
    struct kafka_marks marks = {0};
    for (int64_t n = 0; n < 100000; n++)
        kafka_marks_add(&marks, &(struct kafka_mark){.offset = n});
    ck_assert_uint_le(marks.n, KAFKA_MARKS);
    for (int64_t n = 99990; n <= 100000; n++)
        ck_assert_int_eq(kafka_marks_before(&marks, n).offset, n - 1);
    for (int64_t back = 10; back < 99999; back *= 2)
        ck_assert_int_ge(kafka_marks_before(&marks, 99999 - back).offset, 99999 - 5 * back);
    kafka_marks_add(&marks, &(struct kafka_mark){.offset = 50000}); /* sought back */
    ck_assert_int_eq(kafka_marks_before(&marks, 100000).offset, 50000);
    ck_assert_int_eq(kafka_marks_before(&marks, 0).offset, -1);
}
END_TEST

START_TEST(marks_survive_as_metadata)
{
    static const char *const others[] = {"",
                                         "weir1",
                                         "weir1 1 2 3",
                                         "weir1 9 2 3 4",
                                         "weir1 1 2 3 4 5",
                                         "weir1 -1 2 3 4",
                                         "weir2 1 2 3 4"};
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(all, "t", 0);
    struct kafka_mark mark = {
        .offset = 7, .time_ms = 1764000000000, .size = 1234, .sum = 4000000000};
    p->offset = 9;
    kafka_mark_attach(&mark, p);
    struct kafka_mark got = kafka_mark_attached(p);
    ck_assert(kafka_mark_same(&mark, &got));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        free(p->metadata);
        p->metadata = strdup(others[i]);
        p->metadata_size = strlen(others[i]);
        ck_assert_msg(kafka_mark_attached(p).offset == -1, "%s", others[i]);
    }
    kafka_mark_attach(&(struct kafka_mark){.offset = -1}, p);
    ck_assert_ptr_null(p->metadata);
    rd_kafka_topic_partition_list_destroy(all);
}
END_TEST

START_TEST(what_a_topic_takes_no_longer_is_refused_before_it_is_sent)
{
    struct kafka_conf c = {.record_max = 100000};
    struct kafka_limits l = {0};
    struct err e = {0};
    static const char big[5000];
    struct stream_record r = {SLICE("t"), SLICE("k"), slice_make(big, sizeof(big)), NULL, 0, false};
    ck_assert_int_eq(kafka_limits_check(&l, &c, &r, 1, &e), 0);
    kafka_limits_doubt(&l, "t", 1000);
    ck_assert(kafka_limits_hold(&l, 1000));
    ck_assert_int_eq(kafka_limits_check(&l, &c, &r, 1, &e), 0); /* not known yet */
    l.list[0].largest = 5050;
    ck_assert_int_eq(kafka_limits_check(&l, &c, &r, 1, &e), -1);
    ck_assert_int_eq(e.code, ERR_LIMIT);
    ck_assert_msg(strstr(e.text, "lowered to 5050"), "%s", e.text);
    l.list[0].largest = 5200;
    ck_assert_int_eq(kafka_limits_check(&l, &c, &r, 1, &e), 0);
    l.list[0].largest = 5050;
    r.topic = SLICE("other");
    ck_assert_int_eq(kafka_limits_check(&l, &c, &r, 1, &e), 0);
}
END_TEST

Suite *suite_kafka_anew(void)
{
    Suite *suite = suite_create("kafka_anew");
    TCase *t = tcase_create("kafka_anew");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, the_same_log_goes_on);
    tcase_add_test(t, a_position_of_another_tool_is_taken_as_it_is);
    tcase_add_loop_test(t, another_log_is_told_and_read_from_its_beginning, 0,
                        sizeof(strange) / sizeof(strange[0]));
    tcase_add_test(t, positions_of_the_old_log_do_not_count_in_the_new_one);
    tcase_add_test(t, marks_are_few_and_dense_at_the_end);
    tcase_add_test(t, marks_survive_as_metadata);
    tcase_add_test(t, what_a_topic_takes_no_longer_is_refused_before_it_is_sent);
    suite_add_tcase(suite, t);
    return suite;
}
