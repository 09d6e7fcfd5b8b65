#include "rule_parse.h"

#include "num.h"

/* A text without its quotes: the escaped delimiter becomes itself. */
static struct slice unescape(struct rule_parse *p, struct slice raw, char quote)
{
    char *out = arena_alloc(p->arena, raw.n + 1);
    size_t n = 0;
    if (!out)
        return SLICE_ABSENT;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\' && i + 1 < raw.n && raw.p[i + 1] == quote)
            i++;
        out[n++] = raw.p[i];
    }
    return slice_make(out, n);
}

bool rule_take_string(struct rule_parse *p, struct slice *ret)
{
    *ret = unescape(p, p->lex.value, p->lex.text.p[p->lex.at]);
    if (!slice_present(*ret)) {
        rule_no_room(p);
        return false;
    }
    rule_lex_step(&p->lex);
    return true;
}

struct rule_node *rule_literal(struct rule_parse *p)
{
    struct rule_node *n = rule_node_new(p, RULE_OP_LITERAL, p->lex.at);
    if (!n)
        return NULL;
    if (p->lex.token == RULE_T_STRING) {
        n->value.kind = RULE_STRING;
        return rule_take_string(p, &n->value.string) ? n : NULL;
    }
    n->value.kind = RULE_BOOLEAN;
    n->value.boolean = p->lex.token == RULE_T_TRUE;
    rule_lex_step(&p->lex);
    return n;
}

struct rule_node *rule_integer_literal(struct rule_parse *p, bool minus, size_t at)
{
    uint64_t v = 0;
    struct rule_node *n = rule_node_new(p, RULE_OP_LITERAL, at);
    if (!n)
        return NULL;
    if (!num_u64(p->lex.value, &v) || v > (uint64_t)INT32_MAX + minus)
        return rule_fail(p, at, "a whole number is between -2147483648 and 2147483647");
    n->value.kind = RULE_INTEGER;
    n->value.integer = (int32_t)(minus ? -(int64_t)v : (int64_t)v);
    rule_lex_step(&p->lex);
    return n;
}

/* A sign that touches digits belongs to the number: -2147483648 has no positive twin. */
bool rule_sign_of_number(const struct rule_parse *p)
{
    size_t next = p->lex.next;
    return next < p->lex.text.n && p->lex.text.p[next] >= '0' && p->lex.text.p[next] <= '9';
}
