/* stream_embedded_lock.h - one writer per file: a lock that the kernel drops with its process, so
 * that nothing has to be cleaned up after a kill. */
#ifndef WEIR_STREAM_EMBEDDED_LOCK_H
#define WEIR_STREAM_EMBEDDED_LOCK_H

#include "err.h"

/* Takes the lock file (made where it is new, mode 0600) and writes who holds it. Returns the
 * descriptor to close, or -1: ERR_REFUSED names the holder. */
int embedded_lock_take(const char *path, struct err *reterr);

#endif
