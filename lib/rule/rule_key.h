/* rule_key.h - what an event must have for a rule to be able to match it (internal to lib/rule).
 *
 * Of a rule A AND B AND ... a part can be looked up: a type, a field that equals a text, stands in
 * a list, or begins in a certain way. It belongs to the key when an event that fails it makes the
 * whole rule false without an error: all parts before it must be such that they cannot fail. So an
 * event that does not meet the key needs no evaluation, and the answer stays exactly the same. */
#ifndef WEIR_RULE_KEY_H
#define WEIR_RULE_KEY_H

#include "rule_node.h"

enum {
    RULE_TYPES = EVENT_NTYPES + 1, /* the catalogue, and one for all other types */
    RULE_TYPE_LENGTH_MAX = 128,    /* a key holds for events whose type is no longer */
    RULE_BEGINNING_MAX = 16,       /* bytes of a beginning that are looked up */
    RULE_TESTS_MAX = 8,            /* further ones are left to the evaluation */
    RULE_TYPE_WORDS = (RULE_TYPES + 63) / 64,
};

/* Text of a field: equal to one of the values, or begins with one. An absent field is "". */
struct rule_test {
    int field;
    bool beginning;
    unsigned count;
    const struct slice *values; /* in the rule or in the arena given */
};
struct rule_key {
    bool has_types;
    uint64_t types[RULE_TYPE_WORDS]; /* bits by rule_type_number */
    unsigned ntests;
    struct rule_test tests[RULE_TESTS_MAX]; /* the event must meet each; none is on the type */
};

/* Number of a type in the catalogue; EVENT_NTYPES for any other. */
unsigned rule_type_number(struct slice type);
/* Without has_types and tests: the rule has to be asked. The key holds for events that have the
 * attributes which CloudEvents requires. */
void rule_key_of(const struct rule *r, struct arena *arena, struct rule_key *ret);

#endif
