/* test_kafka.c - what the Kafka engine does when things go wrong, on librdkafka's mock of Kafka:
 * errors at will, nodes that go away. What needs real nodes is in the conformance suite. */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "kafka_mock.h"
#include "kafka_story.h"
#include "test_stream.h"

static struct kafka_mock mock;

/* Threads of librdkafka in this process that may use every processor that this one may. */
static unsigned clients_everywhere(void)
{
    cpu_set_t all, is;
    unsigned n = 0;
    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    DIR *tasks = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(tasks);
    for (struct dirent *e; (e = readdir(tasks));) {
        char path[64], name[16] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%.32s/comm", e->d_name);
        FILE *f = fopen(path, "r");
        if (f && fgets(name, sizeof(name), f) && strncmp(name, "rdk:", 4) == 0 &&
            sched_getaffinity((pid_t)strtol(e->d_name, NULL, 10), sizeof(is), &is) == 0)
            n += CPU_EQUAL(&is, &all) ? 1U : 0U;
        if (f)
            fclose(f);
    }
    closedir(tasks);
    return n;
}

/* Where a linger is given threads run where Linux puts them. */
START_TEST(threads_of_a_client_that_is_pushed_stay_apart)
{
    struct stream_property linger = {SLICE("linger.ms"), SLICE("0")};
    cpu_set_t all;
    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    kafka_mock_open(&mock);
    mock.options.properties = &linger;
    mock.options.nproperties = 1;
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("v"));
    ck_assert_uint_gt(clients_everywhere(), 0);
    stream_close(s);
    mock.options.nproperties = 0;
    s = kafka_mock_handle(&mock);
    int64_t until = clock_mono_ms() + 10000; /* one that was just started is seen the next time */
    do
        stream_bed_put(s, "t", "k", SLICE("v"));
    while (CPU_COUNT(&all) > 1 && clients_everywhere() && clock_mono_ms() < until);
    ck_assert_int_eq(clients_everywhere() == 0, CPU_COUNT(&all) > 1);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(records_arrive_in_order_under_the_prefix)
{
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "north.t", 1, 3), 0);
    mock.options.prefix = SLICE("north.");
    struct stream *s = kafka_mock_handle(&mock);
    struct story story = {0};
    struct story_line a = {&story, "a"}, b = {&story, "b"}, c = {&story, "c"};
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    story_append(s, &c, "t");
    ck_assert_uint_eq(story.calls, 0);
    story_wait(s, &story, 3);
    ck_assert_str_eq(story.text, "a b c ");
    stream_close(s);
    char got[64];
    kafka_mock_read(&mock, "north.t", 0, 3, got, sizeof(got));
    ck_assert_str_eq(got, "a b c");
    kafka_mock_close(&mock);
}
END_TEST

/* One record is refused for good: it and all behind it fail, in order; appended again they arrive
 * in order, and nothing of them stood before the hole. */
START_TEST(a_refused_record_takes_those_behind_it)
{
    /* In one request: the mock, unlike Kafka, would take the sequence after a refused one. */
    struct stream_property together = {SLICE("linger.ms"), SLICE("50")};
    kafka_mock_open(&mock);
    mock.options.properties = &together;
    mock.options.nproperties = 1;
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "t", 1, 3), 0);
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("first"));
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct story story = {0};
    struct story_line a = {&story, "a"}, b = {&story, "b"}, c = {&story, "c"};
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    story_append(s, &c, "t");
    story_wait(s, &story, 3);
    ck_assert_str_eq(story.text, "a! b! c! ");
    ck_assert(story.last.retriable);
    ck_assert_msg(strstr(story.last.text, "Kafka refuses this user the topic") != NULL, "%s",
                  story.last.text);
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    story_append(s, &c, "t");
    story_wait(s, &story, 6);
    ck_assert_str_eq(story.text, "a! b! c! a b c ");
    stream_close(s);
    char got[64];
    kafka_mock_read(&mock, "t", 0, 4, got, sizeof(got));
    ck_assert_str_eq(got, "first a b c");
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(a_fatal_client_is_replaced)
{
    kafka_mock_open(&mock);
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("before"));
    kafka_mock_down(&mock, true);
    struct story story = {0};
    struct story_line a = {&story, "a"}, b = {&story, "b"};
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    rd_kafka_t *old = kafka_mock_client(s);
    ck_assert_int_eq(
        rd_kafka_test_fatal_error(old, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test"),
        0);
    story_wait(s, &story, 2);
    ck_assert_str_eq(story.text, "a! b! ");
    ck_assert(story.last.retriable);
    kafka_mock_down(&mock, false);
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    story_wait(s, &story, 4);
    ck_assert_str_eq(story.text, "a! b! a b ");
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(without_nodes_the_queue_fills_and_then_senders_hear)
{
    kafka_mock_open(&mock);
    kafka_mock_down(&mock, true);
    mock.options.queue_records = 2;
    mock.options.append_timeout_ms = 300;
    int64_t began = clock_mono_ms();
    struct stream *s = kafka_mock_handle(&mock); /* opens all the same */
    ck_assert_int_lt(clock_mono_ms() - began, 8000);
    struct story story = {0};
    struct story_line a = {&story, "a"}, b = {&story, "b"};
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    struct stream_record r = {SLICE("t"), SLICE("k"), SLICE("c"), NULL, 0, false};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, &r, 1, story_tell, &a, &e), STREAM_FULL);
    story_wait(s, &story, 2);
    ck_assert_str_eq(story.text, "a! b! ");
    ck_assert(story.last.retriable);
    ck_assert_int_eq(story.last.code, ERR_PEER);
    ck_assert_msg(strstr(story.last.text, "Kafka does not answer") != NULL, "%s", story.last.text);
    ck_assert_msg(strstr(story.last.text, "onnect") != NULL, "%s", story.last.text);
    kafka_mock_down(&mock, false);
    story_append(s, &a, "t");
    story_append(s, &b, "t");
    story_wait(s, &story, 4);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(the_queue_is_bounded_in_bytes)
{
    kafka_mock_open(&mock);
    mock.options.record_max = 1000;
    mock.options.queue_bytes = 1500;
    struct stream *s = kafka_mock_handle(&mock);
    char big[900] = {0};
    struct stream_record r = {SLICE("t"), SLICE("k"), {big, sizeof(big)}, NULL, 0, false};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_OK);
    ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_FULL);
    stream_bed_wait(s, &t, 1);
    ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 2);
    ck_assert_uint_eq(t.durable, 2);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

/* Reports count as records of the client until they are freed, and what waits is given
 * before that. */
START_TEST(a_small_queue_goes_on)
{
    enum { ROUNDS = 50 };
    kafka_mock_open(&mock);
    mock.options.queue_records = 2;
    struct stream *s = kafka_mock_handle(&mock);
    struct stream_record r = {SLICE("t"), SLICE("k"), SLICE("v"), NULL, 0, false};
    struct stream_record two[] = {r, r};
    struct stream_tally t = {0};
    struct err e = {0};
    for (unsigned i = 1; i <= ROUNDS; i++) {
        ck_assert_int_eq(stream_append(s, two, 2, stream_bed_done, &t, &e), STREAM_OK);
        stream_bed_wait(s, &t, i);
    }
    ck_assert_uint_eq(t.durable, ROUNDS);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(a_record_too_large_for_the_topic_is_told)
{
    kafka_mock_open(&mock);
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("first"));
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct story story = {0};
    struct story_line a = {&story, "a"};
    story_append(s, &a, "t");
    story_wait(s, &story, 1);
    ck_assert_int_eq(story.last.code, ERR_LIMIT);
    ck_assert(!story.last.retriable);
    ck_assert_msg(strstr(story.last.text, "max.message.bytes") != NULL, "%s", story.last.text);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(too_few_replicas_are_waited_for)
{
    kafka_mock_open(&mock);
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("first"));
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    struct story story = {0};
    struct story_line a = {&story, "a"};
    story_append(s, &a, "t");
    story_wait(s, &story, 1);
    ck_assert_str_eq(story.text, "a ");
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(closing_does_not_hang)
{
    kafka_mock_open(&mock);
    mock.options.append_timeout_ms = 500;
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("first"));
    kafka_mock_down(&mock, true);
    struct story story = {0};
    struct story_line a = {&story, "a"};
    story_append(s, &a, "t");
    int64_t began = clock_mono_ms();
    stream_close(s);
    ck_assert_str_eq(story.text, "a! ");
    ck_assert_int_lt(clock_mono_ms() - began, 5000);
    kafka_mock_close(&mock);
}
END_TEST

Suite *suite_kafka(void)
{
    Suite *suite = suite_create("kafka");
    TCase *t = tcase_create("kafka");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, records_arrive_in_order_under_the_prefix);
    tcase_add_test(t, threads_of_a_client_that_is_pushed_stay_apart);
    tcase_add_test(t, a_refused_record_takes_those_behind_it);
    tcase_add_test(t, a_fatal_client_is_replaced);
    tcase_add_test(t, without_nodes_the_queue_fills_and_then_senders_hear);
    tcase_add_test(t, the_queue_is_bounded_in_bytes);
    tcase_add_test(t, a_small_queue_goes_on);
    tcase_add_test(t, a_record_too_large_for_the_topic_is_told);
    tcase_add_test(t, too_few_replicas_are_waited_for);
    tcase_add_test(t, closing_does_not_hang);
    suite_add_tcase(suite, t);
    return suite;
}
