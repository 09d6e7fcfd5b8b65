/* test_kafka_positions.c - positions of groups that go with records, on librdkafka's mock of Kafka.
 */
#include <string.h>
#include "kafka_mock.h"
#include "kafka_story.h"
#include "test_stream.h"

static struct kafka_mock mock;

START_TEST(positions_follow_their_records)
{
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "north.in", 4, 3), 0);
    mock.options.prefix = SLICE("north.");
    struct stream *s = kafka_mock_handle(&mock);
    struct stream_record r = {SLICE("out"), SLICE("k"), SLICE("v"), NULL, 0, false};
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
    struct story_line a = {&story, "a"}, b = {&story, "b"};
    struct stream_position p = {SLICE("g"), SLICE("in"), SLICE("3"), 17};
    struct err e = {0};
    ck_assert_int_eq(stream_forward(s, NULL, 0, &p, 1, story_tell, &a, &e), STREAM_OK);
    story_append(s, &b, "t");
    story_wait(s, &story, 2);
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
    struct story_line a = {&story, "a"}, b = {&story, "b"};
    struct stream_position p = {SLICE("g"), SLICE("in"), SLICE("3"), 17};
    struct err e = {0};
    ck_assert_int_eq(stream_forward(s, NULL, 0, &p, 1, story_tell, &a, &e), STREAM_OK);
    story_append(s, &b, "t");
    story_wait(s, &story, 2);
    ck_assert_str_eq(story.text, "a! b! ");
    ck_assert_msg(strstr(story.last.text, "consumer group g") != NULL, "%s", story.last.text);
    ck_assert_int_eq(stream_forward(s, NULL, 0, &p, 1, story_tell, &a, &e), STREAM_OK);
    story_wait(s, &story, 3);
    ck_assert_int_eq(kafka_mock_position(&mock, "g", "in", 3), 17);
    stream_close(s);
    kafka_mock_close(&mock);
}
END_TEST

Suite *suite_kafka_positions(void)
{
    Suite *suite = suite_create("kafka_positions");
    TCase *t = tcase_create("kafka_positions");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, positions_follow_their_records);
    tcase_add_test(t, a_group_whose_node_is_away_is_asked_again);
    tcase_add_test(t, a_position_that_cannot_move_fails_its_set);
    suite_add_tcase(suite, t);
    return suite;
}
