/* The grammar, by recursive descent; each level of operators is a loop, so that only parentheses,
 * signs and calls nest.
 *
 *   rule     = logic END
 *   logic    = compare { ( AND | OR | XOR ) compare }
 *   compare  = sum { ( "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ) sum }
 *   sum      = product { ( "+" | "-" ) product }
 *   product  = match { ( "*" | "/" | "%" ) match }
 *   match    = unary { [ NOT ] LIKE STRING | [ NOT ] IN set }
 *   unary    = NOT unary | "-" unary | primary
 *   primary  = EXISTS NAME | "(" logic ")" | NAME "(" [ logic { "," logic } ] ")"
 *            | NAME | STRING | [ "+" | "-" ] INTEGER | TRUE | FALSE
 *   set      = "(" logic { "," logic } ")" | list name | name of a field with several values
 */
#include "rule_parse.h"

#include <stdarg.h>

#include "rule_function.h"
#include "rule_like.h"

struct rule_node *rule_fail(struct rule_parse *p, size_t at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vfill(p->err, ERR_CONF, fmt, ap);
    va_end(ap);
    p->bad_at = at;
    p->bad_kind = RULE_PARSE;
    return NULL;
}

struct rule_node *rule_no_room(struct rule_parse *p)
{
    p->bad_at = p->lex.at;
    p->bad_kind = RULE_PARSE;
    err_set(p->err, ERR_LIMIT, "the rule needs more than the memory set aside");
    return NULL;
}

struct rule_node *rule_node_new(struct rule_parse *p, enum rule_op op, size_t at)
{
    struct rule_node *n = arena_zalloc(p->arena, 1, sizeof(*n));
    if (!n)
        return rule_no_room(p);
    n->op = op;
    n->number = p->nnodes++;
    n->at = at;
    n->depth = 1;
    n->field = -1;
    n->value.string = SLICE("");
    return n;
}

/* n is written from that byte to the end of the last token. */
static struct rule_node *spans(const struct rule_parse *p, struct rule_node *n, size_t from)
{
    if (n) {
        n->from = from;
        n->to = p->lex.last;
    }
    return n;
}

static struct rule_node *parse_logic(struct rule_parse *p);
static struct rule_node *parse_unary(struct rule_parse *p);

static void step(struct rule_parse *p)
{
    rule_lex_step(&p->lex);
}

static struct rule_node *unexpected(struct rule_parse *p, const char *wanted)
{
    const struct rule_lex *l = &p->lex;
    if (l->token == RULE_T_UNCLOSED)
        return rule_fail(p, l->at, "this text has no closing quote");
    if (l->token == RULE_T_END)
        return rule_fail(p, l->at, "the rule ends where %s should follow", wanted);
    return rule_fail(p, l->at, "\"%.*s\" stands where %s should", SLICE_ARG(l->value), wanted);
}

/* Takes a child in: a rule that nests too deep is refused before it can be evaluated. */
static bool adopt(struct rule_parse *p, struct rule_node *n, const struct rule_node *child)
{
    if (child->depth >= n->depth)
        n->depth = child->depth + 1;
    if (n->depth <= RULE_DEPTH_MAX)
        return true;
    rule_fail(p, child->at, "nested too deep (%d levels)", RULE_DEPTH_MAX);
    return false;
}

/* One value is wanted here. */
static struct rule_node *single(struct rule_parse *p, struct rule_node *n)
{
    if (n && n->op == RULE_OP_FIELDS)
        return rule_fail(p, n->at,
                         "%s holds several values: it goes with =, !=, LIKE, IN and "
                         "EXISTS",
                         event_fields[n->field].path);
    return n;
}

static bool add_link(struct rule_parse *p, struct rule_node *n, struct rule_link **last,
                     enum rule_binary op, const struct rule_node *child)
{
    struct rule_link *l = arena_alloc(p->arena, sizeof(*l));
    if (!l) {
        rule_no_room(p);
        return false;
    }
    *l = (struct rule_link){.op = op, .node = child};
    if (*last)
        (*last)->next = l;
    else
        n->links = l;
    *last = l;
    n->nlinks++;
    return adopt(p, n, child);
}

/* "a, b, c)" behind an open parenthesis. */
static bool parse_operands(struct rule_parse *p, struct rule_node *n, unsigned max)
{
    struct rule_link *last = NULL;
    for (;;) {
        struct rule_node *child = single(p, parse_logic(p));
        if (!child || !add_link(p, n, &last, RULE_EQUAL, child))
            return false;
        if (n->nlinks > max) {
            rule_fail(p, child->at, "more than %u values in one list", max);
            return false;
        }
        if (p->lex.token == RULE_T_CLOSE) {
            step(p);
            return true;
        }
        if (p->lex.token != RULE_T_COMMA)
            return unexpected(p, "\",\" or \")\"");
        step(p);
    }
}

static struct rule_node *no_function(struct rule_parse *p, struct slice name, size_t at,
                                     unsigned nargs, bool named)
{
    const char *near = rule_function_nearest(name);
    if (named)
        rule_fail(p, at, "the function %.*s does not take %u value%s", SLICE_ARG(name), nargs,
                  nargs == 1 ? "" : "s");
    else
        rule_fail(p, at, "there is no function %.*s%s%s%s", SLICE_ARG(name),
                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    p->bad_kind = RULE_MISSING_FUNCTION;
    return NULL;
}

static struct rule_node *parse_call(struct rule_parse *p, struct slice name, size_t at)
{
    bool named;
    struct rule_node *n = rule_node_new(p, RULE_OP_CALL, at);
    if (!n)
        return NULL;
    step(p); /* the parenthesis */
    if (p->lex.token == RULE_T_CLOSE)
        step(p);
    else if (!parse_operands(p, n, RULE_ARGS_MAX))
        return NULL;
    n->function = rule_function_find(name, n->nlinks, &named);
    return n->function ? n : no_function(p, name, at, n->nlinks, named);
}

static struct rule_node *parse_name(struct rule_parse *p)
{
    struct slice word = p->lex.value;
    size_t at = p->lex.at;
    step(p);
    if (p->lex.token == RULE_T_OPEN)
        return parse_call(p, word, at);
    return rule_name(p, word, at);
}

static struct rule_node *parse_exists(struct rule_parse *p)
{
    step(p);
    struct slice word = p->lex.value;
    size_t at = p->lex.at;
    if (p->lex.token != RULE_T_NAME && p->lex.token != RULE_T_INTEGER)
        return unexpected(p, "the name of an attribute or field");
    step(p);
    return rule_name_exists(p, word, at);
}

static struct rule_node *parse_group(struct rule_parse *p)
{
    step(p);
    struct rule_node *n = parse_logic(p);
    if (!n)
        return NULL;
    if (p->lex.token != RULE_T_CLOSE)
        return unexpected(p, "\")\"");
    step(p);
    return n;
}

static struct rule_node *parse_primary(struct rule_parse *p)
{
    switch (p->lex.token) {
    case RULE_T_EXISTS:
        return parse_exists(p);
    case RULE_T_OPEN:
        return parse_group(p);
    case RULE_T_NAME:
        return parse_name(p);
    case RULE_T_STRING:
    case RULE_T_TRUE:
    case RULE_T_FALSE:
        return rule_literal(p);
    case RULE_T_INTEGER:
        return rule_integer_literal(p, false, p->lex.at);
    default:
        return unexpected(p, "a name, a text, a number or \"(\"");
    }
}

static struct rule_node *parse_sign(struct rule_parse *p)
{
    size_t at = p->lex.at;
    bool minus = p->lex.token == RULE_T_MINUS;
    bool number = rule_sign_of_number(p);
    if (!minus && !number)
        return unexpected(p, "a name, a text, a number or \"(\"");
    step(p);
    if (number && p->lex.token == RULE_T_INTEGER)
        return rule_integer_literal(p, minus, at);
    if (!minus)
        return unexpected(p, "a number");
    struct rule_node *n = rule_node_new(p, RULE_OP_MINUS, at);
    struct rule_node *child = n ? single(p, parse_unary(p)) : NULL;
    if (!child || rule_check_compare(p, child, RULE_MINUS_, child) < 0 || !adopt(p, n, child))
        return NULL;
    n->left = child;
    return n;
}

static struct rule_node *parse_not(struct rule_parse *p)
{
    struct rule_node *n = rule_node_new(p, RULE_OP_NOT, p->lex.at);
    step(p);
    struct rule_node *child = n ? single(p, parse_unary(p)) : NULL;
    if (!child || rule_check_not(p, child) < 0 || !adopt(p, n, child))
        return NULL;
    n->left = child;
    return n;
}

static struct rule_node *unary(struct rule_parse *p)
{
    switch (p->lex.token) {
    case RULE_T_NOT:
        return parse_not(p);
    case RULE_T_MINUS:
    case RULE_T_PLUS:
        return parse_sign(p);
    default:
        return parse_primary(p);
    }
}

/* All that nests passes here. */
static struct rule_node *parse_unary(struct rule_parse *p)
{
    if (p->depth >= RULE_DEPTH_MAX)
        return rule_fail(p, p->lex.at, "nested too deep (%d levels)", RULE_DEPTH_MAX);
    p->depth++;
    size_t from = p->lex.at;
    struct rule_node *n = unary(p);
    p->depth--;
    return spans(p, n, from);
}

static struct rule_node *parse_like(struct rule_parse *p, struct rule_node *left, bool negated)
{
    struct slice text;
    struct rule_node *n = rule_node_new(p, RULE_OP_LIKE, left->at);
    step(p);
    size_t at = p->lex.at;
    if (p->lex.token != RULE_T_STRING)
        return unexpected(p, "a pattern in quotes");
    if (p->lex.value.n > RULE_PATTERN_MAX)
        return rule_fail(p, p->lex.at, "a pattern has at most %d bytes", RULE_PATTERN_MAX);
    if (!n || !rule_take_string(p, &text) || !adopt(p, n, left))
        return NULL;
    n->left = left;
    n->negated = negated;
    n->pattern = rule_like_compile(text, p->arena);
    if (!slice_present(n->pattern))
        return rule_no_room(p);
    return rule_check_like(p, left, n->pattern, at) < 0 ? NULL : n;
}

/* 'x' IN data.quality: the field takes the left side. */
static struct rule_node *in_fields(struct rule_parse *p, struct rule_node *n)
{
    struct rule_node *fields = rule_name(p, p->lex.value, p->lex.at);
    if (!fields || !single(p, (struct rule_node *)(uintptr_t)n->left))
        return NULL;
    if (fields->op != RULE_OP_FIELDS)
        return rule_fail(p, p->lex.at,
                         "IN is followed by (…), the name of a list, or a field with several "
                         "values; for one value write =");
    step(p);
    n->op = RULE_OP_ANY_EQUAL;
    n->right = n->left;
    n->left = fields;
    return n;
}

static struct rule_node *parse_in(struct rule_parse *p, struct rule_node *left, bool negated)
{
    struct rule_node *n = rule_node_new(p, RULE_OP_IN, left->at);
    step(p);
    if (!n || !adopt(p, n, left))
        return NULL;
    n->left = left;
    n->negated = negated;
    if (p->lex.token == RULE_T_OPEN) {
        step(p);
        return parse_operands(p, n, RULE_TEXT_MAX) && rule_members_of_links(p, n) ? n : NULL;
    }
    if (p->lex.token != RULE_T_NAME)
        return unexpected(p, "\"(\" or the name of a list");
    const struct rule_list *list = rule_name_list(p, p->lex.value);
    if (list)
        return rule_members_of_list(p, n, list) ? n : NULL;
    if (slice_find(p->lex.value, '.') < p->lex.value.n)
        return in_fields(p, n);
    return rule_fail(p, p->lex.at, "there is no list \"%.*s\" under lists: in the config",
                     SLICE_ARG(p->lex.value));
}

static struct rule_node *parse_match(struct rule_parse *p)
{
    struct rule_node *n = parse_unary(p);
    while (n) {
        bool negated = p->lex.token == RULE_T_NOT;
        struct rule_lex before = p->lex;
        if (negated)
            step(p);
        if (p->lex.token == RULE_T_LIKE) {
            n = spans(p, parse_like(p, n, negated), n->from);
        } else if (p->lex.token == RULE_T_IN) {
            n = spans(p, parse_in(p, n, negated), n->from);
        } else {
            p->lex = before;
            return n;
        }
    }
    return NULL;
}

/* The operators of each level of the grammar, lowest first. */
struct level {
    enum rule_token token;
    enum rule_binary op;
    unsigned level;
};
enum { LOGIC, COMPARE, SUM, PRODUCT, LEVELS };

static const struct level operators[] = {
    {RULE_T_AND, RULE_AND, LOGIC},
    {RULE_T_OR, RULE_OR, LOGIC},
    {RULE_T_XOR, RULE_XOR, LOGIC},
    {RULE_T_EQUAL, RULE_EQUAL, COMPARE},
    {RULE_T_UNEQUAL, RULE_UNEQUAL, COMPARE},
    {RULE_T_LESS, RULE_LESS, COMPARE},
    {RULE_T_LESS_EQUAL, RULE_LESS_EQUAL, COMPARE},
    {RULE_T_GREATER, RULE_GREATER, COMPARE},
    {RULE_T_GREATER_EQUAL, RULE_GREATER_EQUAL, COMPARE},
    {RULE_T_PLUS, RULE_PLUS, SUM},
    {RULE_T_MINUS, RULE_MINUS_, SUM},
    {RULE_T_STAR, RULE_TIMES, PRODUCT},
    {RULE_T_SLASH, RULE_DIVIDE, PRODUCT},
    {RULE_T_PERCENT, RULE_MODULO, PRODUCT},
};

static const struct level *operator_here(const struct rule_parse *p, unsigned level)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
        if (operators[i].token == p->lex.token && operators[i].level == level)
            return &operators[i];
    return NULL;
}

/* data.quality = 'x', either way round. */
static struct rule_node *any_equal(struct rule_parse *p, struct rule_node *a, enum rule_binary op,
                                   struct rule_node *b)
{
    bool turned = a->op != RULE_OP_FIELDS;
    if (!turned && !single(p, b))
        return NULL;
    if (op != RULE_EQUAL && op != RULE_UNEQUAL)
        return single(p, turned ? b : a);
    struct rule_node *n = rule_node_new(p, RULE_OP_ANY_EQUAL, a->at);
    if (!n)
        return NULL;
    n->left = turned ? b : a;
    n->right = turned ? a : b;
    n->negated = op == RULE_UNEQUAL;
    return adopt(p, n, n->right) ? n : NULL;
}

static struct rule_node *parse_level(struct rule_parse *p, unsigned level);

static struct rule_node *operand(struct rule_parse *p, unsigned level)
{
    return level + 1 == LEVELS ? parse_match(p) : parse_level(p, level + 1);
}

static struct rule_node *begin_chain(struct rule_parse *p, struct rule_node *left)
{
    struct rule_node *n = rule_node_new(p, RULE_OP_CHAIN, left->at);
    if (!n || !adopt(p, n, left))
        return NULL;
    n->left = left;
    return n;
}

static struct rule_node *parse_level(struct rule_parse *p, unsigned level)
{
    struct rule_node *n = operand(p, level), *chain = NULL, *before = n;
    struct rule_link *last = NULL;
    const struct level *o;
    while (n && (o = operator_here(p, level))) {
        step(p);
        struct rule_node *right = operand(p, level);
        if (!right)
            return NULL;
        if (!chain && (n->op == RULE_OP_FIELDS || right->op == RULE_OP_FIELDS)) {
            before = n = spans(p, any_equal(p, n, o->op, right), n->from);
            continue;
        }
        if (!single(p, right) || rule_check_compare(p, before, o->op, right) < 0)
            return NULL;
        if (!chain)
            n = chain = begin_chain(p, n);
        if (!chain || !add_link(p, chain, &last, o->op, right))
            return NULL;
        before = spans(p, chain, chain->left->from);
    }
    return n;
}

static struct rule_node *parse_logic(struct rule_parse *p)
{
    return parse_level(p, LOGIC);
}

static struct rule_node *parse_rule(struct rule_parse *p, struct slice text)
{
    if (text.n > RULE_TEXT_MAX)
        return rule_fail(p, RULE_TEXT_MAX, "a rule has at most %d bytes", RULE_TEXT_MAX);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0xfe || text.p[i] == 0)
            return rule_fail(p, i, "a rule is UTF-8 text");
    step(p);
    struct rule_node *n = single(p, parse_logic(p));
    if (n && p->lex.token != RULE_T_END)
        return unexpected(p, "AND, OR, a comparison or the end");
    return n;
}

int rule_compile_kind(struct slice text, const struct rule_env *env, struct arena *arena,
                      const struct rule **ret, size_t *ret_at, unsigned *ret_kind,
                      struct err *reterr)
{
    struct rule_parse p = {.lex = {.text = text}, .env = env, .arena = arena, .err = reterr};
    struct rule *r = arena_alloc(arena, sizeof(*r));
    const struct rule_node *root = r ? parse_rule(&p, text) : rule_no_room(&p);
    if (!root) {
        *ret_at = p.bad_at;
        *ret_kind = p.bad_kind;
        return -1;
    }
    r->root = root;
    r->nnodes = p.nnodes;
    *ret = r;
    return 0;
}

int rule_compile(struct slice text, const struct rule_env *env, struct arena *arena,
                 const struct rule **ret, size_t *ret_at, struct err *reterr)
{
    unsigned kind;
    return rule_compile_kind(text, env, arena, ret, ret_at, &kind, reterr);
}
