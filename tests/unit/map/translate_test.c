#include <stdlib.h>
#include "event_id.h"
#include "kit.h"
#include "map_sample.h"
#include "translate_explain.h"

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: u1, pseudonym: env:WEIR_UNIT_KEY, audit: env:WEIR_UNIT_KEY}\n"
    "sources:\n"
    "  pas: {adapter: acute, ods: RZZ, system: pas, timezone: Europe/London,\n"
    "        pl: ward^bay^bed^site, test_numbers: true}\n";

static const char admit[] =
    "MSH|^~\\&|PAS|RZZ|||20260303081400||ADT^A01|C1|P|2.4\r"
    "EVN|A01|20260303081300\r"
    "PID|1||M1^^^RZZ^MR~9990001146^^^NHS^NH||COLE^Ivy||19550220|F\r"
    "PV1|1|I|W1^B1^04^RZZ01||||||||||||||||V1^^^RZZ^VN|||||||||||||||||||||||||20260303081000\r";

static struct site *site;
static struct translator *translator;
static struct arena arena;

static void setup(void)
{
    struct err err;
    setenv("WEIR_UNIT_KEY", "a key of the tests, of no use elsewhere", 1);
    ck_assert_msg(site_read(slice_str(config), "u.yaml", SITE_PSEUDONYM, &site, &err) == 0, "%s",
                  err.text);
    ck_assert_msg(
        translate_open(site, &site->sources[0], WEIR_ROOT "/adapters", &translator, &err) == 0,
        "%s", err.text);
    arena_init(&arena, 8 << 20);
}

static void teardown(void)
{
    translate_close(translator);
    site_close(site);
    arena_fini(&arena);
}

static struct translation run(const char *message)
{
    struct translation t;
    translate_run(translator, slice_str(message), &arena, &t);
    return t;
}

/* The message with its first `from` replaced. */
static const char *with(const char *message, const char *from, const char *to)
{
    const char *at = strstr(message, from);
    ck_assert_ptr_nonnull(at);
    return arena_printf(&arena, "%.*s%s%s", (int)(at - message), message, to, at + strlen(from)).p;
}

START_TEST(the_same_message_gives_the_same_ids)
{
    struct translation a = run(admit), b = run(admit);
    ck_assert_uint_eq(a.nevents, 1);
    kit_assert_slice(a.events[0].id, b.events[0].id);
    kit_assert_slice(a.events[0].person, b.events[0].person);
    ck_assert_str_eq(a.sha256, b.sha256);
}
END_TEST

START_TEST(msh_7_does_not_change_the_id_and_all_else_does)
{
    struct slice id = run(admit).events[0].id;
    kit_assert_slice(run(with(admit, "20260303081400", "20260304")).events[0].id, id);
    ck_assert(!slice_eq(run(with(admit, "|C1|", "|C2|")).events[0].id, id));
    ck_assert(!slice_eq(run(with(admit, "^04^", "^05^")).events[0].id, id));
}
END_TEST

START_TEST(no_control_id_or_number_stands_in_id_or_subject)
{
    struct translation t = run(with(admit, "|C1|", "|HOSP12345|"));
    const char *secrets[] = {"HOSP12345", "9990001146", "M1"};
    for (unsigned i = 0; i < 3; i++) {
        size_t n = strlen(secrets[i]);
        ck_assert_ptr_null(memmem(t.events[0].id.p, t.events[0].id.n, secrets[i], n));
        ck_assert_ptr_null(memmem(t.events[0].person.p, t.events[0].person.n, secrets[i], n));
    }
}
END_TEST

START_TEST(the_subject_is_that_of_the_nhs_number_else_of_the_local_one)
{
    struct translation both = run(admit);
    struct translation local = run(with(admit, "~9990001146^^^NHS^NH", ""));
    struct translation nobody = run(with(admit, "M1^^^RZZ^MR~9990001146^^^NHS^NH", ""));
    kit_assert_slice(both.events[0].person_local, local.events[0].person);
    ck_assert(!slice_present(local.events[0].person_local));
    ck_assert(!slice_eq(both.events[0].person, local.events[0].person));
    ck_assert(!slice_present(nobody.events[0].person));
    ck_assert(event_has(nobody.events[0].event, EV_DATA_QUALITY, SLICE("no_patient_id")));
}
END_TEST

START_TEST(a_merge_carries_the_pseudonyms_of_the_retired)
{
    static const char merge[] = "MSH|^~\\&|PAS|RZZ|||20260303||ADT^A40|C1|P|2.4\r"
                                "PID|1||M1^^^RZZ^MR\rMRG|M8^^^RZZ^MR~M9^^^RZZ^MR\r";
    struct translation t = run(merge);
    ck_assert_uint_eq(t.nevents, 1);
    struct slice rest = t.events[0].retired;
    struct slice first = slice_split(&rest, ' ');
    struct translation m9 = run(with(merge, "M1^^^RZZ^MR\rMRG|M8", "M9^^^RZZ^MR\rMRG|M7"));
    kit_assert_slice(rest, m9.events[0].person);
    ck_assert(slice_starts(first, SLICE("u1:")) && !slice_eq(first, rest));
}
END_TEST

START_TEST(the_message_is_named_also_where_it_gives_no_event)
{
    struct translation t = run(admit);
    ck_assert_uint_eq(t.message_id.n, EVENT_ID_MESSAGE);
    ck_assert(slice_starts(t.events[0].id, t.message_id));
    t = run(with(admit, "A01", "Z99"));
    ck_assert_int_eq(t.verdict, TRANSLATE_UNMAPPED);
    ck_assert_uint_eq(t.message_id.n, EVENT_ID_MESSAGE);
    ck_assert(!slice_present(run("nonsense").message_id));
}
END_TEST

START_TEST(a_message_that_does_not_fit_is_refused_for_good)
{
    struct arena small;
    arena_init(&small, 2000);
    struct translation t;
    translate_run(translator, slice_str(admit), &small, &t);
    ck_assert_int_eq(t.verdict, TRANSLATE_REFUSED);
    ck_assert_uint_eq(t.nevents, 0);
    arena_fini(&small);
}
END_TEST

START_TEST(more_patients_than_a_message_may_hold_are_refused)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_puts(&b, "MSH|^~\\&|PAS|RZZ|||20260303||ADT^A40|C1|P|2.4\r");
    for (unsigned i = 1; i <= 1001; i++) {
        if (i == 1001)
            ck_assert_uint_eq(run(buf_cstr(&b)).nevents, 1000);
        buf_printf(&b, "PID|1||M%u^^^RZZ^MR\rMRG|N%u^^^RZZ^MR\r", i, i);
    }
    struct translation t = run(buf_cstr(&b));
    ck_assert_int_eq(t.verdict, TRANSLATE_REFUSED);
    ck_assert_uint_eq(t.reasons[0].code, 104);
    buf_fini(&b);
}
END_TEST

START_TEST(any_arena_gives_an_answer)
{
    for (size_t max = 0; max < 24000; max += 120) {
        struct arena small;
        arena_init(&small, max);
        struct translation t;
        translate_run(translator, slice_str(admit), &small, &t);
        ck_assert(t.verdict == TRANSLATE_REFUSED ? t.nevents == 0 : t.nevents == 1);
        arena_fini(&small);
    }
}
END_TEST

START_TEST(a_message_cut_anywhere_is_answered)
{
    for (size_t n = 0; n < sizeof(admit); n++) {
        struct kit_guard guard;
        struct translation t;
        kit_guard_open(&guard, slice_make(admit, n));
        arena_reset(&arena);
        translate_run(translator, guard.bytes, &arena, &t);
        ck_assert(t.verdict != TRANSLATE_REFUSED || t.nreasons > 0);
        kit_guard_close(&guard);
    }
}
END_TEST

static void encode(struct event_encoder *encoder, const struct translation *t)
{
    for (unsigned i = 0; i < t->nevents; i++)
        event_encode(encoder, t->events[i].event, NULL);
}

START_TEST(explaining_changes_nothing)
{
    struct buf plain, told, text;
    struct event_encoder *to_plain, *to_told;
    struct err err;
    buf_init(&plain, 1 << 20);
    buf_init(&told, 1 << 20);
    buf_init(&text, 1 << 20);
    ck_assert_int_eq(event_encoder_open(&plain, &to_plain, &err), 0);
    ck_assert_int_eq(event_encoder_open(&told, &to_told, &err), 0);
    for (size_t n = 0; n < sizeof(admit); n++) {
        struct translation t, x;
        struct slice cut = slice_make(admit, n);
        arena_reset(&arena);
        buf_reset(&plain);
        buf_reset(&told);
        buf_reset(&text);
        translate_run(translator, cut, &arena, &t);
        translate_explain(translator, cut, &arena, SLICE_ABSENT, &text, &x);
        encode(to_plain, &t);
        encode(to_told, &x);
        ck_assert_int_eq(x.verdict, t.verdict);
        ck_assert(slice_eq(buf_slice(&plain), buf_slice(&told)));
        ck_assert(buf_ok(&text) && (t.verdict != TRANSLATE_EVENTS || text.n > 1000));
    }
    ck_assert_ptr_nonnull(strstr(buf_cstr(&text), "<- PV1-44.1 \"20260303081000\""));
    event_encoder_close(to_plain);
    event_encoder_close(to_told);
    buf_fini(&plain);
    buf_fini(&told);
    buf_fini(&text);
}
END_TEST

START_TEST(triggers_are_listed_with_their_types)
{
    struct slice trigger, types;
    bool found = false;
    unsigned n = 0;
    for (; translate_trigger(translator, n, &trigger, &types); n++)
        if (slice_eq(trigger, SLICE("A07"))) {
            found = true;
            kit_assert_slice(types, SLICE("visit.class_changed"));
        }
    ck_assert(found && n > 20);
}
END_TEST

START_TEST(a_source_that_cannot_be_opened_says_why)
{
    struct site_source s = site->sources[0];
    struct translator *t;
    struct err err;
    s.timezone = SLICE("Europe/Nowhere");
    ck_assert_int_eq(translate_open(site, &s, WEIR_ROOT "/adapters", &t, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "timezone"));
    s = site->sources[0];
    s.pl = SLICE("ward^bed^ward");
    ck_assert_int_eq(translate_open(site, &s, WEIR_ROOT "/adapters", &t, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "twice"));
    s.pl = SLICE("ward^bunk");
    ck_assert_int_eq(translate_open(site, &s, WEIR_ROOT "/adapters", &t, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "bunk"));
    s = site->sources[0];
    s.charset = SLICE("EBCDIC");
    ck_assert_int_eq(translate_open(site, &s, WEIR_ROOT "/adapters", &t, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "EBCDIC"));
    s = site->sources[0];
    ck_assert_int_eq(translate_open(site, &s, WEIR_ROOT "/docs", &t, &err), -1);
    ck_assert_int_eq(err.code, ERR_IO);
}
END_TEST

Suite *translate_suite(void)
{
    Suite *suite = suite_create("translate");
    TCase *t = tcase_create("translate");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_same_message_gives_the_same_ids);
    tcase_add_test(t, msh_7_does_not_change_the_id_and_all_else_does);
    tcase_add_test(t, no_control_id_or_number_stands_in_id_or_subject);
    tcase_add_test(t, the_subject_is_that_of_the_nhs_number_else_of_the_local_one);
    tcase_add_test(t, a_merge_carries_the_pseudonyms_of_the_retired);
    tcase_add_test(t, the_message_is_named_also_where_it_gives_no_event);
    tcase_add_test(t, a_message_that_does_not_fit_is_refused_for_good);
    tcase_add_test(t, more_patients_than_a_message_may_hold_are_refused);
    tcase_add_test(t, any_arena_gives_an_answer);
    tcase_add_test(t, a_message_cut_anywhere_is_answered);
    tcase_add_test(t, explaining_changes_nothing);
    tcase_add_test(t, triggers_are_listed_with_their_types);
    tcase_add_test(t, a_source_that_cannot_be_opened_says_why);
    suite_add_tcase(suite, t);
    return suite;
}
