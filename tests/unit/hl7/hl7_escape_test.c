#include <stdlib.h>
#include "hl7_escape.h"
#include "hl7_sample.h"

static const struct hl7_delims usual = {'|', '^', '~', '\\', '&', 0};

/* rows 20 and 22 to 25 */
START_TEST(sequences_are_decoded)
{
    static const struct {
        const char *raw, *want;
        unsigned flags;
    } rows[] = {
        {"plain", "plain", 0},
        {"", "", 0},
        {"\\F\\\\S\\\\T\\\\R\\\\E\\", "|^&~\\", 0},
        {"a\\T\\b", "a&b", 0},
        {"\\E\\F\\E\\", "\\F\\", 0}, /* what was decoded is not decoded again */
        {"\\X41\\", "A", 0},
        {"\\X4a4B\\x", "JKx", 0},
        {"\\XC3A9\\", "\xC3\xA9", HL7_ESCAPE_HIGH},
        {"\\X4\\", "\\X4\\", HL7_ESCAPE_KEPT},
        {"\\X\\", "\\X\\", HL7_ESCAPE_KEPT},
        {"\\X4G\\", "\\X4G\\", HL7_ESCAPE_KEPT},
        {"\\X00\\", "\\X00\\", HL7_ESCAPE_KEPT},
        {"\\X410D0A\\", "\\X410D0A\\", HL7_ESCAPE_KEPT},
        {"\\X7F\\", "\\X7F\\", HL7_ESCAPE_KEPT},
        {"one\\.br\\two", "one\ntwo", 0},
        {"one\\.sp 2\\two\\.ce\\", "one\ntwo\n", 0},
        {"\\H\\bold\\N\\ \\.in+4\\x\\.ti3\\\\.sk 1\\\\.fi\\\\.nf\\", "bold x", 0},
        {"\\.xx\\", "\\.xx\\", HL7_ESCAPE_KEPT},
        {"\\C2842\\", "\\C2842\\", HL7_ESCAPE_KEPT},
        {"\\M2442\\", "\\M2442\\", HL7_ESCAPE_KEPT},
        {"\\Zlocal\\", "\\Zlocal\\", HL7_ESCAPE_KEPT},
        {"a\\b", "a\\b", HL7_ESCAPE_KEPT},
        {"a\\", "a\\", HL7_ESCAPE_KEPT},
        {"\\", "\\", HL7_ESCAPE_KEPT},
        {"\\\\", "\\\\", HL7_ESCAPE_KEPT},
        {"\\\\F\\", "\\|", HL7_ESCAPE_KEPT},
        {"50\\50 \\T\\ x", "50\\50 & x", HL7_ESCAPE_KEPT},
        {"\\P\\", "\\P\\", HL7_ESCAPE_KEPT}, /* no truncation character before 2.7 */
        {"\\f\\", "\\f\\", HL7_ESCAPE_KEPT},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned flags = 0;
        char *exact = sample_exact(slice_str(rows[i].raw));
        struct slice raw = slice_make(exact, strlen(rows[i].raw));
        struct slice got = hl7_escape_decode(raw, &usual, &arena, &flags);
        ck_slice(got, rows[i].want);
        ck_assert_msg(flags == rows[i].flags, "%s: flags %u", rows[i].raw, flags);
        ck_assert(hl7_escape_eq(raw, &usual, slice_str(rows[i].want)));
        ck_assert(!hl7_escape_eq(raw, &usual, SLICE("something else")));
        free(exact);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(the_message_s_own_delimiters)
{
    static const struct hl7_delims odd = {'#', '*', '!', '%', '@', '$'};
    static const struct hl7_delims none = {'|', '^', '~', 0, 0, 0};
    static const struct hl7_delims no_sub = {'|', '&', '~', '\\', 0, 0};
    struct arena arena;
    unsigned flags = 0;
    arena_init(&arena, 1 << 16);
    ck_slice(hl7_escape_decode(SLICE("%F%%S%%T%%R%%E%%P%"), &odd, &arena, &flags), "#*@!%$");
    ck_slice(hl7_escape_decode(SLICE("\\F\\"), &odd, &arena, &flags), "\\F\\");
    ck_slice(hl7_escape_decode(SLICE("\\F\\"), &none, &arena, &flags), "\\F\\");
    ck_assert_uint_eq(flags, 0);
    ck_slice(hl7_escape_decode(SLICE("\\T\\"), &no_sub, &arena, &flags), "\\T\\");
    ck_assert_uint_eq(flags, HL7_ESCAPE_KEPT);
    arena_fini(&arena);
}
END_TEST

START_TEST(nothing_is_copied_without_need)
{
    struct arena arena;
    unsigned flags = 0;
    arena_init(&arena, 4);
    struct slice plain = SLICE("no escape here");
    ck_assert_ptr_eq(hl7_escape_decode(plain, &usual, &arena, &flags).p, plain.p);
    ck_absent(hl7_escape_decode(SLICE_ABSENT, &usual, &arena, &flags));
    ck_assert(!arena.overflow);
    ck_absent(hl7_escape_decode(SLICE("a\\T\\bcdefgh"), &usual, &arena, &flags));
    ck_assert(arena.overflow);
    arena_fini(&arena);
}
END_TEST

START_TEST(comparing_stops_at_the_text)
{
    ck_assert(hl7_escape_eq(SLICE_ABSENT, &usual, SLICE("")));
    ck_assert(!hl7_escape_eq(SLICE("a\\T\\b and more"), &usual, SLICE("a&")));
    ck_assert(!hl7_escape_eq(SLICE("a\\T\\"), &usual, SLICE("a&b")));
    ck_assert(!hl7_escape_eq(SLICE("\\X414243\\"), &usual, SLICE("A")));
    ck_assert(!hl7_escape_eq(SLICE("\\T\\"), &usual, SLICE("")));
}
END_TEST

TCase *escape_tests(void)
{
    TCase *t = tcase_create("escape");
    tcase_add_test(t, sequences_are_decoded);
    tcase_add_test(t, the_message_s_own_delimiters);
    tcase_add_test(t, nothing_is_copied_without_need);
    tcase_add_test(t, comparing_stops_at_the_text);
    return t;
}
