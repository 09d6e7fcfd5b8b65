#include "translate.h"

#include "event_id.h"
#include "map_code.h"
#include "map_compile.h"
#include "map_group.h"
#include "map_person.h"
#include "map_place.h"
#include "map_place_rule.h"
#include "map_run.h"
#include "map_test.h"
#include "map_text.h"
#include "map_trace.h"
#include "map_tree.h"
#include "sender.h"
#include "site_tables.h"

#include <stdlib.h>

enum {
    MAP_MEMORY = 64 << 20, /* of the compiled maps of a source */
    REASONS_MAX = 64,
    ID_BYTES = 16, /* of the digest, in ids */
};

/* The arena bounds the index of both, as it bounds the rest: one limit, which a site may raise. */
static const struct hl7_limits limits = {.segments = UINT32_MAX, .fields = UINT32_MAX};

struct translator {
    const struct site_source *source;
    struct arena arena; /* maps, tables, context */
    struct site_tables *tables;
    struct zone *zone;
    struct event_keys keys;
    struct map_context context;
    struct map map;
    struct slice source_uri;
    unsigned char pl[MAP_PL_MAX];
    const struct map_trace *trace;
};

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
    struct map_compiler compiler = {.arena = &t->arena, .tables = t->tables, .root = tree.root};
    if (open_places(t, &compiler, reterr) < 0 ||
        map_feed_compile(&compiler, &t->context.feed, reterr) < 0)
        return -1;
    return map_compile(&compiler, &t->map, reterr);
}

static int open_source(struct translator *t, struct err *reterr)
{
    const struct site_source *s = t->source;
    t->source_uri = arena_printf(&t->arena, "urn:nhs:ods:%.*s:%.*s", SLICE_ARG(s->ods),
                                 SLICE_ARG(s->system.n ? s->system : s->name));
    return slice_present(t->source_uri) ? 0 : err_set(reterr, ERR_NOMEM, "no room for the maps");
}

int translate_open(const struct site *site, const struct site_source *source, const char *maps_dir,
                   struct translator **ret, struct err *reterr)
{
    if (source->format != SITE_HL7V2)
        return err_set(reterr, ERR_CONF, "source %.*s: format: only hl7v2 can be read yet",
                       SLICE_ARG(source->name));
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

/* One message under translation. */
struct work {
    struct translator *t;
    struct translation *ret;
    struct map_run run;
    const struct map_trigger *trigger;
    unsigned char digest[DIGEST_SIZE];
};

static void refuse(struct work *w, struct translate_reason reason)
{
    struct translation *ret = w->ret;
    ret->verdict = TRANSLATE_REFUSED;
    ret->nevents = 0;
    if (ret->nreasons == REASONS_MAX)
        return;
    if (ret->nreasons == REASONS_MAX - 1)
        reason = (struct translate_reason){.code = reason.code,
                                           .text = SLICE("and more of the kind that stands above")};
    ret->reasons[ret->nreasons++] = reason;
}

static void refuse_long(struct work *w)
{
    refuse(w, (struct translate_reason){
                  .code = 104, .text = SLICE("the message needs more memory than message_arena")});
}

static bool begins_with_msh(struct slice raw)
{
    return slice_starts(slice_trim(raw), SLICE("MSH"));
}

/* Not HL7, bad delimiters, or too many segments. */
static void refuse_parse(struct work *w, struct slice raw, const struct err *err)
{
    struct slice text = arena_copy(w->run.arena, slice_str(err->text));
    bool msh = begins_with_msh(raw), limit = err->code != ERR_INPUT;
    refuse(w, (struct translate_reason){
                  .code = limit ? 104
                          : msh ? 102
                                : 100,
                  .header = !limit,
                  .segment = limit ? SLICE_ABSENT : SLICE("MSH"),
                  .field = msh && !limit ? 2 : 0,
                  .text = slice_present(text) ? text : SLICE("this is no HL7 v2 message"),
              });
}

static const struct map_trigger *trigger_find(const struct map *map, struct slice name)
{
    unsigned low = 0, high = map->ntriggers;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        int order = slice_cmp(map->triggers[mid].name, name);
        if (order == 0)
            return &map->triggers[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* MSH-9.2, or EVN-1 where the sender leaves it out, or a type that is a trigger by itself (v2.1).
 */
static void find_trigger(struct work *w)
{
    struct translation *ret = w->ret;
    struct slice trigger = map_text(&w->run, ret->header.trigger);
    if (!slice_present(trigger)) {
        struct slice evn = map_run_field(&w->run, SLICE("EVN"), 1);
        trigger = map_text(&w->run, hl7_msg_repetition(&ret->msg, evn, 1));
    }
    struct slice type = map_text(&w->run, ret->header.type);
    if (!slice_present(trigger) && slice_present(type) && trigger_find(&w->t->map, type)) {
        ret->trigger = type;
        return;
    }
    if (!slice_present(trigger)) {
        refuse(w, (struct translate_reason){
                      .code = slice_present(type) ? 201 : 101,
                      .header = true,
                      .segment = SLICE("MSH"),
                      .field = 9,
                      .text = SLICE("neither MSH-9 nor EVN-1 says what happened")});
        return;
    }
    bool adt = !slice_present(type) || slice_eq(type, SLICE("ADT"));
    ret->trigger =
        adt ? trigger
            : arena_printf(w->run.arena, "%.*s^%.*s", SLICE_ARG(type), SLICE_ARG(trigger));
}

static void check_version(struct work *w)
{
    struct slice version = map_text(&w->run, w->ret->header.version);
    if (!slice_present(version) || version.p[0] == '2')
        return;
    refuse(w, (struct translate_reason){.code = 203,
                                        .header = true,
                                        .segment = SLICE("MSH"),
                                        .field = 12,
                                        .text = SLICE("only versions 2.x are read here")});
}

/* "" of "A01", "SIU" of "SIU^S12". */
static struct slice type_of(struct slice trigger)
{
    const char *caret = memchr(trigger.p, '^', trigger.n);
    return slice_sub(trigger, 0, caret ? (size_t)(caret - trigger.p) : 0);
}

/* MSH-11, where a live source says that tests do not belong there (conformance row 57). */
static void check_processing(struct work *w)
{
    struct slice id = map_text_part(&w->run, w->ret->header.processing_id, 1, 0);
    if (w->t->source->ack.on_test != SITE_REFUSE || id.n == 0 || slice_eq(id, SLICE("P")))
        return;
    refuse(w, (struct translate_reason){.code = 202,
                                        .header = true,
                                        .segment = SLICE("MSH"),
                                        .field = 11,
                                        .text = SLICE("only production messages (P) are taken "
                                                      "here")});
}

/* Whether there is a map for any message of its type: "SIU" of "SIU^S12"; plain triggers are ADT's.
 */
static bool knows_type(const struct map *map, struct slice trigger)
{
    for (unsigned i = 0; i < map->ntriggers; i++)
        if (slice_eq(type_of(map->triggers[i].name), type_of(trigger)))
            return true;
    return false;
}

/* No map: kept and counted, or refused where the source says so (conformance row 29). */
static void leave_unmapped(struct work *w)
{
    struct translation *ret = w->ret;
    ret->verdict = TRANSLATE_UNMAPPED;
    if (w->t->source->ack.on_unmapped != SITE_REFUSE)
        return;
    bool known = knows_type(&w->t->map, ret->trigger);
    refuse(w, (struct translate_reason){.code = known ? 201 : 200,
                                        .header = true,
                                        .segment = SLICE("MSH"),
                                        .field = 9,
                                        .component = known ? 2 : 1,
                                        .text = SLICE("no map is for messages of this kind")});
}

static void sha256_of(struct work *w, struct slice raw)
{
    unsigned char out[DIGEST_SIZE];
    digest_of(w->t->keys.plain, raw, out);
    digest_hex(out, DIGEST_SIZE, w->ret->sha256);
}

/* What the ids begin with, and a control id where none was sent (conformance row 60). */
static bool identify(struct work *w)
{
    struct translation *ret = w->ret;
    struct slice control_id = map_text(&w->run, ret->header.control_id);
    struct slice sent_at = ret->header.sent_at;
    event_message_digest(&w->t->keys, w->t->source->name, control_id, ret->msg.raw, &sent_at,
                         slice_present(sent_at), w->digest);
    char text[DIGEST_B64];
    struct slice id = digest_b64url(w->digest, ID_BYTES, text);
    w->run.message_id = arena_copy(w->run.arena, id);
    ret->message_id = w->run.message_id;
    ret->control_id_made = !slice_present(control_id);
    ret->control_id = ret->control_id_made ? slice_sub(w->run.message_id, 0, 20) : control_id;
    return slice_present(w->run.message_id);
}

/* Attributes and origin: what weir itself puts into every event. */
static void set_envelope(struct work *w, struct event *e)
{
    const struct site_source *s = w->t->source;
    const struct hl7_header *h = &w->ret->header;
    event_put(e, EV_SOURCE, w->t->source_uri);
    event_put(e, EV_DATACONTENTTYPE, SLICE("application/json"));
    event_put(e, EV_DATASCHEMA, SLICE(EVENT_CATALOGUE));
    event_put(e, EV_DATA_SECTOR, s->sector);
    event_put(e, EV_DATA_PROVIDER, s->ods);
    event_put(e, EV_DATA_ORIGIN_FORMAT, SLICE("hl7v2"));
    event_put(e, EV_DATA_ORIGIN_TRIGGER, w->ret->trigger);
    event_put(e, EV_DATA_ORIGIN_VERSION, map_text(&w->run, h->version));
    if (!w->ret->control_id_made)
        event_put(e, EV_DATA_ORIGIN_CONTROL_ID, w->ret->control_id);
    event_put(e, EV_DATA_ORIGIN_SEQUENCE, map_text(&w->run, h->sequence));
    event_put(e, EV_DATA_ORIGIN_SENDING_APP, map_text(&w->run, h->sending_app));
    event_put(e, EV_DATA_ORIGIN_SENDING_FACILITY, map_text(&w->run, h->sending_facility));
    event_put(e, EV_DATA_ORIGIN_SHA256, slice_make(w->ret->sha256, sizeof(w->ret->sha256) - 1));
}

/* Doubts about the message as a whole. */
static void flag_message(struct work *w)
{
    struct map_run *run = &w->run;
    struct slice processing = map_text_part(run, w->ret->header.processing_id, 1, 0);
    if (slice_eq(processing, SLICE("T")) || slice_eq(processing, SLICE("D")))
        map_run_flag(run, SLICE("processing_T"));
    if (w->ret->control_id_made)
        map_run_flag(run, SLICE("no_control_id"));
    if (!sender_expected(w->t->source, &w->ret->msg, &w->ret->header))
        map_run_flag(run, SLICE("unexpected_sender"));
}

/* Doubts that the maps name. */
static void flag_feed(struct work *w)
{
    const struct map_feed *feed = &w->run.context->feed;
    for (unsigned i = 0; i < feed->nflags; i++)
        if (map_tests_hold(&w->run, &feed->flags[i].when))
            map_run_flag(&w->run, feed->flags[i].name);
}

/* A new event with all that the events of this message share. */
static bool begin_event(struct work *w)
{
    struct event *e = event_make(w->run.arena);
    if (!e)
        return false;
    w->run.event = e;
    if (w->run.trace)
        w->run.trace->begun(w->run.trace->arg, &w->run);
    set_envelope(w, e);
    flag_message(w);
    map_run_fields(&w->run, w->trigger->fields, w->trigger->nfields);
    flag_feed(w);
    return true;
}

static unsigned count_type(const struct translation *ret, struct slice type)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ret->nevents; i++)
        n += slice_eq(ret->events[i].type, type);
    return n;
}

static bool finish_event(struct work *w, const struct map_event *m, struct slice person,
                         struct slice local)
{
    struct translate_event *out = &w->ret->events[w->ret->nevents];
    struct event *e = w->run.event;
    w->run.retired = SLICE_ABSENT;
    map_run_time(&w->run, m->time);
    map_run_fields(&w->run, m->fields, m->nfields);
    map_text_flags(&w->run);
    char *id = arena_alloc(w->run.arena, EVENT_ID_SIZE);
    if (!id)
        return false;
    unsigned nth = count_type(w->ret, m->type) + 1;
    *out = (struct translate_event){.event = e,
                                    .id = event_id_write(w->digest, m->type, nth, id),
                                    .type = m->type,
                                    .person = person,
                                    .person_local = local,
                                    .retired = w->run.retired};
    event_put(e, EV_ID, out->id);
    event_put(e, EV_TYPE, m->type);
    event_put(e, EV_SUBJECT, person);
    if (w->trigger->person && !slice_present(person))
        map_run_flag(&w->run, SLICE("no_patient_id"));
    if (w->run.trace)
        w->run.trace->made(w->run.trace->arg, &w->run, m);
    w->ret->nevents++;
    return true;
}

/* What tells that one number takes the place of another has to name another. */
static void check_merge(struct work *w, const struct map_event *m, unsigned nth)
{
    static const struct {
        const char *type;
        unsigned field;
        const char *text;
    } needs[] = {
        {"patient.merged", 1, "MRG names no number that PID does not keep: nothing to merge"},
        {"patient.identifier_changed", 1, "MRG-1 names no id that PID-3 does not keep"},
        {"visit.merged", 5, "MRG-5 names no visit but that of PV1-19: nothing to merge"},
        {"visit.number_changed", 5, "MRG-5 and MRG-6 name no number that PV1 does not keep"},
    };
    if (event_count(w->run.event, EV_DATA_MERGE_RETIRED))
        return;
    for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (slice_eq_str(m->type, needs[i].type))
            refuse(w, (struct translate_reason){.code = 101,
                                                .segment = SLICE("MRG"),
                                                .sequence = nth,
                                                .field = needs[i].field,
                                                .text = slice_str(needs[i].text)});
}

/* Which events of the trigger are to be made. */
static void decide(struct work *w, bool *fires)
{
    const struct map_trace *trace = w->run.trace;
    bool any = false;
    for (unsigned i = 0; i < w->trigger->nevents; i++) {
        const struct map_event *m = &w->trigger->events[i];
        bool left_out = m->otherwise && any;
        fires[i] = !left_out && map_tests_hold(&w->run, &m->when);
        any |= fires[i];
        if (trace)
            trace->decided(trace->arg, &w->run, m,
                           fires[i]   ? MAP_DECIDED_MADE
                           : left_out ? MAP_DECIDED_OTHERWISE
                                      : MAP_DECIDED_WHEN);
    }
}

/* The events of one patient of the message. False when there is no memory for them. */
static bool run_group(struct work *w, struct hl7_scope scope, unsigned nth)
{
    const struct map_trigger *trigger = w->trigger;
    w->run.scope = scope;
    w->run.person = NULL;
    w->run.visit = NULL;
    if (!begin_event(w))
        return refuse_long(w), false;
    struct slice person = SLICE_ABSENT, local = SLICE_ABSENT;
    if (trigger->person)
        map_person_pseudonyms(&w->run, &person, &local);
    bool *fires = arena_zalloc(w->run.arena, trigger->nevents + 1, sizeof(*fires));
    if (!fires)
        return refuse_long(w), false;
    decide(w, fires);
    bool fresh = true;
    for (unsigned i = 0; i < trigger->nevents; i++) {
        if (!fires[i])
            continue;
        if (!(fresh || begin_event(w)) || !finish_event(w, &trigger->events[i], person, local))
            return refuse_long(w), false;
        check_merge(w, &trigger->events[i], nth);
        fresh = false;
    }
    return true;
}

static bool check_requirements(struct work *w, struct hl7_scope scope, unsigned nth)
{
    unsigned before = w->ret->nreasons;
    w->run.scope = scope;
    for (unsigned i = 0; i < w->trigger->nrequire; i++) {
        const struct map_require *r = &w->trigger->require[i];
        if (slice_present(map_text_first(&w->run, r->paths, r->npaths)))
            continue;
        struct slice path = hl7_path_text(r->paths[0]);
        refuse(w, (struct translate_reason){
                      .code = 101,
                      .segment = r->segment,
                      .sequence = nth,
                      .field = r->field,
                      .text =
                          arena_printf(w->run.arena, "%.*s is missing or empty", SLICE_ARG(path))});
    }
    return w->ret->nreasons == before;
}

static bool find_groups(struct work *w, struct map_groups *groups)
{
    struct err err;
    if (map_groups_find(w->trigger, &w->ret->msg, w->run.arena, groups, &err) == 0)
        return true;
    struct slice text =
        err.code == ERR_LIMIT ? arena_copy(w->run.arena, slice_str(err.text)) : SLICE_ABSENT;
    if (slice_present(text))
        refuse(w, (struct translate_reason){.code = 104, .text = text});
    else
        refuse_long(w);
    return false;
}

static void run_trigger(struct work *w)
{
    struct translation *ret = w->ret;
    struct map_groups groups;
    if (!find_groups(w, &groups))
        return;
    ret->events =
        arena_alloc(w->run.arena, (groups.n * w->trigger->nevents + 1) * sizeof(*ret->events));
    if (!ret->events) {
        refuse_long(w);
        return;
    }
    for (unsigned i = 0; i < groups.n; i++) {
        unsigned nth = groups.n > 1 ? i + 1 : 0;
        if (check_requirements(w, groups.at[i], nth) && !run_group(w, groups.at[i], nth))
            return;
    }
    if (ret->nreasons)
        ret->nevents = 0;
    else
        ret->verdict = ret->nevents ? TRANSLATE_EVENTS : TRANSLATE_NOTHING;
}

static void translate_message(struct work *w)
{
    struct translation *ret = w->ret;
    check_version(w);
    check_processing(w);
    find_trigger(w);
    if (ret->nreasons)
        return;
    if (!identify(w)) {
        refuse_long(w);
        return;
    }
    w->trigger = trigger_find(&w->t->map, ret->trigger);
    if (w->trigger)
        run_trigger(w);
    else
        leave_unmapped(w);
}

void translate_run(struct translator *t, struct slice raw, struct arena *arena,
                   struct translation *ret)
{
    *ret = (struct translation){.verdict = TRANSLATE_REFUSED};
    struct work w = {
        .t = t, .ret = ret, .run = {.context = &t->context, .arena = arena, .trace = t->trace}};
    struct err err;
    sha256_of(&w, raw);
    ret->reasons = arena_alloc(arena, REASONS_MAX * sizeof(*ret->reasons));
    if (!ret->reasons)
        return;
    if (hl7_charset_parse(raw, t->source->charset, &limits, arena, &ret->msg, &w.run.charset,
                          &err) < 0) {
        refuse_parse(&w, raw, &err);
        return;
    }
    hl7_msg_header(&ret->msg, &ret->header);
    ret->parsed = true;
    w.run.msg = &ret->msg;
    w.run.header = &ret->header;
    translate_message(&w);
    if (arena->overflow && ret->verdict != TRANSLATE_REFUSED)
        refuse_long(&w);
}
