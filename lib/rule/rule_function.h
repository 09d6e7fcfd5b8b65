/* rule_function.h - the functions of CESQL 1.0 §3.5 (internal to lib/rule). */
#ifndef WEIR_RULE_FUNCTION_H
#define WEIR_RULE_FUNCTION_H

#include "rule_cast.h"

enum { RULE_ARGS_MAX = 64 };

struct rule_function {
    const char *name;
    unsigned min, max;      /* number of arguments */
    const char *parameters; /* s string, i integer, * any; the last one holds for all that follow */
    enum rule_kind result;
    /* Arguments are cast already. Fills *ret also when it returns errors. */
    unsigned (*call)(const struct rule_value *args, unsigned n, struct rule_budget *b,
                     struct rule_value *ret);
};

/* By name (any case) and number of arguments; NULL when there is none. *ret_named: some function of
 * that name exists. */
const struct rule_function *rule_function_find(struct slice name, unsigned nargs, bool *ret_named);
/* For "did you mean"; NULL where none is near. */
const char *rule_function_nearest(struct slice name);

#endif
