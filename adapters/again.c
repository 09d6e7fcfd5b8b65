#include "again.h"

#include <stdio.h>

int again_open(struct again *a, size_t arena_max, struct err *reterr)
{
    *a = (struct again){0};
    arena_init(&a->arena, arena_max);
    return record_writer_init(&a->record, reterr);
}

void again_close(struct again *a)
{
    record_writer_fini(&a->record);
    arena_fini(&a->arena);
}

/* "101 at MRG-1: …; and 2 more". */
static int refused(const struct translation *t, struct err *reterr)
{
    char at[RECORD_PLACE], more[32] = "";
    if (t->nreasons == 0)
        return err_set(reterr, ERR_NOMEM, "no memory to read the message");
    const struct translate_reason *r = &t->reasons[0];
    record_place(r, at);
    if (t->nreasons > 1)
        snprintf(more, sizeof(more), "; and %u more", t->nreasons - 1);
    return err_set(reterr, ERR_REFUSED, "%u%s%s: %.*s%s", r->code, *at ? " at " : "", at,
                   SLICE_ARG(r->text), more);
}

int again_run(struct again *a, struct translator *translator, const struct site_source *source,
              struct slice raw, struct slice received, struct err *reterr)
{
    int64_t ms;
    int offset;
    arena_reset(&a->arena);
    translate_run(translator, raw, &a->arena, &a->translation);
    if (!rfc3339_read(received, &ms, &offset))
        return err_set(reterr, ERR_INPUT, "its record does not say when it was received");
    if (a->translation.verdict == TRANSLATE_REFUSED)
        return refused(&a->translation, reterr);
    return record_message(&a->record, source, raw, received, &a->translation, reterr);
}
