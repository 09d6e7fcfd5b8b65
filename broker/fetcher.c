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
    struct lookup base;
    const void *owner;
    int64_t until, offset;
    size_t npartition;
    char partition[];
};
struct fetcher {
    struct stream_reader *reader;
    struct lookups asked;
    bool fresh; /* the first is read for from a place that was sought for it */
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
static int read_on(struct fetcher *f, struct ask *a, struct stream_message *ret, struct err *reterr)
{
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
    lookups_soon(&f->asked);
    return 0;
}

/* ---- all of them ---- */

static int look(void *owner, struct lookup *one, struct slice *ret, struct err *reterr)
{
    struct fetcher *f = owner;
    struct ask *a = (struct ask *)one;
    struct stream_message m;
    int found = one->begun || begin(f, a, reterr) == 0 ? read_on(f, a, &m, reterr) : -1;
    if (found < 0)
        f->at_partition[0] = 0; /* where the reader stands is not known for sure */
    if (found > 0)
        *ret = m.value;
    return found;
}

int fetcher_open(struct stream *s, struct loop *l, struct fetcher **ret, struct err *reterr)
{
    struct fetcher *f = calloc(1, sizeof(*f));
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_LATEST};
    if (!f)
        return err_set(reterr, ERR_NOMEM, "no memory for flow.parked");
    if (lookups_open(&f->asked, l, look, f, reterr) < 0 ||
        stream_reader_open(s, &ro, &f->reader, reterr) < 0 ||
        lookups_watch(&f->asked, stream_reader_fd(f->reader), reterr) < 0) {
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
    lookups_close(&f->asked);
    stream_reader_close(f->reader);
    free(f);
}

void fetcher_ask(struct fetcher *f, const void *owner, struct slice partition, int64_t offset,
                 lookup_fn fn, void *arg)
{
    struct ask *a = malloc(sizeof(*a) + partition.n);
    if (!a) {
        struct err err;
        err_set(&err, ERR_NOMEM, "no memory for a parked event");
        fn(arg, SLICE_ABSENT, &err);
        return;
    }
    *a = (struct ask){.base = {.fn = fn, .arg = arg},
                      .owner = owner,
                      .until = clock_mono_ms() + WAIT_MS,
                      .offset = offset,
                      .npartition = partition.n};
    memcpy(a->partition, partition.p, partition.n);
    lookups_add(&f->asked, &a->base);
}

struct whose {
    const void *owner, *arg; /* arg NULL: any */
};

static bool is_whose(const struct lookup *one, const void *what)
{
    const struct ask *a = (const struct ask *)one;
    const struct whose *w = what;
    return a->owner == w->owner && (!w->arg || one->arg == w->arg);
}

void fetcher_forget(struct fetcher *f, const void *owner, const void *arg)
{
    struct whose whose = {owner, arg};
    lookups_forget(&f->asked, is_whose, &whose);
}
