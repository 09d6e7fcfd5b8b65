/* What an MLLP receiver's answer means. */
#include "broker_suites.h"
#include "consumer_mllp.h"
#include "kit.h"

static const struct site_mllp_to preset = {.on_ack = {[SITE_ON_ACCEPT] = SITE_ACK_DONE,
                                                      [SITE_ON_ERROR] = SITE_ACK_PARK,
                                                      [SITE_ON_REJECT] = SITE_ACK_RETRY,
                                                      [SITE_ON_COMMIT] = SITE_ACK_DONE,
                                                      [SITE_ON_NONE] = SITE_ACK_RETRY,
                                                      [SITE_ON_WRONG_ID] = SITE_ACK_RETRY}};
static const struct site_mllp_to turned = {.on_ack = {[SITE_ON_ACCEPT] = SITE_ACK_RETRY,
                                                      [SITE_ON_ERROR] = SITE_ACK_DONE,
                                                      [SITE_ON_REJECT] = SITE_ACK_PARK,
                                                      [SITE_ON_COMMIT] = SITE_ACK_FAULT,
                                                      [SITE_ON_NONE] = SITE_ACK_PARK,
                                                      [SITE_ON_WRONG_ID] = SITE_ACK_FAULT}};

static const struct {
    struct mllp_result result;
    enum sched_verdict_kind preset, turned;
    const char *why; /* with the preset */
} rows[] = {
    {{.code = HL7_AA}, SCHED_OK, SCHED_RETRY, NULL},
    {{.code = HL7_CA}, SCHED_OK, SCHED_FAULT, NULL},
    {{.code = HL7_AE, .error = 204}, SCHED_PARK, SCHED_OK, "answered AE, error 204"},
    {{.code = HL7_CE}, SCHED_PARK, SCHED_OK, "answered CE"},
    {{.code = HL7_AE, .later = true}, SCHED_RETRY, SCHED_OK, "answered AE"},
    {{.code = HL7_AR}, SCHED_RETRY, SCHED_PARK, "answered AR"},
    {{.code = HL7_CR, .error = 200}, SCHED_RETRY, SCHED_PARK, "answered CR, error 200"},
    {{.outcome = MLLP_NO_ANSWER, .why = "none"}, SCHED_RETRY, SCHED_PARK, "none"},
    {{.outcome = MLLP_WRONG_ID, .why = "other"}, SCHED_RETRY, SCHED_FAULT, "other"},
    {{.outcome = MLLP_NO_CONNECTION, .why = "away"}, SCHED_RETRY, SCHED_RETRY, "away"},
    {{.outcome = MLLP_NO_TRUST, .why = "tls"}, SCHED_FAULT, SCHED_FAULT, "tls"},
};

START_TEST(what_an_answer_means)
{
    char text[CONSUMER_MLLP_TEXT];
    struct sched_verdict v;
    consumer_mllp_judge(&preset, &rows[_i].result, text, &v);
    ck_assert_int_eq(v.kind, rows[_i].preset);
    ck_assert_pstr_eq(v.reason, rows[_i].why);
    ck_assert_int_eq(v.retry_after, -1);
    consumer_mllp_judge(&turned, &rows[_i].result, text, &v);
    ck_assert_int_eq(v.kind, rows[_i].turned);
}
END_TEST

Suite *mllp_suite(void)
{
    Suite *s = suite_create("mllp");
    TCase *c = tcase_create("answers");
    tcase_add_loop_test(c, what_an_answer_means, 0, sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(s, c);
    return s;
}
