/* folder_drop.h - a file in a drop folder (docs/files.md): put there as a careful sender does, and
 * its report. The folder is an open descriptor of the caller's. */
#ifndef WEIR_FOLDER_DROP_H
#define WEIR_FOLDER_DROP_H

#include <stdbool.h>
#include "buf.h"
#include "err.h"

/* Synced, and whole from the first moment on; a name that is taken is ERR_IO, as all else. */
int folder_drop_put(int dir, const char *name, struct slice bytes, struct err *reterr);
/* The report's bytes; false where there is none yet, neither in done/ nor in bad/. */
bool folder_drop_report(int dir, const char *name, struct buf *ret);

#endif
