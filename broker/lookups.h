/* lookups.h - what is looked for in a topic, one after the other in the order asked, by one reader
 * and without blocking: where the stream is elsewhere it takes a moment to come.
 *
 * Owns its watches and what was asked; borrows the loop. The reader is whoever's looks. */
#ifndef WEIR_LOOKUPS_H
#define WEIR_LOOKUPS_H

#include "loop.h"
#include "slice.h"

/* e NULL: value is what was looked for, for the call. ERR_REFUSED: it is not there (any more).
 * ERR_IO: not to be had within some seconds: try later. */
typedef void (*lookup_fn)(void *arg, struct slice value, const struct err *e);

/* The first member of what is asked, which is one block of malloc. */
struct lookup {
    struct lookup *next;
    lookup_fn fn;
    void *arg;
    bool begun; /* false until it has been looked for once */
};

/* 1: *ret is it; 0: later, when the reader has more or after lookups_soon; -1: why not. */
typedef int (*lookups_look)(void *owner, struct lookup *one, struct slice *ret, struct err *reterr);

struct lookups {
    struct loop *loop;
    struct loop_fd *watch;
    struct loop_timer *timer;
    lookups_look look;
    void *owner;
    struct lookup *first, **last;
    bool serving;
};

int lookups_open(struct lookups *q, struct loop *l, lookups_look look, void *owner,
                 struct err *reterr);
/* What was asked and is not answered gets no answer. One that is all zero is fine. */
void lookups_close(struct lookups *q);
/* The reader's descriptor, once there is one. */
int lookups_watch(struct lookups *q, int fd, struct err *reterr);
/* Takes one, and looks at once where it is the first: fn runs once, within this call or from the
 * loop; it may ask again. */
void lookups_add(struct lookups *q, struct lookup *one);
/* Looks again in the next turn of the loop. */
void lookups_soon(struct lookups *q);
/* No answer to those of which `is` is true. */
void lookups_forget(struct lookups *q, bool (*is)(const struct lookup *one, const void *what),
                    const void *what);

#endif
