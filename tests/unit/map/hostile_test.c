/* Messages made to take long: what the groups of a message share is searched once, and read only so
 * often. */
#include <stdlib.h>
#include <time.h>
#include "buf.h"
#include "kit.h"
#include "map_sample.h"
#include "translate.h"

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: u1, pseudonym: env:WEIR_UNIT_KEY, audit: env:WEIR_UNIT_KEY}\n"
    "sources:\n"
    "  pas: {adapter: acute, ods: RZZ, system: pas, timezone: Europe/London,\n"
    "        pl: ward^bay^bed^site, test_numbers: true}\n";

static struct site *site;
static struct translator *translator;
static struct arena arena;
static struct buf text;

static void setup(void)
{
    struct err err;
    setenv("WEIR_UNIT_KEY", "a key of the tests, of no use elsewhere", 1);
    ck_assert_msg(site_read(slice_str(config), "u.yaml", SITE_PSEUDONYM, &site, &err) == 0, "%s",
                  err.text);
    ck_assert_msg(
        translate_open(site, &site->sources[0], WEIR_ROOT "/adapters", &translator, &err) == 0,
        "%s", err.text);
    arena_init(&arena, 64 << 20);
    buf_init(&text, 16 << 20);
}

static void teardown(void)
{
    translate_close(translator);
    site_close(site);
    arena_fini(&arena);
    buf_fini(&text);
}

static void begin(const char *type)
{
    buf_reset(&text);
    buf_printf(&text, "MSH|^~\\&|PAS|RZZ|||20260303081400||%s|C1|P|2.5.1\r", type);
}

static void repeat(const char *segment, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_puts(&text, segment);
}

/* CPU seconds of the translation of what was built. */
static double run(struct translation *ret)
{
    clock_t began = clock();
    ck_assert(buf_ok(&text));
    arena_reset(&arena);
    translate_run(translator, buf_slice(&text), &arena, ret);
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

/* A thousand patients behind a long head cost what the head costs and what a thousand patients do,
 * not one times the other. Without what a scope remembers it is a hundred times more. */
START_TEST(what_stands_in_front_is_searched_once)
{
    static const struct {
        const char *type, *head, *group;
        unsigned heads;
    } rows[] = {
        {"SIU^S12", "NTE|\r", "PID|||M1^^^RZZ^MR\r", 200000},
        {"ORM^O01", "NTE|\r", "ORC|NW|P1\rOBR||||T1\r", 200000},
        {"MFN^M05", "NTE|\r", "MFE|MAD|||W1\rLOC|W1\r", 200000},
    };
    struct translation t;
    begin(rows[_i].type);
    buf_puts(&text, rows[_i].head);
    repeat(rows[_i].group, 1000);
    double groups = run(&t);
    ck_assert_int_eq(t.verdict, TRANSLATE_EVENTS);
    ck_assert_uint_eq(t.nevents, 1000);
    begin(rows[_i].type);
    repeat(rows[_i].head, rows[_i].heads);
    buf_puts(&text, rows[_i].group);
    double head = run(&t);
    ck_assert_uint_eq(t.nevents, 1);
    begin(rows[_i].type);
    repeat(rows[_i].head, rows[_i].heads);
    repeat(rows[_i].group, 1000);
    double both = run(&t);
    ck_assert_uint_eq(t.nevents, 1000);
    ck_assert_msg(both < 30 * (groups + head), "%s: %.3f s for both, %.3f and %.3f for each",
                  rows[_i].type, both, groups, head);
}
END_TEST

/* Ids are read in one pass, however many there are. */
START_TEST(many_long_ids_cost_what_one_does)
{
    struct translation t;
    double took[2];
    for (unsigned many = 0; many < 2; many++) {
        begin("ADT^A08");
        buf_puts(&text, "PID|||");
        for (unsigned i = 0; i < 64; i++) {
            repeat("1234567890", 12000);
            buf_puts(&text, many ? "^^^RZZ^MR~" : "");
        }
        buf_puts(&text, "^^^RZZ^MR\rPV1||I\r");
        took[many] = run(&t);
        ck_assert_int_eq(t.verdict, TRANSLATE_EVENTS);
    }
    ck_assert_msg(took[1] < 10 * took[0] + 0.1, "%.3f s for many, %.3f for one", took[1], took[0]);
}
END_TEST

/* Row 38: a patient of 300 KB whom a thousand orders share would be read for each of them. */
START_TEST(what_is_shared_is_read_so_often_and_no_more)
{
    struct translation t;
    for (unsigned n = 5; n <= 1000; n += 995) {
        begin("ORM^O01");
        buf_puts(&text, "PID|||M1^^^RZZ^MR||COLE^Ivy||19550220|F|||||");
        repeat("1234567890", 30000);
        buf_puts(&text, "\r");
        repeat("ORC|NW|P1\rOBR||||T1\r", n);
        double took = run(&t);
        if (n == 5) {
            ck_assert_int_eq(t.verdict, TRANSLATE_EVENTS);
            ck_assert_uint_eq(t.nevents, 5);
        } else {
            ck_assert_int_eq(t.verdict, TRANSLATE_REFUSED);
            ck_assert_uint_eq(t.nreasons, 1);
            ck_assert_uint_eq(t.reasons[0].code, 104);
            ck_assert_uint_eq(t.nevents, 0);
            ck_assert_msg(took < 20, "%.3f s", took);
        }
    }
}
END_TEST

Suite *hostile_suite(void)
{
    Suite *s = suite_create("hostile");
    TCase *t = tcase_create("hostile");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, what_stands_in_front_is_searched_once, 0, 3);
    tcase_add_test(t, many_long_ids_cost_what_one_does);
    tcase_add_test(t, what_is_shared_is_read_so_often_and_no_more);
    suite_add_tcase(s, t);
    return s;
}
