/* rule.h - CloudEvents SQL 1.0 compiled to a small program and evaluated on an event (reference:
 * CESQL 1.0.0).
 *
 * weir adds dotted access to data (data.location.site) and named lists (IN region_sites). A
 * compiled rule lives in the arena given and is immutable. Evaluation does not allocate, cannot
 * loop and gives a value and a set of errors: as a filter, only `true` without errors matches. A
 * dotted field that the schema knows and the event lacks is its zero value without an error. */
#ifndef WEIR_RULE_H
#define WEIR_RULE_H

#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "event.h"

struct rule;

/* Named lists of the config. */
struct rule_list {
    struct slice name;
    const struct slice *values;
    unsigned count;
};
struct rule_env {
    const struct rule_list *lists;
    unsigned nlists;
};

enum rule_error {
    RULE_PARSE = 1 << 0,
    RULE_MATH = 1 << 1,
    RULE_CAST = 1 << 2,
    RULE_MISSING_ATTRIBUTE = 1 << 3,
    RULE_MISSING_FUNCTION = 1 << 4,
    RULE_FUNCTION = 1 << 5,
    RULE_GENERIC = 1 << 6,
};
enum rule_kind { RULE_STRING, RULE_INTEGER, RULE_BOOLEAN };
struct rule_value {
    enum rule_kind kind;
    struct slice string;
    int32_t integer;
    bool boolean;
};

/* Compiles; ERR_CONF says what is wrong and what would be right, *ret_at is the offending byte
 * (from 0) of text. Text is borrowed. */
int rule_compile(struct slice text, const struct rule_env *env, struct arena *arena,
                 const struct rule **ret, size_t *ret_at, struct err *reterr);
/* Evaluates; scratch is for strings made on the way (bounded; RULE_GENERIC when full). Returns the
 * set of errors (0 = none). */
unsigned rule_eval(const struct rule *r, const struct event *e, struct arena *scratch,
                   struct rule_value *ret);
/* rule_eval as a filter. */
bool rule_match(const struct rule *r, const struct event *e, struct arena *scratch);

#endif
