#include "hl7_escape.h"

/* Stores what is decoded, or compares it with a text when out is NULL. */
struct sink {
    char *out;
    struct slice want;
    size_t n;
    bool differs;
};

static void put(struct sink *k, const char *p, size_t n)
{
    if (n == 0 || k->differs)
        return;
    if (k->out)
        memcpy(k->out + k->n, p, n);
    else if (n > k->want.n - k->n || memcmp(k->want.p + k->n, p, n) != 0)
        k->differs = true;
    k->n += n;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte of the pair at p, or -1: no hex, or a control byte. */
static int hex_pair(const char *p)
{
    int high = hex_digit(p[0]), low = hex_digit(p[1]);
    int byte = high < 0 || low < 0 ? -1 : high * 16 + low;
    return byte < 0x20 || byte == 0x7f ? -1 : byte;
}

static bool put_hex(struct sink *k, struct slice hex, unsigned *flags)
{
    if (hex.n == 0 || hex.n % 2)
        return false;
    for (size_t i = 0; i < hex.n; i += 2)
        if (hex_pair(hex.p + i) < 0)
            return false;
    for (size_t i = 0; i < hex.n && !k->differs; i += 2) {
        char byte = (char)hex_pair(hex.p + i);
        put(k, &byte, 1);
        if (byte & 0x80)
            *flags |= HL7_ESCAPE_HIGH;
    }
    return true;
}

/* Formatting commands: two letters and perhaps a number. */
static bool put_format(struct sink *k, struct slice command)
{
    static const char *const breaks[] = {".br", ".sp", ".ce"};
    static const char *const dropped[] = {".in", ".ti", ".sk", ".fi", ".nf"};
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
        if (slice_starts(command, slice_make(breaks[i], 3))) {
            put(k, "\n", 1);
            return true;
        }
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
        if (slice_starts(command, slice_make(dropped[i], 3)))
            return true;
    return false;
}

static char delimiter_of(char letter, const struct hl7_delims *d)
{
    switch (letter) {
    case 'F':
        return d->field;
    case 'S':
        return d->component;
    case 'T':
        return d->subcomponent;
    case 'R':
        return d->repetition;
    case 'E':
        return d->escape;
    case 'P':
        return d->trunc;
    default:
        return 0;
    }
}

/* What stands between two escape characters. False when it is not understood. */
static bool put_sequence(struct sink *k, struct slice code, const struct hl7_delims *d,
                         unsigned *flags)
{
    if (code.n == 0)
        return false;
    if (code.n == 1) {
        char c = delimiter_of(code.p[0], d);
        if (c)
            put(k, &c, 1);
        return c || code.p[0] == 'H' || code.p[0] == 'N';
    }
    if (code.p[0] == 'X')
        return put_hex(k, slice_sub(code, 1, code.n), flags);
    return code.p[0] == '.' && put_format(k, code);
}

static void decode(struct sink *k, struct slice rest, const struct hl7_delims *d, unsigned *flags)
{
    size_t at;
    while ((at = slice_find(rest, d->escape)) < rest.n && !k->differs) {
        put(k, rest.p, at);
        rest = slice_sub(rest, at, rest.n);
        struct slice code = slice_sub(rest, 1, rest.n);
        size_t close = slice_find(code, d->escape);
        if (close < code.n && put_sequence(k, slice_sub(code, 0, close), d, flags)) {
            rest = slice_sub(code, close + 1, code.n);
            continue;
        }
        /* The closing character of an unknown one may open the next. */
        *flags |= HL7_ESCAPE_KEPT;
        put(k, rest.p, 1);
        rest = code;
    }
    put(k, rest.p, rest.n);
}

struct slice hl7_escape_decode(struct slice value, const struct hl7_delims *delims,
                               struct arena *arena, unsigned *flags)
{
    if (!delims->escape || slice_find(value, delims->escape) == value.n)
        return value;
    /* Every sequence is longer than what it stands for. */
    struct sink k = {.out = arena_alloc(arena, value.n)};
    if (!k.out)
        return SLICE_ABSENT;
    decode(&k, value, delims, flags);
    return slice_make(k.out, k.n);
}

bool hl7_escape_eq(struct slice value, const struct hl7_delims *delims, struct slice text)
{
    if (slice_eq(value, text))
        return true;
    if (!delims->escape || slice_find(value, delims->escape) == value.n)
        return false;
    struct sink k = {.want = text};
    unsigned flags = 0;
    decode(&k, value, delims, &flags);
    return !k.differs && k.n == text.n;
}
