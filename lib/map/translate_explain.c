#include "translate_explain.h"

#include "map_because.h"
#include "map_trace.h"
#include "yaml.h"

enum { TEXT_MAX = 16 << 20, NAME_WIDTH = 34, TRIED_INDENT = 8 };

struct explain {
    struct slice folder;
    struct buf *out;
    struct buf fields; /* of the event being made: those that have a value */
    struct buf unset;  /* and those that have none */
    struct buf tried;  /* of the field at hand: what gave nothing, a line each */
    struct buf left;   /* events that were not made */
    const struct map_field *field;
    bool made;
};

static void put_place(struct buf *out, const struct explain *x, const struct yaml *at)
{
    struct slice file = slice_str(at->file);
    if (x->folder.n && slice_starts(file, x->folder))
        file = slice_sub(file, x->folder.n, file.n);
    /* An entry of a map is where its name stands. */
    buf_printf(out, "%.*s:%u", SLICE_ARG(file), at->name_line ? at->name_line : at->line);
}

static void place(struct buf *out, const struct explain *x, const struct yaml *at)
{
    buf_puts(out, "  [");
    put_place(out, x, at);
    buf_puts(out, "]\n");
}

/* Where an event stands, and its tests where these are an overlay's. */
static void event_place(struct buf *out, const struct explain *x, const struct yaml *at)
{
    const struct yaml *when = yaml_get(at, "when");
    buf_puts(out, "  [");
    put_place(out, x, at);
    if (when && strcmp(when->file, at->file) != 0) {
        buf_puts(out, ", when: ");
        put_place(out, x, when);
    }
    buf_puts(out, "]\n");
}

/* Which of several patients or orders. */
static void whose(struct buf *out, const struct map_run *run)
{
    if (run->view) {
        if (slice_find(run->part, '[') < run->part.n)
            buf_printf(out, " of %.*s", SLICE_ARG(run->part));
        if (run->nth)
            buf_printf(out, " of group %u", run->nth);
        return;
    }
    if (run->scope.above)
        buf_printf(out, " of segment %u, %.*s", run->scope.first + 1,
                   SLICE_ARG(run->msg->segments[run->scope.first].id));
}

static void field_name(struct buf *out, struct slice name)
{
    int pad = name.n < NAME_WIDTH ? NAME_WIDTH - (int)name.n : 0;
    buf_printf(out, "    %.*s%*s ", SLICE_ARG(name), pad, "");
}

static void item_value(struct buf *out, const struct event_item *item, unsigned items, unsigned end)
{
    const char *between = "{";
    for (unsigned leaf = items + 1; leaf < end; leaf++) {
        struct slice value = event_item_get(item, leaf);
        if (!slice_present(value))
            continue;
        buf_printf(out, "%s%s %.*s", between,
                   event_fields[leaf].path + strlen(event_fields[items].path) + 1,
                   SLICE_ARG(value));
        between = ", ";
    }
    buf_putc(out, '}');
}

/* All that stands at or under the name. */
static void field_value(struct buf *out, const struct event *e, struct slice name)
{
    unsigned first, end;
    const char *between = "";
    if (!event_field_range(name, &first, &end))
        return;
    if (event_fields[first].kind == EVENT_ITEMS) {
        struct event_item *item;
        for (unsigned i = 0; (item = event_item_nth(e, first, i)); i++) {
            buf_puts(out, i ? " " : "");
            item_value(out, item, first, end);
        }
        return;
    }
    for (unsigned f = first; f < end; f++) {
        struct slice value = event_is_null(e, f) ? SLICE("null") : event_get(e, f);
        if (!slice_present(value))
            continue;
        const char *path = event_fields[f].path;
        bool whole = slice_eq_str(name, path);
        buf_printf(out, "%s%s%s%.*s", between, whole ? "" : path + name.n + 1, whole ? "" : " ",
                   SLICE_ARG(value));
        between = ", ";
    }
}

/* The field before is done: nothing was found for it unless its line was written. */
static void end_field(struct explain *x)
{
    if (x->field && x->tried.n) {
        struct slice tried = buf_slice(&x->tried);
        bool one = slice_find(tried, '\n') + 1 == tried.n;
        if (one)
            field_name(&x->unset, x->field->at->name);
        else
            buf_printf(&x->unset, "    %.*s\n", SLICE_ARG(x->field->at->name));
        buf_put(&x->unset, one ? slice_sub(tried, TRIED_INDENT, tried.n) : tried);
    }
    buf_reset(&x->tried);
    x->field = NULL;
}

static void on_begun(void *arg, struct map_run *run)
{
    struct explain *x = arg;
    (void)run;
    buf_reset(&x->fields);
    buf_reset(&x->unset);
    buf_reset(&x->tried);
    x->field = NULL;
}

static void on_tried(void *arg, struct map_run *run, const struct map_field *f,
                     const struct map_source *s, enum map_tried how)
{
    struct explain *x = arg;
    if (x->field != f)
        end_field(x);
    x->field = f;
    if (how == MAP_TRIED_TAKEN) {
        field_name(&x->fields, f->at->name);
        field_value(&x->fields, run->event, f->at->name);
        buf_puts(&x->fields, "  <- ");
        map_because_taken(&x->fields, run, f, s);
        place(&x->fields, x, s->at);
        buf_put(&x->fields, buf_slice(&x->tried));
        buf_reset(&x->tried);
        return;
    }
    buf_puts(&x->tried, how == MAP_TRIED_WHEN ? "        not when " : "        ");
    if (how == MAP_TRIED_WHEN)
        map_because_when(&x->tried, run, &s->when);
    else
        map_because_nothing(&x->tried, run, f, s);
    place(&x->tried, x, s->at);
}

static void on_timed(void *arg, struct map_run *run, const struct map_time_step *step,
                     enum map_tried how)
{
    struct explain *x = arg;
    end_field(x);
    if (how == MAP_TRIED_TAKEN) {
        field_name(&x->fields, SLICE("time"));
        buf_printf(&x->fields, "%.*s  <- ", SLICE_ARG(event_get(run->event, EV_TIME)));
        map_because_path(&x->fields, run, step->path);
    } else {
        field_name(&x->fields, SLICE("time"));
        buf_puts(&x->fields, "-  ");
        map_because_step(&x->fields, run, step);
    }
    place(&x->fields, x, step->at);
}

static void on_decided(void *arg, struct map_run *run, const struct map_event *e,
                       enum map_decided how)
{
    struct explain *x = arg;
    end_field(x);
    if (how == MAP_DECIDED_MADE)
        return;
    buf_printf(&x->left, "  no %.*s", SLICE_ARG(e->type));
    whose(&x->left, run);
    buf_puts(&x->left, ": ");
    if (how == MAP_DECIDED_OTHERWISE) {
        buf_puts(&x->left, "otherwise, and another event is made");
    } else if (how == MAP_DECIDED_ONCE) {
        buf_puts(&x->left, "once, and the first group has made it");
    } else {
        buf_puts(&x->left, "not when ");
        map_because_when(&x->left, run, &e->when);
    }
    event_place(&x->left, x, e->at);
}

/* Why the flags stand there that the maps name themselves. */
static void named_flags(struct explain *x, const struct map_run *run)
{
    const struct map_feed *feed = &run->context->feed;
    for (unsigned i = 0; i < feed->nflags; i++) {
        const struct map_flag *flag = &feed->flags[i];
        if (!event_has(run->event, EV_DATA_QUALITY, flag->name))
            continue;
        buf_printf(x->out, "        %.*s: ", SLICE_ARG(flag->name));
        map_because_written(x->out, flag->at);
        place(x->out, x, flag->at);
    }
}

static void qualities(struct explain *x, const struct map_run *run)
{
    const struct event *e = run->event;
    unsigned n = event_count(e, EV_DATA_QUALITY);
    if (!n)
        return;
    field_name(x->out, SLICE("data.quality"));
    for (unsigned i = 0; i < n; i++)
        buf_printf(x->out, "%s%.*s", i ? ", " : "", SLICE_ARG(event_nth(e, EV_DATA_QUALITY, i)));
    buf_putc(x->out, '\n');
    named_flags(x, run);
}

static void unset(struct explain *x)
{
    if (x->unset.n)
        buf_puts(x->out, "  without a value:\n");
    buf_put(x->out, buf_slice(&x->unset));
}

static void on_made(void *arg, struct map_run *run, const struct map_event *e)
{
    struct explain *x = arg;
    end_field(x);
    buf_printf(x->out, "  %.*s", SLICE_ARG(e->type));
    whose(x->out, run);
    event_place(x->out, x, e->at);
    buf_put(x->out, buf_slice(&x->fields));
    qualities(x, run);
    unset(x);
    x->made = true;
}

static void finish(struct explain *x, const struct translation *t)
{
    if (!x->made && t->verdict == TRANSLATE_NOTHING) {
        buf_puts(x->out, "  no event; what the tests could look at:\n");
        end_field(x);
        buf_put(x->out, buf_slice(&x->fields));
        unset(x);
    }
    buf_put(x->out, buf_slice(&x->left));
    if (!buf_ok(&x->fields) || !buf_ok(&x->unset) || !buf_ok(&x->tried) || !buf_ok(&x->left))
        x->out->failed = true;
}

void translate_explain(struct translator *t, struct slice raw, struct arena *arena,
                       struct slice folder, struct buf *out, struct translation *ret)
{
    struct explain x = {.folder = folder, .out = out};
    struct map_trace trace = {&x, on_begun, on_tried, on_timed, on_decided, on_made};
    buf_init(&x.fields, TEXT_MAX);
    buf_init(&x.unset, TEXT_MAX);
    buf_init(&x.tried, TEXT_MAX);
    buf_init(&x.left, TEXT_MAX);
    translate_trace(t, &trace);
    translate_run(t, raw, arena, ret);
    translate_trace(t, NULL);
    finish(&x, ret);
    buf_fini(&x.fields);
    buf_fini(&x.unset);
    buf_fini(&x.tried);
    buf_fini(&x.left);
}
