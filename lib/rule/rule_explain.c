#include "rule_explain.h"

#include "rule_node.h"

struct walk {
    struct arena *arena;
    struct rule_source source;
    const struct rule_trace *trace;
    const struct rule_node *decided;
    struct rule_part *parts;
    unsigned nparts;
    bool full; /* the arena is */
};

static bool is_logic(const struct rule_node *n)
{
    return n->op == RULE_OP_NOT || (n->op == RULE_OP_CHAIN && n->links->op <= RULE_XOR);
}

static bool is_true(const struct rule_trace *t)
{
    return !t->errors && t->value.kind == RULE_BOOLEAN && t->value.boolean;
}

/* The operand after which the value of a chain was what it is now; NULL: several were needed. */
static const struct rule_node *turning(const struct rule_trace *trace, const struct rule_node *n)
{
    const struct rule_node *found = n->left;
    bool value = is_true(&trace[n->left->number]), alone = true;
    for (const struct rule_link *l = n->links; l; l = l->next) {
        const struct rule_trace *t = &trace[l->node->number];
        bool skipped = (l->op == RULE_AND && !value) || (l->op == RULE_OR && value);
        if (skipped)
            continue;
        bool before = value;
        value = l->op == RULE_XOR ? value != is_true(t) : is_true(t);
        alone = value != before && l->op != RULE_XOR;
        found = l->node;
    }
    return alone ? found : NULL;
}

/* Where an error arose: the first operand that has one. */
static const struct rule_node *erring(const struct rule_trace *trace, const struct rule_node *n)
{
    if (trace[n->left->number].errors)
        return n->left;
    for (const struct rule_link *l = n->links; l; l = l->next)
        if (trace[l->node->number].asked && trace[l->node->number].errors)
            return l->node;
    return NULL;
}

static const struct rule_node *decider(const struct rule_trace *trace, const struct rule_node *n)
{
    while (is_logic(n)) {
        const struct rule_node *next = NULL;
        if (n->op == RULE_OP_NOT)
            next = n->left;
        else if (trace[n->number].errors)
            next = erring(trace, n);
        else
            next = turning(trace, n);
        if (!next)
            break;
        n = next;
    }
    return n;
}

static struct rule_part *add(struct walk *w, const struct rule_node *n, enum rule_part_kind kind,
                             unsigned depth)
{
    const struct rule_trace *t = &w->trace[n->number];
    struct rule_part *p = &w->parts[w->nparts++];
    *p = (struct rule_part){.kind = kind,
                            .depth = depth,
                            .from = n->from,
                            .to = n->to,
                            .asked = t->asked,
                            .decided = n == w->decided,
                            .errors = t->errors,
                            .value = t->value};
    return p;
}

static void take_values(struct walk *w, const struct rule_node *n, struct rule_part *p)
{
    unsigned count = 0;
    while (slice_present(w->source.nth(w->source.arg, n->field, count)))
        count++;
    struct slice *values = arena_alloc(w->arena, ((size_t)count + 1) * sizeof(*values));
    w->full = w->full || !values;
    for (unsigned i = 0; values && i < count; i++)
        values[i] = w->source.nth(w->source.arg, n->field, i);
    p->values = values;
    p->nvalues = values ? count : 0;
    p->absent = count == 0;
}

static void add_name(struct walk *w, const struct rule_node *n, unsigned depth, bool asked)
{
    struct rule_value v;
    struct rule_part *p = add(w, n, RULE_PART_NAME, depth);
    p->asked = asked;
    p->decided = false; /* the test that asks for it is */
    p->personal = n->field >= 0 && event_fields[n->field].personal;
    if (n->op == RULE_OP_FIELDS)
        take_values(w, n, p);
    else
        p->absent = !w->source.get(w->source.arg, n->field, n->name, &v);
}

static void names(struct walk *w, const struct rule_node *n, unsigned depth, bool asked)
{
    if (!n)
        return;
    if (n->op == RULE_OP_ATTRIBUTE || n->op == RULE_OP_FIELD || n->op == RULE_OP_FIELDS) {
        add_name(w, n, depth, asked);
        return;
    }
    names(w, n->left, depth, asked);
    names(w, n->right, depth, asked);
    for (const struct rule_link *l = n->links; l; l = l->next)
        names(w, l->node, depth, asked);
}

/* Whether a test says yes or no of what it asks for, rather than giving something made of it. */
static bool is_answer(const struct rule_node *n)
{
    if (n->op == RULE_OP_CHAIN)
        return n->links->op < RULE_PLUS;
    return n->op == RULE_OP_ANY_EQUAL || n->op == RULE_OP_LIKE || n->op == RULE_OP_IN ||
           n->op == RULE_OP_EXISTS;
}

static void add_test(struct walk *w, const struct rule_node *n, unsigned depth)
{
    struct rule_part *p = add(w, n, RULE_PART_TEST, depth);
    unsigned first = w->nparts;
    names(w, n, depth + 1, p->asked);
    for (unsigned i = first; i < w->nparts && !is_answer(n); i++)
        p->personal = p->personal || w->parts[i].personal;
}

static void walk(struct walk *w, const struct rule_node *n, unsigned depth)
{
    if (!is_logic(n)) {
        add_test(w, n, depth);
        return;
    }
    add(w, n, RULE_PART_LOGIC, depth);
    walk(w, n->left, depth + 1);
    for (const struct rule_link *l = n->links; l; l = l->next)
        walk(w, l->node, depth + 1);
}

int rule_explain(const struct rule *r, const struct event *e, struct arena *arena,
                 struct rule_explained *ret, struct err *reterr)
{
    struct rule_value v;
    struct walk w = {.arena = arena, .source = rule_source_of(e)};
    struct rule_trace *trace = arena_zalloc(arena, r->nnodes, sizeof(*trace));
    /* A name that is a part by itself is told twice: as the test, and as what it asks for. */
    w.parts = arena_zalloc(arena, (size_t)r->nnodes * 2, sizeof(*w.parts));
    if (!trace || !w.parts)
        return err_set(reterr, ERR_LIMIT, "no room to explain the rule");
    unsigned errors = rule_eval_trace(r, &w.source, arena, trace, &v);
    w.trace = trace;
    w.decided = decider(trace, r->root);
    walk(&w, r->root, 0);
    if (w.full)
        return err_set(reterr, ERR_LIMIT, "no room to explain the rule");
    *ret = (struct rule_explained){.matched = !errors && v.kind == RULE_BOOLEAN && v.boolean,
                                   .errors = errors,
                                   .parts = w.parts,
                                   .nparts = w.nparts};
    return 0;
}
