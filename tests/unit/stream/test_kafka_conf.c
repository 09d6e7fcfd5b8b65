/* test_kafka_conf.c - properties of librdkafka that a config may set, and those that would break a
 * promise. */
#include <string.h>
#include "kafka_mock.h"
#include "test_stream.h"

static struct kafka_mock mock;

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

Suite *suite_kafka_conf(void)
{
    Suite *suite = suite_create("kafka_conf");
    TCase *t = tcase_create("kafka_conf");
    tcase_set_timeout(t, 180);
    tcase_add_test(t, properties_are_checked);
    tcase_add_test(t, properties_pass_through);
    tcase_add_test(t, unsafe_only_where_allowed);
    suite_add_tcase(suite, t);
    return suite;
}
