/* bulk.h - messages that came together and are answered together: a batch in one MLLP frame, the
 * body of an HTTP request.
 *
 *   bytes (copied) -> each message taken -> all durable or refused -> one answer -> done
 *                                       '-> one put off, nothing behind it taken -> "try later"
 *
 * The answer to a batch is a batch (HL7 v2.5.1 §2.10.3.3), as `ack: batch` of the source says. A
 * bulk owns its copy and its answer; loop, intake and source are borrowed. */
#ifndef WEIR_BULK_H
#define WEIR_BULK_H

#include "batch.h"

enum { BULK_ANSWER_MAX = 64 << 20 }; /* bytes of an answer */

struct bulk;

struct bulk_options {
    struct loop *loop;
    struct intake *intake;
    struct source *source;
    struct intake_limit limit;
    struct reply_to *of; /* whose bytes these are: may it send them? Outlives the bulk */
    bool framed;         /* answers go out as MLLP frames */
};

/* Called once, never from within bulk_open: read the answer from the reply, close the bulk. */
typedef void (*bulk_done_fn)(struct bulk *b, void *arg);

/* r: takes the answer (r->frame, r->due; r->close: none is to be sent), stays the caller's. False
 * without memory. */
bool bulk_open(const struct bulk_options *o, struct slice bytes, struct reply *r, bulk_done_fn done,
               void *arg, struct bulk **ret);
/* NULL is fine. What is under way goes on and is answered to nobody. */
void bulk_close(struct bulk *b);
struct reply *bulk_reply(const struct bulk *b);
/* Not all of it could be made durable: all of it is to be sent again. */
bool bulk_put_off(const struct bulk *b);

#endif
