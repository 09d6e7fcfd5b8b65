/* translate_case CONFIG SOURCE FILE… - each file is one message for that source of the
 * configuration. Prints a line of JSON for each: {"verdict", "trigger", "reasons": [{"code",
 * "at"}], "retired", "events": […]}. */
#include <stdio.h>
#include <stdlib.h>
#include "buf.h"
#include "translate.h"

enum { FILE_MAX = 16 << 20, ARENA_MAX = 64 << 20 };

struct tool {
    struct translator *translator;
    struct arena arena;
    struct buf message, out;
    struct event_encoder *events;
};

static int read_file(const char *name, struct buf *into, struct err *reterr)
{
    FILE *f = fopen(name, "rb");
    if (!f)
        return err_set(reterr, ERR_IO, "%s: cannot be read", name);
    char piece[65536];
    size_t n;
    buf_reset(into);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_put(into, slice_make(piece, n));
    fclose(f);
    return buf_ok(into) ? 0 : err_set(reterr, ERR_LIMIT, "%s: too large", name);
}

static void put_text(struct tool *t, const char *key, struct slice text)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_printf(&b, "\"%s\":\"%.*s\"", key, SLICE_ARG(text));
    buf_put(&t->out, buf_slice(&b));
    buf_fini(&b);
}

static void put_reasons(struct tool *t, const struct translation *tr)
{
    buf_puts(&t->out, ",\"reasons\":[");
    for (unsigned i = 0; i < tr->nreasons; i++) {
        const struct translate_reason *r = &tr->reasons[i];
        buf_printf(&t->out, "%s{\"code\":%u,\"at\":\"%.*s", i ? "," : "", r->code,
                   SLICE_ARG(slice_present(r->expression) ? r->expression : r->segment));
        if (r->sequence)
            buf_printf(&t->out, "[%u]", r->sequence);
        if (r->field)
            buf_printf(&t->out, "-%u", r->field);
        buf_puts(&t->out, "\"}");
    }
    buf_puts(&t->out, "]");
}

static void put_events(struct tool *t, const struct translation *tr)
{
    buf_puts(&t->out, ",\"events\":[");
    for (unsigned i = 0; i < tr->nevents; i++) {
        if (i)
            buf_putc(&t->out, ',');
        event_encode(t->events, tr->events[i].event, NULL);
    }
    buf_puts(&t->out, "],\"people\":[");
    for (unsigned i = 0; i < tr->nevents; i++) {
        const struct translate_event *e = &tr->events[i];
        buf_puts(&t->out, i ? ",{" : "{");
        put_text(t, "person", e->person);
        buf_putc(&t->out, ',');
        put_text(t, "local", e->person_local);
        buf_putc(&t->out, ',');
        put_text(t, "retired", e->retired);
        buf_putc(&t->out, '}');
    }
    buf_puts(&t->out, "]");
}

static int one(struct tool *t, const char *name, struct err *reterr)
{
    struct translation tr;
    if (read_file(name, &t->message, reterr) < 0)
        return -1;
    arena_reset(&t->arena);
    buf_reset(&t->out);
    /* The exact size on the heap: reading past the end is seen by the sanitizer. */
    size_t n = t->message.n;
    char *exact = malloc(n ? n : 1);
    if (!exact)
        return err_set(reterr, ERR_NOMEM, "no memory");
    if (n)
        memcpy(exact, t->message.p, n);
    translate_run(t->translator, slice_make(exact, n), &t->arena, &tr);
    buf_puts(&t->out, "{");
    put_text(t, "verdict", slice_str(translate_verdict_name(tr.verdict)));
    put_reasons(t, &tr);
    put_events(t, &tr);
    buf_puts(&t->out, "}\n");
    fwrite(t->out.p, 1, t->out.n, stdout);
    free(exact);
    return buf_ok(&t->out) ? 0 : err_set(reterr, ERR_LIMIT, "%s: too many events", name);
}

static int run(struct tool *t, int argc, char **argv, struct site **site, struct err *reterr)
{
    if (argc < 4)
        return err_set(reterr, ERR_INPUT, "usage: translate_case CONFIG SOURCE FILE…");
    if (site_open(argv[1], SITE_PSEUDONYM, site, reterr) < 0)
        return -1;
    const struct site_source *source = site_source_find(*site, slice_str(argv[2]));
    if (!source)
        return err_set(reterr, ERR_INPUT, "%s: no source %s", argv[1], argv[2]);
    if (translate_open(*site, source, site_maps_dir(*site), &t->translator, reterr) < 0 ||
        event_encoder_open(&t->out, &t->events, reterr) < 0)
        return -1;
    for (int i = 3; i < argc; i++)
        if (one(t, argv[i], reterr) < 0)
            return -1;
    return 0;
}

int main(int argc, char **argv)
{
    struct tool t = {0};
    struct site *site = NULL;
    struct err err = {0};
    arena_init(&t.arena, ARENA_MAX);
    buf_init(&t.message, FILE_MAX);
    buf_init(&t.out, FILE_MAX);
    int rc = run(&t, argc, argv, &site, &err);
    if (rc < 0)
        fprintf(stderr, "translate_case: %s\n", err.text);
    event_encoder_close(t.events);
    translate_close(t.translator);
    site_close(site);
    buf_fini(&t.out);
    buf_fini(&t.message);
    arena_fini(&t.arena);
    return rc < 0 ? 1 : 0;
}
