/* test_file.h - tests of a configuration as written: messages, and what the site is to make of them
 * (docs/testing-config.md).
 *
 * The file owns all that is read, in its arena; what is expected stays YAML, checked, so that a
 * difference can be shown with its line. */
#ifndef WEIR_TEST_FILE_H
#define WEIR_TEST_FILE_H

#include "conf.h"
#include "hl7_ack.h"
#include "site.h"

/* What is said of an event, or of the copy that a route's readers get. Each may be NULL. */
struct test_says {
    const struct yaml
        *fields; /* map of paths and values: a text, nothing for null, or a list in any order */
    const struct yaml *present; /* lists of paths */
    const struct yaml *absent;
    const struct yaml *never; /* list of texts that stand nowhere in it */
};

struct test_route {
    struct slice name;
    const struct yaml *at;
    struct test_says says;
};

struct test_routes {
    const struct yaml *at; /* NULL: nothing is said of routes */
    struct test_route *rows;
    unsigned n;
};

struct test_event {
    struct slice type;
    const struct yaml *at;
    const struct yaml *time; /* NULL: not said */
    struct test_says says;
    struct test_routes routes;
};

/* An ERR segment. */
struct test_error {
    const struct yaml *at;
    int64_t code;       /* HL7 table 0357 */
    struct slice place; /* "MSH-9", "MRG[2]-1"; absent: anywhere */
};

struct test_case {
    struct slice name;
    const struct yaml *at;
    struct slice source; /* absent: the site has one */
    const struct yaml *source_at;
    struct slice message; /* as it would come off the wire, without a frame */
    struct slice ack;     /* "AA", "CA AA", "none"; absent: it is accepted */
    const struct yaml *ack_at;
    const struct yaml *verdict;               /* NULL: not said */
    const struct yaml *errors_at, *events_at; /* NULL: not said */
    struct test_error *errors;
    struct test_event *events;
    unsigned nerrors, nevents;
};

struct test_file {
    struct arena arena;
    const char *name;
    struct slice config; /* absolute; absent: that of the command */
    struct test_routes
        readers; /* what holds in every case for all that these routes' readers get */
    struct test_case *cases;
    unsigned n;
};

enum { TEST_FILE_MEMORY = 256 << 20 };

/* ERR_CONF with file:line:column (an unknown key, path, type or code, with the nearest known one),
 * ERR_IO. */
int test_file_open(const char *name, struct test_file *ret, struct err *reterr);
void test_file_close(struct test_file *f);
/* Whether all sources and routes that it names are of that site; ERR_CONF with position. */
int test_file_check(const struct test_file *f, const struct site *site, struct err *reterr);

#endif
