/* row_file.h - a row memory on disk, read or written a part at a time: of a million rows a whole
 * one would hold up every other connection.
 *
 * Owns its stream; memory and path are borrowed and stay in their place meanwhile. */
#ifndef WEIR_ROW_FILE_H
#define WEIR_ROW_FILE_H

#include <stdio.h>
#include "row_memory.h"

enum { ROW_FILE_PART = 16 * 1024 /* rows of a step, about a millisecond */ };

struct row_file {
    FILE *stream; /* NULL: nothing is under way */
    struct row_memory *memory;
    const char *path;
    bool writes;
    uint64_t rows;         /* that are to be read, or that were written */
    struct row_hash check; /* of those so far */
    struct row_hash wanted;
    uint64_t ncolumns;
    size_t at; /* slot of the memory */
};

enum row_file_step { ROW_FILE_GOES_ON, ROW_FILE_DONE, ROW_FILE_FAILED };

/* All zero is fine: nothing is under way then. One that is being written is given up. */
void row_file_close(struct row_file *f);
/* Empties the memory and begins to read what was written there. Where there is nothing, or it is
 * not whole, the memory is empty in the end. */
void row_file_read(struct row_file *f, struct row_memory *m, const char *path);
/* Begins to write the rows of this file and its columns, beside `path` and in the end over it. The
 * memory is not to change meanwhile. ERR_IO. */
int row_file_write(struct row_file *f, struct row_memory *m, const struct row_hash *columns,
                   unsigned ncolumns, const char *path, struct err *reterr);
/* One part more. ROW_FILE_DONE also where nothing is under way; ROW_FILE_FAILED with ERR_IO, of one
 * that is written. */
enum row_file_step row_file_go_on(struct row_file *f, struct err *reterr);

#endif
