/* test_report.h - what `weir test` says, to a person or as JSON. */
#ifndef WEIR_TEST_REPORT_H
#define WEIR_TEST_REPORT_H

#include "json.h"
#include "test_compare.h"

struct test_report {
    struct buf out;
    struct json_writer *json; /* NULL: text */
    unsigned passed, failed;
    double took_ms;
};

int test_report_open(struct test_report *r, bool json, struct err *reterr);
void test_report_close(struct test_report *r);
void test_report_file(struct test_report *r, const char *name);
/* One case; explanation: why its events came out so, or empty. */
void test_report_case(struct test_report *r, const struct test_case *c,
                      const struct test_fault *faults, double ms, struct slice explanation);
void test_report_file_end(struct test_report *r);
/* Writes what was said so far to standard output. ERR_IO. */
int test_report_flush(struct test_report *r, struct err *reterr);
/* The sums; then test_report_flush. */
void test_report_end(struct test_report *r);

#endif
