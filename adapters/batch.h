/* batch.h - messages that come as parts of something larger (a batch, a file, the body of a
 * request), taken one by one and in order.
 *
 *   bytes -> parts -> taken, a bounded number under way -> answered, in order
 *
 * Once a message was put off ("try later") nothing behind it is taken, so that order is kept when
 * it comes again. A batch owns the replies under way; bytes, intake and source are borrowed. */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include "hl7_batch.h"
#include "intake.h"

struct batch_hooks {
    /* A header or trailer, as it comes. May be NULL. */
    void (*part)(enum hl7_batch_result what, const struct hl7_batch_item *item, void *arg);
    /* What became of a message, in the order of messages. r is borrowed; r->at is where the message
     * begins. */
    void (*answered)(const struct reply *r, void *arg);
    /* Something was answered: there may be room again. Feed later, not from here. */
    void (*moved)(void *arg);
};

struct batch {
    struct reply_to to; /* first: a batch is found by it */
    const struct batch_hooks *hooks;
    void *arg;
    struct intake *intake;
    struct source *source;
    struct reply_to *of; /* whose it is, where that has a say in what may be sent; or NULL */
    struct intake_limit limit;
    struct hl7_batch parts;
    struct reply *first, *last;
    unsigned pending, pending_max;
    uint64_t skip; /* messages that begin before it were taken already: only counted */
    bool taking, put_off;
};

enum batch_step {
    BATCH_MORE, /* give the rest again, with more behind it */
    BATCH_WAIT, /* no room now, or put off: give the rest again after `moved`, or a little later */
    BATCH_END,  /* all is taken; answers may be under way */
    BATCH_NOMEM,
};

/* pending_max: messages under way. The other fields of b are set before. */
void batch_init(struct batch *b, uint64_t head, unsigned pending_max);
/* Answers still under way find nobody. */
void batch_fini(struct batch *b);
/* Takes messages off the front of *input; last: nothing follows. */
enum batch_step batch_feed(struct batch *b, struct slice *input, bool last);

#endif
