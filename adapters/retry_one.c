#include "retry_parts.h"

#include <stdio.h>
#include "num.h"

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

bool retry_attempt(struct retry *r)
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
        retry_count(r, src->conf->name, err.code == ERR_NOMEM ? "failed" : "refused");
        retried_leave(&r->did, name, err.text);
    }
    return result != STREAM_FULL;
}
