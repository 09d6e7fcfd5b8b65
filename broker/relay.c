#include "relay.h"

#include <stdio.h>
#include <stdlib.h>
#include "log.h"
#include "lost.h"
#include "rfc3339.h"
#include "unit.h"

enum { LOG_AGAIN_MS = 60 * 1000, POSITIONS_MAX = 8 * UNIT_PARTITIONS_MAX };

/* What fails: it ends with a success of its own kind. */
enum trouble { TROUBLE_TARGET, TROUBLE_POSITION, TROUBLE_READ };

enum set_state {
    SET_EMPTY,
    SET_FILLING,
    SET_UNDER_WAY,
    SET_FAILED,
    SET_DURABLE, /* at the target */
    SET_MOVING,  /* its positions */
};

struct set {
    struct relay *relay;
    struct unit unit;
    unsigned reads;
    uint64_t bytes;
    int64_t oldest_ms;
    enum set_state state;
};

struct relay {
    struct relay_options o;
    struct stream_reader *reader;
    struct set sets[RELAY_SETS_MAX];
    unsigned first; /* of the sets in order */
    unsigned moving;
    struct stream_position positions[POSITIONS_MAX];
    struct relay_stop_at stops[RELAY_STOPS_MAX];
    unsigned nstops;
    bool held, stopped, abandoned, at_end;
    enum trouble trouble;
    int64_t now_ms, logged_ms, moved_ms; /* moved: something became durable, or went on its way */
    struct relay_stats stats;
    struct metric *copied;
    struct series *failures, *lost, *held_up;
};

static struct set *nth(struct relay *r, unsigned i)
{
    return &r->sets[(r->first + i) % r->o.sets];
}

static bool any(const struct relay *r, enum set_state state)
{
    for (unsigned i = 0; i < r->o.sets; i++)
        if (r->sets[i].state == state)
            return true;
    return false;
}

static void open_metrics(struct relay *r)
{
    struct metrics *m = r->o.metrics;
    if (!m)
        return;
    r->copied = metrics_counter(m, "weir_relay_records_total",
                                "Records that the other stream has called durable", "topic", 64);
    r->failures =
        metric_of(metrics_counter(m, "weir_relay_failures_total",
                                  "Sets that did not become durable there at once", NULL, 1),
                  SLICE_ABSENT);
    r->lost = metric_of(metrics_counter(m, "weir_relay_lost_records_total",
                                        "Records that were gone before they were copied", NULL, 1),
                        SLICE_ABSENT);
}

int relay_open(const struct relay_options *o, struct relay **ret, struct err *reterr)
{
    struct stream_reader_options ro = {.topics = o->topics,
                                       .ntopics = o->ntopics,
                                       .group = o->group,
                                       .start = o->start,
                                       .start_ms = o->start_ms};
    struct relay *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    r->o = *o;
    for (unsigned i = 0; i < RELAY_SETS_MAX; i++) {
        r->sets[i].relay = r;
        unit_init(&r->sets[i].unit);
    }
    open_metrics(r);
    if (stream_reader_open(o->source, &ro, &r->reader, reterr) < 0) {
        relay_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void relay_close(struct relay *r)
{
    if (!r)
        return;
    stream_reader_close(r->reader);
    for (unsigned i = 0; i < RELAY_SETS_MAX; i++)
        unit_fini(&r->sets[i].unit);
    free(r);
}

/* ---- to the target ---- */

static void note_failure(struct relay *r, enum trouble trouble, const char *what,
                         const struct err *e)
{
    bool tell = !r->stats.failing || r->now_ms - r->logged_ms >= LOG_AGAIN_MS;
    if (!r->stats.failing)
        r->stats.failing_ms = r->now_ms;
    r->stats.failing = r->held = true;
    r->trouble = trouble;
    r->stats.failures++;
    series_add(r->failures, 1);
    snprintf(r->stats.why, sizeof(r->stats.why), "%s", e->text);
    if (!tell)
        return;
    r->logged_ms = r->now_ms;
    log_line(LOG_ERROR, "relay.failed", "%s, tried again: %s", what, e->text);
}

static void note_success(struct relay *r, enum trouble trouble)
{
    if (!r->stats.failing || r->trouble != trouble)
        return;
    r->stats.failing = false;
    log_line(LOG_INFO, "relay.goes_on", "what failed goes again");
}

static void count(struct relay *r, const struct set *s)
{
    r->stats.records += s->unit.nrecords;
    for (unsigned i = 0; i < s->unit.nrecords && r->copied; i++)
        series_add(metric_of(r->copied, s->unit.records[i].topic), 1);
}

static void move(struct relay *r);

static void on_done(void *arg, const struct err *e)
{
    struct set *s = arg;
    struct relay *r = s->relay;
    if (e) {
        s->state = SET_FAILED;
        note_failure(r, TROUBLE_TARGET, "what is copied did not become durable", e);
        return;
    }
    note_success(r, TROUBLE_TARGET);
    count(r, s);
    r->moved_ms = r->now_ms;
    s->state = SET_DURABLE;
    move(r);
}

/* False: not now. */
static bool give(struct relay *r, struct set *s)
{
    struct err err = {0};
    if (s->unit.failed) {
        r->stats.broken = r->stopped = true;
        return false;
    }
    if (!s->unit.nrecords) {
        s->state = SET_DURABLE;
        return true;
    }
    enum set_state before = s->state;
    if (!any(r, SET_UNDER_WAY))
        r->moved_ms = r->now_ms;
    s->state = SET_UNDER_WAY;
    enum stream_result got =
        stream_append(r->o.target, s->unit.records, s->unit.nrecords, on_done, s, &err);
    if (got == STREAM_OK)
        return true;
    s->state = before;
    r->held = true;
    if (got == STREAM_BAD)
        note_failure(r, TROUBLE_TARGET, "alarm.relay: what is copied is refused", &err);
    return false;
}

/* In order. One that failed took those behind it along: all of them are called back before the
 * first of them is given again. */
static void give_all(struct relay *r)
{
    if (r->abandoned || (any(r, SET_FAILED) && any(r, SET_UNDER_WAY)))
        return;
    for (unsigned i = 0; i < r->o.sets; i++) {
        struct set *s = nth(r, i);
        if (s->state == SET_EMPTY)
            return;
        if ((s->state == SET_FILLING || s->state == SET_FAILED) && !give(r, s))
            return;
    }
}

/* ---- the positions ---- */

static void empty(struct set *s)
{
    unit_reset(&s->unit);
    s->reads = 0;
    s->bytes = 0;
    s->oldest_ms = 0;
    s->state = SET_EMPTY;
}

static void on_moved(void *arg, const struct err *e)
{
    struct relay *r = arg;
    unsigned n = r->moving;
    r->moving = 0;
    for (unsigned i = 0; i < n; i++)
        if (e)
            nth(r, i)->state = SET_DURABLE;
        else
            empty(nth(r, i));
    if (e) {
        note_failure(r, TROUBLE_POSITION, "the position here did not become durable", e);
        return;
    }
    r->first = (r->first + n) % r->o.sets;
    note_success(r, TROUBLE_POSITION);
    move(r);
}

/* Of all that is durable there without a gap. */
static void move(struct relay *r)
{
    struct err err = {0};
    unsigned n = 0, sets = 0;
    if (r->moving)
        return;
    for (; sets < r->o.sets && nth(r, sets)->state == SET_DURABLE; sets++) {
        const struct unit *u = &nth(r, sets)->unit;
        if (n + u->npositions > POSITIONS_MAX)
            break;
        for (unsigned i = 0; i < u->npositions; i++)
            r->positions[n++] = u->positions[i];
    }
    if (!sets)
        return;
    for (unsigned i = 0; i < sets; i++)
        nth(r, i)->state = SET_MOVING;
    r->moving = sets;
    enum stream_result got =
        stream_forward(r->o.source, NULL, 0, r->positions, n, on_moved, r, &err);
    if (got == STREAM_OK)
        return;
    r->moving = 0;
    for (unsigned i = 0; i < sets; i++)
        nth(r, i)->state = SET_DURABLE;
    r->held = true;
    if (got == STREAM_BAD)
        note_failure(r, TROUBLE_POSITION, "alarm.relay: its position is refused", &err);
}

/* ---- from the source ---- */

/* The relay's own slice of that name. */
static struct slice topic_of(const struct relay *r, struct slice name)
{
    for (unsigned i = 0; i < r->o.ntopics; i++)
        if (slice_eq(r->o.topics[i], name))
            return r->o.topics[i];
    return SLICE_ABSENT;
}

static struct relay_stop_at *find_stop(struct relay *r, struct slice topic, struct slice partition)
{
    for (unsigned i = 0; i < r->nstops; i++)
        if (slice_eq(r->stops[i].topic, topic) && slice_eq_str(partition, r->stops[i].partition))
            return &r->stops[i];
    return NULL;
}

static bool below_floor(const struct relay *r, const struct stream_message *m)
{
    for (unsigned i = 0; i < r->o.nfloors; i++) {
        const struct relay_floor *f = &r->o.floors[i];
        if (slice_eq(f->topic, m->topic) &&
            (!*f->partition || slice_eq_str(m->partition, f->partition)))
            return m->offset < f->from;
    }
    return false;
}

static uint64_t size_of(const struct stream_message *m)
{
    uint64_t n = m->topic.n + m->key.n + m->value.n;
    for (unsigned i = 0; i < m->nheaders; i++)
        n += m->headers[i].name.n + m->headers[i].value.n;
    return n;
}

static void audit_too_large(struct relay *r, const struct relay_stop_at *at)
{
    char offset[24], bytes[24];
    struct err err = {0};
    snprintf(offset, sizeof(offset), "%lld", (long long)at->offset);
    snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)at->bytes);
    const struct audit_field fields[] = {{SLICE("topic"), at->topic},
                                         {SLICE("partition"), slice_str(at->partition)},
                                         {SLICE("offset"), slice_str(offset)},
                                         {SLICE("bytes"), slice_str(bytes)}};
    log_line(LOG_ERROR, "alarm.relay_too_large",
             "topic=%.*s partition=%s offset=%lld: a record of %llu bytes; the other side takes "
             "%llu (relay.record_max): this partition waits. Raise relay.record_max, and "
             "max.message.bytes on the nodes, and start the relay again; or leave the record out: "
             "weir relay skip %.*s %s %lld",
             SLICE_ARG(at->topic), at->partition, (long long)at->offset,
             (unsigned long long)at->bytes, (unsigned long long)r->o.record_max,
             SLICE_ARG(at->topic), at->partition, (long long)at->offset);
    if (r->o.audit && audit_append(r->o.audit, SLICE("relay.too_large"), SLICE("system"), fields,
                                   sizeof(fields) / sizeof(fields[0]), NULL, NULL, &err) < 0)
        log_line(LOG_ERROR, "alarm.audit", "relay.too_large not recorded: %s", err.text);
}

/* The others go on. */
static void hold_up(struct relay *r, struct slice topic, const struct stream_message *m)
{
    if (r->nstops == RELAY_STOPS_MAX || m->partition.n > STREAM_NAME_MAX) {
        r->stopped = true; /* nothing is passed over that nobody remembers */
        return;
    }
    struct relay_stop_at *at = &r->stops[r->nstops++];
    *at = (struct relay_stop_at){
        .topic = topic, .offset = m->offset, .time_ms = m->time_ms, .bytes = size_of(m)};
    memcpy(at->partition, m->partition.p, m->partition.n);
    audit_too_large(r, at);
}

static const struct stream_header *copy_headers(struct relay *r, struct unit *u,
                                                const struct stream_message *m, unsigned *ret_n)
{
    char at[RFC3339_SIZE];
    unsigned n = m->nheaders;
    bool add = slice_present(r->o.timed) && slice_eq(m->topic, r->o.timed) &&
               n < STREAM_HEADERS_MAX && !slice_present(stream_header_get(m, "at"));
    struct stream_header *h = (n + add) ? unit_headers(u, n + add) : NULL;
    *ret_n = 0;
    if (!h)
        return NULL;
    for (unsigned i = 0; i < n; i++)
        h[i] = (struct stream_header){unit_copy(u, m->headers[i].name),
                                      unit_copy(u, m->headers[i].value)};
    if (add)
        h[n] = (struct stream_header){SLICE("at"), unit_copy(u, rfc3339_utc(m->time_ms, at))};
    *ret_n = n + add;
    return h;
}

static void copy(struct relay *r, struct set *s, struct slice topic, const struct stream_message *m)
{
    unsigned n;
    const struct stream_header *h = copy_headers(r, &s->unit, m, &n);
    unit_add(&s->unit, topic, unit_copy(&s->unit, m->key), unit_copy(&s->unit, m->value), h, n);
    s->bytes += size_of(m);
    if (!s->oldest_ms)
        s->oldest_ms = m->time_ms;
}

static void take(struct relay *r, struct set *s, const struct stream_message *m)
{
    struct slice topic = topic_of(r, m->topic);
    struct relay_stop_at *stop = find_stop(r, topic, m->partition);
    if (stop) {
        stop->behind++;
        return;
    }
    if (!below_floor(r, m)) {
        if (size_of(m) > r->o.record_max) {
            hold_up(r, topic, m);
            return;
        }
        copy(r, s, topic, m);
    }
    unit_move(&s->unit, r->o.group, topic, m->partition, m->offset + 1);
    s->reads++;
}

static void lose(struct relay *r, struct set *s, const struct stream_message *m,
                 const struct err *e)
{
    uint64_t n = (uint64_t)(m->offset - m->lost_from);
    struct slice topic = topic_of(r, m->topic);
    lost_tell(r->o.audit, r->o.group, m, e);
    r->stats.lost += n;
    series_add(r->lost, n);
    if (find_stop(r, topic, m->partition))
        return;
    unit_move(&s->unit, r->o.group, topic, m->partition, m->offset);
    s->reads++;
}

static bool has_room(const struct set *s)
{
    const struct relay_options *o = &s->relay->o;
    return s->reads < o->set_records && s->bytes < o->set_bytes &&
           s->unit.npositions < UNIT_PARTITIONS_MAX && !s->unit.failed;
}

/* True where it was filled, so that there may be more. */
static bool fill(struct relay *r, struct set *s)
{
    struct stream_message m;
    struct err err = {0};
    /* Records that are passed over are bounded as well: a turn of the loop is short. */
    for (unsigned n = 0; has_room(s) && !r->stopped; n++) {
        if (n >= 2 * r->o.set_records)
            return true;
        switch (stream_next(r->reader, &m, &err)) {
        case STREAM_GOT:
            note_success(r, TROUBLE_READ);
            take(r, s, &m);
            break;
        case STREAM_LOST:
            lose(r, s, &m, &err);
            break;
        case STREAM_LEAVE: /* nobody else is of this group */
            stream_yield(r->reader);
            break;
        case STREAM_MOVED:
            break;
        case STREAM_ERROR:
            note_failure(r, TROUBLE_READ, "what is to be copied cannot be read", &err);
            return false;
        case STREAM_NONE:
            note_success(r, TROUBLE_READ);
            r->at_end = r->at_end || stream_caught_up(r->reader);
            return false;
        }
    }
    return !r->stopped;
}

static struct set *open_set(struct relay *r)
{
    for (unsigned i = 0; i < r->o.sets && !r->stopped && !r->held; i++) {
        struct set *s = nth(r, i);
        if (s->state == SET_EMPTY || (s->state == SET_FILLING && has_room(s)))
            return s;
    }
    return NULL;
}

/* What somebody has decided to leave out. */
static void skip_all(struct relay *r, struct set *s)
{
    struct err err = {0};
    for (unsigned i = 0; i < r->nstops; i++) {
        struct relay_stop_at at = r->stops[i];
        if (!at.skip || !has_room(s))
            continue;
        if (stream_seek(r->reader, at.topic, slice_str(at.partition), at.offset + 1, &err) < 0) {
            note_failure(r, TROUBLE_READ, "what is to be copied cannot be read", &err);
            return;
        }
        unit_move(&s->unit, r->o.group, at.topic, slice_str(at.partition), at.offset + 1);
        s->reads++;
        r->stops[i--] = r->stops[--r->nstops];
    }
}

bool relay_step(struct relay *r, int64_t now_ms)
{
    r->now_ms = now_ms;
    r->held = false;
    move(r);
    give_all(r);
    struct set *s = open_set(r);
    if (!s)
        return false;
    skip_all(r, s);
    bool more = fill(r, s);
    if (s->reads)
        s->state = SET_FILLING;
    give_all(r);
    move(r); /* a set of positions only */
    return more && open_set(r);
}

bool relay_reads(const struct relay *r)
{
    return open_set((struct relay *)(uintptr_t)r) != NULL;
}

int relay_fd(const struct relay *r)
{
    return stream_reader_fd(r->reader);
}

bool relay_held(const struct relay *r)
{
    return r->held;
}

void relay_stop(struct relay *r)
{
    r->stopped = true;
}

void relay_abandon(struct relay *r)
{
    r->stopped = r->abandoned = true;
}

bool relay_under_way(const struct relay *r)
{
    return r->moving || any(r, SET_UNDER_WAY);
}

bool relay_idle(const struct relay *r)
{
    for (unsigned i = 0; i < r->o.sets; i++)
        if (r->sets[i].state != SET_EMPTY)
            return false;
    return true;
}

bool relay_ended(const struct relay *r)
{
    return r->at_end && !r->nstops && relay_idle(r);
}

const struct relay_stop_at *relay_stopped(const struct relay *r, unsigned nth)
{
    return nth < r->nstops ? &r->stops[nth] : NULL;
}

bool relay_skip(struct relay *r, struct slice topic, struct slice partition, int64_t offset)
{
    struct relay_stop_at *at = find_stop(r, topic, partition);
    if (!at || at->offset != offset)
        return false;
    at->skip = true;
    return true;
}

void relay_stats(const struct relay *r, struct relay_stats *ret)
{
    *ret = r->stats;
    ret->waits = any(r, SET_UNDER_WAY);
    ret->waits_ms = r->moved_ms;
}

static void add_oldest(int64_t *oldest, int64_t ms)
{
    if (ms && (!*oldest || ms < *oldest))
        *oldest = ms;
}

int relay_lag(struct relay *r, uint64_t *ret_records, int64_t *ret_oldest_ms, struct err *reterr)
{
    uint64_t records = 0;
    int64_t oldest = 0;
    if (stream_lag(r->reader, &records, &oldest, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < r->o.sets; i++) {
        records += r->sets[i].unit.nrecords;
        add_oldest(&oldest, r->sets[i].oldest_ms);
    }
    for (unsigned i = 0; i < r->nstops; i++) {
        records += 1 + r->stops[i].behind;
        add_oldest(&oldest, r->stops[i].time_ms);
    }
    *ret_records = records;
    *ret_oldest_ms = oldest;
    return 0;
}
