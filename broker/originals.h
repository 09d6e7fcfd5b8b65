/* originals.h - messages as they were received, found again in flow.messages for an event that was
 * made of them: by their SHA-256, near the time of their receipt.
 *
 * Events come in about the order of their messages, so the reader goes along with them and keeps
 * what it has passed for a while; only where that does not help it looks from the time of the
 * receipt, then from that of the event (a refused message that was retried was appended then).
 * Nothing blocks. Owns its reader and what it keeps; borrows stream and loop. */
#ifndef WEIR_ORIGINALS_H
#define WEIR_ORIGINALS_H

#include "lookups.h"
#include "stream.h"

struct originals;

int originals_open(struct stream *s, struct loop *l, struct originals **ret, struct err *reterr);
/* What was asked and is not answered gets no answer. NULL is fine. */
void originals_close(struct originals *o);

/* sha256: 64 hex digits. received_ms: when the message came; event_ms: when its event was appended.
 * fn gets the message, once, from the loop or within this call; one after the other, in the order
 * asked. */
void originals_ask(struct originals *o, struct slice sha256, int64_t received_ms, int64_t event_ms,
                   lookup_fn fn, void *arg);

#endif
