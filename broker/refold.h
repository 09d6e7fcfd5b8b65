/* refold.h - all of flow.parked once more, from the oldest record on, for whoever has to know what
 * stands there before it begins. Reads from the loop, a bounded number of records a turn.
 *
 * Owns its reader; borrows stream and loop. */
#ifndef WEIR_REFOLD_H
#define WEIR_REFOLD_H

#include "loop.h"
#include "parked.h"

struct refold;

struct refold_options {
    struct stream *stream;
    struct loop *loop;
    parked_fn fn;
    /* All that was there at refold_open was given. Not within another call of this header. It may
     * close the refold. */
    void (*ended)(void *arg);
    void *arg;
};
int refold_open(const struct refold_options *o, struct refold **ret, struct err *reterr);
/* NULL is fine. */
void refold_close(struct refold *r);
/* Reads on for as long as something is at hand. 1: that was all, `ended` does not come any more; 0:
 * goes on from the loop; -1: ERR_IO, it is tried again from the loop. */
int refold_now(struct refold *r, struct err *reterr);

#endif
