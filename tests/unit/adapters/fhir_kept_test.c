#include "fhir_kept.h"

#include <stdio.h>
#include "adapters_bed.h"
#include "kit.h"

#define GUID "c1ab3fba-6bae-4ba4-b257-5a87c44d4a91"
#define NS " xmlns=\"http://hl7.org/fhir\""
#define JSON_TOP "{\"resourceType\":\"Bundle\",\"type\":\"batch\","
#define JSON_ID "\"identifier\":{\"value\":\"" GUID "\"},"
#define XML_ID "<identifier" NS "><value value=\"" GUID "\"/></identifier>"

/* What is kept of a body; NULL: the body itself. */
static const struct {
    enum fhir_ask ask;
    const char *request_id, *body, *kept;
} rows[] = {
    {FHIR_ASK_CREATE, NULL, "{\"resourceType\":\"Flag\"}", NULL},
    {FHIR_ASK_CREATE, NULL, "{\"resourceType\":\"Flag\",\"meta\":{\"id\":\"1\"}}", NULL},
    {FHIR_ASK_CREATE, NULL, " {\"resourceType\":\"Flag\",\"id\":\"1\"}\n",
     JSON_TOP "\"entry\":[{\"request\":{\"method\":\"POST\",\"url\":\"Flag\"},\"resource\":"
              "{\"resourceType\":\"Flag\",\"id\":\"1\"}}]}"},
    {FHIR_ASK_CREATE, NULL, "{\"resourceType\":\"Flag\",\"\\u0069d\":\"7\"}",
     JSON_TOP "\"entry\":[{\"request\":{\"method\":\"POST\",\"url\":\"Flag\"},\"resource\":"
              "{\"resourceType\":\"Flag\",\"\\u0069d\":\"7\"}}]}"},
    {FHIR_ASK_CREATE, GUID, "\xEF\xBB\xBF{\"resourceType\":\"Flag\"}",
     JSON_TOP JSON_ID "\"entry\":[{\"request\":{\"method\":\"POST\",\"url\":\"Flag\"},"
                      "\"resource\":{\"resourceType\":\"Flag\"}}]}"},
    /* its version tells it apart, but a create stays one */
    {FHIR_ASK_UPDATE, GUID,
     "{\"resourceType\":\"Flag\",\"id\":\"7\",\"meta\":{\"versionId\":\"2\"}}", NULL},
    {FHIR_ASK_UPDATE, GUID,
     "{\"resourceType\":\"Flag\",\"id\":\"7\",\"meta\":{\"lastUpdated\":\"2026-01-01\"}}", NULL},
    {FHIR_ASK_UPDATE, NULL, "{\"resourceType\":\"Flag\",\"id\":\"7\"}", NULL},
    {FHIR_ASK_UPDATE, "a\"\\<&", "{\"resourceType\":\"Flag\",\"id\":\"7\"}",
     JSON_TOP
     "\"identifier\":{\"value\":\"a\\\"\\\\<&\"},\"entry\":[{\"request\":{\"method\":"
     "\"PUT\",\"url\":\"Flag/7\"},\"resource\":{\"resourceType\":\"Flag\",\"id\":\"7\"}}]}"},
    {FHIR_ASK_UPDATE, "a\"\\<&",
     "<?xml version=\"1.0\"?><!-- <a> --> <f:Flag xmlns:f=\"http://hl7.org/fhir\"><f:id "
     "value=\"7\"/>"
     "</f:Flag>",
     "<Bundle" NS "><identifier" NS "><value value=\"a&#34;\\&#60;&#38;\"/></identifier>"
     "<type value=\"batch\"/><entry><resource><f:Flag xmlns:f=\"http://hl7.org/fhir\"><f:id "
     "value=\"7\"/></f:Flag></resource><request><method value=\"PUT\"/><url value=\"Flag/7\"/>"
     "</request></entry></Bundle>"},
    {FHIR_ASK_BUNDLE, GUID, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}",
     "{" JSON_ID "\"resourceType\":\"Bundle\",\"type\":\"transaction\"}"},
    {FHIR_ASK_BUNDLE, GUID, "<Bundle id='>'" NS "><type value=\"transaction\"/></Bundle>",
     NULL /* a resource has no attributes */},
    {FHIR_ASK_BUNDLE, GUID, "<Bundle" NS " xmlns:a='>'><type value=\"transaction\"/></Bundle>",
     "<Bundle" NS " xmlns:a='>'>" XML_ID "<type value=\"transaction\"/></Bundle>"},
    {FHIR_ASK_BUNDLE, NULL, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}", NULL},
    {FHIR_ASK_BUNDLE, GUID,
     "{\"resourceType\":\"Bundle\",\"identifier\":{\"value\":\"1\"},\"type\":\"transaction\"}",
     NULL},
    {FHIR_ASK_MESSAGE, GUID, "{\"resourceType\":\"Bundle\",\"type\":\"message\"}", NULL},
    {FHIR_ASK_CREATE, GUID, "{\"resourceType\":\"Flag\"},{\"resourceType\":\"Flag\"}", NULL},
    {FHIR_ASK_CREATE, GUID, "{\"resourceType\":\"Flag\"", NULL},
};

struct read {
    struct arena arena;
    struct fhir_doc doc;
    bool fine;
};

static void read_doc(struct read *d, struct slice text)
{
    struct fhir_fault ignored;
    arena_init(&d->arena, 1 << 20);
    d->fine = fhir_parse(text, &json_default_limits, &d->arena, &d->doc, &ignored) == 0;
}

static struct fhir_request request_of(enum fhir_ask ask, const char *request_id)
{
    return (struct fhir_request){.ask = ask,
                                 .type = SLICE("Flag"),
                                 .id = ask == FHIR_ASK_CREATE ? SLICE_ABSENT : SLICE("7"),
                                 .request_id = slice_str(request_id)};
}

START_TEST(test_what_is_kept)
{
    struct fhir_request r = request_of(rows[_i].ask, rows[_i].request_id);
    struct slice body = slice_str(rows[_i].body);
    const char *wanted = rows[_i].kept ? rows[_i].kept : rows[_i].body;
    struct read d, again;
    struct buf out;
    buf_init(&out, 4096);
    read_doc(&d, body);
    bool read = fhir_kept_reads(&r, body) && d.fine;
    struct slice kept = fhir_kept(&r, body, read ? &d.doc : NULL, &out);
    ck_assert_msg(slice_eq_str(kept, wanted), "%.*s", SLICE_ARG(kept));
    ck_assert(rows[_i].kept || kept.p == body.p);
    read_doc(&again, kept);
    ck_assert(again.fine || !rows[_i].kept);
    arena_fini(&d.arena);
    arena_fini(&again.arena);
    buf_fini(&out);
}
END_TEST

START_TEST(test_a_delete_is_made)
{
    struct fhir_request r = request_of(FHIR_ASK_DELETE, GUID);
    struct buf out;
    buf_init(&out, 4096);
    ck_assert(!fhir_kept_reads(&r, SLICE_ABSENT));
    struct slice kept = fhir_kept(&r, SLICE_ABSENT, NULL, &out);
    ck_assert(slice_eq_str(kept, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\"," JSON_ID
                                 "\"entry\":[{\"request\":{\"method\":\"DELETE\",\"url\":"
                                 "\"Flag/7\"}}]}"));
    buf_fini(&out);
}
END_TEST

START_TEST(test_no_room)
{
    struct fhir_request r = request_of(FHIR_ASK_CREATE, GUID);
    char body[1000];
    struct read d;
    struct buf out;
    snprintf(body, sizeof(body), "{\"resourceType\":\"Flag\",\"a\":\"%0900d\"}", 0);
    read_doc(&d, slice_str(body));
    ck_assert(d.fine);
    buf_init(&out, 1000);
    ck_assert(!slice_present(fhir_kept(&r, slice_str(body), &d.doc, &out)));
    buf_fini(&out);
    arena_fini(&d.arena);
}
END_TEST

START_TEST(test_entries_of_a_batch)
{
    struct fhir_request r = request_of(FHIR_ASK_BUNDLE, "x");
    struct read d;
    struct buf out;
    buf_init(&out, 4096);
    read_doc(&d,
             SLICE("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"a\":1},"
                   "{\"resource\":{\"resourceType\":\"Flag\",\"meta\":{\"versionId\":\"1\"}}}]}"));
    ck_assert(d.fine);
    struct slice kept = fhir_kept_entry(&r, &d.doc.entries[0], 0, false, &out);
    ck_assert(
        slice_eq_str(kept, JSON_TOP "\"identifier\":{\"value\":\"x.0\"},\"entry\":[{\"a\":1}]}"));
    kept = fhir_kept_entry(&r, &d.doc.entries[1], 1, false, &out);
    ck_assert(slice_eq_str(kept, JSON_TOP "\"entry\":[{\"resource\":{\"resourceType\":\"Flag\","
                                          "\"meta\":{\"versionId\":\"1\"}}}]}"));
    kept = fhir_kept_entry(&r, &d.doc.entries[0], 0, true, &out);
    ck_assert(slice_eq_str(kept, JSON_TOP
                           "\"identifier\":{\"value\":\"x.0\"},\"meta\":{\"security\":[{\"system\":"
                           "\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\","
                           "\"code\":\"R\"}]},\"entry\":[{\"a\":1}]}"));
    arena_fini(&d.arena);
    buf_fini(&out);
}
END_TEST

Suite *fhir_kept_suite(void)
{
    Suite *s = suite_create("fhir_kept");
    TCase *c = tcase_create("kept");
    tcase_add_loop_test(c, test_what_is_kept, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(c, test_a_delete_is_made);
    tcase_add_test(c, test_no_room);
    tcase_add_test(c, test_entries_of_a_batch);
    suite_add_tcase(s, c);
    return s;
}
