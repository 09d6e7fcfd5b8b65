#include <stdio.h>
#include "hl7_ack_due.h"
#include "hl7_sample.h"

/* The answers to a message with these MSH-15 and MSH-16, as "CA AA"; "-" for none. */
static void check(enum hl7_ack_mode mode, const char *type, const char *accept,
                  const char *application, enum hl7_ack_code outcome, bool later, const char *want)
{
    char text[160], got[16] = "-";
    struct sample s;
    struct hl7_header h;
    struct hl7_ack_terms terms;
    struct hl7_ack_due due;
    snprintf(text, sizeof(text), "MSH|^~\\&|A|B|C|D|20260303||%s|7|P|2.4|||%s|%s", type, accept,
             application);
    sample_open(&s, slice_str(text));
    ck_assert_int_eq(s.rc, 0);
    hl7_msg_header(&s.msg, &h);
    hl7_ack_terms_of(mode, &s.msg, &h, &terms);
    hl7_ack_due_of(&terms, outcome, later, &due);
    for (unsigned i = 0, n = 0; i < due.n; i++)
        n += (unsigned)snprintf(got + n, sizeof(got) - n, "%s%s", i ? " " : "",
                                hl7_ack_name(due.codes[i]));
    ck_assert_msg(strcmp(got, want) == 0, "mode %d, %s, MSH-15 '%s' MSH-16 '%s', %s%s: %s, want %s",
                  (int)mode, type, accept, application, hl7_ack_name(outcome),
                  later ? " later" : "", got, want);
    sample_close(&s);
}

/* row 51: all of table 0155, and the exchange is over with CE or CR */
START_TEST(truth_table)
{
    static const struct {
        const char *accept, *application, *good, *content, *header, *later;
    } rows[] = {
        {"AL", "AL", "CA AA", "CE", "CR", "CE"}, {"AL", "NE", "CA", "CE", "CR", "CE"},
        {"AL", "ER", "CA", "CE", "CR", "CE"},    {"AL", "SU", "CA AA", "CE", "CR", "CE"},
        {"NE", "AL", "AA", "AE", "AR", "AR"},    {"NE", "NE", "-", "-", "-", "-"},
        {"NE", "ER", "-", "AE", "AR", "AR"},     {"NE", "SU", "AA", "-", "-", "-"},
        {"ER", "AL", "AA", "CE", "CR", "CE"},    {"ER", "NE", "-", "CE", "CR", "CE"},
        {"ER", "ER", "-", "CE", "CR", "CE"},     {"ER", "SU", "AA", "CE", "CR", "CE"},
        {"SU", "AL", "CA AA", "AE", "AR", "AR"}, {"SU", "NE", "CA", "-", "-", "-"},
        {"SU", "ER", "CA", "AE", "AR", "AR"},    {"SU", "SU", "CA AA", "-", "-", "-"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int mode = HL7_ACK_BY_HEADER; mode <= HL7_ACK_ENHANCED; mode++) {
            const char *a = rows[i].accept, *b = rows[i].application;
            enum hl7_ack_mode m = (enum hl7_ack_mode)mode;
            check(m, "ADT^A01", a, b, HL7_AA, false, rows[i].good);
            check(m, "ADT^A01", a, b, HL7_AE, false, rows[i].content);
            check(m, "ADT^A01", a, b, HL7_AR, false, rows[i].header);
            check(m, "ADT^A01", a, b, HL7_AR, true, rows[i].later);
            check(HL7_ACK_ORIGINAL, "ADT^A01", a, b, HL7_AA, false, "AA");
            check(HL7_ACK_ORIGINAL, "ADT^A01", a, b, HL7_AE, false, "AE");
            check(HL7_ACK_ORIGINAL, "ADT^A01", a, b, HL7_AR, true, "AR");
        }
}
END_TEST

struct due {
    enum hl7_ack_mode mode;
    const char *accept, *application;
    enum hl7_ack_code outcome;
    bool later;
    const char *want;
};

static void check_all(const struct due *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(rows[i].mode, "ADT^A01", rows[i].accept, rows[i].application, rows[i].outcome,
              rows[i].later, rows[i].want);
}

/* row 50: one of the two alone is enhanced mode, and the empty one means NE */
START_TEST(one_of_two)
{
    static const struct due rows[] = {
        {HL7_ACK_BY_HEADER, "AL", "", HL7_AA, false, "CA"},
        {HL7_ACK_BY_HEADER, "", "AL", HL7_AA, false, "AA"},
        {HL7_ACK_BY_HEADER, "", "AL", HL7_AE, false, "AE"},
        {HL7_ACK_BY_HEADER, "ER", "", HL7_AA, false, "-"},
        {HL7_ACK_BY_HEADER, "\"\"", "SU", HL7_AA, false, "AA"},
        {HL7_ACK_BY_HEADER, "\"\"", "\"\"", HL7_AR, false, "AR"},
        {HL7_ACK_BY_HEADER, " al ", "ne", HL7_AA, false, "CA"},
    };
    check_all(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(none_of_two)
{
    static const struct due rows[] = {
        {HL7_ACK_BY_HEADER, "", "", HL7_AA, false, "AA"},
        {HL7_ACK_BY_HEADER, "", "", HL7_AE, false, "AE"},
        {HL7_ACK_BY_HEADER, "", "", HL7_AR, true, "AR"},
        {HL7_ACK_ENHANCED, "", "", HL7_AA, false, "CA"},
        {HL7_ACK_ENHANCED, "", "", HL7_AE, false, "CE"},
        {HL7_ACK_ENHANCED, "", "", HL7_AR, false, "CR"},
        {HL7_ACK_ENHANCED, "", "", HL7_AR, true, "CE"},
        /* what table 0155 does not have: nobody is left waiting */
        {HL7_ACK_BY_HEADER, "YES", "NE", HL7_AA, false, "CA"},
        {HL7_ACK_BY_HEADER, "NE", "1", HL7_AE, false, "AE"},
    };
    check_all(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(acknowledgments_are_not_acknowledged)
{
    static const char *const types[] = {"ACK", "ACK^A01^ACK", "MCF^Q02"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        check(HL7_ACK_BY_HEADER, types[i], "", "", HL7_AA, false, "-");
        check(HL7_ACK_ENHANCED, types[i], "AL", "AL", HL7_AA, false, "-");
        check(HL7_ACK_ORIGINAL, types[i], "", "", HL7_AA, false, "AA");
    }
}
END_TEST

START_TEST(without_any_header)
{
    static const struct {
        enum hl7_ack_mode mode;
        enum hl7_ack_code code;
    } rows[] = {
        {HL7_ACK_ORIGINAL, HL7_AR}, {HL7_ACK_BY_HEADER, HL7_AR}, {HL7_ACK_ENHANCED, HL7_CR}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hl7_ack_terms terms;
        struct hl7_ack_due due;
        hl7_ack_terms_of(rows[i].mode, NULL, NULL, &terms);
        hl7_ack_due_of(&terms, HL7_AR, false, &due);
        ck_assert_uint_eq(due.n, 1);
        ck_assert_int_eq(due.codes[0], rows[i].code);
    }
    ck_assert(hl7_ack_is_application(HL7_AR));
    ck_assert(!hl7_ack_is_application(HL7_CA));
}
END_TEST

TCase *ack_due_tests(void)
{
    TCase *t = tcase_create("ack_due");
    tcase_add_test(t, truth_table);
    tcase_add_test(t, one_of_two);
    tcase_add_test(t, none_of_two);
    tcase_add_test(t, acknowledgments_are_not_acknowledged);
    tcase_add_test(t, without_any_header);
    return t;
}
