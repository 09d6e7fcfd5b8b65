/* stream_kafka.c - the Kafka engine: its table, its queue, and what a handle is made of. */
#include "stream_kafka.h"

#include <poll.h>
#include <stdlib.h>
#include "clock.h"
#include "stream_kafka_asker.h"
#include "stream_kafka_lead.h"
#include "stream_kafka_producer.h"
#include "stream_kafka_property.h"
#include "stream_kafka_reader.h"

enum { CLOSE_MS = 10000 };

/* Runs callbacks until none is outstanding; past the deadline they all fail. */
static void drain(struct kafka_stream *s)
{
    int64_t until = clock_mono_ms() + CLOSE_MS, left;
    struct pollfd p = {.fd = s->wake.fd, .events = POLLIN};
    s->closing = true;
    while (s->queued && (left = until - clock_mono_ms()) > 0)
        if (poll(&p, 1, (int)left) > 0)
            stream_dispatch(&s->base);
    struct err e;
    err_fill(&e, ERR_PEER, "Kafka does not answer: the stream closed after %d ms", CLOSE_MS);
    kafka_trouble_quote(&s->trouble, &e);
    if (s->lead) {
        kafka_lead_stop(s->lead);
        kafka_lead_dispatch(s->lead);
    }
    if (s->queued)
        kafka_producer_give_up(s->producer, &e);
}

static void kafka_close(struct stream *base)
{
    struct kafka_stream *s = kafka_of(base);
    if (s->producer)
        drain(s);
    kafka_lead_close(s->lead);
    kafka_producer_close(s->producer);
    kafka_asker_leave(s->asker);
    kafka_wake_close(&s->wake);
    kafka_trouble_fini(&s->trouble);
    kafka_conf_fini(&s->conf);
    kafka_spares_fini(&s->spares);
    free(s);
}

static int open_parts(struct kafka_stream *s, const struct stream_options *o, struct err *reterr)
{
    if (kafka_conf_init(&s->conf, o, reterr) || kafka_wake_open(&s->wake, reterr))
        return -1;
    kafka_trouble_user(&s->trouble, kafka_conf_get(&s->conf, "sasl.username"));
    if (slice_present(o->writer) && kafka_producer_open(s, &s->producer, reterr))
        return -1;
    return 0;
}

static int kafka_open(const struct stream_options *o, struct stream **ret, struct err *reterr)
{
    struct kafka_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    s->wake.fd = s->wake.event = s->wake.timer = -1;
    s->due_ms = INT64_MAX;
    kafka_trouble_init(&s->trouble);
    if (open_parts(s, o, reterr)) {
        kafka_close(&s->base);
        return -1;
    }
    *ret = &s->base;
    return 0;
}

static int kafka_fd(const struct stream *base)
{
    return ((const struct kafka_stream *)base)->wake.fd;
}

/* The timer is set only where it would come too late: most sets are durable long before. */
static void mind_due(struct kafka_stream *s)
{
    int64_t due = kafka_producer_due(s->producer);
    if (due < s->due_ms) {
        s->due_ms = due;
        kafka_wake_at(&s->wake, due);
    }
}

static void kafka_dispatch(struct stream *base)
{
    struct kafka_stream *s = kafka_of(base);
    int64_t now = clock_mono_ms();
    if (!s->producer)
        return;
    kafka_wake_clear(&s->wake);
    if (now >= s->due_ms)
        s->due_ms = INT64_MAX; /* it has rung */
    kafka_producer_dispatch(s->producer, now);
    kafka_readers_dispatch(s);
    if (s->lead)
        kafka_lead_dispatch(s->lead);
    mind_due(s);
}

static bool has_room(const struct kafka_stream *s, uint32_t count, uint64_t bytes)
{
    return !s->closing && count <= s->base.queue_records - s->queued &&
           bytes <= s->base.queue_bytes - s->queued_bytes;
}

static int64_t until_of(const struct kafka_stream *s, int64_t now)
{
    uint32_t ms = s->conf.append_timeout_ms;
    return ms ? now + ms : INT64_MAX;
}

static enum stream_result kafka_forward(struct stream *base, const struct stream_record *set,
                                        unsigned n, const struct stream_position *positions,
                                        unsigned npositions, stream_done_fn done, void *arg,
                                        struct err *reterr)
{
    struct kafka_stream *s = kafka_of(base);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += stream_record_size(&set[i]);
    if (!has_room(s, n + npositions, bytes))
        return STREAM_FULL;
    bool leads = kafka_lead_owns(s->lead, positions, npositions);
    if (!leads && kafka_producer_check(s->producer, set, n, reterr))
        return STREAM_BAD;
    struct kafka_set *own = kafka_set_new(&s->spares, set, n, positions, npositions);
    if (!own) {
        err_set(reterr, ERR_NOMEM, "no memory for a set of %u records", n);
        return STREAM_FULL;
    }
    own->done = done;
    own->arg = arg;
    own->since_ms = clock_mono_ms();
    own->until_ms = until_of(s, own->since_ms);
    kafka_readers_mark(s, own);
    s->queued += own->count; /* before the worker can see it */
    s->queued_bytes += own->bytes;
    if (leads && !kafka_lead_put(s->lead, own, reterr)) {
        s->queued -= own->count;
        s->queued_bytes -= own->bytes;
        kafka_set_spare(&s->spares, own);
        return STREAM_FULL;
    }
    if (!leads) {
        kafka_commit_assign(&s->commit, own);
        kafka_producer_put(s->producer, own);
    }
    mind_due(s);
    return STREAM_OK;
}

static int kafka_lead(struct stream *base, struct slice group, stream_lead_fn fn, void *arg,
                      struct err *reterr)
{
    struct kafka_stream *s = kafka_of(base);
    if (s->lead)
        return err_set(reterr, ERR_REFUSED, "a handle leads one group only");
    return kafka_lead_open(s, group, fn, arg, &s->lead, reterr);
}

static bool kafka_queue(const struct stream *base, struct stream_queue *ret)
{
    const struct kafka_stream *s = (const struct kafka_stream *)base;
    if (!s->producer)
        return false;
    int64_t now = clock_mono_ms(), since = kafka_producer_since(s->producer);
    int64_t lead = s->lead ? kafka_lead_since(s->lead) : INT64_MAX;
    since = lead < since ? lead : since;
    *ret = (struct stream_queue){
        .records = s->queued,
        .bytes = s->queued_bytes,
        .oldest_ms = since < now ? now - since : 0,
        .replaced =
            kafka_producer_replaced(s->producer) + (s->lead ? kafka_lead_replaced(s->lead) : 0),
    };
    return true;
}

void kafka_stream_answer(struct kafka_stream *s, struct kafka_set *set, const struct err *e)
{
    s->queued -= set->count;
    s->queued_bytes -= set->bytes;
    if (set->done)
        set->done(set->arg, e);
    kafka_set_spare(&s->spares, set);
}

const struct stream_engine stream_engine_kafka = {
    .name = "kafka",
    .open = kafka_open,
    .close = kafka_close,
    .fd = kafka_fd,
    .dispatch = kafka_dispatch,
    .forward = kafka_forward,
    .reader_open = kafka_reader_open,
    .reader_close = kafka_reader_close,
    .reader_fd = kafka_reader_fd,
    .next = kafka_reader_next,
    .seek = kafka_reader_seek,
    .seek_time = kafka_reader_seek_time,
    .lag = kafka_reader_lag,
    .caught_up = kafka_reader_caught_up,
    .yield = kafka_reader_yield,
    .holds = kafka_reader_holds,
    .moves = kafka_reader_moves,
    .lead = kafka_lead,
    .queue = kafka_queue,
};
