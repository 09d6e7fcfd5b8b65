/* test_compare.h - what was expected of a message beside what came of it. */
#ifndef WEIR_TEST_COMPARE_H
#define WEIR_TEST_COMPARE_H

#include "dry_run.h"
#include "test_file.h"

/* One difference. */
struct test_fault {
    const struct yaml *at; /* where the expectation stands */
    struct slice what;     /* "event 1 (patient.admitted), route demo: data.site" */
    struct slice wanted, came;
    struct test_fault *next;
};

/* All differences, in the order of the file, in the arena; NULL: as expected. *ret_ok is false
 * where the arena is full. */
const struct test_fault *test_compare(const struct test_file *f, const struct test_case *c,
                                      const struct dry_result *r, struct arena *arena,
                                      bool *ret_ok);

#endif
