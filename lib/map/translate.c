#include "translate_work.h"

#include "map_code.h"
#include "map_compile.h"
#include "map_person.h"
#include "map_place_rule.h"
#include "map_tree.h"
#include "site_tables.h"

#include <limits.h>
#include <stdlib.h>

enum { MAP_MEMORY = 64 << 20 /* of the compiled maps of a source */ };

/* ---- opening ---- */

static int open_zone(struct translator *t, struct err *reterr)
{
    struct slice zone = t->source->timezone.n ? t->source->timezone : SLICE("Europe/London");
    const struct yaml *at = yaml_get(t->source->node, "timezone");
    if (zone_open(ZONE_DIR, zone.p, &t->zone, reterr) == 0)
        return 0;
    if (at && reterr->code != ERR_NOMEM)
        return yaml_err(at, reterr,
                        "timezone: there is no zone \"%.*s\" in " ZONE_DIR
                        " (package tzdata); a name as in Europe/London is wanted",
                        SLICE_ARG(zone));
    return err_at(reterr, "source %.*s: timezone", SLICE_ARG(t->source->name));
}

static int open_context(struct translator *t, struct err *reterr)
{
    struct map_context *c = &t->context;
    if (open_zone(t, reterr) < 0)
        return -1;
    if (t->source->charset.n && !hl7_charset_known(t->source->charset))
        return err_set(reterr, ERR_CONF, "source %.*s: charset: no set \"%.*s\" is known here",
                       SLICE_ARG(t->source->name), SLICE_ARG(t->source->charset));
    *c = (struct map_context){
        .source = t->source,
        .keys = &t->keys,
        .times = {.zone = t->zone, .ignore_offset = t->source->ignore_offset},
        .identifiers = site_table_find(t->tables, SLICE("identifier")),
        .locations = site_table_find(t->tables, SLICE("location")),
        .bed_classes = site_table_find(t->tables, SLICE("bed_class")),
        .sites = site_table_find(t->tables, SLICE("site")),
        .no_practices = site_table_find(t->tables, SLICE("no_practice")),
        .modifiers = site_table_find(t->tables, SLICE("modifier_extension")),
        .pl = t->pl,
    };
    if (map_locations_check(c->locations, reterr) < 0 ||
        map_identifiers_check(c->identifiers, reterr) < 0)
        return -1;
    return map_codes_open(t->tables, &t->arena, SLICE("bed_class"), &c->bed_codes, reterr);
}

static int read_maps(struct translator *t, const char *maps_dir, struct map_tree *tree,
                     struct err *reterr)
{
    bool hl7 = t->source->format == SITE_HL7V2;
    struct slice folder =
        arena_printf(&t->arena, "%s/%.*s%s%s", maps_dir, SLICE_ARG(t->source->adapter),
                     hl7 ? "" : "/", hl7 ? "" : site_format_name(t->source->format));
    if (!slice_present(folder))
        return err_set(reterr, ERR_NOMEM, "no room for the maps");
    if (map_tree_add_folder(tree, folder.p, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < t->source->overlays.n; i++)
        if (map_tree_add(tree, t->source->overlays.at[i].p, reterr) < 0)
            return -1;
    return 0;
}

/* pl: of the source, else that of the maps; and what places: make of its parts. */
static int open_places(struct translator *t, struct map_compiler *c, struct err *reterr)
{
    const struct yaml *pl = yaml_get(c->root, "pl");
    struct err why = {0};
    unsigned holds = 0;
    bool own = t->source->pl.n || !pl;
    if (map_pl_compile(own ? t->source->pl : pl->text, t->pl, &t->context.npl, &why) < 0)
        return own ? err_set(reterr, ERR_CONF, "source %.*s: %s", SLICE_ARG(t->source->name),
                             why.text)
                   : yaml_err(pl, reterr, "%s", why.text);
    for (unsigned i = 0; i < t->context.npl; i++)
        holds |= 1U << t->pl[i];
    if (c->tree)
        holds = UINT_MAX; /* parts: of a place names any */
    return map_place_rules_compile(c, yaml_get(c->root, "places"), holds, &t->context.places,
                                   reterr);
}

static int open_maps(struct translator *t, const struct site *site, const char *maps_dir,
                     struct err *reterr)
{
    struct map_tree tree = {.arena = &t->arena};
    if (read_maps(t, maps_dir, &tree, reterr) < 0 ||
        site_tables_open(site, t->source, &tree.table_files, yaml_get(tree.root, "tables"),
                         &t->tables, reterr) < 0 ||
        open_context(t, reterr) < 0)
        return -1;
    struct map_compiler compiler = {.arena = &t->arena,
                                    .tree = t->source->format != SITE_HL7V2,
                                    .records = t->source->format == SITE_JSON ||
                                               t->source->format == SITE_CSV,
                                    .tables = t->tables,
                                    .root = tree.root};
    if (open_places(t, &compiler, reterr) < 0 ||
        map_message_compile(&compiler, t->source->format, &t->message, reterr) < 0 ||
        map_time_formats_compile(yaml_get(tree.root, "time_format"), &t->context.time_formats,
                                 reterr) < 0 ||
        map_feed_compile(&compiler, &t->context.feed, reterr) < 0)
        return -1;
    return map_compile(&compiler, &t->map, reterr);
}

static int open_source(struct translator *t, struct err *reterr)
{
    const struct site_source *s = t->source;
    unsigned types = 0;
    while (event_type_nth(types))
        types++;
    t->counts = arena_zalloc(&t->arena, types + 1, sizeof(*t->counts));
    if (!t->counts)
        return err_set(reterr, ERR_NOMEM, "no room for the maps");
    t->source_uri = arena_printf(&t->arena, "urn:nhs:ods:%.*s:%.*s", SLICE_ARG(s->ods),
                                 SLICE_ARG(s->system.n ? s->system : s->name));
    return slice_present(t->source_uri) ? 0 : err_set(reterr, ERR_NOMEM, "no room for the maps");
}

int translate_open(const struct site *site, const struct site_source *source, const char *maps_dir,
                   struct translator **ret, struct err *reterr)
{
    struct translator *t = calloc(1, sizeof(*t));
    if (!t)
        return err_set(reterr, ERR_NOMEM, "no memory for a translator");
    t->source = source;
    arena_init(&t->arena, MAP_MEMORY);
    if (event_keys_open(site->keys.kid, site->keys.pseudonym, &t->keys, reterr) < 0 ||
        open_source(t, reterr) < 0 || open_maps(t, site, maps_dir, reterr) < 0) {
        translate_close(t);
        return -1;
    }
    *ret = t;
    return 0;
}

void translate_close(struct translator *t)
{
    if (!t)
        return;
    site_tables_close(t->tables);
    zone_close(t->zone);
    event_keys_close(&t->keys);
    arena_fini(&t->arena);
    free(t);
}

void translate_trace(struct translator *t, const struct map_trace *trace)
{
    t->trace = trace;
}

bool translate_trigger(const struct translator *t, unsigned nth, struct slice *ret_trigger,
                       struct slice *ret_types)
{
    if (nth >= t->map.ntriggers)
        return false;
    *ret_trigger = t->map.triggers[nth].name;
    *ret_types = t->map.triggers[nth].types;
    return true;
}

const char *translate_verdict_name(enum translate_verdict v)
{
    static const char *const names[] = {"events", "nothing", "unmapped", "refused"};
    return names[v];
}

/* ---- running ---- */

static void sha256_of(struct work *w, struct slice raw)
{
    unsigned char out[DIGEST_SIZE];
    digest_of(w->t->keys.plain, raw, out);
    digest_hex(out, DIGEST_SIZE, w->ret->sha256);
}

void translate_run(struct translator *t, struct slice raw, struct arena *arena,
                   struct translation *ret)
{
    *ret = (struct translation){.verdict = TRANSLATE_REFUSED, .format = t->source->format};
    struct work w = {
        .t = t, .ret = ret, .run = {.context = &t->context, .arena = arena, .trace = t->trace}};
    t->ncounts = 0;
    sha256_of(&w, raw);
    ret->reasons = arena_alloc(arena, TRANSLATE_REASONS_MAX * sizeof(*ret->reasons));
    if (!ret->reasons)
        return;
    if (t->source->format == SITE_HL7V2)
        hl7_translate(&w, raw);
    else
        tree_translate(&w, raw);
    if (ret->nreasons)
        ret->nevents = 0;
    if (arena->overflow && ret->verdict != TRANSLATE_REFUSED)
        work_refuse_long(&w);
}
