#include "rule_set.h"

#include <stdlib.h>

#include "dict.h"
#include "rule_key.h"

enum {
    FIELDS_MAX = 64,     /* that are looked up; rules on further ones are found by type */
    POSTINGS_MAX = 1024, /* of one rule with types and values */
    VALUES_MAX = 1 << 26,
    SORT_SMALL = 48,
    KEYS_ARENA = 64 * 1024 * 1024, /* of one rule */
    GROUP_ANY = RULE_TYPES,        /* rules that name no type */
    GROUPS,
};

/* A rule stands under (group, value); value 0: all events of that group. */
struct posting {
    uint32_t group, value, rule;
};
struct group {
    const struct posting *first, *end;
    uint64_t fields; /* bits of those with values in it */
};
struct indexed {
    int field;
    uint32_t lengths; /* bits of how long the beginnings are */
    size_t longest;   /* of the values */
    struct dict values, beginnings;
};

struct rule_set {
    const struct rule **rules;
    unsigned nrules;
    struct indexed fields[FIELDS_MAX];
    unsigned nfields;
    uint32_t nvalues;
    struct posting *postings;
    size_t npostings, cap;
    struct group groups[GROUPS];
    uint32_t *found; /* candidates of one event, */
    uint32_t *turns; /* and by rule in which turn it became one */
    uint32_t turn;
};

static struct indexed *field_of(struct rule_set *s, int field, bool make)
{
    for (unsigned i = 0; i < s->nfields; i++)
        if (s->fields[i].field == field)
            return &s->fields[i];
    if (!make || s->nfields == FIELDS_MAX)
        return NULL;
    struct indexed *f = &s->fields[s->nfields++];
    f->field = field;
    dict_init(&f->values, VALUES_MAX);
    dict_init(&f->beginnings, VALUES_MAX);
    return f;
}

/* Gives each value of a test its number. */
static bool learn(struct rule_set *s, const struct rule_test *t)
{
    struct indexed *f = field_of(s, t->field, true);
    for (unsigned i = 0; f && i < t->count; i++) {
        bool fresh;
        uint64_t *number =
            dict_put(t->beginning ? &f->beginnings : &f->values, t->values[i], &fresh);
        if (!number)
            return false;
        if (fresh)
            *number = ++s->nvalues;
        if (t->beginning)
            f->lengths |= 1u << t->values[i].n;
        else if (t->values[i].n > f->longest)
            f->longest = t->values[i].n;
    }
    return true;
}

/* The test to look a rule up by: a field with many values tells more than one with few. */
static const struct rule_test *best(struct rule_set *s, const struct rule_key *k)
{
    const struct rule_test *found = NULL;
    size_t most = 0;
    for (unsigned i = 0; i < k->ntests; i++) {
        const struct rule_test *t = &k->tests[i];
        const struct indexed *f = field_of(s, t->field, false);
        size_t count = !f ? 0 : t->beginning ? f->beginnings.count : f->values.count;
        if (count > most) {
            found = t;
            most = count;
        }
    }
    return found;
}

static bool post(struct rule_set *s, unsigned group, uint64_t value, unsigned rule)
{
    if (s->npostings == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        struct posting *bigger = realloc(s->postings, cap * sizeof(*bigger));
        if (!bigger)
            return false;
        s->postings = bigger;
        s->cap = cap;
    }
    s->postings[s->npostings++] = (struct posting){group, (uint32_t)value, rule};
    return true;
}

static bool post_values(struct rule_set *s, unsigned group, const struct rule_test *t,
                        unsigned rule)
{
    if (!t)
        return post(s, group, 0, rule);
    struct indexed *f = field_of(s, t->field, false);
    s->groups[group].fields |= (uint64_t)1 << (f - s->fields);
    for (unsigned i = 0; i < t->count; i++) {
        const uint64_t *number = dict_get(t->beginning ? &f->beginnings : &f->values, t->values[i]);
        if (!post(s, group, *number, rule))
            return false;
    }
    return true;
}

static bool has_type(const struct rule_key *k, unsigned type)
{
    return k->types[type / 64] >> (type % 64) & 1;
}

static bool post_rule(struct rule_set *s, const struct rule_key *k, unsigned rule)
{
    const struct rule_test *t = best(s, k);
    unsigned types = 0;
    bool ok = true;
    for (unsigned i = 0; k->has_types && i < RULE_TYPES; i++)
        types += has_type(k, i);
    if (t && (size_t)types * t->count > POSTINGS_MAX) { /* one of the two has to do */
        if (t->count > types)
            t = NULL;
        else
            types = RULE_TYPES;
    }
    if (!k->has_types || types == RULE_TYPES)
        return post_values(s, GROUP_ANY, t, rule);
    for (unsigned i = 0; ok && i < RULE_TYPES; i++)
        if (has_type(k, i))
            ok = post_values(s, i, t, rule);
    return ok;
}

static int by_place(const void *a, const void *b)
{
    const struct posting *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static void sort_postings(struct rule_set *s)
{
    size_t n = 0;
    if (s->npostings)
        qsort(s->postings, s->npostings, sizeof(*s->postings), by_place);
    for (size_t i = 0; i < s->npostings; i++) /* IN ('a', 'a') names a value twice */
        if (!n || by_place(&s->postings[n - 1], &s->postings[i]) != 0)
            s->postings[n++] = s->postings[i];
    s->npostings = n;
    const struct posting *p = s->postings, *end = s->postings + n;
    for (unsigned g = 0; g < GROUPS; g++) {
        s->groups[g].first = p;
        while (p < end && p->group == g)
            p++;
        s->groups[g].end = p;
    }
}

/* Twice over the rules: how many values a field has is known only after the first time. */
static bool each_rule(struct rule_set *s, bool posting)
{
    struct arena arena;
    bool ok = true;
    arena_init(&arena, KEYS_ARENA);
    for (unsigned i = 0; ok && i < s->nrules; i++) {
        struct rule_key key = {0};
        arena_reset(&arena);
        if (s->rules[i])
            rule_key_of(s->rules[i], &arena, &key);
        for (unsigned t = 0; ok && !posting && t < key.ntests; t++)
            ok = learn(s, &key.tests[t]);
        if (posting)
            ok = post_rule(s, &key, i);
    }
    arena_fini(&arena);
    return ok;
}

int rule_set_open(const struct rule *const *rules, unsigned n, struct rule_set **ret,
                  struct err *reterr)
{
    struct rule_set *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for the index of rules");
    s->nrules = n;
    s->rules = calloc((size_t)n + 1, sizeof(*s->rules));
    s->found = calloc((size_t)n + 1, sizeof(*s->found));
    s->turns = calloc((size_t)n + 1, sizeof(*s->turns));
    if (s->rules && n)
        memcpy(s->rules, rules, n * sizeof(*rules));
    if (!s->rules || !s->found || !s->turns || !each_rule(s, false) || !each_rule(s, true)) {
        rule_set_close(s);
        return err_set(reterr, ERR_NOMEM, "no memory for the index of rules");
    }
    sort_postings(s);
    *ret = s;
    return 0;
}

void rule_set_close(struct rule_set *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->nfields; i++) {
        dict_fini(&s->fields[i].values);
        dict_fini(&s->fields[i].beginnings);
    }
    free(s->postings);
    free(s->turns);
    free(s->found);
    free(s->rules);
    free(s);
}

/* Adds the rules of one list. One may stand in two: data.x LIKE 'a%' OR data.x LIKE 'ab%'. */
static unsigned take(struct rule_set *s, const struct group *g, uint64_t value, unsigned n)
{
    const struct posting *low = g->first, *high = g->end;
    while (low < high) {
        const struct posting *mid = low + (high - low) / 2;
        if (mid->value < value)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < g->end && low->value == value; low++) {
        if (s->turns[low->rule] != s->turn) {
            s->turns[low->rule] = s->turn;
            s->found[n++] = low->rule;
        }
    }
    return n;
}

static unsigned take_number(struct rule_set *s, const struct dict *d, struct slice text,
                            const struct group *a, const struct group *b, unsigned n)
{
    const uint64_t *number = dict_get(d, text);
    return number ? take(s, b, *number, take(s, a, *number, n)) : n;
}

static unsigned take_field(struct rule_set *s, const struct indexed *f, const struct event *e,
                           const struct group *a, const struct group *b, unsigned n)
{
    struct slice text = event_get(e, (unsigned)f->field);
    if (!slice_present(text))
        text = SLICE("");
    if (text.n <= f->longest)
        n = take_number(s, &f->values, text, a, b, n);
    for (uint32_t left = f->lengths; left; left &= left - 1) {
        unsigned length = (unsigned)__builtin_ctz(left);
        if (length <= text.n)
            n = take_number(s, &f->beginnings, slice_make(text.p, length), a, b, n);
    }
    return n;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort(uint32_t *v, unsigned n)
{
    if (n > SORT_SMALL) {
        qsort(v, n, sizeof(*v), by_number);
        return;
    }
    for (unsigned i = 1; i < n; i++) {
        uint32_t x = v[i];
        unsigned k = i;
        for (; k && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

/* Keys hold for events that have what CloudEvents requires, and a type of a bearable length. */
static bool is_regular(const struct event *e)
{
    return event_is_set(e, EV_ID) && event_is_set(e, EV_SOURCE) &&
           event_is_set(e, EV_SPECVERSION) && event_is_set(e, EV_TYPE) &&
           event_get(e, EV_TYPE).n <= RULE_TYPE_LENGTH_MAX;
}

static unsigned candidates(struct rule_set *s, const struct event *e)
{
    unsigned n = 0;
    if (!is_regular(e)) {
        for (; n < s->nrules; n++)
            s->found[n] = n;
        return n;
    }
    if (++s->turn == 0) {
        memset(s->turns, 0, s->nrules * sizeof(*s->turns));
        s->turn = 1;
    }
    const struct group *any = &s->groups[GROUP_ANY],
                       *own = &s->groups[rule_type_number(event_get(e, EV_TYPE))];
    n = take(s, own, 0, take(s, any, 0, n));
    for (uint64_t left = any->fields | own->fields; left; left &= left - 1)
        n = take_field(s, &s->fields[__builtin_ctzll(left)], e, any, own, n);
    sort(s->found, n);
    return n;
}

unsigned rule_set_ask(struct rule_set *s, const struct event *e, struct arena *scratch,
                      rule_set_fn fn, void *arg)
{
    unsigned n = candidates(s, e), asked = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct rule *r = s->rules[s->found[i]];
        struct rule_value v = {.kind = RULE_BOOLEAN, .boolean = true};
        unsigned errors = 0;
        if (r) {
            arena_reset(scratch);
            errors = rule_eval(r, e, scratch, &v);
            asked++;
        }
        if (errors || (v.kind == RULE_BOOLEAN && v.boolean))
            fn(arg, s->found[i], errors);
    }
    return asked;
}
