#include "rule_node.h"

#include "rule_function.h"
#include "rule_like.h"

struct run {
    const struct rule_source *source;
    struct rule_budget budget;
    struct rule_trace *trace; /* NULL: nobody asks why */
};

static unsigned eval(struct run *run, const struct rule_node *n, struct rule_value *ret);

/* The value of an operator whose operands failed, and their errors. */
static unsigned failed(struct rule_value *ret, enum rule_kind kind, unsigned errors)
{
    *ret = rule_zero(kind);
    return errors;
}

static unsigned eval_attribute(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    if (run->source->get(run->source->arg, n->field, n->name, ret))
        return 0;
    return failed(ret, RULE_BOOLEAN, RULE_MISSING_ATTRIBUTE);
}

static unsigned eval_field(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    if (!run->source->get(run->source->arg, n->field, n->name, ret))
        *ret = n->value;
    return 0;
}

static bool exists(const struct run *run, const struct rule_node *n)
{
    struct rule_value v;
    const struct rule_source *s = run->source;
    if (n->field < 0)
        return s->get(s->arg, -1, n->name, &v);
    for (int f = n->field; f < n->end; f++)
        if (s->get(s->arg, f, n->name, &v) || slice_present(s->nth(s->arg, f, 0)))
            return true;
    return false;
}

static unsigned spend(struct run *run)
{
    return --run->budget.steps > 0 ? 0 : RULE_GENERIC;
}

static unsigned eval_any_equal(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    struct rule_value want, have;
    struct slice text;
    unsigned errors = eval(run, n->right, &want);
    bool found = false;
    if (errors)
        return failed(ret, RULE_BOOLEAN, errors);
    for (unsigned i = 0; !found && !errors; i++) {
        text = run->source->nth(run->source->arg, n->left->field, i);
        if (!slice_present(text))
            break;
        have = rule_string(text);
        errors = rule_cast(&have, want.kind, false, &run->budget) | spend(run);
        found = !errors && rule_equal(&have, &want);
    }
    *ret = rule_boolean(!errors && found != n->negated);
    return errors;
}

static unsigned like_text(struct run *run, struct slice text, const struct rule_node *n, bool *ret)
{
    *ret = rule_like(text, n->pattern, &run->budget.steps);
    return run->budget.steps > 0 ? 0 : RULE_GENERIC;
}

static unsigned like_any(struct run *run, const struct rule_node *n, bool *ret)
{
    unsigned errors = 0;
    struct slice text;
    *ret = false;
    for (unsigned i = 0; !*ret && !errors; i++) {
        text = run->source->nth(run->source->arg, n->left->field, i);
        if (!slice_present(text))
            break;
        errors = like_text(run, text, n, ret);
    }
    return errors;
}

static unsigned eval_like(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    struct rule_value left;
    bool found = false;
    unsigned errors;
    if (n->left->op == RULE_OP_FIELDS) {
        errors = like_any(run, n, &found);
    } else {
        errors = eval(run, n->left, &left);
        if (!errors)
            errors = rule_cast(&left, RULE_STRING, false, &run->budget);
        if (!errors)
            errors = like_text(run, left.string, n, &found);
    }
    *ret = rule_boolean(!errors && found != n->negated);
    return errors;
}

static bool in_sorted(const struct rule_node *n, struct slice text)
{
    unsigned low = 0, high = n->nset;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        int order = slice_cmp(text, n->set[mid]);
        if (order == 0)
            return true;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}

/* Texts of a set are cast to the kind of the left side. */
static unsigned in_texts(struct run *run, const struct rule_node *n, const struct rule_value *left,
                         bool *ret)
{
    unsigned errors = 0;
    *ret = left->kind == RULE_STRING && in_sorted(n, left->string);
    for (unsigned i = 0; left->kind != RULE_STRING && !*ret && !errors && i < n->nset; i++) {
        struct rule_value v = rule_string(n->set[i]);
        errors = rule_cast(&v, left->kind, false, &run->budget) | spend(run);
        *ret = !errors && rule_equal(left, &v);
    }
    return errors;
}

static unsigned in_links(struct run *run, const struct rule_node *n, const struct rule_value *left,
                         bool *ret)
{
    unsigned errors = 0;
    *ret = false;
    for (const struct rule_link *l = n->links; l && !*ret && !errors; l = l->next) {
        struct rule_value v;
        errors = eval(run, l->node, &v);
        if (!errors)
            errors = rule_cast(&v, left->kind, false, &run->budget);
        *ret = !errors && rule_equal(left, &v);
    }
    return errors;
}

static unsigned in_value(struct run *run, const struct rule_node *n, const struct rule_value *left,
                         bool *ret)
{
    unsigned errors = spend(run);
    if (errors)
        return errors;
    return n->set ? in_texts(run, n, left, ret) : in_links(run, n, left, ret);
}

static unsigned eval_in(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    struct rule_value left;
    bool found = false;
    unsigned errors = 0;
    if (n->left->op == RULE_OP_FIELDS) {
        for (unsigned i = 0; !found && !errors; i++) {
            left = rule_string(run->source->nth(run->source->arg, n->left->field, i));
            if (!slice_present(run->source->nth(run->source->arg, n->left->field, i)))
                break;
            errors = in_value(run, n, &left, &found);
        }
    } else {
        errors = eval(run, n->left, &left);
        if (!errors)
            errors = in_value(run, n, &left, &found);
    }
    *ret = rule_boolean(!errors && found != n->negated);
    return errors;
}

/* The zero value of an operand that cannot be cast is turned round all the same: NOT 10 is true,
 * with an error (so the conformance kit). */
static unsigned eval_not(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    unsigned errors = eval(run, n->left, ret);
    if (errors)
        return failed(ret, RULE_BOOLEAN, errors);
    errors = rule_cast(ret, RULE_BOOLEAN, false, &run->budget);
    ret->boolean = !ret->boolean;
    return errors;
}

static unsigned eval_minus(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    unsigned errors = eval(run, n->left, ret);
    if (!errors)
        errors = rule_cast(ret, RULE_INTEGER, false, &run->budget);
    if (!errors && ret->integer == INT32_MIN)
        errors = RULE_MATH;
    if (errors)
        return failed(ret, RULE_INTEGER, errors);
    ret->integer = -ret->integer;
    return 0;
}

static unsigned logic(struct run *run, const struct rule_link *l, struct rule_value *acc)
{
    struct rule_value right = rule_boolean(false);
    unsigned errors = rule_cast(acc, RULE_BOOLEAN, false, &run->budget);
    if ((l->op == RULE_AND && !acc->boolean) || (l->op == RULE_OR && acc->boolean))
        return errors;
    unsigned of_right = eval(run, l->node, &right);
    if (!of_right)
        of_right = rule_cast(&right, RULE_BOOLEAN, false, &run->budget);
    if (of_right)
        right = rule_boolean(false);
    acc->boolean = l->op == RULE_XOR ? acc->boolean != right.boolean : right.boolean;
    return errors | of_right;
}

static unsigned equal(struct run *run, enum rule_binary op, struct rule_value *acc,
                      const struct rule_value *right)
{
    unsigned errors = rule_cast(acc, right->kind, false, &run->budget);
    bool same = rule_equal(acc, right);
    *acc = rule_boolean(!errors && same == (op == RULE_EQUAL));
    return errors;
}

static bool ordered(enum rule_binary op, int32_t a, int32_t b)
{
    switch (op) {
    case RULE_LESS:
        return a < b;
    case RULE_LESS_EQUAL:
        return a <= b;
    case RULE_GREATER:
        return a > b;
    default:
        return a >= b;
    }
}

static unsigned calculate(enum rule_binary op, int64_t a, int64_t b, struct rule_value *ret)
{
    int64_t v = 0;
    *ret = rule_zero(RULE_INTEGER);
    if ((op == RULE_DIVIDE || op == RULE_MODULO) && b == 0)
        return RULE_MATH;
    if (op == RULE_PLUS)
        v = a + b;
    else if (op == RULE_MINUS_)
        v = a - b;
    else if (op == RULE_TIMES)
        v = a * b;
    else
        v = op == RULE_DIVIDE ? a / b : a % b;
    if (v < INT32_MIN || v > INT32_MAX)
        return RULE_MATH;
    ret->integer = (int32_t)v;
    return 0;
}

static unsigned numeric(struct run *run, enum rule_binary op, struct rule_value *acc,
                        struct rule_value *right)
{
    unsigned errors = rule_cast(acc, RULE_INTEGER, false, &run->budget) |
                      rule_cast(right, RULE_INTEGER, false, &run->budget);
    if (op >= RULE_PLUS)
        return errors ? failed(acc, RULE_INTEGER, errors)
                      : calculate(op, acc->integer, right->integer, acc);
    *acc = rule_boolean(!errors && ordered(op, acc->integer, right->integer));
    return errors;
}

/* `before`: errors of what stands to the left. */
static unsigned binary(struct run *run, const struct rule_link *l, unsigned before,
                       struct rule_value *acc)
{
    struct rule_value right;
    unsigned errors = before | eval(run, l->node, &right);
    if (errors)
        return failed(acc, l->op >= RULE_PLUS ? RULE_INTEGER : RULE_BOOLEAN, errors);
    if (l->op == RULE_EQUAL || l->op == RULE_UNEQUAL)
        return equal(run, l->op, acc, &right);
    return numeric(run, l->op, acc, &right);
}

static unsigned eval_chain(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    unsigned errors = eval(run, n->left, ret);
    for (const struct rule_link *l = n->links; l; l = l->next) {
        if (l->op <= RULE_XOR) {
            if (errors && ret->kind != RULE_BOOLEAN)
                *ret = rule_boolean(false);
            errors |= logic(run, l, ret);
        } else {
            errors = binary(run, l, errors, ret);
        }
    }
    return errors;
}

static unsigned eval_call(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    struct rule_value args[RULE_ARGS_MAX];
    const char *parameter = n->function->parameters;
    unsigned count = 0, errors = 0;
    for (const struct rule_link *l = n->links; l; l = l->next, count++) {
        unsigned of_this = eval(run, l->node, &args[count]);
        if (!of_this && *parameter != '*')
            of_this = rule_cast(&args[count], *parameter == 'i' ? RULE_INTEGER : RULE_STRING, false,
                                &run->budget);
        errors |= of_this;
        if (parameter[1])
            parameter++;
    }
    if (errors)
        return failed(ret, n->function->result, errors);
    return n->function->call(args, count, &run->budget, ret);
}

static unsigned eval_node(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    if (spend(run))
        return failed(ret, RULE_BOOLEAN, RULE_GENERIC);
    switch (n->op) {
    case RULE_OP_LITERAL:
        *ret = n->value;
        return 0;
    case RULE_OP_ATTRIBUTE:
        return eval_attribute(run, n, ret);
    case RULE_OP_FIELD:
        return eval_field(run, n, ret);
    case RULE_OP_ANY_EQUAL:
        return eval_any_equal(run, n, ret);
    case RULE_OP_LIKE:
        return eval_like(run, n, ret);
    case RULE_OP_IN:
        return eval_in(run, n, ret);
    case RULE_OP_EXISTS:
        *ret = rule_boolean(exists(run, n));
        return 0;
    case RULE_OP_NOT:
        return eval_not(run, n, ret);
    case RULE_OP_MINUS:
        return eval_minus(run, n, ret);
    case RULE_OP_CHAIN:
        return eval_chain(run, n, ret);
    case RULE_OP_CALL:
        return eval_call(run, n, ret);
    case RULE_OP_FIELDS:
        break; /* never alone: the parser refuses it */
    }
    return failed(ret, RULE_BOOLEAN, RULE_GENERIC);
}

static unsigned eval(struct run *run, const struct rule_node *n, struct rule_value *ret)
{
    unsigned errors = eval_node(run, n, ret);
    if (run->trace)
        run->trace[n->number] = (struct rule_trace){true, errors, *ret};
    return errors;
}

unsigned rule_eval_trace(const struct rule *r, const struct rule_source *source,
                         struct arena *scratch, struct rule_trace *trace, struct rule_value *ret)
{
    struct run run = {source, {scratch, RULE_SCRATCH_MAX, RULE_STEPS_MAX}, trace};
    return eval(&run, r->root, ret);
}

unsigned rule_eval_source(const struct rule *r, const struct rule_source *source,
                          struct arena *scratch, struct rule_value *ret)
{
    return rule_eval_trace(r, source, scratch, NULL, ret);
}
