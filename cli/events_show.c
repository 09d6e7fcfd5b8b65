#include "events.h"

#include <stdio.h>
#include "event.h"
#include "event_line.h"

static const struct {
    const char *member, *title;
} froms[EVENT_FROMS] = {
    [EVENT_FROM_HL7] = {"hl7v2", "HL7 v2"},
    [EVENT_FROM_FHIR] = {"fhir", "FHIR, signals"},
    [EVENT_FROM_OTHER] = {"other", "extracts, others"},
    [EVENT_FROM_JOURNEY] = {"journey", "the journey"},
};

struct slice events_by(const struct event_info *i)
{
    if (i->by == (EVENT_BY_ADAPTER | EVENT_BY_JOURNEY))
        return SLICE("adapter, journey");
    return i->by & EVENT_BY_ADAPTER ? SLICE("adapter") : SLICE("journey");
}

static struct slice next_path(struct slice *rest)
{
    return slice_split(rest, ' ');
}

/* The field that says what a path is: of a code that of its code. */
static const struct event_field *field_of(struct slice path)
{
    char code[128];
    int field = event_field_find(path);
    if (field >= 0)
        return &event_fields[field];
    int n = snprintf(code, sizeof(code), "%.*s.code", SLICE_ARG(path));
    field = n < (int)sizeof(code) ? event_field_find(slice_make(code, (size_t)n)) : -1;
    return field < 0 ? NULL : &event_fields[field];
}

/* What a route has to keep for it (broker/minimise.h). */
static const char *readers(const struct event_field *f)
{
    if (strncmp(f->path, "data.care.legal_status", strlen("data.care.legal_status")) == 0)
        return "its path";
    return f->identifies ? "identifiers" : f->personal ? "demographics" : "all";
}

static void put_field(struct buf *out, struct slice path)
{
    const struct event_field *f = field_of(path);
    const char *words = event_words_of(path);
    if (!f || !words)
        return;
    buf_printf(out, "  %-38.*s %-12s %-6s %s", SLICE_ARG(path), readers(f),
               f->whereabouts ? "hidden" : "", words);
    if (f->codes)
        buf_printf(out, " Codes: %s.", f->codes);
    if (f->choices)
        buf_printf(out, " One of: %s.", f->choices);
    buf_putc(out, '\n');
}

/* Masked, as `weir tail --json` would show it. */
static int put_example(struct buf *out, const char *example, struct err *reterr)
{
    struct event_encoder *enc;
    struct event *e;
    struct arena arena;
    arena_init(&arena, EVENT_SIZE_MAX);
    int result = event_decode(slice_str(example), &arena, &e, reterr);
    if (result == 0 && (result = event_encoder_open(out, &enc, reterr)) == 0) {
        event_mask(e);
        event_encode(enc, e, NULL);
        event_encoder_close(enc);
    }
    arena_fini(&arena);
    return result;
}

static void put_from(struct buf *out, const struct event_info *i, const char *made)
{
    buf_puts(out, "\nwhat produces it\n");
    for (unsigned k = 0; k < EVENT_FROMS; k++)
        if (i->from[k])
            buf_printf(out, "  %-16s %s\n", froms[k].title, i->from[k]);
    if (made)
        buf_printf(out, "  %-16s %s\n", "this source", *made ? made : "none of its maps");
}

int events_page(struct buf *out, const struct event_info *i, const char *made, struct err *reterr)
{
    buf_printf(out, "%s - %s\n\n", i->type, i->description);
    buf_printf(out, "group    %s (%s)\nmade by  %s\n", i->group_title, i->group, events_by(i).p);
    if (i->sender)
        buf_printf(out, "sender   %s\n", i->sender);
    if (i->needed)
        buf_printf(out, "needs    %s\n", i->needed);
    put_from(out, i, made);
    buf_puts(out, "\nfields it has as a rule, what a route keeps to give them (hidden: not of a "
                  "restricted patient), and what they are\n");
    struct slice rest = slice_str(i->shown);
    while (slice_present(rest))
        put_field(out, next_path(&rest));
    buf_puts(out, "\nexample, who it is masked\n");
    if (put_example(out, i->example, reterr) < 0)
        return -1;
    buf_putc(out, '\n');
    return 0;
}

static void member(struct json_writer *w, const char *name, const char *value)
{
    if (!value)
        return;
    json_key(w, slice_str(name));
    json_string(w, slice_str(value));
}

static void write_field(struct json_writer *w, struct slice path)
{
    const struct event_field *f = field_of(path);
    if (!f)
        return;
    json_object(w);
    json_key(w, SLICE("path"));
    json_string(w, path);
    member(w, "description", event_words_of(path));
    member(w, "codes", f->codes);
    member(w, "values", f->choices);
    member(w, "readers", readers(f));
    json_key(w, SLICE("whereabouts"));
    json_bool(w, f->whereabouts);
    json_object_end(w);
}

static void write_lists(struct json_writer *w, const struct event_info *i)
{
    json_key(w, SLICE("by"));
    json_array(w);
    if (i->by & EVENT_BY_ADAPTER)
        json_string(w, SLICE("adapter"));
    if (i->by & EVENT_BY_JOURNEY)
        json_string(w, SLICE("journey"));
    json_array_end(w);
    json_key(w, SLICE("from"));
    json_object(w);
    for (unsigned k = 0; k < EVENT_FROMS; k++)
        member(w, froms[k].member, i->from[k]);
    json_object_end(w);
    json_key(w, SLICE("needs"));
    json_array(w);
    struct slice rest = i->needed ? slice_str(i->needed) : SLICE_ABSENT;
    while (slice_present(rest))
        json_string(w, next_path(&rest));
    json_array_end(w);
}

void events_json(struct json_writer *w, const struct event_info *i, const char *made)
{
    json_object(w);
    member(w, "type", i->type);
    member(w, "group", i->group);
    member(w, "description", i->description);
    member(w, "sender", i->sender);
    member(w, "triggers", made);
    write_lists(w, i);
    json_key(w, SLICE("fields"));
    json_array(w);
    struct slice rest = slice_str(i->shown);
    while (slice_present(rest))
        write_field(w, next_path(&rest));
    json_array_end(w);
    json_key(w, SLICE("example"));
    json_raw(w, slice_str(i->example));
    json_object_end(w);
}
