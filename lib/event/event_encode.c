#include "event.h"

#include <stdlib.h>
#include "event_table.h"
#include "json.h"

struct event_encoder {
    struct json_writer *writer;
    unsigned object; /* open now */
};

int event_encoder_open(struct buf *out, struct event_encoder **ret, struct err *reterr)
{
    struct event_encoder *enc = calloc(1, sizeof(*enc));
    if (!enc)
        return err_set(reterr, ERR_NOMEM, "no memory for an event writer");
    if (json_writer_open(out, &enc->writer, reterr)) {
        free(enc);
        return -1;
    }
    *ret = enc;
    return 0;
}

void event_encoder_close(struct event_encoder *enc)
{
    if (!enc)
        return;
    json_writer_close(enc->writer);
    free(enc);
}

/* Whether b is a or stands in it. */
static bool holds(const struct event_object *a, const struct event_object *b)
{
    return a->depth <= b->depth && a->first <= b->first && b->end <= a->end;
}

static void open_down(struct event_encoder *enc, unsigned to)
{
    const struct event_object *o = &event_objects[to];
    if (enc->object != o->parent)
        open_down(enc, o->parent);
    json_key_text(enc->writer, o->key);
    json_object(enc->writer);
    enc->object = to;
}

/* Closes and opens objects until `to` is the one open. */
static void enter(struct event_encoder *enc, unsigned to)
{
    if (enc->object == to)
        return;
    while (!holds(&event_objects[enc->object], &event_objects[to])) {
        json_object_end(enc->writer);
        enc->object = event_objects[enc->object].parent;
    }
    if (enc->object != to)
        open_down(enc, to);
}

static void write_leaf(struct json_writer *w, unsigned field, struct slice value)
{
    enum event_kind kind = event_fields[field].kind;
    if (slice_present(value) && kind != EVENT_INT && kind != EVENT_BOOL) {
        json_member_text(w, event_places[field].key, value);
        return;
    }
    json_key_text(w, event_places[field].key);
    if (slice_present(value))
        json_raw(w, value);
    else
        json_null(w);
}

static void write_strings(struct json_writer *w, unsigned field, const struct event_strings *list)
{
    json_key_text(w, event_places[field].key);
    json_array(w);
    for (unsigned i = 0; i < list->count; i++)
        json_string(w, list->values[i]);
    json_array_end(w);
}

static void write_extra(struct json_writer *w, const struct event_extra *x)
{
    json_key(w, x->name);
    json_raw(w, x->value);
}

static void write_item(struct json_writer *w, const struct event_item *item, const uint64_t *keep)
{
    json_object(w);
    for (unsigned i = 0; i < item->count; i++) {
        unsigned leaf = (unsigned)item->first + i;
        if (slice_present(item->values[i]) && (!keep || event_bit(keep, leaf)))
            write_leaf(w, leaf, item->values[i]);
    }
    for (const struct event_extra *x = keep ? NULL : item->extras; x; x = x->next)
        write_extra(w, x);
    json_object_end(w);
}

static bool keeps_leaf(unsigned field, const uint64_t *keep)
{
    const struct event_object *o = &event_objects[event_places[field].items];
    for (unsigned leaf = o->first; leaf < o->end; leaf++)
        if (event_bit(keep, leaf))
            return true;
    return false;
}

static void write_items(struct json_writer *w, unsigned field, const struct event_items *list,
                        const uint64_t *keep)
{
    json_key_text(w, event_places[field].key);
    json_array(w);
    for (const struct event_item *item = list->first; item; item = item->next)
        write_item(w, item, keep);
    json_array_end(w);
}

static void write_field(struct event_encoder *enc, const struct event *e, unsigned field,
                        const uint64_t *keep)
{
    enum event_kind kind = event_fields[field].kind;
    if (kind == EVENT_ITEMS && keep && !keeps_leaf(field, keep))
        return;
    enter(enc, event_places[field].object);
    if (kind == EVENT_STRINGS)
        write_strings(enc->writer, field, e->values[field].strings);
    else if (kind == EVENT_ITEMS)
        write_items(enc->writer, field, e->values[field].items, keep);
    else
        write_leaf(enc->writer, field, e->values[field].text);
}

/* Writes the unknown members of objects that end at or before the field; returns the rest. */
static const struct event_extra *write_extras(struct event_encoder *enc,
                                              const struct event_extra *x, unsigned before)
{
    for (; x && event_objects[x->object].end <= before; x = x->next) {
        enter(enc, x->object);
        write_extra(enc->writer, x);
    }
    return x;
}

void event_encode(struct event_encoder *enc, const struct event *e, const uint64_t *keep)
{
    const struct event_extra *extras = keep ? NULL : e->extras;
    json_writer_reset(enc->writer);
    json_object(enc->writer);
    enc->object = 0;
    for (unsigned word = 0; word < EVENT_KEEP_WORDS; word++) {
        uint64_t bits = e->set[word] & (keep ? keep[word] : UINT64_MAX);
        for (; bits; bits &= bits - 1) {
            unsigned field = word * 64 + (unsigned)__builtin_ctzll(bits);
            extras = write_extras(enc, extras, field);
            write_field(enc, e, field, keep);
        }
    }
    write_extras(enc, extras, EVENT_NFIELDS);
    enter(enc, 0);
    json_object_end(enc->writer);
}

void event_keep_init(uint64_t keep[EVENT_KEEP_WORDS])
{
    memset(keep, 0, EVENT_KEEP_WORDS * sizeof(keep[0]));
    event_bit_set(keep, EV_SPECVERSION);
    event_bit_set(keep, EV_ID);
    event_bit_set(keep, EV_SOURCE);
    event_bit_set(keep, EV_TYPE);
}

bool event_keep_add(uint64_t keep[EVENT_KEEP_WORDS], struct slice path)
{
    unsigned first, end;
    if (!event_field_range(path, &first, &end))
        return false;
    for (unsigned field = first; field < end; field++) {
        event_bit_set(keep, field);
        if (event_fields[field].items >= 0)
            event_bit_set(keep, (unsigned)event_fields[field].items);
    }
    return true;
}
