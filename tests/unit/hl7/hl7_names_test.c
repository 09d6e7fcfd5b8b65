#include <stdlib.h>
#include "buf.h"
#include "clock.h"
#include "hl7_guess.h"
#include "hl7_mask.h"
#include "hl7_names.h"
#include "hl7_names_table.h"
#include "hl7_odd.h"
#include "hl7_sample.h"

START_TEST(names_of_segments_fields_and_parts)
{
    ck_slice(hl7_segment_name(SLICE("PID")), "Patient Identification");
    ck_absent(hl7_segment_name(SLICE("ZZZ")));
    ck_absent(hl7_segment_name(SLICE("")));
    struct hl7_name ids = hl7_field_name(SLICE("PID"), 3);
    ck_slice(ids.name, "Patient Identifier List");
    ck_slice(ids.type, "CX");
    ck_slice(hl7_part_name(ids.type, 5).name, "Identifier Type Code");
    ck_absent(hl7_part_name(ids.type, 5).type);
    ck_slice(hl7_part_name(hl7_part_name(ids.type, 4).type, 2).name, "Universal ID");
    ck_slice(hl7_field_name(SLICE("PV1"), 44).name, "Admit Date/Time");
    ck_slice(hl7_field_name(SLICE("MSH"), 12).name, "Version ID");
    ck_slice(hl7_field_name(SLICE("ZU1"), 24).name, "Ready for Discharge");
    ck_absent(hl7_field_name(SLICE("ZU1"), 23).name);
    ck_absent(hl7_field_name(SLICE("PID"), 0).name);
    ck_absent(hl7_field_name(SLICE("PID"), 40).name);
    ck_slice(hl7_field_name(SLICE("QPD"), 3).name, "User Parameters");
    ck_absent(hl7_field_name(SLICE("QPD"), 4).name);
    ck_absent(hl7_part_name(SLICE("CX"), 11).name);
    ck_absent(hl7_part_name(SLICE_ABSENT, 1).name);
}
END_TEST

/* HL7 v2.5.1: how many fields a segment has. */
START_TEST(segments_have_as_many_fields_as_the_standard_says)
{
    static const struct {
        const char *id;
        unsigned n;
    } rows[] = {{"MSH", 21}, {"EVN", 7},  {"PID", 39}, {"PD1", 21}, {"NK1", 39}, {"PV1", 52},
                {"PV2", 49}, {"MRG", 7},  {"ROL", 12}, {"AL1", 6},  {"IAM", 20}, {"DG1", 21},
                {"PR1", 20}, {"ORC", 31}, {"OBR", 50}, {"OBX", 25}, {"NTE", 4},  {"SCH", 27},
                {"RGS", 3},  {"AIS", 12}, {"AIG", 14}, {"AIL", 12}, {"AIP", 12}, {"TXA", 23},
                {"RF1", 11}, {"PRD", 9},  {"CTD", 7},  {"MFI", 6},  {"MFE", 5},  {"LOC", 9},
                {"LDP", 12}, {"STF", 38}, {"PRA", 12}, {"MSA", 6},  {"ERR", 12}, {"SFT", 6},
                {"FHS", 12}, {"BHS", 12}, {"BTS", 3},  {"FTS", 2},  {"SPM", 29}, {"TQ1", 14},
                {"IN1", 53}, {"IN2", 72}, {"GT1", 57}, {"FT1", 31}, {"QRD", 12}, {"QRF", 10},
                {"RXO", 28}, {"RXE", 44}, {"RXA", 26}, {"PRB", 25}, {"CON", 25}, {"PRT", 22},
                {"QPD", 0},  {"ZU1", 0},  {"XXX", 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(hl7_segment_fields(slice_str(rows[i].id)) == rows[i].n, "%s has %u",
                      rows[i].id, hl7_segment_fields(slice_str(rows[i].id)));
}
END_TEST

static void check_types(const char *of, const char *text)
{
    struct slice rest = slice_str(text);
    while (slice_present(rest)) {
        struct slice part = slice_split(&rest, '|');
        size_t colon = slice_find(part, ':');
        struct slice type = slice_sub(part, colon + 1, part.n);
        bool known = colon == part.n;
        for (size_t i = 0; i < sizeof(hl7_type_rows) / sizeof(hl7_type_rows[0]); i++)
            known = known || slice_eq_str(type, hl7_type_rows[i].id);
        ck_assert_msg(known, "%s: no such type in \"%.*s\"", of, SLICE_ARG(part));
    }
}

START_TEST(every_type_that_is_named_is_known)
{
    for (size_t i = 0; i < sizeof(hl7_segment_rows) / sizeof(hl7_segment_rows[0]); i++)
        check_types(hl7_segment_rows[i].id, hl7_segment_rows[i].fields);
    for (size_t i = 0; i < sizeof(hl7_type_rows) / sizeof(hl7_type_rows[0]); i++)
        check_types(hl7_type_rows[i].id, hl7_type_rows[i].parts);
}
END_TEST

START_TEST(places_read_as_paths)
{
    static const struct {
        struct hl7_place place;
        const char *want;
    } rows[] = {
        {{.segment = {"PID", 3}, .sequence = 1, .field = 3, .repetition = 1}, "PID-3"},
        {{.segment = {"OBX", 3}, .sequence = 3, .field = 5, .repetition = 2, .component = 1},
         "OBX[3]-5[2].1"},
        {{.segment = {"PID", 3}, .field = 5, .component = 1, .subcomponent = 2}, "PID-5.1.2"},
        {{.segment = {"Ada Sample", 10}}, "Ada"},
        {{.segment = {"\x1b[m", 3}, .field = 1}, "?[m-1"},
        {{.segment = {"", 0}}, ""}};
    char out[HL7_PLACE_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(hl7_place_text(&rows[i].place, out), rows[i].want);
}
END_TEST

START_TEST(a_mask_keeps_shape_and_length)
{
    static const struct {
        const char *raw, *want;
    } rows[] = {
        {"MSH|^~\\&|PAS|RZZ|A|B|2026||ADT^A01|C-7|P|2.4\rPID|1||99^^^N||X^\xC3\xA9",
         "MSH|^~\\&|PAS|RZZ|A|B|9999||ADT^A01|x-9|P|2.4\rPID|9||99^^^x||x^xx"},
        {"MSH#^~\\&#PAS#\r\nPID#Ada\n\n", "MSH#^~\\&#PAS#\r\nPID#xxx\n\n"},
        {"MSH|^~\\&|A|B|||2026||ADT^A01\x1e"
         "PID|1||MRN|N",
         "MSH|^~\\&|A|B|||9999||ADT^A01\x1exxx|9||xxx|x"},
        {"GET /Ada HTTP/1.1\r\n", "xxx /xxx xxxx/9.9\r\n"},
        {"Ada|X", "Ada|x"}, /* three bytes in front of a separator are an id */
        {"Adam|X", "xxxx|x"},
        {"\x16\x03\x01", "\x16\x03\x01"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *raw = sample_exact(slice_str(rows[i].raw));
        size_t n = strlen(rows[i].raw);
        char *out = malloc(n + 1);
        hl7_mask(slice_make(raw, n), out);
        out[n] = '\0';
        ck_assert_str_eq(out, rows[i].want);
        free(out);
        free(raw);
    }
    ck_assert(hl7_mask_shows(SLICE("MSH"), 12) && !hl7_mask_shows(SLICE("MSH"), 10));
    ck_assert(hl7_mask_shows(SLICE("BTS"), 1) && !hl7_mask_shows(SLICE("PID"), 1));
}
END_TEST

START_TEST(what_bytes_are_that_are_no_frame)
{
    static const struct {
        struct slice bytes;
        const char *want;
    } rows[] = {{{"\x16\x03\x01\x02", 4}, "TLS"},
                {{"GET / HTTP/1.1", 14}, "HTTP"},
                {{"MSH|^~", 6}, "without VT"},
                {{"\r\n MSH|", 7}, "without VT"},
                {{"\xEF\xBB\xBFMSH|", 7}, "without VT"},
                {{"M\0S\0H\0", 6}, "UTF-16"},
                {{"\x0bMSH|", 5}, "MLLP"},
                {{"{\"a\":1}", 7}, "JSON"},
                {{"<a/>", 4}, "XML"},
                {{"UNB+UNOA", 8}, "EDIFACT"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = hl7_guess(rows[i].bytes);
        ck_assert_msg(got && strstr(got, rows[i].want), "row %zu: %s", i, got ? got : "nothing");
    }
    ck_assert_ptr_null(hl7_guess(SLICE("PID|1")));
    ck_assert_ptr_null(hl7_guess(SLICE("")));
    ck_assert_ptr_null(hl7_guess(SLICE("MS")));
}
END_TEST

/* ---- what is odd ---- */

static void note(void *arg, const char *at, const char *text)
{
    struct buf *b = arg;
    buf_printf(b, "%s: %s\n", at, text);
}

/* What is found, a line each. */
static void odd(const char *text, struct buf *ret)
{
    static const struct hl7_limits limits = {1000, 10000};
    struct arena arena, scratch;
    struct hl7_msg m;
    struct hl7_charset cs;
    struct err err = {0};
    char *raw = sample_exact(slice_str(text));
    struct slice sent = slice_make(raw, strlen(text));
    arena_init(&arena, 1 << 20);
    arena_init(&scratch, 1 << 20);
    buf_reset(ret);
    ck_assert_msg(hl7_charset_parse(sent, SLICE_ABSENT, &limits, &arena, &m, &cs, &err) == 0, "%s",
                  err.text);
    unsigned n = hl7_odd_find(sent, &m, &cs, &scratch, note, ret), lines = 0;
    for (size_t i = 0; i < ret->n; i++)
        lines += ret->p[i] == '\n';
    ck_assert_uint_eq(n, lines);
    arena_fini(&scratch);
    arena_fini(&arena);
    free(raw);
}

#define HEAD "MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.4\r"

START_TEST(nothing_is_odd_about_a_plain_message)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    odd(sample_adt, &out);
    ck_assert_str_eq(buf_cstr(&out), "");
    odd("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.8.2\rEVN|A01|||||||x\r", &out);
    ck_assert_str_eq(buf_cstr(&out), "");
    odd(HEAD "QPD|Q22^Find|1|a|b|c\r", &out);
    ck_assert_str_eq(buf_cstr(&out), "");
    odd(HEAD "ZZ9|anything|\\Zlocal\\", &out);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "ZZ9-2: holds an escape"));
    buf_fini(&out);
}
END_TEST

START_TEST(odd_things_are_told_with_their_place)
{
    static const struct {
        const char *raw, *want;
    } rows[] = {
        {"\xEF\xBB\xBF" HEAD, "byte 0: 3 bytes before MSH: a byte order mark\n"},
        {HEAD "EVN|A01\nPID|1\r\n",
         "segment 2: ends in LF, not in CR: of 3 segments 1 end in LF, 1 in CRLF\n"},
        {"MSH|^~|A|B|C|D|20260302||ADT^A01|1|P|2.4\r", "MSH-2: fewer than four"},
        {"MSH|^~\\$|A|B|C|D|20260302||ADT^A01|1|P|2.4\r", "MSH-2: not the usual"},
        {"MSH#^~\\&#A#B#C#D#20260302##ADT^A01#1#P#2.4\r", "MSH-1: the field separator is '#'"},
        {"MSH|^~\\&|A|B|C|D||||||\r", "MSH-7: not sent"},
        {"MSH|^~\\&|A|B|C|D||||||\r", "MSH-9: not sent"},
        {"MSH|^~\\&|A|B|C|D||||||\r", "MSH-10: not sent"},
        {"MSH|^~\\&|A|B|C|D||||||\r", "MSH-11: not sent"},
        {"MSH|^~\\&|A|B|C|D||||||\r", "MSH-12: not sent"},
        {"MSH|^~\\&|A|B|C|D|20260302||ADT|1|X|2.45\r", "MSH-9.2: not sent"},
        {"MSH|^~\\&|A|B|C|D|20260302||ADT|1|X|2.45\r", "MSH-11: neither"},
        {"MSH|^~\\&|A|B|C|D|20260302||ADT|1|X|2.45\r", "MSH-12: no version"},
        {"MSH|^~\\&|A|B|C|D|20260332||ADT^A01|1|P|2.4\r", "MSH-7: is no time"},
        {HEAD "EVN|A02\r", "EVN-1: another trigger"},
        {HEAD "PID|1\rEVN|A01\r", "PID: stands before EVN"},
        {HEAD "PID|1||||X^Ren\xE9\r", "read as Windows-1252"},
        {HEAD "PID|1||||X^Ren\xC3\xA9\r", "read as UTF-8"},
        {"MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.4||||||KLINGON\r", "MSH-18: names a character"},
        {HEAD "PID|1||||X\\Q\\\r", "PID-5: holds an escape"},
        {HEAD "PID|1||||X\x01\r", "PID-5: holds a control byte"},
        {HEAD "PID|1||||||19510231\r", "PID-7: is no time"},
        {HEAD "OBX|1\rOBX|2|||||||||||||x\r", "OBX[2]-14: is no time"},
        {HEAD "EVN|A01|||||||x\r", "EVN-8: and what follows"},
        {HEAD "Mr Sample|x\r", "segment 2: its id is not three"},
        {HEAD "Mr Sample|\x01\r", "?-1: holds a control byte"},
        {HEAD "XYZ|x\r", "segment 2: XYZ is no segment"},
        {HEAD "PID|1\rADD|||2\r", "message: ADD segments"},
    };
    struct buf out;
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        odd(rows[i].raw, &out);
        ck_assert_msg(strstr(buf_cstr(&out), rows[i].want), "%s is not in\n%s", rows[i].want,
                      buf_cstr(&out));
        ck_assert_ptr_null(strstr(buf_cstr(&out), "Sample"));
    }
    buf_fini(&out);
}
END_TEST

/* As long as they are, and no longer: the clock is generous, a square would take minutes. */
START_TEST(many_repetitions_and_fields_are_looked_at_once)
{
    enum { TILDES = 300000 };
    struct buf text, out;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 16);
    int64_t began = clock_mono_ms();
    buf_puts(&text, HEAD "PID|1||||||");
    for (unsigned i = 0; i < TILDES; i++)
        buf_putc(&text, '~');
    buf_puts(&text, "19510231\r");
    odd(buf_cstr(&text), &out);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "PID-7[300001]: is no time"));
    ck_absent(hl7_field_name(SLICE("OBX"), UINT32_MAX).name);
    ck_absent(hl7_part_name(SLICE("CX"), UINT32_MAX).name);
    ck_assert_int_lt(clock_mono_ms() - began, 5000);
    buf_fini(&out);
    buf_fini(&text);
}
END_TEST

TCase *names_tests(void)
{
    TCase *t = tcase_create("names");
    tcase_add_test(t, names_of_segments_fields_and_parts);
    tcase_add_test(t, segments_have_as_many_fields_as_the_standard_says);
    tcase_add_test(t, every_type_that_is_named_is_known);
    tcase_add_test(t, places_read_as_paths);
    tcase_add_test(t, a_mask_keeps_shape_and_length);
    tcase_add_test(t, what_bytes_are_that_are_no_frame);
    tcase_add_test(t, nothing_is_odd_about_a_plain_message);
    tcase_add_test(t, odd_things_are_told_with_their_place);
    tcase_add_test(t, many_repetitions_and_fields_are_looked_at_once);
    return t;
}
