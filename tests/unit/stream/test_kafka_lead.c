/* test_kafka_lead.c - who leads on Kafka, on librdkafka's mock of it: one at a time, handed over at
 * close, ended by a fatal client. Fencing, kills and positions are seen on real nodes only:
 * the mock has no transactions behind its answers. */
#include <poll.h>
#include "clock.h"
#include "kafka_mock.h"
#include "stream_kafka_lead.h"
#include "test_stream.h"

static struct kafka_mock mock;

struct seat {
    struct stream *s;
    bool leads;
    unsigned begun, ended;
    struct err why;
};

static void on_lead(void *arg, bool leads, const struct err *why)
{
    struct seat *seat = arg;
    if (leads)
        seat->begun++;
    else if (seat->leads)
        seat->ended++;
    if (why)
        seat->why = *why;
    seat->leads = leads;
}

static void sit(struct seat *seat)
{
    struct err e = {0};
    *seat = (struct seat){.s = kafka_mock_handle(&mock)};
    ck_assert_msg(stream_lead(seat->s, SLICE("journey"), on_lead, seat, &e) == 0, "%s", e.text);
}

/* Dispatches both until one of them has begun so many terms. */
static void wait_begun(struct seat *seat, struct seat *other, unsigned begun)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    while (seat->begun < begun) {
        struct pollfd p[2] = {{.fd = stream_fd(seat->s), .events = POLLIN},
                              {.fd = other ? stream_fd(other->s) : -1, .events = POLLIN}};
        int64_t left = until - clock_mono_ms();
        ck_assert_msg(left > 0 && poll(p, 2, (int)left) > 0, "nobody leads: %s", seat->why.text);
        stream_dispatch(seat->s);
        if (other)
            stream_dispatch(other->s);
    }
}

static enum stream_result forward(struct seat *seat, int64_t next, struct stream_tally *t)
{
    struct stream_record r = {SLICE("out"), SLICE("k"), SLICE("v"), NULL, 0, false};
    struct stream_position p = {SLICE("journey"), SLICE("in"), SLICE("0"), next};
    struct err e = {0};
    return stream_forward(seat->s, &r, 1, &p, 1, stream_bed_done, t, &e);
}

static void begin(void)
{
    kafka_mock_open(&mock);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "north.flow.lead", 1, 3), 0);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "north.out", 1, 3), 0);
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock.cluster, "north.in", 1, 3), 0);
    mock.options.prefix = SLICE("north.");
}

START_TEST(a_leaders_forwards_are_durable)
{
    begin();
    struct seat seat;
    struct stream_tally t = {0};
    sit(&seat);
    ck_assert_int_eq(forward(&seat, 1, &t), STREAM_FULL); /* it does not lead yet */
    wait_begun(&seat, NULL, 1);
    for (int64_t next = 1; next <= 50; next++)
        ck_assert_int_eq(forward(&seat, next, &t), STREAM_OK);
    stream_bed_wait(seat.s, &t, 50);
    ck_assert_msg(t.durable == 50, "%s", t.last.text);
    stream_bed_put(seat.s, "out", "k", SLICE("plain")); /* the other order goes on beside it */
    stream_close(seat.s);
    ck_assert_uint_eq(seat.ended, 0); /* not from within the close */
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(one_leads_and_closing_hands_over)
{
    begin();
    struct seat first, second;
    sit(&first);
    wait_begun(&first, NULL, 1);
    sit(&second);
    struct stream_tally t = {0};
    for (int64_t next = 1; next <= 20; next++) { /* a standby that joins moves nothing */
        ck_assert_int_eq(forward(&first, next, &t), STREAM_OK);
        stream_bed_wait(first.s, &t, (unsigned)next);
        stream_dispatch(second.s);
    }
    ck_assert_uint_eq(t.failed, 0);
    ck_assert_uint_eq(second.begun, 0);
    stream_close(first.s);
    int64_t began = clock_mono_ms();
    wait_begun(&second, NULL, 1);
    ck_assert_int_lt(clock_mono_ms() - began, 10000);
    ck_assert_int_eq(forward(&second, 21, &t), STREAM_OK);
    stream_bed_wait(second.s, &t, 21);
    ck_assert_msg(t.durable == 21, "%s", t.last.text);
    stream_close(second.s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(a_fatal_client_ends_the_term_and_the_next_begins)
{
    begin();
    struct seat seat;
    struct stream_tally t = {0};
    sit(&seat);
    wait_begun(&seat, NULL, 1);
    ck_assert_int_eq(rd_kafka_test_fatal_error(kafka_lead_client(kafka_of(seat.s)->lead),
                                               RD_KAFKA_RESP_ERR__FENCED, "a test"),
                     0);
    ck_assert_int_eq(forward(&seat, 1, &t), STREAM_OK);
    stream_bed_wait(seat.s, &t, 1);
    ck_assert_uint_eq(t.failed, 1);
    ck_assert(t.last.retriable);
    ck_assert_uint_eq(seat.ended, 1);
    ck_assert_msg(strstr(seat.why.text, "another process took over") != NULL, "%s", seat.why.text);
    wait_begun(&seat, NULL, 2);
    ck_assert_int_eq(forward(&seat, 1, &t), STREAM_OK);
    stream_bed_wait(seat.s, &t, 2);
    ck_assert_msg(t.durable == 1, "%s", t.last.text);
    stream_close(seat.s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(a_refused_record_fails_its_unit_and_the_leader_stays)
{
    begin();
    struct seat seat;
    struct stream_tally t = {0};
    sit(&seat);
    wait_begun(&seat, NULL, 1);
    rd_kafka_mock_push_request_errors(mock.cluster, MOCK_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    ck_assert_int_eq(forward(&seat, 1, &t), STREAM_OK);
    stream_bed_wait(seat.s, &t, 1);
    ck_assert_uint_eq(t.failed, 1);
    ck_assert_msg(strstr(t.last.text, "topic out: the record is larger") != NULL, "%s",
                  t.last.text);
    ck_assert(seat.leads);
    for (int tries = 2; !t.durable && tries < 10; tries++) { /* its epoch may be bumped meanwhile */
        ck_assert_int_eq(forward(&seat, 1, &t), STREAM_OK);
        stream_bed_wait(seat.s, &t, (unsigned)tries);
    }
    ck_assert_msg(t.durable == 1, "%s", t.last.text);
    ck_assert_uint_eq(seat.ended, 0);
    stream_close(seat.s);
    kafka_mock_close(&mock);
}
END_TEST

START_TEST(closing_without_nodes_does_not_hang)
{
    begin();
    struct seat seat;
    struct stream_tally t = {0};
    mock.options.append_timeout_ms = 1000;
    sit(&seat);
    wait_begun(&seat, NULL, 1);
    kafka_mock_down(&mock, true);
    ck_assert_int_eq(forward(&seat, 1, &t), STREAM_OK);
    int64_t began = clock_mono_ms();
    stream_close(seat.s);
    ck_assert_uint_eq(t.failed, 1);
    ck_assert(t.last.retriable);
    ck_assert_int_lt(clock_mono_ms() - began, 20000);
    kafka_mock_close(&mock);
}
END_TEST

Suite *suite_kafka_lead(void)
{
    Suite *suite = suite_create("kafka_lead");
    TCase *t = tcase_create("kafka_lead");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, a_leaders_forwards_are_durable);
    tcase_add_test(t, one_leads_and_closing_hands_over);
    tcase_add_test(t, a_fatal_client_ends_the_term_and_the_next_begins);
    tcase_add_test(t, a_refused_record_fails_its_unit_and_the_leader_stays);
    tcase_add_test(t, closing_without_nodes_does_not_hang);
    suite_add_tcase(suite, t);
    return suite;
}
