#include "bulk.h"

#include <stdlib.h>
#include "log.h"

enum { UNDER_WAY = 1024, AGAIN_MS = 10, HEAD = 64 * 1024, LINE_MAX = 4096 };

struct bulk {
    struct bulk_options o;
    struct reply_queue queue;
    struct batch batch;
    struct loop_timer *timer;
    struct buf bytes, header, file, answers; /* header, file: the first BHS and FHS; answers: of the
                                                messages, without frames */
    struct slice rest;                       /* of bytes */
    uint64_t nanswers, nmessages;
    enum batch_step step;
    bool unanswered; /* some message is to have no answer but the end of the connection */
    bool begins;     /* with FHS or BHS: a sender that knows of batches */
    struct reply *reply;
    bulk_done_fn done;
    void *arg;
};

static bool only_errors(const struct bulk *b)
{
    return b->o.source->conf->ack.batch == SITE_BATCH_ERRORS;
}

static bool each(const struct bulk *b)
{
    return b->o.framed && (!b->begins || b->o.source->conf->ack.batch == SITE_BATCH_EACH);
}

/* What stands between VT and FS of each answer. */
static void add_answers(struct bulk *b, struct slice frames)
{
    while (frames.n > 3) {
        size_t end = slice_find(frames, 0x1c);
        buf_put(&b->answers, slice_sub(frames, 1, end));
        frames = slice_sub(frames, end + 2, frames.n);
        b->nanswers++;
    }
}

static void on_answered(const struct reply *r, void *arg)
{
    struct bulk *b = arg;
    b->nmessages++;
    b->unanswered |= r->close;
    if (each(b))
        buf_put(&b->answers, buf_slice(&r->frame));
    else if (r->refused || !only_errors(b))
        add_answers(b, buf_slice(&r->frame));
}

static void keep(struct buf *to, struct slice line)
{
    if (to->n)
        return;
    buf_put(to, slice_sub(line, 0, LINE_MAX));
}

static void on_part(enum hl7_batch_result what, const struct hl7_batch_item *item, void *arg)
{
    struct bulk *b = arg;
    if (what == HL7_BATCH_FILE)
        keep(&b->file, item->bytes);
    else if (what == HL7_BATCH_BATCH)
        keep(&b->header, item->bytes);
}

static void on_moved(void *arg)
{
    struct bulk *b = arg;
    loop_timer_start(b->timer, 0);
}

/* A header may be nothing but its id. */
static char separator_of(const struct buf *header)
{
    return header->n > 3 ? header->p[3] : '|';
}

/* FHS or BHS of the answer: sender and receiver change places, 12 says which one is answered. */
static void put_header(struct bulk *b, struct buf *out, const struct buf *header, const char *id)
{
    static const unsigned swapped[] = {5, 6, 3, 4};
    struct slice asked = buf_slice(header);
    char sep = separator_of(header);
    struct slice marks = hl7_batch_field(asked, 2);
    buf_puts(out, id);
    buf_putc(out, sep);
    buf_put(out, marks.n ? marks : SLICE("^~\\&"));
    for (size_t i = 0; i < sizeof(swapped) / sizeof(*swapped); i++) {
        buf_putc(out, sep);
        buf_put(out, hl7_batch_field(asked, swapped[i]));
    }
    buf_printf(out, "%c%.*s%c%c%c%c", sep, SLICE_ARG(reply_now(&b->o.intake->stamp)), sep, sep, sep,
               sep);
    reply_put_id(&b->o.intake->stamp, out);
    buf_putc(out, sep);
    buf_put(out, hl7_batch_field(asked, 11));
    buf_putc(out, '\r');
}

/* The header of a batch as that of a message, so that the batch itself can be answered. */
static struct slice as_message(const struct bulk *b, struct buf *text)
{
    const struct buf *header = b->header.n ? &b->header : &b->file;
    struct slice asked = buf_slice(header);
    char sep = separator_of(header);
    buf_printf(text, "MSH%c", sep);
    for (unsigned i = 2; i <= 7; i++) {
        struct slice value = hl7_batch_field(asked, i);
        buf_put(text, i == 2 && value.n < 2 ? SLICE("^~\\&") : value);
        buf_putc(text, sep);
    }
    buf_printf(text, "%c%c", sep, sep);
    buf_put(text, hl7_batch_field(asked, 11));
    return buf_slice(text);
}

/* An answer to the batch itself. */
static void answer_batch(struct bulk *b, bool later, const char *why)
{
    static const struct hl7_limits limits = {8, 64};
    struct hl7_ack_error error = {.code = HL7_INTERNAL, .fatal = true, .text = slice_str(why)};
    struct intake *in = b->o.intake;
    struct buf text;
    struct hl7_msg msg;
    struct err ignored = {0};
    buf_init(&text, 4 * LINE_MAX);
    arena_reset(&in->scratch);
    bool known = hl7_msg_parse(as_message(b, &text), &limits, &in->scratch, &msg, &ignored) == 0;
    reply_write(b->reply, &in->stamp, known ? &msg : NULL, HL7_AE, &error, 1);
    if (later)
        reply_write_later(b->reply, &in->stamp, &in->scratch, slice_str(why));
    buf_fini(&text);
}

static const char *fault_of(const struct bulk *b)
{
    unsigned faults = b->batch.parts.faults;
    if (faults & HL7_BATCH_COUNT)
        return "BTS-1 is not the number of messages that came: all that came were taken";
    if (faults & HL7_BATCH_FILE_COUNT)
        return "FTS-1 is not the number of batches that came: all that came were taken";
    if (faults & (HL7_BATCH_NO_END | HL7_BATCH_NO_FILE_END))
        return "the batch has no end (BTS, FTS): all that came was taken";
    return NULL;
}

static void put_batch(struct bulk *b, struct buf *out)
{
    const struct buf *header = b->header.n ? &b->header : &b->file;
    if (b->file.n)
        put_header(b, out, &b->file, "FHS");
    put_header(b, out, header, "BHS");
    buf_put(out, buf_slice(&b->answers));
    buf_printf(out, "BTS%c%llu\r", separator_of(header), (unsigned long long)b->nanswers);
    if (b->file.n)
        buf_printf(out, "FTS%c1\r", separator_of(&b->file));
}

static void write_answer(struct bulk *b)
{
    const char *fault = fault_of(b);
    struct reply *r = b->reply;
    bool wrapped = b->header.n || b->file.n || b->nmessages > 1;
    answer_batch(b, false, fault ? fault : "");
    if (fault) {
        log_line(LOG_WARN, "batch.odd", "source=%.*s messages=%llu why=\"%s\"",
                 SLICE_ARG(b->o.source->conf->name), (unsigned long long)b->nmessages, fault);
        if (each(b))
            buf_put(&b->answers, buf_slice(&r->frame));
        else
            add_answers(b, buf_slice(&r->frame));
    }
    buf_reset(&r->frame);
    r->frame.max = BULK_ANSWER_MAX;
    if (b->o.framed && !each(b))
        buf_putc(&r->frame, 0x0b);
    if (wrapped && !each(b))
        put_batch(b, &r->frame);
    else
        buf_put(&r->frame, buf_slice(&b->answers));
    if (b->o.framed && !each(b))
        buf_puts(&r->frame, "\x1c\r");
    r->close = !buf_ok(&r->frame) || !buf_ok(&b->answers);
}

static void finish(struct bulk *b)
{
    if (bulk_put_off(b))
        answer_batch(b, true, "not all of the batch could be made durable: send it again later");
    else
        write_answer(b);
    b->reply->close |= b->unanswered;
    b->done(b, b->arg);
}

static void go_on(void *arg)
{
    struct bulk *b = arg;
    if (b->step != BATCH_END && !bulk_put_off(b))
        b->step = batch_feed(&b->batch, &b->rest, true);
    if (b->queue.pending == 0 && (b->step == BATCH_END || bulk_put_off(b)))
        finish(b);
    else if (b->step == BATCH_WAIT)
        loop_timer_start(b->timer, AGAIN_MS);
}

bool bulk_open(const struct bulk_options *o, struct slice bytes, struct reply *r, bulk_done_fn done,
               void *arg, struct bulk **ret)
{
    static const struct reply_queue_hooks hooks = {.answered = on_answered, .moved = on_moved};
    struct err ignored = {0};
    struct bulk *b = calloc(1, sizeof(*b));
    if (!b)
        return false;
    *b = (struct bulk){.o = *o, .step = BATCH_MORE, .reply = r, .done = done, .arg = arg};
    b->begins = hl7_batch_begins(bytes);
    b->queue = (struct reply_queue){.hooks = &hooks,
                                    .arg = b,
                                    .intake = o->intake,
                                    .source = o->source,
                                    .of = o->of,
                                    .pending_max = UNDER_WAY};
    b->batch = (struct batch){.queue = &b->queue, .part = on_part, .limit = o->limit};
    reply_queue_init(&b->queue);
    batch_init(&b->batch, HEAD);
    buf_init(&b->bytes, bytes.n + 1);
    buf_init(&b->header, LINE_MAX);
    buf_init(&b->file, LINE_MAX);
    buf_init(&b->answers, BULK_ANSWER_MAX);
    buf_put(&b->bytes, bytes);
    b->rest = buf_slice(&b->bytes);
    if (!buf_ok(&b->bytes) || loop_timer_add(o->loop, go_on, b, &b->timer, &ignored) < 0) {
        bulk_close(b);
        return false;
    }
    loop_timer_start(b->timer, 0);
    *ret = b;
    return true;
}

void bulk_close(struct bulk *b)
{
    if (!b)
        return;
    loop_timer_remove(b->timer);
    reply_queue_fini(&b->queue);
    batch_fini(&b->batch);
    buf_fini(&b->bytes);
    buf_fini(&b->header);
    buf_fini(&b->file);
    buf_fini(&b->answers);
    free(b);
}

struct reply *bulk_reply(const struct bulk *b)
{
    return b->reply;
}

bool bulk_put_off(const struct bulk *b)
{
    return b->queue.put_off || b->step == BATCH_NOMEM;
}
