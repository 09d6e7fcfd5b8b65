#include "map_person.h"

#include <stdio.h>
#include "map_text.h"
#include "near_name.h"
#include "site_tables.h"

enum { IDS_MAX = 64 };

static bool is_nhs(const struct map_id *id)
{
    return slice_eq(id->kind, SLICE("nhs_number"));
}

/* source/field, where no CX tells authority and type: SCH-2, urn:equip, incident. */
static bool names_field(struct slice key)
{
    if (site_table_parts(key) != 2)
        return false;
    struct slice field = slice_sub(key, (size_t)slice_find(key, '/') + 1, key.n);
    for (size_t i = 0; i < field.n; i++)
        if (field.p[i] == '-' || field.p[i] == ':' || (field.p[i] >= 'a' && field.p[i] <= 'z'))
            return true;
    return false;
}

/* Other kinds than these three are the site's own: only what is a slip of the hand is refused. */
static bool identifier_fine(const void *arg, struct slice key, struct slice value,
                            char why[SITE_TABLE_WHY])
{
    static const char *const kinds[] = {"nhs_number", "mrn", "visit"};
    struct near_name near = {.wanted = value, .distance = value.n > 4 ? 3 : 2};
    (void)arg;
    if (site_table_parts(key) != 3 && !names_field(key)) {
        snprintf(
            why, SITE_TABLE_WHY,
            "the key is source/authority/type (PID-3.4, PID-3.5), as in */RZZ/MR; \"*\" is any");
        return false;
    }
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (slice_eq_str(value, kinds[i]))
            return true;
        near_name_try(&near, kinds[i]);
    }
    snprintf(why, SITE_TABLE_WHY, "did you mean %s?", near.name ? near.name : "");
    return !near.name;
}

int map_identifiers_check(const struct site_table *identifiers, struct err *reterr)
{
    return site_table_check(identifiers, identifier_fine, NULL, reterr);
}

static struct slice kind_of(struct map_run *run, const struct map_id *id)
{
    struct slice authority = id->authority_sent ? id->authority : SLICE("");
    struct slice parts[3] = {run->context->source->name, authority,
                             slice_present(id->type) ? id->type : SLICE("")};
    struct slice kind = site_table_get_parts(run->context->identifiers, parts, 3);
    if (slice_present(kind))
        return kind;
    return slice_present(id->type) ? id->type : SLICE("mrn");
}

static bool read_id(struct map_run *run, struct slice repetition, struct map_id *ret)
{
    struct slice sent = hl7_msg_part(run->msg, repetition, 1, 0);
    ret->value = map_text(run, sent);
    /* Half an id would be somebody else's. */
    if (!slice_present(ret->value) || map_text_cut(run, sent))
        return false;
    ret->authority = map_text_part(run, repetition, 4, 1);
    if (!slice_present(ret->authority))
        ret->authority = map_text_part(run, repetition, 4, 2);
    ret->authority_sent = slice_present(ret->authority);
    if (!ret->authority_sent)
        ret->authority = run->context->source->ods;
    ret->type = map_text_part(run, repetition, 5, 0);
    ret->kind = kind_of(run, ret);
    return true;
}

/* How many repetitions of a field are looked at: all, but for one that is endless. */
static unsigned repetitions(struct map_run *run, struct slice field)
{
    unsigned n = hl7_msg_repetitions(run->msg, field);
    if (n <= IDS_MAX)
        return n;
    run->text_flags |= MAP_TEXT_IDS_MANY;
    return IDS_MAX;
}

struct map_ids map_ids_read(struct map_run *run, struct slice field)
{
    struct map_ids ids = {0};
    unsigned n = repetitions(run, field);
    ids.at = n ? arena_alloc(run->arena, n * sizeof(*ids.at)) : NULL;
    for (unsigned i = 0; ids.at && i < n; i++)
        ids.n += read_id(run, hl7_msg_take_repetition(run->msg, &field), &ids.at[ids.n]);
    return ids;
}

static struct slice normal_nhs(struct map_run *run, struct slice sent)
{
    char digits[11];
    return event_nhs_number(sent, digits) ? arena_copy(run->arena, slice_make(digits, 10))
                                          : SLICE_ABSENT;
}

struct slice map_id_nhs(struct map_run *run, const struct map_id *id)
{
    return is_nhs(id) ? normal_nhs(run, id->value) : SLICE_ABSENT;
}

/* CX.2 of an NHS number is a status with some senders ("06"), a check digit with others. */
static struct slice status_in_cx(struct map_run *run, struct slice repetition)
{
    struct slice text = map_text_part(run, repetition, 2, 0);
    bool two_digits = text.n == 2 && text.p[0] == '0' && text.p[1] >= '1' && text.p[1] <= '8';
    return two_digits || slice_starts(text, SLICE("NSTS")) ? text : SLICE_ABSENT;
}

static void take_nhs(struct map_person *p, struct slice nhs, struct map_id_field at)
{
    p->nhs_number = nhs;
    p->nhs_at = at;
}

/* Takes the NHS numbers out of the list; the first valid one is the person's. */
static void take_numbers(struct map_run *run, struct map_person *p)
{
    const struct map_id_field pid3 = {SLICE("PID"), 3};
    struct map_ids all = p->ids;
    p->ids.n = 0;
    for (unsigned i = 0; i < all.n; i++) {
        if (!is_nhs(&all.at[i])) {
            p->ids.at[p->ids.n++] = all.at[i];
            continue;
        }
        struct slice nhs = normal_nhs(run, all.at[i].value);
        if (!slice_present(nhs))
            p->nhs_wrong = true;
        else if (!slice_present(p->nhs_number))
            take_nhs(p, nhs, pid3);
    }
}

static void sort_out(struct map_run *run, struct map_person *p, struct slice field)
{
    take_numbers(run, p);
    unsigned n = repetitions(run, field);
    for (unsigned i = 0; i < n; i++) {
        struct slice status = status_in_cx(run, hl7_msg_take_repetition(run->msg, &field));
        if (slice_present(status) && !slice_present(p->nhs_status))
            p->nhs_status = status;
    }
}

/* PID-2 and PID-19: where old and odd feeds put the number. Only a valid one counts unless its type
 * says what it is. */
static void look_elsewhere(struct map_run *run, struct map_person *p, struct map_id_field at)
{
    struct slice field = map_run_field(run, at.segment, at.field);
    if (!slice_present(field))
        return;
    struct map_ids ids = map_ids_read(run, field);
    for (unsigned i = 0; i < ids.n && !slice_present(p->nhs_number); i++) {
        const struct map_id *id = &ids.at[i];
        if (!is_nhs(id) && (id->authority_sent || slice_present(id->type)))
            continue;
        take_nhs(p, normal_nhs(run, id->value), at);
        p->nhs_wrong |= is_nhs(id) && !slice_present(p->nhs_number);
    }
    struct slice status = status_in_cx(run, hl7_msg_repetition(run->msg, field, 1));
    if (!slice_present(p->nhs_status))
        p->nhs_status = status;
}

/* A number that nobody named but that can only be one. */
static void look_for_lone(struct map_run *run, struct map_person *p)
{
    const struct map_id_field pid3 = {SLICE("PID"), 3};
    for (unsigned i = 0; i < p->ids.n; i++) {
        const struct map_id *id = &p->ids.at[i];
        if (id->authority_sent || slice_present(id->type))
            continue;
        take_nhs(p, normal_nhs(run, id->value), pid3);
        if (!slice_present(p->nhs_number))
            continue;
        memmove(&p->ids.at[i], &p->ids.at[i + 1], (p->ids.n - i - 1) * sizeof(*id));
        p->ids.n--;
        return;
    }
}

static bool has_id(const struct map_ids *ids, const struct map_id *id)
{
    for (unsigned i = 0; i < ids->n; i++)
        if (slice_eq(ids->at[i].value, id->value) && slice_eq(ids->at[i].kind, id->kind) &&
            slice_eq(ids->at[i].authority, id->authority))
            return true;
    return false;
}

/* PID-32 repeats, and may hold other reliability codes and "". */
static struct slice status_in_pid32(struct map_run *run, struct slice field)
{
    unsigned n = repetitions(run, field);
    for (unsigned i = 0; i < n; i++) {
        struct slice text = map_text_part(run, hl7_msg_take_repetition(run->msg, &field), 1, 0);
        if (slice_starts(text, SLICE("NSTS")) || (text.n == 2 && text.p[0] == '0'))
            return text;
    }
    return SLICE_ABSENT;
}

/* The fields whose ids the map counts among those of PID-3. */
static struct map_ids read_ids(struct map_run *run, struct slice pid3)
{
    const struct map_id_fields *local = &run->context->feed.local;
    struct map_ids ids = map_ids_read(run, pid3);
    for (unsigned i = 0; i < local->n; i++) {
        struct slice field = map_run_field(run, local->at[i].segment, local->at[i].field);
        struct map_ids more = map_ids_read(run, field);
        struct map_ids all = {arena_alloc(run->arena, (ids.n + more.n + 1) * sizeof(*ids.at)), 0};
        if (!all.at)
            return ids;
        for (unsigned k = 0; k < ids.n + more.n; k++) {
            const struct map_id *id = k < ids.n ? &ids.at[k] : &more.at[k - ids.n];
            if (!has_id(&all, id))
                all.at[all.n++] = *id;
        }
        ids = all;
    }
    return ids;
}

static void look_where_told(struct map_run *run, struct map_person *p)
{
    const struct map_id_fields *told = &run->context->feed.nhs_number;
    for (unsigned i = 0; i < told->n && !slice_present(p->nhs_number); i++)
        look_elsewhere(run, p, told->at[i]);
}

/* ---- of a tree ---- */

static bool add_by_rule(struct map_run *run, const struct map_id_rule *rule, void *arg)
{
    struct map_ids *ids = arg;
    if (ids->n == IDS_MAX) {
        run->text_flags |= MAP_TEXT_IDS_MANY;
        return false;
    }
    struct map_id *id = &ids->at[ids->n];
    *id = (struct map_id){.value = slice_trim(map_run_value(run, &rule->value)),
                          .authority = map_run_value(run, &rule->authority),
                          .type = map_run_value(run, &rule->type)};
    if (!id->value.n)
        return true;
    id->authority_sent = slice_present(id->authority);
    if (!id->authority_sent)
        id->authority = run->context->source->ods;
    id->kind = kind_of(run, id);
    ids->n += !has_id(ids, id);
    return true;
}

struct map_ids map_ids_by(struct map_run *run, const struct map_id_rules *rules)
{
    struct map_ids ids = {0};
    if (rules->n)
        ids.at = arena_alloc(run->arena, IDS_MAX * sizeof(*ids.at));
    if (ids.at)
        map_id_rules_each(run, rules, add_by_rule, &ids);
    return ids;
}

/* Of the values under `nhs_number:` the first valid one. */
static void look_by_rule(struct map_run *run, struct map_person *p)
{
    const struct map_value *told = &run->context->feed.ids.nhs_number;
    for (unsigned i = 0; i < told->n && !slice_present(p->nhs_number); i++) {
        const struct map_value one = {&told->at[i], 1};
        struct slice sent = map_run_value(run, &one);
        if (!slice_present(sent))
            continue;
        p->nhs_number = normal_nhs(run, sent);
        p->nhs_wrong |= !slice_present(p->nhs_number);
        if (told->at[i].npaths)
            p->nhs_path = map_path_name(run, told->at[i].paths[0]);
    }
}

static void read_tree_person(struct map_run *run, struct map_person *p)
{
    const struct map_ids_of *told = &run->context->feed.ids;
    p->ids = map_ids_by(run, &told->local);
    look_by_rule(run, p);
    take_numbers(run, p);
    p->nhs_wrong &= !slice_present(p->nhs_number);
    p->nhs_status = map_run_value(run, &told->nhs_number_status);
}

/* ---- of HL7 v2 ---- */

static void read_person(struct map_run *run, struct map_person *p)
{
    struct slice pid3 = map_run_field(run, SLICE("PID"), 3);
    struct slice pid32 = map_run_field(run, SLICE("PID"), 32);
    p->ids = read_ids(run, pid3);
    if (slice_present(pid32))
        p->nhs_status = status_in_pid32(run, pid32);
    sort_out(run, p, pid3);
    if (!slice_present(p->nhs_number) || !slice_present(p->nhs_status))
        look_elsewhere(run, p, (struct map_id_field){SLICE("PID"), 2});
    if (!slice_present(p->nhs_number))
        look_elsewhere(run, p, (struct map_id_field){SLICE("PID"), 19});
    look_where_told(run, p);
    if (!slice_present(p->nhs_number) && !p->nhs_wrong)
        look_for_lone(run, p);
    p->nhs_wrong &= !slice_present(p->nhs_number);
    if (!slice_present(p->nhs_status))
        p->nhs_status = map_text(run, map_run_field(run, SLICE("ZU1"), 27));
}

const struct map_person *map_person_of(struct map_run *run)
{
    if (run->person)
        return run->person;
    struct map_person *p = arena_zalloc(run->arena, 1, sizeof(*p));
    if (p && run->view)
        read_tree_person(run, p);
    else if (p)
        read_person(run, p);
    return run->person = p;
}

const struct map_id *map_person_local(const struct map_person *p)
{
    const struct map_id *other = NULL;
    for (unsigned i = 0; i < p->ids.n; i++) {
        const struct map_id *id = &p->ids.at[i];
        if (slice_eq(id->kind, SLICE("mrn")))
            return id;
        if (!other && !slice_eq(id->kind, SLICE("visit")))
            other = id;
    }
    return other;
}

struct map_visit {
    const struct map_id *id;
};

static const struct map_id *first_visit(const struct map_ids *ids)
{
    for (unsigned i = 0; i < ids->n; i++)
        if (slice_eq(ids->at[i].kind, SLICE("visit")))
            return &ids->at[i];
    return NULL;
}

static const struct map_id *find_visit(struct map_run *run)
{
    struct map_ids ids = map_ids_read(run, map_run_field(run, SLICE("PV1"), 19));
    const struct map_id *found = first_visit(&ids);
    if (found || ids.n)
        return found ? found : &ids.at[0];
    struct map_ids accounts = map_ids_read(run, map_run_field(run, SLICE("PID"), 18));
    return first_visit(&accounts);
}

const struct map_id *map_visit_of(struct map_run *run)
{
    if (run->view)
        return NULL;
    if (!run->visit) {
        run->visit = arena_alloc(run->arena, sizeof(*run->visit));
        if (run->visit)
            run->visit->id = find_visit(run);
    }
    return run->visit ? run->visit->id : NULL;
}

static struct slice pseudonym(struct map_run *run, struct slice authority, struct slice number)
{
    char *out = arena_alloc(run->arena, EVENT_PSEUDONYM_SIZE);
    return out ? event_pseudonym(run->context->keys, authority, number, out) : SLICE_ABSENT;
}

struct slice map_id_pseudonym(struct map_run *run, const struct map_id *id)
{
    struct slice nhs = map_id_nhs(run, id);
    return slice_present(nhs) ? pseudonym(run, SLICE_ABSENT, nhs)
                              : pseudonym(run, id->authority, id->value);
}

void map_person_pseudonyms(struct map_run *run, struct slice *ret_person, struct slice *ret_local)
{
    *ret_person = *ret_local = SLICE_ABSENT;
    const struct map_person *p = map_person_of(run);
    const struct map_id *id = p ? map_person_local(p) : NULL;
    struct slice local = id ? pseudonym(run, id->authority, id->value) : SLICE_ABSENT;
    if (p && slice_present(p->nhs_number)) {
        *ret_person = pseudonym(run, SLICE_ABSENT, p->nhs_number);
        *ret_local = local;
    } else {
        *ret_person = local;
    }
}
