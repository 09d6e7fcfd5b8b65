#include "retry_parts.h"

#include <stdio.h>
#include "clock.h"

enum {
    SLICE_NS = 1000000,
    LOOK_AGAIN_MS = 10,
};

static const struct slice topic = {"flow.rejected", 13};

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
        retry_halt(r, err.text);
}

static void on_audited(void *arg, const struct err *e);

/* All has been read once: what is resolved is known. */
static void looked(struct retry *r)
{
    struct err err;
    const struct audit_field fields[] = {
        {SLICE("what"), r->what}, {SLICE("reason"), r->reason}, {SLICE("by"), r->by}};
    if (r->one && !r->found) {
        retry_halt(
            r, "no rejected message of that name is there; 'weir rejected list' shows the newest "
               "of each kind");
        return;
    }
    if (*r->did.already) {
        retry_finish(r);
        return;
    }
    r->stage = RETRY_AUDIT;
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
        retry_halt(r, why.text);
        return;
    }
    if (r->stage != RETRY_AUDIT || !r->reader)
        return; /* stopped or closed meanwhile */
    int rc = r->one ? stream_seek(r->reader, topic, r->partition, r->offset, &err)
                    : stream_seek_time(r->reader, 0, &err);
    if (rc < 0) {
        retry_halt(r, err.text);
        return;
    }
    r->stage = RETRY_ACT;
    r->acted = true;
    retry_wake(r, 0);
}

static bool has_room(struct retry *r)
{
    if (disk_space_low(&r->intake->disk, loop_now(proc_loop(r->proc)))) {
        retry_halt(r, "there is no room on the disk: the others stay");
        return false;
    }
    return resolving_has_room(&r->resolving) && !intake_full(r->intake);
}

static void act_on(struct retry *r)
{
    bool was_one = r->one && is_one(r);
    r->held = is_wanted(r) && !retry_attempt(r);
    if (r->one && !was_one)
        retry_halt(r, "it has aged out");
    else if (was_one && !r->held)
        r->stage = RETRY_END;
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
        retry_halt(r, err.text);
        return false;
    default:
        break;
    }
    if (!stream_caught_up(r->reader))
        retry_wake(r, LOOK_AGAIN_MS);
    else if (r->stage == RETRY_LOOK)
        looked(r);
    else
        r->stage = RETRY_END;
    return false;
}

/* One step; false where the rest of this turn is for others. */
static bool step(struct retry *r)
{
    if (r->stage == RETRY_LOOK) {
        if (!read_on(r))
            return false;
        look_at(r);
        return r->stage == RETRY_LOOK;
    }
    if (!has_room(r)) {
        if (r->stage == RETRY_ACT)
            retry_wake(r, LOOK_AGAIN_MS);
        return false;
    }
    if (!r->held && !read_on(r))
        return false;
    act_on(r);
    if (r->held)
        retry_wake(r, LOOK_AGAIN_MS);
    return r->stage == RETRY_ACT && !r->held;
}

void retry_turn(void *arg)
{
    struct retry *r = arg;
    int64_t until = clock_mono_ns() + SLICE_NS;
    resolving_go_on(&r->resolving);
    while ((r->stage == RETRY_LOOK || r->stage == RETRY_ACT) && step(r))
        if (clock_mono_ns() > until)
            break;
    if (r->stage == RETRY_END && r->resolving.n == 0 && !r->auditing)
        retry_finish(r);
    else if (r->stage != RETRY_IDLE && r->stage != RETRY_AUDIT && !loop_timer_running(r->timer))
        retry_wake(r, r->stage == RETRY_END ? LOOK_AGAIN_MS : 0);
}
