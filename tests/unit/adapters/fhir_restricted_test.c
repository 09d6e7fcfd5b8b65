#include "fhir_restricted.h"

#include "adapters_bed.h"

/* Two Patients of whom the first is restricted, then the entry that is asked about. */
#define BATCH(entry)                                                                               \
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["                                  \
    "{\"fullUrl\":\"urn:uuid:c1ab3fba-6bae-4ba4-b257-5a87c44d4a91\",\"resource\":{"                \
    "\"resourceType\":\"Patient\",\"id\":\"p-1\",\"identifier\":[{\"value\":\"999 000 0018\"},"    \
    "{\"value\":\"M1\"}],\"meta\":{\"security\":[{\"code\":\"R\"}]}}},"                            \
    "{\"fullUrl\":\"urn:uuid:b1ab3fba-6bae-4ba4-b257-5a87c44d4a91\",\"resource\":{"                \
    "\"resourceType\":\"Patient\",\"id\":\"p-2\",\"identifier\":[{\"value\":\"9990000026\"}],"     \
    "\"meta\":{\"security\":[{\"code\":\"N\"}]}}}," entry "]}"
#define SUBJECT(text)                                                                              \
    BATCH("{\"resource\":{\"resourceType\":\"Encounter\",\"subject\":{" text "}}}")
#define DELETED(url) BATCH("{\"request\":{\"method\":\"DELETE\",\"url\":\"" url "\"}}")

static const struct {
    const char *batch;
    bool names;
} rows[] = {
    {SUBJECT("\"identifier\":{\"value\":\"9990000018\"}"), true},
    {SUBJECT("\"identifier\":{\"value\":\"999-000-0018\"}"), true},
    {SUBJECT("\"identifier\":{\"value\":\"M1\"}"), true},
    {SUBJECT("\"identifier\":{\"value\":\"9990000026\"}"), false},
    {SUBJECT("\"reference\":\"urn:uuid:c1ab3fba-6bae-4ba4-b257-5a87c44d4a91\""), true},
    {SUBJECT("\"reference\":\"urn:uuid:b1ab3fba-6bae-4ba4-b257-5a87c44d4a91\""), false},
    {SUBJECT("\"reference\":\"Patient/p-1\""), true},
    {SUBJECT("\"reference\":\"https://a.example/Patient/p-1/_history/3\""), true},
    {SUBJECT("\"reference\":\"Patient/p-2\""), false},
    {SUBJECT("\"reference\":\"Group/p-1\""), false},
    {SUBJECT("\"reference\":\"Patient?identifier=urn:x|9990000018&active=true\""), true},
    {SUBJECT("\"reference\":\"Patient?identifier=urn:x|9990000026\""), false},
    {DELETED("Patient/p-1"), true},
    {DELETED("Patient/p-2"), false},
    {DELETED("Patient?identifier=urn%3Ax%7C9990000018"), true},
    {DELETED("Patient?identifier=9990000018"), true},
    {DELETED("Patient?identifier=%"), false},
};

static struct arena arena;
static struct fhir_doc doc;

static void read_batch(const char *batch)
{
    struct fhir_fault ignored;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(fhir_parse(slice_str(batch), &json_default_limits, &arena, &doc, &ignored), 0);
}

START_TEST(test_who_is_named)
{
    struct fhir_restricted r;
    read_batch(rows[_i].batch);
    fhir_restricted_find(&doc, &arena, &r);
    ck_assert(fhir_restricted_names(&r, &doc.entries[2]) == rows[_i].names);
    ck_assert(!fhir_restricted_names(&r, &doc.entries[1]));
    arena_fini(&arena);
}
END_TEST

/* Where there is no room to tell, none is told. */
START_TEST(test_no_memory)
{
    struct fhir_restricted r;
    read_batch(rows[0].batch);
    for (size_t more = 0; more <= 64; more += 64) {
        arena.max = arena.used + more;
        fhir_restricted_find(&doc, &arena, &r);
        ck_assert(fhir_restricted_names(&r, &doc.entries[1]));
        arena.overflow = false;
    }
    arena_fini(&arena);
}
END_TEST

Suite *fhir_restricted_suite(void)
{
    Suite *s = suite_create("fhir_restricted");
    TCase *c = tcase_create("restricted");
    tcase_add_loop_test(c, test_who_is_named, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(c, test_no_memory);
    suite_add_tcase(s, c);
    return s;
}
