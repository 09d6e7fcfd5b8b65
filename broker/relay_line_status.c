#include "relay_line_parts.h"

#include <stdio.h>
#include "clock.h"
#include "rfc3339.h"

enum { FAILING_MS = 30 * 1000 };

static uint64_t lag(struct relay_line *l, int64_t *ret_oldest)
{
    uint64_t all = 0;
    *ret_oldest = 0;
    for (unsigned i = 0; i < PARTS; i++) {
        uint64_t n = 0;
        int64_t ms = 0;
        struct err err;
        if (!l->parts[i].relay || relay_lag(l->parts[i].relay, &n, &ms, &err) < 0)
            continue;
        all += n;
        if (ms && (!*ret_oldest || ms < *ret_oldest))
            *ret_oldest = ms;
    }
    return all;
}

static unsigned count_stopped(const struct relay_line *l)
{
    unsigned n = 0;
    for (unsigned i = 0; i < PARTS; i++)
        for (unsigned k = 0; l->parts[i].relay && relay_stopped(l->parts[i].relay, k); k++)
            n++;
    return n;
}

static bool part_ready(struct relay_line *l, const struct part *p)
{
    struct relay_stats st;
    const struct relay_stop_at *at = relay_stopped(p->relay, 0);
    relay_stats(p->relay, &st);
    if (at) {
        snprintf(l->why, sizeof(l->why),
                 "%.*s %s %lld is larger than the other side takes: raise relay.record_max there "
                 "and here, or weir relay skip",
                 SLICE_ARG(at->topic), at->partition, (long long)at->offset);
        return false;
    }
    int64_t now = clock_mono_ms();
    bool failing = st.failing && now - st.failing_ms >= FAILING_MS;
    bool still = st.waits && now - st.waits_ms >= FAILING_MS;
    if (failing || still)
        snprintf(l->why, sizeof(l->why), "nothing is copied: %s",
                 st.failing ? st.why : "the nodes have not answered for half a minute");
    return !failing && !still;
}

bool relay_line_ready(struct relay_line *l, const char **ret_why)
{
    *ret_why = l->why;
    for (unsigned i = 0; i < PARTS; i++)
        if (l->parts[i].relay && !part_ready(l, &l->parts[i]))
            return false;
    return true;
}

void relay_line_collect(struct relay_line *l)
{
    int64_t oldest;
    series_set(l->lag, (double)lag(l, &oldest));
    int64_t age = oldest ? clock_wall_ms() - oldest : 0;
    series_set(l->oldest, age > 0 ? (double)age / 1000 : 0);
    series_set(l->stopped, count_stopped(l));
    series_set(l->moving, l->parts[PART_STATE].relay != NULL);
}

static void member(struct json_writer *w, const char *name, uint64_t v)
{
    json_key(w, slice_str(name));
    json_int(w, (int64_t)v);
}

static void text(struct json_writer *w, const char *name, struct slice v)
{
    json_key(w, slice_str(name));
    json_string(w, v);
}

static void status_stopped(const struct relay_line *l, struct json_writer *w)
{
    json_key(w, SLICE("held_up"));
    json_array(w);
    for (unsigned i = 0; i < PARTS; i++) {
        const struct relay_stop_at *at;
        for (unsigned k = 0; l->parts[i].relay && (at = relay_stopped(l->parts[i].relay, k)); k++) {
            json_object(w);
            text(w, "topic", at->topic);
            text(w, "partition", slice_str(at->partition));
            member(w, "offset", (uint64_t)at->offset);
            member(w, "bytes", at->bytes);
            member(w, "behind", at->behind);
            json_object_end(w);
        }
    }
    json_array_end(w);
}

void relay_line_status(struct relay_line *l, struct json_writer *w)
{
    int64_t oldest;
    char at[RFC3339_SIZE];
    struct relay_stats all = {0};
    for (unsigned i = 0; i < PARTS; i++) {
        struct relay_stats st = {0};
        if (l->parts[i].relay)
            relay_stats(l->parts[i].relay, &st);
        all.records += st.records;
        all.failures += st.failures;
        all.lost += st.lost;
        if (st.failing)
            memcpy(all.why, st.why, sizeof(all.why));
    }
    json_key(w, SLICE("relay"));
    json_object(w);
    bool state = l->parts[PART_STATE].relay != NULL;
    text(w, "copies", state ? SLICE("state") : SLICE("records"));
    member(w, "copied", all.records);
    member(w, "failures", all.failures);
    member(w, "lost", all.lost);
    member(w, "lag", lag(l, &oldest));
    if (oldest)
        text(w, "oldest", rfc3339_utc(oldest, at));
    if (*all.why)
        text(w, "failing", slice_str(all.why));
    status_stopped(l, w);
    json_object_end(w);
}

static struct relay *stopped_at(const struct relay_line *l, struct slice topic,
                                struct slice partition, int64_t offset)
{
    for (unsigned i = 0; i < PARTS; i++) {
        const struct relay_stop_at *at;
        for (unsigned k = 0; l->parts[i].relay && (at = relay_stopped(l->parts[i].relay, k)); k++)
            if (slice_eq(at->topic, topic) && slice_eq_str(partition, at->partition) &&
                at->offset == offset)
                return l->parts[i].relay;
    }
    return NULL;
}

bool relay_line_stopped(const struct relay_line *l, struct slice topic, struct slice partition,
                        int64_t offset)
{
    return stopped_at(l, topic, partition, offset) != NULL;
}

bool relay_line_skip(struct relay_line *l, struct slice topic, struct slice partition,
                     int64_t offset)
{
    struct relay *r = stopped_at(l, topic, partition, offset);
    if (!r || !relay_skip(r, topic, partition, offset))
        return false;
    relay_line_dispatched(l);
    return true;
}
