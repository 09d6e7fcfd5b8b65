/* stream_embedded_sum.h - what a record has to hash to: SQLite's own file has no checksums, and a
 * bit that turned on the disk would be delivered as somebody's data. XXH3 of 64 bits: it finds
 * damage, not malice. */
#ifndef WEIR_STREAM_EMBEDDED_SUM_H
#define WEIR_STREAM_EMBEDDED_SUM_H

#include <stdint.h>
#include "slice.h"

/* Of all that stands in a row. Absent and empty differ; so do two rows that changed places. */
int64_t embedded_sum(int64_t offset, int64_t time_ms, struct slice key, struct slice headers,
                     struct slice value);

#endif
