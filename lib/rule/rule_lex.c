#include "rule_lex.h"

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

static size_t over_blanks(const struct rule_lex *l)
{
    size_t at = l->next;
    while (at < l->text.n && blank(l->text.p[at]))
        at++;
    return at;
}

static enum rule_token keyword(struct slice word)
{
    static const struct {
        const char *text;
        enum rule_token token;
    } words[] = {{"and", RULE_T_AND},       {"or", RULE_T_OR},     {"xor", RULE_T_XOR},
                 {"not", RULE_T_NOT},       {"like", RULE_T_LIKE}, {"in", RULE_T_IN},
                 {"exists", RULE_T_EXISTS}, {"true", RULE_T_TRUE}, {"false", RULE_T_FALSE}};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (slice_ieq(word, slice_str(words[i].text)))
            return words[i].token;
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] < '0' || word.p[i] > '9')
            return RULE_T_NAME;
    return RULE_T_INTEGER;
}

static void take(struct rule_lex *l, enum rule_token token, size_t n)
{
    l->token = token;
    l->value = slice_sub(l->text, l->at, l->at + n);
    l->next = l->at + n;
}

static void take_string(struct rule_lex *l, char quote)
{
    size_t end = l->at + 1;
    while (end < l->text.n && l->text.p[end] != quote)
        end += l->text.p[end] == '\\' && end + 1 < l->text.n && l->text.p[end + 1] == quote ? 2 : 1;
    l->token = end < l->text.n ? RULE_T_STRING : RULE_T_UNCLOSED;
    l->value = slice_sub(l->text, l->at + 1, end);
    l->next = end < l->text.n ? end + 1 : l->text.n;
}

static void take_sign(struct rule_lex *l)
{
    static const struct {
        const char *text;
        enum rule_token token;
    } signs[] = {{"!=", RULE_T_UNEQUAL},       {"<>", RULE_T_UNEQUAL}, {"<=", RULE_T_LESS_EQUAL},
                 {">=", RULE_T_GREATER_EQUAL}, {"<", RULE_T_LESS},     {">", RULE_T_GREATER},
                 {"=", RULE_T_EQUAL},          {"(", RULE_T_OPEN},     {")", RULE_T_CLOSE},
                 {",", RULE_T_COMMA},          {"+", RULE_T_PLUS},     {"-", RULE_T_MINUS},
                 {"*", RULE_T_STAR},           {"/", RULE_T_SLASH},    {"%", RULE_T_PERCENT}};
    struct slice rest = slice_sub(l->text, l->at, l->text.n);
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        struct slice sign = slice_str(signs[i].text);
        if (slice_starts(rest, sign)) {
            take(l, signs[i].token, sign.n);
            return;
        }
    }
    take(l, RULE_T_BAD, 1);
}

void rule_lex_step(struct rule_lex *l)
{
    l->last = l->next;
    l->at = over_blanks(l);
    if (l->at == l->text.n) {
        take(l, RULE_T_END, 0);
        return;
    }
    char c = l->text.p[l->at];
    if (c == '\'' || c == '"') {
        take_string(l, c);
    } else if (word_char(c)) {
        size_t n = 1;
        while (l->at + n < l->text.n && word_char(l->text.p[l->at + n]))
            n++;
        take(l, RULE_T_NAME, n);
        l->token = keyword(l->value);
    } else {
        take_sign(l);
    }
}
