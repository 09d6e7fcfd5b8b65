/* row_memory.h - which rows the file before had: keyed hashes of 128 bits, for a row that is the
 * same again costs next to nothing then.
 *
 * It holds no patient data, and without the key nobody can try whether a row that he guesses was
 * there. It may be lost: all rows come again then, under the same ids. At most `max` rows are kept
 * for the next file; more are not remembered. The memory owns its table. */
#ifndef WEIR_ROW_MEMORY_H
#define WEIR_ROW_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "site.h"

/* The two lowest bits of b are marks of the table, and no part of the hash. */
struct row_hash {
    uint64_t a, b;
};

enum { ROW_COLUMNS_MAX = SITE_COLUMNS_MAX };

struct row_memory {
    struct row_hash *slots;
    size_t cap, used; /* of slots */
    size_t seen, max;
    struct row_hash *columns; /* of the file before */
    unsigned ncolumns;
};

enum row_seen {
    ROW_NEW,
    ROW_UNCHANGED, /* the file before had it */
    ROW_REPEATED,  /* this file had it already */
};

/* Takes no memory yet. */
void row_memory_init(struct row_memory *m, size_t max);
/* All zero is fine. */
void row_memory_fini(struct row_memory *m);
/* What is known of a row; one that is known stays for the next file. */
enum row_seen row_memory_look(struct row_memory *m, struct row_hash h);
/* A new row that is durable: it stays for the next file, where there is room. */
void row_memory_put(struct row_memory *m, struct row_hash h);

/* What row_file.h reads and writes. Room for that many rows of the file before, in an empty memory;
 * false: no memory. */
bool row_memory_reserve(struct row_memory *m, uint64_t rows);
/* The file before had it, and it is remembered where there is room. */
void row_memory_know(struct row_memory *m, struct row_hash h);
/* The next row of this file, from slot *at to below `end`, which *at passes; NULL: no more. */
const struct row_hash *row_memory_next_seen(const struct row_memory *m, size_t *at, size_t end);
/* Without the marks. */
struct row_hash row_hash_plain(struct row_hash h);

#endif
