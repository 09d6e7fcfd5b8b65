/* map_test.h - the tests of a `when:` list, on what the message says and on fields made so far. */
#ifndef WEIR_MAP_TEST_H
#define WEIR_MAP_TEST_H

#include "map_compile.h"
#include "map_run.h"

/* A list of tests that must all hold; node NULL: none. ERR_CONF with position. */
int map_tests_compile(struct map_compiler *c, const struct yaml *node, struct map_tests *ret,
                      struct err *reterr);
/* One of them. */
bool map_test_holds(struct map_run *run, const struct map_test *test);
bool map_tests_hold(struct map_run *run, const struct map_tests *tests);
/* Whether text fits a pattern in which * stands for any bytes and ? for one. */
bool map_like(struct slice text, struct slice pattern);

#endif
