#include <stdio.h>
#include <stdlib.h>
#include "buf.h"
#include "hl7_charset.h"
#include "hl7_escape.h"
#include "hl7_sample.h"
#include "hl7_utf8.h"

static const struct hl7_limits limits = {.segments = 100, .fields = 1000};

struct row {
    const char *charset, *name; /* MSH-18 and PID-5 as sent */
    const char *want, *guess;
    unsigned chosen, read; /* flags */
};

static void check(const struct row *row, struct slice preset)
{
    struct buf b;
    struct arena arena;
    struct hl7_msg m;
    struct hl7_charset cs;
    struct err err;
    unsigned flags = 0;
    buf_init(&b, 4096);
    arena_init(&arena, 1 << 20);
    buf_printf(&b, "MSH|^~\\&|A|B|C|D|20260303||ADT^A01|1|P|2.4||||||%s\rPID|||1||", row->charset);
    buf_puts(&b, row->name);
    char *exact = sample_exact(buf_slice(&b));
    struct slice raw = slice_make(exact, b.n);
    ck_assert_int_eq(hl7_charset_parse(raw, preset, &limits, &arena, &m, &cs, &err), 0);
    struct slice sent = hl7_msg_field(&m, hl7_msg_segment(&m, SLICE("PID"), 0), 5);
    struct slice got = hl7_charset_text(&cs, &m, sent, &arena, &flags);
    ck_assert_msg(slice_eq_str(got, row->want), "%s: got <%.*s>, want <%s>", row->charset,
                  SLICE_ARG(got), row->want);
    ck_assert_msg(cs.flags == row->chosen && flags == row->read, "%s %s: flags %u, %u",
                  row->charset, row->want, cs.flags, flags);
    ck_assert_str_eq(cs.guess ? cs.guess : "", row->guess ? row->guess : "");
    ck_assert(hl7_utf8_valid(got));
    arena_fini(&arena);
    buf_fini(&b);
    free(exact);
}

/* row 38: NUL is data to the parser, and no text in an event */
START_TEST(nul_is_no_text)
{
    static const struct {
        const char *charset;
        struct slice name;
        const char *want;
    } rows[] = {
        {"",
         {"A\0B", 3},
         "A\xef\xbf\xbd"
         "B"},
        {"", {"\0\xC9", 2}, "\xef\xbf\xbdÉ"},
        {"UNICODE UTF-8", {"É\0", 3}, "É\xef\xbf\xbd"},
        {"8859/1", {"\xC9\0\\XE9\\", 7}, "É\xef\xbf\xbdé"},
        {"", {"\\T\\\0\\XC9\\", 9}, "&\xef\xbf\xbdÉ"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf b;
        struct arena arena;
        struct hl7_msg m;
        struct hl7_charset cs;
        struct err err;
        unsigned flags = 0;
        buf_init(&b, 4096);
        arena_init(&arena, 1 << 20);
        buf_printf(&b, "MSH|^~\\&|A|B|C|D|20260303||ADT^A01|1|P|2.4||||||%s\rPID|||1||",
                   rows[i].charset);
        buf_put(&b, rows[i].name);
        ck_assert_int_eq(
            hl7_charset_parse(buf_slice(&b), SLICE_ABSENT, &limits, &arena, &m, &cs, &err), 0);
        struct slice sent = hl7_msg_field(&m, hl7_msg_segment(&m, SLICE("PID"), 0), 5);
        ck_assert_uint_eq(sent.n, rows[i].name.n);
        struct slice got = hl7_charset_text(&cs, &m, sent, &arena, &flags);
        ck_assert_msg(slice_eq_str(got, rows[i].want), "row %zu: <%.*s>", i, SLICE_ARG(got));
        ck_assert(flags & HL7_CHARSET_REPLACED);
        sent = hl7_msg_field(&m, hl7_msg_segment(&m, SLICE("PID"), 0), 3);
        flags = 0;
        ck_assert(hl7_charset_text(&cs, &m, sent, &arena, &flags).p == sent.p && !flags);
        arena_fini(&arena);
        buf_fini(&b);
    }
}
END_TEST

/* rows 45 to 49; codes.md 2.11 */
START_TEST(sets_are_chosen)
{
    enum { R = HL7_CHARSET_REPLACED, H = HL7_ESCAPE_HIGH };
    static const struct row rows[] = {
        /* nothing said: strict UTF-8, then Windows-1252 */
        {"", "SAMPLE", "SAMPLE", NULL, 0, 0},
        {"", "RENÉE", "RENÉE", "utf8", 0, 0},
        {"", "REN\xC3\rADD|\x89", "RENÉ", "utf8", 0, 0},
        {"UTF-8", "REN\xC3\rADD|\x89", "RENÉ", NULL, 0, 0},
        {"BIG-5", "\xB3\x5C\rADD|\xA5\x7C", "許四", NULL, 0, 0},
        {"",
         "REN\xC9"
         "E \xA3"
         "5 \x92 \x96",
         "RENÉE £5 ’ –", "cp1252", 0, 0},
        {"", "x\x81", "x\xEF\xBF\xBD", "cp1252", 0, R},
        {"\"\"", "REN\xC9", "RENÉ", "cp1252", 0, 0},
        {"ASCII", "Łukasz", "Łukasz", "utf8", 0, 0},
        {"ISO IR6", "REN\xC9", "RENÉ", "cp1252", 0, 0},
        {"UNICODE", "RENÉ", "RENÉ", "utf8", 0, 0},
        /* said */
        {"UNICODE UTF-8", "ŵ ŷ", "ŵ ŷ", NULL, 0, 0},
        {"utf8", "RENÉ", "RENÉ", NULL, 0, 0},
        {"UTF-8", "REN\xC9!", "REN\xEF\xBF\xBD!", NULL, 0, R},
        {"8859/1", "RENÉ", "RENÃ‰", NULL, 0, 0},
        {"8859/1", "REN\xC9 \x92", "RENÉ ’", NULL, 0, 0},
        {"8859/1", "plain", "plain", NULL, 0, 0},
        {"ISO-8859-1", "\xA3", "£", NULL, 0, 0},
        {"WINDOWS-1252", "\x80", "€", NULL, 0, 0},
        {"8859/2", "\xA3ukasz", "Łukasz", NULL, 0, 0},
        {"iso8859-2", "\xA3ukasz", "Łukasz", NULL, 0, 0},
        {"8859/3", "\xA1", "Ħ", NULL, 0, 0},
        {"8859/3", "\xA5", "\xEF\xBF\xBD", NULL, 0, R},
        {"8859/4", "\xA1", "Ą", NULL, 0, 0},
        {"8859/5", "\xB0", "А", NULL, 0, 0},
        {"8859/6", "\xC7", "ا", NULL, 0, 0},
        {"8859/7", "\xC1", "Α", NULL, 0, 0},
        {"8859/8", "\xE0", "א", NULL, 0, 0},
        {"8859/9", "\xD0", "Ğ", NULL, 0, 0},
        {"8859/14", "\xF0", "ŵ", NULL, 0, 0},
        {"8859/15", "\xA4", "€", NULL, 0, 0},
        {"GB 18030-2000", "\xD6\xD0", "中", NULL, 0, 0},
        {"KS X 1001", "\xB1\xE8", "김", NULL, 0, 0},
        {"CNS 11643-1992", "\xC4\xE3", "中", NULL, 0, 0},
        /* row 49: the second byte of these is that of a backslash and of a bar */
        {"BIG-5", "\xB3\x5C", "許", NULL, 0, 0},
        {"BIG-5", "\xA5\x7C|x", "四", NULL, 0, 0},
        {"BIG-5", "\xB3", "\xEF\xBF\xBD", NULL, R, 0},
        {"ISO IR14", "\xB1\\XB2\\", "ｱｲ", NULL, 0, H},
        {"ISO IR87", "plain", "plain", NULL, 0, 0},
        {"ISO IR87", "\x1B$B;3ED\x1B(B^\x1B$B2|\x1B(B", "山田^戒", NULL, 0, 0},
        {"ISO IR159", "\x1B$(D0!\x1B(B", "丂", NULL, 0, 0},
        /* not known, and several */
        {"KLINGON", "REN\xC9", "RENÉ", "cp1252", HL7_CHARSET_UNKNOWN, 0},
        {"8859/1~ISO IR87", "REN\xC9", "RENÉ", NULL, HL7_CHARSET_SWITCHED, 0},
        {"~ISO IR87", "RENÉ", "RENÉ", "utf8", HL7_CHARSET_SWITCHED, 0},
        /* bytes that an escape stands for */
        {"", "\\XC3A9\\", "é", NULL, 0, H},
        {"", "\\XE9\\", "é", NULL, 0, H},
        {"8859/1", "\\XE9\\", "é", NULL, 0, H},
        {"UTF-8", "\\XC3A9\\", "é", NULL, 0, H},
        {"UTF-8", "\\XE9\\", "\xEF\xBF\xBD", NULL, 0, H | R},
        {"", "É\\XE9\\", "É\xEF\xBF\xBD", "utf8", 0, H | R},
        {"8859/1", "A\\T\\E \xC9", "A&E É", NULL, 0, 0},
        {"", "\\Z\\", "\\Z\\", NULL, 0, HL7_ESCAPE_KEPT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], SLICE_ABSENT);
}
END_TEST

/* row 46; codes.md 2.11 */
static const struct {
    struct row row;
    const char *preset;
} presets[] = {
    /* where MSH-18 says nothing, or nothing that is known */
    {{"", "REN\xA4", "REN€", NULL, 0, 0}, "8859/15"},
    {{"ASCII", "REN\xA4", "REN€", NULL, 0, 0}, "8859/15"},
    {{"KLINGON", "REN\xA4", "REN€", NULL, HL7_CHARSET_UNKNOWN, 0}, "8859/15"},
    {{"8859/1", "REN\xA4", "REN¤", NULL, 0, 0}, "8859/15"},
    {{"UTF-8", "RENÉ", "RENÉ", NULL, 0, 0}, "windows-1252"},
    /* whatever MSH-18 says */
    {{"UNICODE UTF-8", "REN\xC9 \x80", "RENÉ €", NULL, 0, 0}, "windows-1252!"},
    {{"8859/1~ISO IR87", "RENÉ", "RENÉ", NULL, 0, 0}, "utf8!"},
    {{"KLINGON", "RENÉ", "RENÉ", NULL, 0, 0}, "UNICODE UTF-8!"},
    {{"8859/1", "\xA5\x7C", "四", NULL, 0, 0}, "BIG-5!"},
    {{"8859/1", "RENÉ", "RENÉ", "utf8", 0, 0}, "ascii!"},
};

START_TEST(what_a_source_is_set_to)
{
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
        check(&presets[i].row, slice_str(presets[i].preset));
    ck_assert(hl7_charset_known(SLICE("windows-1252!")));
    ck_assert(hl7_charset_known(SLICE("8859/1")));
    ck_assert(!hl7_charset_known(SLICE("klingon!")));
}
END_TEST

/* row 78: the name in Content-Type beside MSH-18, the source's preset and the bytes */
START_TEST(names_of_one_set_agree)
{
    static const struct {
        const char *name, *msh18, *preset, *text;
        bool agrees;
    } rows[] = {
        {"utf-8", "", "", "abc", true},
        {"us-ascii", "", "", "abc", true},
        {"ISO-8859-1", "UNICODE UTF-8", "", "abc", true},
        {"utf-8", "", "", "\xC3\xA9", true},
        {"utf-8", "", "", "\xE9", false},
        {"windows-1252", "", "", "\xE9", true},
        {"ISO-8859-1", "8859/1", "", "\xE9", true},
        {"ISO-8859-15", "8859/1", "", "\xE9", false},
        {"ISO-8859-1", "", "", "\xC3\xA9", false},
        {"utf-8", "8859/1", "", "\xC3\xA9", false},
        {"utf-8", "8859/1", "utf-8!", "\xC3\xA9", true},
        {"iso-8859-15", "", "8859/15", "\xE9", true},
        {"iso-8859-15", "ASCII", "8859/15", "\xE9", true},
        {"us-ascii", "", "", "\xE9", false},
        {"utf-8", "GB 18030-2000", "", "abc", false},
        {"gb18030", "GB 18030-2000", "", "abc", true},
        {"utf-16", "", "", "abc", false},
        {"nonsense", "nonsense", "", "abc", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        ck_assert_msg(hl7_charset_agrees(slice_str(rows[i].name), slice_str(rows[i].msh18),
                                         slice_str(rows[i].preset),
                                         slice_str(rows[i].text)) == rows[i].agrees,
                      "row %zu: %s", i, rows[i].name);
    ck_assert(hl7_charset_agrees(SLICE("utf-8"), SLICE_ABSENT, SLICE_ABSENT, SLICE("")));
}
END_TEST

START_TEST(plain_messages_are_not_copied)
{
    static const char text[] = "MSH|^~\\&|A\rPID|||1||RENÉE";
    struct arena arena;
    struct hl7_msg m;
    struct hl7_charset cs;
    struct err err;
    unsigned flags = 0;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(
        hl7_charset_parse(slice_str(text), SLICE_ABSENT, &limits, &arena, &m, &cs, &err), 0);
    ck_assert_ptr_eq(m.raw.p, text);
    size_t used = arena.used;
    struct slice sent = hl7_msg_field(&m, hl7_msg_segment(&m, SLICE("PID"), 0), 5);
    ck_assert_ptr_eq(hl7_charset_text(&cs, &m, sent, &arena, &flags).p, sent.p);
    ck_absent(hl7_charset_text(&cs, &m, SLICE_ABSENT, &arena, &flags));
    ck_assert_uint_eq(arena.used, used);
    arena_fini(&arena);
}
END_TEST

START_TEST(no_room)
{
    static const char big5[] = "MSH|^~\\&|A|B|C|D|1||ADT|1|P|2.4||||||BIG-5\rPID|\xA4\x7C";
    struct arena arena;
    struct hl7_msg m;
    struct hl7_charset cs = {.high = NULL};
    struct err err;
    unsigned flags = 0;
    arena_init(&arena, 600);
    ck_assert_int_eq(
        hl7_charset_parse(slice_str(big5), SLICE_ABSENT, &limits, &arena, &m, &cs, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    arena_fini(&arena);
    arena_init(&arena, 1);
    ck_absent(hl7_charset_decode(&cs, SLICE("x\x80"), &arena, &flags));
    ck_assert(arena.overflow);
    arena_fini(&arena);
}
END_TEST

/* row 48 */
START_TEST(utf8_is_strict)
{
    static const struct {
        const char *bytes;
        bool valid;
    } rows[] = {
        {"", true},
        {"a long line of plain letters", true},
        {"\x7f", true},
        {"\xC2\x80", true},
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xEE\x80\x80", true},
        {"\xF0\x90\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\x80", false},
        {"\xC0\x80", false},
        {"\xC1\xBF", false},
        {"\xE0\x9F\xBF", false},
        {"\xED\xA0\x80", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xC3", false},
        {"\xE2\x82", false},
        {"\xE2\x82x", false},
        {"\xF0\x9F\x98", false},
        {"\xFF", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t shift = 0; shift < 9; shift++) {
            char text[64];
            int n = snprintf(text, sizeof(text), "%.*s%s", (int)shift, "abcdefghi", rows[i].bytes);
            char *exact = sample_exact(slice_make(text, (size_t)n));
            ck_assert_msg(hl7_utf8_valid(slice_make(exact, (size_t)n)) == rows[i].valid, "row %zu",
                          i);
            free(exact);
        }
    }
}
END_TEST

TCase *charset_tests(void)
{
    TCase *t = tcase_create("charset");
    tcase_add_test(t, nul_is_no_text);
    tcase_add_test(t, sets_are_chosen);
    tcase_add_test(t, what_a_source_is_set_to);
    tcase_add_test(t, names_of_one_set_agree);
    tcase_add_test(t, plain_messages_are_not_copied);
    tcase_add_test(t, no_room);
    tcase_add_test(t, utf8_is_strict);
    return t;
}
