/* fetcher.h - gets the event of a parked record from where it stands in flow.parked, one after the
 * other, without blocking.
 *
 * Owns its reader and what is asked; borrows stream and loop. */
#ifndef WEIR_FETCHER_H
#define WEIR_FETCHER_H

#include "lookups.h"
#include "stream.h"

struct fetcher;

int fetcher_open(struct stream *s, struct loop *l, struct fetcher **ret, struct err *reterr);
/* What was asked and is not answered gets no answer. NULL is fine. */
void fetcher_close(struct fetcher *f);

/* fn gets the record's value, once, within this call or from the loop; it may ask again. owner is
 * what fetcher_forget goes by. */
void fetcher_ask(struct fetcher *f, const void *owner, struct slice partition, int64_t offset,
                 lookup_fn fn, void *arg);
/* No answer to what that owner asked with that arg (NULL: with any). */
void fetcher_forget(struct fetcher *f, const void *owner, const void *arg);

#endif
