#include "find_event.h"

#include "clock.h"

/* To the end as it is now. 1: found, 0: not, -1. */
static int look(struct stream_reader *r, struct slice id, struct arena *arena, struct slice *ret,
                struct err *reterr)
{
    struct stream_message m;
    for (;;) {
        enum stream_next n = stream_next(r, &m, reterr);
        if (n == STREAM_NONE)
            return 0;
        if (n == STREAM_ERROR)
            return -1;
        if (n != STREAM_GOT || !slice_eq(stream_header_get(&m, "ce_id"), id))
            continue;
        *ret = arena_copy(arena, m.value);
        return slice_present(*ret) ? 1 : err_set(reterr, ERR_NOMEM, "no memory for the event");
    }
}

int find_event(struct view *v, struct slice id, struct arena *arena, struct slice *ret,
               struct err *reterr)
{
    static const int64_t minutes[] = {10, 360, 1440, 20160, 0};
    struct stream_reader *r;
    int found = 0;
    if (view_read(v, "flow.events", STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    for (size_t i = 0; !found && i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        int64_t from = minutes[i] ? clock_wall_ms() - minutes[i] * 60000 : 0;
        found = stream_seek_time(r, from, reterr) < 0 ? -1 : look(r, id, arena, ret, reterr);
    }
    stream_reader_close(r);
    if (found == 0)
        return err_set(reterr, ERR_INPUT,
                       "%.*s: no file, and no event of that id among those still kept",
                       SLICE_ARG(id));
    return found < 0 ? -1 : 0;
}
