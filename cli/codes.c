/* weir codes - the code tables: what a raw code means, where that is stated; and which codes came
 * that are in no table. */
#include "codes.h"

#include <stdio.h>
#include <string.h>
#include "code_table.h"
#include "event.h"
#include "json.h"
#include "plain_text.h"

enum { OUT_MAX = 4 << 20 };

static unsigned count(const struct code_table *t, bool unchecked)
{
    const struct code *c;
    unsigned n = 0;
    for (unsigned i = 0; (c = code_nth(t, i)); i++)
        n += !unchecked || code_unchecked(c);
    return n;
}

static void list(void)
{
    const struct code_table *t;
    for (unsigned i = 0; (t = code_table_nth(i)); i++) {
        unsigned unchecked = count(t, true);
        printf("%-32s %4u rows  %s", code_table_name(t).p, count(t, false), code_table_title(t));
        printf(unchecked ? " (%u unchecked)\n" : "\n", unchecked);
    }
}

static void print_code(const struct code *c)
{
    printf("%-18.*s %-18.*s %-14.*s %.*s [%s, %s%s]\n", SLICE_ARG(c->raw),
           slice_present(c->code) ? (int)c->code.n : 1, slice_present(c->code) ? c->code.p : "-",
           slice_present(c->group) ? (int)c->group.n : 1,
           slice_present(c->group) ? c->group.p : "-", SLICE_ARG(c->label), c->source, c->as_of,
           code_unchecked(c) ? ": unchecked" : "");
}

static void member(struct json_writer *w, const char *name, struct slice value)
{
    if (!slice_present(value))
        return;
    json_key(w, slice_str(name));
    json_string(w, value);
}

static void write_code(struct json_writer *w, const struct code_table *t, const struct code *c)
{
    json_object(w);
    member(w, "table", code_table_name(t));
    member(w, "raw", c->raw);
    member(w, "code", c->code);
    member(w, "system", c->system);
    member(w, "group", c->group);
    member(w, "label", c->label);
    member(w, "source", slice_str(c->source));
    member(w, "as_of", slice_str(c->as_of));
    json_key(w, SLICE("checked"));
    json_bool(w, !code_unchecked(c));
    json_object_end(w);
}

/* All rows, or the one of a raw code, a line of JSON each. */
static int print_json(const struct code_table *t, const struct code *only, struct err *reterr)
{
    struct buf out;
    struct json_writer *w;
    const struct code *c;
    buf_init(&out, OUT_MAX);
    if (json_writer_open(&out, &w, reterr) < 0) {
        buf_fini(&out);
        return -1;
    }
    for (unsigned i = 0; (c = code_nth(t, i)); i++) {
        if (only && c != only)
            continue;
        json_writer_reset(w);
        write_code(w, t, c);
        buf_putc(&out, '\n');
    }
    bool ok = buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    json_writer_close(w);
    buf_fini(&out);
    return ok ? 0 : err_set(reterr, ERR_IO, "standard output cannot be written");
}

static int list_json(struct err *reterr)
{
    const struct code_table *t;
    for (unsigned i = 0; (t = code_table_nth(i)); i++)
        if (print_json(t, NULL, reterr) < 0)
            return -1;
    return 0;
}

static int show(const struct options *o, const char *name, const char *raw, struct err *reterr)
{
    const struct code_table *t = code_table_find(slice_str(name));
    const struct code *c = NULL;
    if (!t) {
        const char *near = code_table_nearest(slice_str(name));
        return err_set(reterr, ERR_INPUT, "there is no code table '%s'%s%s%s", name,
                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (raw && !(c = code_find(t, slice_str(raw))))
        return err_set(reterr, ERR_INPUT, "'%s' is not in the table %s", raw, name);
    if (o->json)
        return print_json(t, c, reterr);
    if (c) {
        print_code(c);
        return 0;
    }
    for (unsigned i = 0; (c = code_nth(t, i)); i++)
        print_code(c);
    return 0;
}

/* What is wrong with the use, or NULL. */
static const char *misused(const struct options *o, const char *what, int given)
{
    bool shows = strcmp(what, "show") == 0;
    if (!shows && strcmp(what, "list") != 0)
        return "list or show is expected";
    if (o->unknown && given)
        return "--unknown stands alone";
    if (!o->unknown && (o->has_since || o->source || o->reveal || o->data))
        return "--since, --source, --data and --reveal go with --unknown";
    if (shows && given < 2)
        return "show: the name of a table is expected";
    return given > (shows ? 3 : 1) ? "nothing more is expected" : NULL;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int result = 0;
    int code = options_read(self,
                            OPTION_JSON | OPTION_UNKNOWN | OPTION_SINCE | OPTION_SOURCE |
                                OPTION_REVEAL | OPTION_DATA,
                            argc, argv, &o);
    if (code >= 0)
        return code;
    int given = argc - o.rest;
    const char *what = given ? argv[o.rest] : "list", *why = misused(&o, what, given);
    if (why)
        return verb_usage(self, "%s%s%s", given ? argv[argc - 1] : "", given ? ": " : "", why);
    if (o.unknown)
        result = codes_unknown(&o, &err);
    else if (strcmp(what, "show") == 0)
        result = show(&o, argv[o.rest + 1], given > 2 ? argv[o.rest + 2] : NULL, &err);
    else if (o.json)
        result = list_json(&err);
    else
        list();
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_codes = {
    .name = "codes",
    .summary = "code tables: what a code means, and codes that came and are in no table",
    .help =
        "Use: weir codes [list] [--json]\n"
        "     weir codes show TABLE [CODE] [--json]\n"
        "     weir codes --unknown [--since WHEN] [--source NAME] [--reveal] [--json] [--data "
        "DIR]\n\n"
        "A code in no table flows all the same, as it was sent, flagged unmapped_code:<field>. "
        "What a site's own codes mean\n"
        "is said under tables: in its configuration, then 'weir retranslate' mends what came "
        "before.\n\n"
        "  --unknown        how often such a code came, by source, field and code, most frequent "
        "first, and the\n"
        "                   table it is missing in; counted from flow.reported\n"
        "  --since WHEN     from 10m ago, or 2026-03-02T09:30:00Z; the last 24 h unless given\n"
        "  --source NAME    only what that source sent\n"
        "  --reveal         codes as they were sent, also long ones and those that look like a "
        "person's number or name,\n"
        "                   of which the shape is shown else; written to the audit log first\n"
        "  --data DIR       the data folder, where the configuration cannot be read\n"
        "  -c, --config FILE\n\n"
        "Example: weir codes show admission_method 2D\n"
        "         weir codes --unknown --since 7d\n",
    .run = run,
};
