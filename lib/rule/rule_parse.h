/* rule_parse.h - the state of one compilation, shared by the grammar and the names (internal to
 * lib/rule). */
#ifndef WEIR_RULE_PARSE_H
#define WEIR_RULE_PARSE_H

#include "rule_lex.h"
#include "rule_node.h"

struct rule_parse {
    struct rule_lex lex;
    const struct rule_env *env;
    struct arena *arena;
    struct err *err;
    size_t bad_at;
    unsigned bad_kind; /* enum rule_error */
    unsigned depth, nnodes;
};

/* Both return NULL, so that `return rule_fail(…)` reads well. */
struct rule_node *rule_fail(struct rule_parse *p, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct rule_node *rule_no_room(struct rule_parse *p);
/* A new node at that byte; NULL with an error. */
struct rule_node *rule_node_new(struct rule_parse *p, enum rule_op op, size_t at);

/* Literals (rule_literal.c), at the token where the lex stands; they step over it. */
struct rule_node *rule_literal(struct rule_parse *p);
struct rule_node *rule_integer_literal(struct rule_parse *p, bool minus, size_t at);
bool rule_take_string(struct rule_parse *p, struct slice *ret);
/* Whether the sign where the lex stands is a part of a number. */
bool rule_sign_of_number(const struct rule_parse *p);

/* What IN compares with (rule_members.c): the links of n, or a list of the config. */
bool rule_members_of_links(struct rule_parse *p, struct rule_node *n);
bool rule_members_of_list(struct rule_parse *p, struct rule_node *n, const struct rule_list *list);

/* Names (rule_name.c). The node of an attribute or dotted field; NULL with an error. */
struct rule_node *rule_name(struct rule_parse *p, struct slice word, size_t at);
/* The node of EXISTS word. */
struct rule_node *rule_name_exists(struct rule_parse *p, struct slice word, size_t at);
/* The named list, or NULL (no error). */
const struct rule_list *rule_name_list(const struct rule_parse *p, struct slice word);
/* Refuses what can never match: a comparison of `a` with `b`, NOT of `a`. 0 or -1. */
int rule_check_compare(struct rule_parse *p, const struct rule_node *a, enum rule_binary op,
                       const struct rule_node *b);
int rule_check_not(struct rule_parse *p, const struct rule_node *a);
/* A text that `left` is compared with: refused where left is `type` and there is no such type, or a
 * code and its table lacks it. */
int rule_check_text(struct rule_parse *p, const struct rule_node *left, struct slice text,
                    size_t at);
/* The same for the pattern of LIKE, compiled. */
int rule_check_like(struct rule_parse *p, const struct rule_node *left, struct slice compiled,
                    size_t at);

/* Codes (rule_code.c): those that a field can hold, as far as the schema names its table. */
int rule_check_code(struct rule_parse *p, const struct rule_node *left, struct slice text,
                    size_t at);
int rule_check_code_like(struct rule_parse *p, const struct rule_node *left, struct slice compiled,
                         size_t at);

#endif
