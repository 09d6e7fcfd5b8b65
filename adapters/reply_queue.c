#include "reply_queue.h"

static struct reply_queue *queue_of(struct reply_to *to)
{
    return (struct reply_queue *)(void *)to;
}

void reply_queue_give(struct reply_queue *q)
{
    while (q->first && q->first->ready) {
        struct reply *r = q->first;
        q->first = r->next;
        if (!q->first)
            q->last = NULL;
        q->pending--;
        q->hooks->answered(r, q->arg);
        reply_give_back(&q->intake->pool, r);
    }
}

static void on_ready(struct reply_to *to, struct reply *r)
{
    struct reply_queue *q = queue_of(to);
    (void)r;
    if (q->taking)
        return;
    reply_queue_give(q);
    q->hooks->moved(q->arg);
}

static void on_later(struct reply_to *to)
{
    queue_of(to)->put_off = true;
}

static bool on_may_send(struct reply_to *to, const struct translation *t)
{
    struct reply_to *of = queue_of(to)->of;
    return !of || !of->may_send || of->may_send(of, t);
}

void reply_queue_init(struct reply_queue *q)
{
    q->to = (struct reply_to){.ready = on_ready, .later = on_later, .may_send = on_may_send};
}

void reply_queue_fini(struct reply_queue *q)
{
    for (struct reply *r = q->first, *next; r; r = next) {
        next = r->next;
        r->to = NULL;
        if (r->ready)
            reply_give_back(&q->intake->pool, r);
    }
    q->first = q->last = NULL;
    q->pending = 0;
}

bool reply_queue_open(const struct reply_queue *q)
{
    return !q->put_off && q->pending < q->pending_max && !intake_full(q->intake);
}

static bool put(struct reply_queue *q, struct reply *r, uint64_t at)
{
    q->taking = false;
    if (!r)
        return false;
    r->at = at;
    r->next = NULL;
    if (q->last)
        q->last->next = r;
    else
        q->first = r;
    q->last = r;
    q->pending++;
    return true;
}

bool reply_queue_message(struct reply_queue *q, struct slice raw, uint64_t at)
{
    q->taking = true;
    return put(q, intake_message(q->intake, q->source, &q->to, raw), at);
}

bool reply_queue_long_frame(struct reply_queue *q, const struct hl7_frame *frame,
                            const struct intake_limit *limit, uint64_t at)
{
    q->taking = true;
    return put(q, intake_long_frame(q->intake, q->source, &q->to, frame, limit), at);
}

bool reply_queue_refuse(struct reply_queue *q, const struct intake_refusal *refusal, uint64_t at)
{
    q->taking = true;
    return put(q, intake_refuse(q->intake, q->source, &q->to, refusal), at);
}
