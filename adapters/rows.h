/* rows.h - a file of rows or objects while it is read: what file_rows.c (the reading),
 * rows_header.c (the columns) and rows_kept.c (what the next file is compared with) share. */
#ifndef WEIR_ROWS_H
#define WEIR_ROWS_H

#include <limits.h>
#include "csv.h"
#include "digest.h"
#include "folder_file.h"
#include "json_lines.h"
#include "row_file.h"

enum { ROWS_UNDER_WAY = 1024, ROWS_WHY = 300 };

#define ROWS_MARK "\xef\xbb\xbf" /* the byte order mark of UTF-8 */

/* Where a row begins, or what is wrong with it. column 0: not known. */
struct row_place {
    uint64_t line, column;
};

struct row_taken {
    struct row_hash hash;
    struct row_place place;
};

struct rows {
    struct source *source;
    struct csv csv;
    struct json_lines lines;
    struct csv_rules rules; /* of csv */
    uint64_t skip;
    bool begun;       /* past the byte order mark */
    bool marked;      /* there was one: it is UTF-8, whatever the charset of the source */
    bool header_read; /* or none is to come */
    bool checking;    /* on_bad_row: file: the first reading, which takes nothing */
    bool refused;     /* nothing of it is taken, and why */
    char why[ROWS_WHY];
    bool other_header;
    struct buf head; /* header line and its end; empty for JSON */
    struct buf raw;  /* header and row: one message */
    struct buf kept; /* the beginning of a row too long */
    struct arena arena;
    struct slice *cells; /* ROW_COLUMNS_MAX */
    unsigned ncolumns;
    struct row_hash *columns; /* keyed hashes of their names */
    struct digest *key;       /* of this source and these columns */
    struct row_memory memory;
    struct row_file memory_file; /* read before the first row, written behind the last */
    char memory_path[PATH_MAX];  /* empty: none is kept */
    bool keeps;                  /* it is being written */
    uint64_t nrows, nunchanged;
    struct row_place place;                 /* of a row that is checked */
    struct row_taken taken[ROWS_UNDER_WAY]; /* a ring, in the order of the queue */
    unsigned first, ntaken;
};

/* Nothing of the file is taken. */
void rows_refuse(struct rows *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads the header (of a file without one, the columns of the config) and compares it with what is
 * expected and with the file before: rows_refuse, or r->head, columns and key are filled. */
void rows_header(struct rows *r, const struct csv_row *header);
/* The header of a file that has none; for JSON, none at all. */
void rows_no_header(struct rows *r);

/* What the file of this kind before had. Kinds differ in more of their names than digits. Known
 * once rows_recalled is true: until then call it again, on another turn of the loop. */
void rows_recall(struct rows *r, const char *name);
bool rows_recalled(struct rows *r);
/* This one is the file before, from now on. False: call again, on another turn of the loop. */
bool rows_keep(struct rows *r);
struct row_hash rows_hash(struct digest *key, struct slice bytes);
/* A digest keyed by the pseudonym key for one purpose and no other. */
int rows_key(const struct source *source, const char *purpose, struct slice of, struct digest **ret,
             struct err *reterr);

#endif
