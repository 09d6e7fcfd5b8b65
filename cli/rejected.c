/* weir rejected - messages that no map could use, each with every reason; repeats of the same
 * trouble are one line, whatever line of a file it stood on. */
#include <stdio.h>
#include <unistd.h>
#include "dict.h"
#include "json.h"
#include "masked_message.h"
#include "rejected_find.h"
#include "rejected_retry.h"
#include "resolved.h"
#include "reveal.h"
#include "rfc3339.h"
#include "view.h"

enum {
    KINDS_MAX = 10000,
    ARENA_MAX = 256 * 1024 * 1024,
    RESOLVED_TEXT = 400,
    ALWAYS = 5 /* headers shown */
};

/* One kind of trouble at one source. */
struct trouble {
    struct slice source, kind, reasons, first;
    char last[40];               /* when the newest came */
    char newest[RESOLVED_PLACE]; /* name of the newest record, for `show` and `retry` */
    uint64_t count;
    bool resolved;
};

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

/* The text without the numbers of lines and columns: a file of bad rows is one trouble. */
static struct slice without_places(struct slice text, struct arena *arena)
{
    static const struct slice words[] = {{"line ", 5}, {"column ", 7}};
    struct buf out;
    buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < text.n;) {
        size_t w = 0;
        while (w < 2 && !slice_starts(slice_sub(text, i, text.n), words[w]))
            w++;
        if (w == 2) {
            buf_putc(&out, text.p[i++]);
            continue;
        }
        buf_put(&out, words[w]);
        i += words[w].n;
        for (bool first = true; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
            if (first)
                buf_putc(&out, '*');
            first = false;
        }
    }
    struct slice folded = arena_copy(arena, buf_slice(&out));
    buf_fini(&out);
    return folded;
}

struct fold {
    struct arena arena, scratch;
    struct resolved resolved;
    struct dict by_key;
    struct trouble *all;
    size_t n;
    struct trouble rest; /* of more kinds than are told apart */
    const struct options *o;
};

static bool is_wanted(const struct fold *f, const struct stream_message *m)
{
    if (resolved_is(m) || (!f->o->all && resolved_has(&f->resolved, m->partition, m->offset)))
        return false;
    return !f->o->source || slice_eq_str(stream_header_get(m, "source"), f->o->source);
}

static int fold_one(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct fold *f = arg;
    if (!is_wanted(f, m))
        return 0;
    arena_reset(&f->scratch);
    struct slice text = reasons_text(stream_header_get(m, "reasons"), &f->scratch);
    struct slice source = stream_header_get(m, "source"), kind = stream_header_get(m, "kind"),
                 at = stream_header_get(m, "received");
    bool resolved = resolved_has(&f->resolved, m->partition, m->offset);
    struct slice folded = without_places(text, &f->scratch);
    struct slice key = arena_printf(&f->scratch, "%.*s %.*s %d %.*s", SLICE_ARG(source),
                                    SLICE_ARG(kind), resolved, SLICE_ARG(folded));
    bool is_new = false;
    uint64_t *i = dict_put(&f->by_key, key, &is_new);
    struct trouble *t = i ? &f->all[is_new ? *i = f->n++ : *i] : &f->rest;
    if (is_new) {
        *t = (struct trouble){.source = arena_copy(&f->arena, source),
                              .kind = arena_copy(&f->arena, kind),
                              .reasons = arena_copy(&f->arena, text),
                              .first = arena_copy(&f->arena, at),
                              .resolved = resolved};
    } else if (i && !slice_eq(t->reasons, text) && !slice_eq(t->reasons, folded)) {
        t->reasons = arena_copy(&f->arena, folded);
    }
    t->count++;
    snprintf(t->last, sizeof(t->last), "%.*s", SLICE_ARG(at));
    resolved_name(m, t->newest);
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
        json_key(w, SLICE("resolved"));
        json_bool(w, t->resolved);
        json_object_end(w);
        puts(buf_cstr(&out));
        json_writer_close(w);
    }
    buf_fini(&out);
}

static int take_resolved(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct fold *f = arg;
    return resolved_take(&f->resolved, m, reterr);
}

/* What is resolved may stand in another partition than what resolves it: all of that comes first.
 */
static int fold_all(struct fold *f, struct view *v, struct err *reterr)
{
    struct stream_reader *r = NULL;
    f->all = arena_zalloc(&f->arena, KINDS_MAX, sizeof(*f->all));
    if (!f->all)
        return err_set(reterr, ERR_NOMEM, "no memory");
    if (view_read(v, "flow.rejected", STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    int result = view_fold(r, take_resolved, f, reterr);
    if (result == 0)
        result = stream_seek_time(r, 0, reterr);
    if (result == 0)
        result = view_fold(r, fold_one, f, reterr);
    stream_reader_close(r);
    return result;
}

static void print_trouble(const struct trouble *t, bool json)
{
    if (json)
        print_json(t);
    else
        printf("%6llu x  %-16.*s %-8.*s last %s  newest %-16s %s%.*s\n",
               (unsigned long long)t->count, SLICE_ARG(t->source), SLICE_ARG(t->kind), t->last,
               t->newest, t->resolved ? "(resolved) " : "", SLICE_ARG(t->reasons));
}

static int list(struct view *v, const struct options *o, struct err *reterr)
{
    static const char others[] = "more kinds of trouble than are told apart: see --source";
    struct fold f = {
        .o = o, .rest = {.source = SLICE("*"), .kind = SLICE("*"), .reasons = slice_str(others)}};
    arena_init(&f.arena, ARENA_MAX);
    arena_init(&f.scratch, ARENA_MAX);
    dict_init(&f.by_key, KINDS_MAX);
    resolved_init(&f.resolved);
    int result = fold_all(&f, v, reterr);
    for (size_t i = 0; result == 0 && i < f.n; i++)
        print_trouble(&f.all[i], o->json);
    if (result == 0 && f.rest.count)
        print_trouble(&f.rest, o->json);
    if (result == 0 && f.n == 0 && o->source && !site_source_find(v->site, slice_str(o->source)))
        result = err_set(reterr, ERR_INPUT, "there is no source '%s'", o->source);
    else if (result == 0 && f.n == 0 && !o->json)
        puts(f.resolved.blocks.count ? "nothing is left; --all shows what was resolved"
                                     : "nothing was rejected");
    resolved_fini(&f.resolved);
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

/* One message, as it is to be shown. */
struct one {
    const char *name;
    const struct options *o;
    char resolved[RESOLVED_TEXT]; /* "2026-…Z by alice, events: 1"; empty: it is not */
};

static void print_one(void *arg, const struct stream_message *m)
{
    const struct one *one = arg;
    struct arena arena;
    static const char *const shown[] = {"source", "received", "kind",
                                        "length", "sha256",   "answered"};
    arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        if (i < ALWAYS || slice_present(stream_header_get(m, shown[i])))
            printf("%-9s %.*s\n", shown[i], SLICE_ARG(stream_header_get(m, shown[i])));
    printf("%-9s %.*s\n", "reasons",
           SLICE_ARG(reasons_text(stream_header_get(m, "reasons"), &arena)));
    if (*one->resolved)
        printf("%-9s %s\n", "resolved", one->resolved);
    putchar('\n');
    if (one->o->reveal)
        print_as_sent(m->value);
    else
        masked_message_print(m->value, stdout);
    putchar('\n');
    arena_fini(&arena);
}

static int look_whether_resolved(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct one *one = arg;
    char at[RFC3339_SIZE];
    (void)reterr;
    if (!*one->resolved && resolved_is(m) && slice_eq_str(stream_header_get(m, "of"), one->name))
        snprintf(one->resolved, sizeof(one->resolved), "%s by %.*s, events: %.*s",
                 rfc3339_utc(m->time_ms, at).p, SLICE_ARG(stream_header_get(m, "by")),
                 SLICE_ARG(stream_header_get(m, "events")));
    return 0;
}

static int show(struct view *v, const struct options *o, const char *name, struct err *reterr)
{
    struct stream_reader *r = NULL;
    struct one one = {.name = name, .o = o};
    if (rejected_name_check(name, reterr) < 0 ||
        (o->reveal && reveal_audited(v, name, reterr) < 0) ||
        view_read(v, "flow.rejected", STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    int result = view_fold(r, look_whether_resolved, &one, reterr);
    stream_reader_close(r);
    return result < 0 ? -1 : rejected_find(v, name, print_one, &one, reterr);
}

static int look(const struct verb *self, const struct options *o, const char *name)
{
    struct view v;
    struct err err = {0};
    if (view_open(o, &v, &err) < 0)
        return verb_fail(self, &err);
    int result = name ? show(&v, o, name, &err) : list(&v, o, &err);
    view_close(&v);
    return result < 0 ? verb_fail(self, &err) : 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    int code = options_read(self,
                            OPTION_JSON | OPTION_REVEAL | OPTION_SOURCE | OPTION_ALL |
                                OPTION_REASON | OPTION_TIMEOUT | OPTION_DATA,
                            argc, argv, &o);
    if (code >= 0)
        return code;
    const char *what = o.rest < argc ? argv[o.rest] : "list";
    const char *name = o.rest + 1 < argc ? argv[o.rest + 1] : NULL;
    if (o.rest + 2 < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest + 2]);
    if (strcmp(what, "list") == 0 && !name)
        return look(self, &o, NULL);
    if (strcmp(what, "show") == 0 && name)
        return look(self, &o, name);
    if (strcmp(what, "retry") == 0 && (name != NULL) + (o.source != NULL) + o.all == 1)
        return rejected_retry(self, &o, name);
    return verb_usage(self, "wanted: list, show NAME, or retry with one of NAME, --source, --all");
}

const struct verb verb_rejected = {
    .name = "rejected",
    .summary = "messages that no map could use, and why: list, show, retry",
    .help =
        "Use: weir rejected list [--source NAME] [--all] [--json]\n"
        "     weir rejected show NAME [--reveal]\n"
        "     weir rejected retry NAME|--source NAME|--all [--reason TEXT] [--json] "
        "[--timeout 10m]\n\n"
        "list folds repeats: one line for each kind of trouble of a source, with its count and "
        "the name of the newest message; --all shows what was\n"
        "resolved, too. show prints every reason and the message with its values masked; --reveal "
        "shows it as sent, and is written to the audit\n"
        "log first.\n\n"
        "retry has the adapter translate the stored message again, once the map, a table or a "
        "limit is mended and taken (weir reload). What it makes\n"
        "has the ids that it would have had at once, and the refusal is resolved together with it. "
        "It comes behind what was taken meanwhile. What is\n"
        "refused again stays, and is told. Written to the audit log first; can be asked again at "
        "any time. Of a message that was too long only the head\n"
        "was kept: its sender has to send it again. Exit code 1 when something stays.\n"
        "--data DIR: as in 'weir status --help'.\n\n"
        "Example: weir rejected show acute/42\n"
        "         weir rejected retry --source royal-pas --reason \"MRG-1 mended\"\n",
    .run = run,
};
