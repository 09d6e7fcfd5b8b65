#include "fetcher.h"

#include <stdlib.h>
#include <string.h>
#include "clock.h"

enum {
    WAIT_MS = 5000, /* from when it is asked, */
    TURN_MS = 1000, /* and at least so long from when its turn comes */
    AHEAD = 32,     /* a record that stands so little behind the last one is read up to */
    READS = 512,    /* at a time */
};

static const struct slice topic = {"flow.parked", 11};

struct ask {
    struct ask *next;
    const void *owner;
    fetch_fn fn;
    void *arg;
    int64_t until, offset;
    size_t npartition;
    char partition[];
};
struct fetcher {
    struct loop *loop;
    struct stream_reader *reader;
    struct loop_fd *watch;
    struct loop_timer *timer;
    struct ask *first, **last;
    bool serving;
    bool begun; /* the first is being read for, */
    bool fresh; /* and from a place that was sought for it */
    char at_partition[STREAM_NAME_MAX + 1];
    int64_t at_next; /* what is read next there */
};

static struct slice partition_of(const struct ask *a)
{
    return slice_make(a->partition, a->npartition);
}

/* ---- one ask ---- */

static int go_to(struct fetcher *f, const struct ask *a, struct err *reterr)
{
    f->at_partition[0] = 0;
    if (a->npartition > STREAM_NAME_MAX)
        return err_set(reterr, ERR_REFUSED, "flow.parked: no such partition");
    if (stream_seek(f->reader, topic, partition_of(a), a->offset, reterr) < 0)
        return -1;
    memcpy(f->at_partition, a->partition, a->npartition);
    f->at_partition[a->npartition] = 0;
    f->at_next = a->offset;
    f->fresh = true;
    return 0;
}

static int begin(struct fetcher *f, struct ask *a, struct err *reterr)
{
    int64_t now = clock_mono_ms();
    f->begun = true;
    f->fresh = false;
    if (a->until < now + TURN_MS)
        a->until = now + TURN_MS;
    bool near = slice_eq_str(partition_of(a), f->at_partition) && a->offset >= f->at_next &&
                a->offset - f->at_next < AHEAD;
    return near ? 0 : go_to(f, a, reterr);
}

static int gone(const struct ask *a, struct err *reterr)
{
    return err_set(reterr, ERR_REFUSED, "flow.parked: the record at %lld is gone",
                   (long long)a->offset);
}

/* 1: *ret is what was asked for. */
static int compare(struct fetcher *f, const struct ask *a, const struct stream_message *m,
                   struct err *reterr)
{
    if (!slice_eq(m->partition, partition_of(a)))
        return 0;
    f->at_next = m->offset + 1;
    if (m->offset == a->offset)
        return 1;
    return m->offset > a->offset ? gone(a, reterr) : 0;
}

/* Nothing came: 0 while it may still come. */
static int missing(struct fetcher *f, const struct ask *a, struct err *reterr)
{
    if (stream_caught_up(f->reader)) {
        if (!f->fresh) /* it came to be after the end that is known */
            return go_to(f, a, reterr);
        return err_set(reterr, ERR_IO, "flow.parked: the record at %lld is not there yet",
                       (long long)a->offset);
    }
    if (clock_mono_ms() < a->until)
        return 0;
    return err_set(reterr, ERR_IO, "flow.parked: the record at %lld did not come in time",
                   (long long)a->offset);
}

/* 1: *ret is what was asked for; 0: later; -1. */
static int look(struct fetcher *f, struct ask *a, struct stream_message *ret, struct err *reterr)
{
    if (!f->begun && begin(f, a, reterr) < 0)
        return -1;
    for (unsigned n = 0; n < READS; n++) {
        int rc = 0;
        bool was_fresh = f->fresh;
        switch (stream_next(f->reader, ret, reterr)) {
        case STREAM_GOT:
            rc = compare(f, a, ret, reterr);
            break;
        case STREAM_LOST:
            rc = slice_eq(ret->partition, partition_of(a)) ? gone(a, reterr) : 0;
            break;
        case STREAM_NONE:
            rc = missing(f, a, reterr);
            if (rc == 0 && f->fresh == was_fresh)
                return 0;
            break;
        case STREAM_ERROR:
            return -1;
        case STREAM_LEAVE:
        case STREAM_MOVED:
            break;
        }
        if (rc != 0)
            return rc;
    }
    loop_timer_start(f->timer, 0);
    return 0;
}

/* ---- all of them ---- */

static struct ask *take_first(struct fetcher *f)
{
    struct ask *a = f->first;
    f->first = a->next;
    if (!f->first)
        f->last = &f->first;
    f->begun = false;
    return a;
}

static void serve(struct fetcher *f)
{
    struct stream_message m;
    if (f->serving)
        return;
    f->serving = true;
    while (f->first) {
        struct err err = {0};
        int found = look(f, f->first, &m, &err);
        if (found == 0)
            break;
        struct ask *a = take_first(f);
        if (found < 0)
            f->at_partition[0] = 0; /* where the reader stands is not known for sure */
        a->fn(a->arg, found > 0 ? m.value : SLICE_ABSENT, found > 0 ? NULL : &err);
        free(a);
    }
    f->serving = false;
    loop_fd_set(f->watch, f->first ? LOOP_READ : 0);
    if (!f->first)
        loop_timer_stop(f->timer);
    else if (!loop_timer_running(f->timer))
        loop_timer_start(f->timer, TURN_MS);
}

static void on_readable(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    serve(arg);
}

static void on_timer(void *arg)
{
    serve(arg);
}

int fetcher_open(struct stream *s, struct loop *l, struct fetcher **ret, struct err *reterr)
{
    struct fetcher *f = calloc(1, sizeof(*f));
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_LATEST};
    if (!f)
        return err_set(reterr, ERR_NOMEM, "no memory for flow.parked");
    f->loop = l;
    f->last = &f->first;
    if (stream_reader_open(s, &ro, &f->reader, reterr) < 0 ||
        loop_timer_add(l, on_timer, f, &f->timer, reterr) < 0 ||
        loop_fd_add(l, stream_reader_fd(f->reader), 0, on_readable, f, &f->watch, reterr) < 0) {
        fetcher_close(f);
        return -1;
    }
    *ret = f;
    return 0;
}

void fetcher_close(struct fetcher *f)
{
    if (!f)
        return;
    while (f->first)
        free(take_first(f));
    loop_fd_remove(f->watch);
    loop_timer_remove(f->timer);
    stream_reader_close(f->reader);
    free(f);
}

void fetcher_ask(struct fetcher *f, const void *owner, struct slice partition, int64_t offset,
                 fetch_fn fn, void *arg)
{
    struct ask *a = malloc(sizeof(*a) + partition.n);
    if (!a) {
        struct err err;
        err_set(&err, ERR_NOMEM, "no memory for a parked event");
        fn(arg, SLICE_ABSENT, &err);
        return;
    }
    *a = (struct ask){.owner = owner,
                      .fn = fn,
                      .arg = arg,
                      .until = clock_mono_ms() + WAIT_MS,
                      .offset = offset,
                      .npartition = partition.n};
    memcpy(a->partition, partition.p, partition.n);
    *f->last = a;
    f->last = &a->next;
    serve(f);
}

void fetcher_forget(struct fetcher *f, const void *owner, const void *arg)
{
    for (struct ask **at = &f->first; *at;) {
        struct ask *a = *at;
        if (a->owner != owner || (arg && a->arg != arg)) {
            at = &a->next;
            continue;
        }
        if (a == f->first)
            f->begun = false;
        *at = a->next;
        free(a);
    }
    f->last = &f->first;
    while (*f->last)
        f->last = &(*f->last)->next;
}
