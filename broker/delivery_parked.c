/* What a delivery keeps in flow.parked: written, read back, restored, refreshed, resolved. */
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "delivery_parts.h"
#include "log.h"
#include "num.h"
#include "rfc3339.h"

enum { REFRESH_MS = 60 * 1000, REFRESH_MORE_MS = 1000, REFRESH_MAX = 500, TELL_PARKED_MS = 5000 };

struct name {
    char text[PARTITION_NAME_MAX + 100];
    size_t n;
};

static struct slice name_of(struct name *name, struct slice route, struct slice partition,
                            int64_t offset)
{
    int n = snprintf(name->text, sizeof(name->text), "%.*s %.*s %lld", SLICE_ARG(route),
                     SLICE_ARG(partition), (long long)offset);
    name->n = n > 0 && (size_t)n < sizeof(name->text) ? (size_t)n : 0;
    return slice_make(name->text, name->n);
}

struct parcel *delivery_known(struct delivery *d, struct slice route, struct slice partition,
                              int64_t offset, bool *ret_closed)
{
    struct name name;
    uint64_t *v = dict_get(&d->known, name_of(&name, route, partition, offset));
    *ret_closed = v && !*v;
    return v ? (struct parcel *)(uintptr_t)*v : NULL;
}

static bool remember(struct delivery *d, struct parcel *p)
{
    struct name name;
    uint64_t *v = dict_put(&d->known, name_of(&name, p->route, p->partition, p->item.offset), NULL);
    if (v)
        *v = (uint64_t)(uintptr_t)p;
    return v != NULL;
}

static void forget(struct delivery *d, const struct parcel *p)
{
    struct name name;
    dict_delete(&d->known, name_of(&name, p->route, p->partition, p->item.offset));
}

static void put_off(struct delivery *d, struct parcel *p)
{
    p->later_next = NULL;
    if (d->later)
        d->later_last->later_next = p;
    else
        d->later = p;
    d->later_last = p;
}

/* It counts once it is durable and was read back: then its place is known too. */
static void settle(struct delivery *d, struct parcel *p)
{
    if (!p->storing || !p->written || !p->read_back)
        return;
    p->storing = false;
    parcel_drop_value(p);
    sched_stored(d->sched, &p->item, loop_now(d->o.loop));
}

static void on_stored(void *arg, const struct err *e)
{
    struct parcel *p = arg;
    struct delivery *d = p->owner;
    d->writing--;
    if (e) {
        log_line(LOG_ERROR, "parked.append", "consumer=%.*s tried again: %s",
                 SLICE_ARG(delivery_name(d)), e->text);
        put_off(d, p);
    } else if (p->closing) {
        if (p->item.noted)
            sched_noted(d->sched, &p->item);
        parcel_free(p);
    } else {
        p->written = true;
        settle(d, p);
    }
    delivery_wake(d);
}

static struct slice state_of(const struct parcel *p)
{
    if (p->closing)
        return p->item.end == SCHED_DELIVERED ? SLICE("delivered") : SLICE("discarded");
    return slice_str(parked_state_name(p->item.park));
}

/* False: no room now. */
static bool append(struct delivery *d, struct parcel *p)
{
    struct parked_record r;
    struct err err = {0};
    parcel_record(p, delivery_name(d), state_of(p), slice_present(p->value), &r);
    switch (parked_append(d->o.parked, &r, on_stored, p, &err)) {
    case STREAM_OK:
        d->writing++;
        return true;
    case STREAM_FULL:
        return false;
    case STREAM_BAD:
        break;
    }
    log_line(LOG_ERROR, "alarm.parked", "consumer=%.*s event=%.*s cannot be parked: %s",
             SLICE_ARG(delivery_name(d)), SLICE_ARG(p->item.id), err.text);
    return false;
}

static void append_or_put_off(struct delivery *d, struct parcel *p)
{
    if (d->later || !append(d, p))
        put_off(d, p);
}

void delivery_append_later(struct delivery *d)
{
    while (d->later && append(d, d->later))
        d->later = d->later->later_next;
}

/* A consumer that refuses everything would fill the log: one line in a while stands for many. */
static void tell_parked(struct delivery *d, const struct parcel *p)
{
    int64_t now = loop_now(d->o.loop);
    if (p->item.park != SCHED_PARKED)
        return;
    if (now < d->parked_quiet_until) {
        d->parked_unsaid++;
        return;
    }
    log_line(LOG_WARN, "event.parked",
             "consumer=%.*s event=%.*s reason=\"%s\" not_logged_before=%llu",
             SLICE_ARG(delivery_name(d)), SLICE_ARG(p->item.id), p->item.reason,
             (unsigned long long)d->parked_unsaid);
    d->parked_quiet_until = now + TELL_PARKED_MS;
    d->parked_unsaid = 0;
}

void delivery_store(struct delivery *d, struct parcel *p)
{
    tell_parked(d, p);
    if (!p->since[0]) {
        rfc3339_utc(clock_wall_ms(), p->since);
        d->parked_total++;
        series_add(d->parked_count, 1);
    }
    if (!remember(d, p))
        log_line(LOG_ERROR, "alarm.parked", "consumer=%.*s: no memory",
                 SLICE_ARG(delivery_name(d)));
    p->storing = true;
    p->written = p->read_back = false;
    append_or_put_off(d, p);
}

void delivery_end(struct delivery *d, struct parcel *p)
{
    forget(d, p);
    fetcher_forget(d->o.fetcher, d, p);
    p->closing = true;
    p->storing = false;
    parcel_drop_value(p);
    append_or_put_off(d, p);
}

void delivery_note(struct delivery *d, struct parcel *p)
{
    p->closing = true;
    parcel_drop_value(p);
    append_or_put_off(d, p);
}

static bool is_retired(const struct parked_record *r)
{
    return slice_eq_str(r->merge, "retired");
}

/* An end without a beginning is the note of a retired copy: of no interest but to its survivor. */
static void fold_end(struct delivery *d, const struct parked_record *r)
{
    struct name name;
    uint64_t *v = dict_get(&d->known, name_of(&name, r->route, r->partition, r->offset));
    if (v)
        parcel_free((struct parcel *)(uintptr_t)*v);
    if (v)
        *v = 0;
    if (is_retired(r))
        sched_retired(d->sched, r->id, r->key, true);
}

/* Before the start: the newest record of each event counts. */
static void fold(struct delivery *d, const struct parked_record *r, int park)
{
    struct name name;
    bool is_new;
    if (park < 0) {
        fold_end(d, r);
        return;
    }
    int partition = delivery_partition(d, r->partition);
    uint64_t *v =
        partition < 0
            ? NULL
            : dict_put(&d->known, name_of(&name, r->route, r->partition, r->offset), &is_new);
    if (!v)
        return;
    struct parcel *old = (struct parcel *)(uintptr_t)*v;
    if (!old || r->value.n) {
        struct parcel *p =
            parcel_of_parked(r, (unsigned)partition, d->partitions[(unsigned)partition]);
        parcel_free(old);
        *v = (uint64_t)(uintptr_t)p;
        old = p;
    }
    if (!old)
        return;
    old->owner = d;
    old->item.park = (enum sched_park)park;
    old->item.attempts = (uint32_t)r->attempts;
    snprintf(old->item.reason, sizeof(old->item.reason), "%.*s", SLICE_ARG(r->reason));
}

/* A number is a partition of a shared stream; another name comes from the embedded stream that this
 * one was copied from. */
static bool is_number(struct slice name)
{
    uint64_t n;
    return num_u64(name, &n);
}

/* The record of flow.parked stands where its route record does: same key, as many partitions. So
 * what came from another route, or another stream, belongs to whoever holds its lane now. */
static bool held_here(const struct delivery *d, struct slice route, struct slice partition,
                      struct slice at_partition)
{
    if (stream_holds(d->reader, d->topic, partition))
        return true;
    bool own = slice_eq(route, d->o.conf->route) && is_number(partition);
    return !own && slice_present(at_partition) && stream_holds(d->reader, d->topic, at_partition);
}

void delivery_apply(struct delivery *d, const struct parked_record *record)
{
    struct parked_record with_route = *record;
    const struct parked_record *r = &with_route;
    int park = parked_state_read(r->state);
    if (!slice_present(r->route))
        with_route.route = d->o.conf->route;
    if (!d->started) {
        fold(d, r, park);
        return;
    }
    if (is_retired(r) && !held_here(d, r->route, r->partition, r->at_partition)) {
        sched_retired(d->sched, r->id, r->key, park < 0);
        return;
    }
    bool closed;
    struct parcel *p = delivery_known(d, r->route, r->partition, r->offset, &closed);
    if (!p || park < 0)
        return;
    if (r->value.n) {
        int at = delivery_partition(d, r->at_partition);
        p->at_partition = at < 0 ? SLICE_ABSENT : d->partitions[at];
        p->at_offset = r->at_offset;
        p->at_ms = r->at_ms;
    }
    if (p->storing && park == (int)p->item.park) {
        p->read_back = true;
        settle(d, p);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct parcel *x = *(struct parcel *const *)a, *y = *(struct parcel *const *)b;
    int c = slice_cmp(x->route, y->route);
    if (!c)
        c = slice_cmp(x->partition, y->partition);
    if (c)
        return c;
    return x->item.offset < y->item.offset ? -1 : x->item.offset > y->item.offset;
}

void delivery_forget_closed(struct delivery *d)
{
    struct dict open;
    size_t at = 0;
    struct slice name;
    uint64_t v;
    dict_init(&open, SIZE_MAX);
    while (dict_next(&d->known, &at, &name, &v)) {
        uint64_t *slot = v ? dict_put(&open, name, NULL) : NULL;
        if (v && !slot) { /* no memory: keep the larger one */
            dict_fini(&open);
            return;
        }
        if (slot)
            *slot = v;
    }
    dict_fini(&d->known);
    d->known = open;
}

/* What other brokers hold is forgotten. Returns the parcels that are left, *ret_n of them. */
static struct parcel **known_here(struct delivery *d, size_t *ret_n)
{
    struct parcel **all = calloc(d->known.count + 1, sizeof(struct parcel *));
    struct slice name;
    size_t n = 0, at = 0;
    uint64_t v;
    if (!all)
        return NULL;
    while (dict_next(&d->known, &at, &name, &v))
        if (v)
            all[n++] = (struct parcel *)(uintptr_t)v;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (held_here(d, all[i]->route, all[i]->partition, all[i]->at_partition)) {
            all[(*ret_n)++] = all[i];
        } else {
            if (all[i]->item.mark == SCHED_RETIRED)
                sched_retired(d->sched, all[i]->item.id, all[i]->item.key, false);
            forget(d, all[i]);
            parcel_free(all[i]);
        }
    }
    return all;
}

int delivery_restore(struct delivery *d, struct err *reterr)
{
    size_t n;
    struct parcel **all = known_here(d, &n);
    if (!all)
        return err_set(reterr, ERR_NOMEM, "no memory for what is parked");
    d->restored = true;
    qsort(all, n, sizeof(struct parcel *), by_place);
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = sched_restore(d->sched, &all[i]->item);
    free(all);
    return rc == 0 ? 0 : err_set(reterr, ERR_NOMEM, "no memory for what is parked");
}

static void on_refreshed(void *arg, const struct err *e)
{
    struct delivery *d = arg;
    d->writing--;
    if (e) /* what was not read back is tried again */
        log_line(LOG_ERROR, "parked.refresh", "consumer=%.*s: %s", SLICE_ARG(delivery_name(d)),
                 e->text);
    delivery_wake(d);
}

/* What the stream does not take now is tried again in a minute. */
static void refresh_one(void *arg, struct slice value, const struct err *e)
{
    struct parcel *p = arg;
    struct delivery *d = p->owner;
    struct parked_record r;
    struct err err = {0};
    if (e) {
        log_line(LOG_ERROR, "parked.refresh", "consumer=%.*s event=%.*s: %s",
                 SLICE_ARG(delivery_name(d)), SLICE_ARG(p->item.id), e->text);
        return;
    }
    if (!d->started)
        return;
    parcel_record(p, delivery_name(d), state_of(p), false, &r);
    r.value = value;
    if (parked_append(d->o.parked, &r, on_refreshed, d, &err) == STREAM_OK)
        d->writing++;
}

void delivery_refresh(struct delivery *d, int64_t wall_ms)
{
    int64_t retain = d->o.site->stream.retain, now = loop_now(d->o.loop);
    if (!retain || now < d->refresh_due || d->leaving || d->moved)
        return;
    unsigned n = 0;
    for (struct parcel *p = delivery_parked(d, NULL); p && n < REFRESH_MAX;
         p = delivery_parked(d, p)) {
        if (p->at_ms > wall_ms - retain / 2 || p->storing || now < p->refresh_due)
            continue;
        p->refresh_due = now + REFRESH_MS;
        delivery_fetch(d, p, d, refresh_one, p);
        n++;
    }
    d->refresh_due = now + (n == REFRESH_MAX ? REFRESH_MORE_MS : REFRESH_MS);
}

struct parcel *delivery_parked(struct delivery *d, const struct parcel *after)
{
    return (struct parcel *)sched_parked(d->sched, after ? &after->item : NULL);
}

struct parcel *delivery_find(struct delivery *d, struct slice id)
{
    struct parcel *found = NULL;
    for (struct parcel *p = delivery_parked(d, NULL); p; p = delivery_parked(d, p))
        if (slice_eq(p->item.id, id) && (!found || !p->item.prev)) {
            found = p;
            if (!p->item.prev)
                break;
        }
    return found;
}

void delivery_fetch(struct delivery *d, struct parcel *p, const void *owner, lookup_fn fn,
                    void *arg)
{
    struct err err;
    if (slice_present(p->value)) {
        fn(arg, p->value, NULL);
    } else if (!slice_present(p->at_partition)) {
        err_set(&err, ERR_IO, "its record was not read back yet");
        fn(arg, SLICE_ABSENT, &err);
    } else {
        fetcher_ask(d->o.fetcher, owner, p->at_partition, p->at_offset, fn, arg);
    }
}

int delivery_release(struct delivery *d, struct parcel *p, struct err *reterr)
{
    int rc = sched_release(d->sched, &p->item, reterr);
    delivery_wake(d);
    return rc;
}

int delivery_discard(struct delivery *d, struct parcel *p, struct err *reterr)
{
    int rc = sched_discard(d->sched, &p->item, loop_now(d->o.loop), reterr);
    delivery_wake(d);
    return rc;
}
