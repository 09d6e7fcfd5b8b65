#include <stdlib.h>
#include "stream_headers.h"
#include "test_stream.h"

static struct stream_header sample[2];

static void make_sample(void)
{
    sample[0] = (struct stream_header){SLICE("receipt"), SLICE("2026-03-03T08:12:00Z")};
    sample[1] = (struct stream_header){SLICE("e"), SLICE("")};
}

START_TEST(round_trip)
{
    char bytes[100];
    size_t n = stream_headers_size(sample, 2);
    ck_assert_uint_eq(n, 16 + 7 + 20 + 1);
    stream_headers_write(sample, 2, bytes);
    struct stream_header got[STREAM_HEADERS_MAX];
    ck_assert_int_eq(stream_headers_read(slice_make(bytes, n), got), 2);
    for (int i = 0; i < 2; i++) {
        kit_assert_slice(got[i].name, sample[i].name);
        kit_assert_slice(got[i].value, sample[i].value);
    }
    ck_assert_int_eq(stream_headers_read(SLICE_ABSENT, got), 0);
}
END_TEST

/* Cut anywhere, at the edge of a page: refused, unless the cut falls between two headers. */
START_TEST(cut_short)
{
    char bytes[100];
    size_t n = stream_headers_size(sample, 2), first = stream_headers_size(sample, 1);
    stream_headers_write(sample, 2, bytes);
    for (size_t cut = 1; cut < n; cut++) {
        struct kit_guard g;
        kit_guard_open(&g, slice_make(bytes, cut));
        struct stream_header got[STREAM_HEADERS_MAX];
        ck_assert_int_eq(stream_headers_read(g.bytes, got), cut == first ? 1 : -1);
        kit_guard_close(&g);
    }
}
END_TEST

START_TEST(too_many)
{
    struct stream_header many[STREAM_HEADERS_MAX + 1];
    for (int i = 0; i <= STREAM_HEADERS_MAX; i++)
        many[i] = sample[0];
    size_t n = stream_headers_size(many, STREAM_HEADERS_MAX + 1);
    char *bytes = malloc(n);
    stream_headers_write(many, STREAM_HEADERS_MAX + 1, bytes);
    struct stream_header got[STREAM_HEADERS_MAX];
    ck_assert_int_eq(stream_headers_read(slice_make(bytes, n), got), -1);
    free(bytes);
}
END_TEST

Suite *suite_headers(void)
{
    Suite *suite = suite_create("stream_headers");
    TCase *cases = tcase_create("headers");
    tcase_add_checked_fixture(cases, make_sample, NULL);
    tcase_add_test(cases, round_trip);
    tcase_add_test(cases, cut_short);
    tcase_add_test(cases, too_many);
    suite_add_tcase(suite, cases);
    return suite;
}
