/* rule_lex.h - the words of a rule (internal to lib/rule). Tokens are views of the text. */
#ifndef WEIR_RULE_LEX_H
#define WEIR_RULE_LEX_H

#include "slice.h"

enum rule_token {
    RULE_T_END,
    RULE_T_BAD,
    RULE_T_UNCLOSED, /* a string without its end */
    RULE_T_STRING,   /* text without the quotes, escapes as written */
    RULE_T_INTEGER,  /* digits */
    RULE_T_NAME,     /* letters, digits, "_" and "." */
    RULE_T_OPEN,
    RULE_T_CLOSE,
    RULE_T_COMMA,
    RULE_T_EQUAL,
    RULE_T_UNEQUAL,
    RULE_T_LESS,
    RULE_T_LESS_EQUAL,
    RULE_T_GREATER,
    RULE_T_GREATER_EQUAL,
    RULE_T_PLUS,
    RULE_T_MINUS,
    RULE_T_STAR,
    RULE_T_SLASH,
    RULE_T_PERCENT,
    RULE_T_AND,
    RULE_T_OR,
    RULE_T_XOR,
    RULE_T_NOT,
    RULE_T_LIKE,
    RULE_T_IN,
    RULE_T_EXISTS,
    RULE_T_TRUE,
    RULE_T_FALSE,
};

struct rule_lex {
    struct slice text;
    size_t next; /* byte behind the token */
    size_t last; /* byte behind the token before it */
    enum rule_token token;
    size_t at; /* first byte of the token */
    struct slice value;
};

/* Steps to the next token; begin with a lex of text alone. */
void rule_lex_step(struct rule_lex *l);

#endif
