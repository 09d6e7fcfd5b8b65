/* batch.h - HL7 v2 messages that come as parts of something larger (a batch, a file, the body of a
 * request), taken one by one and in order into a reply_queue. The queue is borrowed. */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include "hl7_batch.h"
#include "reply_queue.h"

/* Headers and trailers; it may be NULL. */
typedef void batch_part_fn(enum hl7_batch_result what, const struct hl7_batch_item *item,
                           void *arg);

struct batch {
    struct reply_queue *queue;
    batch_part_fn *part;
    struct intake_limit limit;
    struct hl7_batch parts;
    uint64_t skip; /* messages that begin before it were taken already: only counted */
};

enum batch_step {
    BATCH_MORE, /* give the rest again, with more behind it */
    BATCH_WAIT, /* no room now, or put off: give the rest again after `moved`, or a little later */
    BATCH_END,  /* all is taken; answers may be under way */
    BATCH_NOMEM,
};

/* queue, part, limit and skip are set before. */
void batch_init(struct batch *b, uint64_t head);
void batch_fini(struct batch *b);
/* Takes messages off the front of *input; last: nothing follows. */
enum batch_step batch_feed(struct batch *b, struct slice *input, bool last);

#endif
