#include "deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "log.h"
#include "orphans.h"
#include "refold.h"
#include "site_change.h"

enum { LOOK_MS = 20, AGAIN_MS = 1000 };

/* What a consumer is, and what it will be. */
struct post {
    struct post *next;
    struct delivery *delivery; /* NULL: not served now */
    const struct site *site;   /* held; that of the delivery */
    const struct site_consumer *conf;
    const struct site *next_site; /* held; NULL: nothing is to come */
    const struct site_consumer *next_conf;
    struct stream_reader *reader; /* of the delivery before the next one */
    bool ending, fresh;           /* fresh: opened, not started */
    bool folding;                 /* fresh, and given what stands in flow.parked */
    char why[400];
};

struct deliveries {
    struct deliveries_options o;
    struct parked *parked;
    struct fetcher *fetcher;
    struct orphans *orphans;
    struct refold *refold;        /* runs now, */
    struct orphans *next_orphans; /* and makes these */
    bool stale;                   /* orphans have to be found anew */
    bool leads;                   /* of several brokers one keeps what has no consumer */
    struct post *posts;           /* in the order of the configuration that brought them */
    struct loop_fd *follow;
    struct loop_timer *timer;
    bool draining;
};

static struct slice name_of(const struct post *p)
{
    return p->conf ? p->conf->name : p->next_conf->name;
}

static struct post *find(const struct deliveries *d, struct slice name)
{
    for (struct post *p = d->posts; p; p = p->next)
        if (slice_eq(name_of(p), name))
            return p;
    return NULL;
}

static void expect(struct post *p, const struct site *site, const struct site_consumer *conf)
{
    site_close(p->next_site);
    p->next_site = site ? site_hold(site) : NULL;
    p->next_conf = conf;
}

static struct post *post_new(struct deliveries *d, const struct site *site,
                             const struct site_consumer *conf)
{
    struct post **at = &d->posts, *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    expect(p, site, conf);
    while (*at)
        at = &(*at)->next;
    *at = p;
    return p;
}

static void post_end(struct post *p)
{
    delivery_close(p->delivery);
    site_close(p->site);
    p->delivery = NULL;
    p->site = NULL;
    p->conf = NULL;
    p->ending = p->fresh = p->folding = false;
}

static void post_free(struct deliveries *d, struct post *p)
{
    struct post **at = &d->posts;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    post_end(p);
    stream_reader_close(p->reader);
    site_close(p->next_site);
    free(p);
}

static struct delivery_options options_of(const struct deliveries *d, const struct site *site,
                                          const struct site_consumer *conf)
{
    return (struct delivery_options){.stream = d->o.stream,
                                     .loop = d->o.loop,
                                     .site = site,
                                     .conf = conf,
                                     .parked = d->parked,
                                     .fetcher = d->fetcher,
                                     .metrics = d->o.metrics,
                                     .audit = d->o.audit};
}

/* ---- flow.parked ---- */

static void apply(void *arg, const struct parked_record *r)
{
    struct deliveries *d = arg;
    struct post *p = find(d, r->consumer);
    if (p && p->delivery && !p->fresh)
        delivery_apply(p->delivery, r);
    else if (!p)
        orphans_apply(d->orphans, r);
}

static void on_parked(int fd, unsigned what, void *arg)
{
    struct deliveries *d = arg;
    struct err err = {0};
    int more;
    (void)fd;
    (void)what;
    if (d->refold)
        return; /* from where it stands, when that is done */
    while ((more = parked_read(d->parked, apply, d, &err)) > 0)
        ;
    if (more < 0)
        log_line(LOG_ERROR, "parked.read", "%s", err.text);
    if (d->leads)
        orphans_refresh(d->orphans, loop_now(d->o.loop), clock_wall_ms());
    for (struct post *p = d->posts; p; p = p->next)
        if (p->delivery)
            delivery_wake(p->delivery);
}

/* ---- opening ---- */

static bool is_paused(const struct deliveries *d, const struct post *p)
{
    return d->o.paused && d->o.paused(d->o.arg, p->conf);
}

/* A file is cut back to its last line when it is opened: not while somebody writes it. */
static bool written_now(const struct deliveries *d, const struct site_consumer *conf)
{
    for (const struct post *p = d->posts; p; p = p->next)
        if (p->delivery && p->conf->file.path.n && slice_eq(p->conf->file.path, conf->file.path))
            return true;
    return false;
}

static bool to_open(const struct deliveries *d, const struct post *p)
{
    return !p->delivery && p->next_site && !written_now(d, p->next_conf);
}

static void on_moved(void *arg);

static int open_one(struct deliveries *d, struct post *p, struct err *reterr)
{
    struct delivery_options o = options_of(d, p->next_site, p->next_conf);
    o.reader = p->reader;
    o.moved = on_moved;
    o.arg = d;
    if (delivery_open(&o, &p->delivery, reterr) < 0)
        return -1;
    p->reader = NULL;
    p->site = p->next_site;
    p->conf = p->next_conf;
    p->next_site = NULL;
    p->next_conf = NULL;
    p->fresh = true;
    return 0;
}

static int start_one(struct deliveries *d, struct post *p, struct err *reterr)
{
    if (is_paused(d, p))
        delivery_hold(p->delivery, true);
    if (delivery_start(p->delivery, reterr) == 0) {
        p->fresh = false;
        return 0;
    }
    p->next_site = site_hold(p->site);
    p->next_conf = p->conf;
    post_end(p);
    return -1;
}

static void tell(struct post *p, const struct err *e)
{
    if (!p->why[0])
        log_line(LOG_ERROR, "alarm.delivery", "consumer=%.*s cannot be opened, tried again: %s",
                 SLICE_ARG(name_of(p)), e->text);
    snprintf(p->why, sizeof(p->why), "%s", e->text);
}

/* ---- all of flow.parked once more, for new deliveries and whoever has none ---- */

static void apply_from_start(void *arg, const struct parked_record *r)
{
    struct deliveries *d = arg;
    struct post *p = find(d, r->consumer);
    if (p && p->folding)
        delivery_apply(p->delivery, r);
    else if (!p)
        orphans_apply(d->next_orphans, r);
}

static void end_fold(struct deliveries *d)
{
    refold_close(d->refold);
    d->refold = NULL;
    orphans_close(d->next_orphans);
    d->next_orphans = NULL;
    if (d->follow)
        loop_fd_set(d->follow, LOOP_READ);
}

/* Starts those that know now what is parked. -1 with the first error. */
static int finish_fold(struct deliveries *d, struct err *reterr)
{
    struct err err = {0};
    int rc = 0;
    struct orphans *old = d->orphans;
    d->orphans = d->next_orphans;
    d->next_orphans = old;
    end_fold(d);
    for (struct post *p = d->posts; p; p = p->next) {
        bool starts = p->folding && !p->ending && !d->draining;
        p->folding = false;
        if (starts && start_one(d, p, &err) < 0) {
            tell(p, &err);
            *reterr = err;
            rc = -1;
        } else if (starts) {
            p->why[0] = 0;
        }
    }
    return rc;
}

static void on_folded(void *arg)
{
    struct deliveries *d = arg;
    struct err err = {0};
    bool failed = finish_fold(d, &err) < 0;
    on_parked(-1, 0, d);
    loop_timer_start(d->timer, failed ? AGAIN_MS : 0); /* others may have become new meanwhile */
}

/* What is followed waits meanwhile: the end of the fold is not before what was read of it by now,
 * so nothing is missed, and what is then given twice changes nothing. */
static int begin_fold(struct deliveries *d, struct err *reterr)
{
    struct refold_options o = {.stream = d->o.stream,
                               .loop = d->o.loop,
                               .fn = apply_from_start,
                               .ended = on_folded,
                               .arg = d};
    if (orphans_open(d->parked, d->fetcher, d->o.site->stream.retain, &d->next_orphans, reterr) <
            0 ||
        refold_open(&o, &d->refold, reterr) < 0) {
        end_fold(d);
        return -1;
    }
    if (d->follow)
        loop_fd_set(d->follow, 0);
    d->stale = false;
    for (struct post *p = d->posts; p; p = p->next)
        p->folding = p->fresh;
    return 0;
}

/* 0 also where the fold goes on from the loop. */
static int fold(struct deliveries *d, struct err *reterr)
{
    bool wanted = d->stale;
    for (struct post *p = d->posts; p; p = p->next)
        wanted = wanted || p->fresh;
    if (!wanted || d->refold)
        return 0;
    if (begin_fold(d, reterr) < 0)
        return -1;
    int rc = refold_now(d->refold, reterr);
    return rc > 0 ? finish_fold(d, reterr) : rc;
}

/* Opens what is to be opened; -1 with the last error, the others are opened all the same. */
static int open_all(struct deliveries *d, struct err *reterr)
{
    struct err err = {0};
    int rc = 0;
    for (struct post *p = d->posts; p; p = p->next)
        if (to_open(d, p) && open_one(d, p, &err) < 0) {
            tell(p, &err);
            *reterr = err;
            rc = -1;
        }
    return fold(d, reterr) < 0 ? -1 : rc;
}

/* It holds other partitions: one that knows nothing yet takes its place, on the same reader. */
static bool replace(struct post *p)
{
    if (delivery_abandon(p->delivery))
        return false;
    struct stream_reader *reader = delivery_hand_over(p->delivery);
    const struct site_consumer *conf = p->conf;
    expect(p, p->site, conf);
    post_end(p);
    p->reader = reader;
    return true;
}

/* Ends what has become idle. True while something has to be waited for. */
static bool end_idle(struct deliveries *d)
{
    bool waits = false;
    for (struct post *p = d->posts, *next; p; p = next) {
        next = p->next;
        if (p->ending && !delivery_idle(p->delivery)) {
            waits = true;
        } else if (p->ending) {
            log_line(LOG_INFO, "consumer.changed", "consumer=%.*s %s", SLICE_ARG(name_of(p)),
                     p->next_site ? "opens anew" : "is gone");
            d->stale = true;
            if (p->next_site)
                post_end(p);
            else
                post_free(d, p);
        } else if (p->delivery && delivery_moved(p->delivery) && !d->draining) {
            waits = !replace(p) || waits;
        }
    }
    return waits;
}

/* Ends what has become idle, then opens what is to come. */
static void change(void *arg)
{
    struct deliveries *d = arg;
    struct err err = {0};
    bool waits = end_idle(d);
    bool failed = !d->draining && open_all(d, &err) < 0;
    if (waits)
        loop_timer_start(d->timer, LOOK_MS);
    else if (failed)
        loop_timer_start(d->timer, AGAIN_MS);
}

static void on_moved(void *arg)
{
    loop_timer_start(((struct deliveries *)arg)->timer, 0);
}

static int open_parts(struct deliveries *d, struct err *reterr)
{
    const struct site *site = d->o.site;
    if (parked_open(d->o.stream, &d->parked, reterr) < 0 ||
        fetcher_open(d->o.stream, d->o.loop, &d->fetcher, reterr) < 0 ||
        orphans_open(d->parked, d->fetcher, site->stream.retain, &d->orphans, reterr) < 0 ||
        loop_timer_add(d->o.loop, change, d, &d->timer, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < site->nconsumers; i++)
        if (!post_new(d, site, &site->consumers[i]))
            return err_set(reterr, ERR_NOMEM, "no memory for the consumers");
    d->stale = true;
    if (open_all(d, reterr) < 0)
        return -1;
    if (orphans_count(d->orphans))
        log_line(LOG_WARN, "parked.orphans",
                 "open=%zu: parked for consumers that are not in the config, kept until they are",
                 orphans_count(d->orphans));
    return loop_fd_add(d->o.loop, parked_fd(d->parked), d->refold ? 0 : LOOP_READ, on_parked, d,
                       &d->follow, reterr);
}

int deliveries_open(const struct deliveries_options *o, struct deliveries **ret, struct err *reterr)
{
    struct deliveries *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for the consumers");
    d->o = *o;
    if (open_parts(d, reterr) < 0) {
        deliveries_close(d);
        return -1;
    }
    *ret = d;
    return 0;
}

void deliveries_close(struct deliveries *d)
{
    if (!d)
        return;
    loop_fd_remove(d->follow);
    d->follow = NULL; /* the end of a fold would set it again */
    loop_timer_remove(d->timer);
    if (d->refold)
        end_fold(d);
    while (d->posts)
        post_free(d, d->posts);
    orphans_close(d->orphans);
    fetcher_close(d->fetcher);
    parked_close(d->parked);
    free(d);
}

/* ---- reload ---- */

static bool stays(const struct post *p, const struct site_consumer *conf)
{
    return p && p->delivery && !p->ending && site_consumer_same(p->conf, conf);
}

int deliveries_check(struct deliveries *d, const struct site *fresh, struct err *reterr)
{
    for (unsigned i = 0; i < fresh->nconsumers; i++) {
        const struct site_consumer *conf = &fresh->consumers[i];
        struct delivery_options o = options_of(d, fresh, conf);
        struct delivery *trial;
        if (stays(find(d, conf->name), conf) || written_now(d, conf))
            continue;
        o.metrics = NULL;
        if (delivery_open(&o, &trial, reterr) < 0)
            return -1;
        delivery_close(trial);
    }
    return 0;
}

static void list(struct buf *what, unsigned *n, const char *verb, struct slice name)
{
    buf_printf(what, "%s%s %.*s", (*n)++ ? ", " : "; ", verb, SLICE_ARG(name));
}

static bool in_site(const struct site *site, struct slice name)
{
    for (unsigned i = 0; i < site->nconsumers; i++)
        if (slice_eq(site->consumers[i].name, name))
            return true;
    return false;
}

static void end(struct post *p, const struct site *site, const struct site_consumer *conf)
{
    expect(p, site, conf);
    stream_reader_close(p->reader); /* another route, perhaps */
    p->reader = NULL;
    if (p->delivery && !p->ending) {
        delivery_stop(p->delivery);
        p->ending = true;
    }
}

void deliveries_take(struct deliveries *d, const struct site *fresh, struct buf *what)
{
    unsigned n = 0;
    for (struct post *p = d->posts, *next; p; p = next) {
        next = p->next;
        if (in_site(fresh, name_of(p)))
            continue;
        list(what, &n, "gone:", name_of(p));
        if (p->delivery)
            end(p, NULL, NULL);
        else
            post_free(d, p);
    }
    for (unsigned i = 0; i < fresh->nconsumers; i++) {
        const struct site_consumer *conf = &fresh->consumers[i];
        struct post *p = find(d, conf->name);
        if (stays(p, conf))
            continue;
        list(what, &n, p ? "changed:" : "new:", conf->name);
        if (p)
            end(p, fresh, conf);
        else if (!post_new(d, fresh, conf))
            log_line(LOG_ERROR, "alarm.delivery", "consumer=%.*s: no memory",
                     SLICE_ARG(conf->name));
    }
    change(d);
}

/* ---- all of them ---- */

void deliveries_look(struct deliveries *d)
{
    for (struct post *p = d->posts; p; p = p->next)
        if (p->delivery && !p->ending)
            delivery_hold(p->delivery, is_paused(d, p));
}

void deliveries_lead(struct deliveries *d, bool leads)
{
    d->leads = leads;
}

void deliveries_drain(struct deliveries *d)
{
    d->draining = true;
    for (struct post *p = d->posts; p; p = p->next)
        if (p->delivery)
            delivery_stop(p->delivery);
}

bool deliveries_idle(const struct deliveries *d)
{
    for (const struct post *p = d->posts; p; p = p->next)
        if (p->delivery && !delivery_idle(p->delivery))
            return false;
    return true;
}

bool deliveries_abandon(struct deliveries *d)
{
    bool due = false;
    for (struct post *p = d->posts; p; p = p->next)
        due = (p->delivery && delivery_abandon(p->delivery)) || due;
    return due;
}

struct delivery *deliveries_find(const struct deliveries *d, struct slice consumer)
{
    struct post *p = find(d, consumer);
    return p && !p->ending ? p->delivery : NULL;
}

struct delivery *deliveries_nth(const struct deliveries *d, unsigned nth)
{
    for (struct post *p = d->posts; p; p = p->next)
        if (p->delivery && !p->ending && nth-- == 0)
            return p->delivery;
    return NULL;
}

bool deliveries_waiting(const struct deliveries *d, unsigned nth, struct slice *ret_name,
                        const char **ret_why)
{
    for (struct post *p = d->posts; p; p = p->next)
        if ((!p->delivery || p->ending) && nth-- == 0) {
            *ret_name = name_of(p);
            *ret_why = p->why[0]      ? p->why
                       : p->next_site ? "it changes: what is under way ends first"
                                      : "it is gone from the configuration: what is under way ends";
            return true;
        }
    return false;
}
