/* kit.h - what the tests in C share: a main, bytes at the edge of a page, a folder of one's own,
 * bytes in small pieces.
 *
 * Whoever asks for a guard or a folder closes it; a drip lends each piece for the call only. */
#ifndef WEIR_KIT_H
#define WEIR_KIT_H

#include <check.h>
#include <stddef.h>
#include "slice.h"

/* Runs the suites, prints each failure with file and line, then "N passed, M failed" as the last
 * line; returns what main returns. With arguments, only the test cases of these names run.
 * CK_FORK=no in the environment keeps all in one process, for a debugger. */
int kit_main(int argc, char **argv, Suite *const suites[], size_t nsuites);

/* A copy of some bytes whose last byte is followed by a page that cannot be read: one byte too far
 * is a crash. What stands before the copy can be read. */
struct kit_guard {
    struct slice bytes;
    void *map;
    size_t map_size;
};
void kit_guard_open(struct kit_guard *g, struct slice bytes);
void kit_guard_close(struct kit_guard *g);

/* A fresh folder under $TMPDIR or /tmp; closing removes it with all that is in it. */
struct kit_dir {
    char path[256];
};
void kit_dir_open(struct kit_dir *d);
void kit_dir_close(struct kit_dir *d);
/* "<folder>/<name>" in ret; fails the test where it does not fit. */
void kit_dir_file(const struct kit_dir *d, const char *name, char *ret, size_t size);
/* A file with these bytes in the folder. */
void kit_dir_write(const struct kit_dir *d, const char *name, struct slice bytes);

/* Gives bytes on in pieces of `step` (1 = byte by byte), each in memory of exactly its size, so
 * that a reader that keeps a pointer to an earlier piece is found out. fn returns 0 to go on;
 * anything else stops and is returned. */
typedef int (*kit_drip_fn)(void *arg, struct slice piece);
int kit_drip(struct slice bytes, size_t step, kit_drip_fn fn, void *arg);

/* A whole file; fails the test where it cannot be read. The caller frees it with free(). */
struct slice kit_read(const char *path);

/* Compares slices and shows both when they differ. */
#define kit_assert_slice(got, want) kit_assert_slice_at(__FILE__, __LINE__, #got, (got), (want))
void kit_assert_slice_at(const char *file, int line, const char *what, struct slice got,
                         struct slice want);

#endif
