#include "translate_work.h"

#include "fhir_reference.h"
#include "map_csv.h"
#include "map_fhir.h"
#include "map_modifier.h"
#include "map_text.h"

enum {
    LOOKS_MAX = 20000000, /* nodes that the paths of one message look at */
    TRIGGER_MAX = 96,     /* bytes of a trigger's name */
};

/* What a part of the document is asked for, and by whom. */
struct asking {
    struct json_view view;
    const struct fhir_doc *doc;
    const struct fhir_entry *entry;
};

static const struct json *resolve(void *arg, const struct json *reference)
{
    struct asking *a = arg;
    const struct json *contained = a->entry ? json_get(a->entry->resource, "contained") : NULL;
    size_t cost = contained ? contained->count : 0; /* that many may be looked through */
    if (a->view.left < cost) {
        a->view.left = 0;
        return NULL;
    }
    a->view.left -= cost;
    return fhir_resolve(a->doc, a->entry, reference);
}

void tree_envelope(struct work *w, struct event *e)
{
    static const char *const formats[] = {
        [SITE_HL7V2] = "hl7v2", [SITE_FHIR] = "fhir-r4", [SITE_JSON] = "json", [SITE_CSV] = "csv"};
    event_put(e, EV_DATA_ORIGIN_FORMAT, slice_str(formats[w->t->source->format]));
    event_put(e, EV_DATA_ORIGIN_TRIGGER, w->trigger->name);
}

/* `Encounter.period.start`, or the path alone. */
static struct slice place(struct work *w, struct slice path)
{
    return slice_present(w->run.part) ? arena_join(w->run.arena, w->run.part, SLICE("."), path)
                                      : path;
}

void tree_missing(struct work *w, const struct map_require *r, unsigned nth)
{
    struct slice path = json_path_text(r->paths[0].tree);
    work_refuse(
        w, (struct translate_reason){
               .code = 101,
               .sequence = nth,
               .expression = place(w, path),
               .text = arena_printf(w->run.arena, "%.*s is missing or empty", SLICE_ARG(path))});
}

/* ---- reading ---- */

static void refuse_read(struct work *w, const struct err *err, struct slice expression)
{
    struct slice text = arena_copy(w->run.arena, slice_str(err->text));
    if (err->code == ERR_NOMEM || !slice_present(text)) {
        work_refuse_long(w);
        return;
    }
    work_refuse(w, (struct translate_reason){.code = err->code == ERR_INPUT ? 102 : 104,
                                             .expression = expression,
                                             .text = text});
}

static bool read_json(struct work *w, struct slice raw)
{
    struct json_limits limits = json_default_limits;
    struct json *tree;
    struct err err;
    limits.bytes = raw.n + 1;
    if (slice_starts(raw, SLICE("\xef\xbb\xbf")))
        raw = slice_sub(raw, 3, raw.n);
    if (json_read(raw, &limits, w->run.arena, &tree, &err) < 0)
        return refuse_read(w, &err, SLICE_ABSENT), false;
    w->ret->tree = tree;
    if (tree->kind == JSON_OBJECT)
        return true;
    err_set(&err, ERR_INPUT, "a message is one JSON object");
    return refuse_read(w, &err, SLICE_ABSENT), false;
}

static bool read_csv(struct work *w, struct slice raw)
{
    const struct site_source *s = w->t->source;
    const struct map_csv_rules rules = {s->csv.delimiter, s->charset, s->csv.nulls.at,
                                        s->csv.nulls.n};
    struct json *row;
    struct err err;
    if (map_csv_read(raw, &rules, w->run.arena, &row, &w->run.charset, &err) < 0)
        return refuse_read(w, &err, SLICE_ABSENT), false;
    w->ret->tree = row;
    w->run.text_flags |= w->run.charset.flags;
    if (w->run.charset.valid)
        w->run.charset.guess = NULL; /* UTF-8 is what is expected */
    return true;
}

static bool read_fhir(struct work *w, struct slice raw)
{
    struct json_limits limits = json_default_limits;
    struct fhir_doc *doc = arena_alloc(w->run.arena, sizeof(*doc));
    struct fhir_fault fault;
    limits.bytes = raw.n + 1;
    if (!doc)
        return work_refuse_long(w), false;
    if (fhir_read(raw, &limits, w->run.arena, doc, &fault) < 0) {
        struct slice at = slice_str(fault.expression);
        refuse_read(w, &fault.err, at.n ? arena_copy(w->run.arena, at) : SLICE_ABSENT);
        return false;
    }
    w->ret->tree = doc->root;
    w->ret->fhir = doc;
    return true;
}

/* ---- running ---- */

/* The ids are of the tree, not of the bytes: however it is written, JSON or XML, it is the same.
 * A document may hold little more than a number of a patient: without the key it is not found by
 * trying. */
static bool identify(struct work *w, struct asking *a)
{
    const struct map_message *m = &w->t->message;
    const struct json **envelope = NULL;
    struct map_nodes less = {.untyped = a->doc != NULL};
    if (a->doc && !map_fhir_envelope(a->doc, w->run.arena, &envelope, &less.n))
        return false;
    less.at = envelope;
    struct slice control_id = m->control_id.n ? map_run_value(&w->run, &m->control_id)
                              : a->doc        ? map_fhir_control_id(a->doc, w->run.arena)
                                              : SLICE_ABSENT;
    struct slice bytes = map_message_bytes(m, &a->view, less, w->run.arena);
    if (!slice_present(bytes))
        return false;
    if (!control_id.n)
        control_id = SLICE_ABSENT;
    const struct slice parts[] = {w->t->source->name, control_id, bytes};
    event_parts_digest(&w->t->keys, parts, sizeof(parts) / sizeof(parts[0]), w->digest);
    return work_identify(w, control_id);
}

/* No map: kept and counted, or refused where the source says so. */
static void leave_unmapped(struct work *w)
{
    w->ret->verdict = TRANSLATE_UNMAPPED;
    if (w->t->source->ack.on_unmapped != SITE_REFUSE)
        return;
    struct slice path =
        w->t->source->format == SITE_FHIR ? SLICE("resourceType") : w->t->message.trigger_path;
    work_refuse(w, (struct translate_reason){.code = 200,
                                             .expression =
                                                 slice_present(path) ? place(w, path) : w->run.part,
                                             .text = SLICE("no map is for messages of this kind")});
}

/* It goes into counters and reports, where nothing of a patient may stand. */
static bool fits_name(struct slice trigger)
{
    for (size_t i = 0; i < trigger.n; i++) {
        char c = trigger.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              memchr("_-.:/^ ", c, 7)))
            return false;
    }
    return trigger.n > 0 && trigger.n <= TRIGGER_MAX;
}

/* Of JSON and CSV the map says where the trigger stands. */
static void run_record(struct work *w)
{
    struct translation *ret = w->ret;
    struct slice trigger = map_run_value(&w->run, &w->t->message.trigger);
    struct slice path = w->t->message.trigger_path;
    if (!fits_name(trigger)) {
        work_refuse(w, (struct translate_reason){
                           .code = slice_present(trigger) ? 102 : 101,
                           .expression = path,
                           .text = slice_present(trigger)
                                       ? SLICE("what should say which kind of message this is, is "
                                               "no name of one")
                                       : SLICE("nothing says which kind of message this is")});
        return;
    }
    ret->trigger = trigger;
    w->trigger = work_trigger(&w->t->map, trigger);
    if (!w->trigger)
        leave_unmapped(w);
    else if (work_key(w))
        work_run(w);
    else
        work_refuse_long(w);
}

/* Whether the resource at that place can be taken at its word. */
static bool is_plain(struct work *w, const struct json *resource, struct slice place)
{
    struct slice at = SLICE("");
    if (!map_modifier_find(resource, w->run.context->modifiers, w->run.arena, &at))
        return true;
    work_refuse(w, (struct translate_reason){
                       .code = 201,
                       .expression =
                           arena_printf(w->run.arena, "%.*s%.*s", SLICE_ARG(place), SLICE_ARG(at)),
                       .text = SLICE("a modifierExtension can turn what it stands in into its "
                                     "opposite: its url is not in table modifier_extension")});
    return false;
}

/* Of a message what it is about counts, too. */
static bool focus_is_plain(struct work *w, struct asking *a, const struct json *header)
{
    const struct json *focus = json_get(header, "focus");
    for (const struct json *e = json_first(focus); e; e = json_next(focus, e)) {
        const struct json *resource = fhir_resolve(a->doc, a->entry, e);
        if (resource && !is_plain(w, resource, SLICE("MessageHeader.focus.resolve()")))
            return false;
    }
    return true;
}

/* Not refused; false when nothing more is to be done. */
static bool run_part(struct work *w, struct asking *a, const struct map_fhir_part *part)
{
    a->entry = part->entry;
    a->view.root = part->resource;
    a->view.entry = part->entry->tree;
    w->run.part = part->place;
    w->trigger = work_trigger(&w->t->map, part->trigger);
    if (!w->trigger)
        return true;
    return is_plain(w, part->resource, part->place) && work_run(w);
}

/* Each entry by itself; one that is refused does not keep the reasons of the others back. */
static void run_entries(struct work *w, struct asking *a)
{
    for (unsigned i = 0; i < a->doc->n; i++) {
        struct map_fhir_part part;
        if (!map_fhir_part(a->doc, &a->doc->entries[i], w->run.arena, &part)) {
            work_refuse_long(w);
            return;
        }
        if (!slice_present(part.trigger))
            continue;
        if (!slice_present(w->ret->trigger) || !w->understood)
            w->ret->trigger = part.trigger;
        if (!run_part(w, a, &part) && w->ret->nreasons == TRANSLATE_REASONS_MAX)
            return;
    }
    if (!w->understood && !w->ret->nreasons)
        leave_unmapped(w);
}

static void run_document(struct work *w, struct asking *a)
{
    struct slice message = map_fhir_message(a->doc, w->run.arena);
    if (slice_present(message) && !fits_name(message))
        message = SLICE_ABSENT;
    if (slice_present(message) && work_trigger(&w->t->map, message)) {
        const struct fhir_entry *header = &a->doc->entries[0];
        const struct map_fhir_part part = {.trigger = message,
                                           .place = SLICE("Bundle.entry[0].resource"),
                                           .resource = header->resource,
                                           .entry = header};
        w->ret->trigger = message;
        if (focus_is_plain(w, a, header->resource))
            run_part(w, a, &part);
        return;
    }
    if (map_fhir_answers(a->doc)) { /* it gives back what it was asked about: no news */
        w->ret->trigger = message;
        w->understood = true;
        return;
    }
    run_entries(w, a);
}

static void run_tree(struct work *w)
{
    const struct translation *ret = w->ret;
    struct asking a = {.doc = ret->fhir,
                       .view = {.root = ret->tree, .left = LOOKS_MAX, .resolve = NULL}};
    if (a.doc) {
        a.view.resolve = resolve;
        a.view.arg = &a;
        a.view.bundle = a.doc->kind == FHIR_RESOURCE ? NULL : a.doc->root;
        a.entry = a.doc->n ? &a.doc->entries[0] : NULL;
    }
    w->run.view = &a.view;
    if (!identify(w, &a))
        work_refuse_long(w);
    else if (a.doc)
        run_document(w, &a);
    else
        run_record(w);
    if (!a.view.left)
        work_refuse(w, (struct translate_reason){
                           .code = 104,
                           .text = SLICE("the message is too large for its map: its "
                                         "paths look at more than 20 million places")});
    w->run.view = NULL;
}

void tree_translate(struct work *w, struct slice raw)
{
    struct translation *ret = w->ret;
    int format = w->t->source->format;
    bool read = format == SITE_FHIR  ? read_fhir(w, raw)
                : format == SITE_CSV ? read_csv(w, raw)
                                     : read_json(w, raw);
    if (!read)
        return;
    run_tree(w);
    if (!ret->nreasons && ret->verdict != TRANSLATE_UNMAPPED)
        ret->verdict = ret->nevents ? TRANSLATE_EVENTS : TRANSLATE_NOTHING;
}
