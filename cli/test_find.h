/* test_find.h - the test files that are meant by the arguments of `weir test`. */
#ifndef WEIR_TEST_FIND_H
#define WEIR_TEST_FIND_H

#include "arena.h"
#include "err.h"

enum { TEST_FILES_MAX = 4096 };

struct test_files {
    struct arena arena;
    const char **at; /* in order, each once */
    unsigned n;
};

void test_files_init(struct test_files *t);
void test_files_fini(struct test_files *t);
/* path: a file NAME.test.yaml; a folder, of which those in it and in its tests/ are meant; or
 * another file, of which those beside it and in tests/ are meant whose `config:` it is. ERR_IO,
 * ERR_LIMIT. */
int test_files_add(struct test_files *t, const char *path, struct err *reterr);

#endif
