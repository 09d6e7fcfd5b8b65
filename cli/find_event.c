#include "find_event.h"

#include "clock.h"

struct search {
    struct slice id;
    struct arena *arena;
    struct slice *ret;
    bool found;
};

static int look(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct search *s = arg;
    if (!slice_eq(stream_header_get(m, "ce_id"), s->id))
        return 0;
    *s->ret = arena_copy(s->arena, m->value);
    s->found = slice_present(*s->ret);
    return s->found ? -1 : err_set(reterr, ERR_NOMEM, "no memory for the event");
}

int find_event(struct view *v, struct slice id, struct arena *arena, struct slice *ret,
               struct err *reterr)
{
    static const int64_t minutes[] = {10, 360, 1440, 20160, 0};
    struct stream_reader *r;
    struct search search = {id, arena, ret, false};
    int rc = 0;
    if (view_read(v, "flow.events", STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        int64_t from = minutes[i] ? clock_wall_ms() - minutes[i] * 60000 : 0;
        rc = stream_seek_time(r, from, reterr);
        if (rc == 0)
            rc = view_fold(r, look, &search, reterr);
    }
    stream_reader_close(r);
    if (search.found)
        return 0;
    if (rc == 0)
        return err_set(reterr, ERR_INPUT,
                       "%.*s: no file, and no event of that id among those still kept",
                       SLICE_ARG(id));
    return -1;
}
