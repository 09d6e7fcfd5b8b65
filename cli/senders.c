#include "senders.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "drop_feed.h"
#include "http_feed.h"
#include "message_out.h"
#include "mllp_feed.h"

enum {
    SHARE_MS = 5,        /* of several feeds each waits so long, one after the other */
    EXTRACT_S = 15 * 60, /* rows are gathered for so long */
    NS_A_MS = 1000000,
};

struct senders {
    struct mllp_feed *mllp[WAYS]; /* those of the ways that are not used stay NULL */
    struct http_feed *http[WAYS];
    struct drop_feed *drop;
    struct message_out out;
    struct ledger *ledger;
    bool has_out;
    unsigned feeds; /* that wait for the network */
};

static int open_mllp(const struct simulate_options *o, enum way way, struct senders *s,
                     struct err *reterr)
{
    const struct mllp_feed_options options = {
        .address = o->to[way],
        .connections = (unsigned)o->connections,
        .window = (unsigned)o->window,
        .answer_ms = o->answer_ms,
    };
    s->feeds++;
    return mllp_feed_open(&options, s->ledger, &s->mllp[way], reterr);
}

static int open_http(const struct simulate_options *o, enum way way, struct senders *s,
                     struct err *reterr)
{
    const struct http_feed_options options = {
        .url = o->to[way],
        .content_type = way == WAY_FHIR ? "application/fhir+json" : "application/json",
        .connections = (unsigned)o->connections,
        .answer_ms = o->answer_ms,
    };
    s->feeds++;
    return http_feed_open(&options, s->ledger, &s->http[way], reterr);
}

static int open_drop(const char *folder, bool answered, struct senders *s, struct err *reterr)
{
    const struct drop_feed_options options = {folder, EXTRACT_S, answered};
    return drop_feed_open(&options, s->ledger, &s->drop, reterr);
}

static int open_out(const struct simulate_options *o, struct senders *s, struct err *reterr)
{
    if (message_out_open(o->out, &s->out, reterr) < 0)
        return -1;
    s->has_out = true;
    return sector_sends(o->sector, WAY_ROWS) ? open_drop(o->out, false, s, reterr) : 0;
}

static int open_way(const struct simulate_options *o, enum way way, struct senders *s,
                    struct err *reterr)
{
    switch (way) {
    case WAY_JSON:
    case WAY_FHIR:
        return open_http(o, way, s, reterr);
    case WAY_ROWS:
        return open_drop(o->to[way], true, s, reterr);
    default:
        return open_mllp(o, way, s, reterr);
    }
}

int senders_open(const struct simulate_options *o, struct ledger *ledger, struct senders **ret,
                 struct err *reterr)
{
    struct err ignored = {0};
    bool sends = false;
    int result = 0;
    struct senders *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for senders");
    s->ledger = ledger;
    for (unsigned way = 0; result == 0 && way < WAYS; way++) {
        if (o->to[way])
            result = open_way(o, (enum way)way, s, reterr);
        sends = sends || o->to[way];
    }
    if (result == 0 && !sends)
        result = open_out(o, s, reterr);
    if (result < 0)
        (void)senders_close(s, &ignored);
    else
        *ret = s;
    return result;
}

int senders_close(struct senders *s, struct err *reterr)
{
    if (!s)
        return 0;
    int result = s->has_out ? message_out_close(&s->out, reterr) : 0;
    for (unsigned way = 0; way < WAYS; way++) {
        mllp_feed_close(s->mllp[way]);
        http_feed_close(s->http[way]);
    }
    drop_feed_close(s->drop);
    free(s);
    return result;
}

bool senders_room(const struct senders *s, const struct telling *t)
{
    if (t->way == WAY_ROWS)
        return drop_feed_room(s->drop);
    if (s->mllp[t->way])
        return mllp_feed_room(s->mllp[t->way], t->route, 2);
    return !s->http[t->way] || http_feed_room(s->http[t->way], t->route, 2);
}

static int put_out(struct senders *s, const struct telling *t, struct err *reterr)
{
    static const char *const ends[WAYS] = {
        [WAY_MLLP] = "hl7", [WAY_AWAY] = "away.hl7", [WAY_JSON] = "json", [WAY_FHIR] = "fhir.json"};
    s->out.ends = ends[t->way];
    buf_put(message_out_begin(&s->out), t->bytes);
    return message_out_end(&s->out, reterr);
}

static int put(struct senders *s, const struct telling *t, struct err *reterr)
{
    if (t->way == WAY_ROWS)
        return drop_feed_put(s->drop, t, reterr);
    if (s->mllp[t->way])
        return mllp_feed_put(s->mllp[t->way], t->route, t->key, t->bytes, t->refuse, reterr);
    if (s->http[t->way])
        return http_feed_put(s->http[t->way], t, reterr);
    return put_out(s, t, reterr);
}

int senders_put(struct senders *s, const struct telling *t, struct err *reterr)
{
    if (s->has_out && t->way != WAY_ROWS)
        ledger_sent(s->ledger, t->key, 0);
    int result = put(s, t, reterr);
    return result == 0 && t->twice ? put(s, t, reterr) : result;
}

int senders_drop(struct senders *s, int64_t now_s, struct err *reterr)
{
    return s->drop ? drop_feed_flush(s->drop, now_s, reterr) : 0;
}

int senders_flush(struct senders *s, struct err *reterr)
{
    return s->has_out ? message_out_flush(&s->out, reterr) : 0;
}

void senders_turn(struct senders *s, int64_t wait_ms)
{
    int64_t share = s->feeds > 1 && wait_ms > SHARE_MS ? SHARE_MS : wait_ms;
    for (unsigned way = 0; way < WAYS; way++) {
        if (s->mllp[way])
            mllp_feed_turn(s->mllp[way], share);
        if (s->http[way])
            http_feed_turn(s->http[way], share);
    }
    if (s->drop)
        drop_feed_look(s->drop);
    if (s->feeds == 0 && wait_ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = (long)wait_ms * NS_A_MS}, NULL);
}

bool senders_answered(const struct senders *s)
{
    return !s->has_out;
}

static void add(struct feed_counts *sum, const struct feed_counts *c)
{
    sum->acknowledged += c->acknowledged;
    sum->refused_meant += c->refused_meant;
    sum->wrong += c->wrong;
    sum->reconnects += c->reconnects;
    sum->waiting += c->waiting;
    if (c->last_ms > sum->last_ms)
        sum->last_ms = c->last_ms;
}

void senders_counts(const struct senders *s, struct feed_counts *ret)
{
    struct feed_counts c;
    *ret = (struct feed_counts){0};
    for (unsigned way = 0; way < WAYS; way++) {
        if (s->mllp[way]) {
            mllp_feed_counts(s->mllp[way], &c);
            add(ret, &c);
        }
        if (s->http[way]) {
            http_feed_counts(s->http[way], &c);
            add(ret, &c);
        }
    }
    if (s->drop) {
        drop_feed_counts(s->drop, &c);
        add(ret, &c);
    }
}

const char *senders_trouble(const struct senders *s)
{
    const char *found = s->drop ? drop_feed_trouble(s->drop) : "";
    for (unsigned way = 0; way < WAYS && !*found; way++) {
        if (s->mllp[way])
            found = mllp_feed_trouble(s->mllp[way]);
        else if (s->http[way])
            found = http_feed_trouble(s->http[way]);
    }
    return found;
}
