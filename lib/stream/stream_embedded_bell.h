/* stream_embedded_bell.h - how readers learn that something was committed: a file beside the
 * database into which the writer puts a byte after COMMIT has returned, and inotify on it. The -wal
 * file would not do: it is written before the commit can be seen. A slow timer stands in where
 * inotify is not to be had. */
#ifndef WEIR_STREAM_EMBEDDED_BELL_H
#define WEIR_STREAM_EMBEDDED_BELL_H

#include <stdbool.h>
#include "err.h"

/* The writer's side; returns a descriptor. */
int embedded_bell_open(const char *path, struct err *reterr);
void embedded_bell_ring(int fd);

/* The readers' side, one per handle. */
struct embedded_watch {
    int inotify; /* -1: the timer alone */
    int timer;
    int dir; /* watch of the directory */
};

int embedded_watch_open(struct embedded_watch *w, const char *dir, struct err *reterr);
void embedded_watch_close(struct embedded_watch *w);
/* Watches the bell at path; its number, or -1 where it is not there (yet). */
int embedded_watch_add(struct embedded_watch *w, const char *path);
/* Takes all that has rung: calls rang for each bell. Returns true where the directory changed or
 * the timer went off: look at everything. */
bool embedded_watch_drain(struct embedded_watch *w, void (*rang)(void *arg, int bell), void *arg);

#endif
