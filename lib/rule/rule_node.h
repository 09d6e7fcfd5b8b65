/* rule_node.h - a compiled rule, and where its values come from (internal to lib/rule and its
 * tests).
 *
 * Nodes live in the arena of the rule and are never changed after compiling. */
#ifndef WEIR_RULE_NODE_H
#define WEIR_RULE_NODE_H

#include "rule.h"

enum rule_op {
    RULE_OP_LITERAL,
    RULE_OP_ATTRIBUTE, /* undotted: missing is an error */
    RULE_OP_FIELD,     /* dotted leaf: missing is zero */
    RULE_OP_FIELDS,    /* dotted, several values: only as an operand of the next three */
    RULE_OP_ANY_EQUAL, /* left: FIELDS, right: anything */
    RULE_OP_LIKE,
    RULE_OP_IN,
    RULE_OP_EXISTS, /* fields [field, end), or an attribute by name when field is -1 */
    RULE_OP_NOT,
    RULE_OP_MINUS,
    RULE_OP_CHAIN, /* left, then links: operators of one level, from left to right */
    RULE_OP_CALL,
};

enum rule_binary {
    RULE_AND,
    RULE_OR,
    RULE_XOR,
    RULE_EQUAL,
    RULE_UNEQUAL,
    RULE_LESS,
    RULE_LESS_EQUAL,
    RULE_GREATER,
    RULE_GREATER_EQUAL,
    RULE_PLUS,
    RULE_MINUS_,
    RULE_TIMES,
    RULE_DIVIDE,
    RULE_MODULO,
};

struct rule_node;
struct rule_function;

/* Operands in order: of a chain with their operator, of a call, of a set. */
struct rule_link {
    enum rule_binary op;
    const struct rule_node *node;
    struct rule_link *next;
};

struct rule_node {
    enum rule_op op;
    bool negated; /* NOT LIKE, NOT IN, != on FIELDS */
    unsigned depth;
    unsigned number;         /* within the rule */
    size_t at;               /* in the text: what an error points to */
    size_t from, to;         /* the bytes it is written in */
    struct rule_value value; /* LITERAL; FIELD: its zero */
    int field;               /* number, or -1: not of the schema */
    int end;                 /* EXISTS */
    struct slice name;       /* ATTRIBUTE, EXISTS */
    const struct rule_node *left, *right;
    const struct rule_link *links;
    unsigned nlinks;
    const struct slice *set; /* IN: sorted texts, when all are literal texts; else links */
    unsigned nset;
    struct slice pattern; /* LIKE: as rule_like_compile made it */
    const struct rule_function *function;
};

struct rule {
    const struct rule_node *root;
    unsigned nnodes;
};

/* Where the values of attributes come from. */
struct rule_source {
    /* The value of a field (number), or of an attribute by name when field is -1. False: not there.
     */
    bool (*get)(const void *arg, int field, struct slice name, struct rule_value *ret);
    /* The nth value of a field with several; absent behind the last. */
    struct slice (*nth)(const void *arg, int field, unsigned nth);
    const void *arg;
};

/* rule_compile that also tells which kind of error a refusal is: RULE_PARSE or
 * RULE_MISSING_FUNCTION. */
int rule_compile_kind(struct slice text, const struct rule_env *env, struct arena *arena,
                      const struct rule **ret, size_t *ret_at, unsigned *ret_kind,
                      struct err *reterr);
unsigned rule_eval_source(const struct rule *r, const struct rule_source *source,
                          struct arena *scratch, struct rule_value *ret);
/* The source of an event's values; it borrows the event. */
struct rule_source rule_source_of(const struct event *e);

/* What a node gave, by its number. A node that is not asked stays as it was. */
struct rule_trace {
    bool asked;
    unsigned errors;
    struct rule_value value;
};
/* rule_eval_source that also fills trace, an entry for each node of the rule. */
unsigned rule_eval_trace(const struct rule *r, const struct rule_source *source,
                         struct arena *scratch, struct rule_trace *trace, struct rule_value *ret);

#endif
