#include "originals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"

enum {
    SHA = 64,
    KEPT = 512,                    /* messages */
    KEPT_BYTES = 32 * 1024 * 1024, /* of them */
    READS = 256,                   /* at a time */
    BEFORE_MS = 5 * 1000,          /* clocks differ */
    PAST_MS = 10 * 60 * 1000,      /* so far behind the time sought it is not looked for, */
    PAST_MIN = 20000,              /* but through so many records at least */
    WAIT_MS = 5000,                /* for what is not to be had at once */
};

static const struct slice topic = {"flow.messages", 13};

/* Where it is looked for, one after the other. */
enum place { AHEAD, AT_RECEIPT, AT_EVENT, NOWHERE };

struct ask {
    struct lookup base;
    char sha256[SHA];
    int64_t at_ms[NOWHERE]; /* times of the places */
    int64_t until;          /* monotonic */
    enum place place;
    unsigned passed; /* records since it was sought */
};
struct kept {
    char sha256[SHA];
    char *bytes;
    size_t n;
};
struct originals {
    struct stream *stream;
    struct stream_reader *reader; /* NULL until something is asked */
    struct lookups asked;
    struct kept kept[KEPT]; /* a ring */
    unsigned next, oldest, nkept;
    size_t kept_bytes;
};

/* ---- what was passed ---- */

static void forget_oldest(struct originals *o)
{
    struct kept *k = &o->kept[o->oldest];
    o->kept_bytes -= k->n;
    free(k->bytes);
    k->bytes = NULL;
    o->oldest = (o->oldest + 1) % KEPT;
    o->nkept--;
}

static void keep(struct originals *o, struct slice sha256, struct slice message)
{
    if (sha256.n != SHA || message.n > KEPT_BYTES)
        return;
    while (o->nkept == KEPT || (o->nkept && o->kept_bytes + message.n > KEPT_BYTES))
        forget_oldest(o);
    struct kept *k = &o->kept[o->next];
    k->bytes = malloc(message.n + 1);
    if (!k->bytes)
        return;
    memcpy(k->sha256, sha256.p, SHA);
    if (message.n)
        memcpy(k->bytes, message.p, message.n);
    k->n = message.n;
    o->kept_bytes += k->n;
    o->next = (o->next + 1) % KEPT;
    o->nkept++;
}

static const struct kept *find(const struct originals *o, const char *sha256)
{
    for (unsigned i = 0; i < o->nkept; i++) {
        const struct kept *k = &o->kept[(o->oldest + i) % KEPT];
        if (memcmp(k->sha256, sha256, SHA) == 0)
            return k;
    }
    return NULL;
}

/* ---- looking ---- */

static int gone(struct err *reterr)
{
    return err_set(reterr, ERR_REFUSED, "its message is not in flow.messages (any more)");
}

/* On to the next place; -1: there is none. */
static int go_on(struct originals *o, struct ask *a, struct err *reterr)
{
    a->place++;
    a->passed = 0;
    if (a->place == AT_EVENT && a->at_ms[AT_EVENT] - a->at_ms[AT_RECEIPT] < PAST_MS)
        a->place++; /* it was passed */
    if (a->place == NOWHERE)
        return gone(reterr);
    int64_t from = a->at_ms[a->place] - BEFORE_MS;
    return stream_seek_time(o->reader, from > 0 ? from : 0, reterr);
}

static int open_reader(struct originals *o, int64_t from_ms, struct err *reterr)
{
    struct stream_reader_options ro = {
        .topics = &topic, .ntopics = 1, .start = STREAM_AT_TIME, .start_ms = from_ms};
    if (stream_reader_open(o->stream, &ro, &o->reader, reterr) < 0)
        return -1;
    return lookups_watch(&o->asked, stream_reader_fd(o->reader), reterr);
}

static int begin(struct originals *o, struct ask *a, struct err *reterr)
{
    int64_t from = a->at_ms[AT_RECEIPT] - BEFORE_MS;
    a->until = clock_mono_ms() + WAIT_MS;
    if (o->reader)
        return 0;
    a->place = AT_RECEIPT;
    return open_reader(o, from > 0 ? from : 0, reterr);
}

/* 1: that is it. */
static int compare(struct originals *o, struct ask *a, const struct stream_message *m,
                   struct err *reterr)
{
    struct slice sha256 = stream_header_get(m, "sha256");
    int64_t wanted = a->at_ms[a->place == AT_EVENT ? AT_EVENT : AT_RECEIPT];
    keep(o, sha256, m->value);
    if (sha256.n == SHA && memcmp(sha256.p, a->sha256, SHA) == 0)
        return 1;
    a->passed++;
    bool past = a->passed > PAST_MIN && m->time_ms > wanted + PAST_MS;
    return past ? go_on(o, a, reterr) : 0;
}

/* 1: *ret is it; 0: later; -1. */
static int read_on(struct originals *o, struct ask *a, struct stream_message *ret,
                   struct err *reterr)
{
    for (unsigned n = 0; n < READS; n++) {
        int rc = 0;
        switch (stream_next(o->reader, ret, reterr)) {
        case STREAM_GOT:
            a->until = clock_mono_ms() + WAIT_MS;
            rc = compare(o, a, ret, reterr);
            break;
        case STREAM_NONE:
            if (stream_caught_up(o->reader))
                rc = go_on(o, a, reterr);
            else if (clock_mono_ms() > a->until)
                rc = err_set(reterr, ERR_IO, "flow.messages cannot be read now");
            else
                return 0;
            break;
        case STREAM_ERROR:
            return -1;
        case STREAM_LOST:
        case STREAM_LEAVE:
        case STREAM_MOVED:
            break;
        }
        if (rc != 0)
            return rc;
    }
    lookups_soon(&o->asked);
    return 0;
}

/* ---- all that is asked ---- */

static int look(void *owner, struct lookup *one, struct slice *ret, struct err *reterr)
{
    struct originals *o = owner;
    struct ask *a = (struct ask *)one;
    struct stream_message m;
    const struct kept *k = one->begun ? NULL : find(o, a->sha256);
    if (k) {
        *ret = slice_make(k->bytes, k->n);
        return 1;
    }
    if (!one->begun && begin(o, a, reterr) < 0)
        return -1;
    int found = read_on(o, a, &m, reterr);
    if (found > 0)
        *ret = m.value;
    return found;
}

void originals_ask(struct originals *o, struct slice sha256, int64_t received_ms, int64_t event_ms,
                   lookup_fn fn, void *arg)
{
    struct ask *a = sha256.n == SHA ? calloc(1, sizeof(*a)) : NULL;
    if (!a) {
        struct err err = {0};
        (void)(sha256.n == SHA ? err_set(&err, ERR_NOMEM, "no memory for a message") : gone(&err));
        fn(arg, SLICE_ABSENT, &err);
        return;
    }
    *a = (struct ask){.base = {.fn = fn, .arg = arg}, .place = AHEAD};
    a->at_ms[AT_RECEIPT] = received_ms;
    a->at_ms[AT_EVENT] = event_ms;
    memcpy(a->sha256, sha256.p, SHA);
    lookups_add(&o->asked, &a->base);
}

int originals_open(struct stream *s, struct loop *l, struct originals **ret, struct err *reterr)
{
    struct originals *o = calloc(1, sizeof(*o));
    if (!o)
        return err_set(reterr, ERR_NOMEM, "no memory for messages");
    o->stream = s;
    if (lookups_open(&o->asked, l, look, o, reterr) < 0) {
        originals_close(o);
        return -1;
    }
    *ret = o;
    return 0;
}

void originals_close(struct originals *o)
{
    if (!o)
        return;
    lookups_close(&o->asked);
    while (o->nkept)
        forget_oldest(o);
    stream_reader_close(o->reader);
    free(o);
}
