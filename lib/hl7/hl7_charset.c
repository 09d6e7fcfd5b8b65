#include "hl7_charset.h"

#include <iconv.h>
#include "hl7_escape.h"
#include "hl7_utf8.h"

enum { HIGH = 128, REPLACEMENT = 0xfffd };

enum kind { KIND_UNSAID, KIND_UTF8, KIND_1252, KIND_SINGLE, KIND_MULTI };

struct set {
    const char *name; /* capitals and digits only */
    enum kind kind;
    const char *iconv;
};

/* HL7 table 0211 and what senders write instead. 8859/1 is read as Windows-1252, which has letters
 * where 8859/1 has control codes that nobody means. */
static const struct set sets[] = {
    {"ASCII", KIND_UNSAID, NULL},
    {"USASCII", KIND_UNSAID, NULL},
    {"ISOIR6", KIND_UNSAID, NULL},
    {"UNICODE", KIND_UNSAID, NULL},
    {"UNICODEUTF8", KIND_UTF8, NULL},
    {"UTF8", KIND_UTF8, NULL},
    {"88591", KIND_1252, NULL},
    {"LATIN1", KIND_1252, NULL},
    {"WINDOWS1252", KIND_1252, NULL},
    {"CP1252", KIND_1252, NULL},
    {"WIN1252", KIND_1252, NULL},
    {"88592", KIND_SINGLE, "ISO-8859-2"},
    {"88593", KIND_SINGLE, "ISO-8859-3"},
    {"88594", KIND_SINGLE, "ISO-8859-4"},
    {"88595", KIND_SINGLE, "ISO-8859-5"},
    {"88596", KIND_SINGLE, "ISO-8859-6"},
    {"88597", KIND_SINGLE, "ISO-8859-7"},
    {"88598", KIND_SINGLE, "ISO-8859-8"},
    {"88599", KIND_SINGLE, "ISO-8859-9"},
    {"885914", KIND_SINGLE, "ISO-8859-14"},
    {"885915", KIND_SINGLE, "ISO-8859-15"},
    {"ISOIR14", KIND_SINGLE, "SJIS"}, /* whose single bytes are JIS X 0201 */
    {"ISOIR87", KIND_MULTI, "ISO-2022-JP"},
    {"ISOIR159", KIND_MULTI, "ISO-2022-JP-2"},
    {"GB180302000", KIND_MULTI, "GB18030"},
    {"GB18030", KIND_MULTI, "GB18030"},
    {"KSX1001", KIND_MULTI, "EUC-KR"},
    {"EUCKR", KIND_MULTI, "EUC-KR"},
    {"CNS116431992", KIND_MULTI, "EUC-TW"},
    {"BIG5", KIND_MULTI, "BIG5"},
};

#define U REPLACEMENT
/* Bytes 0x80 to 0x9f; from 0xa0 on a byte is its own code point. */
static const uint16_t cp1252[HIGH] = {
    0x20ac,    U,         0x201a,    0x0192,    0x201e,    0x2026,    0x2020,    0x2021,
    0x02c6,    0x2030,    0x0160,    0x2039,    0x0152,    U,         0x017d,    U,
    U,         0x2018,    0x2019,    0x201c,    0x201d,    0x2022,    0x2013,    0x2014,
    0x02dc,    0x2122,    0x0161,    0x203a,    0x0153,    U,         0x017e,    0x0178,
#define ROW(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
    ROW(0xa0), ROW(0xa8), ROW(0xb0), ROW(0xb8), ROW(0xc0), ROW(0xc8), ROW(0xd0), ROW(0xd8),
    ROW(0xe0), ROW(0xe8), ROW(0xf0), ROW(0xf8)};
#undef ROW
#undef U

/* Only letters and digits count, and no case. */
static bool same_name(struct slice written, const char *name)
{
    for (size_t i = 0; i < written.n; i++) {
        char c = written.p[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            continue;
        if (c != *name++)
            return false;
    }
    return *name == 0;
}

static const struct set *find_set(struct slice written)
{
    static const struct set unsaid = {"", KIND_UNSAID, NULL};
    if (written.n == 0)
        return &unsaid;
    struct slice bare = written;
    if (slice_ieq(slice_sub(bare, 0, 3), SLICE("ISO")))
        bare = slice_sub(bare, 3, bare.n);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        if (same_name(written, sets[i].name) || same_name(bare, sets[i].name))
            return &sets[i];
    return NULL;
}

static const uint16_t *read_table(const char *name, struct arena *arena)
{
    uint16_t *table = arena_alloc(arena, HIGH * sizeof(*table));
    iconv_t cd = table ? iconv_open("UTF-16LE", name) : (iconv_t)-1;
    if (cd == (iconv_t)-1)
        return NULL;
    for (int i = 0; i < HIGH; i++) {
        char byte = (char)(i + HIGH);
        unsigned char out[8];
        char *from = &byte, *to = (char *)out;
        size_t nfrom = 1, nto = sizeof(out);
        size_t rc = iconv(cd, &from, &nfrom, &to, &nto);
        table[i] = rc == 0 && nto == sizeof(out) - 2 ? (uint16_t)(out[0] | out[1] << 8)
                                                     : (uint16_t)REPLACEMENT;
        iconv(cd, NULL, NULL, NULL, NULL);
    }
    iconv_close(cd);
    return table;
}

/* All of raw as UTF-8 in the arena; absent without room. */
static struct slice convert_all(struct slice raw, iconv_t cd, struct arena *arena, unsigned *flags)
{
    /* Two bytes give at most three; a single one that stands for nothing gives three. */
    size_t room = raw.n <= SIZE_MAX / 3 ? raw.n * 3 : 0;
    char *out = arena_alloc(arena, room);
    if (!out)
        return SLICE_ABSENT;
    char *from = (char *)(uintptr_t)raw.p, *to = out;
    size_t nfrom = raw.n;
    while (nfrom && iconv(cd, &from, &nfrom, &to, &room) == (size_t)-1 && nfrom && room >= 3) {
        to = hl7_utf8_put(to, REPLACEMENT);
        room -= 3;
        from++;
        nfrom--;
        *flags |= HL7_CHARSET_REPLACED;
    }
    return slice_make(out, (size_t)(to - out));
}

/* Neither MSH-18 nor its name helps: what the bytes are. */
static void guess(struct slice raw, struct hl7_charset *cs)
{
    size_t ascii = hl7_utf8_ascii(raw);
    cs->valid = ascii == raw.n || hl7_utf8_valid(slice_sub(raw, ascii, raw.n));
    if (ascii < raw.n)
        cs->guess = cs->valid ? "utf8" : "cp1252";
    if (!cs->valid || ascii == raw.n)
        cs->high = cp1252; /* of an ASCII message: for what escapes may stand for */
}

/* The C library on this machine lacks the set. */
static void not_here(struct slice raw, struct hl7_charset *cs)
{
    cs->flags |= HL7_CHARSET_UNKNOWN;
    cs->declared = false;
    guess(raw, cs);
}

static void choose_single(const struct set *set, struct slice raw, struct arena *arena,
                          struct hl7_charset *cs)
{
    cs->valid = hl7_utf8_ascii(raw) == raw.n;
    cs->high = set->kind == KIND_1252 ? cp1252 : read_table(set->iconv, arena);
    if (!cs->high)
        not_here(raw, cs);
}

static int reparse(const struct set *set, const struct hl7_limits *limits, struct arena *arena,
                   struct hl7_msg *m, struct hl7_charset *cs, struct err *reterr)
{
    iconv_t cd = iconv_open("UTF-8", set->iconv);
    if (cd == (iconv_t)-1) {
        not_here(m->raw, cs);
        return 0;
    }
    struct slice text = convert_all(m->raw, cd, arena, &cs->flags);
    iconv_close(cd);
    if (!slice_present(text))
        return err_set(reterr, ERR_LIMIT,
                       "the message as UTF-8 passes the memory of a message (message_arena)");
    cs->valid = hl7_utf8_valid(text);
    return hl7_msg_parse(text, limits, arena, m, reterr);
}

/* Whether the escape character stands anywhere behind MSH-2. */
static bool has_escapes(const struct hl7_msg *m)
{
    struct slice declared = hl7_msg_field(m, hl7_msg_segment(m, SLICE("MSH"), 0), 2);
    if (!m->delims.escape)
        return false;
    const char *from = declared.p + declared.n;
    return memchr(from, m->delims.escape, (size_t)(m->raw.p + m->raw.n - from)) != NULL;
}

/* The name without the mark that it holds whatever a message says. */
static struct slice unforced(struct slice preset)
{
    return preset.n && preset.p[preset.n - 1] == '!' ? slice_sub(preset, 0, preset.n - 1) : preset;
}

bool hl7_charset_known(struct slice name)
{
    return find_set(unforced(name)) != NULL;
}

static bool is_said(const struct set *set)
{
    return set && set->kind != KIND_UNSAID;
}

static bool same_set(const struct set *a, const struct set *b)
{
    return a->kind == b->kind && (!a->iconv || strcmp(a->iconv, b->iconv) == 0);
}

bool hl7_charset_agrees(struct slice name, struct slice msh18, struct slice preset,
                        struct slice text)
{
    const struct set *named = find_set(name), *own = find_set(unforced(preset));
    bool forced = unforced(preset).n < preset.n, ascii = hl7_utf8_ascii(text) == text.n;
    const struct set *read_as = forced ? own : find_set(slice_trim(msh18));
    if (!is_said(read_as) && !forced)
        read_as = own;
    if (!is_said(read_as))
        read_as = find_set(hl7_utf8_valid(text) ? SLICE("UTF8") : SLICE("CP1252"));
    if (!named)
        return false;
    /* Sets of several bytes may give ASCII another meaning (ISO 2022). */
    if (ascii && named->kind != KIND_MULTI && read_as->kind != KIND_MULTI)
        return true;
    return is_said(named) && same_set(named, read_as);
}

/* What MSH-18 says, and where that says nothing, or nothing that is known, the preset. */
static const struct set *declared_set(const struct hl7_msg *m, struct slice preset, unsigned *flags)
{
    struct slice named = hl7_msg_field(m, hl7_msg_segment(m, SLICE("MSH"), 0), 18);
    if (hl7_msg_repetitions(m, named) > 1)
        *flags |= HL7_CHARSET_SWITCHED;
    named = slice_trim(hl7_msg_repetition(m, named, 1));
    const struct set *set = find_set(hl7_state_of(named) == HL7_NULL ? SLICE("") : named);
    if (!set)
        *flags |= HL7_CHARSET_UNKNOWN;
    return preset.n && (!set || set->kind == KIND_UNSAID) ? find_set(preset) : set;
}

int hl7_charset_parse(struct slice raw, struct slice preset, const struct hl7_limits *limits,
                      struct arena *arena, struct hl7_msg *ret_msg, struct hl7_charset *ret,
                      struct err *reterr)
{
    struct hl7_msg m;
    struct hl7_charset cs = {0};
    int rc = 0;
    if (hl7_msg_parse(raw, limits, arena, &m, reterr) < 0)
        return -1;
    raw = m.raw; /* a letter of several bytes may have been broken off in front of ADD */
    struct slice name = unforced(preset);
    const struct set *set =
        name.n < preset.n ? find_set(name) : declared_set(&m, preset, &cs.flags);
    cs.declared = set && set->kind != KIND_UNSAID;
    if (!set || set->kind == KIND_UNSAID)
        guess(raw, &cs);
    else if (set->kind == KIND_UTF8)
        cs.valid = hl7_utf8_valid(raw);
    else if (set->kind == KIND_MULTI)
        rc = reparse(set, limits, arena, &m, &cs, reterr);
    else
        choose_single(set, raw, arena, &cs);
    if (rc < 0)
        return -1;
    cs.nul = memchr(m.raw.p, 0, m.raw.n) != NULL;
    cs.plain = cs.valid && !cs.nul && !has_escapes(&m);
    *ret_msg = m;
    *ret = cs;
    return 0;
}

void hl7_charset_choose(struct slice text, struct slice preset, struct arena *arena,
                        struct hl7_charset *ret)
{
    const struct set *set = find_set(unforced(preset));
    *ret = (struct hl7_charset){.declared = set && set->kind != KIND_UNSAID};
    if (!set || set->kind == KIND_UNSAID || set->kind == KIND_MULTI)
        guess(text, ret);
    else if (set->kind == KIND_UTF8)
        ret->valid = hl7_utf8_valid(text);
    else
        choose_single(set, text, arena, ret);
}

static struct slice from_single(const uint16_t *high, struct slice value, struct arena *arena,
                                unsigned *flags)
{
    char *out = value.n <= SIZE_MAX / 3 ? arena_alloc(arena, value.n * 3) : NULL;
    char *to = out;
    if (!out)
        return SLICE_ABSENT;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        unsigned code = c < HIGH ? c : high[c - HIGH];
        if (code == REPLACEMENT)
            *flags |= HL7_CHARSET_REPLACED;
        to = hl7_utf8_put(to, code);
    }
    return slice_make(out, (size_t)(to - out));
}

static struct slice mend_utf8(struct slice value, struct arena *arena, unsigned *flags)
{
    char *out = value.n <= SIZE_MAX / 3 ? arena_alloc(arena, value.n * 3) : NULL;
    char *to = out;
    if (!out)
        return SLICE_ABSENT;
    *flags |= HL7_CHARSET_REPLACED;
    while (value.n) {
        size_t bad, n = hl7_utf8_step(value, &bad);
        if (n) {
            memcpy(to, value.p, n);
            to += n;
        } else {
            to = hl7_utf8_put(to, REPLACEMENT);
        }
        value = slice_sub(value, n ? n : bad, value.n);
    }
    return slice_make(out, (size_t)(to - out));
}

static struct slice without_nul(struct slice text, struct arena *arena, unsigned *flags)
{
    if (!slice_present(text) || !text.n || !memchr(text.p, 0, text.n))
        return text;
    char *out = text.n <= SIZE_MAX / 3 ? arena_alloc(arena, text.n * 3) : NULL;
    char *to = out;
    if (!out)
        return SLICE_ABSENT;
    *flags |= HL7_CHARSET_REPLACED;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i])
            *to++ = text.p[i];
        else
            to = hl7_utf8_put(to, REPLACEMENT);
    return slice_make(out, (size_t)(to - out));
}

static struct slice to_utf8(const struct hl7_charset *cs, struct slice value, struct arena *arena,
                            unsigned *flags)
{
    if (cs->valid || hl7_utf8_ascii(value) == value.n)
        return value;
    if (cs->high)
        return from_single(cs->high, value, arena, flags);
    return hl7_utf8_valid(value) ? value : mend_utf8(value, arena, flags);
}

struct slice hl7_charset_decode(const struct hl7_charset *cs, struct slice value,
                                struct arena *arena, unsigned *flags)
{
    struct slice text = to_utf8(cs, value, arena, flags);
    return cs->nul ? without_nul(text, arena, flags) : text;
}

struct slice hl7_charset_text(const struct hl7_charset *cs, const struct hl7_msg *m,
                              struct slice value, struct arena *arena, unsigned *flags)
{
    if (cs->plain)
        return value;
    unsigned escapes = 0;
    struct slice text = hl7_escape_decode(value, &m->delims, arena, &escapes);
    struct hl7_charset here = *cs;
    *flags |= escapes;
    if (escapes & HL7_ESCAPE_HIGH) {
        /* What holds of the bytes sent does not hold of those that an escape stands for. */
        if (!cs->declared && hl7_utf8_valid(text))
            return cs->nul ? without_nul(text, arena, flags) : text;
        here.valid = false;
    }
    return hl7_charset_decode(&here, text, arena, flags);
}
