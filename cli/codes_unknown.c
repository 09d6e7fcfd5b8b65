#include "codes.h"

#include <stdio.h>
#include "clock.h"
#include "event.h"
#include "json.h"
#include "plain_text.h"
#include "reveal.h"
#include "unknown_codes.h"
#include "view.h"

enum { ROWS_MAX = 10000, OUT_MAX = 16 << 20, PRESET_MS = 24 * 3600 * 1000 };

struct unknown {
    const struct options *o;
    struct unknown_codes codes;
    struct arena arena; /* of one event */
    uint64_t unreadable;
};

/* Most events have no such flag: only those that may are read. */
static int look(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct unknown *k = arg;
    struct event *e;
    struct err ignored = {0};
    struct slice source = stream_header_get(m, "source");
    (void)reterr;
    if (k->o->source && !slice_eq_str(source, k->o->source))
        return 0;
    if (!memmem(m->value.p, m->value.n, unknown_code_flag.p, unknown_code_flag.n))
        return 0;
    arena_reset(&k->arena);
    if (event_decode(m->value, &k->arena, &e, &ignored) == 0)
        unknown_codes_add(&k->codes, e, source, stream_header_get(m, "received"));
    else
        k->unreadable++;
    return 0;
}

static void print_row(const struct unknown_code *r)
{
    printf("%9llu  %-16.*s %-28.*s ", (unsigned long long)r->count, SLICE_ARG(r->source),
           SLICE_ARG(r->field));
    plain_put(stdout, slice_present(r->code) ? r->code : SLICE("(not kept)"));
    printf("  last %s", r->last);
    if (slice_present(r->table))
        printf("  not in %.*s", SLICE_ARG(r->table));
    printf("\n");
}

static void print(const struct unknown *k)
{
    if (!k->codes.n)
        puts("every code was in its table");
    for (unsigned i = 0; i < k->codes.n; i++)
        print_row(&k->codes.rows[i]);
    if (k->codes.others)
        printf("%9llu  more, of further codes: narrow it with --source or --since\n",
               (unsigned long long)k->codes.others);
}

static void member(struct json_writer *w, const char *name, struct slice value)
{
    if (!slice_present(value))
        return;
    json_key(w, slice_str(name));
    json_string(w, value);
}

static void write_row(struct json_writer *w, const struct unknown_code *r)
{
    json_object(w);
    json_key(w, SLICE("count"));
    json_int(w, (int64_t)r->count);
    member(w, "source", r->source);
    member(w, "field", r->field);
    member(w, "code", r->code);
    member(w, "table", r->table);
    member(w, "last", slice_str(r->last));
    json_object_end(w);
}

static int print_json(const struct unknown *k, struct err *reterr)
{
    struct buf out;
    struct json_writer *w;
    buf_init(&out, OUT_MAX);
    if (json_writer_open(&out, &w, reterr) < 0) {
        buf_fini(&out);
        return -1;
    }
    for (unsigned i = 0; i < k->codes.n; i++) {
        json_writer_reset(w);
        write_row(w, &k->codes.rows[i]);
        buf_putc(&out, '\n');
    }
    bool ok = buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    json_writer_close(w);
    buf_fini(&out);
    return ok ? 0 : err_set(reterr, ERR_IO, "standard output cannot be written");
}

static int check_source(const struct options *o, const struct site *site, struct err *reterr)
{
    if (!o->source || site_source_find(site, slice_str(o->source)))
        return 0;
    return err_set(reterr, ERR_INPUT, "%s has no source '%s'", site->file, o->source);
}

static int count_all(struct unknown *k, struct view *view, struct err *reterr)
{
    struct stream_reader *r = NULL;
    int64_t since = k->o->has_since ? k->o->since_ms : clock_wall_ms() - PRESET_MS;
    if (check_source(k->o, view->site, reterr) < 0 ||
        (k->o->reveal && reveal_audited(view, "codes", reterr) < 0) ||
        view_read(view, "flow.reported", STREAM_LATEST, &r, reterr) < 0)
        return -1;
    int result = stream_seek_time(r, since > 0 ? since : 0, reterr);
    if (result == 0)
        result = view_fold(r, look, k, reterr);
    stream_reader_close(r);
    return result;
}

int codes_unknown(const struct options *o, struct err *reterr)
{
    struct unknown k = {.o = o};
    struct view view;
    if (view_open(o, &view, reterr) < 0)
        return -1;
    arena_init(&k.arena, EVENT_SIZE_MAX * 4);
    int result = unknown_codes_open(&k.codes, ROWS_MAX, o->reveal, reterr);
    if (result == 0)
        result = count_all(&k, &view, reterr);
    if (result == 0) {
        unknown_codes_sort(&k.codes);
        if (k.unreadable)
            fprintf(stderr, "weir codes: %llu records are no events\n",
                    (unsigned long long)k.unreadable);
        if (o->json)
            result = print_json(&k, reterr);
        else
            print(&k);
    }
    unknown_codes_close(&k.codes);
    arena_fini(&k.arena);
    view_close(&view);
    return result;
}
