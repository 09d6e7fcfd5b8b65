#include "event_retracted.h"

#include "event_id.h"

struct event *event_retracted(const struct event *e, struct slice json, struct arena *arena)
{
    struct event *was;
    struct err ignored;
    if (!slice_eq_str(event_get(e, EV_TYPE), "event.retracted"))
        return NULL;
    struct slice type = event_id_type(event_get(e, EV_DATA_REPLACES));
    if (!slice_present(type) || event_decode(json, arena, &was, &ignored) < 0)
        return NULL;
    event_put(was, EV_TYPE, type);
    return was;
}
