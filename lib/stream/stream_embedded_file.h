/* stream_embedded_file.h - a writer's SQLite file: how it is opened, what is in it, and what its
 * errors mean.
 *
 * One table per topic, so that the row id is the offset: appending touches one b-tree and no index,
 * and a reader of a rare topic never steps over the records of a busy one. `first` of a topic is
 * the oldest offset that retention left; the offsets from there are dense. */
#ifndef WEIR_STREAM_EMBEDDED_FILE_H
#define WEIR_STREAM_EMBEDDED_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "slice.h"

enum { EMBEDDED_PAGE_BYTES = 16384 };

/* For tests of the engine itself; no configuration reaches these. */
struct embedded_tuning {
    const char *vfs;            /* NULL: the default one */
    bool no_sync;               /* synchronous=OFF: what was acknowledged may be lost */
    uint32_t checkpoint_frames; /* of the WAL; 0: the default */
};

/* Opens the file for its only writer, makes it (mode 0600) and its tables where it is new. What a
 * crash left in the WAL goes into the database and is synced before this returns. A file of an
 * earlier weir goes over to today's format. ERR_REFUSED: not a stream, or of a format that this
 * program does not know. */
int embedded_file_write(const char *path, const struct embedded_tuning *t, sqlite3 **ret,
                        struct err *reterr);
/* Opens the file for reading; *ret_sums: its records carry sums, which those of an earlier weir,
 * still running, do not. Returns 1 where the writer has not finished making it: try later. */
int embedded_file_read(const char *path, const struct embedded_tuning *t, sqlite3 **ret,
                       bool *ret_sums, struct err *reterr);
/* Prepares a statement that is kept. */
int embedded_prepare(sqlite3 *db, sqlite3_stmt **ret, struct err *reterr, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* What SQLite's last result on db means: ERR_FULL, ERR_IO, … Returns -1. */
int embedded_err(sqlite3 *db, const char *doing, struct err *reterr);

int embedded_bind(sqlite3_stmt *st, int at, struct slice text);
int embedded_bind_blob(sqlite3_stmt *st, int at, struct slice bytes);

#endif
