#include "adapters_bed.h"
#include "again.h"

#define RECEIVED "2026-03-03T08:14:01.250Z"

static const char admit[] =
    "MSH|^~\\&|PAS|RZZ|||20260303081400||ADT^A01|C1|P|2.4\r"
    "EVN|A01|20260303081300\r"
    "PID|1||M1^^^RZZ^MR~9990001146^^^NHS^NH||COLE^Ivy||19550220|F\r"
    "PV1|1|I|W1^B1^04^RZZ01||||||||||||||||V1^^^RZZ^VN|||||||||||||||||||||||||20260303081000\r";

/* A trust that says nothing at all without PV1-20 (financial class). */
static const char strict[] = "triggers:\n  A01:\n    require: [PV1-20]\n";

static int run(struct again *a, const struct bed *b, const char *received, struct err *reterr)
{
    return again_run(a, b->translator, b->source, slice_str(admit), slice_str(received), reterr);
}

static void assert_as_at_once(const struct again *a, const struct bed *b)
{
    struct arena arena;
    struct translation t;
    struct record_writer first;
    struct err err;
    arena_init(&arena, 8 << 20);
    translate_run(b->translator, slice_str(admit), &arena, &t);
    ck_assert_int_eq(record_writer_init(&first, &err), 0);
    ck_assert_int_eq(record_message(&first, b->source, slice_str(admit), SLICE(RECEIVED), &t, &err),
                     0);
    ck_assert_uint_eq(a->record.n, first.n);
    for (unsigned i = 0; i < first.n; i++) {
        const struct stream_record *want = &first.set[i], *got = &a->record.set[i];
        kit_assert_slice(got->topic, want->topic);
        kit_assert_slice(got->key, want->key);
        kit_assert_slice(got->value, want->value);
        ck_assert_uint_eq(got->nheaders, want->nheaders);
        for (unsigned j = 0; j < want->nheaders; j++)
            kit_assert_slice(got->headers[j].value, want->headers[j].value);
    }
    record_writer_fini(&first);
    arena_fini(&arena);
}

START_TEST(what_is_made_is_what_would_have_been_made_at_once)
{
    struct bed b;
    struct again a;
    struct err err;
    bed_open(&b, NULL);
    ck_assert_int_eq(again_open(&a, 8 << 20, &err), 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(run(&a, &b, RECEIVED, &err), 0);
        ck_assert_int_eq(a.translation.verdict, TRANSLATE_EVENTS);
        ck_assert_uint_eq(a.record.n, 2);
        kit_assert_slice(bed_header(&a.record.set[0], "received"), SLICE(RECEIVED));
        kit_assert_slice(bed_header(&a.record.set[1], "received"), SLICE(RECEIVED));
        assert_as_at_once(&a, &b);
    }
    again_close(&a);
    bed_close(&b);
}
END_TEST

START_TEST(what_the_map_refuses_stays_refused_with_its_first_reason)
{
    struct bed b;
    struct again a;
    struct err err;
    bed_open(&b, strict);
    ck_assert_int_eq(again_open(&a, 8 << 20, &err), 0);
    ck_assert_int_eq(run(&a, &b, RECEIVED, &err), -1);
    ck_assert_int_eq(err.code, ERR_REFUSED);
    ck_assert_str_eq(err.text, "101 at PV1-20: PV1-20 is missing or empty");
    ck_assert_uint_eq(a.translation.nreasons, 1);
    again_close(&a);
    bed_close(&b);
}
END_TEST

START_TEST(limits)
{
    struct bed b;
    struct again a;
    struct err err;
    bed_open(&b, NULL);
    ck_assert_int_eq(again_open(&a, 8 << 20, &err), 0);
    const char *const times[] = {"", "yesterday", RECEIVED " and then some more than a time"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        ck_assert_int_eq(run(&a, &b, times[i], &err), -1);
        ck_assert_int_eq(err.code, ERR_INPUT);
    }
    again_close(&a);
    ck_assert_int_eq(again_open(&a, 1, &err), 0); /* not even room for a reason */
    ck_assert_int_eq(run(&a, &b, RECEIVED, &err), -1);
    ck_assert_int_eq(err.code, ERR_NOMEM);
    again_close(&a);
    ck_assert_int_eq(again_open(&a, 8 << 10, &err), 0);
    ck_assert_int_eq(run(&a, &b, RECEIVED, &err), -1);
    ck_assert_int_eq(err.code, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.text, "message_arena"));
    again_close(&a);
    bed_close(&b);
}
END_TEST

START_TEST(a_refusal_is_resolved)
{
    struct record_writer w;
    struct err err;
    ck_assert_int_eq(record_writer_init(&w, &err), 0);
    record_resolved(&w, SLICE("pas"), SLICE("acute/42"), SLICE("ivy"), 3);
    ck_assert_uint_eq(w.n, 1);
    const struct stream_record *r = &w.set[0];
    kit_assert_slice(r->topic, SLICE("flow.rejected"));
    kit_assert_slice(r->key, SLICE("pas"));
    ck_assert_uint_eq(r->value.n, 0);
    ck_assert_uint_eq(r->nheaders, 5);
    kit_assert_slice(bed_header(r, "source"), SLICE("pas"));
    kit_assert_slice(bed_header(r, "kind"), SLICE("resolved"));
    kit_assert_slice(bed_header(r, "of"), SLICE("acute/42"));
    kit_assert_slice(bed_header(r, "by"), SLICE("ivy"));
    kit_assert_slice(bed_header(r, "events"), SLICE("3"));
    record_writer_fini(&w);
}
END_TEST

Suite *again_suite(void)
{
    Suite *s = suite_create("again");
    TCase *c = tcase_create("again");
    tcase_add_test(c, what_is_made_is_what_would_have_been_made_at_once);
    tcase_add_test(c, what_the_map_refuses_stays_refused_with_its_first_reason);
    tcase_add_test(c, limits);
    tcase_add_test(c, a_refusal_is_resolved);
    suite_add_tcase(s, c);
    return s;
}
