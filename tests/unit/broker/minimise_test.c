/* What readers of a route get, and what a config says wrong. */
#include <stdio.h>
#include "broker_bed.h"
#include "broker_suites.h"
#include "minimise.h"

#define EVENT                                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"i\",\"type\":\"patient.admitted\",\"source\":\"urn:s\","    \
    "\"subject\":\"t1:x\",\"data\":{\"provider\":\"RZZ\",\"site\":\"RZZ01\",\"patient\":{"         \
    "\"nhs_number\":\"9990000018\",\"family\":\"SPECIMEN\",\"gender\":{\"raw\":\"M\"},"            \
    "\"postcode\":\"ZZ1 1ZZ\",\"gp_practice\":\"Z00001\"%s},\"location\":{\"raw\":\"W3^B1^2\","    \
    "\"ward\":\"W3\",\"bed\":\"2\",\"group\":\"ward\"},\"care\":{\"specialty\":{\"raw\":\"300\"}," \
    "\"legal_status\":{\"raw\":\"02\"}},\"origin\":{\"control_id\":\"C77\",\"trigger\":\"A01\"},"  \
    "\"surprise\":\"q\"}}"

/* What a route of that YAML writes of the event. */
static struct slice write_route(struct bed *b, const char *route, const char *more)
{
    struct minimise m;
    struct err err = {0};
    struct event *e;
    struct event_encoder *enc;
    static struct buf out;
    char yaml[512], *json = arena_alloc(&b->arena, 2048);
    snprintf(yaml, sizeof(yaml), "  r: %s\n", route);
    struct site *site = bed_site(yaml);
    ck_assert_msg(minimise_read(&site->routes[0], &m, &err) == 0, "%s", err.text);
    snprintf(json, 2048, EVENT, more);
    ck_assert_msg(event_decode(slice_str(json), &b->arena, &e, &err) == 0, "%s", err.text);
    buf_init(&out, 8192);
    ck_assert_int_eq(event_encoder_open(&out, &enc, &err), 0);
    event_encode(enc, e, minimise_keep(&m, e));
    event_encoder_close(enc);
    struct slice copy = arena_copy(&b->arena, buf_slice(&out));
    buf_fini(&out);
    site_close(site);
    return copy;
}

static struct bed b;

static void setup(void)
{
    b = (struct bed){0};
    arena_init(&b.arena, 16 << 20);
}

static void teardown(void)
{
    arena_fini(&b.arena);
}

static void has(struct slice json, const char *parts, bool want)
{
    for (struct slice left = slice_str(parts); slice_present(left);) {
        char part[64];
        struct slice one = slice_split(&left, ' ');
        snprintf(part, sizeof(part), "%.*s", SLICE_ARG(one));
        ck_assert_msg(slice_has(json, part) == want, "%s is %s in %.*s", part,
                      want ? "not" : "still", SLICE_ARG(json));
    }
}

START_TEST(nothing_that_tells_who_by_default)
{
    struct slice json = write_route(&b, "{}", "");
    has(json, "specversion t1:x RZZ01 W3 A01 300", true);
    has(json, "9990000018 SPECIMEN gender ZZ1 Z00001 C77 legal surprise", false);
}
END_TEST

START_TEST(a_path_adds_to_it)
{
    struct slice json = write_route(&b, "{keep: [data.origin.control_id], identifiers: true}", "");
    has(json, "C77 A01 W3", true);
    has(json, "9990000018 SPECIMEN legal", false);
}
END_TEST

START_TEST(groups)
{
    struct slice json = write_route(&b, "{keep: demographics}", "");
    has(json, "gender Z00001", true);
    has(json, "9990000018 SPECIMEN ZZ1 legal", false);
    json = write_route(&b, "{keep: [identifiers], identifiers: true}", "");
    has(json, "9990000018 SPECIMEN ZZ1 C77", true);
    has(json, "legal surprise", false);
}
END_TEST

START_TEST(legal_status_only_by_its_name)
{
    has(write_route(&b, "{keep: [all], identifiers: true}", ""), "legal", false);
    has(write_route(&b, "{keep: [data.care], identifiers: true}", ""), "legal", false);
    has(write_route(&b, "{keep: [data.care.legal_status]}", ""), "legal", true);
    struct slice json =
        write_route(&b, "{keep: [all, data.care.legal_status], identifiers: true}", "");
    has(json, "legal surprise SPECIMEN", true);
}
END_TEST

START_TEST(restricted_patients)
{
    const char *restricted = ",\"restricted\":true";
    struct slice json =
        write_route(&b, "{keep: [all, data.care.legal_status], identifiers: true}", restricted);
    has(json, "9990000018 SPECIMEN \"group\"", true);
    has(json, "W3 \"bed\" ZZ1 Z00001 raw\":\"W3 surprise", false);
    has(write_route(&b, "{}", restricted), "W3", false);
    json = write_route(&b,
                       "{keep: [all, data.care.legal_status], identifiers: true, restricted: true}",
                       restricted);
    has(json, "W3 ZZ1 Z00001 surprise", true);
}
END_TEST

/* Where the patient is, and who looks after them. */
START_TEST(what_a_restricted_patient_is_found_by)
{
    static const char *const paths[] = {
        "data.site",
        "data.patient.postcode",
        "data.patient.gp_practice",
        "data.patient.home_provider",
        "data.location.raw",
        "data.location.ward",
        "data.prior_location.raw",
        "data.pending_location.raw",
        "data.care.consultant.name",
        "data.care.consultant.id",
        "data.incident.destination",
        "data.placement.receiving",
        "data.placement.owner",
        "data.referral.sender",
        "data.referral.receiver",
        "data.notice.sender",
        "data.notice.receiver",
        "data.delay.responsible",
        "data.changes.old",
        "data.changes.new",
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        unsigned first, end;
        ck_assert_msg(event_field_range(slice_str(paths[i]), &first, &end), "%s", paths[i]);
        for (unsigned f = first; f < end; f++)
            ck_assert_msg(event_fields[f].whereabouts, "%s is let through", event_fields[f].path);
    }
}
END_TEST

static const struct {
    const char *route, *wrong;
} wrong[] = {
    {"{keep: [data.patient]}", "identifiers: true"},
    {"{keep: [all]}", "identifiers: true"},
    {"{keep: [data.origin.control_id]}", "data.origin.control_id"},
    {"{keep: [data.patient.postcod]}", "data.patient.postcode"},
    {"{keep: [everything]}", "no field"},
};

START_TEST(what_is_wrong_is_told_with_its_place)
{
    struct minimise m;
    struct err err = {0};
    char yaml[512];
    snprintf(yaml, sizeof(yaml), "  r: %s\n", wrong[_i].route);
    struct site *site = bed_site(yaml);
    ck_assert_int_eq(minimise_read(&site->routes[0], &m, &err), -1);
    ck_assert_int_eq(err.code, ERR_CONF);
    ck_assert_msg(strstr(err.text, "bed.yaml:10:") && strstr(err.text, wrong[_i].wrong), "%s",
                  err.text);
    site_close(site);
}
END_TEST

START_TEST(a_wrong_rule_is_told_with_its_place)
{
    struct router *r;
    struct err err = {0};
    struct site *site = bed_site("  r: {when: \"type = \"}\n");
    ck_assert_int_eq(router_open(site, NULL, &r, &err), -1);
    ck_assert_int_eq(err.code, ERR_CONF);
    ck_assert_msg(strstr(err.text, "bed.yaml:10:") && strstr(err.text, "character"), "%s",
                  err.text);
    site_close(site);
}
END_TEST

Suite *minimise_suite(void)
{
    Suite *s = suite_create("minimise");
    TCase *c = tcase_create("minimise");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, nothing_that_tells_who_by_default);
    tcase_add_test(c, a_path_adds_to_it);
    tcase_add_test(c, groups);
    tcase_add_test(c, legal_status_only_by_its_name);
    tcase_add_test(c, restricted_patients);
    tcase_add_test(c, what_a_restricted_patient_is_found_by);
    tcase_add_loop_test(c, what_is_wrong_is_told_with_its_place, 0,
                        sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(c, a_wrong_rule_is_told_with_its_place);
    suite_add_tcase(s, c);
    return s;
}
