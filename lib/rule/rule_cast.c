#include "rule_cast.h"

#include "num.h"

char *rule_take(struct rule_budget *b, size_t n)
{
    /* 64: what the arena may round up and its block header takes. */
    if (n > b->bytes || b->scratch->max - b->scratch->used < n + 64)
        return NULL;
    b->bytes -= n;
    return arena_alloc(b->scratch, n ? n : 1);
}

struct rule_value rule_string(struct slice s)
{
    return (struct rule_value){.kind = RULE_STRING, .string = s.p ? s : SLICE("")};
}

struct rule_value rule_integer(int32_t i)
{
    return (struct rule_value){.kind = RULE_INTEGER, .string = SLICE(""), .integer = i};
}

struct rule_value rule_boolean(bool b)
{
    return (struct rule_value){.kind = RULE_BOOLEAN, .string = SLICE(""), .boolean = b};
}

struct rule_value rule_zero(enum rule_kind kind)
{
    return (struct rule_value){.kind = kind, .string = SLICE("")};
}

static unsigned integer_text(struct rule_value *v, struct rule_budget *b)
{
    enum { DIGITS = 12 };
    char *p = rule_take(b, DIGITS);
    size_t at = DIGITS;
    int64_t left = v->integer;
    bool minus = left < 0;
    *v = rule_zero(RULE_STRING);
    if (!p)
        return RULE_GENERIC;
    left = minus ? -left : left;
    do
        p[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (minus)
        p[--at] = '-';
    v->string = slice_make(p + at, DIGITS - at);
    return 0;
}

static unsigned to_string(struct rule_value *v, struct rule_budget *b)
{
    if (v->kind == RULE_INTEGER)
        return integer_text(v, b);
    *v = rule_string(v->boolean ? SLICE("true") : SLICE("false"));
    return 0;
}

static unsigned to_integer(struct rule_value *v)
{
    int64_t n = v->boolean;
    bool ok =
        v->kind == RULE_BOOLEAN || (num_i64(v->string, &n) && n >= INT32_MIN && n <= INT32_MAX);
    *v = rule_integer(ok ? (int32_t)n : 0);
    return ok ? 0 : RULE_CAST;
}

static unsigned to_boolean(struct rule_value *v, bool is_call)
{
    bool ok = is_call, yes = v->integer != 0;
    if (v->kind == RULE_STRING) {
        yes = slice_ieq(v->string, SLICE("true"));
        ok = yes || slice_ieq(v->string, SLICE("false"));
    }
    *v = rule_boolean(ok && yes);
    return ok ? 0 : RULE_CAST;
}

unsigned rule_cast(struct rule_value *v, enum rule_kind kind, bool is_call, struct rule_budget *b)
{
    if (v->kind == kind)
        return 0;
    if (kind == RULE_STRING)
        return to_string(v, b);
    return kind == RULE_INTEGER ? to_integer(v) : to_boolean(v, is_call);
}

bool rule_equal(const struct rule_value *a, const struct rule_value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == RULE_STRING)
        return slice_eq(a->string, b->string);
    return a->kind == RULE_INTEGER ? a->integer == b->integer : a->boolean == b->boolean;
}
