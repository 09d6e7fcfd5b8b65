#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include "kit.h"
#include "process_suites.h"

START_TEST(test_text)
{
    static const double bounds[] = {0.1, 1};
    struct metrics *m = metrics_open();
    struct buf out;
    buf_init(&out, 1 << 16);
    struct metric *c = metrics_counter(m, "weir_things_total", "Things.", "source code", 8);
    struct metric *g = metrics_gauge(m, "weir_age_seconds", "Age.", NULL, 1);
    struct metric *h = metrics_histogram(m, "weir_wait_seconds", "Wait.", "source", 2, bounds, 2);
    metrics_gauge(m, "weir_unused_bytes", "Not shown without a series.", NULL, 1);
    struct slice labels[] = {SLICE("a\"b\\\n"), SLICE("AA")};
    series_add(metric_series(c, labels), 3);
    series_add(metric_series(c, labels), 4);
    series_set(metric_of(g, SLICE_ABSENT), 1.5);
    struct series *s = metric_of(h, SLICE("x"));
    series_observe(s, 0.1);
    series_observe(s, 0.5);
    series_observe(s, 7);
    metrics_write(m, &out);
    ck_assert_str_eq(buf_cstr(&out), "# HELP weir_things_total Things.\n"
                                     "# TYPE weir_things_total counter\n"
                                     "weir_things_total{source=\"a\\\"b\\\\?\",code=\"AA\"} 7\n"
                                     "# HELP weir_age_seconds Age.\n"
                                     "# TYPE weir_age_seconds gauge\n"
                                     "weir_age_seconds 1.5\n"
                                     "# HELP weir_wait_seconds Wait.\n"
                                     "# TYPE weir_wait_seconds histogram\n"
                                     "weir_wait_seconds_bucket{source=\"x\",le=\"0.1\"} 1\n"
                                     "weir_wait_seconds_bucket{source=\"x\",le=\"1\"} 2\n"
                                     "weir_wait_seconds_bucket{source=\"x\",le=\"+Inf\"} 3\n"
                                     "weir_wait_seconds_sum{source=\"x\"} 7.6\n"
                                     "weir_wait_seconds_count{source=\"x\"} 3\n");
    buf_fini(&out);
    metrics_close(m);
}
END_TEST

START_TEST(test_series_are_bounded)
{
    struct metrics *m = metrics_open();
    struct buf out;
    buf_init(&out, 1 << 16);
    struct metric *c = metrics_counter(m, "weir_things_total", "Things.", "code", 3);
    ck_assert_ptr_eq(metrics_counter(m, "weir_things_total", "Things.", "code", 3), c);
    for (int i = 0; i < 100; i++) {
        char text[8];
        snprintf(text, sizeof(text), "%d", i);
        series_add(metric_of(c, slice_str(text)), 1);
    }
    ck_assert_ptr_eq(metric_of(c, SLICE("98")), metric_of(c, SLICE("99")));
    ck_assert_ptr_ne(metric_of(c, SLICE("0")), metric_of(c, SLICE("1")));
    ck_assert_double_eq(series_value(metric_of(c, SLICE("99"))), 97);
    metrics_write(m, &out);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "{code=\"other\"} 97\n"));
    buf_fini(&out);
    metrics_close(m);
}
END_TEST

START_TEST(test_nothing_is_borne)
{
    series_add(metric_of(NULL, SLICE("x")), 1);
    series_set(NULL, 1);
    series_observe(NULL, 1);
    ck_assert_double_eq(series_value(NULL), 0);
    metrics_close(NULL);
}
END_TEST

TCase *metrics_tests(void)
{
    TCase *t = tcase_create("metrics");
    tcase_add_test(t, test_text);
    tcase_add_test(t, test_series_are_bounded);
    tcase_add_test(t, test_nothing_is_borne);
    return t;
}
