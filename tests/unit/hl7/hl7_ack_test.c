#include <stdio.h>
#include <stdlib.h>
#include "hl7_ack.h"
#include "hl7_sample.h"

static struct hl7_ack ack_of(enum hl7_ack_code code, const struct hl7_ack_error *errors, size_t n)
{
    return (struct hl7_ack){.code = code,
                            .sent_at = SLICE("20260303081201+0000"),
                            .control_id = SLICE("W1"),
                            .errors = errors,
                            .nerrors = n};
}

static void check_ack(const char *request, const struct hl7_ack *ack, const char *want)
{
    struct sample s;
    struct buf out;
    buf_init(&out, 4096);
    sample_open(&s, slice_str(request));
    ck_assert_int_eq(s.rc, 0);
    hl7_ack_write(&out, &s.msg, ack);
    ck_slice(buf_slice(&out), want);
    buf_fini(&out);
    sample_close(&s);
}

/* rows 53 and 54 */
START_TEST(accepted)
{
    struct hl7_ack ack = ack_of(HL7_AA, NULL, 0);
    check_ack(sample_adt, &ack,
              "MSH|^~\\&|WEIR|REGION|PAS|RXX|20260303081201+0000||ACK^A01^ACK|W1|P|2.4\r"
              "MSA|AA|MSG00001\r");
    /* 2.3 knows the plain ACK; charset and processing id are echoed, MSA-2 byte for byte */
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A04| x\\T\\1 |T|2.3||||||8859/1\r", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK|W1|T|2.3||||||8859/1\r"
              "MSA|AA| x\\T\\1 \r");
    /* the sender's own delimiters; a type without an event */
    check_ack("MSH#*!%@#A#B#C#D#20260303##ADT#7#P#2.5", &ack,
              "MSH#*!%@#C#D#A#B#20260303081201+0000##ACK#W1#P#2.5\rMSA#AA#7\r");
    /* nothing but a name */
    check_ack("MSH|^~\\&|A", &ack, "MSH|^~\\&|||A||20260303081201+0000||ACK|W1|P|2.3\rMSA|AA|\r");
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.5.1^GBR", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK^A01^ACK|W1|P|2.5.1^GBR\rMSA|AA|7\r");
    /* a lone FS was data of the request; here it would end the frame */
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7\x1c", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK|W1|P|2.3\rMSA|AA|7\r");
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|x", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK|W1|P|x\rMSA|AA|7\r");
}
END_TEST

/* row 55: each version gets its own form; row 56: no value of the message is in it */
START_TEST(refused)
{
    static const struct hl7_ack_error errors[] = {
        {.segment = {"PID", 3}, .field = 3, .code = HL7_REQUIRED_FIELD},
        {.segment = {"PV1", 3},
         .sequence = 2,
         .field = 44,
         .component = 1,
         .code = HL7_DATA_TYPE,
         .text = {"PV1-44: month is not 01 to 12 | see\r\n\\", 38}},
        {.code = HL7_INTERNAL, .fatal = true, .retriable = true},
    };
    struct hl7_ack ack = ack_of(HL7_AE, errors, 3);
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.4", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK^A01^ACK|W1|P|2.4\rMSA|AE|7\r"
              "ERR|PID^1^3^101&Required field missing&HL70357\r"
              "ERR|PV1^2^44^102&Data type error&HL70357\r"
              "ERR|^^^207&Application internal error&HL70357\r");
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.5", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK^A01^ACK|W1|P|2.5\rMSA|AE|7\r"
              "ERR|PID^1^3^101&Required field missing&HL70357|PID^1^3|"
              "101^Required field missing^HL70357|E|DO-NOT-RETRY|||\r"
              "ERR|PV1^2^44^102&Data type error&HL70357|PV1^2^44^1^1|"
              "102^Data type error^HL70357|E|DO-NOT-RETRY|||"
              "PV1-44: month is not 01 to 12 \\F\\ see\\E\\\r"
              "ERR|^^^207&Application internal error&HL70357||"
              "207^Application internal error^HL70357|F|RETRY|||\r");
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.7.1", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK^A01^ACK|W1|P|2.7.1\rMSA|AE|7\r"
              "ERR||PID^1^3|101^Required field missing^HL70357|E|DO-NOT-RETRY|||\r"
              "ERR||PV1^2^44^1^1|102^Data type error^HL70357|E|DO-NOT-RETRY|||"
              "PV1-44: month is not 01 to 12 \\F\\ see\\E\\\r"
              "ERR|||207^Application internal error^HL70357|F|RETRY|||\r");
}
END_TEST

/* row 52: the answer to an application answer is nothing; the character set stays in its place */
START_TEST(nobody_is_to_answer)
{
    struct hl7_ack ack = ack_of(HL7_AA, NULL, 0);
    ack.unanswered = true;
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.4|||AL|AL||8859/1", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK^A01^ACK|W1|P|2.4|||NE|NE||8859/1\r"
              "MSA|AA|7\r");
    check_ack("MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.4|||AL|AL", &ack,
              "MSH|^~\\&|C|D|A|B|20260303081201+0000||ACK^A01^ACK|W1|P|2.4|||NE|NE\r"
              "MSA|AA|7\r");
}
END_TEST

/* row 54: MSA-3 only where it is asked for, and never from 2.7 on */
START_TEST(text_for_old_peers)
{
    static const struct {
        const char *version, *msa;
    } rows[] = {{"2.2", "MSA|AE|7|PID-3 is \\F\\missing\r"},
                {"2.6", "MSA|AE|7|PID-3 is \\F\\missing\r"},
                {"2.7", "MSA|AE|7\r"},
                {"2.9", "MSA|AE|7\r"}};
    static const struct hl7_ack_error error = {.code = HL7_REQUIRED_FIELD,
                                               .text = {"PID-3 is |missing", 17}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[80];
        struct sample s;
        struct buf out;
        struct hl7_ack ack = ack_of(HL7_AE, &error, 1);
        ack.text = true;
        snprintf(request, sizeof(request), "MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|%s",
                 rows[i].version);
        buf_init(&out, 4096);
        sample_open(&s, slice_str(request));
        hl7_ack_write(&out, &s.msg, &ack);
        buf_putc(&out, 0);
        const char *msa = strstr(out.p, "\rMSA");
        ck_assert_ptr_nonnull(msa);
        ck_assert_msg(strncmp(msa + 1, rows[i].msa, strlen(rows[i].msa)) == 0, "%s: %s",
                      rows[i].version, msa);
        buf_fini(&out);
        sample_close(&s);
    }
}
END_TEST

/* row 19 */
START_TEST(without_a_header)
{
    static const struct hl7_ack_error error = {.code = HL7_SEGMENT_SEQUENCE, .fatal = true};
    struct hl7_ack ack = ack_of(HL7_AR, &error, 1);
    struct buf out;
    buf_init(&out, 4096);
    hl7_ack_write(&out, NULL, &ack);
    ck_slice(buf_slice(&out), "MSH|^~\\&|||||20260303081201+0000||ACK|W1|P|2.3\rMSA|AR|\r"
                              "ERR|^^^100&Segment sequence error&HL70357\r");
    buf_fini(&out);
    /* no room: the buf says so */
    buf_init(&out, 20);
    hl7_ack_write(&out, NULL, &ack);
    ck_assert(!buf_ok(&out));
    buf_fini(&out);
}
END_TEST

/* ERR-8, else MSA-3, else ERR-1. */
START_TEST(what_is_wrong_is_read)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"MSH|^~\\&|A\rMSA|AE|7|old\rERR|PID^1|||||||PID-3 is missing|diagnosis\r",
         "PID-3 is missing"},
        {"MSH|^~\\&|A\rMSA|AE|7|old\rERR|PID^1\r", "old"},
        {"MSH|^~\\&|A\rMSA|AE|7|\rERR|PID^1^3^101&missing\r", "PID^1^3^101&missing"},
        {"MSH|^~\\&|A\rMSA|AA|7|thanks\r", "thanks"},
        {"MSH|^~\\&|A\rMSA|AA|7\r", ""},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hl7_answer a;
        struct err err;
        ck_assert_int_eq(hl7_ack_read(slice_str(rows[i].text), &arena, &a, &err), 0);
        ck_assert_msg(slice_eq(a.text, slice_str(rows[i].says)), "%s", rows[i].text);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(answers_are_read)
{
    static const struct {
        const char *text, *id, *error, *retry; /* id NULL: refused */
        enum hl7_ack_code code;
    } rows[] = {
        {"MSH|^~\\&|A\rMSA|AA|7\r", "7", NULL, NULL, HL7_AA},
        {"MSH|^~\\&|A\nMSA|ca| 7 |fine\n", " 7 ", NULL, NULL, HL7_CA},
        {"MSH|^~\\&|A\rMSA|AE|7\rERR|PID^1^3^101&missing\r", "7", "101", NULL, HL7_AE},
        {"MSH|^~\\&|A\rMSA|AR|7\rERR||PID^1|207^x|E|RETRY\r", "7", "207", "RETRY", HL7_AR},
        {"MSH|^~\\&|A\rMSA|CE|\rERR\r", "", NULL, NULL, HL7_CE},
        {"MSH|^~\\&|A\rMSA|XX|7\r", NULL, NULL, NULL, HL7_AA},
        {"MSH|^~\\&|A\rMSA\r", NULL, NULL, NULL, HL7_AA},
        {"MSH|^~\\&|A\r", NULL, NULL, NULL, HL7_AA},
        {"HTTP/1.1 400 Bad Request", NULL, NULL, NULL, HL7_AA},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hl7_answer a;
        struct err err;
        char *exact = sample_exact(slice_str(rows[i].text));
        int rc = hl7_ack_read(slice_make(exact, strlen(rows[i].text)), &arena, &a, &err);
        ck_assert_msg(rc == (rows[i].id ? 0 : -1), "%s", rows[i].text);
        if (rc < 0) {
            ck_assert_int_eq(err.code, ERR_PEER);
        } else {
            ck_assert_int_eq(a.code, rows[i].code);
            ck_slice(a.control_id, rows[i].id);
            ck_assert(slice_eq(a.error, slice_str(rows[i].error)));
            ck_assert(slice_eq(a.retry, slice_str(rows[i].retry)));
        }
        free(exact);
    }
    arena_fini(&arena);
}
END_TEST

/* What is written is read back, by every code. */
START_TEST(codes_round_trip)
{
    struct arena arena;
    struct buf out;
    arena_init(&arena, 1 << 16);
    buf_init(&out, 4096);
    for (int code = HL7_AA; code <= HL7_CR; code++) {
        struct hl7_ack ack = ack_of((enum hl7_ack_code)code, NULL, 0);
        struct hl7_answer a;
        struct err err;
        buf_reset(&out);
        hl7_ack_write(&out, NULL, &ack);
        ck_assert_int_eq(hl7_ack_read(buf_slice(&out), &arena, &a, &err), 0);
        ck_assert_int_eq(a.code, code);
        ck_assert_uint_eq(strlen(hl7_ack_name(a.code)), 2);
    }
    arena_fini(&arena);
    buf_fini(&out);
}
END_TEST

TCase *ack_tests(void)
{
    TCase *t = tcase_create("ack");
    tcase_add_test(t, accepted);
    tcase_add_test(t, refused);
    tcase_add_test(t, nobody_is_to_answer);
    tcase_add_test(t, text_for_old_peers);
    tcase_add_test(t, without_a_header);
    tcase_add_test(t, answers_are_read);
    tcase_add_test(t, what_is_wrong_is_read);
    tcase_add_test(t, codes_round_trip);
    return t;
}
