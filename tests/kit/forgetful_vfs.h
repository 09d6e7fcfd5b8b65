/* forgetful_vfs.h - a SQLite VFS over the default one that knows what has been synced: it can lose
 * power, run out of disk and fail to sync.
 *
 * Files behave as usual while the power is on. Beside them the shim keeps, per file, what a sync
 * has made durable and the writes since then; a sync that fails forgets those writes, as a kernel
 * does. Deleting a file counts as durable at once. Thread-safe. */
#ifndef WEIR_FORGETFUL_VFS_H
#define WEIR_FORGETFUL_VFS_H

#include <stdint.h>

struct forgetful_vfs;

enum forgetful_fault {
    FORGETFUL_NONE,
    FORGETFUL_FULL,      /* writes that make a file longer answer SQLITE_FULL */
    FORGETFUL_SYNC_FAILS /* syncs answer SQLITE_IOERR_FSYNC */
};

/* Registers it under that name (borrowed); NULL without memory. */
struct forgetful_vfs *forgetful_vfs_open(const char *name);
/* After the last connection. */
void forgetful_vfs_close(struct forgetful_vfs *v);
void forgetful_vfs_fail(struct forgetful_vfs *v, enum forgetful_fault fault);
/* Writes into the folder what would be found after a power loss now: what was synced and, of the
 * writes since, those that a coin seeded by `seed` keeps (0: none). Returns 0, or -1 where it
 * cannot write. */
int forgetful_vfs_lose_power(struct forgetful_vfs *v, const char *folder, uint32_t seed);

#endif
