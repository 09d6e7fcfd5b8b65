/* weir events - the catalogue: which types of event there are, what each means, what it is made of,
 * its fields and who may read them. Needs no configuration, but for what a source makes. */
#include "events.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "event.h"
#include "options.h"
#include "translate.h"

enum { OUT_MAX = 16 << 20, MADE_MAX = 4096 };

struct events {
    const struct options *o;
    struct site *site;
    struct translator *translator; /* of --source, or NULL */
    struct buf out;
    struct json_writer *json;
    char made[MADE_MAX];
};

static int open_source(struct events *v, struct err *reterr)
{
    if (!v->o->source)
        return 0;
    if (site_open(v->o->config, SITE_NO_SECRETS, &v->site, reterr) < 0)
        return -1;
    v->site->keys.pseudonym = SLICE("no event is made");
    const struct site_source *source = site_source_find(v->site, slice_str(v->o->source));
    if (!source)
        return err_set(reterr, ERR_INPUT, "%s has no source '%s'", v->site->file, v->o->source);
    return translate_open(v->site, source, site_maps_dir(v->site), &v->translator, reterr);
}

static bool has_word(struct slice words, const char *word)
{
    while (slice_present(words))
        if (slice_eq_str(slice_split(&words, ' '), word))
            return true;
    return false;
}

/* The triggers by which the source makes that type, or NULL where none was named. */
static const char *made_of(struct events *v, const char *type)
{
    struct slice trigger, types;
    size_t n = 0;
    if (!v->translator)
        return NULL;
    v->made[0] = '\0';
    for (unsigned i = 0; translate_trigger(v->translator, i, &trigger, &types); i++) {
        if (!has_word(types, type) || n + trigger.n + 2 > sizeof(v->made))
            continue;
        n += (size_t)snprintf(v->made + n, sizeof(v->made) - n, "%s%.*s", n ? " " : "",
                              SLICE_ARG(trigger));
    }
    return v->made;
}

/* ---- list ---- */

static bool listed(struct events *v, const struct event_info *i, const char *pattern,
                   const char *made)
{
    const char *by = v->o->by;
    if (pattern && strcmp(pattern, i->group) != 0 && fnmatch(pattern, i->type, 0) != 0)
        return false;
    if (by && !(i->by & (strcmp(by, "adapter") == 0 ? EVENT_BY_ADAPTER : EVENT_BY_JOURNEY)))
        return false;
    return !made || *made;
}

static void print_row(struct events *v, const struct event_info *i, const char *made)
{
    buf_printf(&v->out, "%-34s %-17s %s%s\n", i->type, made ? made : events_by(i).p, i->description,
               i->sender ? " (no known sender)" : "");
}

static int list(struct events *v, const char *pattern, struct err *reterr)
{
    const struct event_info *i;
    unsigned found = 0;
    for (unsigned n = 0; (i = event_info_nth(n)); n++) {
        const char *made = made_of(v, i->type);
        if (!listed(v, i, pattern, made))
            continue;
        found++;
        if (v->o->json) {
            json_writer_reset(v->json);
            events_json(v->json, i, made);
            buf_putc(&v->out, '\n');
        } else {
            print_row(v, i, made);
        }
    }
    return found ? 0
                 : err_set(reterr, ERR_INPUT, "no type is like that; 'weir events list' has all");
}

/* ---- show ---- */

static int show(struct events *v, const char *type, struct err *reterr)
{
    const struct event_info *i = event_info_find(slice_str(type));
    if (!i) {
        const char *near = event_type_nearest(slice_str(type));
        return err_set(reterr, ERR_INPUT, "there is no type '%s'%s%s%s", type,
                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    const char *made = made_of(v, i->type);
    if (!v->o->json)
        return events_page(&v->out, i, made, reterr);
    events_json(v->json, i, made);
    buf_putc(&v->out, '\n');
    return 0;
}

static int events(struct events *v, bool all, const char *what, struct err *reterr)
{
    if (open_source(v, reterr) < 0 || json_writer_open(&v->out, &v->json, reterr) < 0 ||
        (all ? list(v, what, reterr) : show(v, what, reterr)) < 0)
        return -1;
    if (!buf_ok(&v->out) || fwrite(v->out.p, 1, v->out.n, stdout) != v->out.n)
        return err_set(reterr, ERR_IO, "standard output cannot be written");
    return 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int code = options_read(self, OPTION_JSON | OPTION_BY | OPTION_SOURCE, argc, argv, &o);
    if (code >= 0)
        return code;
    const char *what = o.rest < argc ? argv[o.rest] : "list";
    bool all = strcmp(what, "list") == 0;
    if (!all && strcmp(what, "show") != 0)
        return verb_usage(self, "%s: list or show is expected", what);
    if (o.rest + 2 < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest + 2]);
    if (!all && o.rest + 1 >= argc)
        return verb_usage(self, "show: the name of a type is expected");
    if (o.by && (!all || (strcmp(o.by, "adapter") != 0 && strcmp(o.by, "journey") != 0)))
        return verb_usage(self, "--by: adapter or journey, for list");
    struct events v = {.o = &o};
    buf_init(&v.out, OUT_MAX);
    int result = events(&v, all, o.rest + 1 < argc ? argv[o.rest + 1] : NULL, &err);
    json_writer_close(v.json);
    buf_fini(&v.out);
    translate_close(v.translator);
    site_close(v.site);
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_events = {
    .name = "events",
    .summary = "the catalogue: types of event, what they mean, their fields and readers",
    .help =
        "Use: weir events [list [PATTERN]] [--by adapter|journey] [--source NAME] [--json]\n"
        "     weir events show TYPE [--source NAME] [--json]\n\n"
        "  PATTERN          a type with * and ?, as 'discharge.*', or a group: person, stay, "
        "emergency, outpatient,\n"
        "                   community, ambulance, mental_health, resources, derived\n"
        "  --by WHO         only what an adapter makes of one message, or the journey of what it "
        "knows\n"
        "  --source NAME    only what the maps of that source make, and by which triggers\n"
        "  --json           a line a type, with its fields and an example of an invented person\n"
        "  -c, --config FILE\n\n"
        "The same as pages: docs/events/. As schemas and one AsyncAPI document: schemas/.\n\n"
        "Example: weir events list 'discharge.*'\n"
        "         weir events show patient.discharged --source demo-pas\n",
    .run = run,
};
