#include "parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include "rfc3339.h"
#include "unit.h"

/* Texts that a parcel keeps, in the order in which they stand in its block. */
struct texts {
    struct slice key, id, type, received, with, at_partition, route;
};

static struct slice put(char **at, struct slice s)
{
    if (!slice_present(s))
        return s;
    struct slice copy = slice_make(*at, s.n);
    if (s.n)
        memcpy(*at, s.p, s.n);
    (*at)[s.n] = 0;
    *at += s.n + 1;
    return copy;
}

static struct parcel *parcel_new(const struct texts *t, struct slice merge, unsigned partition,
                                 struct slice partition_name)
{
    struct parcel *p = calloc(1, sizeof(*p));
    size_t n = t->key.n + t->id.n + t->type.n + t->received.n + t->with.n + t->at_partition.n +
               t->route.n + 7;
    char *at = p ? malloc(n) : NULL;
    if (!at) {
        free(p);
        return NULL;
    }
    p->texts = at;
    p->item.key = put(&at, t->key);
    p->item.id = put(&at, t->id);
    p->type = put(&at, t->type);
    p->received = put(&at, t->received);
    p->at_partition = put(&at, t->at_partition);
    p->route = put(&at, t->route);
    if (slice_eq_str(merge, "retired") || slice_eq_str(merge, "survivor")) {
        bool retired = slice_eq_str(merge, "retired");
        p->item.mark = retired ? SCHED_RETIRED : SCHED_SURVIVOR;
        p->merge = retired ? SLICE("retired") : SLICE("survivor");
        p->item.with = put(&at, t->with);
    }
    p->item.partition = partition;
    p->partition = partition_name;
    return p;
}

struct parcel *parcel_of_message(const struct stream_message *m, struct slice route,
                                 unsigned partition, struct slice partition_name)
{
    struct texts t = {.key = m->key,
                      .id = stream_header_get(m, "ce_id"),
                      .type = stream_header_get(m, "ce_type"),
                      .received = stream_header_get(m, "received"),
                      .with = stream_header_get(m, "merge-with"),
                      .route = route};
    struct parcel *p = parcel_new(&t, stream_header_get(m, "merge"), partition, partition_name);
    if (!p)
        return NULL;
    p->bytes = malloc(m->value.n + 1);
    if (!p->bytes) {
        parcel_free(p);
        return NULL;
    }
    if (m->value.n)
        memcpy(p->bytes, m->value.p, m->value.n);
    p->value = slice_make(p->bytes, m->value.n);
    p->item.size = (uint32_t)(sizeof(*p) + m->value.n);
    p->item.offset = m->offset;
    p->item.time_ms = m->time_ms;
    return p;
}

struct parcel *parcel_of_parked(const struct parked_record *r, unsigned partition,
                                struct slice partition_name)
{
    struct texts t = {.key = r->key,
                      .id = r->id,
                      .type = r->type,
                      .received = r->received,
                      .with = r->with,
                      .at_partition = r->at_partition,
                      .route = r->route};
    struct parcel *p = parcel_new(&t, r->merge, partition, partition_name);
    if (!p)
        return NULL;
    p->at_offset = r->at_offset;
    p->at_ms = r->at_ms;
    p->item.offset = r->offset;
    p->item.attempts = (uint32_t)r->attempts;
    int offset_min;
    if (!rfc3339_read(r->received, &p->item.time_ms, &offset_min))
        p->item.time_ms = r->at_ms;
    snprintf(p->since, sizeof(p->since), "%.*s", SLICE_ARG(r->since));
    snprintf(p->item.reason, sizeof(p->item.reason), "%.*s", SLICE_ARG(r->reason));
    return p;
}

void parcel_drop_value(struct parcel *p)
{
    free(p->bytes);
    p->bytes = NULL;
    p->value = SLICE_ABSENT;
}

void parcel_free(struct parcel *p)
{
    if (!p)
        return;
    free(p->bytes);
    free(p->texts);
    free(p);
}

void parcel_record(const struct parcel *p, struct slice consumer, struct slice state,
                   bool with_value, struct parked_record *ret)
{
    *ret = (struct parked_record){
        .consumer = consumer,
        .state = state,
        .reason = slice_str(p->item.reason),
        .since = slice_str(p->since),
        .received = slice_present(p->received) ? p->received : SLICE(""),
        .key = p->item.key,
        .id = p->item.id,
        .type = p->type,
        .value = with_value ? p->value : SLICE(""),
        .merge = p->merge,
        .with = p->item.with,
        .route = p->route,
        .partition = p->partition,
        .offset = p->item.offset,
        .attempts = p->item.attempts,
    };
}
