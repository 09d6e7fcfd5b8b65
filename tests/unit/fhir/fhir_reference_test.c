#include "fhir_reference.h"

#include "fhir_suites.h"
#include "kit.h"

static struct arena arena;
static struct fhir_doc doc;

static const char bundle[] =
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
    "{\"fullUrl\":\"https://a.example/r4/Encounter/"
    "1\",\"resource\":{\"resourceType\":\"Encounter\","
    "\"id\":\"1\",\"contained\":[{\"resourceType\":\"Location\",\"id\":\"ward\"}]}},"
    "{\"fullUrl\":\"https://b.example/Patient/"
    "2\",\"resource\":{\"resourceType\":\"Patient\",\"id\":"
    "\"2\",\"gender\":\"other\"}},"
    "{\"fullUrl\":\"https://a.example/r4/Patient/2\",\"resource\":{\"resourceType\":\"Patient\","
    "\"id\":\"2\",\"gender\":\"male\"}},"
    "{\"fullUrl\":\"urn:uuid:abc\",\"resource\":{\"resourceType\":\"Practitioner\",\"id\":\"9\"}},"
    "{\"fullUrl\":\"urn:uuid:gone\",\"request\":{\"method\":\"DELETE\",\"url\":\"Flag/3\"}}]}";

static void setup(void)
{
    struct fhir_fault fault;
    arena_init(&arena, 1 << 20);
    int rc = fhir_read(SLICE(bundle), &json_default_limits, &arena, &doc, &fault);
    ck_assert_msg(rc == 0, "%s", fault.err.text);
}

static void teardown(void)
{
    arena_fini(&arena);
}

static const struct {
    unsigned from; /* entry */
    const char *reference, *type, *member, *value;
} rows[] = {
    {0, "#ward", "Location", "id", "ward"},
    {0, "#", "Encounter", "id", "1"},
    {0, "#bed", NULL, NULL, NULL},
    {1, "#ward", NULL, NULL, NULL},
    {0, "urn:uuid:abc", "Practitioner", "id", "9"},
    {0, "urn:uuid:none", NULL, NULL, NULL},
    {0, "urn:uuid:gone", NULL, NULL, NULL},
    {0, "Patient/2", "Patient", "gender", "male"},
    {1, "Patient/2", "Patient", "gender", "other"},
    {3, "Patient/2", "Patient", "gender", "other"},
    {0, "Patient/2/_history/7", "Patient", "gender", "male"},
    {0, "https://b.example/Patient/2", "Patient", "gender", "other"},
    {0, "https://b.example/Patient/2/_history/1", "Patient", "gender", "other"},
    {0, "https://c.example/Patient/2", NULL, NULL, NULL},
    {3, "Practitioner/9", "Practitioner", "id", "9"},
    {0, "Patient/3", NULL, NULL, NULL},
    {0, "Patient", NULL, NULL, NULL},
    {0, "/", NULL, NULL, NULL},
    {0, "", NULL, NULL, NULL},
};

START_TEST(test_references_are_followed)
{
    struct json text = {.kind = JSON_STRING, .text = slice_str(rows[_i].reference)};
    struct json member = text;
    member.name = SLICE("reference");
    struct json object = {.kind = JSON_OBJECT, .child = &member, .count = 1};
    const struct fhir_entry *from = &doc.entries[rows[_i].from];
    const struct json *found = fhir_resolve(&doc, from, &text);
    ck_assert_ptr_eq(found, fhir_resolve(&doc, from, &object));
    kit_assert_slice(json_text(found, "resourceType"), slice_str(rows[_i].type));
    if (found)
        kit_assert_slice(json_text(found, rows[_i].member), slice_str(rows[_i].value));
}
END_TEST

START_TEST(test_what_is_no_reference_leads_nowhere)
{
    struct json number = {.kind = JSON_NUMBER, .text = SLICE("1")};
    struct json empty = {.kind = JSON_OBJECT};
    ck_assert_ptr_null(fhir_resolve(&doc, &doc.entries[0], NULL));
    ck_assert_ptr_null(fhir_resolve(&doc, &doc.entries[0], &number));
    ck_assert_ptr_null(fhir_resolve(&doc, &doc.entries[0], &empty));
}
END_TEST

Suite *fhir_reference_suite(void)
{
    Suite *s = suite_create("fhir_reference");
    TCase *tc = tcase_create("fhir_reference");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_references_are_followed, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tc, test_what_is_no_reference_leads_nowhere);
    suite_add_tcase(s, tc);
    return s;
}
