/* What a server of FHIR says of itself and of requests. */
#include "fhir_capability.h"
#include "fhir_outcome.h"
#include "fhir_suites.h"
#include "kit.h"

static struct buf out;
static struct json_writer *w;

static void setup(void)
{
    struct err err;
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(json_writer_open(&out, &w, &err), 0);
}

static void teardown(void)
{
    json_writer_close(w);
    buf_fini(&out);
}

/* FHIR row 15. */
START_TEST(test_an_outcome_says_what_is_wrong_and_where)
{
    const struct fhir_issue issues[] = {
        {.severity = "error",
         .code = "value",
         .text = SLICE("no date \"here\""),
         .expression = SLICE("Encounter.period.start")},
        {.severity = "error", .code = "conflict", .system = "urn:x", .detail = "REC_CONFLICT"},
    };
    fhir_outcome_write(w, issues, 2);
    kit_assert_slice(
        buf_slice(&out),
        SLICE(
            "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":"
            "\"value\",\"diagnostics\":\"no date \\\"here\\\"\",\"expression\":[\"Encounter.period."
            "start\"]},{\"severity\":\"error\",\"code\":\"conflict\",\"details\":{\"coding\":[{"
            "\"system\":\"urn:x\",\"code\":\"REC_CONFLICT\"}]}}]}"));
}
END_TEST

/* FHIR row 8. */
START_TEST(test_a_capability_claims_what_is_taken)
{
    const struct slice types[] = {SLICE("Encounter"), SLICE("Flag")};
    struct fhir_capability c = {.software_version = SLICE("1"),
                                .date = SLICE("2026-01-01T00:00:00Z"),
                                .types = types,
                                .ntypes = 2,
                                .bearer = true};
    struct arena arena;
    struct json *tree;
    struct err err;
    fhir_capability_write(w, &c);
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(json_read(buf_slice(&out), &json_default_limits, &arena, &tree, &err), 0);
    kit_assert_slice(json_text(tree, "fhirVersion"), SLICE("4.0.1"));
    const struct json *rest = json_get(tree, "rest")->child;
    ck_assert_ptr_nonnull(json_get(rest, "security"));
    const struct json *resource = json_get(rest, "resource");
    ck_assert_uint_eq(resource->count, 2);
    kit_assert_slice(json_text(resource->child, "type"), types[0]);
    kit_assert_slice(json_text(resource->child->next, "type"), types[1]);
    ck_assert_uint_eq(json_get(resource->child, "interaction")->count, 3);
    arena_fini(&arena);
}
END_TEST

START_TEST(test_without_a_caller_to_know_there_is_no_security)
{
    struct fhir_capability c = {.software_version = SLICE("1"), .date = SLICE("2026")};
    fhir_capability_write(w, &c);
    ck_assert_ptr_null(strstr(buf_cstr(&out), "security"));
}
END_TEST

Suite *fhir_told_suite(void)
{
    Suite *s = suite_create("fhir_told");
    TCase *tc = tcase_create("fhir_told");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_an_outcome_says_what_is_wrong_and_where);
    tcase_add_test(tc, test_a_capability_claims_what_is_taken);
    tcase_add_test(tc, test_without_a_caller_to_know_there_is_no_security);
    suite_add_tcase(s, tc);
    return s;
}
