/* reply_queue.h - messages of one sender that are under way, and their answers in the order in
 * which they came: what a batch, a file and a request of many messages have in common.
 *
 *   taken -> translated -> durable or refused -> answered(r), never before those in front of it
 *
 * Behind a message that is put off nothing more is taken, or it would overtake it. The queue owns
 * the replies that wait in it; intake and source are borrowed. */
#ifndef WEIR_REPLY_QUEUE_H
#define WEIR_REPLY_QUEUE_H

#include "intake.h"

struct reply_queue_hooks {
    /* What became of a message, in the order of messages. r is borrowed; r->at is where the message
     * begins. */
    void (*answered)(const struct reply *r, void *arg);
    /* Something was answered: there may be room again. Go on later, not from here. */
    void (*moved)(void *arg);
};

struct reply_queue {
    struct reply_to to; /* first: a queue is found by it */
    const struct reply_queue_hooks *hooks;
    void *arg;
    struct intake *intake;
    struct source *source;
    struct reply_to *of; /* whose it is, where that has a say in what may be sent; or NULL */
    struct reply *first, *last;
    unsigned pending, pending_max; /* messages under way */
    bool taking, put_off;
};

/* The fields hooks, arg, intake, source, of, pending_max are set before. */
void reply_queue_init(struct reply_queue *q);
/* Answers still under way find nobody. */
void reply_queue_fini(struct reply_queue *q);
/* Whether one more may be taken now. */
bool reply_queue_open(const struct reply_queue *q);
/* Takes one. at: where it begins, for r->at. False without memory: nothing was taken. */
bool reply_queue_message(struct reply_queue *q, struct slice raw, uint64_t at);
bool reply_queue_long_frame(struct reply_queue *q, const struct hl7_frame *frame,
                            const struct intake_limit *limit, uint64_t at);
bool reply_queue_refuse(struct reply_queue *q, const struct intake_refusal *refusal, uint64_t at);
/* Gives on the answers that are there; called after taking. */
void reply_queue_give(struct reply_queue *q);

#endif
