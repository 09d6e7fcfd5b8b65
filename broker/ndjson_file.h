/* ndjson_file.h - a file of lines that is only ever appended to, whole lines at a time; rotation,
 * and repair of a torn end. Blocks: used from a thread of its own. */
#ifndef WEIR_NDJSON_FILE_H
#define WEIR_NDJSON_FILE_H

#include <stdint.h>
#include "err.h"
#include "slice.h"

struct ndjson_file {
    const char *path; /* borrowed */
    uint64_t rotate_bytes;
    int fd; /* -1 = not open */
    uint64_t size;
};

/* Opens or creates (0640) and cuts off what stands behind the last newline. ERR_IO, ERR_CONF (no
 * plain file). */
int ndjson_open(struct ndjson_file *f, const char *path, uint64_t rotate_bytes, struct err *reterr);
void ndjson_close(struct ndjson_file *f);
/* Appends whole lines and syncs. On failure nothing of them counts: what was written in part is cut
 * off again, now or by the next call. ERR_IO, ERR_FULL. */
int ndjson_append(struct ndjson_file *f, struct slice lines, struct err *reterr);

#endif
