/* stream_null.c - the null engine: takes everything, keeps nothing. It shows the smallest contract
 * that an engine has to meet, to be copied (docs/extending.md), and serves measuring. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "stream_engine.h"

struct null_done {
    stream_done_fn fn;
    void *arg;
    uint32_t weight; /* records and positions of the set, 1 at least */
};

/* Callbacks that are due, in order, in a ring of queue_records places: none runs within the call
 * that asked for it. All readers are one, which never has anything to give. */
struct null_stream {
    struct stream base;
    struct stream_reader reader;
    int event;
    uint32_t first, count, max, queued; /* queued: what the sets in the ring weigh together */
    struct null_done due[];
};

static int null_open(const struct stream_options *o, struct stream **ret, struct err *reterr)
{
    struct null_stream *s = calloc(1, sizeof(*s) + o->queue_records * sizeof(s->due[0]));
    if (!s || (s->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
        free(s);
        return err_set(reterr, ERR_NOMEM, "null stream: no memory or no descriptor");
    }
    s->max = o->queue_records;
    *ret = &s->base;
    return 0;
}

static int null_fd(const struct stream *s)
{
    return ((const struct null_stream *)s)->event;
}

static void null_dispatch(struct stream *base)
{
    struct null_stream *s = (struct null_stream *)base;
    uint64_t bell;
    if (read(s->event, &bell, sizeof(bell)) < 0)
        return; /* nothing is due */
    for (uint32_t n = s->count; n; n--) {
        struct null_done d = s->due[s->first];
        s->first = (s->first + 1) % s->max;
        s->count--;
        s->queued -= d.weight;
        if (d.fn)
            d.fn(d.arg, NULL);
    }
}

static void null_close(struct stream *base)
{
    struct null_stream *s = (struct null_stream *)base;
    while (s->count)
        null_dispatch(base);
    close(s->event);
    free(s);
}

static enum stream_result null_forward(struct stream *base, const struct stream_record *set,
                                       unsigned n, const struct stream_position *positions,
                                       unsigned npositions, stream_done_fn done, void *arg,
                                       struct err *reterr)
{
    struct null_stream *s = (struct null_stream *)base;
    uint32_t weight = n + npositions ? n + npositions : 1;
    (void)set, (void)positions, (void)reterr; /* stream.c has checked them */
    if (weight > s->max - s->queued)
        return STREAM_FULL;
    s->queued += weight;
    s->due[(s->first + s->count++) % s->max] = (struct null_done){done, arg, weight};
    eventfd_write(s->event, 1); /* fails only where it rings already */
    return STREAM_OK;
}

static int null_reader_open(struct stream *base, const struct stream_reader_options *o,
                            struct stream_reader **ret, struct err *reterr)
{
    (void)o, (void)reterr;
    *ret = &((struct null_stream *)base)->reader;
    return 0;
}

const struct stream_engine stream_engine_null = {
    .name = "null",
    .forgets = true,
    .open = null_open,
    .close = null_close,
    .fd = null_fd,
    .dispatch = null_dispatch,
    .forward = null_forward,
    .reader_open = null_reader_open,
};
