#include "fhir_read.h"

#include "fhir_suites.h"
#include "kit.h"

static struct arena arena;
static struct fhir_fault fault;

static void setup(void)
{
    arena_init(&arena, 8 << 20);
    fault = (struct fhir_fault){0};
}

static void teardown(void)
{
    arena_fini(&arena);
}

/* Reads at the edge of a page, so that a byte too far is a crash. */
static int read_edge(struct slice text, struct fhir_doc *ret)
{
    struct kit_guard g;
    kit_guard_open(&g, text);
    int rc = fhir_read(g.bytes, &json_default_limits, &arena, ret, &fault);
    kit_guard_close(&g);
    return rc;
}

#define ENTRY(x) "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" x "]}"
#define HISTORY(x) "{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":[" x "]}"
#define WITH_RESOURCE(method, url)                                                                 \
    "{\"resource\":{\"resourceType\":\"Flag\",\"id\":\"2\"},\"request\":{\"method\":\"" method     \
    "\",\"url\":\"" url "\"}}"
#define GOOD_ENTRY                                                                                 \
    "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"active\":true},"     \
    "\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}"
#define TIMELESS(x) "{\"resourceType\":\"Bundle\",\"type\":\"message\",\"entry\":[" x "]}"
#define MESSAGE(x)                                                                                 \
    "{\"resourceType\":\"Bundle\",\"type\":\"message\",\"timestamp\":\"2026-03-03T10:00:00Z\","    \
    "\"entry\":[" x "]}"
#define HEADER(x)                                                                                  \
    "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"MessageHeader\",\"id\":\"m\"" x  \
    "}}"
#define CODED ",\"eventCoding\":{\"code\":\"a\"}"
#define OTHER(url) ",{\"fullUrl\":\"" url "\",\"resource\":{\"resourceType\":\"Patient\"}}"
#define FOCUS(to) ",\"focus\":[{\"reference\":\"" to "\"}]"

static const struct {
    const char *text, *type, *id, *method;
    enum fhir_kind kind;
    unsigned n;
} good[] = {
    {"{\"resourceType\":\"Encounter\",\"id\":\"7\"}", "Encounter", "7", NULL, FHIR_RESOURCE, 1},
    {"\xEF\xBB\xBF \r\n{\"resourceType\":\"Encounter\"}", "Encounter", NULL, NULL, FHIR_RESOURCE,
     1},
    {"{\"resourceType\":\"Patient\",\"given\":[\"A\",null],\"_given\":[null,{\"id\":\"x\"}]}",
     "Patient", NULL, NULL, FHIR_RESOURCE, 1},
    {ENTRY(GOOD_ENTRY), "Patient", NULL, "POST", FHIR_TRANSACTION, 1},
    {ENTRY("{\"request\":{\"method\":\"DELETE\",\"url\":\"Encounter/123\"}}"), "Encounter", "123",
     "DELETE", FHIR_TRANSACTION, 1},
    {ENTRY("{\"request\":{\"method\":\"DELETE\",\"url\":\"/Encounter/123/_history/2\"}}"),
     "Encounter", "123", "DELETE", FHIR_TRANSACTION, 1},
    {ENTRY("{\"request\":{\"method\":\"GET\",\"url\":\"Encounter?x=1\"}}"), "Encounter", NULL,
     "GET", FHIR_TRANSACTION, 1},
    {ENTRY("{\"resource\":{\"resourceType\":\"Flag\",\"id\":\"f\"},\"request\":{\"method\":\"PUT\","
           "\"url\":\"https://a.example/r4/Flag/f\"}}"),
     "Flag", "f", "PUT", FHIR_TRANSACTION, 1},
    {ENTRY("{\"resource\":{\"resourceType\":\"Flag\"},\"request\":{\"method\":\"PUT\",\"url\":"
           "\"Flag?identifier=1\"}}"),
     "Flag", NULL, "PUT", FHIR_TRANSACTION, 1},
    {MESSAGE(HEADER(CODED)), "MessageHeader", "m", NULL, FHIR_MESSAGE, 1},
    {MESSAGE(HEADER(",\"eventUri\":\"urn:a\"" FOCUS("urn:uuid:2")) OTHER("urn:uuid:2")),
     "MessageHeader", "m", NULL, FHIR_MESSAGE, 2},
    {MESSAGE(HEADER(CODED FOCUS("https://a.example/Patient/2"))
                 OTHER("https://a.example/Patient/2")),
     "MessageHeader", "m", NULL, FHIR_MESSAGE, 2},
    /* STU3 and DSTU2: their Bundle has no timestamp */
    {TIMELESS(HEADER(",\"event\":{\"code\":\"a\"}")), "MessageHeader", "m", NULL, FHIR_MESSAGE, 1},
    /* only what the focus names must be there */
    {MESSAGE(HEADER(CODED ",\"sender\":{\"reference\":\"urn:uuid:9\"}")), "MessageHeader", "m",
     NULL, FHIR_MESSAGE, 1},
    {"{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":[{\"fullUrl\":\"a\",\"resource\":"
     "{\"resourceType\":\"Patient\"}},{\"fullUrl\":\"a\",\"response\":{\"status\":\"200\"}}]}",
     "Patient", NULL, NULL, FHIR_HISTORY, 2},
    /* the status of a subscription is what was read */
    {HISTORY("{\"resource\":{\"resourceType\":\"Parameters\"},\"request\":{\"method\":\"GET\","
             "\"url\":\"Subscription/1/$status\"}},{\"request\":{\"method\":\"DELETE\",\"url\":"
             "\"Flag/1\"}}"),
     "Parameters", NULL, "GET", FHIR_HISTORY, 2},
    {"{\"resourceType\":\"Bundle\",\"type\":\"batch\"}", NULL, NULL, NULL, FHIR_BATCH, 0},
    {"{\"resourceType\":\"Bundle\",\"type\":\"searchset\"}", NULL, NULL, NULL, FHIR_BUNDLE, 0},
    {"<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"p\"/></Patient>", "Patient", "p", NULL,
     FHIR_RESOURCE, 1},
};

START_TEST(test_documents_are_read)
{
    struct fhir_doc doc;
    int rc = read_edge(slice_str(good[_i].text), &doc);
    ck_assert_msg(rc == 0, "%s: %s", good[_i].text, fault.err.text);
    ck_assert_int_eq(doc.kind, good[_i].kind);
    ck_assert_uint_eq(doc.n, good[_i].n);
    if (!doc.n)
        return;
    kit_assert_slice(doc.entries[0].type, slice_str(good[_i].type));
    kit_assert_slice(doc.entries[0].id, slice_str(good[_i].id));
    kit_assert_slice(doc.entries[0].method, slice_str(good[_i].method));
}
END_TEST

static const struct {
    const char *text, *issue, *expression;
} bad[] = {
    {"", "structure", ""},
    {"{", "structure", ""},
    {"hello", "structure", ""},
    {"[]", "structure", ""},
    {"{}", "structure", ""},
    {"{\"resourceType\":1}", "structure", ""},
    {"{\"resourceType\":\"patient\"}", "structure", ""},
    {"{\"resourceType\":\"Pat ient\"}", "structure", ""},
    {"{\"resourceType\":\"Patient\",\"id\":\"1\",\"id\":\"2\"}", "structure", ""},
    {"{\"resourceType\":\"Patient\",\"name\":[null]}", "structure", "Patient.name[0]"},
    {"{\"resourceType\":\"Patient\",\"name\":[]}", "structure", "Patient.name"},
    {"{\"resourceType\":\"Patient\",\"name\":[{\"given\":{}}]}", "structure",
     "Patient.name[0].given"},
    {"{\"resourceType\":\"Patient\",\"gender\":null}", "structure", "Patient.gender"},
    {"{\"resourceType\":\"Patient\",\"Smith, John\":null}", "structure", "Patient.%unknown"},
    {"{\"resourceType\":\"Bundle\"}", "required", "Bundle.type"},
    {"{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":{\"a\":1}}", "structure",
     "Bundle.entry"},
    {"{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[1]}", "structure",
     "Bundle.entry[0]"},
    {ENTRY("{\"resource\":{\"id\":\"1\"},\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}"),
     "structure", "Bundle.entry[0].resource"},
    {ENTRY("{\"resource\":{\"resourceType\":\"Patient\"}}"), "required", "Bundle.entry[0].request"},
    {ENTRY("{\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}"), "required",
     "Bundle.entry[0].resource"},
    {ENTRY("{\"request\":{\"method\":\"TRACE\",\"url\":\"Patient\"}}"), "code-invalid",
     "Bundle.entry[0].request.method"},
    {ENTRY(GOOD_ENTRY "," GOOD_ENTRY), "duplicate", "Bundle.entry[1].fullUrl"},
    {ENTRY("{\"resource\":{\"resourceType\":\"Flag\"},\"request\":{\"method\":\"POST\",\"url\":"
           "\"Patient\"}}"),
     "invalid", "Bundle.entry[0].request.url"},
    {ENTRY(WITH_RESOURCE("PUT", "Flag/1")), "invalid", "Bundle.entry[0].resource.id"},
    {ENTRY(WITH_RESOURCE("PUT", "Flag")), "required", "Bundle.entry[0].request.url"},
    {ENTRY(GOOD_ENTRY "," WITH_RESOURCE("DELETE", "Flag/1")), "invalid",
     "Bundle.entry[1].resource"},
    {ENTRY(WITH_RESOURCE("GET", "Flag/2")), "invalid", "Bundle.entry[0].resource"},
    {HISTORY(WITH_RESOURCE("DELETE", "Flag/2")), "invalid", "Bundle.entry[0].resource"},
    {ENTRY("{\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"urn:uuid:9\"}},"
           "\"request\":{\"method\":\"POST\",\"url\":\"Flag\"}}"),
     "not-found", "Bundle.entry[0].resource"},
    {ENTRY("{\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"Patient?x=1\"}},"
           "\"request\":{\"method\":\"POST\",\"url\":\"Flag\"}}"),
     "not-supported", "Bundle.entry[0].resource"},
    {"{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{\"resourceType\":\"Flag\"}]}",
     "required", "Bundle.entry[0].resource"},
    {MESSAGE("{\"resource\":{\"resourceType\":\"Patient\"}}"), "required",
     "Bundle.entry[0].resource"},
    {"{\"resourceType\":\"Bundle\",\"type\":\"message\"}", "required", "Bundle.entry[0].resource"},
    /* FHIR rows 17 and 24: what a message must have */
    {MESSAGE(HEADER(CODED FOCUS("urn:uuid:4"))), "not-found", "MessageHeader.focus"},
    {MESSAGE(HEADER(CODED FOCUS("ServiceRequest/4"))), "not-found", "MessageHeader.focus"},
    {MESSAGE(HEADER("")), "required", "MessageHeader.event"},
    {MESSAGE(HEADER(CODED ",\"eventUri\":\"urn:a\"")), "structure", "MessageHeader.event"},
    {TIMELESS(HEADER(CODED)), "required", "Bundle.timestamp"},
    {MESSAGE(HEADER(CODED) OTHER("")), "required", "Bundle.entry[1].fullUrl"},
    {MESSAGE(HEADER(CODED) OTHER("urn:uuid:1")), "duplicate", "Bundle.entry[1].fullUrl"},
    {MESSAGE(HEADER(CODED) OTHER("https://a.example/Patient/2/_history/1")), "invalid",
     "Bundle.entry[1].fullUrl"},
};

/* FHIR rows 11, 12 and 15. */
START_TEST(test_what_breaks_the_rules_is_refused_with_its_place)
{
    struct fhir_doc doc;
    ck_assert_msg(read_edge(slice_str(bad[_i].text), &doc) < 0, "taken: %s", bad[_i].text);
    ck_assert_int_eq(fault.err.code, ERR_INPUT);
    ck_assert_msg(fault.err.text[0] != '\0', "%s", bad[_i].text);
    ck_assert_str_eq(fault.issue, bad[_i].issue);
    ck_assert_str_eq(fault.expression, bad[_i].expression);
    ck_assert_ptr_null(strstr(fault.err.text, "Smith"));
}
END_TEST

/* Depth of 100,000, in arrays and in objects: refused with what it has been given of memory.
 * FHIR row 13, bad input row 13. */
START_TEST(test_a_depth_bomb_is_refused)
{
    enum { DEPTH = 100 * 1000 };
    static const char *const pieces[] = {"[", "{\"a\":"};
    struct fhir_doc doc;
    struct buf text;
    buf_init(&text, 4 << 20);
    buf_puts(&text, "{\"resourceType\":\"Patient\",\"x\":");
    for (int i = 0; i < DEPTH; i++)
        buf_puts(&text, pieces[_i]);
    ck_assert_int_lt(read_edge(buf_slice(&text), &doc), 0);
    ck_assert_int_eq(fault.err.code, ERR_LIMIT);
    ck_assert_str_eq(fault.issue, "too-costly");
    ck_assert_uint_lt(arena.used, 64 * 1024);
    buf_fini(&text);
}
END_TEST

START_TEST(test_a_full_arena_is_a_refusal)
{
    static const char text[] = ENTRY(GOOD_ENTRY);
    struct fhir_doc doc;
    int rc = -1;
    for (size_t max = 0; rc < 0; max += 64) {
        struct arena small;
        ck_assert_uint_lt(max, 1 << 20);
        arena_init(&small, max);
        rc = fhir_read(SLICE(text), &json_default_limits, &small, &doc, &fault);
        if (rc < 0)
            ck_assert_int_eq(fault.err.code, ERR_LIMIT);
        arena_fini(&small);
    }
}
END_TEST

START_TEST(test_members_beyond_number_are_refused)
{
    struct fhir_doc doc;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_puts(&text, "{\"resourceType\":\"Patient\"");
    for (int i = 0; i < 600; i++)
        buf_printf(&text, ",\"x%d\":1", i);
    buf_puts(&text, "}");
    ck_assert_int_lt(read_edge(buf_slice(&text), &doc), 0);
    ck_assert_str_eq(fault.expression, "Patient");
    buf_fini(&text);
}
END_TEST

Suite *fhir_read_suite(void)
{
    Suite *s = suite_create("fhir_read");
    TCase *tc = tcase_create("fhir_read");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_documents_are_read, 0, sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(tc, test_what_breaks_the_rules_is_refused_with_its_place, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_loop_test(tc, test_a_depth_bomb_is_refused, 0, 2);
    tcase_add_test(tc, test_a_full_arena_is_a_refusal);
    tcase_add_test(tc, test_members_beyond_number_are_refused);
    suite_add_tcase(s, tc);
    return s;
}
