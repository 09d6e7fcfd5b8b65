#include "stream.h"

#include "stream_engine.h"
#include "stream_engines.h"

#define DECLARE(engine) extern const struct stream_engine stream_engine_##engine;
STREAM_ENGINES(DECLARE)

#define ROW(engine) &stream_engine_##engine,
static const struct stream_engine *const engines[] = {STREAM_ENGINES(ROW)};

#define NAME(engine) #engine,
static const char *const names[] = {STREAM_ENGINES(NAME) NULL};

const char *const *stream_engines(void)
{
    return names;
}

void stream_options_default(struct stream_options *o)
{
    *o = (struct stream_options){
        .kind = SLICE("embedded"),
        .record_max = 64ULL << 20,
        .queue_records = 65536,
        .queue_bytes = 256ULL << 20,
        .append_timeout_ms = 20 * 1000,
        .keep_grace_ms = 3600 * 1000,
    };
}

static const struct stream_engine *find_engine(struct slice kind)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
        if (slice_eq_str(kind, engines[i]->name))
            return engines[i];
    return NULL;
}

bool stream_engine_keeps(const char *name)
{
    const struct stream_engine *engine = find_engine(slice_str(name));
    return engine && !engine->forgets;
}

/* The names that every engine can keep: a Kafka topic, a file name, a label. */
static bool name_ok(struct slice s)
{
    if (!s.n || s.n > STREAM_NAME_MAX || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static int check_name(const char *what, struct slice s, struct err *reterr)
{
    if (name_ok(s))
        return 0;
    return err_set(reterr, ERR_INPUT,
                   "%s '%.*s': a name has 1 to %d of the characters A-Z a-z 0-9 . _ - and begins "
                   "with no dot",
                   what, (int)(s.n < STREAM_NAME_MAX ? s.n : STREAM_NAME_MAX), s.n ? s.p : "",
                   STREAM_NAME_MAX);
}

static int check_options(const struct stream_options *o, struct err *reterr)
{
    enum { RECORD_MOST = 512 << 20 };
    if (!o->dir.n)
        return err_set(reterr, ERR_CONF, "stream: no directory is given");
    if (!o->record_max || o->record_max > RECORD_MOST)
        return err_set(reterr, ERR_CONF, "stream: record_max is %llu bytes, it may be 1 to %d",
                       (unsigned long long)o->record_max, RECORD_MOST);
    if (!o->queue_records || o->queue_bytes < o->record_max)
        return err_set(reterr, ERR_CONF,
                       "stream: a queue of %u records and %llu bytes cannot hold one record of "
                       "record_max = %llu bytes",
                       o->queue_records, (unsigned long long)o->queue_bytes,
                       (unsigned long long)o->record_max);
    int rc = 0;
    if (o->nkeep > STREAM_KEEP_MAX)
        return err_set(reterr, ERR_CONF, "stream: %u topics to keep, the limit is %d", o->nkeep,
                       STREAM_KEEP_MAX);
    if (slice_present(o->writer))
        rc = check_name("stream: writer", o->writer, reterr);
    for (unsigned i = 0; !rc && i < o->nkeep; i++)
        rc = check_name("stream: topic to keep", o->keep[i].topic, reterr);
    if (rc)
        reterr->code = ERR_CONF;
    return rc;
}

void stream_init(struct stream *s, const struct stream_engine *engine,
                 const struct stream_options *o)
{
    s->engine = engine;
    s->record_max = o->record_max;
    s->queue_records = o->queue_records;
    s->queue_bytes = o->queue_bytes;
    s->writable = slice_present(o->writer);
}

int stream_open(const struct stream_options *o, struct stream **ret, struct err *reterr)
{
    const struct stream_engine *engine = find_engine(o->kind);
    if (!engine)
        return err_set(reterr, ERR_CONF,
                       "stream: no engine '%.*s' is built in; the first there is: '%s'",
                       SLICE_ARG(o->kind), names[0]);
    struct stream *s;
    if (check_options(o, reterr) || engine->open(o, &s, reterr))
        return -1;
    stream_init(s, engine, o);
    *ret = s;
    return 0;
}

void stream_close(struct stream *s)
{
    if (s)
        s->engine->close(s);
}

int stream_fd(const struct stream *s)
{
    return s->engine->fd(s);
}

void stream_dispatch(struct stream *s)
{
    s->engine->dispatch(s);
}

uint64_t stream_record_size(const struct stream_record *r)
{
    uint64_t size = (uint64_t)r->topic.n + r->key.n + r->value.n;
    for (unsigned i = 0; i < r->nheaders; i++)
        size += (uint64_t)r->headers[i].name.n + r->headers[i].value.n;
    return size;
}

static int check_record(const struct stream *s, const struct stream_record *r, uint64_t *bytes,
                        struct err *reterr)
{
    if (check_name("topic", r->topic, reterr))
        return -1;
    if (r->nheaders > STREAM_HEADERS_MAX)
        return err_set(reterr, ERR_LIMIT, "topic %.*s: a record has %u headers, the limit is %d",
                       SLICE_ARG(r->topic), r->nheaders, STREAM_HEADERS_MAX);
    uint64_t size = stream_record_size(r);
    if (size > s->record_max)
        return err_set(reterr, ERR_LIMIT,
                       "topic %.*s: a record of %llu bytes is over the limit of %llu "
                       "(stream record_max)",
                       SLICE_ARG(r->topic), (unsigned long long)size,
                       (unsigned long long)s->record_max);
    *bytes += size;
    return 0;
}

static int check_position(const struct stream_position *p, struct err *reterr)
{
    if (check_name("group", p->group, reterr) || check_name("topic", p->topic, reterr) ||
        check_name("partition", p->partition, reterr))
        return -1;
    if (p->next < 0)
        return err_set(reterr, ERR_INPUT, "group %.*s: a position of %lld is not possible",
                       SLICE_ARG(p->group), (long long)p->next);
    return 0;
}

static int check_set(const struct stream *s, const struct stream_record *set, unsigned n,
                     const struct stream_position *positions, unsigned npositions,
                     struct err *reterr)
{
    if (!s->writable)
        return err_set(reterr, ERR_REFUSED, "the stream is open for reading only (no writer name)");
    if (!n && !npositions)
        return err_set(reterr, ERR_INPUT, "a set with no record and no position");
    uint64_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        if (check_record(s, &set[i], &bytes, reterr))
            return -1;
    for (unsigned i = 0; i < npositions; i++)
        if (check_position(&positions[i], reterr))
            return -1;
    if (n > s->queue_records || npositions > s->queue_records || bytes > s->queue_bytes)
        return err_set(
            reterr, ERR_LIMIT,
            "a set of %u records, %u positions and %llu bytes is over the whole queue of "
            "%u records and %llu bytes",
            n, npositions, (unsigned long long)bytes, s->queue_records,
            (unsigned long long)s->queue_bytes);
    return 0;
}

enum stream_result stream_append(struct stream *s, const struct stream_record *set, unsigned n,
                                 stream_done_fn done, void *arg, struct err *reterr)
{
    return stream_forward(s, set, n, NULL, 0, done, arg, reterr);
}

enum stream_result stream_forward(struct stream *s, const struct stream_record *set, unsigned n,
                                  const struct stream_position *positions, unsigned npositions,
                                  stream_done_fn done, void *arg, struct err *reterr)
{
    if (check_set(s, set, n, positions, npositions, reterr))
        return STREAM_BAD;
    return s->engine->forward(s, set, n, positions, npositions, done, arg, reterr);
}

int stream_lead(struct stream *s, struct slice group, stream_lead_fn fn, void *arg,
                struct err *reterr)
{
    if (check_name("group", group, reterr))
        return -1;
    if (!s->writable)
        return err_set(reterr, ERR_REFUSED, "a stream open for reading only leads nothing");
    if (s->engine->lead)
        return s->engine->lead(s, group, fn, arg, reterr);
    fn(arg, true, NULL);
    return 0;
}

bool stream_queue(const struct stream *s, struct stream_queue *ret)
{
    return s->engine->queue && s->engine->queue(s, ret);
}

int stream_reader_open(struct stream *s, const struct stream_reader_options *o,
                       struct stream_reader **ret, struct err *reterr)
{
    if (!o->ntopics)
        return err_set(reterr, ERR_INPUT, "a reader of no topic");
    for (unsigned i = 0; i < o->ntopics; i++)
        if (check_name("topic", o->topics[i], reterr))
            return -1;
    if (slice_present(o->group) && check_name("group", o->group, reterr))
        return -1;
    struct stream_reader *r;
    if (s->engine->reader_open(s, o, &r, reterr))
        return -1;
    r->engine = s->engine;
    r->stream = s;
    *ret = r;
    return 0;
}

void stream_reader_close(struct stream_reader *r)
{
    if (r && r->engine->reader_close)
        r->engine->reader_close(r);
}

int stream_reader_fd(const struct stream_reader *r)
{
    return r->engine->reader_fd ? r->engine->reader_fd(r) : stream_fd(r->stream);
}

enum stream_next stream_next(struct stream_reader *r, struct stream_message *ret,
                             struct err *reterr)
{
    return r->engine->next ? r->engine->next(r, ret, reterr) : STREAM_NONE;
}

bool stream_caught_up(const struct stream_reader *r)
{
    return !r->engine->caught_up || r->engine->caught_up(r);
}

bool stream_moves(const struct stream_reader *r)
{
    return r->engine->moves && r->engine->moves(r);
}

void stream_yield(struct stream_reader *r)
{
    if (r->engine->yield)
        r->engine->yield(r);
}

bool stream_holds(const struct stream_reader *r, struct slice topic, struct slice partition)
{
    return !r->engine->holds || r->engine->holds(r, topic, partition);
}

int stream_seek(struct stream_reader *r, struct slice topic, struct slice partition, int64_t offset,
                struct err *reterr)
{
    return r->engine->seek ? r->engine->seek(r, topic, partition, offset, reterr) : 0;
}

int stream_seek_time(struct stream_reader *r, int64_t wall_ms, struct err *reterr)
{
    return r->engine->seek_time ? r->engine->seek_time(r, wall_ms, reterr) : 0;
}

int stream_lag(struct stream_reader *r, uint64_t *ret_records, int64_t *ret_oldest_ms,
               struct err *reterr)
{
    if (r->engine->lag)
        return r->engine->lag(r, ret_records, ret_oldest_ms, reterr);
    *ret_records = 0;
    *ret_oldest_ms = 0;
    return 0;
}

enum stream_next stream_lost(struct stream_message *ret, struct err *reterr, struct slice group,
                             struct slice topic, struct slice partition, int64_t from, int64_t to)
{
    *ret = (struct stream_message){
        .topic = topic, .partition = partition, .offset = to, .lost_from = from};
    err_set(reterr, ERR_REFUSED,
            "group %.*s, topic %.*s, partition %.*s: records [%lld, %lld) are gone before they "
            "were read; reading goes on at %lld",
            group.n ? (int)group.n : 1, group.n ? group.p : "-", SLICE_ARG(topic),
            SLICE_ARG(partition), (long long)from, (long long)to, (long long)to);
    return STREAM_LOST;
}

struct slice stream_header_get(const struct stream_message *m, const char *name)
{
    for (unsigned i = 0; i < m->nheaders; i++)
        if (slice_eq_str(m->headers[i].name, name))
            return m->headers[i].value;
    return SLICE_ABSENT;
}
