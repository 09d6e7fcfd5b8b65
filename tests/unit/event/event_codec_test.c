#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "event.h"
#include "event_suites.h"
#include "json.h"
#include "kit.h"

static struct arena arena;
static struct buf out;
static struct event_encoder *encoder;
static struct err err;

static void setup(void)
{
    arena_init(&arena, 4 << 20);
    buf_init(&out, 2 << 20);
    ck_assert_int_eq(event_encoder_open(&out, &encoder, &err), 0);
}

static void teardown(void)
{
    event_encoder_close(encoder);
    event_encoder_close(NULL);
    buf_fini(&out);
    arena_fini(&arena);
}

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"i\",\"type\":\"t\",\"source\":\"s\""

static struct slice encoded(const struct event *e, const uint64_t *keep)
{
    buf_reset(&out);
    event_encode(encoder, e, keep);
    ck_assert(buf_ok(&out));
    return buf_slice(&out);
}

/* The event that json gives when it ends at the edge of a page. It borrows from json. */
static struct event *decoded(struct slice json)
{
    struct event *e = NULL;
    struct kit_guard g;
    kit_guard_open(&g, json);
    ck_assert_msg(event_decode(g.bytes, &arena, &e, &err) == 0, "%s", err.text);
    kit_guard_close(&g);
    ck_assert_int_eq(event_decode(json, &arena, &e, &err), 0);
    return e;
}

static struct event *small_event(void)
{
    struct event *e = event_make(&arena);
    event_put(e, EV_ID, SLICE("i"));
    event_put(e, EV_TYPE, SLICE("t"));
    event_put(e, EV_SOURCE, SLICE("s"));
    return e;
}

START_TEST(test_members_nest_and_stand_in_schema_order)
{
    struct event *e = small_event();
    event_push(e, EV_DATA_QUALITY, SLICE("orphan"));
    event_put(e, EV_DATA_LOCATION_BED_CLASS_CODE, SLICE("207"));
    event_put(e, EV_DATA_LOCATION_WARD, SLICE("OAK"));
    event_put(e, EV_DATA_PRIOR_LOCATION_WARD, SLICE("ASH"));
    event_put(e, EV_DATA_VISIT_READY, SLICE("true"));
    event_put(e, EV_DATA_WAIT_THRESHOLD, SLICE("15"));
    struct event_item *id = event_item_add(e, EV_DATA_PATIENT_IDS);
    event_item_set(e, id, EV_DATA_PATIENT_IDS_VALUE, SLICE("M\"1"));
    id = event_item_add(e, EV_DATA_PATIENT_IDS);
    event_item_set(e, id, EV_DATA_PATIENT_IDS_TYPE, SLICE("mrn"));
    kit_assert_slice(encoded(e, NULL),
                     SLICE(HEAD ",\"data\":{\"patient\":{\"ids\":[{\"value\":\"M\\\"1\"},{"
                                "\"type\":\"mrn\"}]},\"visit\":{\"ready\":true},"
                                "\"location\":{\"ward\":\"OAK\",\"bed_class\":{\"code\":\"207\"}},"
                                "\"prior_location\":{\"ward\":\"ASH\"},"
                                "\"wait\":{\"threshold\":15},\"quality\":[\"orphan\"]}}"));
}
END_TEST

START_TEST(test_keep_lets_through_what_it_names_and_no_more)
{
    uint64_t keep[EVENT_KEEP_WORDS];
    struct event *e = decoded(SLICE(
        HEAD
        ",\"subject\":\"k\",\"ext\":\"secret\",\"data\":{\"patient\":{\"nhs_number\":"
        "\"9990001286\",\"ids\":[{\"value\":\"M1\",\"type\":\"mrn\",\"x\":1}],\"x\":1},"
        "\"location\":{\"site\":\"RXF05\",\"ward\":\"OAK\"},\"merge\":{\"retired\":[{\"value\":"
        "\"M2\"}]},\"quality\":[\"orphan\"]}}"));
    event_keep_init(keep);
    kit_assert_slice(encoded(e, keep), SLICE(HEAD "}"));
    ck_assert(event_keep_add(keep, SLICE("data.location.site")));
    ck_assert(event_keep_add(keep, SLICE("data.patient.ids.type")));
    ck_assert(event_keep_add(keep, SLICE("data.quality")));
    ck_assert(!event_keep_add(keep, SLICE("data.patient.name")));
    kit_assert_slice(encoded(e, keep),
                     SLICE(HEAD ",\"data\":{\"patient\":{\"ids\":[{\"type\":\"mrn\"}]},"
                                "\"location\":{\"site\":\"RXF05\"},\"quality\":[\"orphan\"]}}"));
    /* The list alone, with none of its leaves, shows not even how many there are. */
    event_keep_init(keep);
    keep[EV_DATA_PATIENT_IDS / 64] |= (uint64_t)1 << (EV_DATA_PATIENT_IDS % 64);
    kit_assert_slice(encoded(e, keep), SLICE(HEAD "}"));
    event_keep_init(keep);
    ck_assert(event_keep_add(keep, SLICE("data.location")));
    kit_assert_slice(encoded(e, keep),
                     SLICE(HEAD ",\"data\":{\"location\":{\"site\":\"RXF05\",\"ward\":\"OAK\"}}}"));
}
END_TEST

/* What stands at the left is written as at the right; where that is NULL, as it was. */
static const struct {
    const char *read, *written;
} unknown[] = {
    {HEAD ",\"data\":{},\"traceparent\":\"00-1\"}", HEAD ",\"traceparent\":\"00-1\"}"},
    {HEAD ",\"data\":{\"visit\":{\"number\":\"1\",\"new\":{\"a\":[1.50,{}]},\"other\":null},"
          "\"later\":1e9},\"ext\":true}",
     NULL},
    {HEAD ",\"data\":{\"visit\":{\"new\":1},\"location\":{\"bed_class\":{\"new\":2},\"new\":3},"
          "\"swap_id\":\"x\"}}",
     NULL},
    {HEAD ",\"data\":{\"zz\":1,\"location\":{\"new\":3,\"ward\":\"A\",\"bed_class\":{\"x\":1}},"
          "\"visit\":{\"new\":\"\\u00e9\"}}}",
     HEAD ",\"data\":{\"visit\":{\"new\":\"\\u00e9\"},\"location\":{\"ward\":\"A\",\"bed_class\":{"
          "\"x\":1},\"new\":3},\"zz\":1}}"},
    {HEAD ",\"data\":{\"patient\":{\"ids\":[{\"value\":\"1\",\"from\":[1]},{\"from\":2}]}}}", NULL},
    {HEAD ",\"n\\u0065w\":{\"a\":\n1,\r\n\"b\":\"c\\nd\"}}",
     HEAD ",\"new\":{\"a\": 1,  \"b\":\"c\\nd\"}}"},
};

/* CloudEvents rows 6 and 8. */
START_TEST(test_unknown_members_are_written_back)
{
    struct event *e = decoded(slice_str(unknown[_i].read));
    const char *wanted = unknown[_i].written ? unknown[_i].written : unknown[_i].read;
    kit_assert_slice(encoded(e, NULL), slice_str(wanted));
    ck_assert(!memchr(out.p, '\n', out.n));
}
END_TEST

/* CloudEvents row 6. */
START_TEST(test_extensions_are_found)
{
    struct event *e = decoded(SLICE(HEAD ",\"ext\":\"x\",\"n\":1,\"data\":{\"m\":2}}"));
    kit_assert_slice(event_extension(e, SLICE("ext")), SLICE("\"x\""));
    kit_assert_slice(event_extension(e, SLICE("n")), SLICE("1"));
    kit_assert_slice(event_extension(e, SLICE("m")), SLICE_ABSENT);
}
END_TEST

START_TEST(test_plain_strings_are_views_and_escaped_ones_decoded)
{
    struct slice json = SLICE(HEAD ",\"subject\":\"plain\",\"data\":{\"swap_id\":\"a\\nb\"}}");
    struct event *e = decoded(json);
    struct slice plain = event_get(e, EV_SUBJECT);
    ck_assert(plain.p > json.p && plain.p < json.p + json.n);
    kit_assert_slice(plain, SLICE("plain"));
    kit_assert_slice(event_get(e, EV_DATA_SWAP_ID), SLICE("a\nb"));
}
END_TEST

START_TEST(test_null_is_kept_where_the_schema_gives_it_a_meaning)
{
    static const unsigned fields[] = {EV_DATA_PATIENT_DIED_AT, EV_DATA_VISIT_DISCHARGED_AT,
                                      EV_DATA_VISIT_EXPECTED_DISCHARGE_AT, EV_DATA_VISIT_READY_AT,
                                      EV_DATA_PENDING_LOCATION_RAW};
    struct event *e = small_event();
    for (unsigned i = 0; i < 5; i++)
        ck_assert(event_put_null(e, fields[i]));
    struct slice text = encoded(e, NULL);
    kit_assert_slice(
        text,
        SLICE(HEAD ",\"data\":{\"patient\":{\"died_at\":null},\"visit\":{\"discharged_at\":null,"
                   "\"expected_discharge_at\":null,\"ready_at\":null},"
                   "\"pending_location\":{\"raw\":null}}}"));
    struct event *again = decoded(arena_copy(&arena, text));
    for (unsigned i = 0; i < event_nfields; i++)
        ck_assert_int_eq(event_is_null(again, i), event_is_null(e, i));
    kit_assert_slice(encoded(again, NULL), arena_copy(&arena, text));
}
END_TEST

START_TEST(test_null_and_empty_objects_say_nothing)
{
    struct event *e =
        decoded(SLICE(HEAD ",\"subject\":null,\"data\":{\"patient\":null,\"visit\":{},"
                           "\"quality\":[],\"changes\":null,\"wait\":{\"minutes\":"
                           "null}}}"));
    kit_assert_slice(encoded(e, NULL), SLICE(HEAD "}"));
}
END_TEST

static const struct {
    const char *json, *what;
} bad[] = {
    {"", "line 1"},
    {"[]", "the event is no JSON object"},
    {"1", "the event is no JSON object"},
    {"{}", "attribute specversion is missing"},
    {"{\"specversion\":\"1.0\"}", "attribute id is missing"},
    {"{\"specversion\":\"1.0\",\"id\":\"\",\"type\":\"t\",\"source\":\"s\"}", "attribute id"},
    {"{\"specversion\":\"0.3\",\"id\":\"1\",\"type\":\"t\",\"source\":\"s\"}", "not 1.0"},
    {HEAD ",\"id\":\"again\"}", "line 1, column 55: a member has the same name"},
    {HEAD ",\"x\":1,\"x\":1}", "same name"},
    {HEAD ",\"data\":{\"visit\":{}},\"data\":{}}", "same name"},
    {HEAD ",\"data\":{\"visit\":{\"y\":1,\"y\":2}}}", "same name"},
    {HEAD
     ",\"data\":{\"patient\":{\"ids\":[{\"value\":\"1\"},{\"value\":\"1\",\"value\":\"2\"}]}}}",
     "same name"},
    {HEAD ",\"data\":{\"patient\":{\"ids\":[{\"u\":1,\"u\":2}]}}}", "same name"},
    {HEAD ",\"x\":[{\"a\":1,\"a\":2}]}", "same name"},
    {HEAD ",\"data\":[]}", "data is no object"},
    {HEAD ",\"data\":\"text\"}", "data is no object"},
    {HEAD ",\"data\":{\"patient\":{\"gender\":\"1\"}}}", "data.patient.gender is no object"},
    {HEAD ",\"data\":{\"sector\":1}}", "data.sector is no string"},
    {HEAD ",\"data\":{\"wait\":{\"minutes\":\"4\"}}}", "data.wait.minutes is no number"},
    {HEAD ",\"data\":{\"wait\":{\"minutes\":4.5}}}", "data.wait.minutes is no whole number"},
    {HEAD ",\"data\":{\"visit\":{\"ready\":\"true\"}}}", "neither true nor false"},
    {HEAD ",\"data\":{\"quality\":\"x\"}}", "data.quality is no list"},
    {HEAD ",\"data\":{\"quality\":[[]]}}", "data.quality has an entry that is no string"},
    {HEAD ",\"data\":{\"changes\":[1]}}", "data.changes has an entry that is no object"},
    {HEAD ",\"data\":{\"changes\":[{\"path\":{}}]}}", "data.changes.path is no string"},
    {HEAD ",", "line 1"},
};

/* CloudEvents row 1. */
START_TEST(test_what_is_no_event_is_refused)
{
    struct event *e = NULL;
    struct kit_guard g;
    kit_guard_open(&g, slice_str(bad[_i].json));
    ck_assert_int_eq(event_decode(g.bytes, &arena, &e, &err), -1);
    kit_guard_close(&g);
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_msg(strstr(err.text, bad[_i].what) != NULL, "%s: %s", bad[_i].json, err.text);
    ck_assert_ptr_null(e);
}
END_TEST

/* head, then n times piece (%u counts), then tail. */
static int decode_many(const char *head, const char *piece, unsigned n, const char *tail)
{
    struct event *e = NULL;
    buf_reset(&out);
    buf_puts(&out, head);
    for (unsigned i = 0; i < n; i++)
        buf_put(&out, arena_printf(&arena, "%s%s%u%s", i ? "," : "", piece, i,
                                   piece[0] == '[' ? "]" : "\""));
    buf_puts(&out, tail);
    return event_decode(buf_slice(&out), &arena, &e, &err);
}

START_TEST(test_lists_and_unknown_members_are_bounded)
{
    ck_assert_int_eq(decode_many(HEAD ",\"data\":{\"quality\":[", "\"", EVENT_LIST_MAX, "]}}"), 0);
    ck_assert_int_eq(decode_many(HEAD ",\"data\":{\"quality\":[", "\"", EVENT_LIST_MAX + 1, "]}}"),
                     -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.text, "data.quality has more than 256 entries"));
    ck_assert_int_eq(decode_many(HEAD ",", "\"v\":\"\",\"x", 0, "\"x\":1}"), 0);
    for (unsigned n = 64; n <= 65; n++) {
        buf_reset(&out);
        buf_puts(&out, HEAD);
        for (unsigned i = 0; i < n; i++)
            buf_put(&out, arena_printf(&arena, ",\"x%u\":%u", i, i));
        buf_puts(&out, "}");
        struct event *e = NULL;
        ck_assert_int_eq(event_decode(buf_slice(&out), &arena, &e, &err), n == 64 ? 0 : -1);
    }
    ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

START_TEST(test_size_is_bounded)
{
    struct event *e = NULL;
    char *text = malloc(EVENT_SIZE_MAX + 1);
    memset(text, ' ', EVENT_SIZE_MAX + 1);
    memcpy(text, HEAD "}", sizeof(HEAD));
    ck_assert_int_eq(event_decode(slice_make(text, EVENT_SIZE_MAX), &arena, &e, &err), 0);
    ck_assert_int_eq(event_decode(slice_make(text, EVENT_SIZE_MAX + 1), &arena, &e, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    free(text);
}
END_TEST

START_TEST(test_a_full_arena_is_an_error_at_every_allocation)
{
    static const char text[] =
        HEAD ",\"ext\":{\"a\":\"\\n\"},\"data\":{\"patient\":{\"ids\":[{\"value\":\"\\t1\"}]},"
             "\"quality\":[\"a\",\"b\",\"c\",\"d\",\"e\\n\"],\"z\":{\n\"x\":1}}}";
    bool done = false;
    for (size_t max = 0; !done; max += 16) {
        struct arena small;
        struct event *e = NULL;
        arena_init(&small, max);
        done = event_decode(slice_str(text), &small, &e, &err) == 0;
        if (!done)
            ck_assert_int_eq(err.code, ERR_LIMIT);
        arena_fini(&small);
        ck_assert_uint_lt(max, 100000);
    }
}
END_TEST

/* Reads the example of a schema as an event and compares what is written with the example. */
static void check_example(const char *path)
{
    struct slice file = kit_read(path);
    struct json *schema = NULL;
    struct buf again;
    struct json_writer *w = NULL;
    ck_assert_int_eq(json_read(file, &json_default_limits, &arena, &schema, &err), 0);
    struct json *example = json_get(schema, "examples");
    ck_assert_msg(example && example->child, "%s has no example", path);
    example->child->name = SLICE_ABSENT;
    buf_init(&again, 1 << 20);
    ck_assert_int_eq(json_writer_open(&again, &w, &err), 0);
    json_tree(w, example->child);
    struct event *e = decoded(buf_slice(&again));
    kit_assert_slice(encoded(e, NULL), buf_slice(&again));
    ck_assert(event_type_known(event_get(e, EV_TYPE)));
    json_writer_close(w);
    buf_fini(&again);
    free((void *)(uintptr_t)file.p);
    arena_reset(&arena);
}

START_TEST(test_every_example_comes_back_byte_for_byte)
{
    char path[1024];
    unsigned n = 0;
    snprintf(path, sizeof(path), "%s/events", getenv("WEIR_SCHEMAS"));
    DIR *dir = opendir(path);
    ck_assert_msg(dir != NULL, "WEIR_SCHEMAS does not name the schemas");
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/events/%s", getenv("WEIR_SCHEMAS"), d->d_name);
        check_example(path);
        n++;
    }
    closedir(dir);
    ck_assert_uint_eq(n, EVENT_NTYPES);
}
END_TEST

Suite *event_codec_suite(void)
{
    Suite *s = suite_create("event_codec");
    TCase *tc = tcase_create("event_codec");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_members_nest_and_stand_in_schema_order);
    tcase_add_test(tc, test_keep_lets_through_what_it_names_and_no_more);
    tcase_add_loop_test(tc, test_unknown_members_are_written_back, 0,
                        sizeof(unknown) / sizeof(unknown[0]));
    tcase_add_test(tc, test_extensions_are_found);
    tcase_add_test(tc, test_plain_strings_are_views_and_escaped_ones_decoded);
    tcase_add_test(tc, test_null_is_kept_where_the_schema_gives_it_a_meaning);
    tcase_add_test(tc, test_null_and_empty_objects_say_nothing);
    tcase_add_loop_test(tc, test_what_is_no_event_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tc, test_lists_and_unknown_members_are_bounded);
    tcase_add_test(tc, test_size_is_bounded);
    tcase_add_test(tc, test_a_full_arena_is_an_error_at_every_allocation);
    tcase_add_test(tc, test_every_example_comes_back_byte_for_byte);
    suite_add_tcase(s, tc);
    return s;
}
