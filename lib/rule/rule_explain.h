/* rule_explain.h - why a rule gave what it gave for one event: its parts with their values, and the
 * one that decided. For people; rule_eval is for the many events.
 *
 * A part that decided is the smallest one without which the answer could be another: of a AND b the
 * first that is false, of a OR b the first that is true; where several parts were needed, the part
 * that holds them. Of an error it is where it arose. */
#ifndef WEIR_RULE_EXPLAIN_H
#define WEIR_RULE_EXPLAIN_H

#include "rule.h"

enum rule_part_kind {
    RULE_PART_LOGIC, /* AND, OR, XOR, NOT: its parts follow, one deeper */
    RULE_PART_TEST,  /* a comparison, LIKE, IN, EXISTS, or a value by itself */
    RULE_PART_NAME,  /* an attribute or field that the test before it asks for */
};

struct rule_part {
    enum rule_part_kind kind;
    unsigned depth;  /* 0: the whole rule */
    size_t from, to; /* bytes of the rule's text */
    bool asked;      /* false: the answer was known without it */
    bool decided;    /* at most one part */
    bool personal;   /* NAME, TEST: the value tells who the patient is */
    bool absent;     /* NAME: the event has no such field; value is its zero */
    unsigned errors; /* enum rule_error */
    struct rule_value value;
    const struct slice *values; /* NAME of a field with several values; else NULL */
    unsigned nvalues;
};
struct rule_explained {
    bool matched;
    unsigned errors;
    const struct rule_part *parts; /* a part stands behind the one that it belongs to */
    unsigned nparts;
};

/* All of *ret lies in the arena, the event and the rule. ERR_LIMIT: the arena is full. */
int rule_explain(const struct rule *r, const struct event *e, struct arena *arena,
                 struct rule_explained *ret, struct err *reterr);

#endif
