#include "fhir_request.h"

#include "adapters_bed.h"
#include "kit.h"

static struct slice types[] = {{"Encounter", 9}, {"Patient", 7}};
static const struct site_fhir conf = {.base = {"/fhir", 5}, .resources = {types, 2}};

#define JSON "application/fhir+json"
#define XML "application/fhir+xml"

/* What is asked: absent headers are NULL. status 0: taken. */
static const struct {
    const char *method, *path, *query, *type, *accept;
    int status;
    enum fhir_ask ask;
    enum fhir_media answer;
} rows[] = {
    {"POST", "/fhir", NULL, JSON, NULL, 0, FHIR_ASK_BUNDLE, FHIR_MEDIA_JSON},
    {"POST", "/fhir/", NULL, XML, NULL, 0, FHIR_ASK_BUNDLE, FHIR_MEDIA_XML},
    {"POST", "/fhir/$process-message", NULL, XML, NULL, 0, FHIR_ASK_MESSAGE, FHIR_MEDIA_XML},
    {"POST", "/fhir/%24process-message", NULL, JSON, NULL, 0, FHIR_ASK_MESSAGE, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON, NULL, 0, FHIR_ASK_CREATE, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter/", NULL, JSON, NULL, 0, FHIR_ASK_CREATE, FHIR_MEDIA_JSON},
    {"PUT", "/fhir/Encounter/7", NULL, JSON, NULL, 0, FHIR_ASK_UPDATE, FHIR_MEDIA_JSON},
    {"DELETE", "/fhir/Encounter/7", NULL, NULL, NULL, 0, FHIR_ASK_DELETE, FHIR_MEDIA_JSON},
    {"GET", "/fhir/metadata", NULL, NULL, NULL, 0, FHIR_ASK_METADATA, FHIR_MEDIA_JSON},
    {"GET", "/fhir/metadata", NULL, NULL, XML, 0, FHIR_ASK_METADATA, FHIR_MEDIA_XML},
    {"GET", "/fhir/metadata", "_format=xml", NULL, JSON, 0, FHIR_ASK_METADATA, FHIR_MEDIA_XML},
    {"GET", "/fhir/metadata", "a=b&_format=application/fhir%2Bxml", NULL, NULL, 0,
     FHIR_ASK_METADATA, FHIR_MEDIA_XML},
    {"GET", "/fhir/metadata", "_format=application%2Ffhir+json", NULL, XML, 0, FHIR_ASK_METADATA,
     FHIR_MEDIA_JSON},
    /* types of bodies and answers */
    {"POST", "/fhir/Encounter", NULL, "application/json", NULL, 0, FHIR_ASK_CREATE,
     FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, "text/xml", "*/*", 0, FHIR_ASK_CREATE, FHIR_MEDIA_XML},
    {"POST", "/fhir/Encounter", NULL, "application/fhir+json; charset=UTF-8; fhirVersion=4.0", NULL,
     0, FHIR_ASK_CREATE, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, "application/fhir+json;version=1.1.0", JSON ";version=1.1.0",
     0, FHIR_ASK_CREATE, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON, "application/fhir+xml;q=0.5, application/json;q=0.6", 0,
     FHIR_ASK_CREATE, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON, "text/html, application/fhir+xml;q=1.0, */*;q=0.8", 0,
     FHIR_ASK_CREATE, FHIR_MEDIA_XML},
    {"POST", "/fhir/Encounter", NULL, "text/plain", NULL, 415, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, NULL, NULL, 415, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON ";charset=latin1", NULL, 415, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON ";fhirVersion=5.0", NULL, 415, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON, "text/html", 406, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON, "application/fhir+xml;q=0", 406, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", NULL, JSON, JSON ";fhirVersion=5.0", 406, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter", "_format=ttl", JSON, NULL, 406, 0, FHIR_MEDIA_JSON},
    /* what there is not */
    {"POST", "/other", NULL, JSON, NULL, 404, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhirs/Encounter", NULL, JSON, NULL, 404, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Observation", NULL, JSON, NULL, 404, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/encounter", NULL, JSON, NULL, 404, 0, FHIR_MEDIA_JSON},
    {"PUT", "/fhir/Encounter/a_b", NULL, JSON, NULL, 404, 0, FHIR_MEDIA_JSON},
    {"PUT", "/fhir/Encounter/7/8", NULL, JSON, NULL, 404, 0, FHIR_MEDIA_JSON},
    {"GET", "/fhir/Encounter/7", NULL, NULL, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"PATCH", "/fhir/Encounter/7", NULL, JSON, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"GET", "/fhir/Encounter", "name=x", NULL, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/Encounter/7", NULL, JSON, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"GET", "/fhir", NULL, NULL, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/metadata", NULL, JSON, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"GET", "/fhir/$process-message", NULL, NULL, NULL, 405, 0, FHIR_MEDIA_JSON},
    {"PUT", "/fhir/Encounter", "identifier=1", JSON, NULL, 412, 0, FHIR_MEDIA_JSON},
    {"DELETE", "/fhir/Encounter", "identifier=1", NULL, NULL, 412, 0, FHIR_MEDIA_JSON},
    {"POST", "/fhir/$process-message", "async=true", JSON, NULL, 422, 0, FHIR_MEDIA_JSON},
};

static struct fhir_head head_of(unsigned i)
{
    return (struct fhir_head){.method = slice_str(rows[i].method),
                              .path = slice_str(rows[i].path),
                              .query = slice_str(rows[i].query),
                              .content_type = slice_str(rows[i].type),
                              .accept = slice_str(rows[i].accept),
                              .body = true};
}

/* FHIR rows 3 to 5 and 18. */
START_TEST(test_what_a_request_asks)
{
    struct fhir_head h = head_of((unsigned)_i);
    struct fhir_request r;
    struct fhir_no no = {.status = 0};
    int rc = fhir_request_read(&conf, &h, &r, &no);
    const char *path = rows[_i].path;
    ck_assert_msg((rc == 0) == (rows[_i].status == 0), "%s: %d", path, no.status);
    ck_assert_int_eq(r.answer, rows[_i].answer);
    if (rc == 0) {
        ck_assert_int_eq(r.ask, rows[_i].ask);
        return;
    }
    ck_assert_msg(no.status == rows[_i].status, "%s %s: %d", rows[_i].method, path, no.status);
    ck_assert(no.issue && no.text);
    ck_assert((no.allow != NULL) == (no.status == 405));
}
END_TEST

/* FHIR rows 2, 7 and 38. */
START_TEST(test_what_cannot_be_honoured_is_refused)
{
    const struct {
        struct slice if_match, if_none_match, if_none_exist, if_unmodified_since;
        struct slice encoding, request_id;
        bool body, strict;
        int status;
    } cases[] = {
        {.if_none_exist = SLICE("identifier=1"), .body = true, .status = 412},
        {.if_match = SLICE("W/\"1\""), .body = true, .status = 412},
        {.if_none_match = SLICE("*"), .body = true, .status = 412},
        {.if_unmodified_since = SLICE("Tue, 03 Mar 2026 10:00:00 GMT"),
         .body = true,
         .status = 412},
        {.encoding = SLICE("br"), .body = true, .status = 415},
        {.encoding = SLICE("gzip"), .body = true},
        {.body = false, .status = 400},
        {.body = true, .strict = true, .status = 400},
        {.body = true, .strict = true, .request_id = SLICE("x"), .status = 400},
        {.body = true, .strict = true, .request_id = SLICE("c1ab3fba-6bae-4ba4-b257-5a87c44d4a91")},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fhir_head h = head_of(4);
        struct site_fhir c = conf;
        struct fhir_request r;
        struct fhir_no no = {.status = 0};
        c.request_id = cases[i].strict;
        h.if_match = cases[i].if_match;
        h.if_none_match = cases[i].if_none_match;
        h.if_none_exist = cases[i].if_none_exist;
        h.if_unmodified_since = cases[i].if_unmodified_since;
        h.content_encoding = cases[i].encoding;
        h.request_id = cases[i].request_id;
        h.body = cases[i].body;
        int rc = fhir_request_read(&c, &h, &r, &no);
        ck_assert_msg((rc < 0 ? no.status : 0) == cases[i].status, "case %zu: %d", i, no.status);
        ck_assert(rc < 0 || r.gzip == (cases[i].encoding.n > 0));
    }
}
END_TEST

/* BaRS: both ids, and both are GUIDs. FHIR row 38. */
START_TEST(test_bars_asks_for_both_ids)
{
    static const char guid[] = "c1ab3fba-6bae-4ba4-b257-5a87c44d4a91";
    const struct {
        struct slice request, correlation;
        const char *issue;
    } cases[] = {
        {SLICE_ABSENT, SLICE_ABSENT, "required"},    {SLICE(guid), SLICE_ABSENT, "required"},
        {SLICE_ABSENT, SLICE(guid), "required"},     {SLICE("x"), SLICE(guid), "value"},
        {SLICE(guid), SLICE("9990001634"), "value"}, {SLICE(guid), SLICE(guid), NULL}};
    struct site_fhir bars = conf;
    bars.profile = SITE_FHIR_BARS;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fhir_head h = head_of(4);
        struct fhir_request r;
        struct fhir_no no;
        h.request_id = cases[i].request;
        h.correlation_id = cases[i].correlation;
        int rc = fhir_request_read(&bars, &h, &r, &no);
        ck_assert_int_eq(rc, cases[i].issue ? -1 : 0);
        if (rc < 0)
            ck_assert_str_eq(no.issue, cases[i].issue);
    }
}
END_TEST

/* What cannot stand in a header is not echoed. FHIR row 38. */
START_TEST(test_ids_are_echoed_where_they_can_be)
{
    char longest[130];
    memset(longest, 'x', sizeof(longest));
    const struct {
        struct slice sent;
        bool echoed;
    } cases[] = {{SLICE("abc-1"), true},
                 {SLICE("a b"), false},
                 {SLICE("a\rb"), false},
                 {SLICE("a\xc3\xa9"), false},
                 {slice_make(longest, 128), true},
                 {slice_make(longest, 129), false},
                 {SLICE(""), false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fhir_head h = head_of(4);
        struct fhir_request r;
        struct fhir_no no;
        h.request_id = cases[i].sent;
        h.correlation_id = cases[i].sent;
        ck_assert_int_eq(fhir_request_read(&conf, &h, &r, &no), 0);
        ck_assert(slice_present(r.request_id) == cases[i].echoed);
        ck_assert(slice_present(r.correlation_id) == cases[i].echoed);
    }
}
END_TEST

Suite *fhir_request_suite(void)
{
    Suite *s = suite_create("fhir_request");
    TCase *tc = tcase_create("fhir_request");
    tcase_add_loop_test(tc, test_what_a_request_asks, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tc, test_what_cannot_be_honoured_is_refused);
    tcase_add_test(tc, test_bars_asks_for_both_ids);
    tcase_add_test(tc, test_ids_are_echoed_where_they_can_be);
    suite_add_tcase(s, tc);
    return s;
}
