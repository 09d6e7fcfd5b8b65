/* stream_memory.c - the memory engine: handles of one process that share a store by name. Nothing
 * survives the last handle; for tests. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "clock.h"
#include "stream_engine.h"
#include "stream_headers.h"
#include "stream_set.h"
#include "stream_keep.h"
#include "stream_memory_share.h"
#include "stream_memory_store.h"

struct mem_done {
    struct mem_done *next;
    stream_done_fn fn;
    void *arg;
    uint32_t records;
    uint64_t bytes;
};

struct mem_stream {
    struct stream base;
    struct stream_options limits;
    struct stream_kept keep;
    char writer[STREAM_NAME_MAX + 1];
    struct mem_store *store;
    int event;
    struct mem_done *done, **done_tail; /* due, in order */
    struct mem_share *shares;           /* under the store's lock */
    uint64_t queued_bytes;
    uint32_t queued;
    bool closing;
};

struct mem_cursor { /* of a reader in one log */
    struct mem_log *log;
    int64_t next;
};

struct mem_reader {
    struct stream_reader base;
    struct mem_reader *next, **prev; /* in the store's list */
    struct mem_stream *stream;
    int event;
    char (*topics)[STREAM_NAME_MAX + 1];
    unsigned ntopics;
    char group[STREAM_NAME_MAX + 1];
    enum stream_start start;
    int64_t start_ms;
    struct mem_cursor *cursors;
    size_t ncursors, turn;
    char *copy; /* of the record given last */
    struct stream_header headers[STREAM_HEADERS_MAX];
};

static int mem_open(const struct stream_options *o, struct stream **ret, struct err *reterr)
{
    struct mem_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "memory stream: no memory");
    s->store = mem_store_get(o->dir);
    s->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!s->store || s->event < 0) {
        if (s->store)
            mem_store_put(s->store);
        if (s->event >= 0)
            close(s->event);
        free(s);
        return err_set(reterr, ERR_NOMEM, "memory stream: no memory or no descriptor");
    }
    s->limits = *o;
    stream_keep_init(&s->keep, o);
    s->done_tail = &s->done;
    if (o->writer.n)
        memcpy(s->writer, o->writer.p, o->writer.n);
    *ret = &s->base;
    return 0;
}

static struct mem_stream *mem_of(struct stream *s)
{
    return (struct mem_stream *)s;
}

static void mem_dispatch(struct stream *base)
{
    struct mem_stream *s = mem_of(base);
    uint64_t count;
    if (read(s->event, &count, sizeof(count)) < 0)
        return; /* nothing due */
    struct mem_done *due = s->done;
    s->done = NULL;
    s->done_tail = &s->done;
    for (struct mem_done *d = due, *next; d; d = next) {
        next = d->next;
        s->queued -= d->records;
        s->queued_bytes -= d->bytes;
        if (d->fn)
            d->fn(d->arg, NULL);
        free(d);
    }
}

static void mem_close(struct stream *base)
{
    struct mem_stream *s = mem_of(base);
    s->closing = true;
    while (s->done)
        mem_dispatch(base);
    mem_store_put(s->store);
    mem_share_free(s->shares);
    close(s->event);
    free(s);
}

static int mem_fd(const struct stream *s)
{
    return ((const struct mem_stream *)s)->event;
}

static void ring(int event)
{
    uint64_t one = 1;
    ssize_t n = write(event, &one, sizeof(one));
    (void)n; /* full means that it has rung already */
}

/* All or nothing: copies first, then what cannot fail. Returns false without memory. */
static bool keep(struct mem_stream *s, const struct stream_record *set, unsigned n,
                 const struct stream_position *positions, unsigned npositions)
{
    struct slice writer = slice_str(s->writer);
    struct mem_record **copies = calloc(n + 1, sizeof(struct mem_record *));
    bool ok = copies != NULL;
    int64_t now = clock_wall_ms();
    for (unsigned i = 0; ok && i < n; i++) {
        struct mem_log *log = mem_log_find(s->store, set[i].topic, writer, true);
        ok = log && mem_log_reserve(log, n) && (copies[i] = mem_record_new(&set[i], now));
    }
    for (unsigned i = 0; ok && i < npositions; i++)
        ok = !mem_share_holds(mem_share_find(s->shares, positions[i].group),
                              positions[i].partition) ||
             mem_position_set(s->store, positions[i].group, positions[i].topic,
                              positions[i].partition, positions[i].next);
    for (unsigned i = 0; copies && i < n; i++)
        if (ok)
            mem_log_push(mem_log_find(s->store, set[i].topic, writer, false), copies[i]);
        else
            free(copies[i]);
    free(copies);
    if (ok)
        mem_store_prune(s->store, writer, &s->limits, &s->keep, now);
    return ok;
}

static enum stream_result mem_forward(struct stream *base, const struct stream_record *set,
                                      unsigned n, const struct stream_position *positions,
                                      unsigned npositions, stream_done_fn fn, void *arg,
                                      struct err *reterr)
{
    struct mem_stream *s = mem_of(base);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += stream_record_size(&set[i]);
    uint32_t count = n + npositions;
    if (s->closing || count > s->base.queue_records - s->queued ||
        bytes > s->base.queue_bytes - s->queued_bytes)
        return STREAM_FULL;
    struct mem_done *done = malloc(sizeof(*done));
    pthread_mutex_lock(&s->store->lock);
    bool ok = done && keep(s, set, n, positions, npositions);
    for (struct mem_reader *r = s->store->readers; ok && n && r; r = r->next)
        ring(r->event);
    pthread_mutex_unlock(&s->store->lock);
    if (!ok) {
        free(done);
        err_set(reterr, ERR_NOMEM, "memory stream: no memory");
        return STREAM_FULL;
    }
    *done = (struct mem_done){.fn = fn, .arg = arg, .records = count, .bytes = bytes};
    *s->done_tail = done;
    s->done_tail = &done->next;
    s->queued += count;
    s->queued_bytes += bytes;
    ring(s->event);
    return STREAM_OK;
}

static struct mem_reader *reader_of(struct stream_reader *r)
{
    return (struct mem_reader *)r;
}

/* The first record of that time or later. */
static int64_t at_time(const struct mem_log *log, int64_t ms)
{
    int64_t at = log->first;
    while (at < log->end && mem_log_at(log, at)->time_ms < ms)
        at++;
    return at;
}

static int64_t start_of(const struct mem_reader *r, const struct mem_log *log)
{
    switch (r->start) {
    case STREAM_EARLIEST:
        break;
    case STREAM_LATEST:
        return log->end;
    case STREAM_AT_TIME:
        return at_time(log, r->start_ms);
    }
    return log->first;
}

static struct mem_share *share_of(const struct mem_reader *r)
{
    return r->group[0] ? mem_share_find(r->stream->shares, slice_str(r->group)) : NULL;
}

static bool wants(const struct mem_reader *r, const struct mem_log *log)
{
    if (!mem_share_holds(share_of(r), slice_str(log->partition)))
        return false;
    for (unsigned i = 0; i < r->ntopics; i++)
        if (strcmp(r->topics[i], log->topic) == 0)
            return true;
    return false;
}

static bool follow(struct mem_reader *r, struct mem_log *log, int64_t next)
{
    struct mem_cursor *more = realloc(r->cursors, (r->ncursors + 1) * sizeof(*more));
    if (!more)
        return false;
    r->cursors = more;
    more[r->ncursors++] = (struct mem_cursor){log, next};
    return true;
}

/* Logs that are there when the reader opens begin where the group stands, or at `start`. */
static bool follow_first(struct mem_reader *r, struct mem_log *log)
{
    struct mem_store *store = r->stream->store;
    struct slice group = slice_str(r->group), topic = slice_str(log->topic);
    struct slice partition = slice_str(log->partition);
    if (!group.n)
        return follow(r, log, start_of(r, log));
    struct mem_position *own = mem_position_find(store, group, topic, partition);
    if (own)
        return follow(r, log, own->at);
    if (mem_position_find(store, group, topic, SLICE("")))
        return follow(r, log, 0);
    int64_t next = start_of(r, log);
    if (r->stream->base.writable && !mem_position_set(store, group, topic, partition, next))
        return false;
    return follow(r, log, next);
}

/* Those that appear later are read from their beginning. */
static bool follow_new(struct mem_reader *r, bool first)
{
    for (struct mem_log *log = r->stream->store->logs; log; log = log->next) {
        bool known = !wants(r, log);
        for (size_t i = 0; !known && i < r->ncursors; i++)
            known = r->cursors[i].log == log;
        if (!known && !(first || share_of(r) ? follow_first(r, log) : follow(r, log, 0)))
            return false;
    }
    if (first && r->group[0] && r->stream->base.writable)
        for (unsigned i = 0; i < r->ntopics; i++)
            if (!mem_position_set(r->stream->store, slice_str(r->group), slice_str(r->topics[i]),
                                  SLICE(""), 0))
                return false;
    return true;
}

static void mem_reader_close(struct stream_reader *base)
{
    struct mem_reader *r = reader_of(base);
    pthread_mutex_lock(&r->stream->store->lock);
    if (r->prev) {
        *r->prev = r->next;
        if (r->next)
            r->next->prev = r->prev;
    }
    pthread_mutex_unlock(&r->stream->store->lock);
    if (r->event >= 0)
        close(r->event);
    free(r->topics);
    free(r->cursors);
    free(r->copy);
    free(r);
}

static struct mem_reader *new_reader(struct mem_stream *s, const struct stream_reader_options *o)
{
    struct mem_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->stream = s;
    r->event = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    r->topics = calloc(o->ntopics, sizeof(*r->topics));
    if (r->event < 0 || !r->topics) {
        mem_reader_close(&r->base);
        return NULL;
    }
    for (r->ntopics = 0; r->ntopics < o->ntopics; r->ntopics++)
        memcpy(r->topics[r->ntopics], o->topics[r->ntopics].p, o->topics[r->ntopics].n);
    if (o->group.n)
        memcpy(r->group, o->group.p, o->group.n);
    r->start = o->start;
    r->start_ms = o->start_ms;
    return r;
}

static int mem_reader_open(struct stream *base, const struct stream_reader_options *o,
                           struct stream_reader **ret, struct err *reterr)
{
    struct mem_stream *s = mem_of(base);
    struct mem_reader *r = new_reader(s, o);
    if (!r)
        return err_set(reterr, ERR_NOMEM, "memory stream: no memory or no descriptor");
    pthread_mutex_lock(&s->store->lock);
    mem_share_begin(share_of(r));
    bool ok = follow_new(r, true);
    r->next = s->store->readers;
    r->prev = &s->store->readers;
    if (r->next)
        r->next->prev = &r->next;
    s->store->readers = r;
    pthread_mutex_unlock(&s->store->lock);
    if (!ok) {
        mem_reader_close(&r->base);
        return err_set(reterr, ERR_NOMEM, "memory stream: no memory");
    }
    *ret = &r->base;
    return 0;
}

static int mem_reader_fd(const struct stream_reader *r)
{
    return ((const struct mem_reader *)r)->event;
}

static enum stream_next give(struct mem_reader *r, struct mem_cursor *c, struct stream_message *ret,
                             struct err *reterr)
{
    const struct mem_record *m = mem_log_at(c->log, c->next);
    char *copy = malloc(m->key.n + m->headers.n + m->value.n + 1);
    if (!copy) {
        err_set(reterr, ERR_NOMEM, "memory stream: no memory");
        return STREAM_ERROR;
    }
    free(r->copy);
    char *at = r->copy = copy;
    *ret = (struct stream_message){
        .topic = slice_str(c->log->topic),
        .partition = slice_str(c->log->partition),
        .offset = c->next++,
        .time_ms = m->time_ms,
        .headers = r->headers,
    };
    ret->key = stream_set_text(&at, m->key);
    ret->nheaders = (unsigned)stream_headers_read(stream_set_text(&at, m->headers), r->headers);
    ret->value = stream_set_text(&at, m->value);
    return STREAM_GOT;
}

static enum stream_next next_locked(struct mem_reader *r, struct stream_message *ret,
                                    struct err *reterr)
{
    enum stream_next share = mem_share_next(share_of(r));
    if (share == STREAM_MOVED)
        r->ncursors = 0; /* each from its group's position */
    if (share != STREAM_GOT)
        return share;
    if (!follow_new(r, false)) {
        err_set(reterr, ERR_NOMEM, "memory stream: no memory");
        return STREAM_ERROR;
    }
    for (size_t i = 0; i < r->ncursors; i++) {
        struct mem_cursor *c = &r->cursors[r->turn++ % r->ncursors];
        int64_t from = c->next;
        if (from < c->log->first) {
            c->next = c->log->first;
            return stream_lost(ret, reterr, slice_str(r->group), slice_str(c->log->topic),
                               slice_str(c->log->partition), from, c->next);
        }
        if (from < c->log->end)
            return give(r, c, ret, reterr);
    }
    return STREAM_NONE;
}

static enum stream_next mem_next(struct stream_reader *base, struct stream_message *ret,
                                 struct err *reterr)
{
    struct mem_reader *r = reader_of(base);
    pthread_mutex_lock(&r->stream->store->lock);
    enum stream_next got = next_locked(r, ret, reterr);
    if (got == STREAM_NONE) {
        uint64_t count; /* under the lock, so that no append is missed in between */
        ssize_t n = read(r->event, &count, sizeof(count));
        (void)n;
    }
    pthread_mutex_unlock(&r->stream->store->lock);
    return got;
}

static bool mem_moves(const struct stream_reader *base)
{
    const struct mem_reader *r = (const struct mem_reader *)base;
    pthread_mutex_lock(&r->stream->store->lock);
    bool moves = mem_share_moves(share_of(r));
    pthread_mutex_unlock(&r->stream->store->lock);
    return moves;
}

static void mem_yield(struct stream_reader *base)
{
    struct mem_reader *r = reader_of(base);
    pthread_mutex_lock(&r->stream->store->lock);
    mem_share_yield(share_of(r));
    pthread_mutex_unlock(&r->stream->store->lock);
    ring(r->event);
}

static bool mem_holds(const struct stream_reader *base, struct slice topic, struct slice partition)
{
    const struct mem_reader *r = (const struct mem_reader *)base;
    (void)topic;
    pthread_mutex_lock(&r->stream->store->lock);
    bool holds = mem_share_holds(share_of(r), partition);
    pthread_mutex_unlock(&r->stream->store->lock);
    return holds;
}

static int mem_seek(struct stream_reader *base, struct slice topic, struct slice partition,
                    int64_t offset, struct err *reterr)
{
    struct mem_reader *r = reader_of(base);
    pthread_mutex_lock(&r->stream->store->lock);
    struct mem_cursor *found = NULL;
    bool ok = follow_new(r, false);
    for (size_t i = 0; ok && i < r->ncursors; i++)
        if (slice_eq_str(topic, r->cursors[i].log->topic) &&
            slice_eq_str(partition, r->cursors[i].log->partition))
            found = &r->cursors[i];
    if (found)
        found->next = offset;
    pthread_mutex_unlock(&r->stream->store->lock);
    ring(r->event);
    if (found)
        return 0;
    return err_set(reterr, ERR_INPUT, "this reader has no topic %.*s in a partition %.*s",
                   SLICE_ARG(topic), SLICE_ARG(partition));
}

static int mem_seek_time(struct stream_reader *base, int64_t wall_ms, struct err *reterr)
{
    struct mem_reader *r = reader_of(base);
    pthread_mutex_lock(&r->stream->store->lock);
    bool ok = follow_new(r, false);
    for (size_t i = 0; ok && i < r->ncursors; i++)
        r->cursors[i].next = at_time(r->cursors[i].log, wall_ms);
    pthread_mutex_unlock(&r->stream->store->lock);
    ring(r->event);
    return ok ? 0 : err_set(reterr, ERR_NOMEM, "memory stream: no memory");
}

static int mem_lag(struct stream_reader *base, uint64_t *ret_records, int64_t *ret_oldest_ms,
                   struct err *reterr)
{
    struct mem_reader *r = reader_of(base);
    pthread_mutex_lock(&r->stream->store->lock);
    bool ok = follow_new(r, false);
    uint64_t records = 0;
    int64_t oldest = 0;
    for (size_t i = 0; ok && i < r->ncursors; i++) {
        const struct mem_cursor *c = &r->cursors[i];
        int64_t next = c->next < c->log->first ? c->log->first : c->next;
        const struct mem_record *m = mem_log_at(c->log, next);
        if (m && (!oldest || m->time_ms < oldest))
            oldest = m->time_ms;
        records += m ? (uint64_t)(c->log->end - next) : 0;
    }
    pthread_mutex_unlock(&r->stream->store->lock);
    if (!ok)
        return err_set(reterr, ERR_NOMEM, "memory stream: no memory");
    *ret_records = records;
    *ret_oldest_ms = oldest;
    return 0;
}

const struct stream_engine stream_engine_memory = {
    .name = "memory",
    .open = mem_open,
    .close = mem_close,
    .fd = mem_fd,
    .dispatch = mem_dispatch,
    .forward = mem_forward,
    .reader_open = mem_reader_open,
    .reader_close = mem_reader_close,
    .reader_fd = mem_reader_fd,
    .next = mem_next,
    .seek = mem_seek,
    .seek_time = mem_seek_time,
    .lag = mem_lag,
    .moves = mem_moves,
    .yield = mem_yield,
    .holds = mem_holds,
};

bool stream_memory_share(struct stream *base, struct slice group, const struct slice *partitions,
                         unsigned n, bool abrupt)
{
    struct mem_stream *s = mem_of(base);
    if (base->engine != &stream_engine_memory || n > MEM_SHARE_MAX || group.n > STREAM_NAME_MAX)
        return false;
    pthread_mutex_lock(&s->store->lock);
    struct mem_share *share = mem_share_find(s->shares, group);
    if (!share && (share = calloc(1, sizeof(*share)))) {
        memcpy(share->group, group.p, group.n);
        share->next = s->shares;
        s->shares = share;
        abrupt = true; /* it shared nothing out before */
    }
    if (share) {
        share->due.n = n;
        for (unsigned i = 0; i < n; i++)
            snprintf(share->due.names[i], sizeof(share->due.names[i]), "%.*s",
                     SLICE_ARG(partitions[i]));
        if (share->state != MEM_LEAVES)
            share->state = abrupt ? MEM_MOVES : MEM_TOLD_TO_LEAVE;
    }
    for (struct mem_reader *r = s->store->readers; share && r; r = r->next)
        ring(r->event);
    pthread_mutex_unlock(&s->store->lock);
    return share != NULL;
}
