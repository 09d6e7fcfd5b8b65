#include "stream_embedded_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "stream_embedded_sum.h"
#include "stream_headers.h"

enum { KEEP_BYTES = 2 << 20, HELD_MAX = 1 << 30, EVERY_BELL = -2 };

struct cursor { /* of a reader in one topic of one file */
    struct embedded_source *source;
    const char *name; /* of the topic, the reader's */
    int64_t topic;    /* its number in the file; -1 = not there yet */
    int64_t fetched;  /* the next offset to ask the file for */
    int64_t given;    /* the next offset to give out */
    bool dirty;       /* there may be more in the file */
};

struct embedded_reader {
    struct stream_reader base;
    struct embedded_reader *next;
    struct embedded_readers *all;
    int epoll, event;
    bool ringing; /* event is readable */
    char (*topics)[STREAM_NAME_MAX + 1];
    unsigned ntopics;
    char group[STREAM_NAME_MAX + 1];
    enum stream_start start;
    int64_t start_ms;
    struct cursor *cursors;
    size_t ncursors, turn;
    struct embedded_rows rows; /* copied from rows_of, given out from row on */
    size_t rows_of, row;
    struct stream_header headers[STREAM_HEADERS_MAX];
};

static void ring(struct embedded_reader *r)
{
    uint64_t one = 1;
    if (!r->ringing)
        r->ringing = write(r->event, &one, sizeof(one)) > 0;
}

static void hush(struct embedded_reader *r)
{
    uint64_t count;
    if (r->ringing)
        r->ringing = read(r->event, &count, sizeof(count)) < 0;
}

static void mark_dirty(struct embedded_readers *h, int bell)
{
    for (struct embedded_reader *r = h->first; r; r = r->next)
        for (size_t i = 0; i < r->ncursors; i++)
            if (bell == EVERY_BELL || r->cursors[i].source->bell == bell) {
                r->cursors[i].dirty = true;
                ring(r);
            }
}

static void bell_rang(void *arg, int bell)
{
    mark_dirty(arg, bell);
}

static int start_of(struct embedded_reader *r, struct cursor *c, struct err *reterr)
{
    int64_t first = 0, end = 0;
    if (c->topic < 0)
        return 0;
    if (embedded_source_range(c->source, c->topic, &first, &end, reterr))
        return -1;
    c->fetched = r->start == STREAM_LATEST ? end : first;
    if (r->start == STREAM_AT_TIME)
        return embedded_source_at_time(c->source, c->topic, r->start_ms, &c->fetched, reterr);
    return 0;
}

/* `known`: the group has read this topic before, or this reader stood before the file appeared. */
static int place(struct embedded_reader *r, struct cursor *c, bool known, struct err *reterr)
{
    int64_t own = -1;
    if (r->group[0] && embedded_dir_position(&r->all->dir, slice_str(r->group), slice_str(c->name),
                                             slice_str(c->source->partition), &own, reterr))
        return -1;
    if (embedded_source_topic(c->source, slice_str(c->name), &c->topic, reterr))
        return -1;
    c->fetched = own >= 0 ? own : 0;
    return own < 0 && !known ? start_of(r, c, reterr) : 0;
}

static int add_cursor(struct embedded_reader *r, struct embedded_source *s, unsigned topic,
                      bool known, struct err *reterr)
{
    struct cursor *more = realloc(r->cursors, (r->ncursors + 1) * sizeof(*more));
    if (!more)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    r->cursors = more;
    struct cursor *c = &more[r->ncursors];
    *c = (struct cursor){.source = s, .name = r->topics[topic], .topic = -1, .dirty = true};
    if (place(r, c, known, reterr))
        return -1;
    c->given = c->fetched;
    r->ncursors++;
    return 0;
}

static bool has_cursor(const struct embedded_reader *r, const struct embedded_source *s,
                       unsigned topic)
{
    for (size_t i = 0; i < r->ncursors; i++)
        if (r->cursors[i].source == s && r->cursors[i].name == r->topics[topic])
            return true;
    return false;
}

static int attach(struct embedded_reader *r, unsigned topic, bool known, struct err *reterr)
{
    for (struct embedded_source *s = r->all->dir.sources; s; s = s->next)
        if (!has_cursor(r, s, topic) && add_cursor(r, s, topic, known, reterr))
            return -1;
    return 0;
}

static int attach_new(struct embedded_reader *r, struct err *reterr)
{
    for (unsigned i = 0; i < r->ntopics; i++)
        if (attach(r, i, true, reterr))
            return -1;
    return 0;
}

/* Where a group that meets a topic for the first time begins: each partition, and the mark that it
 * knows the topic. */
static int record_first(struct embedded_reader *r, unsigned topic, struct err *reterr)
{
    struct slice group = slice_str(r->group), name = slice_str(r->topics[topic]);
    struct stream_position *p = calloc(r->ncursors + 1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    unsigned n = 0;
    for (size_t i = 0; i < r->ncursors; i++)
        if (r->cursors[i].name == r->topics[topic])
            p[n++] = (struct stream_position){
                group, name, slice_str(r->cursors[i].source->partition), r->cursors[i].fetched};
    p[n++] = (struct stream_position){group, name, SLICE(""), 0};
    struct embedded_set *set = embedded_set_new(NULL, 0, p, n);
    free(p);
    if (set)
        set->first_positions = true;
    if (set && embedded_writer_put(r->all->own, set))
        return 0;
    free(set);
    return err_set(reterr, ERR_FULL,
                   "no room to record where group %s begins: open the reader later", r->group);
}

static int attach_first(struct embedded_reader *r, struct err *reterr)
{
    for (unsigned i = 0; i < r->ntopics; i++) {
        int64_t mark = -1;
        if (r->group[0] && embedded_dir_position(&r->all->dir, slice_str(r->group),
                                                 slice_str(r->topics[i]), SLICE(""), &mark, reterr))
            return -1;
        if (attach(r, i, mark >= 0, reterr))
            return -1;
        if (r->group[0] && mark < 0 && r->all->own && record_first(r, i, reterr))
            return -1;
    }
    return 0;
}

static int poll_also(struct embedded_reader *r, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    return fd < 0 ? 0 : epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int open_descriptors(struct embedded_reader *r, struct err *reterr)
{
    struct embedded_watch *watch = &r->all->dir.watch;
    if (embedded_dir_watch(&r->all->dir, reterr))
        return -1;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (r->epoll < 0 || r->event < 0 || poll_also(r, r->event) || poll_also(r, watch->timer) ||
        poll_also(r, watch->inotify))
        return err_set(reterr, ERR_IO, "no descriptor for a reader: %s", strerror(errno));
    return 0;
}

static int copy_options(struct embedded_reader *r, const struct stream_reader_options *o,
                        struct err *reterr)
{
    r->topics = calloc(o->ntopics, sizeof(*r->topics));
    r->rows.rows = calloc(EMBEDDED_ROWS_MAX, sizeof(*r->rows.rows));
    if (!r->topics || !r->rows.rows)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    for (r->ntopics = 0; r->ntopics < o->ntopics; r->ntopics++)
        memcpy(r->topics[r->ntopics], o->topics[r->ntopics].p, o->topics[r->ntopics].n);
    if (o->group.n)
        memcpy(r->group, o->group.p, o->group.n);
    r->start = o->start;
    r->start_ms = o->start_ms;
    return 0;
}

int embedded_reader_open(struct embedded_readers *all, const struct stream_reader_options *o,
                         struct stream_reader **ret, struct err *reterr)
{
    struct embedded_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    r->all = all;
    r->epoll = r->event = -1;
    buf_init(&r->rows.bytes, HELD_MAX);
    r->next = all->first;
    all->first = r;
    if (copy_options(r, o, reterr) || open_descriptors(r, reterr) ||
        embedded_dir_scan(&all->dir, reterr) || attach_first(r, reterr)) {
        embedded_reader_close(&r->base);
        return -1;
    }
    ring(r); /* there may be something from the start */
    *ret = &r->base;
    return 0;
}

static struct embedded_reader *of(struct stream_reader *r)
{
    return (struct embedded_reader *)r;
}

void embedded_reader_close(struct stream_reader *base)
{
    struct embedded_reader *r = of(base), **at = &r->all->first;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    if (r->epoll >= 0)
        close(r->epoll);
    if (r->event >= 0)
        close(r->event);
    buf_fini(&r->rows.bytes);
    free(r->rows.rows);
    free(r->topics);
    free(r->cursors);
    free(r);
}

int embedded_reader_fd(const struct stream_reader *r)
{
    return ((const struct embedded_reader *)r)->epoll;
}

static struct slice take_part(const char **at, size_t n)
{
    if (n == SIZE_MAX)
        return SLICE_ABSENT;
    struct slice s = slice_make(*at, n);
    *at += n;
    return s;
}

static void forget_rows(struct embedded_reader *r)
{
    r->row = r->rows.nrows = 0;
    if (r->rows.bytes.cap <= KEEP_BYTES)
        return;
    buf_fini(&r->rows.bytes); /* one large record must not cost for ever */
    buf_init(&r->rows.bytes, HELD_MAX);
}

static enum stream_next lost(struct embedded_reader *r, struct cursor *c, int64_t from, int64_t to,
                             struct stream_message *ret, struct err *reterr)
{
    stream_lost(ret, reterr, slice_str(r->group), slice_str(c->name),
                slice_str(c->source->partition), from, to);
    c->fetched = c->given = to;
    forget_rows(r);
    return STREAM_LOST;
}

/* Neither given on as somebody's data nor in the way of those behind it. */
static enum stream_next damaged(struct embedded_reader *r, struct cursor *c, int64_t offset,
                                struct stream_message *ret, struct err *reterr)
{
    c->dirty = true;
    lost(r, c, offset, offset + 1, ret, reterr);
    err_at(reterr, "%s: this record is not what was written: check the disk", c->source->path);
    return STREAM_LOST;
}

static enum stream_next give(struct embedded_reader *r, struct stream_message *ret,
                             struct err *reterr)
{
    struct cursor *c = &r->cursors[r->rows_of];
    const struct embedded_row *row = &r->rows.rows[r->row++];
    const char *at = r->rows.bytes.p ? r->rows.bytes.p + row->at : "";
    *ret = (struct stream_message){.topic = slice_str(c->name),
                                   .partition = slice_str(c->source->partition),
                                   .offset = row->offset,
                                   .time_ms = row->time_ms,
                                   .headers = r->headers};
    ret->key = take_part(&at, row->key);
    struct slice headers = take_part(&at, row->headers);
    int n = stream_headers_read(headers, r->headers);
    ret->value = take_part(&at, row->value);
    if (n < 0 || (row->has_sum && row->sum != embedded_sum(row->offset, row->time_ms, ret->key,
                                                           headers, ret->value)))
        return damaged(r, c, row->offset, ret, reterr);
    ret->nheaders = (unsigned)n;
    c->given = row->offset + 1;
    return STREAM_GOT;
}

/* The file is older than the position: what was between is lost, what is there may be new. */
static enum stream_next past_end(struct embedded_reader *r, struct cursor *c, int64_t first,
                                 int64_t end, struct stream_message *ret, struct err *reterr)
{
    lost(r, c, end, c->fetched, ret, reterr);
    c->fetched = c->given = first;
    err_at(reterr,
           "%s was replaced, or restored from an older copy, and is read again from %lld on",
           c->source->path, (long long)first);
    return STREAM_LOST;
}

/* Nothing was there at the cursor's place: is that the end, or is the place gone? */
static enum stream_next look_around(struct embedded_reader *r, struct cursor *c,
                                    struct stream_message *ret, struct err *reterr)
{
    int64_t first, end;
    if (embedded_source_range(c->source, c->topic, &first, &end, reterr))
        return STREAM_ERROR;
    if (c->fetched < first)
        return lost(r, c, c->fetched, first, ret, reterr);
    if (c->fetched > end)
        return past_end(r, c, first, end, ret, reterr);
    c->dirty = c->fetched < end; /* appended in between */
    return STREAM_NONE;
}

static enum stream_next fetch(struct embedded_reader *r, size_t at, struct stream_message *ret,
                              struct err *reterr)
{
    struct cursor *c = &r->cursors[at];
    if (c->topic < 0 && embedded_source_topic(c->source, slice_str(c->name), &c->topic, reterr))
        return STREAM_ERROR;
    if (c->topic < 0) {
        c->dirty = false;
        return STREAM_NONE;
    }
    int64_t first;
    forget_rows(r);
    if (embedded_source_fetch(c->source, c->topic, c->fetched, &r->rows, &first, reterr))
        return STREAM_ERROR;
    if (first == INT64_MAX)
        return look_around(r, c, ret, reterr);
    if (first > c->fetched)
        return lost(r, c, c->fetched, first, ret, reterr);
    r->rows_of = at;
    c->fetched = r->rows.rows[r->rows.nrows - 1].offset + 1;
    return give(r, ret, reterr);
}

static enum stream_next refill(struct embedded_reader *r, struct stream_message *ret,
                               struct err *reterr)
{
    struct embedded_readers *all = r->all;
    if (embedded_watch_drain(&all->dir.watch, bell_rang, all)) {
        mark_dirty(all, EVERY_BELL);
        for (struct embedded_reader *other = all->first; other; other = other->next)
            ring(other);
        struct err ignored; /* a file that cannot be opened is tried again by the timer */
        (void)embedded_dir_scan(&all->dir, &ignored);
    }
    if (attach_new(r, reterr))
        return STREAM_ERROR;
    for (size_t i = 0; i < r->ncursors; i++) {
        size_t at = r->turn++ % r->ncursors;
        while (r->cursors[at].dirty) {
            enum stream_next got = fetch(r, at, ret, reterr);
            if (got != STREAM_NONE)
                return got;
        }
    }
    return STREAM_NONE;
}

enum stream_next embedded_reader_next(struct stream_reader *base, struct stream_message *ret,
                                      struct err *reterr)
{
    struct embedded_reader *r = of(base);
    enum stream_next got = r->row < r->rows.nrows ? give(r, ret, reterr) : refill(r, ret, reterr);
    if (got == STREAM_GOT || got == STREAM_LOST)
        ring(r); /* a caller that stops here is called again */
    else
        hush(r); /* after an error the timer calls again */
    return got;
}

static void move(struct embedded_reader *r, struct cursor *c, int64_t offset)
{
    c->fetched = c->given = offset;
    c->dirty = true;
    forget_rows(r);
    ring(r);
}

/* What was copied and not given out is asked for again after a seek. */
static void unread(struct embedded_reader *r)
{
    for (size_t i = 0; i < r->ncursors; i++)
        r->cursors[i].fetched = r->cursors[i].given, r->cursors[i].dirty = true;
    forget_rows(r);
}

int embedded_reader_seek(struct stream_reader *base, struct slice topic, struct slice partition,
                         int64_t offset, struct err *reterr)
{
    struct embedded_reader *r = of(base);
    struct err ignored;
    (void)embedded_dir_scan(&r->all->dir, &ignored);
    if (attach_new(r, reterr))
        return -1;
    unread(r);
    for (size_t i = 0; i < r->ncursors; i++) {
        struct cursor *c = &r->cursors[i];
        if (!slice_eq_str(topic, c->name) || !slice_eq_str(partition, c->source->partition))
            continue;
        if (c->topic < 0 && embedded_source_topic(c->source, topic, &c->topic, reterr))
            return -1;
        if (c->topic < 0)
            break;
        move(r, c, offset);
        return 0;
    }
    return err_set(reterr, ERR_INPUT, "this reader has no topic %.*s in a partition %.*s",
                   SLICE_ARG(topic), SLICE_ARG(partition));
}

int embedded_reader_seek_time(struct stream_reader *base, int64_t wall_ms, struct err *reterr)
{
    struct embedded_reader *r = of(base);
    if (attach_new(r, reterr))
        return -1;
    unread(r);
    for (size_t i = 0; i < r->ncursors; i++) {
        struct cursor *c = &r->cursors[i];
        int64_t at;
        if (c->topic < 0)
            continue;
        if (embedded_source_at_time(c->source, c->topic, wall_ms, &at, reterr))
            return -1;
        move(r, c, at);
    }
    return 0;
}

int embedded_reader_lag(struct stream_reader *base, uint64_t *ret_records, int64_t *ret_oldest_ms,
                        struct err *reterr)
{
    struct embedded_reader *r = of(base);
    uint64_t records = 0;
    int64_t oldest = 0;
    if (attach_new(r, reterr))
        return -1;
    for (size_t i = 0; i < r->ncursors; i++) {
        struct cursor *c = &r->cursors[i];
        int64_t first, end, time;
        if (c->topic < 0 && embedded_source_topic(c->source, slice_str(c->name), &c->topic, reterr))
            return -1;
        if (c->topic < 0)
            continue;
        if (embedded_source_range(c->source, c->topic, &first, &end, reterr))
            return -1;
        int64_t next = c->given > first ? c->given : first;
        if (next >= end)
            continue;
        if (embedded_source_time_of(c->source, c->topic, next, &time, reterr))
            return -1;
        if (time && (!oldest || time < oldest))
            oldest = time;
        records += (uint64_t)(end - next);
    }
    *ret_records = records;
    *ret_oldest_ms = oldest;
    return 0;
}
