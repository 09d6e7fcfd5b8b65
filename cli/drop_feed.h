/* drop_feed.h - rows gathered into CSV files that are dropped into a folder, as nightly jobs do it:
 * whole from the first moment on, and each file repeats the rows of the one before of its kind.
 *
 * A row waits for its answer from the moment its file is dropped. It counts as acknowledged when
 * the report of its file (docs/files.md) says that all of it was taken; a file in bad/ is answered
 * wrongly. The feed owns its files until they are dropped. */
#ifndef WEIR_DROP_FEED_H
#define WEIR_DROP_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "feed_counts.h"
#include "ledger.h"

struct drop_feed;

struct drop_feed_options {
    const char *folder;
    int64_t every_s; /* a file is dropped so long after its first row, in simulated time */
    bool answered;   /* reports are waited for */
};

/* ledger: borrowed, may be NULL. ERR_IO: there is no such folder. */
int drop_feed_open(const struct drop_feed_options *options, struct ledger *ledger,
                   struct drop_feed **ret, struct err *reterr);
/* What was not dropped yet is lost. NULL is fine. */
void drop_feed_close(struct drop_feed *f);
/* Whether one more row can be taken. */
bool drop_feed_room(const struct drop_feed *f);
/* Takes a row (copied); only where there is room. ERR_NOMEM. */
int drop_feed_put(struct drop_feed *f, const struct telling *t, struct err *reterr);
/* Drops the files that are due at this simulated time; INT64_MAX: all. ERR_IO. */
int drop_feed_flush(struct drop_feed *f, int64_t now_s, struct err *reterr);
/* Looks for reports. */
void drop_feed_look(struct drop_feed *f);
void drop_feed_counts(const struct drop_feed *f, struct feed_counts *ret);
/* What a report found wrong last; "" where none did. */
const char *drop_feed_trouble(const struct drop_feed *f);

#endif
