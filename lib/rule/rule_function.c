#include "rule_function.h"

#include "yaml.h"

static bool starts_char(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t length(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += starts_char(s.p[i]);
    return n;
}

/* Byte at which character number `at` (from 0) begins. */
static size_t byte_of(struct slice s, size_t at)
{
    for (size_t i = 0; i < s.n; i++) {
        if (starts_char(s.p[i]) && at-- == 0)
            return i;
    }
    return s.n;
}

static unsigned fn_length(const struct rule_value *args, unsigned n, struct rule_budget *b,
                          struct rule_value *ret)
{
    (void)n;
    (void)b;
    *ret = rule_integer((int32_t)length(args[0].string));
    return 0;
}

static unsigned join(struct slice delimiter, const struct rule_value *args, unsigned n,
                     struct rule_budget *b, struct rule_value *ret)
{
    size_t size = n > 1 ? delimiter.n * (n - 1) : 0, at = 0;
    for (unsigned i = 0; i < n; i++)
        size += args[i].string.n;
    char *p = rule_take(b, size);
    *ret = rule_zero(RULE_STRING);
    if (!p)
        return RULE_GENERIC;
    for (unsigned i = 0; i < n; i++) {
        if (i && delimiter.n)
            memcpy(p + at, delimiter.p, delimiter.n);
        at += i ? delimiter.n : 0;
        if (args[i].string.n)
            memcpy(p + at, args[i].string.p, args[i].string.n);
        at += args[i].string.n;
    }
    ret->string = slice_make(p, at);
    return 0;
}

static unsigned fn_concat(const struct rule_value *args, unsigned n, struct rule_budget *b,
                          struct rule_value *ret)
{
    return join(SLICE(""), args, n, b, ret);
}

static unsigned fn_concat_ws(const struct rule_value *args, unsigned n, struct rule_budget *b,
                             struct rule_value *ret)
{
    return join(args[0].string, args + 1, n - 1, b, ret);
}

/* ASCII, and the Latin-1 letters: bytes C3 80..9E and C3 A0..BE, of which 97 and B7 are no letters.
 */
static unsigned fold(struct slice s, bool upper, struct rule_budget *b, struct rule_value *ret)
{
    char *p = rule_take(b, s.n);
    *ret = rule_zero(RULE_STRING);
    if (!p)
        return RULE_GENERIC;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool latin = i && (unsigned char)s.p[i - 1] == 0xc3 && (c & 0x1f) != 0x17;
        if (upper && ((c >= 'a' && c <= 'z') || (latin && c >= 0xa0 && c <= 0xbe)))
            c = (unsigned char)(c - 0x20);
        else if (!upper && ((c >= 'A' && c <= 'Z') || (latin && c >= 0x80 && c <= 0x9e)))
            c = (unsigned char)(c + 0x20);
        p[i] = (char)c;
    }
    ret->string = slice_make(p, s.n);
    return 0;
}

static unsigned fn_lower(const struct rule_value *args, unsigned n, struct rule_budget *b,
                         struct rule_value *ret)
{
    (void)n;
    return fold(args[0].string, false, b, ret);
}

static unsigned fn_upper(const struct rule_value *args, unsigned n, struct rule_budget *b,
                         struct rule_value *ret)
{
    (void)n;
    return fold(args[0].string, true, b, ret);
}

static unsigned fn_trim(const struct rule_value *args, unsigned n, struct rule_budget *b,
                        struct rule_value *ret)
{
    (void)n;
    (void)b;
    *ret = rule_string(slice_trim(args[0].string));
    return 0;
}

static unsigned fn_left(const struct rule_value *args, unsigned n, struct rule_budget *b,
                        struct rule_value *ret)
{
    struct slice s = args[0].string;
    (void)n;
    (void)b;
    *ret = args[0];
    if (args[1].integer < 0)
        return RULE_FUNCTION;
    *ret = rule_string(slice_sub(s, 0, byte_of(s, (size_t)args[1].integer)));
    return 0;
}

static unsigned fn_right(const struct rule_value *args, unsigned n, struct rule_budget *b,
                         struct rule_value *ret)
{
    struct slice s = args[0].string;
    size_t chars = length(s);
    (void)n;
    (void)b;
    *ret = args[0];
    if (args[1].integer < 0)
        return RULE_FUNCTION;
    if ((size_t)args[1].integer < chars)
        *ret = rule_string(slice_sub(s, byte_of(s, chars - (size_t)args[1].integer), s.n));
    return 0;
}

static unsigned fn_substring(const struct rule_value *args, unsigned n, struct rule_budget *b,
                             struct rule_value *ret)
{
    struct slice s = args[0].string;
    int64_t chars = (int64_t)length(s), pos = args[1].integer;
    int64_t len = n > 2 ? args[2].integer : chars;
    (void)b;
    *ret = rule_zero(RULE_STRING);
    if (pos > chars || pos < -chars || len < 0)
        return RULE_FUNCTION;
    if (pos == 0)
        return 0;
    size_t from = (size_t)(pos > 0 ? pos - 1 : chars + pos);
    struct slice rest = slice_sub(s, byte_of(s, from), s.n);
    *ret = rule_string(slice_sub(rest, 0, byte_of(rest, (size_t)len)));
    return 0;
}

static unsigned fn_abs(const struct rule_value *args, unsigned n, struct rule_budget *b,
                       struct rule_value *ret)
{
    int32_t i = args[0].integer;
    (void)n;
    (void)b;
    *ret = rule_integer(i == INT32_MIN ? INT32_MAX : i < 0 ? -i : i);
    return i == INT32_MIN ? RULE_MATH : 0;
}

static unsigned cast_to(enum rule_kind kind, const struct rule_value *args, struct rule_budget *b,
                        struct rule_value *ret)
{
    *ret = args[0];
    return rule_cast(ret, kind, true, b);
}

static unsigned fn_int(const struct rule_value *args, unsigned n, struct rule_budget *b,
                       struct rule_value *ret)
{
    (void)n;
    return cast_to(RULE_INTEGER, args, b, ret);
}

static unsigned fn_bool(const struct rule_value *args, unsigned n, struct rule_budget *b,
                        struct rule_value *ret)
{
    (void)n;
    return cast_to(RULE_BOOLEAN, args, b, ret);
}

static unsigned fn_string(const struct rule_value *args, unsigned n, struct rule_budget *b,
                          struct rule_value *ret)
{
    (void)n;
    return cast_to(RULE_STRING, args, b, ret);
}

static const struct rule_function functions[] = {
    {"LENGTH", 1, 1, "s", RULE_INTEGER, fn_length},
    {"CONCAT", 0, RULE_ARGS_MAX, "s", RULE_STRING, fn_concat},
    {"CONCAT_WS", 1, RULE_ARGS_MAX, "s", RULE_STRING, fn_concat_ws},
    {"LOWER", 1, 1, "s", RULE_STRING, fn_lower},
    {"UPPER", 1, 1, "s", RULE_STRING, fn_upper},
    {"TRIM", 1, 1, "s", RULE_STRING, fn_trim},
    {"LEFT", 2, 2, "si", RULE_STRING, fn_left},
    {"RIGHT", 2, 2, "si", RULE_STRING, fn_right},
    {"SUBSTRING", 2, 3, "sii", RULE_STRING, fn_substring},
    {"ABS", 1, 1, "i", RULE_INTEGER, fn_abs},
    {"INT", 1, 1, "*", RULE_INTEGER, fn_int},
    {"BOOL", 1, 1, "*", RULE_BOOLEAN, fn_bool},
    {"STRING", 1, 1, "*", RULE_STRING, fn_string},
};

enum { FUNCTIONS = sizeof(functions) / sizeof(*functions) };

const struct rule_function *rule_function_find(struct slice name, unsigned nargs, bool *ret_named)
{
    *ret_named = false;
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        if (!slice_ieq(name, slice_str(functions[i].name)))
            continue;
        *ret_named = true;
        if (nargs >= functions[i].min && nargs <= functions[i].max)
            return &functions[i];
    }
    return NULL;
}

const char *rule_function_nearest(struct slice name)
{
    const char *names[FUNCTIONS];
    for (unsigned i = 0; i < FUNCTIONS; i++)
        names[i] = functions[i].name;
    return yaml_nearest(name, names, FUNCTIONS);
}
