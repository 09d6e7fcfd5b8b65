/* weir rejected - messages that no map could use, each with every reason; repeats of the same
 * trouble are one line. */
#include <stdio.h>
#include <unistd.h>
#include "dict.h"
#include "json.h"
#include "masked_message.h"
#include "num.h"
#include "reveal.h"
#include "view.h"

enum { KINDS_MAX = 10000, ARENA_MAX = 256 * 1024 * 1024 };

/* One kind of trouble at one source. */
struct trouble {
    struct slice source, kind, reasons, first;
    char last[40];   /* when the newest came */
    char newest[64]; /* name of the newest record, for `show` */
    uint64_t count;
};

/* "acute/42": partition and offset. */
static void name_of(const struct stream_message *m, char out[64])
{
    snprintf(out, 64, "%.*s/%lld", SLICE_ARG(m->partition), (long long)m->offset);
}

/* "101 at PID-3: …; 102 at PID-7.1: …" of the reasons' JSON. */
static struct slice reasons_text(struct slice json, struct arena *arena)
{
    struct buf out;
    struct json *list;
    struct err err = {0};
    buf_init(&out, 64 * 1024);
    if (json_read(json, &json_default_limits, arena, &list, &err) < 0) {
        buf_puts(&out, "no reason can be read");
        list = NULL;
    }
    for (const struct json *r = list ? list->child : NULL; r; r = r->next) {
        struct slice at = json_text(r, "at");
        buf_printf(&out, "%s%.*s", out.n ? "; " : "", SLICE_ARG(json_text(r, "code")));
        if (at.n)
            buf_printf(&out, " at %.*s", SLICE_ARG(at));
        buf_printf(&out, ": %.*s", SLICE_ARG(json_text(r, "text")));
    }
    struct slice text = arena_copy(arena, buf_slice(&out));
    buf_fini(&out);
    return text;
}

struct fold {
    struct arena arena, scratch;
    struct dict by_key;
    struct trouble *all;
    size_t n;
    const char *wanted; /* this source alone; NULL: all */
};

static int fold_one(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct fold *f = arg;
    if (f->wanted && !slice_eq_str(stream_header_get(m, "source"), f->wanted))
        return 0;
    arena_reset(&f->scratch);
    struct slice text = reasons_text(stream_header_get(m, "reasons"), &f->scratch);
    struct slice source = stream_header_get(m, "source"), kind = stream_header_get(m, "kind"),
                 at = stream_header_get(m, "received");
    struct slice key = arena_printf(&f->scratch, "%.*s %.*s %.*s", SLICE_ARG(source),
                                    SLICE_ARG(kind), SLICE_ARG(text));
    bool is_new;
    uint64_t *i = dict_put(&f->by_key, key, &is_new);
    if (!i)
        return err_set(reterr, ERR_LIMIT, "more than %d kinds of trouble", KINDS_MAX);
    if (is_new) {
        *i = f->n++;
        f->all[*i] = (struct trouble){.source = arena_copy(&f->arena, source),
                                      .kind = arena_copy(&f->arena, kind),
                                      .reasons = arena_copy(&f->arena, text),
                                      .first = arena_copy(&f->arena, at)};
    }
    struct trouble *t = &f->all[*i];
    t->count++;
    snprintf(t->last, sizeof(t->last), "%.*s", SLICE_ARG(at));
    name_of(m, t->newest);
    return f->arena.overflow ? err_set(reterr, ERR_LIMIT, "too much trouble to show") : 0;
}

static void print_json(const struct trouble *t)
{
    struct buf out;
    struct json_writer *w;
    struct err err = {0};
    buf_init(&out, 1 << 20);
    if (json_writer_open(&out, &w, &err) == 0) {
        const struct {
            const char *name;
            struct slice value;
        } members[] = {{"source", t->source},        {"kind", t->kind},
                       {"reasons", t->reasons},      {"first", t->first},
                       {"last", slice_str(t->last)}, {"newest", slice_str(t->newest)}};
        json_object(w);
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
            json_key(w, slice_str(members[i].name));
            json_string(w, members[i].value);
        }
        json_key(w, SLICE("count"));
        json_int(w, (int64_t)t->count);
        json_object_end(w);
        puts(buf_cstr(&out));
        json_writer_close(w);
    }
    buf_fini(&out);
}

static int list(struct view *v, const struct options *o, struct err *reterr)
{
    struct fold f = {.wanted = o->source};
    struct stream_reader *r = NULL;
    arena_init(&f.arena, ARENA_MAX);
    arena_init(&f.scratch, ARENA_MAX);
    dict_init(&f.by_key, KINDS_MAX);
    f.all = arena_zalloc(&f.arena, KINDS_MAX, sizeof(*f.all));
    int result = f.all ? view_read(v, "flow.rejected", STREAM_EARLIEST, &r, reterr)
                       : err_set(reterr, ERR_NOMEM, "no memory");
    if (result == 0)
        result = view_fold(r, fold_one, &f, reterr);
    for (size_t i = 0; result == 0 && i < f.n; i++) {
        const struct trouble *t = &f.all[i];
        if (o->json)
            print_json(t);
        else
            printf("%6llu x  %-16.*s %-8.*s last %s  newest %-16s %.*s\n",
                   (unsigned long long)t->count, SLICE_ARG(t->source), SLICE_ARG(t->kind), t->last,
                   t->newest, SLICE_ARG(t->reasons));
    }
    if (result == 0 && f.n == 0 && !o->json)
        puts("nothing was rejected");
    stream_reader_close(r);
    dict_fini(&f.by_key);
    arena_fini(&f.scratch);
    arena_fini(&f.arena);
    return result;
}

/* A file gets the very bytes; on a terminal a bare CR would write each segment over the one before,
 * and other control bytes would steer it. */
static void print_as_sent(struct slice message)
{
    if (!isatty(STDOUT_FILENO)) {
        fwrite(message.p, 1, message.n, stdout);
        return;
    }
    for (size_t i = 0; i < message.n; i++) {
        unsigned char b = (unsigned char)message.p[i];
        if (b == '\r' && i + 1 < message.n && message.p[i + 1] == '\n')
            continue;
        putchar(b == '\r' || b == '\n' ? '\n' : b < 0x20 || b == 0x7f ? '?' : b);
    }
}

static void print_one(const struct stream_message *m, const struct options *o)
{
    struct arena arena;
    static const char *const shown[] = {"source", "received", "kind", "length", "sha256"};
    arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        printf("%-9s %.*s\n", shown[i], SLICE_ARG(stream_header_get(m, shown[i])));
    printf("%-9s %.*s\n\n", "reasons",
           SLICE_ARG(reasons_text(stream_header_get(m, "reasons"), &arena)));
    if (o->reveal)
        print_as_sent(m->value);
    else
        masked_message_print(m->value, stdout);
    putchar('\n');
    arena_fini(&arena);
}

struct search {
    struct slice partition;
    int64_t offset;
    const struct options *options;
    bool found, ended;
};

/* -1 ends the reading: it was found, or its place was passed. */
static int look(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct search *s = arg;
    (void)reterr;
    if (!slice_eq(m->partition, s->partition) || m->offset < s->offset)
        return 0;
    s->ended = true;
    s->found = m->offset == s->offset;
    if (s->found)
        print_one(m, s->options);
    return -1;
}

static int show(struct view *v, const struct options *o, const char *name, struct err *reterr)
{
    struct slice rest = slice_str(name), partition = slice_split(&rest, '/');
    struct stream_reader *r = NULL;
    uint64_t offset;
    if (!num_u64(rest, &offset) || offset > INT64_MAX)
        return err_set(reterr, ERR_INPUT,
                       "'%s' is no name of a rejected message; 'weir rejected list' shows the "
                       "newest of each kind",
                       name);
    if (o->reveal && reveal_audited(v, name, reterr) < 0)
        return -1;
    if (view_read(v, "flow.rejected", STREAM_LATEST, &r, reterr) < 0)
        return -1;
    struct search search = {partition, (int64_t)offset, o, false, false};
    int result = stream_seek(r, SLICE("flow.rejected"), partition, (int64_t)offset, reterr);
    if (result == 0 && view_fold(r, look, &search, reterr) < 0 && !search.ended)
        result = -1;
    else if (result == 0 && !search.found)
        result = err_set(reterr, ERR_INPUT, "no rejected message '%s' is there", name);
    stream_reader_close(r);
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct view v;
    struct err err = {0};
    int code = options_read(self, OPTION_JSON | OPTION_REVEAL | OPTION_SOURCE, argc, argv, &o);
    if (code >= 0)
        return code;
    const char *what = o.rest < argc ? argv[o.rest] : "list";
    const char *name = o.rest + 1 < argc ? argv[o.rest + 1] : NULL;
    bool shows = strcmp(what, "show") == 0 && name;
    if (!shows && (strcmp(what, "list") != 0 || name))
        return verb_usage(self, "wanted: list, or show NAME");
    if (view_open(&o, &v, &err) < 0)
        return verb_fail(self, &err);
    int result = shows ? show(&v, &o, name, &err) : list(&v, &o, &err);
    view_close(&v);
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_rejected = {
    .name = "rejected",
    .summary = "messages that no map could use, and why: list, show",
    .help = "Use: weir rejected list [--source NAME] [--json]\n"
            "     weir rejected show NAME [--reveal]\n\n"
            "list folds repeats: one line for each kind of trouble of a source, with its count and "
            "the name of the newest message. show prints every\n"
            "reason and the message with its values masked; --reveal shows it as sent, and is "
            "written to the audit log first.\n\n"
            "Example: weir rejected show acute/42\n",
    .run = run,
};
