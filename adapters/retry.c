#include "retry_parts.h"

#include <stdlib.h>
#include "log.h"

enum { SERIES = 256 * 3 };

static const struct slice topic = {"flow.rejected", 13};

void retry_wake(struct retry *r, int64_t ms)
{
    if (r->timer)
        loop_timer_start(r->timer, ms);
}

void retry_halt(struct retry *r, const char *why)
{
    retried_stop(&r->did, why);
    r->stage = RETRY_END;
    retry_wake(r, 0);
}

void retry_count(struct retry *r, struct slice source, const char *result)
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
    r->stage = RETRY_IDLE;
    r->call = NULL;
}

void retry_finish(struct retry *r)
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

static void on_resolved(void *arg, const struct resolving_one *one, const struct err *e)
{
    struct retry *r = arg;
    if (e) {
        struct err why = *e;
        err_prefix(&why, "not all could be made durable, the others stay");
        retry_halt(r, why.text);
        return;
    }
    r->did.resolved++;
    r->did.events += one->events;
    retry_count(r, slice_str(one->source), "resolved");
    retry_wake(r, 0);
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
    if (r->stage != RETRY_IDLE) {
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
    r->stage = RETRY_LOOK;
    retry_wake(r, 0);
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
        loop_timer_add(proc_loop(p), retry_turn, r, &r->timer, reterr) < 0 ||
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
    if (r && r->stage != RETRY_IDLE)
        retry_halt(r, "the adapter ends: the others stay");
}

bool retry_busy(const struct retry *r)
{
    return r && (resolving_in_stream(&r->resolving) || r->auditing);
}

bool retry_waits(const struct retry *r)
{
    return r && r->stage != RETRY_IDLE;
}

void retry_close(struct retry *r)
{
    if (!r)
        return;
    stream_reader_close(r->reader);
    r->reader = NULL;
    loop_timer_remove(r->timer);
    r->timer = NULL;
    if (retry_busy(r))
        return;
    resolved_fini(&r->resolved);
    resolving_fini(&r->resolving);
    again_close(&r->again);
    free(r);
}
