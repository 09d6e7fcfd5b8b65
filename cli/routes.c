/* weir routes - what goes through which route, to whom; and what goes through none. */
#include <stdio.h>
#include "ask.h"
#include "config_open.h"
#include "num.h"
#include "site.h"

enum { OUT_MAX = 64 * 1024 * 1024 };

static struct slice keep_of(const struct site_route *r, struct arena *arena)
{
    struct slice text = SLICE("");
    for (unsigned i = 0; i < r->keep.n && slice_present(text); i++)
        text = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(text), i ? ", " : "",
                            SLICE_ARG(r->keep.at[i]));
    return text.n ? text : SLICE("no identifiers");
}

/* The row of that name in the broker's answer, or NULL. Both are in the order of the config, so
 * that *at is nearly always it. */
static const struct json *row_of(const struct json *answer, struct slice name,
                                 const struct json **at)
{
    const struct json *rows = json_get(answer, "routes");
    if (*at && slice_eq(json_text(*at, "name"), name)) {
        const struct json *row = *at;
        *at = row->next;
        return row;
    }
    for (const struct json *r = rows ? rows->child : NULL; r; r = r->next)
        if (slice_eq(json_text(r, "name"), name)) {
            *at = r->next;
            return r;
        }
    return NULL;
}

static void print_route(const struct site *site, const struct site_route *r,
                        const struct json *counts)
{
    bool none = true;
    printf("%.*s\n  rule     %.*s\n  keep     %.*s%s%s\n  readers ", SLICE_ARG(r->name),
           slice_present(r->when) ? (int)r->when.n : 11,
           slice_present(r->when) ? r->when.p : "every event", SLICE_ARG(keep_of(r, site->arena)),
           r->identifiers ? "; may tell who the patient is" : "",
           r->restricted ? "; restricted patients too" : "");
    for (unsigned i = 0; i < site->nconsumers; i++)
        if (slice_eq(site->consumers[i].route, r->name)) {
            printf("%s %.*s", none ? "" : ",", SLICE_ARG(site->consumers[i].name));
            none = false;
        }
    printf("%s\n", none ? " none of weir's own" : "");
    if (counts)
        printf("  matched  %.*s\n  errors   %.*s\n", SLICE_ARG(json_text(counts, "matched")),
               SLICE_ARG(json_text(counts, "errors")));
}

static void write_readers(struct json_writer *w, const struct site *site,
                          const struct site_route *r)
{
    json_key(w, SLICE("readers"));
    json_array(w);
    for (unsigned i = 0; i < site->nconsumers; i++)
        if (slice_eq(site->consumers[i].route, r->name))
            json_string(w, site->consumers[i].name);
    json_array_end(w);
}

static void write_route(struct json_writer *w, const struct site *site, const struct site_route *r,
                        const struct json *counts)
{
    json_object(w);
    json_key(w, SLICE("name"));
    json_string(w, r->name);
    if (slice_present(r->when)) {
        json_key(w, SLICE("rule"));
        json_string(w, r->when);
    }
    json_key(w, SLICE("keep"));
    json_array(w);
    for (unsigned i = 0; i < r->keep.n; i++)
        json_string(w, r->keep.at[i]);
    json_array_end(w);
    json_key(w, SLICE("identifiers"));
    json_bool(w, r->identifiers);
    json_key(w, SLICE("restricted"));
    json_bool(w, r->restricted);
    write_readers(w, site, r);
    static const char *const members[] = {"matched", "errors"};
    for (size_t i = 0; counts && i < sizeof(members) / sizeof(members[0]); i++) {
        json_key(w, slice_str(members[i]));
        json_number(w, json_text(counts, members[i]));
    }
    json_object_end(w);
}

static void print_unrouted(const struct json *rows)
{
    if (!rows->child)
        puts("since the broker started, some route took each event");
    for (const struct json *r = rows->child; r; r = r->next) {
        printf("%10.*s  %.*s ", SLICE_ARG(json_text(r, "count")), SLICE_ARG(json_text(r, "type")));
        const struct json *newest = json_get(r, "newest");
        for (const struct json *id = newest ? newest->child : NULL; id; id = id->next)
            printf(" %.*s", SLICE_ARG(id->text));
        printf("\n");
    }
}

static void print_routes(const struct site *site, const struct json *answer)
{
    const struct json *at = json_get(answer, "routes");
    uint64_t total = 0, count;
    at = at ? at->child : NULL;
    for (unsigned i = 0; i < site->nroutes; i++)
        print_route(site, &site->routes[i], row_of(answer, site->routes[i].name, &at));
    const struct json *unrouted = json_get(answer, "unrouted");
    for (const struct json *r = unrouted ? unrouted->child : NULL; r; r = r->next)
        total += num_u64(json_text(r, "count"), &count) ? count : 0;
    if (total)
        printf("%llu events were taken by no route: weir routes --unrouted\n",
               (unsigned long long)total);
}

static int print_json(const struct site *site, const struct json *answer, bool unrouted,
                      struct err *reterr)
{
    struct buf out;
    struct json_writer *w;
    const struct json *at = json_get(answer, "routes"), *rows = json_get(answer, "unrouted");
    buf_init(&out, OUT_MAX);
    if (json_writer_open(&out, &w, reterr) < 0) {
        buf_fini(&out);
        return -1;
    }
    at = at ? at->child : NULL;
    json_object(w);
    if (!unrouted) {
        json_key(w, SLICE("routes"));
        json_array(w);
        for (unsigned i = 0; i < site->nroutes; i++)
            write_route(w, site, &site->routes[i], row_of(answer, site->routes[i].name, &at));
        json_array_end(w);
    }
    if (rows) {
        json_key(w, SLICE("unrouted"));
        json_tree(w, rows);
    }
    json_object_end(w);
    buf_putc(&out, '\n');
    bool ok = buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    json_writer_close(w);
    buf_fini(&out);
    return ok ? 0 : err_set(reterr, ERR_IO, "standard output cannot be written");
}

static int show(const struct options *o, const struct site *site, struct err *reterr)
{
    struct json *answer = NULL;
    if (ask_kind(site, "broker", "routes", NULL, 0, o->timeout_ms, &answer, reterr) < 0) {
        if (o->unrouted)
            return -1;
        fprintf(stderr, "weir routes: no counts: %s\n", reterr->text);
    }
    if (o->json)
        return print_json(site, answer, o->unrouted, reterr);
    if (o->unrouted)
        print_unrouted(json_get(answer, "unrouted"));
    else
        print_routes(site, answer);
    return 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct site *site;
    struct err err = {0};
    int code = options_read(self, OPTION_JSON | OPTION_TIMEOUT | OPTION_UNROUTED | OPTION_DATA,
                            argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest]);
    if (config_open(&o, 0, &site, &err) < 0)
        return verb_fail(self, &err);
    int result = show(&o, site, &err);
    site_close(site);
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_routes = {
    .name = "routes",
    .summary = "which events go to whom, how many did, and what no route takes",
    .help = "Use: weir routes [--unrouted] [--json] [--data DIR] [--timeout 10s]\n\n"
            "For each route of the configuration: its rule, what of the patient its readers get, "
            "who reads it, and how many events it took and on\n"
            "how many its rule failed since the broker started. Without a running broker, what the "
            "configuration says.\n\n"
            "  --unrouted       what no route took since then: how many of each type, and the ids "
            "of the newest\n"
            "                   ('weir explain ID' says why)\n"
            "  --data DIR       what was taken in that data folder, whatever the file says\n\n"
            "Example: weir routes --json | grep demo\n",
    .run = run,
};
