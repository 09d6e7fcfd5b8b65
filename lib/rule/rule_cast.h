/* rule_cast.h - values of CESQL turned into one another (CESQL 1.0 §3.7), and the bounds of one
 * evaluation (internal to lib/rule). */
#ifndef WEIR_RULE_CAST_H
#define WEIR_RULE_CAST_H

#include "rule.h"

/* What one evaluation may still use. */
struct rule_budget {
    struct arena *scratch;
    size_t bytes;
    long steps;
};

/* n bytes of scratch; NULL when that is more than is left. The arena itself is never overrun. */
char *rule_take(struct rule_budget *b, size_t n);
struct rule_value rule_string(struct slice s);
struct rule_value rule_integer(int32_t i);
struct rule_value rule_boolean(bool b);
/* "", 0, false. */
struct rule_value rule_zero(enum rule_kind kind);
/* Casts in place; 0, RULE_CAST or RULE_GENERIC, then *v is the zero value. As an operand an Integer
 * is no Boolean; the function BOOL takes it (is_call). */
unsigned rule_cast(struct rule_value *v, enum rule_kind kind, bool is_call, struct rule_budget *b);
/* Same kind and same value. */
bool rule_equal(const struct rule_value *a, const struct rule_value *b);

#endif
