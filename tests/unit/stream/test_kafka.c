/* test_kafka.c - what the Kafka engine does when things go wrong, on librdkafka's mock of Kafka:
 * errors at will, nodes that go away. What needs real nodes is in the conformance suite. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "kafka_mock.h"
#include "test_stream.h"

static struct kafka_mock mock;

/* The order in which callbacks ran, and what they said. */
struct story {
    char text[512];
    struct err last;
    struct stream *s;
    unsigned calls;
};
struct line {
    struct story *story;
    const char *name;
};

static void tell(void *arg, const struct err *e)
{
    struct line *l = arg;
    size_t n = strlen(l->story->text);
    snprintf(l->story->text + n, sizeof(l->story->text) - n, "%s%s ", l->name, e ? "!" : "");
    if (e)
        l->story->last = *e;
    l->story->calls++;
}

static void append(struct stream *s, struct line *l, const char *topic)
{
    struct stream_record r = {slice_str(topic), SLICE("k"), slice_str(l->name), NULL, 0};
    struct err e = {0};
    ck_assert_msg(stream_append(s, &r, 1, tell, l, &e) == STREAM_OK, "%s", e.text);
}

static void wait_calls(struct stream *s, const struct story *story, unsigned calls)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS, left;
    struct pollfd p = {.fd = stream_fd(s), .events = POLLIN};
    while (story->calls < calls) {
        left = until - clock_mono_ms();
        ck_assert_msg(left > 0 && poll(&p, 1, (int)left) == 1, "only: %s", story->text);
        stream_dispatch(s);
    }
}

static void refuse(const struct stream_property *p, unsigned n, const char *says)
{
    struct stream *s;
    struct err e = {0};
    mock.options.properties = p;
    mock.options.nproperties = n;
    ck_assert_int_eq(stream_open(&mock.options, &s, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONF);
    ck_assert_msg(strstr(e.text, says) != NULL, "%s", e.text);
}

START_TEST(properties_are_checked)
{
    static const struct {
        const char *name, *value, *says;
    } bad[] = {
        {"linger.mss", "5", "did you mean linger.ms?"},
        {"socket.nagle.disabel", "true", "did you mean socket.nagle.disable?"},
        {"linger.ms", "soon", "property linger.ms: Invalid value"},
        {"acks", "1", "allow_unsafe"},
        {"enable.idempotence", "false", "allow_unsafe"},
        {"partitioner", "consistent_random", "allow_unsafe"},
        {"isolation.level", "read_uncommitted", "allow_unsafe"},
        {"message.timeout.ms", "1000", "append_timeout"},
        {"delivery.timeout.ms", "1000", "append_timeout"},
        {"bootstrap.servers", "elsewhere:9092", "stream.kafka.nodes"},
        {"transactional.id", "x", "may not be set"},
        {"message.max.bytes", "50000", "50000 is too small for records of record_max = 100000"},
    };
    kafka_mock_open(&mock);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct stream_property p = {slice_str(bad[i].name), slice_str(bad[i].value)};
        refuse(&p, 1, bad[i].says);
    }
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(properties_pass_through)
{
    kafka_mock_open(&mock);
    struct stream_property p[] = {{SLICE("linger.ms"), SLICE("7")},
                                  {SLICE("acks"), SLICE("all")},
                                  {SLICE("enable.idempotence"), SLICE("true")},
                                  {SLICE("compression.codec"), SLICE("lz4")}};
    mock.options.properties = p;
    mock.options.nproperties = 4;
    struct stream *s = kafka_mock_handle(&mock);
    char value[16];
    size_t n = sizeof(value);
    rd_kafka_conf_get(rd_kafka_conf(kafka_mock_client(s)), "linger.ms", value, &n);
    ck_assert_str_eq(value, "7");
    stream_bed_put(s, "t", "k", SLICE("v"));
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(unsafe_only_where_allowed)
{
    kafka_mock_open(&mock);
    struct stream_property p[] = {{SLICE("enable.idempotence"), SLICE("false")},
                                  {SLICE("acks"), SLICE("1")}};
    mock.options.properties = p;
    mock.options.nproperties = 2;
    mock.options.allow_unsafe = true;
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("v"));
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
    struct line a = {&story, "a"}, b = {&story, "b"}, c = {&story, "c"};
    append(s, &a, "t");
    append(s, &b, "t");
    append(s, &c, "t");
    ck_assert_uint_eq(story.calls, 0);
    wait_calls(s, &story, 3);
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
    struct line a = {&story, "a"}, b = {&story, "b"}, c = {&story, "c"};
    append(s, &a, "t");
    append(s, &b, "t");
    append(s, &c, "t");
    wait_calls(s, &story, 3);
    ck_assert_str_eq(story.text, "a! b! c! ");
    ck_assert(story.last.retriable);
    ck_assert_msg(strstr(story.last.text, "Kafka refuses this user the topic") != NULL, "%s",
                  story.last.text);
    append(s, &a, "t");
    append(s, &b, "t");
    append(s, &c, "t");
    wait_calls(s, &story, 6);
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
    struct line a = {&story, "a"}, b = {&story, "b"};
    append(s, &a, "t");
    append(s, &b, "t");
    rd_kafka_t *old = kafka_mock_client(s);
    ck_assert_int_eq(
        rd_kafka_test_fatal_error(old, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test"),
        0);
    wait_calls(s, &story, 2);
    ck_assert_str_eq(story.text, "a! b! ");
    ck_assert(story.last.retriable);
    kafka_mock_down(&mock, false);
    append(s, &a, "t");
    append(s, &b, "t");
    wait_calls(s, &story, 4);
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
    struct line a = {&story, "a"}, b = {&story, "b"};
    append(s, &a, "t");
    append(s, &b, "t");
    struct stream_record r = {SLICE("t"), SLICE("k"), SLICE("c"), NULL, 0};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, &r, 1, tell, &a, &e), STREAM_FULL);
    wait_calls(s, &story, 2);
    ck_assert_str_eq(story.text, "a! b! ");
    ck_assert(story.last.retriable);
    ck_assert_int_eq(story.last.code, ERR_PEER);
    ck_assert_msg(strstr(story.last.text, "Kafka does not answer") != NULL, "%s", story.last.text);
    ck_assert_msg(strstr(story.last.text, "onnect") != NULL, "%s", story.last.text);
    kafka_mock_down(&mock, false);
    append(s, &a, "t");
    append(s, &b, "t");
    wait_calls(s, &story, 4);
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
    struct stream_record r = {SLICE("t"), SLICE("k"), {big, sizeof(big)}, NULL, 0};
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

START_TEST(a_record_too_large_for_the_topic_is_told)
{
    kafka_mock_open(&mock);
    struct stream *s = kafka_mock_handle(&mock);
    stream_bed_put(s, "t", "k", SLICE("first"));
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct story story = {0};
    struct line a = {&story, "a"};
    append(s, &a, "t");
    wait_calls(s, &story, 1);
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
    struct line a = {&story, "a"};
    append(s, &a, "t");
    wait_calls(s, &story, 1);
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
    struct line a = {&story, "a"};
    append(s, &a, "t");
    int64_t began = clock_mono_ms();
    stream_close(s);
    ck_assert_str_eq(story.text, "a! ");
    ck_assert_int_lt(clock_mono_ms() - began, 5000);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(positions_follow_their_records)
{
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "north.in", 4, 3), 0);
    mock.options.prefix = SLICE("north.");
    struct stream *s = kafka_mock_handle(&mock);
    struct stream_record r = {SLICE("out"), SLICE("k"), SLICE("v"), NULL, 0};
    struct stream_position p[] = {{SLICE("g"), SLICE("in"), SLICE("3"), 17},
                                  {SLICE("h"), SLICE("in"), SLICE("1"), 5},
                                  {SLICE("g"), SLICE("in"), SLICE("3"), 18}};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_int_eq(stream_forward(s, &r, 1, p, 3, stream_bed_done, &t, &e), STREAM_OK);
    stream_bed_wait(s, &t, 1);
    ck_assert_msg(t.durable == 1, "%s", t.last.text);
    ck_assert_int_eq(kafka_mock_position(&mock, "north.g", "north.in", 3), 18);
    ck_assert_int_eq(kafka_mock_position(&mock, "north.h", "north.in", 1), 5);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(a_group_whose_node_is_away_is_asked_again)
{
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "in", 4, 3), 0);
    struct stream *s = kafka_mock_handle(&mock);
    static const rd_kafka_resp_err_t away[] = {
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR};
    rd_kafka_mock_push_request_errors_array(mock.cluster, MOCK_OFFSET_COMMIT,
                                            sizeof(away) / sizeof(away[0]), away);
    struct story story = {0};
    struct line a = {&story, "a"}, b = {&story, "b"};
    struct stream_position p = {SLICE("g"), SLICE("in"), SLICE("3"), 17};
    struct err e = {0};
    ck_assert_int_eq(stream_forward(s, NULL, 0, &p, 1, tell, &a, &e), STREAM_OK);
    append(s, &b, "t");
    wait_calls(s, &story, 2);
    ck_assert_str_eq(story.text, "a b ");
    ck_assert_int_eq(kafka_mock_position(&mock, "g", "in", 3), 17);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(a_position_that_cannot_move_fails_its_set)
{
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "in", 4, 3), 0);
    struct stream *s = kafka_mock_handle(&mock);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    struct story story = {0};
    struct line a = {&story, "a"}, b = {&story, "b"};
    struct stream_position p = {SLICE("g"), SLICE("in"), SLICE("3"), 17};
    struct err e = {0};
    ck_assert_int_eq(stream_forward(s, NULL, 0, &p, 1, tell, &a, &e), STREAM_OK);
    append(s, &b, "t");
    wait_calls(s, &story, 2);
    ck_assert_str_eq(story.text, "a! b! ");
    ck_assert_msg(strstr(story.last.text, "consumer group g") != NULL, "%s", story.last.text);
    ck_assert_int_eq(stream_forward(s, NULL, 0, &p, 1, tell, &a, &e), STREAM_OK);
    wait_calls(s, &story, 3);
    ck_assert_int_eq(kafka_mock_position(&mock, "g", "in", 3), 17);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

Suite *suite_kafka(void)
{
    Suite *suite = suite_create("kafka");
    TCase *t = tcase_create("kafka");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, properties_are_checked);
    tcase_add_test(t, properties_pass_through);
    tcase_add_test(t, unsafe_only_where_allowed);
    tcase_add_test(t, records_arrive_in_order_under_the_prefix);
    tcase_add_test(t, a_refused_record_takes_those_behind_it);
    tcase_add_test(t, a_fatal_client_is_replaced);
    tcase_add_test(t, without_nodes_the_queue_fills_and_then_senders_hear);
    tcase_add_test(t, the_queue_is_bounded_in_bytes);
    tcase_add_test(t, a_record_too_large_for_the_topic_is_told);
    tcase_add_test(t, too_few_replicas_are_waited_for);
    tcase_add_test(t, closing_does_not_hang);
    tcase_add_test(t, positions_follow_their_records);
    tcase_add_test(t, a_group_whose_node_is_away_is_asked_again);
    tcase_add_test(t, a_position_that_cannot_move_fails_its_set);
    suite_add_tcase(suite, t);
    return suite;
}
