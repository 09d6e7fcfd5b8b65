#include "translate_work.h"

#include "map_group.h"
#include "map_key.h"
#include "map_person.h"
#include "map_test.h"
#include "map_text.h"
#include "map_trace.h"

enum { REASONS_MAX = TRANSLATE_REASONS_MAX, ID_BYTES = 16 /* of the digest, in ids */ };

void work_refuse(struct work *w, struct translate_reason reason)
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

void work_refuse_long(struct work *w)
{
    work_refuse(
        w, (struct translate_reason){
               .code = 104, .text = SLICE("the message needs more memory than message_arena")});
}

const struct map_trigger *work_trigger(const struct map *map, struct slice name)
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

static bool set_message_id(struct work *w)
{
    char text[DIGEST_B64];
    w->run.message_id = arena_copy(w->run.arena, digest_b64url(w->digest, ID_BYTES, text));
    w->ret->message_id = w->run.message_id;
    return slice_present(w->run.message_id);
}

/* Where no control id was sent, one is made (conformance row 60). */
bool work_identify(struct work *w, struct slice control_id)
{
    struct translation *ret = w->ret;
    if (!set_message_id(w))
        return false;
    ret->control_id_made = !slice_present(control_id);
    ret->control_id = ret->control_id_made ? slice_sub(w->run.message_id, 0, 20) : control_id;
    return true;
}

bool work_key(struct work *w)
{
    w->keyed = map_key_digest(&w->run, w->trigger, w->digest);
    return !w->keyed || set_message_id(w);
}

/* Attributes and origin: what weir itself puts into every event. */
static void set_envelope(struct work *w, struct event *e)
{
    const struct site_source *s = w->t->source;
    event_put(e, EV_SOURCE, w->t->source_uri);
    event_put(e, EV_DATACONTENTTYPE, SLICE("application/json"));
    event_put(e, EV_DATASCHEMA, SLICE(EVENT_CATALOGUE));
    event_put(e, EV_DATA_SECTOR, s->sector);
    event_put(e, EV_DATA_PROVIDER, s->ods);
    if (!w->ret->control_id_made)
        event_put(e, EV_DATA_ORIGIN_CONTROL_ID, w->ret->control_id);
    event_put(e, EV_DATA_ORIGIN_SHA256, slice_make(w->ret->sha256, sizeof(w->ret->sha256) - 1));
    if (w->run.view)
        tree_envelope(w, e);
    else
        hl7_envelope(w, e);
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
    if (!w->run.view)
        hl7_doubts(w);
    map_run_fields(&w->run, w->trigger->fields, w->trigger->nfields);
    flag_feed(w);
    return true;
}

/* Which of its type this event is, from 1. */
static unsigned count_type(struct translator *t, struct slice type)
{
    for (unsigned i = 0; i < t->ncounts; i++)
        if (slice_eq(t->counts[i].type, type))
            return ++t->counts[i].n;
    t->counts[t->ncounts++] = (struct type_count){type, 1};
    return 1;
}

/* False: one of that type has that number already. */
static bool take_number(struct numbers *n, uint64_t type, uint32_t number)
{
    uint64_t entry = type << 32 | number;
    size_t i = number & n->mask;
    if (!n->at)
        return true;
    for (; n->at[i]; i = (i + 1) & n->mask)
        if (n->at[i] == entry)
            return false;
    n->at[i] = entry;
    return true;
}

/* By content where the record has a key. Of two groups that say the same the second is another
 * event all the same. */
static uint32_t number_of(struct work *w, const struct map_event *m)
{
    if (!w->keyed)
        return count_type(w->t, m->type);
    uint32_t number = map_key_number(&w->run, m);
    while (!take_number(&w->numbers, (uint64_t)(m - w->trigger->events) + 1, number))
        number = number == UINT32_MAX ? 1 : number + 1;
    return number;
}

static struct slice write_id(struct work *w, const struct map_event *m, struct slice about,
                             char *out)
{
    unsigned char digest[DIGEST_SIZE];
    if (map_key_event_digest(&w->run, w->trigger, m, about, digest))
        return event_id_write(digest, m->type, 1, out);
    return event_id_write(w->digest, m->type, number_of(w, m), out);
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
    event_put(e, EV_SUBJECT, person);
    *out =
        (struct translate_event){.event = e,
                                 .id = write_id(w, m, slice_present(person) ? person : local, id),
                                 .type = m->type,
                                 .person = person,
                                 .person_local = local,
                                 .retired = w->run.retired};
    event_put(e, EV_ID, out->id);
    event_put(e, EV_TYPE, m->type);
    if (w->trigger->person && !slice_present(person))
        map_run_flag(&w->run, SLICE("no_patient_id"));
    if (w->run.trace)
        w->run.trace->made(w->run.trace->arg, &w->run, m);
    w->ret->nevents++;
    return true;
}

/* Which events of the trigger are to be made. */
static void decide(struct work *w, bool *fires)
{
    const struct map_trace *trace = w->run.trace;
    bool any = false;
    for (unsigned i = 0; i < w->trigger->nevents; i++) {
        const struct map_event *m = &w->trigger->events[i];
        bool left_out = m->otherwise && any, told = m->once && w->run.nth > 1;
        fires[i] = !left_out && !told && map_tests_hold(&w->run, &m->when);
        any |= fires[i] && !m->nkey; /* it may have been told before: no news by itself */
        if (trace)
            trace->decided(trace->arg, &w->run, m,
                           fires[i]   ? MAP_DECIDED_MADE
                           : left_out ? MAP_DECIDED_OTHERWISE
                           : told     ? MAP_DECIDED_ONCE
                                      : MAP_DECIDED_WHEN);
    }
}

/* The events of one patient of the message. False when there is no memory for them. */
static bool run_group(struct work *w, unsigned nth)
{
    const struct map_trigger *trigger = w->trigger;
    w->run.person = NULL;
    w->run.visit = NULL;
    if (!begin_event(w))
        return work_refuse_long(w), false;
    struct slice person = SLICE_ABSENT, local = SLICE_ABSENT;
    if (trigger->person)
        map_person_pseudonyms(&w->run, &person, &local);
    bool *fires = arena_zalloc(w->run.arena, trigger->nevents + 1, sizeof(*fires));
    if (!fires)
        return work_refuse_long(w), false;
    decide(w, fires);
    bool fresh = true;
    for (unsigned i = 0; i < trigger->nevents; i++) {
        if (!fires[i])
            continue;
        if (!(fresh || begin_event(w)) || !finish_event(w, &trigger->events[i], person, local))
            return work_refuse_long(w), false;
        if (!w->run.view)
            hl7_check_merge(w, &trigger->events[i], nth);
        fresh = false;
    }
    return true;
}

/* Of a tree an object will do. */
static bool has_one(struct work *w, const struct map_require *r)
{
    if (!w->run.view)
        return slice_present(map_text_first(&w->run, r->paths, r->npaths));
    for (unsigned i = 0; i < r->npaths; i++)
        if (map_path_state(&w->run, r->paths[i]) == HL7_VALUE)
            return true;
    return false;
}

static bool check_requirements(struct work *w, unsigned nth)
{
    unsigned before = w->ret->nreasons;
    for (unsigned i = 0; i < w->trigger->nrequire; i++) {
        const struct map_require *r = &w->trigger->require[i];
        if (has_one(w, r))
            continue;
        if (w->run.view)
            tree_missing(w, r, nth);
        else
            hl7_missing(w, r, nth);
    }
    return w->ret->nreasons == before;
}

static bool find_groups(struct work *w, struct map_groups *groups)
{
    struct err err;
    int rc = w->run.view ? map_groups_of_tree(w->trigger, w->run.view, w->run.arena, groups, &err)
                         : map_groups_find(w->trigger, &w->ret->msg, w->run.arena, groups, &err);
    if (rc == 0)
        return true;
    struct slice text =
        err.code == ERR_LIMIT ? arena_copy(w->run.arena, slice_str(err.text)) : SLICE_ABSENT;
    if (slice_present(text))
        work_refuse(w, (struct translate_reason){.code = 104, .text = text});
    else
        work_refuse_long(w);
    return false;
}

/* Room for so many more events. */
static bool reserve(struct work *w, unsigned more)
{
    struct translation *ret = w->ret;
    unsigned need = ret->nevents + more, room = 2 * w->room > need ? 2 * w->room : need;
    if (w->room >= need && ret->events)
        return true;
    struct translate_event *events = arena_alloc(w->run.arena, (room + 1) * sizeof(*events));
    if (!events)
        return false;
    if (ret->nevents)
        memcpy(events, ret->events, ret->nevents * sizeof(*events));
    ret->events = events;
    w->room = room;
    return true;
}

/* A set of twice as many numbers as there can be; one group says nothing twice. */
static bool reserve_numbers(struct work *w, unsigned groups)
{
    size_t need = (size_t)groups * w->trigger->nevents * 2, size = 1;
    if (!w->keyed || groups < 2)
        return true;
    while (size <= need)
        size *= 2;
    w->numbers.at = arena_zalloc(w->run.arena, size, sizeof(*w->numbers.at));
    w->numbers.mask = size - 1;
    return w->numbers.at != NULL;
}

/* What stands in front of the groups is long, and they are many. */
static bool reads_too_much(struct work *w)
{
    if (hl7_scope_read(w->run.scope) <= MAP_SHARED_MAX)
        return false;
    work_refuse(w, (struct translate_reason){
                       .code = 104,
                       .text = SLICE("what its patients, orders or records share is too long to be "
                                     "read for each of so many")});
    return true;
}

/* From now on paths look at the group. */
static void enter_group(struct work *w, const struct map_groups *groups, unsigned i)
{
    if (w->run.view)
        w->run.view->scope = groups->tree ? groups->tree[i] : NULL;
    else
        w->run.scope = groups->at[i];
    w->run.nth = groups->n > 1 ? i + 1 : 0;
}

bool work_run(struct work *w)
{
    struct map_groups groups;
    if (!find_groups(w, &groups))
        return false;
    if (!reserve(w, groups.n * w->trigger->nevents) || !reserve_numbers(w, groups.n))
        return work_refuse_long(w), false;
    for (unsigned i = 0; i < groups.n; i++) {
        enter_group(w, &groups, i);
        if ((check_requirements(w, w->run.nth) && !run_group(w, w->run.nth)) || reads_too_much(w))
            return false;
    }
    w->understood = true;
    return w->ret->nreasons == 0;
}
