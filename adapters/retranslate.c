#include "retranslate.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "log.h"
#include "num.h"
#include "rfc3339.h"

enum { STEP_MS = 2, WAIT_MS = 5, TEXT_MAX = 200, NAME_BYTES = 64 };

struct retranslate {
    struct retranslate_options o;
    struct loop_timer *timer;
    enum {
        RETRANSLATE_NONE,
        RETRANSLATE_ASKED,
        RETRANSLATE_RUNS,
        RETRANSLATE_DONE,
        RETRANSLATE_FAILED
    } state;
    struct control_call *call; /* waits for the audit record */
    struct rerun *run;         /* the newest, for its counts */
    uint64_t number;           /* of it: wall time at which it was asked for */
    int64_t began;             /* monotonic ms */
    char source[NAME_BYTES], since[RFC3339_SIZE], until[RFC3339_SIZE];
    int64_t from_ms, to_ms;
    bool dry_run, auditing, closed;
    struct err why;
};

static bool runs(const struct retranslate *r)
{
    return r->state == RETRANSLATE_ASKED || r->state == RETRANSLATE_RUNS;
}

static void fail(struct retranslate *r, const struct err *why)
{
    r->state = RETRANSLATE_FAILED;
    r->why = *why;
    if (r->run)
        rerun_end(r->run);
    log_line(LOG_ERROR, "retranslate.failed", "source=%s %s", r->source, why->text);
}

static int begin(struct retranslate *r, struct err *reterr)
{
    struct rerun_options o = {.events_max = 0};
    if (!r->o.find(r->o.arg, slice_str(r->source), &o))
        return err_set(reterr, ERR_INPUT, "source '%s' has gone meanwhile", r->source);
    o.stream = r->o.stream;
    o.from_ms = r->from_ms;
    o.to_ms = r->to_ms;
    o.dry_run = r->dry_run;
    o.busy = r->o.busy;
    o.arg = r->o.arg;
    return rerun_open(&o, &r->run, reterr);
}

/* As many steps as fit a slice of time. */
static enum rerun_step steps(struct retranslate *r, struct err *reterr)
{
    int64_t until = clock_mono_ms() + STEP_MS;
    enum rerun_step s;
    if (!r->run && !r->o.passed(r->o.arg))
        return RERUN_WAITS;
    if (!r->run && begin(r, reterr) < 0)
        return RERUN_FAILED;
    do
        s = rerun_step(r->run, reterr);
    while (s == RERUN_WENT && clock_mono_ms() < until);
    return s;
}

static void go_on(void *arg)
{
    struct retranslate *r = arg;
    struct err err = {0};
    if (r->state != RETRANSLATE_RUNS)
        return;
    if (disk_space_low(r->o.disk, loop_now(r->o.loop))) {
        err_fill(&err, ERR_FULL, "the disk is nearly full: ask again when there is room");
        fail(r, &err);
        return;
    }
    enum rerun_step s = steps(r, &err);
    if (s == RERUN_FAILED) {
        fail(r, &err);
    } else if (s == RERUN_DONE) {
        r->state = RETRANSLATE_DONE;
        rerun_end(r->run);
        log_line(LOG_INFO, "retranslate.done", "source=%s run=%llu ms=%lld", r->source,
                 (unsigned long long)r->number, (long long)(clock_mono_ms() - r->began));
    } else {
        loop_timer_start(r->timer, s == RERUN_WENT ? 0 : WAIT_MS);
    }
}

/* ---- how far it is ---- */

static void text(struct json_writer *w, const char *name, const char *value)
{
    json_key(w, slice_str(name));
    json_string(w, slice_str(value));
}

static void do_retranslated(struct control_call *call, const struct json *request, void *arg)
{
    static const char *const states[] = {"none", "asked", "running", "done", "failed"};
    struct retranslate *r = arg;
    uint64_t number;
    if (!num_u64(json_text(request, "run"), &number) || r->state == RETRANSLATE_NONE ||
        number != r->number) {
        control_fail(call, "that run is not known here: the process was started anew, or another "
                           "run was asked for");
        return;
    }
    struct json_writer *w = control_answer(call);
    text(w, "source", r->source);
    text(w, "state", states[r->state]);
    if (r->state == RETRANSLATE_FAILED)
        text(w, "why", r->why.text);
    text(w, "since", r->since);
    text(w, "until", r->until);
    json_key(w, SLICE("dry_run"));
    json_bool(w, r->dry_run);
    if (r->run)
        rerun_report(r->run, w);
    control_done(call);
}

/* ---- asking ---- */

static void refuse(struct retranslate *r, const struct err *why)
{
    struct control_call *call = r->call;
    r->call = NULL;
    fail(r, why);
    control_fail_err(call, why);
}

static void on_audited(void *arg, const struct err *e)
{
    struct retranslate *r = arg;
    struct err err = {0};
    char number[24];
    r->auditing = false;
    if (r->closed) {
        free(r);
        return;
    }
    if (r->state != RETRANSLATE_ASKED) { /* stopped meanwhile */
        refuse(r, &r->why);
        return;
    }
    if (e) {
        err_fill(&err, ERR_IO, "not recorded in the audit log, so not done: %s", e->text);
        refuse(r, &err);
        return;
    }
    r->state = RETRANSLATE_RUNS;
    r->began = clock_mono_ms();
    log_line(LOG_INFO, "retranslate.began", "source=%s since=%s until=%s dry_run=%d", r->source,
             r->since, r->until, r->dry_run);
    loop_timer_start(r->timer, 0);
    struct json_writer *w = control_answer(r->call);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)r->number);
    text(w, "run", number);
    control_done(r->call);
    r->call = NULL;
}

static struct slice given(const struct json *request, const char *name)
{
    struct slice s = json_text(request, name);
    return slice_present(s) ? slice_sub(s, 0, TEXT_MAX) : SLICE("");
}

/* [since, until), no later than now. */
static int read_span(struct retranslate *r, const struct json *request, struct err *reterr)
{
    struct slice since = given(request, "since"), until = given(request, "until");
    int64_t from, end, now = clock_wall_ms();
    int offset;
    if (!rfc3339_read(since, &from, &offset))
        return err_set(reterr, ERR_INPUT, "since when? wanted a time like 2026-03-02T09:30:00Z");
    end = now + 1;
    if (until.n && !rfc3339_read(until, &end, &offset))
        return err_set(reterr, ERR_INPUT, "until when? wanted a time like 2026-03-02T09:30:00Z");
    if (end > now + 1)
        end = now + 1;
    if (from >= end)
        return err_set(reterr, ERR_INPUT, "nothing is between since and until");
    r->from_ms = from;
    r->to_ms = end - 1;
    rfc3339_utc(from, r->since);
    rfc3339_utc(end, r->until);
    return 0;
}

static int ask(struct retranslate *r, struct control_call *call, const struct json *request,
               struct err *reterr)
{
    struct rerun_options found;
    struct slice name = given(request, "source");
    if (!retranslate_idle(r))
        return err_set(reterr, ERR_REFUSED, "source '%s' is being translated again: one at a time",
                       r->source);
    if (name.n >= sizeof(r->source) || !r->o.find(r->o.arg, name, &found))
        return err_set(reterr, ERR_INPUT, "there is no source '%.*s'", SLICE_ARG(name));
    if (read_span(r, request, reterr) < 0)
        return -1;
    if (!r->o.mark(r->o.arg))
        return err_set(reterr, ERR_FULL, "messages wait for the stream: ask again");
    rerun_close(r->run);
    r->run = NULL;
    snprintf(r->source, sizeof(r->source), "%.*s", SLICE_ARG(name));
    r->dry_run = slice_eq_str(given(request, "dry_run"), "yes");
    uint64_t number = (uint64_t)clock_wall_ms();
    r->number = number > r->number ? number : r->number + 1;
    const struct audit_field fields[] = {
        {SLICE("source"), name},
        {SLICE("since"), slice_str(r->since)},
        {SLICE("until"), slice_str(r->until)},
        {SLICE("dry_run"), r->dry_run ? SLICE("yes") : SLICE("no")},
        {SLICE("reason"), given(request, "reason")},
        {SLICE("by"), given(request, "by")}};
    r->state = RETRANSLATE_ASKED;
    r->call = call;
    r->auditing = true;
    if (audit_append(r->o.audit, SLICE("retranslate"), slice_str(control_who(call)), fields,
                     sizeof(fields) / sizeof(fields[0]), on_audited, r, reterr) == 0)
        return 0;
    r->state = RETRANSLATE_NONE;
    r->call = NULL;
    r->auditing = false;
    return err_at(reterr, "not recorded in the audit log, so not done");
}

static void do_retranslate(struct control_call *call, const struct json *request, void *arg)
{
    struct err err = {0};
    if (ask(arg, call, request, &err) < 0)
        control_fail_err(call, &err);
}

/* ---- its life ---- */

int retranslate_open(const struct retranslate_options *o, struct retranslate **ret,
                     struct err *reterr)
{
    struct retranslate *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory to translate again");
    r->o = *o;
    if (loop_timer_add(o->loop, go_on, r, &r->timer, reterr) < 0 ||
        control_add(o->control, "retranslate", do_retranslate, r, reterr) < 0 ||
        control_add(o->control, "retranslated", do_retranslated, r, reterr) < 0) {
        retranslate_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void retranslate_close(struct retranslate *r)
{
    if (!r)
        return;
    loop_timer_remove(r->timer);
    rerun_close(r->run);
    r->closed = true;
    if (!r->auditing)
        free(r);
}

void retranslate_stop(struct retranslate *r, const char *why)
{
    struct err err = {0};
    if (!runs(r))
        return;
    err_fill(&err, ERR_REFUSED, "%s: ask again, what is there is not made twice", why);
    fail(r, &err);
}

bool retranslate_idle(const struct retranslate *r)
{
    return !runs(r) && !r->auditing && (!r->run || rerun_quiet(r->run));
}
