#include "event_line.h"

#include "event_fields.h"

static void mask_items(struct event *e, unsigned items)
{
    struct event_item *item;
    for (unsigned nth = 0; (item = event_item_nth(e, items, nth)); nth++)
        for (unsigned leaf = 0; leaf < event_nfields; leaf++)
            if (event_fields[leaf].items == (int)items && event_fields[leaf].personal &&
                slice_present(event_item_get(item, leaf)))
                event_item_set(e, item, leaf, SLICE("***"));
}

void event_mask(struct event *e)
{
    for (unsigned f = 0; f < event_nfields; f++) {
        if (event_fields[f].kind == EVENT_ITEMS)
            mask_items(e, f);
        else if (event_fields[f].items < 0 && event_fields[f].personal &&
                 (event_is_set(e, f) || event_is_null(e, f)))
            event_put(e, f, SLICE("***"));
    }
}

static const char *colour_of(struct slice type)
{
    if (slice_ends(type, SLICE("cancelled")) || slice_ends(type, SLICE("retracted")))
        return "\033[31m";
    if (slice_starts(type, SLICE("emergency.")) || slice_starts(type, SLICE("ambulance.")))
        return "\033[33m";
    if (slice_ends(type, SLICE("admitted")) || slice_ends(type, SLICE("arrived")))
        return "\033[32m";
    if (slice_ends(type, SLICE("discharged")) || slice_ends(type, SLICE("departed")))
        return "\033[36m";
    return "\033[34m";
}

/* A column: the value, or "-", cut and filled to its width. Bytes that would steer a terminal are
 * shown as "?". */
static void column(struct buf *out, struct slice value, size_t width)
{
    size_t shown = 0;
    if (value.n == 0)
        value = SLICE("-");
    for (size_t i = 0; i < value.n && shown < width; i++) {
        unsigned char c = (unsigned char)value.p[i];
        buf_putc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
        shown += (c & 0xc0) != 0x80;
    }
    for (; shown < width; shown++)
        buf_putc(out, ' ');
    buf_putc(out, ' ');
}

static void part(struct buf *out, struct slice value)
{
    if (value.n == 0)
        return;
    if (out->n && out->p[out->n - 1] != ' ')
        buf_putc(out, '/');
    buf_put(out, value);
}

static void place(struct buf *out, const struct event *e)
{
    struct buf text;
    buf_init(&text, 1024);
    part(&text, event_get(e, EV_DATA_LOCATION_SITE));
    part(&text, event_get(e, EV_DATA_LOCATION_WARD));
    part(&text, event_get(e, EV_DATA_LOCATION_BED));
    column(out, buf_slice(&text), 22);
    buf_fini(&text);
}

static void qualities(struct buf *out, const struct event *e, bool colour)
{
    unsigned n = event_count(e, EV_DATA_QUALITY);
    if (n == 0)
        return;
    buf_puts(out, colour ? "\033[35m[" : "[");
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_putc(out, ' ');
        buf_put(out, event_nth(e, EV_DATA_QUALITY, i));
    }
    buf_puts(out, colour ? "]\033[0m" : "]");
}

/* A correction, or a retraction: of which event. */
static void replaced(struct buf *out, const struct event *e, bool colour)
{
    struct slice id = event_get(e, EV_DATA_REPLACES);
    if (id.n == 0)
        return;
    buf_puts(out, colour ? "\033[35mreplaces " : "replaces ");
    column(out, id, id.n);
    if (colour)
        buf_puts(out, "\033[0m");
}

void event_line(struct buf *out, const struct event *e, bool colour)
{
    struct slice type = event_get(e, EV_TYPE), at = event_get(e, EV_TIME);
    column(out, slice_sub(at, 0, 19), 19);
    if (colour)
        buf_puts(out, colour_of(type));
    column(out, type, 26);
    if (colour)
        buf_puts(out, "\033[0m");
    place(out, e);
    column(out, event_get(e, EV_SUBJECT), 14);
    column(out, event_get(e, EV_DATA_PATIENT_FAMILY), 10);
    column(out, event_get(e, EV_DATA_VISIT_NUMBER), 10);
    column(out, event_get(e, EV_SOURCE), 26);
    replaced(out, e, colour);
    qualities(out, e, colour);
}
