/* weir explain - why each route takes an event, or does not: of messages through the site's maps,
 * of events in a file, or of one that has flowed. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "event_retracted.h"
#include "explain_print.h"
#include "find_event.h"
#include "message_file.h"
#include "options.h"
#include "reveal.h"
#include "rule_site.h"
#include "translators.h"

enum { RULES_BYTES_MAX = 64 * 1024 * 1024, WORK_BYTES_MAX = 64 * 1024 * 1024 };

struct explain {
    const struct options *o;
    struct site *site;
    struct arena arena, work;  /* rules; one message, event or explanation */
    const struct rule **rules; /* by route; NULL: it has none */
    struct translators translators;
    struct explain_print print;
    const struct event *was; /* what the event at hand retracts, or NULL */
    bool stored;             /* the event is another's, not from the user's own file */
    bool refused;
};

static int compile_rules(struct explain *x, struct err *reterr)
{
    const struct site *site = x->site;
    struct rule_env env;
    x->rules = arena_zalloc(&x->arena, (size_t)site->nroutes + 1, sizeof(*x->rules));
    if (!x->rules)
        return err_set(reterr, ERR_NOMEM, "no memory for the rules");
    if (rule_site_env(site, &x->arena, &env, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < site->nroutes; i++)
        if (rule_site_route(&site->routes[i], &env, &x->arena, &x->rules[i], reterr) < 0)
            return -1;
    return 0;
}

static bool personal(const struct event_field *f)
{
    return f->personal;
}

/* How such a rule went tells whose the pseudonym is: a reveal like any other. */
static int hidden_field(const struct explain *x, unsigned route)
{
    if (!x->stored || x->o->reveal || !x->rules[route])
        return -1;
    return rule_reads(x->rules[route], personal);
}

static int one_route(struct explain *x, unsigned i, const struct event *e, unsigned *taken,
                     struct err *reterr)
{
    const struct site_route *route = &x->site->routes[i];
    struct rule_explained why = {.matched = true};
    int hidden = hidden_field(x, i);
    if (hidden >= 0) {
        explain_print_hidden(&x->print, route->name, route->when, event_fields[hidden].path);
        return 0;
    }
    if (x->rules[i] && rule_explain(x->rules[i], e, &x->work, &why, reterr) < 0)
        return err_at(reterr, "route %.*s", SLICE_ARG(route->name));
    /* A retraction also goes where the event went. */
    if (!why.matched && x->was && rule_explain(x->rules[i], x->was, &x->work, &why, reterr) < 0)
        return err_at(reterr, "route %.*s", SLICE_ARG(route->name));
    *taken += why.matched;
    explain_print_route(&x->print, route->name, route->when, x->rules[i] ? &why : NULL);
    return 0;
}

static int one_event(struct explain *x, const struct event *e, struct slice json,
                     struct err *reterr)
{
    unsigned taken = 0;
    x->was = event_retracted(e, json, &x->work);
    explain_print_event(&x->print, e);
    for (unsigned i = 0; i < x->site->nroutes; i++)
        if (one_route(x, i, e, &taken, reterr) < 0)
            return -1;
    return explain_print_end(&x->print, taken, x->site->nroutes, reterr);
}

static int one_json(struct explain *x, struct slice json, struct err *reterr)
{
    struct event *e;
    if (event_decode(json, &x->work, &e, reterr) < 0)
        return -1;
    return one_event(x, e, json, reterr);
}

/* One event over several lines, or an event a line. */
static int all_json(struct explain *x, const char *file, struct slice text, struct err *reterr)
{
    struct event *e;
    struct err ignored;
    if (event_decode(text, &x->work, &e, &ignored) == 0)
        return one_event(x, e, text, reterr);
    for (unsigned no = 1; slice_present(text); no++) {
        struct slice line = slice_trim(slice_split(&text, '\n'));
        arena_reset(&x->work);
        if (line.n && one_json(x, line, reterr) < 0)
            return err_at(reterr, "%s:%u", file, no);
    }
    return 0;
}

static int one_message(struct explain *x, const char *file, unsigned no, struct slice raw,
                       struct err *reterr)
{
    struct translator *translator;
    struct translation t;
    if (translators_find(&x->translators, raw, &x->work, NULL, &translator, reterr) < 0)
        return err_at(reterr, "%s: message %u", file, no);
    translate_run(translator, raw, &x->work, &t);
    if (t.verdict != TRANSLATE_EVENTS)
        fprintf(stderr, "%s: message %u: no event (%s); 'weir translate' says more\n", file, no,
                translate_verdict_name(t.verdict));
    x->refused = x->refused || t.verdict == TRANSLATE_REFUSED;
    for (unsigned i = 0; i < t.nevents; i++)
        if (one_event(x, t.events[i].event, SLICE_ABSENT, reterr) < 0)
            return -1;
    return 0;
}

static int one_file(struct explain *x, const char *file, struct err *reterr)
{
    struct message_file f;
    struct slice raw;
    int result = 0;
    if (message_file_open(file, &f, reterr) < 0)
        return -1;
    struct slice text = slice_trim(buf_slice(&f.bytes));
    const struct site_source *source = x->translators.named; /* events are JSON, too */
    bool tree = source && source->format != SITE_HL7V2;
    if (tree && message_file_as(&f, source, reterr) < 0)
        result = err_at(reterr, "%s", file);
    else if (!tree && slice_starts(text, SLICE("{")))
        result = all_json(x, file, text, reterr);
    else
        while (result == 0 && message_file_next(&f, &raw)) {
            arena_reset(&x->work);
            result = one_message(x, file, f.no, raw, reterr);
        }
    message_file_close(&f);
    return result;
}

static int one_id(struct explain *x, const char *id, struct err *reterr)
{
    struct view view;
    struct slice json;
    if (view_open(x->o, &view, reterr) < 0)
        return err_at(reterr, "%s is no file, so it should be the id of an event", id);
    int result = find_event(&view, slice_str(id), &x->work, &json, reterr);
    view_close(&view);
    return result < 0 ? -1 : one_json(x, json, reterr);
}

static int ask_reveal(struct explain *x, struct err *reterr)
{
    struct view view;
    if (!x->o->reveal)
        return 0;
    if (view_open(x->o, &view, reterr) < 0)
        return -1;
    int result = reveal_audited(&view, "explain", reterr);
    view_close(&view);
    return result;
}

static int explain_all(struct explain *x, int argc, char **argv, struct err *reterr)
{
    int result = 0;
    if (compile_rules(x, reterr) < 0 ||
        translators_init(&x->translators, x->site, x->o->source, reterr) < 0 ||
        explain_print_open(&x->print, x->o->json, x->o->reveal, reterr) < 0 ||
        ask_reveal(x, reterr) < 0)
        return -1;
    for (int i = x->o->rest; result == 0 && i < argc; i++) {
        arena_reset(&x->work);
        x->stored = strcmp(argv[i], "-") != 0 && access(argv[i], F_OK) != 0;
        result = !x->stored ? one_file(x, argv[i], reterr) : one_id(x, argv[i], reterr);
    }
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    struct explain x = {.o = &o};
    int code = options_read(self, OPTION_SOURCE | OPTION_JSON | OPTION_REVEAL, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest >= argc)
        return verb_usage(self, "which FILE or EVENT-ID? ('-' is standard input)");
    if (site_open(o.config, SITE_PSEUDONYM, &x.site, &err) < 0)
        return verb_fail(self, &err);
    arena_init(&x.arena, RULES_BYTES_MAX);
    arena_init(&x.work, WORK_BYTES_MAX + (size_t)x.site->message_arena);
    int result = explain_all(&x, argc, argv, &err);
    fflush(stdout);
    explain_print_close(&x.print);
    translators_fini(&x.translators);
    arena_fini(&x.work);
    arena_fini(&x.arena);
    site_close(x.site);
    if (result < 0)
        return verb_fail(self, &err);
    return x.refused ? EXIT_FOUND : 0;
}

const struct verb verb_explain = {
    .name = "explain",
    .summary = "why each route takes an event, or does not",
    .help = "Use: weir explain [--source NAME] [--json] [--reveal] FILE|EVENT-ID ...\n\n"
            "FILE holds HL7 v2 messages, which the maps make events of, or events as JSON (one, or "
            "one a line); '-' is standard input. EVENT-ID is\n"
            "the id of an event that has flowed and is still kept. The rules are those of the "
            "configuration as it is now.\n\n"
            "For every route: whether it takes the event, each part of its rule with what it gave, "
            "and the part that decided: the first\n"
            "that made the rule false, or the one that made it true. Parts behind it were not "
            "asked.\n\n"
            "  --reveal         show who the patient is, and of an event that has flowed how rules "
            "went "
            "that ask for it; written to the\n"
            "                   audit log first\n"
            "  --json           a line of JSON for each event\n"
            "  --source NAME    the messages are from this source; else their MSH-3/MSH-4 tell\n\n"
            "Exit codes: 0; 1 some message was refused; 65 there is no such event; 78 the "
            "configuration is wrong.\n\n"
            "Example: weir explain --source demo-pas config/demo/morning.hl7 | head -20\n",
    .run = run,
};
