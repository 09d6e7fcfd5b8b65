#include "batch.h"

static struct batch *batch_of(struct reply_to *to)
{
    return (struct batch *)(void *)to;
}

static void give_answered(struct batch *b)
{
    while (b->first && b->first->ready) {
        struct reply *r = b->first;
        b->first = r->next;
        if (!b->first)
            b->last = NULL;
        b->pending--;
        b->hooks->answered(r, b->arg);
        reply_give_back(&b->intake->pool, r);
    }
}

static void on_ready(struct reply_to *to, struct reply *r)
{
    struct batch *b = batch_of(to);
    (void)r;
    if (b->taking)
        return;
    give_answered(b);
    b->hooks->moved(b->arg);
}

static void on_later(struct reply_to *to)
{
    batch_of(to)->put_off = true;
}

static bool on_may_send(struct reply_to *to, const struct translation *t)
{
    struct reply_to *of = batch_of(to)->of;
    return !of || !of->may_send || of->may_send(of, t);
}

void batch_init(struct batch *b, uint64_t head, unsigned pending_max)
{
    b->to = (struct reply_to){.ready = on_ready, .later = on_later, .may_send = on_may_send};
    hl7_batch_init(&b->parts, b->limit.bytes, head < b->limit.bytes ? head : b->limit.bytes);
    b->pending_max = pending_max;
}

void batch_fini(struct batch *b)
{
    for (struct reply *r = b->first, *next; r; r = next) {
        next = r->next;
        r->to = NULL;
        if (r->ready)
            reply_give_back(&b->intake->pool, r);
    }
    b->first = b->last = NULL;
    b->pending = 0;
    hl7_batch_fini(&b->parts);
}

static bool may_take(const struct batch *b)
{
    return !b->put_off && b->pending < b->pending_max && !intake_full(b->intake);
}

static bool take(struct batch *b, enum hl7_batch_result what, const struct hl7_batch_item *item)
{
    struct reply *r;
    if (item->at < b->skip)
        return true;
    b->taking = true;
    r = what == HL7_BATCH_MESSAGE
            ? intake_message(b->intake, b->source, &b->to, item->bytes)
            : intake_long_frame(b->intake, b->source, &b->to, &item->frame, &b->limit);
    b->taking = false;
    if (!r)
        return false;
    r->at = item->at;
    r->next = NULL;
    if (b->last)
        b->last->next = r;
    else
        b->first = r;
    b->last = r;
    b->pending++;
    return true;
}

static enum batch_step feed(struct batch *b, struct slice *input, bool last)
{
    struct hl7_batch_item item;
    while (may_take(b)) {
        enum hl7_batch_result what = hl7_batch_next(&b->parts, input, last, &item);
        if (what == HL7_BATCH_NOMEM)
            return BATCH_NOMEM;
        if (what == HL7_BATCH_MORE)
            return last ? BATCH_END : BATCH_MORE;
        if (what == HL7_BATCH_MESSAGE || what == HL7_BATCH_TOO_LONG) {
            if (!take(b, what, &item))
                return BATCH_NOMEM;
        } else if (b->hooks->part) {
            b->hooks->part(what, &item, b->arg);
        }
    }
    return BATCH_WAIT;
}

enum batch_step batch_feed(struct batch *b, struct slice *input, bool last)
{
    enum batch_step step = feed(b, input, last);
    give_answered(b);
    return step;
}
