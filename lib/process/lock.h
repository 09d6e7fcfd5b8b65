/* lock.h - one instance per name and data directory: a locked file that says who holds it.
 *
 * The lock goes with the process, however it ends; nothing has to be cleaned up after kill -9. */
#ifndef WEIR_LOCK_H
#define WEIR_LOCK_H

#include "err.h"

/* Returns the descriptor that holds the lock (close it to let go). ERR_REFUSED names the pid of the
 * holder; ERR_IO. */
int lock_take(const char *path, struct err *reterr);

#endif
