/* csv.h - rows of a CSV text (RFC 4180), whole or as it arrives.
 *
 * A row is a slice of the input as sent; csv_cells takes it apart. Lines end in CR LF, LF or, where
 * the first one does, CR. A quote may stand only around a whole field, doubled inside (RFC 4180
 * §2.5 to 2.7): anything else could be read in two ways, and is told as bad with its place. What is
 * bad is the line on which the row begins; reading goes on behind that line, so that one broken
 * quote costs no other row. Nothing is copied or allocated but by csv_cells. */
#ifndef WEIR_CSV_H
#define WEIR_CSV_H

#include <stdint.h>
#include "arena.h"
#include "slice.h"

struct csv_rules {
    char delimiter; /* 0: a comma */
    size_t row_max; /* bytes of a row; 0: as long as the input */
};

struct csv {
    struct csv_rules rules;
    uint64_t at, line; /* of what comes next: bytes from 0, lines from 1 */
    bool cr_alone;     /* lines end in CR */
    bool ends_known;   /* the first line end was seen */
    bool behind_cr;    /* a LF here belongs to the CR before */
    bool skipping;     /* within a row too long: the one that begins at long_at, long_line */
    uint64_t long_at, long_line;
};

enum csv_result {
    CSV_MORE, /* give the rest of the input again with more behind it; the end where it was last */
    CSV_ROW,
    CSV_BAD,  /* why, fault_line, fault_column; bytes is the line on which the row begins */
    CSV_HEAD, /* no line end within row_max bytes: bytes is the beginning, CSV_LONG follows */
    CSV_LONG, /* that row has ended: length */
};

struct csv_row {
    struct slice bytes;                /* as sent, without the line end; into the input */
    uint64_t at, line;                 /* where it begins */
    bool quoted;                       /* some field has quotes around it */
    uint64_t length;                   /* CSV_LONG: bytes in all */
    const char *why;                   /* CSV_BAD */
    uint64_t fault_line, fault_column; /* column in bytes, from 1 */
};

void csv_begin(struct csv *c, const struct csv_rules *rules);
/* Takes the next row that is not empty off the front of *input; last: nothing follows what is
 * there. *ret is filled unless CSV_MORE. */
enum csv_result csv_next(struct csv *c, struct slice *input, bool last, struct csv_row *ret);

enum csv_cells {
    CSV_CELLS_OK,
    CSV_CELLS_MANY,  /* more than max */
    CSV_CELLS_NOMEM, /* the arena is full */
};

/* The fields of a row that csv_next gave as CSV_ROW: slices of the row, or copies in the arena
 * where a quote is doubled. */
enum csv_cells csv_cells(const struct csv_row *row, const struct csv_rules *rules,
                         struct arena *arena, struct slice *cells, unsigned max, unsigned *ret_n);

#endif
