/* test_kafka_headers.c - how the headers of a record stand on Kafka. */
#include <string.h>
#include "stream_kafka_headers.h"
#include "test_stream.h"

static rd_kafka_headers_t *headers;

static void make(const struct stream_header *h, unsigned n, bool own)
{
    struct stream_record r = {SLICE("t"), SLICE("k"), SLICE("v"), h, n, own};
    headers = kafka_headers_of(&r);
}

static void is_at(size_t at, const char *name, const char *value)
{
    const char *is;
    const void *has;
    size_t size;
    ck_assert_int_eq(rd_kafka_header_get_all(headers, at, &is, &has, &size), 0);
    ck_assert_str_eq(is, name);
    kit_assert_slice(slice_make(has, size), slice_str(value));
}

static void end(size_t n)
{
    ck_assert_uint_eq(rd_kafka_header_cnt(headers), n);
    rd_kafka_headers_destroy(headers);
}

START_TEST(those_that_only_weir_reads_stand_together)
{
    struct stream_header h[] = {{SLICE("source"), SLICE("pas")},
                                {SLICE("ce_id"), SLICE("1")},
                                {SLICE("content-type"), SLICE("a/b")},
                                {SLICE("verdict"), SLICE("events")}};
    make(h, 4, true);
    is_at(0, "weir", "source=pas;ce_id=1;content-type=a/b;verdict=events");
    end(1);
}
END_TEST

START_TEST(those_for_others_stand_alone)
{
    struct stream_header h[] = {{SLICE("received"), SLICE("now")}, {SLICE("merge"), SLICE("x")}};
    make(h, 2, false);
    is_at(0, "received", "now");
    is_at(1, "merge", "x");
    end(2);
}
END_TEST

START_TEST(what_could_not_be_told_apart_stands_alone)
{
    static char large[1025];
    memset(large, 'x', sizeof(large) - 1);
    struct stream_header h[] = {{SLICE("a"), SLICE("1;b=2")},
                                {SLICE("c=d"), SLICE("3")},
                                {SLICE("e"), slice_str(large)},
                                {SLICE("f"), SLICE("g=h")}};
    make(h, 4, true);
    is_at(0, "a", "1;b=2");
    is_at(1, "c=d", "3");
    is_at(2, "e", large);
    is_at(3, "weir", "f=g=h");
    end(4);
}
END_TEST

Suite *suite_kafka_headers(void)
{
    Suite *suite = suite_create("kafka_headers");
    TCase *t = tcase_create("kafka_headers");
    tcase_add_test(t, those_that_only_weir_reads_stand_together);
    tcase_add_test(t, those_for_others_stand_alone);
    tcase_add_test(t, what_could_not_be_told_apart_stands_alone);
    suite_add_tcase(suite, t);
    return suite;
}
