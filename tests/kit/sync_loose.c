/* sync_loose.c - an LD_PRELOAD library that turns SQLite's synchronous down behind the program's
 * back, to WEIR_SYNC_LOOSE (NORMAL): the proof that no ACK leaves before its sync has to
 * fail then. */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef int exec_fn(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *,
                    char **);

EXPORT int sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *arg, char **ret_text)
{
    const char *level = getenv("WEIR_SYNC_LOOSE");
    exec_fn *real;

    *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_exec");
    int rc = real(db, sql, row, arg, ret_text);
    if (rc == SQLITE_OK && level && sql && strstr(sql, "synchronous")) {
        char pragma[64];
        snprintf(pragma, sizeof(pragma), "PRAGMA synchronous = %s", level);
        rc = real(db, pragma, NULL, NULL, NULL);
    }
    return rc;
}
