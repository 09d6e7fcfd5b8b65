/* weir frames - how the last frames began of which nothing could be made: cut, too slow, too long,
 * no MLLP, no HL7. */
#include <stdio.h>
#include <string.h>
#include "ask.h"
#include "config_open.h"
#include "num.h"
#include "plain_text.h"
#include "processes.h"

enum { LINE_MAX = 256 * 1024, ANSWER_ROOM = 64 * 1024 * 1024 };

struct frames {
    const struct options *o;
    struct site *site;
    unsigned shown;
};

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Segments a line; what is no printing ASCII as <0B>. */
static void print_head(struct slice hex)
{
    bool fresh = true;
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        int high = digit_of(hex.p[i]), low = digit_of(hex.p[i + 1]);
        int byte = high < 0 || low < 0 ? '?' : high * 16 + low;
        if (fresh)
            fputs("    ", stdout);
        fresh = byte == '\r';
        if (byte >= 0x20 && byte < 0x7f)
            putchar(byte);
        else
            printf("<%02X>", (unsigned)byte);
        if (fresh)
            putchar('\n');
    }
    if (!fresh)
        putchar('\n');
}

static const char *fault_text(struct slice fault)
{
    static const struct {
        const char *fault, *text;
    } rows[] = {{"restart", "another frame began within it: not answered"},
                {"cut", "the connection ended within it: not answered"},
                {"slow", "it took longer than frame_time: not answered"},
                {"too_long", "longer than frame_max: refused, see 'weir rejected list'"},
                {"no_hl7", "cannot be taken apart: refused, see 'weir rejected list'"},
                {"no_mllp", "bytes of a connection that sent no frame"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (slice_eq_str(fault, rows[i].fault))
            return rows[i].text;
    return "";
}

static void print_one(const struct json *f)
{
    struct slice head = json_text(f, "head"), bytes = json_text(f, "bytes"),
                 guess = json_text(f, "looks_like");
    static const char *const first[] = {"source", "no", "at", "peer"};
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        if (i)
            putchar(' ');
        plain_put(stdout, json_text(f, first[i]));
    }
    uint64_t came = 0;
    num_u64(bytes, &came);
    printf(": %llu bytes", (unsigned long long)came);
    if (head.n / 2 < came)
        printf(", the first %zu below", head.n / 2);
    printf("; %s", fault_text(json_text(f, "fault")));
    if (guess.n) {
        fputs("; looks like ", stdout);
        plain_put(stdout, guess);
    }
    putchar('\n');
    print_head(head);
}

static int print_json(const struct json *f, struct err *reterr)
{
    struct buf out;
    struct json_writer *w;
    buf_init(&out, LINE_MAX);
    int result = json_writer_open(&out, &w, reterr);
    if (result == 0) {
        json_tree(w, f);
        puts(buf_cstr(&out));
        json_writer_close(w);
    }
    buf_fini(&out);
    return result;
}

static int show_all(struct frames *x, const struct json *answer, struct err *reterr)
{
    const struct json *list = json_get(answer, "frames");
    for (const struct json *f = list ? list->child : NULL; f; f = f->next) {
        x->shown++;
        if (!x->o->json)
            print_one(f);
        else if (print_json(f, reterr) < 0)
            return -1;
    }
    return 0;
}

static int ask_one(struct frames *x, const char *process, const struct site_source *s,
                   struct err *reterr)
{
    const struct ask_member members[] = {
        {"source", s->name.p}, {"reveal", x->o->reveal ? "yes" : NULL}, {"by", ask_user()}};
    struct arena arena;
    struct json *answer;
    arena_init(&arena, ANSWER_ROOM);
    int result = ask_process(site_path(x->site, x->site->data), process, "frames", members,
                             sizeof(members) / sizeof(members[0]), x->o->timeout_ms, &arena,
                             &answer, reterr);
    result = result < 0 ? err_at(reterr, "%s", process) : show_all(x, answer, reterr);
    arena_fini(&arena);
    return result;
}

/* Source by source: the frames of all might not fit one answer. */
static int ask_source(struct frames *x, const struct site_source *s, struct err *reterr)
{
    const char *names[PROCESSES_MAX];
    unsigned n = processes_like(x->site, s->adapter.p, names);
    for (unsigned i = 0; i < n; i++)
        if (ask_one(x, names[i], s, reterr) < 0)
            return -1;
    return 0;
}

static int ask_all(struct frames *x, const char *source, struct err *reterr)
{
    const struct site_source *one = source ? site_source_find(x->site, slice_str(source)) : NULL;
    if (source && !one)
        return err_set(reterr, ERR_INPUT, "there is no source '%s'", source);
    if (one && !one->has_mllp)
        return err_set(reterr, ERR_INPUT, "source '%s' has no mllp, so no frames", source);
    struct err first = {0};
    for (unsigned i = 0; i < x->site->nsources; i++) {
        const struct site_source *s = &x->site->sources[i];
        struct err err = {0};
        /* One adapter that is down hides nothing of the others. */
        if (s->has_mllp && (!one || s == one) && ask_source(x, s, &err) < 0 && !first.code)
            first = err;
    }
    if (first.code) {
        *reterr = first;
        return -1;
    }
    if (!x->shown && !x->o->json)
        puts("no frame has failed since the adapter started");
    return 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    struct frames x = {.o = &o};
    int code = options_read(self, OPTION_JSON | OPTION_REVEAL | OPTION_TIMEOUT | OPTION_DATA, argc,
                            argv, &o);
    if (code >= 0)
        return code;
    if (o.rest + 1 < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest + 1]);
    if (config_open(&o, SITE_NO_SECRETS, &x.site, &err) < 0)
        return verb_fail(self, &err);
    int result = ask_all(&x, o.rest < argc ? argv[o.rest] : NULL, &err);
    site_close(x.site);
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_frames = {
    .name = "frames",
    .summary = "how the last frames began of which nothing could be made",
    .help =
        "Use: weir frames [SOURCE] [--reveal] [--json] [--data DIR] [--timeout 10s]\n\n"
        "Asks the adapter of the source, or all of them, how the last failed frames of each source "
        "began since it started (16, 4 KiB of each:\n"
        "mllp.failed_frames, failed_frame_bytes):\n"
        "cut off, too slow, begun anew, longer than frame_max, no HL7, and what came on "
        "connections that sent no frame at all, with what it looks\n"
        "like (TLS, HTTP, HL7 without VT, ...). They are in the adapter's memory only: what was "
        "not answered is sent again by its sender, what was\n"
        "refused is kept in full or in part in flow.rejected ('weir rejected').\n\n"
        "A segment a line; bytes that are no printing ASCII as <0B>. Letters and digits are masked "
        "but for the systems, type and version in MSH;\n"
        "--reveal shows them, and is written to the audit log first. --json: a line for each, "
        "with the bytes in hex.\n\n"
        "Example: weir frames royal-pas\n",
    .run = run,
};
