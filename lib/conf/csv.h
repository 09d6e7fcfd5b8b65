/* csv.h - rows of a CSV text (RFC 4180: quotes, doubled quotes, CR LF or LF), for tables of a
 * config. Cells are copied into the arena given, with a NUL behind each. */
#ifndef WEIR_CSV_H
#define WEIR_CSV_H

#include <stdint.h>
#include "arena.h"
#include "err.h"

enum { CSV_CELLS_MAX = 64 };

struct csv {
    struct slice rest;
    const char *file; /* for messages */
    uint32_t line;    /* of the row read last, from 1 */
    uint32_t next_line;
};

/* Starts; a byte order mark is skipped. */
void csv_begin(struct csv *c, struct slice text, const char *file);
/* The cells of the next row that is not empty; *ret_n cells. 1 a row, 0 the end, -1 ERR_CONF with
 * file:line (a quote that does not end, more cells than CSV_CELLS_MAX), ERR_LIMIT. */
int csv_next(struct csv *c, struct arena *arena, struct slice cells[CSV_CELLS_MAX], unsigned *ret_n,
             struct err *reterr);

#endif
