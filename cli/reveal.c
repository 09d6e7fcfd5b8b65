#include "reveal.h"

#include <poll.h>
#include "ask.h"
#include "audit.h"
#include "clock.h"
#include "proc_stream.h"

enum { DEADLINE_MS = 10000, AUDIT_WAIT_MS = 10000 };

struct outcome {
    bool done, failed;
    struct err err;
};

static void on_done(void *arg, const struct err *e)
{
    struct outcome *o = arg;
    o->done = true;
    o->failed = e != NULL;
    if (e)
        o->err = *e;
}

static int wait_for(struct stream *s, struct outcome *o, struct err *reterr)
{
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    while (!o->done && clock_mono_ms() < until) {
        struct pollfd p = {.fd = stream_fd(s), .events = POLLIN};
        poll(&p, 1, 100);
        stream_dispatch(s);
    }
    if (!o->done)
        return err_set(reterr, ERR_IO,
                       "the audit record did not become durable in %d s: nothing is shown",
                       DEADLINE_MS / 1000);
    if (o->failed)
        *reterr = o->err;
    return o->failed ? -1 : 0;
}

/* No owner runs: the record goes into the operator's own file. */
static int write_own(struct view *v, const char *what, struct err *reterr)
{
    struct stream_options so;
    struct stream *s;
    struct audit *audit = NULL;
    struct outcome outcome = {0};
    const struct audit_field fields[] = {{SLICE("what"), slice_str(what)}};
    if (proc_stream_options(v->site, SITE_USER_OPERATOR, "operator", &so, reterr) < 0)
        return -1;
    so.writer = SLICE("operator");
    if (stream_open(&so, &s, reterr) < 0)
        return -1;
    int result = audit_open(s, so.writer, v->site->keys.audit, AUDIT_WAIT_MS, &audit, reterr);
    if (result == 0)
        result = audit_append(audit, SLICE("reveal"), slice_str(ask_user()), fields, 1, on_done,
                              &outcome, reterr);
    if (result == 0)
        result = wait_for(s, &outcome, reterr);
    audit_stop(audit);
    stream_close(s);
    audit_close(audit);
    return result;
}

int reveal_audited(struct view *v, const char *what, struct err *reterr)
{
    const struct ask_member members[] = {{"what", what}, {"by", ask_user()}};
    struct json *answer;
    if (ask_kind(v->site, "broker", "audit.reveal", members, 2, DEADLINE_MS, &answer, reterr) == 0)
        return 0;
    if (reterr->code != ERR_PEER)
        return err_at(reterr, "no audit record, no reveal");
    return write_own(v, what, reterr) < 0 ? err_at(reterr, "no audit record, no reveal") : 0;
}
