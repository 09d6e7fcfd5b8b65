#include "inspect_tree.h"

#include <stdio.h>
#include "hl7_batch.h"
#include "hl7_guess.h"
#include "hl7_mask.h"
#include "hl7_names.h"
#include "hl7_odd.h"

enum { PLACE_WIDTH = 16, NAME_WIDTH = 40, SHOWN_MAX = 300, ODD_MAX = 200, UNREAD_MAX = 4096 };

/* One row: a value, or the name of what has parts below it. */
struct row {
    struct hl7_place place;
    unsigned depth;
    struct slice name;
    struct slice value; /* as sent; absent: parts follow */
};

struct walk {
    const struct inspect_tree *t;
    const struct hl7_msg *m;
    const struct hl7_charset *cs;
    unsigned odd;
};

static void member(struct json_writer *w, const char *name, struct slice value)
{
    if (!slice_present(value))
        return;
    json_key(w, slice_str(name));
    json_string(w, value);
}

/* ---- values ---- */

/* The text of a value that may be shown; absent where memory is short. */
static struct slice shown(const struct walk *w, const struct row *r)
{
    unsigned flags = 0;
    arena_reset(w->t->scratch);
    struct slice text =
        w->m ? hl7_charset_text(w->cs, w->m, r->value, w->t->scratch, &flags) : r->value;
    if (w->t->reveal || !text.n || hl7_mask_shows(r->place.segment, r->place.field))
        return text;
    char *masked = arena_alloc(w->t->scratch, text.n);
    if (!masked)
        return SLICE_ABSENT;
    hl7_mask_value(text, masked);
    return slice_make(masked, text.n);
}

/* Control bytes would steer the terminal; a line feed stood as \.br\. */
static void put_text(struct buf *out, struct slice text)
{
    size_t n = text.n < SHOWN_MAX ? text.n : SHOWN_MAX;
    while (n < text.n && n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\n')
            buf_puts(out, "\\n");
        else
            buf_putc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    if (n < text.n)
        buf_printf(out, " ... (%zu bytes)", text.n);
}

static void put_padded(struct buf *out, struct slice text, size_t width)
{
    buf_put(out, text);
    for (size_t n = text.n; n < width; n++)
        buf_putc(out, ' ');
}

static void print_row(const struct walk *w, const struct row *r)
{
    struct buf *out = w->t->out;
    char at[HL7_PLACE_SIZE];
    buf_puts(out, "  ");
    put_padded(out, slice_str(hl7_place_text(&r->place, at)), PLACE_WIDTH);
    for (unsigned i = 0; i < r->depth; i++)
        buf_puts(out, "  ");
    if (!slice_present(r->value)) {
        buf_put(out, r->name);
    } else {
        put_padded(out, r->name, NAME_WIDTH - r->depth * 2);
        buf_putc(out, ' ');
        struct slice text = shown(w, r);
        if (slice_present(text))
            put_text(out, text);
        else
            buf_printf(out, "(%zu bytes: no memory to show them)", r->value.n);
        if (hl7_state_of(r->value) == HL7_NULL)
            buf_puts(out, "  (null: the value is taken away)");
    }
    while (out->n && out->p[out->n - 1] == ' ')
        out->n--;
    buf_putc(out, '\n');
}

/* Only values: a place says where each belongs. */
static void write_row(const struct walk *w, const struct row *r)
{
    struct json_writer *j = w->t->json;
    char at[HL7_PLACE_SIZE];
    if (!slice_present(r->value))
        return;
    json_object(j);
    member(j, "at", slice_str(hl7_place_text(&r->place, at)));
    if (r->name.n)
        member(j, "name", r->name);
    struct slice text = shown(w, r);
    member(j, "value", text);
    if (w->t->reveal && !slice_eq(text, r->value))
        member(j, "sent", r->value);
    json_object_end(j);
}

static void put_row(const struct walk *w, const struct row *r)
{
    if (w->t->json)
        write_row(w, r);
    else
        print_row(w, r);
}

/* ---- the tree ---- */

/* In JSON a name tells its parents, too: "Patient Name, Family Name". */
static struct slice full_name(const struct walk *w, struct slice above, struct slice name,
                              char *room, size_t size)
{
    if (!w->t->json || !above.n || !name.n)
        return name.n || !w->t->json ? name : above;
    int n = snprintf(room, size, "%.*s, %.*s", SLICE_ARG(above), SLICE_ARG(name));
    return slice_make(room, n < (int)size ? (size_t)n : size - 1);
}

static bool has(struct slice s, char separator)
{
    return separator && slice_find(s, separator) < s.n;
}

static void walk_subcomponents(const struct walk *w, const struct row *above, struct slice type,
                               struct slice component)
{
    char room[200];
    unsigned no = 0;
    while (slice_present(component)) {
        struct row r = *above;
        r.value = slice_split(&component, w->m->delims.subcomponent);
        r.place.subcomponent = ++no;
        r.depth++;
        r.name = full_name(w, above->name, hl7_part_name(type, no).name, room, sizeof(room));
        if (r.value.n)
            put_row(w, &r);
    }
}

static void walk_components(const struct walk *w, const struct row *above, struct slice type,
                            struct slice repetition)
{
    char room[160];
    unsigned no = 0;
    while (slice_present(repetition)) {
        struct row r = *above;
        struct slice part = slice_split(&repetition, w->m->delims.component);
        struct hl7_name name = hl7_part_name(type, ++no);
        bool parts = has(part, w->m->delims.subcomponent);
        r.place.component = no;
        r.depth++;
        r.name = full_name(w, above->name, name.name, room, sizeof(room));
        r.value = parts ? SLICE_ABSENT : part;
        if (part.n)
            put_row(w, &r);
        if (parts)
            walk_subcomponents(w, &r, name.type, part);
    }
}

static void walk_repetition(const struct walk *w, struct row *r, struct slice type,
                            struct slice repetition)
{
    bool parts =
        has(repetition, w->m->delims.component) || has(repetition, w->m->delims.subcomponent);
    r->value = parts ? SLICE_ABSENT : repetition;
    put_row(w, r);
    if (parts)
        walk_components(w, r, type, repetition);
}

static void walk_field(const struct walk *w, const struct hl7_place *place, struct slice field,
                       bool whole)
{
    struct hl7_name name = hl7_field_name(place->segment, place->field);
    struct row r = {.place = *place, .name = name.name, .value = field};
    if (whole || !w->m) {
        put_row(w, &r);
        return;
    }
    char separator = w->m->delims.repetition;
    unsigned no = 0;
    while (slice_present(field)) {
        struct slice one = has(field, separator) ? slice_split(&field, separator) : field;
        if (one.p == field.p && one.n == field.n)
            field = SLICE_ABSENT;
        r.place.repetition = ++no;
        if (one.n)
            walk_repetition(w, &r, name.type, one);
    }
}

static void put_segment(const struct walk *w, struct slice id, unsigned sequence)
{
    struct buf *out = w->t->out;
    char at[HL7_PLACE_SIZE];
    struct hl7_place p = {.segment = id, .sequence = sequence};
    struct slice name = hl7_segment_name(id);
    hl7_place_text(&p, at);
    if (w->t->json) {
        json_object(w->t->json);
        member(w->t->json, "segment", slice_str(at));
        member(w->t->json, "name", name);
        json_key(w->t->json, SLICE("values"));
        json_array(w->t->json);
        return;
    }
    buf_printf(out, "%s  %.*s\n", at,
               SLICE_ARG(name.n                        ? name
                         : id.n == 3 && id.p[0] == 'Z' ? SLICE("(local)")
                                                       : SLICE("(not known)")));
}

static void end_segment(const struct walk *w)
{
    if (!w->t->json)
        return;
    json_array_end(w->t->json);
    json_object_end(w->t->json);
}

/* A line that is no segment may be text of a patient that broke: its id is masked with the rest. */
static bool is_id(struct slice id)
{
    bool fine = id.n == 3;
    for (size_t i = 0; i < id.n && fine; i++)
        fine = (id.p[i] >= 'A' && id.p[i] <= 'Z') || (id.p[i] >= '0' && id.p[i] <= '9');
    return fine;
}

static void walk_segment(const struct walk *w, const struct hl7_segment *s,
                         struct hl7_place_counts *counts)
{
    struct hl7_place p = {.segment = s->id, .sequence = hl7_place_count(counts, s)};
    if (!is_id(s->id)) {
        struct row r = {.place = {.segment = SLICE("?")}, .value = s->bytes};
        put_segment(w, SLICE("?"), 0);
        put_row(w, &r);
        end_segment(w);
        return;
    }
    bool header = slice_eq(s->id, SLICE("MSH"));
    put_segment(w, s->id, p.sequence);
    for (p.field = 1; p.field <= s->nfields; p.field++) {
        struct slice field = hl7_msg_field(w->m, s, p.field);
        if (field.n)
            walk_field(w, &p, field, header && p.field <= 2);
    }
    end_segment(w);
}

/* ---- what is odd ---- */

static void put_odd(void *arg, const char *at, const char *text)
{
    struct walk *w = arg;
    if (w->odd++ >= ODD_MAX)
        return;
    if (w->t->json) {
        json_object(w->t->json);
        member(w->t->json, "at", slice_str(at));
        member(w->t->json, "text", slice_str(text));
        json_object_end(w->t->json);
        return;
    }
    if (w->odd == 1)
        buf_puts(w->t->out, "odd about it:\n");
    buf_printf(w->t->out, "  %-*s%s\n", PLACE_WIDTH, at, text);
}

static void put_all_odd(struct walk *w, struct slice sent)
{
    if (w->t->json) {
        json_key(w->t->json, SLICE("odd"));
        json_array(w->t->json);
    }
    unsigned n = hl7_odd_find(sent, w->m, w->cs, w->t->scratch, put_odd, w);
    if (w->t->json)
        json_array_end(w->t->json);
    else if (n == 0)
        buf_puts(w->t->out, "nothing is odd about it\n");
    else if (n > ODD_MAX)
        buf_printf(w->t->out, "  and %u more\n", n - ODD_MAX);
}

/* ---- heads ---- */

static const char *charset_text(const struct hl7_charset *cs)
{
    if (cs->declared)
        return "as MSH-18 or the source says";
    if (!cs->guess)
        return "ASCII";
    return strcmp(cs->guess, "utf8") == 0 ? "UTF-8 (guessed)" : "Windows-1252 (guessed)";
}

static void put_where(const struct inspect_tree *t)
{
    buf_puts(t->out, t->file);
    if (t->no)
        buf_printf(t->out, ": message %u", t->no);
}

static void begin_json(const struct inspect_tree *t)
{
    json_writer_reset(t->json);
    json_object(t->json);
    member(t->json, "file", slice_str(t->file));
    if (t->no) {
        json_key(t->json, SLICE("message"));
        json_int(t->json, t->no);
    }
}

static void put_head(const struct walk *w, struct slice sent)
{
    struct hl7_header h;
    struct buf *out = w->t->out;
    hl7_msg_header(w->m, &h);
    if (w->t->json) {
        begin_json(w->t);
        json_key(w->t->json, SLICE("bytes"));
        json_int(w->t->json, (int64_t)sent.n);
        member(w->t->json, "type", h.type);
        member(w->t->json, "trigger", h.trigger);
        member(w->t->json, "version", hl7_msg_part(w->m, h.version, 1, 0));
        member(w->t->json, "charset", slice_str(charset_text(w->cs)));
        json_key(w->t->json, SLICE("masked"));
        json_bool(w->t->json, !w->t->reveal);
        json_key(w->t->json, SLICE("segments"));
        json_array(w->t->json);
        return;
    }
    put_where(w->t);
    buf_puts(out, ": ");
    put_text(out, h.type);
    if (h.trigger.n) {
        buf_putc(out, '^');
        put_text(out, h.trigger);
    }
    buf_puts(out, ", version ");
    put_text(out, h.version.n ? hl7_msg_part(w->m, h.version, 1, 0) : SLICE("not said"));
    buf_printf(out, ", %u segments, %zu bytes, characters: %s\n", w->m->nsegments, sent.n,
               charset_text(w->cs));
}

static void end_line(const struct inspect_tree *t)
{
    if (t->json)
        json_object_end(t->json);
    buf_putc(t->out, '\n');
}

void inspect_tree_message(const struct inspect_tree *t, struct slice sent, const struct hl7_msg *m,
                          const struct hl7_charset *cs)
{
    struct walk w = {.t = t, .m = m, .cs = cs};
    struct hl7_place_counts counts = {.kinds = 0};
    put_head(&w, sent);
    for (uint32_t i = 0; i < m->nsegments && buf_ok(t->out); i++)
        walk_segment(&w, &m->segments[i], &counts);
    if (t->json)
        json_array_end(t->json);
    put_all_odd(&w, sent);
    end_line(t);
}

void inspect_tree_around(const struct inspect_tree *t, struct slice segment, const char *odd)
{
    struct walk w = {.t = t};
    struct hl7_place p = {.segment = slice_sub(segment, 0, 3), .field = 1};
    if (t->json) {
        begin_json(t);
        json_key(t->json, SLICE("segments"));
        json_array(t->json);
    } else {
        buf_printf(t->out, "%s: ", t->file);
    }
    put_segment(&w, p.segment, 1);
    for (;; p.field++) {
        struct slice field = hl7_batch_field(segment, p.field);
        if (!slice_present(field))
            break;
        if (field.n)
            walk_field(&w, &p, field, true);
    }
    end_segment(&w);
    if (t->json) {
        json_array_end(t->json);
        member(t->json, "odd", slice_str(odd));
    } else if (odd) {
        buf_printf(t->out, "odd about it: %s\n", odd);
    }
    end_line(t);
}

static void put_masked_lines(const struct inspect_tree *t, struct slice sent)
{
    struct slice head = slice_sub(sent, 0, UNREAD_MAX);
    arena_reset(t->scratch);
    char *text = head.n ? arena_alloc(t->scratch, head.n) : NULL;
    if (!text)
        return;
    memcpy(text, head.p, head.n);
    if (!t->reveal)
        hl7_mask(head, text);
    bool fresh = true;
    for (size_t i = 0; i < head.n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (fresh && c != '\r' && c != '\n')
            buf_puts(t->out, "  ");
        if (c == '\r' && i + 1 < head.n && text[i + 1] == '\n')
            continue;
        fresh = c == '\r' || c == '\n';
        buf_putc(t->out, fresh ? '\n' : c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    if (!fresh)
        buf_putc(t->out, '\n');
    if (head.n < sent.n)
        buf_printf(t->out, "  ... (%zu bytes)\n", sent.n);
}

void inspect_tree_unread(const struct inspect_tree *t, struct slice sent, const char *why)
{
    const char *guess = hl7_guess(sent);
    if (t->json) {
        begin_json(t);
        json_key(t->json, SLICE("bytes"));
        json_int(t->json, (int64_t)sent.n);
        member(t->json, "error", slice_str(why));
        member(t->json, "guess", slice_str(guess));
    } else {
        put_where(t);
        buf_printf(t->out, ": cannot be taken apart: %s%s%s\n", why,
                   guess ? "; it looks like " : "", guess ? guess : "");
        put_masked_lines(t, sent);
    }
    end_line(t);
}
