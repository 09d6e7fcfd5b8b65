#include "translate_work.h"

#include "map_group.h"
#include "map_text.h"
#include "sender.h"

/* The arena bounds the index of both, as it bounds the rest: one limit, which a site may raise. */
static const struct hl7_limits limits = {.segments = UINT32_MAX, .fields = UINT32_MAX};

static bool begins_with_msh(struct slice raw)
{
    return slice_starts(slice_trim(raw), SLICE("MSH"));
}

/* Not HL7, bad delimiters, or too many segments. */
static void refuse_parse(struct work *w, struct slice raw, const struct err *err)
{
    struct slice text = arena_copy(w->run.arena, slice_str(err->text));
    bool msh = begins_with_msh(raw), limit = err->code != ERR_INPUT;
    work_refuse(w, (struct translate_reason){
                       .code = limit ? 104
                               : msh ? 102
                                     : 100,
                       .header = !limit,
                       .segment = limit ? SLICE_ABSENT : SLICE("MSH"),
                       .field = msh && !limit ? 2 : 0,
                       .text = slice_present(text) ? text : SLICE("this is no HL7 v2 message"),
                   });
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
    if (!slice_present(trigger) && slice_present(type) && work_trigger(&w->t->map, type)) {
        ret->trigger = type;
        return;
    }
    if (!slice_present(trigger)) {
        work_refuse(w, (struct translate_reason){
                           .code = slice_present(type) ? 201 : 101,
                           .header = true,
                           .segment = SLICE("MSH"),
                           .field = 9,
                           .text = SLICE("neither MSH-9 nor EVN-1 says what happened")});
        return;
    }
    bool adt = !slice_present(type) || slice_eq(type, SLICE("ADT"));
    ret->trigger = adt ? trigger : arena_join(w->run.arena, type, SLICE("^"), trigger);
}

static void check_version(struct work *w)
{
    struct slice version = map_text(&w->run, w->ret->header.version);
    if (!slice_present(version) || version.p[0] == '2')
        return;
    work_refuse(w, (struct translate_reason){.code = 203,
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
    work_refuse(w, (struct translate_reason){.code = 202,
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
    work_refuse(w, (struct translate_reason){.code = known ? 201 : 200,
                                             .header = true,
                                             .segment = SLICE("MSH"),
                                             .field = 9,
                                             .component = known ? 2 : 1,
                                             .text = SLICE("no map is for messages of this kind")});
}

/* What the ids begin with; MSH-7 is another each time that the same message is sent. */
static bool identify(struct work *w)
{
    struct translation *ret = w->ret;
    struct slice control_id = map_text(&w->run, ret->header.control_id);
    struct slice sent_at = ret->header.sent_at;
    event_message_digest(&w->t->keys, w->t->source->name, control_id, ret->msg.raw, &sent_at,
                         slice_present(sent_at), w->digest);
    return work_identify(w, control_id);
}

void hl7_envelope(struct work *w, struct event *e)
{
    const struct hl7_header *h = &w->ret->header;
    event_put(e, EV_DATA_ORIGIN_FORMAT, SLICE("hl7v2"));
    event_put(e, EV_DATA_ORIGIN_TRIGGER, w->ret->trigger);
    event_put(e, EV_DATA_ORIGIN_VERSION, map_text(&w->run, h->version));
    event_put(e, EV_DATA_ORIGIN_SEQUENCE, map_text(&w->run, h->sequence));
    event_put(e, EV_DATA_ORIGIN_SENDING_APP, map_text(&w->run, h->sending_app));
    event_put(e, EV_DATA_ORIGIN_SENDING_FACILITY, map_text(&w->run, h->sending_facility));
}

void hl7_doubts(struct work *w)
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

void hl7_missing(struct work *w, const struct map_require *r, unsigned nth)
{
    struct slice path = hl7_path_text(r->paths[0].hl7);
    work_refuse(
        w, (struct translate_reason){
               .code = 101,
               .segment = r->segment,
               .sequence = nth,
               .field = r->field,
               .text = arena_printf(w->run.arena, "%.*s is missing or empty", SLICE_ARG(path))});
}

/* What tells that one number takes the place of another has to name another. */
void hl7_check_merge(struct work *w, const struct map_event *m, unsigned nth)
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
            work_refuse(w, (struct translate_reason){.code = 101,
                                                     .segment = SLICE("MRG"),
                                                     .sequence = nth,
                                                     .field = needs[i].field,
                                                     .text = slice_str(needs[i].text)});
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
        work_refuse_long(w);
        return;
    }
    w->trigger = work_trigger(&w->t->map, ret->trigger);
    if (!w->trigger)
        leave_unmapped(w);
    else if (work_run(w))
        ret->verdict = ret->nevents ? TRANSLATE_EVENTS : TRANSLATE_NOTHING;
}

void hl7_translate(struct work *w, struct slice raw)
{
    struct translation *ret = w->ret;
    struct err err;
    if (hl7_charset_parse(raw, w->t->source->charset, &limits, w->run.arena, &ret->msg,
                          &w->run.charset, &err) < 0) {
        refuse_parse(w, raw, &err);
        return;
    }
    hl7_msg_header(&ret->msg, &ret->header);
    ret->parsed = true;
    w->run.msg = &ret->msg;
    w->run.header = &ret->header;
    translate_message(w);
}
