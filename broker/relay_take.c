#include "relay_parts.h"

#include <stdio.h>
#include "log.h"
#include "lost.h"
#include "rfc3339.h"

/* The relay's own slice of that name. */
static struct slice topic_of(const struct relay *r, struct slice name)
{
    for (unsigned i = 0; i < r->o.ntopics; i++)
        if (slice_eq(r->o.topics[i], name))
            return r->o.topics[i];
    return SLICE_ABSENT;
}

struct relay_stop_at *relay_find_stop(struct relay *r, struct slice topic, struct slice partition)
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
    struct relay_stop_at *stop = relay_find_stop(r, topic, m->partition);
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
    if (relay_find_stop(r, topic, m->partition))
        return;
    unit_move(&s->unit, r->o.group, topic, m->partition, m->offset);
    s->reads++;
}

bool relay_has_room(const struct set *s)
{
    const struct relay_options *o = &s->relay->o;
    return s->reads < o->set_records && s->bytes < o->set_bytes &&
           s->unit.npositions < UNIT_PARTITIONS_MAX && !s->unit.failed;
}

/* True where it was filled, so that there may be more. */
bool relay_fill(struct relay *r, struct set *s)
{
    struct stream_message m;
    struct err err = {0};
    /* Records that are passed over are bounded as well: a turn of the loop is short. */
    for (unsigned n = 0; relay_has_room(s) && !r->stopped; n++) {
        if (n >= 2 * r->o.set_records)
            return true;
        switch (stream_next(r->reader, &m, &err)) {
        case STREAM_GOT:
            relay_no_trouble(r, TROUBLE_READ);
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
            relay_trouble(r, TROUBLE_READ, "what is to be copied cannot be read", &err);
            return false;
        case STREAM_NONE:
            relay_no_trouble(r, TROUBLE_READ);
            r->at_end = r->at_end || stream_caught_up(r->reader);
            return false;
        }
    }
    return !r->stopped;
}

/* What somebody has decided to leave out. */
void relay_leave_out(struct relay *r, struct set *s)
{
    struct err err = {0};
    for (unsigned i = 0; i < r->nstops; i++) {
        struct relay_stop_at at = r->stops[i];
        if (!at.skip || !relay_has_room(s))
            continue;
        if (stream_seek(r->reader, at.topic, slice_str(at.partition), at.offset + 1, &err) < 0) {
            relay_trouble(r, TROUBLE_READ, "what is to be copied cannot be read", &err);
            return;
        }
        unit_move(&s->unit, r->o.group, at.topic, slice_str(at.partition), at.offset + 1);
        s->reads++;
        r->stops[i--] = r->stops[--r->nstops];
    }
}
