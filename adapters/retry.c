#include "retry.h"

#include <stdio.h>
#include <stdlib.h>
#include "again.h"
#include "clock.h"
#include "log.h"
#include "num.h"
#include "resolving.h"
#include "retried.h"

enum {
    SLICE_NS = 1000000,
    LOOK_AGAIN_MS = 10,
    SERIES = 256 * 3,
};

enum stage { IDLE, LOOK, AUDIT, ACT, END };

static const struct slice topic = {"flow.rejected", 13};

struct retry {
    struct proc *proc;
    struct intake *intake;
    const struct ports *ports;
    struct again again;
    struct loop_timer *timer;
    struct metric *counted;

    enum stage stage;
    struct control_call *call;
    struct slice what, source, by, reason, partition; /* of the request */
    int64_t offset;
    bool one, found, auditing, acted;

    struct stream_reader *reader;
    struct resolved resolved;
    struct stream_message m;
    bool held; /* m could not be appended yet */

    struct resolving resolving;
    struct retried did;
};

static void wake(struct retry *r, int64_t ms)
{
    if (r->timer)
        loop_timer_start(r->timer, ms);
}

static void stop(struct retry *r, const char *why)
{
    retried_stop(&r->did, why);
    r->stage = END;
    wake(r, 0);
}

static void count(struct retry *r, struct slice source, const char *result)
{
    struct slice labels[] = {source, slice_str(result)};
    series_add(metric_series(r->counted, labels), 1);
}

/* The request is over, and the next one may come. */
static void reset(struct retry *r)
{
    stream_reader_close(r->reader);
    r->reader = NULL;
    resolved_fini(&r->resolved);
    loop_timer_stop(r->timer);
    r->stage = IDLE;
    r->call = NULL;
}

static void finish(struct retry *r)
{
    struct control_call *call = r->call;
    if (r->acted)
        log_line(LOG_INFO, "rejected.retried",
                 "what=%.*s resolved=%llu events=%llu stay=%llu stopped=\"%s\"", SLICE_ARG(r->what),
                 (unsigned long long)r->did.resolved, (unsigned long long)r->did.events,
                 (unsigned long long)r->did.stay, r->did.stopped);
    if (*r->did.stopped && !r->acted) {
        control_fail(call, "%s", r->did.stopped);
    } else {
        retried_write(&r->did, control_answer(call));
        control_done(call);
    }
    reset(r);
}

/* ---- one message ---- */

static void on_resolved(void *arg, const struct resolving_one *one, const struct err *e)
{
    struct retry *r = arg;
    if (e) {
        struct err why = *e;
        err_prefix(&why, "not all could be made durable, the others stay");
        stop(r, why.text);
        return;
    }
    r->did.resolved++;
    r->did.events += one->events;
    count(r, slice_str(one->source), "resolved");
    wake(r, 0);
}

/* Of a message that did not fit, only the head was kept. */
static int check_whole(const struct stream_message *m, const struct site_source *source,
                       struct err *reterr)
{
    uint64_t length = m->value.n;
    num_u64(stream_header_get(m, "length"), &length);
    if (m->value.n >= length)
        return 0;
    if (!slice_eq_str(stream_header_get(m, "kind"), "frame"))
        return err_set(reterr, ERR_REFUSED,
                       "only %zu of its %llu bytes were kept: have its sender send it again, in "
                       "smaller messages",
                       m->value.n, (unsigned long long)length);
    return err_set(reterr, ERR_REFUSED,
                   "only %zu of its %llu bytes were kept: have its sender send it again, once "
                   "sources.%.*s.mllp.frame_max is larger",
                   m->value.n, (unsigned long long)length, SLICE_ARG(source->name));
}

static enum stream_result append(struct retry *r, struct source *src, const char *name,
                                 struct err *reterr)
{
    struct resolving_one one = {.events = r->again.translation.nevents};
    snprintf(one.name, sizeof(one.name), "%s", name);
    snprintf(one.source, sizeof(one.source), "%.*s", SLICE_ARG(src->conf->name));
    snprintf(one.by, sizeof(one.by), "%.*s", SLICE_ARG(r->by));
    enum stream_result result = resolving_begin(&r->resolving, &r->again.record, &one, reterr);
    if (result == STREAM_OK)
        source_count(src, &r->again.translation);
    return result;
}

/* False: there is no room in the stream, the same message again later. */
static bool attempt(struct retry *r)
{
    char name[RESOLVED_PLACE];
    struct err err = {0};
    enum stream_result result = STREAM_BAD;
    struct slice source = stream_header_get(&r->m, "source");
    struct mllp_port *port = ports_find(r->ports, source);
    resolved_name(&r->m, name);
    if (!port) {
        bool configured = site_source_find(proc_site(r->proc), source);
        r->did.not_configured += !configured;
        if (r->one)
            retried_leave(&r->did, name,
                          configured
                              ? "another process has its source"
                              : "its source is no longer configured: put it back, and ask again");
        return true;
    }
    struct source *src = &port->source;
    if (check_whole(&r->m, src->conf, &err) == 0 &&
        again_run(&r->again, src->translator, src->conf, r->m.value,
                  stream_header_get(&r->m, "received"), &err) == 0)
        result = append(r, src, name, &err);
    if (result == STREAM_BAD) {
        count(r, src->conf->name, err.code == ERR_NOMEM ? "failed" : "refused");
        retried_leave(&r->did, name, err.text);
    }
    return result != STREAM_FULL;
}

/* ---- reading ---- */

static bool is_one(const struct retry *r)
{
    return r->m.offset == r->offset && slice_eq(r->m.partition, r->partition);
}

static bool is_wanted(const struct retry *r)
{
    if (resolved_is(&r->m) || resolved_has(&r->resolved, r->m.partition, r->m.offset))
        return false;
    return r->one ? is_one(r)
                  : r->source.n == 0 || slice_eq(stream_header_get(&r->m, "source"), r->source);
}

static void note_resolved(struct retry *r)
{
    char at[RFC3339_SIZE], name[RESOLVED_PLACE];
    int n =
        snprintf(name, sizeof(name), "%.*s/%lld", SLICE_ARG(r->partition), (long long)r->offset);
    if (r->one && !*r->did.already &&
        slice_eq(stream_header_get(&r->m, "of"), slice_make(name, (size_t)n)))
        snprintf(r->did.already, sizeof(r->did.already), "by %.*s at %s",
                 SLICE_ARG(stream_header_get(&r->m, "by")), rfc3339_utc(r->m.time_ms, at).p);
}

static void look_at(struct retry *r)
{
    struct err err;
    if (resolved_is(&r->m))
        note_resolved(r);
    else if (r->one && is_one(r))
        r->found = true;
    if (resolved_take(&r->resolved, &r->m, &err) < 0)
        stop(r, err.text);
}

static void on_audited(void *arg, const struct err *e);

/* All has been read once: what is resolved is known. */
static void looked(struct retry *r)
{
    struct err err;
    const struct audit_field fields[] = {
        {SLICE("what"), r->what}, {SLICE("reason"), r->reason}, {SLICE("by"), r->by}};
    if (r->one && !r->found) {
        stop(r, "no rejected message of that name is there; 'weir rejected list' shows the newest "
                "of each kind");
        return;
    }
    if (*r->did.already) {
        finish(r);
        return;
    }
    r->stage = AUDIT;
    r->auditing = true;
    if (audit_append(proc_audit(r->proc), SLICE("rejected.retry"), slice_str(control_who(r->call)),
                     fields, sizeof(fields) / sizeof(fields[0]), on_audited, r, &err) == 0)
        return;
    r->auditing = false;
    on_audited(r, &err);
}

static void on_audited(void *arg, const struct err *e)
{
    struct retry *r = arg;
    struct err err;
    struct err why;
    r->auditing = false;
    if (e) {
        why = *e;
        err_prefix(&why, "not recorded in the audit log, so not done");
        stop(r, why.text);
        return;
    }
    if (r->stage != AUDIT)
        return; /* stopped meanwhile */
    int rc = r->one ? stream_seek(r->reader, topic, r->partition, r->offset, &err)
                    : stream_seek_time(r->reader, 0, &err);
    if (rc < 0) {
        stop(r, err.text);
        return;
    }
    r->stage = ACT;
    r->acted = true;
    wake(r, 0);
}

static bool has_room(struct retry *r)
{
    if (disk_space_low(&r->intake->disk, loop_now(proc_loop(r->proc)))) {
        stop(r, "there is no room on the disk: the others stay");
        return false;
    }
    return resolving_has_room(&r->resolving) && !intake_full(r->intake);
}

static void act_on(struct retry *r)
{
    bool was_one = r->one && is_one(r);
    r->held = is_wanted(r) && !attempt(r);
    if (r->one && !was_one)
        stop(r, "it has aged out");
    else if (was_one && !r->held)
        r->stage = END;
}

/* The next record, or none now: then the timer is set, or the stage has ended. */
static bool read_on(struct retry *r)
{
    struct err err;
    switch (stream_next(r->reader, &r->m, &err)) {
    case STREAM_GOT:
        return true;
    case STREAM_LOST: /* it aged out meanwhile */
    case STREAM_MOVED:
        return false;
    case STREAM_ERROR:
        stop(r, err.text);
        return false;
    default:
        break;
    }
    if (!stream_caught_up(r->reader))
        wake(r, LOOK_AGAIN_MS);
    else if (r->stage == LOOK)
        looked(r);
    else
        r->stage = END;
    return false;
}

/* One step; false where the rest of this turn is for others. */
static bool step(struct retry *r)
{
    if (r->stage == LOOK) {
        if (!read_on(r))
            return false;
        look_at(r);
        return r->stage == LOOK;
    }
    if (!has_room(r)) {
        if (r->stage == ACT)
            wake(r, LOOK_AGAIN_MS);
        return false;
    }
    if (!r->held && !read_on(r))
        return false;
    act_on(r);
    if (r->held)
        wake(r, LOOK_AGAIN_MS);
    return r->stage == ACT && !r->held;
}

static void turn(void *arg)
{
    struct retry *r = arg;
    int64_t until = clock_mono_ns() + SLICE_NS;
    resolving_go_on(&r->resolving);
    while ((r->stage == LOOK || r->stage == ACT) && step(r))
        if (clock_mono_ns() > until)
            break;
    if (r->stage == END && r->resolving.n == 0 && !r->auditing)
        finish(r);
    else if (r->stage != IDLE && r->stage != AUDIT && !loop_timer_running(r->timer))
        wake(r, r->stage == END ? LOOK_AGAIN_MS : 0);
}

/* ---- the verb ---- */

static struct slice given(const struct json *request, const char *name)
{
    struct slice s = json_text(request, name);
    return slice_present(s) ? slice_sub(s, 0, RESOLVING_TEXT - 1) : SLICE("");
}

static int begin(struct retry *r, const struct json *request, struct err *reterr)
{
    struct slice name = given(request, "name"), source = given(request, "source");
    struct stream_reader_options o = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    r->one = name.n > 0;
    if (r->one && !resolved_place(name, &r->partition, &r->offset))
        return err_set(reterr, ERR_INPUT, "'%.*s' is no name of a rejected message",
                       SLICE_ARG(name));
    if (source.n && !ports_find(r->ports, source))
        return err_set(reterr, ERR_INPUT, "there is no source '%.*s' here", SLICE_ARG(source));
    if (stream_reader_open(proc_stream(r->proc), &o, &r->reader, reterr) < 0)
        return -1;
    resolved_init(&r->resolved);
    r->what = r->one ? name : source.n ? source : SLICE("all");
    r->source = source;
    r->by = given(request, "by");
    r->reason = given(request, "reason");
    return 0;
}

static void do_retry(struct control_call *call, const struct json *request, void *arg)
{
    struct retry *r = arg;
    struct err err;
    if (r->stage != IDLE) {
        control_fail(call, "another retry is under way: ask again when it has ended");
        return;
    }
    r->found = r->auditing = r->acted = r->held = false;
    retried_init(&r->did);
    if (begin(r, request, &err) < 0) {
        control_fail(call, "%s", err.text);
        return;
    }
    r->call = call;
    r->stage = LOOK;
    wake(r, 0);
}

int retry_open(struct proc *p, struct intake *intake, const struct ports *ports, struct retry **ret,
               struct err *reterr)
{
    struct retry *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for what is retried");
    r->proc = p;
    r->intake = intake;
    r->ports = ports;
    r->counted = metrics_counter(proc_metrics(p), "weir_rejected_retried_total",
                                 "Rejected messages that were translated again, on request.",
                                 "source result", SERIES);
    if (again_open(&r->again, proc_site(p)->message_arena, reterr) < 0 ||
        loop_timer_add(proc_loop(p), turn, r, &r->timer, reterr) < 0 ||
        resolving_init(&r->resolving, proc_stream(p), on_resolved, r, reterr) < 0 ||
        control_add(proc_control(p), "rejected.retry", do_retry, r, reterr) < 0) {
        retry_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void retry_stop(struct retry *r)
{
    if (r && r->stage != IDLE)
        stop(r, "the adapter ends: the others stay");
}

bool retry_busy(const struct retry *r)
{
    return r && (resolving_in_stream(&r->resolving) || r->auditing);
}

bool retry_waits(const struct retry *r)
{
    return r && r->stage != IDLE;
}

void retry_close(struct retry *r)
{
    if (!r)
        return;
    stream_reader_close(r->reader);
    loop_timer_remove(r->timer);
    r->timer = NULL;
    if (retry_busy(r))
        return;
    resolved_fini(&r->resolved);
    resolving_fini(&r->resolving);
    again_close(&r->again);
    free(r);
}
