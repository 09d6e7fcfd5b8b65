#include "explain_print.h"

#include <stdio.h>
#include <string.h>
#include "event.h"

enum { OUT_MAX = 64 * 1024 * 1024, VALUES_SHOWN = 20 };

int explain_print_open(struct explain_print *p, bool json, bool reveal, struct err *reterr)
{
    *p = (struct explain_print){.reveal = reveal};
    buf_init(&p->out, OUT_MAX);
    return json ? json_writer_open(&p->out, &p->json, reterr) : 0;
}

void explain_print_close(struct explain_print *p)
{
    json_writer_close(p->json);
    buf_fini(&p->out);
}

static void member(struct json_writer *w, const char *name, struct slice value)
{
    if (!slice_present(value))
        return;
    json_key(w, slice_str(name));
    json_string(w, value);
}

void explain_print_event(struct explain_print *p, const struct event *e)
{
    struct slice id = event_get(e, EV_ID), type = event_get(e, EV_TYPE),
                 time = event_get(e, EV_TIME);
    if (!p->json) {
        buf_printf(&p->out, "event %.*s, %.*s%s%.*s\n", SLICE_ARG(id), SLICE_ARG(type),
                   time.n ? ", " : "", SLICE_ARG(time));
        return;
    }
    json_writer_reset(p->json);
    json_object(p->json);
    member(p->json, "event", id);
    member(p->json, "type", type);
    member(p->json, "time", time);
    json_key(p->json, SLICE("routes"));
    json_array(p->json);
}

static bool is_masked(const struct explain_print *p, const struct rule_part *part)
{
    return part->personal && !part->absent && !p->reveal;
}

/* Bytes that would steer a terminal are shown as "?". */
static void put_text(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        buf_putc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
}

static void put_quoted(struct buf *out, struct slice s)
{
    buf_putc(out, '\'');
    put_text(out, s);
    buf_putc(out, '\'');
}

static void put_value(struct buf *out, const struct rule_value *v)
{
    if (v->kind == RULE_STRING)
        put_quoted(out, v->string);
    else if (v->kind == RULE_INTEGER)
        buf_printf(out, "%d", v->integer);
    else
        buf_puts(out, v->boolean ? "true" : "false");
}

static void put_values(struct buf *out, const struct rule_part *part)
{
    for (unsigned i = 0; i < part->nvalues && i < VALUES_SHOWN; i++) {
        buf_puts(out, i ? ", " : "");
        put_quoted(out, part->values[i]);
    }
    if (part->nvalues > VALUES_SHOWN)
        buf_printf(out, " and %u more", part->nvalues - VALUES_SHOWN);
}

static struct slice text_of(struct slice rule, const struct rule_part *part)
{
    return slice_sub(rule, part->from, part->to);
}

static void print_name(struct explain_print *p, struct slice rule, const struct rule_part *part)
{
    buf_printf(&p->out, "    %*s", (int)(part->depth * 2 + 7), "");
    put_text(&p->out, text_of(rule, part));
    buf_puts(&p->out, " is ");
    if (part->absent)
        buf_puts(&p->out, "not there");
    else if (is_masked(p, part))
        buf_puts(&p->out, "***");
    else if (part->values)
        put_values(&p->out, part);
    else
        put_value(&p->out, &part->value);
    buf_putc(&p->out, '\n');
}

static void print_part(struct explain_print *p, struct slice rule, const struct rule_part *part)
{
    char words[RULE_ERRORS_SIZE];
    struct buf *out = &p->out;
    size_t start = out->n;
    buf_puts(out, "    ");
    if (!part->asked)
        buf_puts(out, "-");
    else if (part->errors)
        buf_puts(out, "error");
    else if (is_masked(p, part))
        buf_puts(out, "***");
    else
        put_value(out, &part->value);
    do
        buf_putc(out, ' ');
    while (buf_ok(out) && out->n < start + 11 + part->depth * 2);
    put_text(out, text_of(rule, part));
    if (part->errors)
        buf_printf(out, "  (%s)", rule_errors_text(part->errors, words));
    if (!part->asked)
        buf_puts(out, "  (not asked)");
    buf_puts(out, part->decided ? "  <- decides\n" : "\n");
}

/* Values are told where they were asked for. */
static void print_parts(struct explain_print *p, struct slice rule, const struct rule_explained *x)
{
    for (unsigned i = 0; i < x->nparts; i++) {
        const struct rule_part *part = &x->parts[i];
        if (part->kind != RULE_PART_NAME)
            print_part(p, rule, part);
        else if (part->asked)
            print_name(p, rule, part);
    }
}

static void write_value(struct explain_print *p, const struct rule_part *part)
{
    struct json_writer *w = p->json;
    json_key(w, SLICE("value"));
    if (is_masked(p, part)) {
        json_string(w, SLICE("***"));
    } else if (part->values) {
        json_array(w);
        for (unsigned i = 0; i < part->nvalues; i++)
            json_string(w, part->values[i]);
        json_array_end(w);
    } else if (part->value.kind == RULE_STRING) {
        json_string(w, part->value.string);
    } else if (part->value.kind == RULE_INTEGER) {
        json_int(w, part->value.integer);
    } else {
        json_bool(w, part->value.boolean);
    }
}

static void write_part(struct explain_print *p, struct slice rule, const struct rule_part *part)
{
    static const char *const kinds[] = {
        [RULE_PART_LOGIC] = "logic", [RULE_PART_TEST] = "test", [RULE_PART_NAME] = "name"};
    char words[RULE_ERRORS_SIZE];
    struct json_writer *w = p->json;
    json_object(w);
    member(w, "kind", slice_str(kinds[part->kind]));
    member(w, "text", text_of(rule, part));
    json_key(w, SLICE("depth"));
    json_int(w, part->depth);
    json_key(w, SLICE("asked"));
    json_bool(w, part->asked);
    if (part->asked && !part->absent)
        write_value(p, part);
    if (part->errors)
        member(w, "errors", slice_str(rule_errors_text(part->errors, words)));
    if (part->decided) {
        json_key(w, SLICE("decides"));
        json_bool(w, true);
    }
    json_object_end(w);
}

static void write_route(struct explain_print *p, struct slice route, struct slice rule,
                        const struct rule_explained *x)
{
    struct json_writer *w = p->json;
    json_object(w);
    member(w, "route", route);
    json_key(w, SLICE("taken"));
    json_bool(w, !x || x->matched);
    member(w, "rule", rule);
    json_key(w, SLICE("parts"));
    json_array(w);
    for (unsigned i = 0; x && i < x->nparts; i++)
        write_part(p, rule, &x->parts[i]);
    json_array_end(w);
    json_object_end(w);
}

void explain_print_route(struct explain_print *p, struct slice route, struct slice rule,
                         const struct rule_explained *x)
{
    if (p->json) {
        write_route(p, route, rule, x);
        return;
    }
    buf_printf(&p->out, "  route %.*s: %s%s\n", SLICE_ARG(route),
               !x || x->matched ? "taken" : "not taken",
               !x          ? ", it has no rule"
               : x->errors ? ", its rule failed on this event"
                           : "");
    if (x)
        print_parts(p, rule, x);
}

void explain_print_hidden(struct explain_print *p, struct slice route, struct slice rule,
                          const char *field)
{
    p->hidden++;
    if (!p->json) {
        buf_printf(&p->out, "  route %.*s: not told; its rule asks for %s: add --reveal\n",
                   SLICE_ARG(route), field);
        return;
    }
    json_object(p->json);
    member(p->json, "route", route);
    member(p->json, "rule", rule);
    member(p->json, "hidden", slice_str(field));
    json_object_end(p->json);
}

int explain_print_end(struct explain_print *p, unsigned taken, unsigned routes, struct err *reterr)
{
    if (p->json) {
        json_array_end(p->json);
        json_object_end(p->json);
        buf_putc(&p->out, '\n');
    } else {
        buf_printf(&p->out, "  taken by %u of %u routes", taken, routes - p->hidden);
        if (p->hidden)
            buf_printf(&p->out, ", %u not told", p->hidden);
        buf_putc(&p->out, '\n');
    }
    p->hidden = 0;
    if (!buf_ok(&p->out))
        return err_set(reterr, ERR_LIMIT, "the explanation is longer than %d bytes", OUT_MAX);
    if (fwrite(p->out.p, 1, p->out.n, stdout) != p->out.n)
        return err_set(reterr, ERR_IO, "standard output cannot be written");
    buf_reset(&p->out);
    return 0;
}
