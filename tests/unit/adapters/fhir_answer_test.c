#include "fhir_answer.h"

#include <stdlib.h>
#include "adapters_bed.h"
#include "kit.h"

/* No element of FHIR is empty, an answer's neither. */
START_TEST(test_a_batch_of_nothing)
{
    struct fhir_answer a;
    fhir_answer_init(&a, SITE_FHIR_PLAIN);
    fhir_answer_batch(&a, NULL, 0);
    ck_assert_int_eq(a.status, 200);
    kit_assert_slice(buf_slice(&a.body),
                     SLICE("{\"resourceType\":\"Bundle\",\"type\":\"batch-response\"}"));
    fhir_answer_fini(&a);
}
END_TEST

START_TEST(test_an_answer_that_is_too_long)
{
    enum { ENTRIES = 17, EACH = 1 << 20 };
    struct fhir_answer all, entries[ENTRIES];
    char *text = malloc(EACH);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', EACH);
    fhir_answer_init(&all, SITE_FHIR_PLAIN);
    for (int i = 0; i < ENTRIES; i++) {
        fhir_answer_init(&entries[i], SITE_FHIR_PLAIN);
        fhir_answer_no(&entries[i], 422, "value", slice_make(text, EACH));
        ck_assert(buf_ok(&entries[i].body));
    }
    fhir_answer_batch(&all, entries, 2);
    ck_assert_int_eq(all.status, 200);
    ck_assert_uint_gt(all.body.n, 2 * EACH);
    fhir_answer_batch(&all, entries, ENTRIES);
    ck_assert_int_eq(all.status, 500);
    ck_assert(buf_ok(&all.body));
    ck_assert(slice_starts(buf_slice(&all.body), SLICE("{\"resourceType\":\"OperationOutcome\"")));
    for (int i = 0; i < ENTRIES; i++)
        fhir_answer_fini(&entries[i]);
    fhir_answer_fini(&all);
    free(text);
}
END_TEST

Suite *fhir_answer_suite(void)
{
    Suite *s = suite_create("fhir_answer");
    TCase *c = tcase_create("batch");
    tcase_add_test(c, test_a_batch_of_nothing);
    tcase_add_test(c, test_an_answer_that_is_too_long);
    suite_add_tcase(s, c);
    return s;
}
