#include "rule_key.h"

#include "rule_like.h"

/* What is known of a part of a rule. `safe`: gives true or false on every event, and no error. */
struct part {
    bool safe;
    struct rule_key key;
};
struct walk {
    struct arena *arena;
    long steps; /* the most that evaluating all safe parts can take */
};

unsigned rule_type_number(struct slice type)
{
    unsigned low = 0, high = EVENT_NTYPES;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        int order = slice_cmp(type, slice_str(event_type_nth(mid)));
        if (order == 0)
            return mid;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return EVENT_NTYPES;
}

static void add_type(struct rule_key *k, unsigned number)
{
    k->has_types = true;
    k->types[number / 64] |= (uint64_t)1 << (number % 64);
}

static bool is_text_literal(const struct rule_node *n)
{
    return n->op == RULE_OP_LITERAL && n->value.kind == RULE_STRING;
}

/* An operand that has that kind on every event, and no error. */
static bool is_plain(const struct rule_node *n, enum rule_kind kind)
{
    if (n->op == RULE_OP_LITERAL)
        return n->value.kind == kind;
    if (n->op == RULE_OP_FIELD)
        return kind != RULE_INTEGER && n->value.kind == kind; /* digits beyond 32 bits are a text */
    return n->op == RULE_OP_ATTRIBUTE && kind == RULE_STRING &&
           (n->field == EV_TYPE || n->field == EV_ID || n->field == EV_SOURCE ||
            n->field == EV_SPECVERSION);
}

static bool is_plain_name(const struct rule_node *n)
{
    return n->op != RULE_OP_LITERAL && is_plain(n, RULE_STRING);
}

/* The field of n has one of these values. */
static void test_values(struct rule_key *k, const struct rule_node *n, const struct slice *values,
                        unsigned count)
{
    if (n->field != EV_TYPE) {
        k->tests[k->ntests++] = (struct rule_test){n->field, false, count, values};
        return;
    }
    k->has_types = true;
    for (unsigned i = 0; i < count; i++)
        add_type(k, rule_type_number(values[i]));
}

static void compare(const struct rule_node *n, struct part *ret)
{
    const struct rule_node *a = n->left, *b = n->links->node;
    enum rule_binary op = n->links->op;
    bool texts = is_plain(a, RULE_STRING) && is_plain(b, RULE_STRING);
    bool truths = is_plain(a, RULE_BOOLEAN) && is_plain(b, RULE_BOOLEAN);
    if (n->nlinks != 1 || (op != RULE_EQUAL && op != RULE_UNEQUAL) || (!texts && !truths))
        return;
    ret->safe = true;
    if (op != RULE_EQUAL || !texts)
        return;
    if (is_plain_name(a) && is_text_literal(b))
        test_values(&ret->key, a, &b->value.string, 1);
    else if (is_plain_name(b) && is_text_literal(a))
        test_values(&ret->key, b, &a->value.string, 1);
}

static void like_type(struct walk *w, const struct rule_node *n, struct part *ret)
{
    w->steps += (long)(n->pattern.n + 1) * (RULE_TYPE_LENGTH_MAX + 1);
    ret->safe = true;
    if (n->negated)
        return;
    add_type(&ret->key, EVENT_NTYPES);
    for (unsigned i = 0; i < EVENT_NTYPES; i++) {
        long steps = RULE_STEPS_MAX;
        if (rule_like(slice_str(event_type_nth(i)), n->pattern, &steps))
            add_type(&ret->key, i);
    }
}

/* Bytes of a pattern before its first wildcard. */
static size_t beginning(struct slice pattern)
{
    size_t n = 0;
    while (n < pattern.n && (unsigned char)pattern.p[n] < RULE_LIKE_ONE)
        n++;
    return n;
}

/* A run at the end takes one step, whatever follows in the text; anything else may cost as much as
 * the text is long. */
static void like(struct walk *w, const struct rule_node *n, struct part *ret)
{
    size_t fixed = beginning(n->pattern);
    if (!is_plain_name(n->left))
        return;
    if (n->left->field == EV_TYPE) {
        like_type(w, n, ret);
        return;
    }
    w->steps += (long)n->pattern.n + 2;
    ret->safe = fixed == n->pattern.n ||
                (fixed + 1 == n->pattern.n && (unsigned char)n->pattern.p[fixed] == RULE_LIKE_RUN);
    struct slice *value = n->negated || !fixed ? NULL : arena_alloc(w->arena, sizeof(*value));
    if (!value)
        return;
    *value = slice_sub(n->pattern, 0, fixed < RULE_BEGINNING_MAX ? fixed : RULE_BEGINNING_MAX);
    ret->key.tests[0] = (struct rule_test){n->left->field, true, 1, value};
    ret->key.ntests = 1;
}

static void in(const struct rule_node *n, struct part *ret)
{
    if (!n->set || !is_plain(n->left, RULE_STRING))
        return;
    ret->safe = true;
    if (!n->negated && is_plain_name(n->left))
        test_values(&ret->key, n->left, n->set, n->nset);
}

static void both(struct rule_key *k, const struct rule_key *more)
{
    for (unsigned i = 0; more->has_types && i < RULE_TYPE_WORDS; i++)
        k->types[i] = k->has_types ? k->types[i] & more->types[i] : more->types[i];
    k->has_types = k->has_types || more->has_types;
    for (unsigned i = 0; i < more->ntests && k->ntests < RULE_TESTS_MAX; i++)
        k->tests[k->ntests++] = more->tests[i];
}

static const struct rule_test *same_field(const struct rule_key *k, const struct rule_test *t)
{
    for (unsigned i = 0; i < k->ntests; i++)
        if (k->tests[i].field == t->field && k->tests[i].beginning == t->beginning)
            return &k->tests[i];
    return NULL;
}

/* The values of both; false without memory. */
static bool widen(struct arena *arena, struct rule_test *t, const struct rule_test *more)
{
    struct slice *values = arena_alloc(arena, (t->count + more->count) * sizeof(*values) + 1);
    if (!values)
        return false;
    if (t->count)
        memcpy(values, t->values, t->count * sizeof(*values));
    if (more->count)
        memcpy(values + t->count, more->values, more->count * sizeof(*values));
    t->values = values;
    t->count += more->count;
    return true;
}

/* What must hold where one of two parts does: only what both speak of. */
static void either(struct walk *w, struct rule_key *k, const struct rule_key *other)
{
    unsigned n = 0;
    k->has_types = k->has_types && other->has_types;
    for (unsigned i = 0; k->has_types && i < RULE_TYPE_WORDS; i++)
        k->types[i] |= other->types[i];
    for (unsigned i = 0; i < k->ntests; i++) {
        const struct rule_test *more = same_field(other, &k->tests[i]);
        struct rule_test t = k->tests[i];
        if (more && widen(w->arena, &t, more))
            k->tests[n++] = t;
    }
    k->ntests = n;
}

static void walk(struct walk *w, const struct rule_node *n, struct part *ret);

static void logic(struct walk *w, const struct rule_node *n, struct part *ret)
{
    walk(w, n->left, ret);
    for (const struct rule_link *l = n->links; l; l = l->next) {
        struct part right;
        walk(w, l->node, &right);
        if (l->op == RULE_AND && ret->safe)
            both(&ret->key, &right.key);
        else if (l->op == RULE_OR)
            either(w, &ret->key, &right.key);
        else if (l->op == RULE_XOR)
            ret->key = (struct rule_key){0};
        ret->safe = ret->safe && right.safe;
    }
}

static void walk(struct walk *w, const struct rule_node *n, struct part *ret)
{
    *ret = (struct part){0};
    w->steps += 4; /* a node, its operands where they are plain, and a look into a set */
    if (n->op == RULE_OP_CHAIN && n->links->op <= RULE_XOR) {
        logic(w, n, ret);
    } else if (n->op == RULE_OP_CHAIN) {
        compare(n, ret);
    } else if (n->op == RULE_OP_LIKE) {
        like(w, n, ret);
    } else if (n->op == RULE_OP_IN) {
        in(n, ret);
    } else if (n->op == RULE_OP_NOT) {
        walk(w, n->left, ret);
        ret->key = (struct rule_key){0};
    } else {
        ret->safe = n->op == RULE_OP_EXISTS || is_plain(n, RULE_BOOLEAN);
    }
}

void rule_key_of(const struct rule *r, struct arena *arena, struct rule_key *ret)
{
    struct walk w = {.arena = arena};
    struct part p;
    walk(&w, r->root, &p);
    if (w.steps > RULE_STEPS_MAX / 2)
        p.key = (struct rule_key){0};
    *ret = p.key;
}
