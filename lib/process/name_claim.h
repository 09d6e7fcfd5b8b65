/* name_claim.h - two processes of one name on one stream, as two sites make that forgot to say
 * which instance each is: nothing fences them, but each has an audit chain and a place in groups by
 * that name.
 *
 * Each says at its start, in flow.control, that it is there, and who it is. Who reads there of
 * another one of its name, later than of itself, knows that both run: that is told, and said again
 * once, so that the other one knows too. Borrows the stream; one thread. */
#ifndef WEIR_NAME_CLAIM_H
#define WEIR_NAME_CLAIM_H

#include "metrics.h"
#include "stream.h"

struct name_claim;

/* name: of this process, copied. Appends the claim: what becomes of it is logged. NULL: no memory.
 */
struct name_claim *name_claim_open(struct stream *s, struct slice name, struct metrics *m);
/* A callback of the stream may still come. NULL is fine. */
void name_claim_close(struct name_claim *c);
/* Now and then: a claim that did not become durable is made again. NULL is fine. */
void name_claim_look(struct name_claim *c);
/* A record of flow.control, in order; others than claims are left alone. NULL is fine. */
void name_claim_take(struct name_claim *c, const struct stream_message *m);

#endif
