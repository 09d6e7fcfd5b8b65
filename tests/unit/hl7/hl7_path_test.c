#include <stdio.h>
#include <stdlib.h>
#include "hl7_path.h"
#include "hl7_sample.h"

static const struct hl7_path *compile(struct sample *s, const char *text)
{
    const struct hl7_path *p = NULL;
    size_t at;
    int rc = hl7_path_compile(slice_str(text), &s->arena, &p, &at, &s->err);
    ck_assert_msg(rc == 0, "%s: %s", text, s->err.text);
    ck_slice(hl7_path_text(p), text);
    return p;
}

static struct slice get(struct sample *s, const char *text)
{
    return hl7_path_get(compile(s, text), &s->msg, (struct hl7_scope){0});
}

/* want NULL: absent */
struct wanted {
    const char *path, *want;
};

static void check_all(const char *text, const struct wanted *rows, size_t n)
{
    struct sample s;
    sample_open(&s, slice_str(text));
    ck_assert_int_eq(s.rc, 0);
    for (size_t i = 0; i < n; i++) {
        struct slice got = get(&s, rows[i].path);
        ck_assert_msg(rows[i].want ? slice_present(got) && slice_eq_str(got, rows[i].want)
                                   : !slice_present(got),
                      "%s gives <%.*s>", rows[i].path, SLICE_ARG(got));
    }
    sample_close(&s);
}

START_TEST(paths_find_values)
{
    static const struct wanted rows[] = {
        {"MSH-1", "|"},
        {"MSH-2", "^~\\&"},
        {"MSH-9.2", "A01"},
        {"PID-3", "9990000018^^^NHS^NH"},
        {"PID-3.1", "9990000018"},
        {"PID-3[2].1", "H123456"},
        {"PID-3[2].4.1", "RXX"},
        {"PID-3[3].1", NULL},
        {"PID-3[*].1", "9990000018"},
        {"PID-3[.5 = 'PI'].1", "H123456"},
        {"PID-3[.5='PI'].1", "H123456"},
        {"PID-3[ .5 != 'NH' ].1", "H123456"},
        {"PID-3[.4 = 'RXX' and .5 = 'PI'].1", "H123456"},
        {"PID-3[.4.1 = 'RXX' and .5 = 'NH'].1", NULL},
        {"PID-3[.9 = '']", "9990000018^^^NHS^NH"},
        {"PID-22", "\"\""},
        {"PID-2", ""},
        {"PID-40", NULL},
        {"PID-5.7", NULL},
        {"OBX[3]-5", NULL},
        {"PV1-3", "W12^B2^04^RXXA1^^BED"},
        {"PV1[1]-3.1", "W12"},
        {"PV1[2]-3.1", NULL},
        {"ZU1-23", "Y"},
        {"PV2-3.2", "Chest pain"},
    };
    check_all(sample_adt, rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(segments_by_number)
{
    static const struct wanted rows[] = {
        {"OBX-5", "a"},
        {"OBX[2]-5", "b"},
        {"OBX[2]-5[2]", "c"},
        {"OBX[3]-5.1", "d"},
        {"OBX[3]-5[.2 = 'it''s'].1", "d"},
        {"OBX[4]-5", NULL},
        {"OBX[2]-1", "2"},
    };
    check_all("MSH|^~\\&\rOBX|1||||a\rOBX|2||||b~c\rOBX|3||||d^it's", rows,
              sizeof(rows) / sizeof(rows[0]));
}
END_TEST

/* row 20: a test sees the decoded text */
START_TEST(tests_compare_decoded_values)
{
    static const struct wanted rows[] = {
        {"PID-3[.2 = 'A&E'].1", "2"}, {"PID-3[.2 = 'A\\T\\E'].1", "2"},
        {"PID-3[.2 = 'a|b'].1", "3"}, {"PID-3[.2 = 'a|bc'].1", NULL},
        {"PID-3[.2 = 'a'].1", NULL},  {"PID-3[.2 != 'x' and .2 != 'A&E'].1", "3"},
    };
    check_all("MSH|^~\\&\rPID|||1^x~2^A\\T\\E~3^a\\F\\b", rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

/* row 26 */
START_TEST(empty_repetitions_count)
{
    static const struct wanted rows[] = {
        {"PID-3", ""},    {"PID-3[2].1", ""}, {"PID-3[3].1", "x"},
        {"PID-3[4]", ""}, {"PID-3[5]", NULL},
    };
    check_all("MSH|^~\\&\rPID|||~~x^y~", rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

struct seen {
    char text[64];
    unsigned stop_after, n;
};

static bool collect(struct slice repetition, struct slice value, void *arg)
{
    struct seen *seen = arg;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof(seen->text) - at, "%.*s;",
             slice_present(value) ? (int)value.n : 1, slice_present(value) ? value.p : "-");
    ck_assert(slice_present(repetition));
    return ++seen->n != seen->stop_after;
}

START_TEST(each_visits_what_is_meant)
{
    static const struct {
        const char *path, *want;
        unsigned stop_after;
    } rows[] = {
        {"PID-3[*].1", "1;2;3;4;", 0}, {"PID-3[*].1", "1;2;", 2}, {"PID-3[.2 = 'a'].1", "1;3;", 0},
        {"PID-3.1", "1;", 0},          {"PID-3[2].1", "2;", 0},   {"PID-3[9].1", "", 0},
        {"PID-3[*].2", "a;b;a;-;", 0}, {"PID-9[*].1", "", 0},     {"PID-3[.2 = 'none'].1", "", 0},
        {"MSH-2", "^~\\&;", 0},        {"PID-4[*]", ";", 0},      {"OBX-1[*]", "", 0},
    };
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&\rPID|||1^a~2^b~3^a~4|"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen seen = {.stop_after = rows[i].stop_after};
        hl7_path_each(compile(&s, rows[i].path), &s.msg, (struct hl7_scope){0}, collect, &seen);
        ck_assert_str_eq(seen.text, rows[i].want);
    }
    sample_close(&s);
}
END_TEST

/* A17: each patient has a PID and a PV1 of his own; one never gets what is the other's. */
START_TEST(a_scope_keeps_patients_apart)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&|A\rEVN|A17\rPID|one\rPV1|I\rPV2|p\rPID|two\rPV1|E"));
    struct hl7_scope all = {0, 2, NULL, NULL}, first = {2, 5, &all, NULL},
                     second = {5, 7, &all, NULL};
    ck_slice(hl7_path_get(compile(&s, "PID-1"), &s.msg, first), "one");
    ck_slice(hl7_path_get(compile(&s, "PID-1"), &s.msg, second), "two");
    ck_slice(hl7_path_get(compile(&s, "PV1-1"), &s.msg, second), "E");
    ck_slice(hl7_path_get(compile(&s, "PV2-1"), &s.msg, first), "p");
    ck_absent(hl7_path_get(compile(&s, "PV2-1"), &s.msg, second));
    ck_slice(hl7_path_get(compile(&s, "EVN-1"), &s.msg, second), "A17");
    ck_slice(hl7_path_get(compile(&s, "MSH-3"), &s.msg, first), "A");
    ck_slice(hl7_path_get(compile(&s, "PID[1]-1"), &s.msg, second), "one");
    ck_absent(hl7_path_get(compile(&s, "PID-1"), &s.msg, (struct hl7_scope){9, 12, NULL, NULL}));
    ck_slice(hl7_path_get(compile(&s, "PV1-1"), &s.msg, (struct hl7_scope){5, 99, &all, NULL}),
             "E");
    sample_close(&s);
}
END_TEST

/* In the second round of a loop test every scope remembers, and each is asked twice. */
static struct hl7_found *found_of(struct sample *s, int round)
{
    return round ? hl7_found_make(&s->arena) : NULL;
}

/* An order of the second patient: its own segments, then the patient's, then what all share. */
START_TEST(a_group_has_what_it_belongs_to)
{
    struct sample s;
    sample_open(&s, SLICE("MSH|^~\\&|A\rPID|one\rOBR|a\rPID|two\rPV1|E\rORC|NW\rOBR|b\rOBX|x\r"
                          "OBR|c"));
    struct hl7_scope all = {0, 1, NULL, found_of(&s, _i)}, two = {3, 5, &all, found_of(&s, _i)};
    struct hl7_scope order = {5, 6, &two, found_of(&s, _i)};
    struct hl7_scope b = {6, 8, &order, found_of(&s, _i)}, c = {8, 9, &order, found_of(&s, _i)};
    for (unsigned again = 0; again < 2; again++) {
        ck_slice(hl7_path_get(compile(&s, "OBR-1"), &s.msg, c), "c");
        ck_absent(hl7_path_get(compile(&s, "OBX-1"), &s.msg, c));
        ck_slice(hl7_path_get(compile(&s, "OBX-1"), &s.msg, b), "x");
        ck_slice(hl7_path_get(compile(&s, "ORC-1"), &s.msg, c), "NW");
        ck_slice(hl7_path_get(compile(&s, "PID-1"), &s.msg, c), "two");
        ck_slice(hl7_path_get(compile(&s, "MSH-3"), &s.msg, c), "A");
        ck_assert_ptr_eq(hl7_scope_segment(&s.msg, b, hl7_key(SLICE("PID"))), &s.msg.segments[3]);
        ck_assert_ptr_null(hl7_scope_segment(&s.msg, b, hl7_key(SLICE("EVN"))));
        ck_slice(hl7_path_get(compile(&s, "OBR[2]-1"), &s.msg, c), "b");
        ck_absent(hl7_path_get(compile(&s, "OBR[4]-1"), &s.msg, c));
        ck_slice(hl7_path_get(compile(&s, "OBX[1]-1"), &s.msg, c), "x");
    }
    uint64_t before = hl7_scope_read(c);
    ck_assert(before ? _i : !_i);
    hl7_path_get(compile(&s, "OBR-1"), &s.msg, c); /* its own */
    ck_assert_uint_eq(hl7_scope_read(c), before);
    hl7_path_get(compile(&s, "PID-1"), &s.msg, c);
    hl7_path_get(compile(&s, "OBR[2]-1"), &s.msg, c);
    ck_assert_uint_eq(hl7_scope_read(c), before + (_i ? strlen("PID|two") + strlen("OBR|b") : 0));
    sample_close(&s);
}
END_TEST

START_TEST(a_segment_is_chosen_by_its_field)
{
    static const struct wanted rows[] = {
        {"PRD[-1.1 = 'RT']-7.1", "two"},
        {"PRD[-1.1='RP']-7.1", "one"},
        {"PRD[-1.1 = 'PP']-7.1", "two"}, /* another repetition of the field */
        {"PRD[-1.1 != 'RP']-7.1", "two"},
        {"PRD[-1.1 = 'XX']-7.1", NULL},
        {"PRD[-4.2 = 'b&c']-7.1", "two"},
        {"PRD[-9.1 = '']-7.1", "one"},
        {"PRD-7.1", "one"},
    };
    check_all("MSH|^~\\&|A\rPRD|RP^x||||||one^GP\rPRD|RT~PP|||a^b\\T\\c|||two^GP\rPRD|RT||||||3",
              rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(faults_are_pointed_at)
{
    static const struct {
        const char *path;
        size_t at;
    } rows[] = {
        {"", 0},
        {"pid-3", 0},
        {"PI", 2},
        {"1ID-3", 0},
        {"PID", 3},
        {"PID3", 3},
        {"PIDX-3", 3},
        {"PID[x]-3", 4},
        {"PID[-]-3", 5},
        {"PID[-1]-3", 6},
        {"PID[-1.1]-3", 8},
        {"PID[-1.1 = 'a'-3", 14},
        {"PID-", 4},
        {"PID-0", 4},
        {"PID-x", 4},
        {"PID-3.", 6},
        {"PID-3.0", 6},
        {"PID-3.1.", 8},
        {"PID-3.1.2.3", 9},
        {"PID-3x", 5},
        {"PID-3[", 6},
        {"PID-3[0]", 6},
        {"PID-3[2", 7},
        {"PID-3[*", 7},
        {"PID[x]-3", 4},
        {"PID[2-3", 5},
        {"PID-3[.5]", 8},
        {"PID-3[.5 = NHS]", 11},
        {"PID-3[.5 = 'NHS]", 11},
        {"PID-3[.5 = 'NHS' or .4 = 'x']", 17},
        {"PID-3[.5 = 'NHS' and 4 = 'x']", 21},
        {"PID-999999", 4},
        {"MSH-2.1", 7},
        {"PID-3 ", 5},
        {"PID-99999999999999999999", 4},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct hl7_path *p = NULL;
        struct err err = {0};
        size_t at = 999;
        char *exact = sample_exact(slice_str(rows[i].path));
        struct slice text = slice_make(exact, strlen(rows[i].path));
        ck_assert_int_eq(hl7_path_compile(text, &arena, &p, &at, &err), -1);
        ck_assert_int_eq(err.code, ERR_CONF);
        ck_assert_msg(at == rows[i].at, "%s: at %zu: %s", rows[i].path, at, err.text);
        ck_assert_ptr_null(p);
        free(exact);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(limits_of_a_path)
{
    char text[256] = "PID-3[.1='x'";
    const struct hl7_path *p;
    struct err err;
    size_t at;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (int i = 1; i < 8; i++)
        strcat(text, " and .1='x'");
    strcat(text, "]");
    ck_assert_int_eq(hl7_path_compile(slice_str(text), &arena, &p, &at, &err), 0);
    text[strlen(text) - 1] = 0;
    strcat(text, " and .1='x']");
    ck_assert_int_eq(hl7_path_compile(slice_str(text), &arena, &p, &at, &err), -1);
    arena_fini(&arena);
    arena_init(&arena, 16);
    ck_assert_int_eq(hl7_path_compile(SLICE("PID-3.1"), &arena, &p, &at, &err), -1);
    arena_fini(&arena);
}
END_TEST

TCase *path_tests(void)
{
    TCase *t = tcase_create("path");
    tcase_add_test(t, paths_find_values);
    tcase_add_test(t, segments_by_number);
    tcase_add_test(t, tests_compare_decoded_values);
    tcase_add_test(t, empty_repetitions_count);
    tcase_add_test(t, each_visits_what_is_meant);
    tcase_add_test(t, a_scope_keeps_patients_apart);
    tcase_add_loop_test(t, a_group_has_what_it_belongs_to, 0, 2);
    tcase_add_test(t, a_segment_is_chosen_by_its_field);
    tcase_add_test(t, faults_are_pointed_at);
    tcase_add_test(t, limits_of_a_path);
    return t;
}
