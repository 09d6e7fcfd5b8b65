#include "batch.h"

void batch_init(struct batch *b, uint64_t head)
{
    hl7_batch_init(&b->parts, b->limit.bytes, head < b->limit.bytes ? head : b->limit.bytes);
}

void batch_fini(struct batch *b)
{
    hl7_batch_fini(&b->parts);
}

static bool take(struct batch *b, enum hl7_batch_result what, const struct hl7_batch_item *item)
{
    if (item->at < b->skip)
        return true;
    return what == HL7_BATCH_MESSAGE
               ? reply_queue_message(b->queue, item->bytes, item->at)
               : reply_queue_long_frame(b->queue, &item->frame, &b->limit, item->at);
}

static enum batch_step feed(struct batch *b, struct slice *input, bool last)
{
    struct hl7_batch_item item;
    while (reply_queue_open(b->queue)) {
        enum hl7_batch_result what = hl7_batch_next(&b->parts, input, last, &item);
        if (what == HL7_BATCH_NOMEM)
            return BATCH_NOMEM;
        if (what == HL7_BATCH_MORE)
            return last ? BATCH_END : BATCH_MORE;
        if (what == HL7_BATCH_MESSAGE || what == HL7_BATCH_TOO_LONG) {
            if (!take(b, what, &item))
                return BATCH_NOMEM;
        } else if (b->part) {
            b->part(what, &item, b->queue->arg);
        }
    }
    return BATCH_WAIT;
}

enum batch_step batch_feed(struct batch *b, struct slice *input, bool last)
{
    enum batch_step step = feed(b, input, last);
    reply_queue_give(b->queue);
    return step;
}
