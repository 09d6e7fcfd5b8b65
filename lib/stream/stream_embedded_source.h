/* stream_embedded_source.h - a writer's file as its readers see it: questions that are asked,
 * copied out and done with, so that no snapshot outlives a call (a held one would let the WAL grow
 * without end).
 *
 * A source belongs to a handle and is shared by its readers. Calls return -1 with reterr; a source
 * that failed is opened anew by the next call. */
#ifndef WEIR_STREAM_EMBEDDED_SOURCE_H
#define WEIR_STREAM_EMBEDDED_SOURCE_H

#include "buf.h"
#include "stream.h"
#include "stream_embedded_file.h"

struct embedded_fetch { /* the kept query of one topic */
    int64_t topic;
    sqlite3_stmt *st;
};

struct embedded_source {
    struct embedded_source *next;
    char partition[STREAM_NAME_MAX + 1];
    char *path;
    const struct embedded_tuning *tuning;
    sqlite3 *db; /* NULL: to be opened by the next call */
    bool sums;   /* its records carry sums */
    struct embedded_fetch *fetches;
    size_t nfetches;
    int bell; /* number of its watch, -1 = none */
};

/* Opens <dir>/<partition>.db. Returns 1 where its writer has not finished making it. */
int embedded_source_open(const char *dir, struct slice partition, const struct embedded_tuning *t,
                         struct embedded_source **ret, struct err *reterr);
void embedded_source_close(struct embedded_source *s);

/* The number of a topic; *ret is -1 where the file does not have it (yet). */
int embedded_source_topic(struct embedded_source *s, struct slice name, int64_t *ret,
                          struct err *reterr);
/* Its records are [first, end). */
int embedded_source_range(struct embedded_source *s, int64_t topic, int64_t *ret_first,
                          int64_t *ret_end, struct err *reterr);
/* The offset of the first record of that time or later (end: none). Looks at few records, so where
 * the clock went back the answer is one of the possible ones. */
int embedded_source_at_time(struct embedded_source *s, int64_t topic, int64_t ms, int64_t *ret,
                            struct err *reterr);
/* The time of one record; 0 where it is gone. */
int embedded_source_time_of(struct embedded_source *s, int64_t topic, int64_t offset, int64_t *ret,
                            struct err *reterr);
/* The position of a group as this file's writer committed it; -1 = none. */
int embedded_source_position(struct embedded_source *s, struct slice group, struct slice topic,
                             struct slice partition, int64_t *ret, struct err *reterr);

/* Records copied out of one topic. */
struct embedded_rows {
    struct buf bytes;
    struct embedded_row {
        int64_t offset, time_ms;
        size_t at, key, headers, value; /* where in bytes, and how long: SIZE_MAX = absent */
        int64_t sum;
        bool has_sum;
    } * rows;
    size_t nrows;
};

enum { EMBEDDED_ROWS_MAX = 256, EMBEDDED_ROWS_BYTES = 1 << 20 };

/* Copies what stands at offset `from` and behind without a gap: at most 256 records, and no more
 * once 1 MiB is reached. *ret_first is the offset of the first record that was there at `from` or
 * later (INT64_MAX: none). */
int embedded_source_fetch(struct embedded_source *s, int64_t topic, int64_t from,
                          struct embedded_rows *rows, int64_t *ret_first, struct err *reterr);

#endif
