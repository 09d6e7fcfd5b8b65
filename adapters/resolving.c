#include "resolving.h"

int resolving_init(struct resolving *r, struct stream *stream, resolving_fn done, void *arg,
                   struct err *reterr)
{
    *r = (struct resolving){.stream = stream, .done = done, .arg = arg};
    return record_writer_init(&r->record, reterr);
}

void resolving_fini(struct resolving *r)
{
    record_writer_fini(&r->record);
}

bool resolving_has_room(const struct resolving *r)
{
    return r->n < RESOLVING_MAX && (r->n == 0 || r->bytes < RESOLVING_BYTES) && r->nunsaid == 0;
}

unsigned resolving_in_stream(const struct resolving *r)
{
    return r->n - r->nunsaid;
}

static void end(struct resolving_one *one, const struct err *e)
{
    struct resolving *r = one->of;
    r->n--;
    r->bytes -= one->bytes;
    one->state = RESOLVING_FREE;
    r->done(r->arg, one, e);
}

static void on_said(void *arg, const struct err *e)
{
    end(arg, e);
}

static void say(struct resolving_one *one)
{
    struct resolving *r = one->of;
    struct record_writer *w = &r->record;
    struct err err;
    bool waited = one->state == RESOLVING_UNSAID;
    record_resolved(w, slice_str(one->source), slice_str(one->name), slice_str(one->by),
                    one->events);
    enum stream_result result = stream_append(r->stream, w->set, w->n, on_said, one, &err);
    one->state = result == STREAM_FULL ? RESOLVING_UNSAID : RESOLVING_SAID;
    r->nunsaid += one->state == RESOLVING_UNSAID;
    r->nunsaid -= waited;
    if (result == STREAM_BAD)
        end(one, &err);
}

static void on_made(void *arg, const struct err *e)
{
    if (e)
        end(arg, e);
    else
        say(arg);
}

void resolving_go_on(struct resolving *r)
{
    for (unsigned i = 0; r->nunsaid && i < RESOLVING_MAX; i++)
        if (r->all[i].state == RESOLVING_UNSAID)
            say(&r->all[i]);
}

enum stream_result resolving_begin(struct resolving *r, const struct record_writer *made,
                                   const struct resolving_one *one, struct err *reterr)
{
    unsigned i = 0;
    while (r->all[i].state != RESOLVING_FREE)
        i++;
    struct resolving_one *u = &r->all[i];
    *u = *one;
    u->of = r;
    u->bytes = record_bytes(made);
    u->state = RESOLVING_FREE;
    enum stream_result result = stream_append(r->stream, made->set, made->n, on_made, u, reterr);
    if (result != STREAM_OK)
        return result;
    u->state = RESOLVING_MADE;
    r->n++;
    r->bytes += u->bytes;
    return result;
}
