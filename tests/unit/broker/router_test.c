/* What the router tells of itself: counts per route, and what no route took. */
#include <stdio.h>
#include "broker_bed.h"
#include "broker_suites.h"
#include "num.h"
#include "unrouted.h"

static struct slice written(struct buf *out, void (*write)(const void *, struct json_writer *),
                            const void *what)
{
    struct json_writer *w;
    struct err err;
    buf_init(out, 4 << 20);
    ck_assert_int_eq(json_writer_open(out, &w, &err), 0);
    json_object(w);
    write(what, w);
    json_object_end(w);
    json_writer_close(w);
    ck_assert(buf_ok(out));
    return buf_slice(out);
}

static void write_router(const void *r, struct json_writer *w)
{
    router_report(r, w);
}

static void write_unrouted(const void *u, struct json_writer *w)
{
    unrouted_write(u, w);
}

START_TEST(routes_are_counted)
{
    struct bed b;
    struct buf out;
    bed_open(&b, "  admitted: {when: \"type = 'patient.admitted' AND data.location.ward = 'W1'\"}\n"
                 "  erring: {when: \"data.location.ward > 5\"}\n"
                 "  discharged: {when: \"type = 'patient.discharged'\"}\n");
    bed_report(&b, "e1", "A", NULL, NULL, "{\"location\":{\"ward\":\"W1\"}}");
    bed_report(&b, "e2", "A", NULL, NULL, "{\"location\":{\"ward\":\"W2\"}}");
    bed_report(&b, "e3", "A", NULL, NULL, NULL);
    bed_run(&b);
    struct slice told = written(&out, write_router, b.router);
    ck_assert_msg(slice_eq_str(told,
                               "{\"routes\":[{\"name\":\"admitted\",\"matched\":1,\"errors\":0},"
                               "{\"name\":\"erring\",\"matched\":0,\"errors\":3},"
                               "{\"name\":\"discharged\",\"matched\":0,\"errors\":0}],"
                               "\"unrouted\":[{\"type\":\"patient.admitted\",\"count\":2,"
                               "\"newest\":[\"e3\",\"e2\"]}]}"),
                  "%.*s", SLICE_ARG(told));
    ck_assert_uint_eq(router_unrouted(b.router), 2);
    buf_fini(&out);
    bed_close(&b);
}
END_TEST

START_TEST(unrouted_is_bounded)
{
    enum { TYPES = 1000, EACH = 9 };
    struct unrouted *u;
    struct err err;
    struct buf out;
    char type[32], id[300];
    unsigned rows = 0;
    uint64_t total = 0;
    ck_assert_int_eq(unrouted_open(&u, &err), 0);
    for (unsigned i = 0; i < TYPES * EACH; i++) {
        snprintf(type, sizeof(type), "type.%u", i % TYPES);
        snprintf(id, sizeof(id), "e%u", i);
        unrouted_note(u, slice_str(type), slice_str(id));
    }
    memset(id, 'x', sizeof(id));
    unrouted_note(u, slice_make(id, sizeof(id)), slice_make(id, sizeof(id)));
    struct arena arena;
    struct json *root;
    arena_init(&arena, 16 << 20);
    ck_assert_int_eq(
        json_read(written(&out, write_unrouted, u), &json_default_limits, &arena, &root, &err), 0);
    for (const struct json *r = json_get(root, "unrouted")->child; r; r = r->next, rows++) {
        const struct json *newest = json_get(r, "newest");
        bool other = slice_eq_str(json_text(r, "type"), "other");
        uint64_t count = 0;
        ck_assert(num_u64(json_text(r, "count"), &count));
        total += count;
        ck_assert_uint_eq(newest->count, UNROUTED_IDS_MAX - other); /* the long id is left out */
        ck_assert(other || count == EACH);
    }
    ck_assert_uint_eq(rows, UNROUTED_TYPES_MAX);
    ck_assert_uint_eq(total, TYPES * EACH + 1);
    ck_assert_uint_eq(unrouted_count(u), total);
    arena_fini(&arena);
    buf_fini(&out);
    unrouted_close(u);
    unrouted_close(NULL);
}
END_TEST

/* Who got the event hears that it did not happen; who takes retractions does, too, and once. */
START_TEST(a_retraction_goes_where_the_event_went)
{
    static const char *const id = "AAAAAAAAAAAAAAAAAAAAAA-patient.admitted-1";
    char data[200], want[200];
    struct bed b;
    struct bed_record r[2];
    bed_open(&b, "  admitted: {when: \"type = 'patient.admitted' AND data.location.ward = 'W1'\"}\n"
                 "  other: {when: \"type = 'patient.admitted' AND data.location.ward = 'W2'\"}\n"
                 "  retracted: {when: \"type = 'event.retracted'\"}\n"
                 "  both: {when: \"type IN ('patient.admitted', 'event.retracted')\"}\n"
                 "  every: {}\n"
                 "  not: {when: \"type != 'event.retracted' AND type != 'patient.admitted'\"}\n");
    b.type = "event.retracted";
    snprintf(data, sizeof(data), "{\"location\":{\"ward\":\"W1\"},\"replaces\":\"%s.r1\"}", id);
    snprintf(want, sizeof(want), "%s.r2", id);
    bed_report(&b, want, "A", NULL, NULL, data);
    bed_report(&b, "odd", "A", NULL, NULL, "{\"replaces\":\"of another make\"}");
    bed_run(&b);
    static const struct {
        const char *topic;
        unsigned n;
    } rows[] = {{"flow.events", 2},          {"flow.route.admitted", 1}, {"flow.route.other", 0},
                {"flow.route.retracted", 2}, {"flow.route.both", 2},     {"flow.route.every", 2},
                {"flow.route.not", 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(bed_read(&b, rows[i].topic, r, 2) == rows[i].n, "%s", rows[i].topic);
    ck_assert_uint_eq(bed_read(&b, "flow.route.admitted", r, 2), 1);
    ck_assert(slice_eq_str(r[0].id, want));
    ck_assert(slice_has(r[0].value, "\"type\":\"event.retracted\""));
    ck_assert(slice_has(r[0].value, "\"replaces\":\"AAAA"));
    bed_close(&b);
}
END_TEST

Suite *router_suite(void)
{
    Suite *s = suite_create("router");
    TCase *t = tcase_create("router");
    tcase_add_test(t, routes_are_counted);
    tcase_add_test(t, unrouted_is_bounded);
    tcase_add_test(t, a_retraction_goes_where_the_event_went);
    suite_add_tcase(s, t);
    return s;
}
