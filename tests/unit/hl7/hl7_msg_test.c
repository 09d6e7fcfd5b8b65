#include <stdio.h>
#include <stdlib.h>
#include "hl7_sample.h"
#include "kit.h"

static struct slice field(const struct sample *s, const char *segment, unsigned n)
{
    const struct hl7_segment *found = hl7_msg_segment(&s->msg, slice_str(segment), 0);
    return hl7_msg_field(&s->msg, found, n);
}

START_TEST(a_message_is_indexed)
{
    struct sample s;
    sample_open(&s, slice_str(sample_adt));
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.msg.nsegments, 7);
    ck_assert_uint_eq(s.msg.flags, 0);
    ck_slice(field(&s, "MSH", 1), "|");
    ck_slice(field(&s, "MSH", 2), "^~\\&");
    ck_slice(field(&s, "MSH", 3), "PAS");
    ck_slice(field(&s, "EVN", 1), "A01");
    ck_slice(field(&s, "PID", 2), "");
    ck_slice(field(&s, "PID", 23), "A");
    ck_absent(field(&s, "PID", 24));
    ck_absent(field(&s, "PID", 0));
    ck_absent(field(&s, "OBX", 1));
    ck_slice(hl7_msg_segment(&s.msg, SLICE("PV2"), 0)->bytes, "PV2|||^Chest pain|||||20260307");
    sample_close(&s);
}
END_TEST

START_TEST(the_header_is_read)
{
    struct sample s;
    struct hl7_header h;
    sample_open(&s, slice_str(sample_adt));
    hl7_msg_header(&s.msg, &h);
    ck_slice(h.sending_app, "PAS");
    ck_slice(h.sending_facility, "RXX");
    ck_slice(h.receiving_app, "WEIR");
    ck_slice(h.receiving_facility, "REGION");
    ck_slice(h.sent_at, "20260303081200");
    ck_slice(h.type, "ADT");
    ck_slice(h.trigger, "A01");
    ck_slice(h.structure, "ADT_A01");
    ck_slice(h.control_id, "MSG00001");
    ck_slice(h.processing_id, "P");
    ck_slice(h.version, "2.4");
    ck_slice(h.sequence, "");
    ck_slice(h.accept_ack, "AL");
    ck_slice(h.app_ack, "NE");
    ck_absent(h.charset);
    sample_close(&s);
}
END_TEST

START_TEST(a_header_of_msh_alone)
{
    struct sample s;
    struct hl7_header h;
    sample_open(&s, SLICE("MSH|^~\\&"));
    ck_assert_int_eq(s.rc, 0);
    hl7_msg_header(&s.msg, &h);
    ck_slice(field(&s, "MSH", 2), "^~\\&");
    ck_absent(h.type);
    ck_absent(h.control_id);
    sample_close(&s);
}
END_TEST

START_TEST(parts_of_a_field)
{
    struct sample s;
    sample_open(&s, slice_str(sample_adt));
    struct slice ids = field(&s, "PID", 3);
    ck_assert_uint_eq(hl7_msg_repetitions(&s.msg, ids), 2);
    struct slice second = hl7_msg_repetition(&s.msg, ids, 2);
    ck_slice(second, "H123456^^^RXX^PI");
    ck_slice(hl7_msg_part(&s.msg, second, 1, 0), "H123456");
    ck_slice(hl7_msg_part(&s.msg, second, 2, 0), "");
    ck_slice(hl7_msg_part(&s.msg, second, 4, 1), "RXX");
    ck_absent(hl7_msg_part(&s.msg, second, 4, 2));
    ck_slice(hl7_msg_part(&s.msg, second, 5, 0), "PI");
    ck_absent(hl7_msg_part(&s.msg, second, 6, 0));
    ck_slice(hl7_msg_part(&s.msg, second, 0, 0), "H123456^^^RXX^PI");
    ck_absent(hl7_msg_repetition(&s.msg, ids, 3));
    ck_absent(hl7_msg_repetition(&s.msg, ids, 0));
    ck_absent(hl7_msg_repetition(&s.msg, SLICE_ABSENT, 1));
    ck_assert_uint_eq(hl7_msg_repetitions(&s.msg, SLICE_ABSENT), 0);
    ck_assert_uint_eq(hl7_msg_repetitions(&s.msg, SLICE("")), 1);
    sample_close(&s);
}
END_TEST

/* row 16 */
START_TEST(declared_delimiters_rule)
{
    struct sample s;
    sample_open(&s, SLICE("MSH#*!%@#PAS\rPID###1*a@b!2^|&##x|y"));
    ck_assert_int_eq(s.rc, 0);
    struct slice ids = field(&s, "PID", 3);
    struct slice first = hl7_msg_repetition(&s.msg, ids, 1);
    ck_slice(hl7_msg_part(&s.msg, first, 2, 2), "b");
    ck_slice(hl7_msg_repetition(&s.msg, ids, 2), "2^|&");
    ck_slice(field(&s, "PID", 5), "x|y");
    ck_assert_int_eq(s.msg.delims.escape, '%');
    sample_close(&s);
}
END_TEST

/* rows 17 and 18 */
START_TEST(msh_2_of_any_length)
{
    static const struct {
        const char *text;
        int rc;
        unsigned flags;
        char escape, subcomponent, trunc;
    } rows[] = {
        {"MSH|^~\\&#|A", 0, 0, '\\', '&', '#'},
        {"MSH|^~\\|A", 0, HL7_SHORT_DELIMS, '\\', '&', 0},
        {"MSH|^~|A", 0, HL7_SHORT_DELIMS, '\\', '&', 0},
        {"MSH|&~|A", 0, HL7_SHORT_DELIMS, '\\', 0, 0}, /* the default stands for something else */
        {"MSH&^~|&A", 0, HL7_SHORT_DELIMS, '|', 0, 0},
        {"MSH|^|A", -1, 0, 0, 0, 0},
        {"MSH||A", -1, 0, 0, 0, 0},
        {"MSH|^~\\&#$|A", -1, 0, 0, 0, 0},
        {"MSH|^^\\&|A", -1, 0, 0, 0, 0},
        {"MSH|^~\\~|A", -1, 0, 0, 0, 0},
        {"MSH|^~\\a|A", -1, 0, 0, 0, 0},
        {"MSH|^~\\ |A", -1, 0, 0, 0, 0},
        {"MSH|^~\\\x80|A", -1, 0, 0, 0, 0},
        {"MSH|\r^~\\&|A", -1, 0, 0, 0, 0},
        {"MSHA^~\\&AB", -1, 0, 0, 0, 0},
        {"MSH ^~\\& B", -1, 0, 0, 0, 0},
        {"MSH|", -1, 0, 0, 0, 0},
        {"MSH", -1, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample s;
        sample_open(&s, slice_str(rows[i].text));
        ck_assert_msg(s.rc == rows[i].rc, "%s: %s", rows[i].text, s.err.text);
        if (s.rc < 0)
            ck_assert_int_eq(s.err.code, ERR_INPUT);
        ck_assert_uint_eq(s.msg.flags, rows[i].flags);
        ck_assert_int_eq(s.msg.delims.escape, rows[i].escape);
        ck_assert_int_eq(s.msg.delims.subcomponent, rows[i].subcomponent);
        ck_assert_int_eq(s.msg.delims.trunc, rows[i].trunc);
        sample_close(&s);
    }
}
END_TEST

/* row 19 */
START_TEST(what_stands_before_msh)
{
    static const char *const borne[] = {"\xEF\xBB\xBFMSH|^~\\&|A", "\r\nMSH|^~\\&|A",
                                        " \t \n\nMSH|^~\\&|A", "\xEF\xBB\xBF \rMSH|^~\\&|A"};
    static const char *const refused[] = {"",           " ", "PID|1", "msh|^~\\&|A", "xMSH|^~\\&|A",
                                          "FHS|^~\\&|A"};
    struct sample s;
    for (size_t i = 0; i < sizeof(borne) / sizeof(borne[0]); i++) {
        sample_open(&s, slice_str(borne[i]));
        ck_assert_int_eq(s.rc, 0);
        ck_assert_uint_ne(s.msg.flags & HL7_LEADING_BYTES, 0);
        ck_slice(field(&s, "MSH", 3), "A");
        sample_close(&s);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        sample_open(&s, slice_str(refused[i]));
        ck_assert_int_eq(s.rc, -1);
        ck_assert_int_eq(s.err.code, ERR_INPUT);
        sample_close(&s);
    }
}
END_TEST

/* row 10, and blanks before the end of a segment */
START_TEST(any_segment_end)
{
    static const struct {
        const char *text;
        unsigned flags;
    } rows[] = {
        {"MSH|^~\\&|A\rPID|1|x\rPV1|2", 0},
        {"MSH|^~\\&|A\nPID|1|x\nPV1|2\n", HL7_LF_ENDS},
        {"MSH|^~\\&|A\r\nPID|1|x\r\nPV1|2\r\n", HL7_LF_ENDS},
        {"MSH|^~\\&|A\r\r\n\n  \rPID|1|x\r \t\rPV1|2\r  ", HL7_LF_ENDS},
        {"MSH|^~\\&|A  \rPID|1|x \t\rPV1|2 ", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample s;
        sample_open(&s, slice_str(rows[i].text));
        ck_assert_int_eq(s.rc, 0);
        ck_assert_uint_eq(s.msg.nsegments, 3);
        ck_assert_uint_eq(s.msg.flags, rows[i].flags);
        ck_slice(field(&s, "MSH", 3), "A");
        ck_slice(field(&s, "PID", 2), "x");
        ck_absent(field(&s, "PID", 3));
        ck_slice(field(&s, "PV1", 1), "2");
        sample_close(&s);
    }
}
END_TEST

START_TEST(blanks_inside_are_kept)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&| A | \rPID| |x | "));
    ck_slice(field(&s, "MSH", 3), " A ");
    ck_slice(field(&s, "MSH", 4), "");
    ck_slice(field(&s, "PID", 1), " ");
    ck_slice(field(&s, "PID", 2), "x ");
    ck_slice(field(&s, "PID", 3), "");
    sample_close(&s);
}
END_TEST

/* rows 28 and 37 */
START_TEST(odd_segments_are_kept)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&|A\rZU1|y\rpid|1\rPID\rXX|2\r|3\rLONGER|4"));
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.msg.nsegments, 7);
    ck_assert_uint_eq(s.msg.flags, HL7_ODD_SEGMENT);
    ck_slice(field(&s, "ZU1", 1), "y");
    ck_slice(field(&s, "pid", 1), "1");
    ck_assert_uint_eq(hl7_msg_segment(&s.msg, SLICE("PID"), 0)->nfields, 0);
    ck_slice(s.msg.segments[4].id, "XX");
    ck_slice(s.msg.segments[5].id, "");
    ck_slice(hl7_msg_field(&s.msg, &s.msg.segments[5], 1), "3");
    ck_slice(s.msg.segments[6].bytes, "LONGER|4");
    ck_assert_ptr_null(hl7_msg_segment(&s.msg, SLICE("XX"), 0));
    sample_close(&s);
}
END_TEST

/* row 33 */
START_TEST(segments_in_any_order)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&|A\rPV1|1\rPID|2\rPV1|3\rBHS|^~\\&|B"));
    ck_slice(field(&s, "PID", 1), "2");
    ck_slice(hl7_msg_field(&s.msg, hl7_msg_segment(&s.msg, SLICE("PV1"), 1), 1), "3");
    ck_assert_ptr_null(hl7_msg_segment(&s.msg, SLICE("PV1"), 2));
    ck_slice(field(&s, "BHS", 3), "B");
    sample_close(&s);
}
END_TEST

/* row 30 */
START_TEST(states_are_apart)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&|A\rPID||\"\"|x|\"|\"\"\""));
    ck_assert_int_eq(hl7_state_of(field(&s, "PID", 1)), HL7_EMPTY);
    ck_assert_int_eq(hl7_state_of(field(&s, "PID", 2)), HL7_NULL);
    ck_assert_int_eq(hl7_state_of(field(&s, "PID", 3)), HL7_VALUE);
    ck_assert_int_eq(hl7_state_of(field(&s, "PID", 4)), HL7_VALUE);
    ck_assert_int_eq(hl7_state_of(field(&s, "PID", 5)), HL7_VALUE);
    ck_assert_int_eq(hl7_state_of(field(&s, "PID", 6)), HL7_ABSENT);
    sample_close(&s);
}
END_TEST

/* row 38 */
START_TEST(nul_bytes_are_data)
{
    static const char text[] = "MSH|^~\\&|A\0B\rPID|\0|\0x\rP\0D|1";
    struct sample s;
    sample_open(&s, slice_make(text, sizeof(text) - 1));
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.msg.flags, HL7_ODD_SEGMENT);
    ck_assert(slice_eq(field(&s, "MSH", 3), slice_make("A\0B", 3)));
    ck_assert(slice_eq(field(&s, "PID", 2), slice_make("\0x", 2)));
    ck_assert_uint_eq(s.msg.nsegments, 3);
    sample_close(&s);
    /* An unused subcomponent separator (0) does not split at NUL bytes. */
    sample_open(&s, slice_make("MSH|&~|a\0b", 10));
    ck_assert(slice_eq(hl7_msg_part(&s.msg, field(&s, "MSH", 3), 1, 1), slice_make("a\0b", 3)));
    sample_close(&s);
}
END_TEST

/* row 38: what is many is bounded by the limits, and a long field is not cut (row 35) */
START_TEST(limits_are_reached)
{
    static const struct hl7_limits limits = {.segments = 3, .fields = 8};
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        {"MSH|^~\\&\rPID|1\rPV1|1", 0},
        {"MSH|^~\\&\rPID|1\rPV1|1\r\r\r \r", 0},
        {"MSH|^~\\&\rPID|1\rPV1|1\rPV2", -1},
        {"MSH|^~\\&\rPID|1|2|3|4|5|6", 0},
        {"MSH|^~\\&\rPID|1|2|3|4|5|6|7", -1},
        {"MSH|^~\\&\rPID|1|2|3|4|5|6|7|8|9|10|11\rPV1|1\rPV2|1", -1},
        {"MSH|^~\\&|||||||||\r", -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample s;
        sample_open_limited(&s, slice_str(rows[i].text), &limits);
        ck_assert_msg(s.rc == rows[i].rc, "row %zu", i);
        if (s.rc < 0)
            ck_assert_int_eq(s.err.code, ERR_LIMIT);
        sample_close(&s);
    }
}
END_TEST

START_TEST(a_million_segments)
{
    enum { N = 1000000 };
    char *text = malloc(9 + 4 * N);
    ck_assert_ptr_nonnull(text);
    memcpy(text, "MSH|^~\\&\r", 9);
    for (size_t i = 0; i < N; i++)
        memcpy(text + 9 + 4 * i, "OBX\r", 4);
    struct sample s;
    sample_open(&s, slice_make(text, 9 + 4 * N));
    ck_assert_int_eq(s.rc, -1);
    ck_assert_int_eq(s.err.code, ERR_LIMIT);
    sample_close(&s);
    /* A field of four million bytes is one slice. */
    memset(text + 9, 'x', 4 * N);
    memcpy(text + 9, "PID|", 4);
    sample_open(&s, slice_make(text, 9 + 4 * N));
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(field(&s, "PID", 1).n, 4 * N - 4);
    sample_close(&s);
    free(text);
}
END_TEST

START_TEST(an_arena_too_small)
{
    struct arena arena;
    struct hl7_msg msg = {.nsegments = 77};
    struct err err = {0};
    static const struct hl7_limits limits = {.segments = 100, .fields = 1000};
    arena_init(&arena, 128);
    ck_assert_int_eq(hl7_msg_parse(slice_str(sample_adt), &limits, &arena, &msg, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_uint_eq(msg.nsegments, 77);
    arena_fini(&arena);
}
END_TEST

/* row 70 */
START_TEST(add_segments_are_joined)
{
    static const struct {
        const char *text, *segment;
        unsigned field, nsegments;
        const char *want;
    } rows[] = {
        {"MSH|^~\\&|A\rOBX|1|TX|a||one \rADD|two||F\rNTE|1", "OBX", 5, 3, "one two"},
        {"MSH|^~\\&|A\rOBX|1|TX|a||one \rADD|two||F\rNTE|1", "OBX", 7, 3, "F"},
        {"MSH|^~\\&|A\rOBX|1|TX|a||one\r\nADD||\r\nADD|F\r\nNTE|1", "OBX", 6, 3, "F"},
        {"MSH|^~\\&|A\rOBX|1|T\rADD|X|a\rADD|\r", "OBX", 2, 2, "TX"},
        {"MSH|^~\\&|A\rADD||B\rPID|1", "MSH", 4, 2, "B"},
        {"MSH#^~\\&#A\rOBX#1\rADD#2", "OBX", 1, 2, "12"},
        {"MSH#^~\\&#A\rOBX#1\rADD|2", "OBX", 1, 3, "1"},
        /* goes on in another message: as it is */
        {"MSH|^~\\&|A\rOBX|1\rADD\rDSC|7", "OBX", 1, 4, "1"},
        {"MSH|^~\\&|A\rOBX|1\rADDX|2", "OBX", 1, 3, "1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample s;
        sample_open(&s, slice_str(rows[i].text));
        ck_assert_int_eq(s.rc, 0);
        ck_assert_msg(s.msg.nsegments == rows[i].nsegments, "row %zu: %u segments", i,
                      s.msg.nsegments);
        ck_slice(field(&s, rows[i].segment, rows[i].field), rows[i].want);
        sample_close(&s);
    }
}
END_TEST

/* What it joins to MSH-2 counts there, too: the answer says it again byte for byte. */
START_TEST(add_segments_cannot_make_other_delimiters)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\rADD|MSH|^~|A\rPID|1"));
    ck_assert_int_eq(s.rc, -1);
    ck_assert_int_eq(s.err.code, ERR_INPUT);
    sample_close(&s);
    sample_open(&s, SLICE("MSH|^~\rADD|\\&|A\rPID|1"));
    ck_assert_int_eq(s.rc, 0);
    ck_assert_int_eq(s.msg.delims.subcomponent, '&');
    sample_close(&s);
}
END_TEST

START_TEST(add_segments_without_room)
{
    static const struct hl7_limits limits = {.segments = 100, .fields = 1000};
    static const char text[] = "MSH|^~\\&|A\rOBX|1\rADD|2";
    for (size_t max = 16; max < 1024; max += 16) {
        struct arena arena;
        struct hl7_msg msg = {.nsegments = 77};
        struct err err = {0};
        arena_init(&arena, max);
        int rc = hl7_msg_parse(slice_str(text), &limits, &arena, &msg, &err);
        ck_assert(rc == 0 ? msg.nsegments == 2 : err.code == ERR_LIMIT && msg.nsegments == 77);
        arena_fini(&arena);
    }
}
END_TEST

/* Every prefix, ending where an unreadable page begins. */
START_TEST(nothing_is_read_past_the_end)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    static const struct hl7_limits limits = {.segments = 100, .fields = 1000};
    for (size_t len = 0; len <= strlen(sample_adt); len++) {
        struct kit_guard guard;
        struct hl7_msg msg;
        struct err err;
        kit_guard_open(&guard, slice_make(sample_adt, len));
        int rc = hl7_msg_parse(guard.bytes, &limits, &arena, &msg, &err);
        ck_assert_int_eq(rc, len < 6 ? -1 : 0);
        arena_reset(&arena);
        kit_guard_close(&guard);
    }
    arena_fini(&arena);
}
END_TEST

/* The whole index against a reader that goes byte by byte, at every alignment. */
START_TEST(the_fast_scan_agrees_with_a_slow_one)
{
    for (size_t shift = 0; shift < 16; shift++) {
        char text[128];
        int len =
            snprintf(text, sizeof(text), "MSH|^~\\&|%.*s|b\rPID|%.*s|\x7b\x7d|\x8d|\x0c\rPV1|1",
                     (int)shift, "aaaaaaaaaaaaaaaa", (int)shift, "}}}}}}}}}}}}}}}}");
        struct sample s;
        sample_open(&s, slice_make(text, (size_t)len));
        ck_assert_int_eq(s.rc, 0);
        ck_assert_uint_eq(s.msg.nsegments, 3);
        struct slice rest = slice_make(s.bytes, (size_t)len);
        for (uint32_t i = 0; i < 3; i++) {
            struct slice want = slice_split(&rest, '\r');
            ck_assert(slice_eq(s.msg.segments[i].bytes, want));
            slice_split(&want, '|');
            for (uint32_t f = i == 0; f < s.msg.segments[i].nfields; f++)
                ck_assert(slice_eq(hl7_msg_field(&s.msg, &s.msg.segments[i], f + 1),
                                   slice_split(&want, '|')));
            ck_absent(want);
        }
        sample_close(&s);
    }
}
END_TEST

TCase *msg_tests(void)
{
    TCase *t = tcase_create("msg");
    tcase_add_test(t, a_message_is_indexed);
    tcase_add_test(t, the_header_is_read);
    tcase_add_test(t, a_header_of_msh_alone);
    tcase_add_test(t, parts_of_a_field);
    tcase_add_test(t, declared_delimiters_rule);
    tcase_add_test(t, msh_2_of_any_length);
    tcase_add_test(t, what_stands_before_msh);
    tcase_add_test(t, any_segment_end);
    tcase_add_test(t, blanks_inside_are_kept);
    tcase_add_test(t, odd_segments_are_kept);
    tcase_add_test(t, segments_in_any_order);
    tcase_add_test(t, states_are_apart);
    tcase_add_test(t, nul_bytes_are_data);
    tcase_add_test(t, limits_are_reached);
    tcase_add_test(t, a_million_segments);
    tcase_add_test(t, an_arena_too_small);
    tcase_add_test(t, add_segments_are_joined);
    tcase_add_test(t, add_segments_cannot_make_other_delimiters);
    tcase_add_test(t, add_segments_without_room);
    tcase_add_test(t, nothing_is_read_past_the_end);
    tcase_add_test(t, the_fast_scan_agrees_with_a_slow_one);
    return t;
}
