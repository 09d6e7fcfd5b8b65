/* weir retranslate - after a mended map: what today's map makes otherwise of messages that were
 * taken before. */
#include <poll.h>
#include <stdio.h>
#include "ask.h"
#include "config_open.h"
#include "clock.h"
#include "rfc3339.h"
#include "site.h"

enum { LOOK_MS = 100, TELL_MS = 2000, ARENA_MAX = 64 * 1024 * 1024 };

struct work {
    const struct options *o;
    struct site *site;
    const char *data;
    char owner[64], run[32];
    struct arena arena; /* of an answer */
};

static int ask(struct work *w, const char *what, const struct ask_member *members, unsigned n,
               struct json **ret, struct err *reterr)
{
    arena_reset(&w->arena);
    return ask_process(w->data, w->owner, what, members, n, w->o->timeout_ms, &w->arena, ret,
                       reterr);
}

static int begin(struct work *w, struct err *reterr)
{
    char since[RFC3339_SIZE], until[RFC3339_SIZE];
    struct json *answer;
    const struct site_source *s = site_source_find(w->site, slice_str(w->o->source));
    if (!s)
        return err_set(reterr, ERR_INPUT, "there is no source '%s'", w->o->source);
    snprintf(w->owner, sizeof(w->owner), "%.*s", SLICE_ARG(s->adapter));
    rfc3339_utc(w->o->since_ms, since);
    rfc3339_utc(w->o->until_ms, until);
    const struct ask_member members[] = {
        {"source", w->o->source}, {"since", since},
        {"reason", w->o->reason}, {"until", w->o->has_until ? until : NULL},
        {"by", ask_user()},       {"dry_run", w->o->dry_run ? "yes" : NULL},
    };
    if (ask(w, "retranslate", members, sizeof(members) / sizeof(members[0]), &answer, reterr) < 0)
        return -1;
    snprintf(w->run, sizeof(w->run), "%.*s", SLICE_ARG(json_text(answer, "run")));
    return 0;
}

static void tell_progress(const struct json *a)
{
    fprintf(stderr, "weir retranslate: %.*s messages, at %.*s\n",
            SLICE_ARG(json_text(a, "messages")), SLICE_ARG(json_text(a, "at")));
}

/* Until it has ended. */
static int wait_end(struct work *w, struct json **ret, struct err *reterr)
{
    const struct ask_member run = {"run", w->run};
    int64_t told = clock_mono_ms();
    for (;; poll(NULL, 0, LOOK_MS)) {
        if (ask(w, "retranslated", &run, 1, ret, reterr) < 0)
            return err_at(reterr, "how it goes on is not known; ask again, what is there is not "
                                  "made twice");
        struct slice state = json_text(*ret, "state");
        if (slice_eq_str(state, "done"))
            return 0;
        if (slice_eq_str(state, "failed"))
            return err_set(reterr, ERR_REFUSED, "%.*s", SLICE_ARG(json_text(*ret, "why")));
        if (clock_mono_ms() - told < TELL_MS)
            continue;
        told = clock_mono_ms();
        tell_progress(*ret);
    }
}

static void print_row(const char *name, struct slice n, const char *what)
{
    printf("  %-10s %8.*s  %s\n", name, SLICE_ARG(n), what);
}

static void print_types(const struct json *a, const char *what)
{
    print_row(what, json_text(a, what), "");
    for (const struct json *t = json_get(a, "types")->child; t; t = t->next) {
        struct slice n = json_text(t, what);
        if (!slice_eq_str(n, "0"))
            printf("  %-10s %8s  %8.*s %.*s\n", "", "", SLICE_ARG(n),
                   SLICE_ARG(json_text(t, "type")));
    }
}

static void print_text(const struct json *a)
{
    const struct json *dry = json_get(a, "dry_run");
    printf("%.*s: %.*s messages received from %.*s to %.*s%s\n", SLICE_ARG(json_text(a, "source")),
           SLICE_ARG(json_text(a, "messages")), SLICE_ARG(json_text(a, "since")),
           SLICE_ARG(json_text(a, "until")),
           dry && dry->boolean ? "; nothing was written (--dry-run)" : "");
    print_row("unchanged", json_text(a, "unchanged"), "");
    print_types(a, "corrected");
    print_types(a, "new");
    print_types(a, "retracted");
    static const struct {
        const char *name, *what;
    } rest[] = {
        {"copies", "events of a message that was sent twice: its other copy counts"},
        {"unmapped", "messages without a map for their trigger today"},
        {"refused", "messages that today's map refuses: left as they are"},
        {"forgotten", "messages whose events are no longer kept: left as they are"},
    };
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
        if (!slice_eq_str(json_text(a, rest[i].name), "0"))
            print_row(rest[i].name, json_text(a, rest[i].name), rest[i].what);
}

static void print_json(const struct json *a)
{
    struct buf out;
    struct json_writer *w;
    struct err err;
    buf_init(&out, 1 << 20);
    if (json_writer_open(&out, &w, &err) == 0) {
        json_tree(w, a);
        puts(buf_cstr(&out));
        json_writer_close(w);
    }
    buf_fini(&out);
}

static int work(struct work *w, struct err *reterr)
{
    struct json *answer;
    if (config_open(w->o, SITE_NO_SECRETS, &w->site, reterr) < 0)
        return -1;
    w->data = site_path(w->site, w->site->data);
    if (begin(w, reterr) < 0 || wait_end(w, &answer, reterr) < 0)
        return -1;
    if (w->o->json)
        print_json(answer);
    else
        print_text(answer);
    return 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    struct work w = {.o = &o};
    int code = options_read(self,
                            OPTION_SOURCE | OPTION_SINCE | OPTION_UNTIL | OPTION_DRY_RUN |
                                OPTION_REASON | OPTION_TIMEOUT | OPTION_JSON | OPTION_DATA,
                            argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest != argc || !o.source || !o.has_since)
        return verb_usage(self, "wanted: --source NAME and --since TIME");
    arena_init(&w.arena, ARENA_MAX);
    int result = work(&w, &err);
    arena_fini(&w.arena);
    site_close(w.site);
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_retranslate = {
    .name = "retranslate",
    .summary = "after a mended map: correct what was said of messages taken before",
    .help =
        "Use: weir retranslate --source NAME --since TIME [--until TIME] [--dry-run]\n"
        "                      [--reason TEXT] [--json] [--data DIR] [--timeout 10s]\n\n"
        "The adapter of the source translates each message that it received since then once more, "
        "with the map it runs with now (so 'weir reload'\n"
        "first), and compares: an event that says the same stays; one that says otherwise is "
        "published again as <id>.r1 (.r2, ...) with\n"
        "data.replaces; one that was not made before gets its own id; for one that is no longer "
        "made, an event.retracted with data.replaces\n"
        "is published, which goes to every route that took the event. A message that the map "
        "refuses now is left as it is; what was refused\n"
        "before is for 'weir rejected'.\n\n"
        "Asked twice, it does nothing the second time; cut off, it goes on where it was. Messages "
        "that come meanwhile come first. It is\n"
        "written to the audit log.\n\n"
        "  --since, --until TIME   when the messages were received: 2h (ago), or "
        "2026-03-02T09:30:00Z; until: not given, now\n"
        "  --dry-run               count what would be published, by type, and publish nothing\n\n"
        "Exit codes: 0; 65 there is no such source; 75 it could not be ended: ask again.\n\n"
        "Example: weir retranslate --source demo-pas --since 2h --dry-run\n",
    .run = run,
};
