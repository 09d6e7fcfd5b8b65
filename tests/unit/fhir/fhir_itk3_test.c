#include "fhir_itk3.h"

#include "fhir_suites.h"
#include "kit.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_fini(&arena);
}

#define EXTENSION(more)                                                                            \
    "{\"extension\":[{\"url\":\"https://a.example/other\"},{\"url\":\""                            \
    "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ITK-MessageHandling-2\","              \
    "\"extension\":[" more "]}]}"
#define FLAG(name, value) "{\"url\":\"" name "\",\"" value "}"
#define RECIPIENT(code) "{\"url\":\"RecipientType\",\"valueCoding\":{\"code\":\"" code "\"}}"

/* FHIR row 44: what the sender of a message wants to hear, as he says it or does not. */
static const struct {
    const char *header;
    enum itk3_flag infrastructure, business;
    bool recipient_unreadable;
} rows[] = {
    {"{}", ITK3_NOT_SAID, ITK3_NOT_SAID, false},
    {"{\"extension\":[{\"url\":\"InfAckRequested\",\"valueBoolean\":true}]}", ITK3_NOT_SAID,
     ITK3_NOT_SAID, false},
    {"{\"extension\":[1,[2],\"three\"]}", ITK3_NOT_SAID, ITK3_NOT_SAID, false},
    {EXTENSION(FLAG("InfAckRequested", "valueBoolean\":true")), ITK3_YES, ITK3_NOT_SAID, false},
    {EXTENSION(FLAG("BusAckRequested", "valueBoolean\":true") "," FLAG("InfAckRequested",
                                                                       "valueBoolean\":false")),
     ITK3_NO, ITK3_YES, false},
    {EXTENSION(FLAG("InfAckRequested", "valueString\":\"true\"")), ITK3_UNREADABLE, ITK3_NOT_SAID,
     false},
    {EXTENSION(FLAG("InfAckRequested", "valueBoolean\":\"true\"")), ITK3_UNREADABLE, ITK3_NOT_SAID,
     false},
    {EXTENSION(RECIPIENT("FA")), ITK3_NOT_SAID, ITK3_NOT_SAID, false},
    {EXTENSION(RECIPIENT("FI")), ITK3_NOT_SAID, ITK3_NOT_SAID, false},
    {EXTENSION(RECIPIENT("XX")), ITK3_NOT_SAID, ITK3_NOT_SAID, true},
};

START_TEST(test_handling_is_read)
{
    struct itk3_handling h;
    struct json *header;
    struct err err;
    ck_assert_int_eq(
        json_read(slice_str(rows[_i].header), &json_default_limits, &arena, &header, &err), 0);
    itk3_handling_read(header, &h);
    ck_assert_int_eq(h.infrastructure, rows[_i].infrastructure);
    ck_assert_int_eq(h.business, rows[_i].business);
    ck_assert_int_eq(h.recipient_unreadable, rows[_i].recipient_unreadable);
    ck_assert_ptr_null(h.sender_text);
}
END_TEST

START_TEST(test_no_header_says_nothing)
{
    struct itk3_handling h;
    itk3_handling_read(NULL, &h);
    ck_assert_int_eq(h.infrastructure, ITK3_NOT_SAID);
    ck_assert_str_eq(itk3_code_name("20013"), "Success");
    ck_assert_ptr_null(itk3_code_name("30001"));
}
END_TEST

Suite *fhir_itk3_suite(void)
{
    Suite *s = suite_create("fhir_itk3");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_handling_is_read, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(t, test_no_header_says_nothing);
    suite_add_tcase(s, t);
    return s;
}
