/* dial.h - a TCP connection made without blocking: the name is looked up aside, its addresses are
 * tried in turn, all of it until a deadline.
 *
 *   looking up -> connecting -> done (the socket is the caller's) | failed (why)
 *
 * Whoever starts a dial owns it until fn has run. */
#ifndef WEIR_DIAL_H
#define WEIR_DIAL_H

#include <stdint.h>
#include "loop.h"

struct dial;

/* fd: non-blocking, keep-alive, no delay, the caller's from now on. -1: why says what went wrong,
 * for a person. The dial is over and freed. */
typedef void (*dial_fn)(int fd, const char *why, void *arg);

/* host: a name or an address. fn runs later, never within. */
int dial_start(struct loop *l, const char *host, uint16_t port, int64_t time_ms, dial_fn fn,
               void *arg, struct dial **ret, struct err *reterr);
/* Ends it without fn. NULL is fine. */
void dial_cancel(struct dial *d);

#endif
