#include "orphans.h"

#include <stdio.h>
#include <stdlib.h>
#include "dict.h"
#include "log.h"
#include "parcel.h"

enum { REFRESH_MS = 60 * 1000, REFRESH_MORE_MS = 1000, REFRESH_MAX = 500, NAME_MAX_BYTES = 400 };

struct orphan {
    struct orphans *owner;
    struct parcel *parcel;
    struct slice consumer, partition;
    char names[];
};
struct orphans {
    struct parked *parked;
    struct fetcher *fetcher;
    int64_t retain_ms, due;
    struct dict by_name; /* "<consumer> <route> <partition> <offset>" -> struct orphan */
};

int orphans_open(struct parked *parked, struct fetcher *fetcher, int64_t retain_ms,
                 struct orphans **ret, struct err *reterr)
{
    struct orphans *o = calloc(1, sizeof(*o));
    if (!o)
        return err_set(reterr, ERR_NOMEM, "no memory for what is parked");
    o->parked = parked;
    o->fetcher = fetcher;
    o->retain_ms = retain_ms;
    dict_init(&o->by_name, SIZE_MAX);
    *ret = o;
    return 0;
}

static void orphan_free(struct orphan *one)
{
    if (!one)
        return;
    fetcher_forget(one->owner->fetcher, one->owner, one);
    parcel_free(one->parcel);
    free(one);
}

void orphans_close(struct orphans *o)
{
    size_t at = 0;
    struct slice name;
    uint64_t v;
    if (!o)
        return;
    while (dict_next(&o->by_name, &at, &name, &v))
        orphan_free((struct orphan *)(uintptr_t)v);
    dict_fini(&o->by_name);
    free(o);
}

static struct orphan *orphan_new(struct orphans *o, const struct parked_record *r)
{
    struct orphan *one = malloc(sizeof(*one) + r->consumer.n + r->partition.n + 1);
    if (!one)
        return NULL;
    one->owner = o;
    memcpy(one->names, r->consumer.p, r->consumer.n);
    if (r->partition.n)
        memcpy(one->names + r->consumer.n, r->partition.p, r->partition.n);
    one->consumer = slice_make(one->names, r->consumer.n);
    one->partition = slice_make(one->names + r->consumer.n, r->partition.n);
    one->parcel = parcel_of_parked(r, 0, one->partition);
    if (one->parcel)
        return one;
    free(one);
    return NULL;
}

static void note_state(struct orphan *one, const struct parked_record *r, int park)
{
    struct sched_item *item = &one->parcel->item;
    item->park = (enum sched_park)park;
    item->attempts = (uint32_t)r->attempts;
    snprintf(item->reason, sizeof(item->reason), "%.*s", SLICE_ARG(r->reason));
}

void orphans_apply(struct orphans *o, const struct parked_record *r)
{
    char text[NAME_MAX_BYTES];
    int n = snprintf(text, sizeof(text), "%.*s %.*s %.*s %lld", SLICE_ARG(r->consumer),
                     SLICE_ARG(r->route), SLICE_ARG(r->partition), (long long)r->offset);
    int park = parked_state_read(r->state);
    if (n < 0 || (size_t)n >= sizeof(text))
        return;
    struct slice name = slice_make(text, (size_t)n);
    uint64_t *v = dict_get(&o->by_name, name);
    struct orphan *one = v ? (struct orphan *)(uintptr_t)*v : NULL;
    if (park < 0) {
        orphan_free(one);
        dict_delete(&o->by_name, name);
        return;
    }
    if (!one || r->value.n) {
        struct orphan *fresh = orphan_new(o, r);
        if (!fresh || (!v && !(v = dict_put(&o->by_name, name, NULL)))) {
            orphan_free(fresh);
            log_line(LOG_ERROR, "alarm.parked", "consumer=%.*s: no memory", SLICE_ARG(r->consumer));
            return;
        }
        orphan_free(one);
        *v = (uint64_t)(uintptr_t)(one = fresh);
    }
    note_state(one, r, park);
}

/* May come after orphans_close. */
static void on_refreshed(void *arg, const struct err *e)
{
    (void)arg;
    if (e) /* what was not read back is tried again */
        log_line(LOG_ERROR, "parked.refresh", "%s", e->text);
}

static void on_fetched(void *arg, struct slice value, const struct err *e)
{
    struct orphan *one = arg;
    struct parked_record r;
    struct err err = {0};
    const struct parcel *p = one->parcel;
    if (e) {
        log_line(LOG_ERROR, "parked.refresh", "consumer=%.*s event=%.*s: %s",
                 SLICE_ARG(one->consumer), SLICE_ARG(p->item.id), e->text);
        return;
    }
    parcel_record(p, one->consumer, slice_str(parked_state_name(p->item.park)), false, &r);
    r.value = value;
    if (parked_append(one->owner->parked, &r, on_refreshed, NULL, &err) == STREAM_BAD)
        log_line(LOG_ERROR, "parked.refresh", "%s", err.text);
}

void orphans_refresh(struct orphans *o, int64_t now_ms, int64_t wall_ms)
{
    size_t at = 0;
    struct slice name;
    uint64_t v;
    unsigned n = 0;
    if (!o->retain_ms || now_ms < o->due)
        return;
    while (n < REFRESH_MAX && dict_next(&o->by_name, &at, &name, &v)) {
        struct orphan *one = (struct orphan *)(uintptr_t)v;
        if (one->parcel->at_ms > wall_ms - o->retain_ms / 2 || now_ms < one->parcel->refresh_due)
            continue;
        one->parcel->refresh_due = now_ms + REFRESH_MS;
        fetcher_ask(o->fetcher, o, one->parcel->at_partition, one->parcel->at_offset, on_fetched,
                    one);
        n++;
    }
    o->due = now_ms + (n == REFRESH_MAX ? REFRESH_MORE_MS : REFRESH_MS);
}

size_t orphans_count(const struct orphans *o)
{
    return o->by_name.count;
}
