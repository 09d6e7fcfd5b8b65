/* conf_file.h - a whole small file in memory (internal to lib/conf). */
#ifndef WEIR_CONF_FILE_H
#define WEIR_CONF_FILE_H

#include "buf.h"
#include "err.h"

/* Initialises `into` with at most max bytes and fills it; the caller ends it with buf_fini unless
 * this fails. ERR_CONF no such file, ERR_LIMIT, ERR_IO. */
int conf_file(const char *file, size_t max, struct buf *into, struct err *reterr);

#endif
