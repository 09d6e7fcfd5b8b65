/* request_memory.h - what was taken lately, so that a request that comes again is known: for the
 * name of each (ids of a request, id of a Bundle) a hash of what came under it.
 *
 * It lives in memory only and may be lost; whoever asks it must do right without it, too. At most
 * `max` names are kept, the newest at least half as many. It holds hashes, no names. */
#ifndef WEIR_REQUEST_MEMORY_H
#define WEIR_REQUEST_MEMORY_H

#include <stdbool.h>
#include "digest.h"

/* The first bytes of SHA-256 of a name, and of what came under it. */
struct request_mark {
    unsigned char name[16], what[16];
    bool set;
};

struct request_memory {
    struct request_mark *now, *before; /* two tables of cap slots each; NULL: empty */
    size_t cap, used, max;
};

enum request_seen {
    REQUEST_NEW,
    REQUEST_SAME,  /* the same came under that name */
    REQUEST_OTHER, /* something else did */
};

/* max 0: nothing is remembered. Takes no memory yet. */
void request_memory_init(struct request_memory *m, size_t max);
void request_memory_fini(struct request_memory *m);
/* The mark of a name, in two parts that cannot run into each other, and of what comes under it. */
struct request_mark request_mark(struct digest *sha256, const struct slice name[2],
                                 struct slice what);
/* What k is to another mark: of another name, REQUEST_NEW. */
enum request_seen request_mark_seen(const struct request_mark *other, const struct request_mark *k);
enum request_seen request_memory_look(const struct request_memory *m, const struct request_mark *k);
/* A mark that is not set, or a name that is known, changes nothing; without memory it is not kept.
 */
void request_memory_put(struct request_memory *m, const struct request_mark *k);

#endif
