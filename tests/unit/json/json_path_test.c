#include <stdio.h>
#include "json_path.h"
#include "json_suites.h"
#include "kit.h"

static const char sample[] =
    "{\"resourceType\":\"Encounter\",\"status\":\"in-progress\","
    "\"identifier\":[{\"system\":\"urn:a\",\"value\":\"1\"},"
    "{\"system\":\"urn:b\",\"value\":\"2\",\"type\":{\"coding\":[{\"system\":\"s\",\"code\":\"X\"},"
    "{\"system\":\"t\",\"code\":\"VN\"}]}},{\"system\":\"urn:b\",\"value\":\"3\"}],"
    "\"name\":{\"family\":\"O'Neil\",\"given\":[null,\"\",\"Ada\",\"May\"]},"
    "\"gone\":null,\"empty\":\"\",\"none\":[],\"ready\":false,\"days\":1.50,"
    "\"NHS Number\":\"999\",\"a.b\":\"dot\",\"2nd\":\"second\","
    "\"location\":[{\"status\":\"completed\",\"location\":{\"reference\":\"#w1\"}},"
    "{\"status\":\"active\",\"location\":{\"reference\":\"#w2\"}}],"
    "\"contained\":[{\"id\":\"w1\",\"name\":\"Ward 1\",\"partOf\":\"#w2\"},"
    "{\"id\":\"w2\",\"name\":\"Ward 2\"}],"
    "\"vehicles\":[{\"callsign\":\"A1\",\"patients\":[{\"n\":1},{\"n\":2}]},"
    "{\"callsign\":\"A2\",\"patients\":[{\"n\":3}]}]}";

static struct arena arena;
static struct err err;
static struct json *tree;
static struct json_view view;

/* "#id" among the contained. */
static const struct json *resolve(void *arg, const struct json *reference)
{
    (void)arg;
    struct slice id =
        reference->kind == JSON_OBJECT ? json_text(reference, "reference") : json_value(reference);
    const struct json *contained = json_get(tree, "contained");
    for (const struct json *c = contained->child; c && id.n > 1; c = c->next)
        if (slice_eq(json_text(c, "id"), slice_sub(id, 1, id.n)))
            return c;
    return NULL;
}

static void setup(void)
{
    arena_init(&arena, 8 << 20);
    int rc = json_read(slice_str(sample), &json_default_limits, &arena, &tree, &err);
    ck_assert_msg(rc == 0, "%s", err.text);
    view = (struct json_view){.root = tree, .resolve = resolve, .left = 100000};
}

static void teardown(void)
{
    arena_fini(&arena);
}

static const struct json_path *compile(const char *text)
{
    const struct json_path *p = NULL;
    struct kit_guard g;
    size_t at = 0;
    kit_guard_open(&g, slice_str(text));
    int rc = json_path_compile(g.bytes, &arena, &p, &at, &err);
    kit_guard_close(&g);
    ck_assert_msg(rc == 0, "%s: at %zu: %s", text, at, err.text);
    kit_assert_slice(json_path_text(p), slice_str(text));
    return p;
}

START_TEST(test_paths_find_values)
{
    static const struct {
        const char *path, *want;
    } rows[] = {
        {"resourceType", "Encounter"},
        {"identifier.value", "1"},
        {"identifier[2].value", "2"},
        {"identifier[4].value", NULL},
        {"identifier[last].value", "3"},
        {"identifier[system = 'urn:a'][last].value", "1"},
        {"identifier[system = 'urn:b'][last].value", "3"},
        {"identifier[system = 'urn:z'][last].value", NULL},
        {"identifier[last = 'x'].value", NULL},
        {"name[last].family", "O'Neil"},
        {"identifier[*].value", "1"},
        {"identifier[system = 'urn:b'].value", "2"},
        {"identifier[ system='urn:b' ][2].value", "3"},
        {"identifier[system = 'urn:b'][3].value", NULL},
        {"identifier[system != 'urn:a'].value", "2"},
        {"identifier[type.coding[system = 't'].code = 'VN'].value", "2"},
        {"identifier[type.coding.code = 'VN' and system = 'urn:b'].value", "2"},
        {"identifier[type.coding.code = 'VN' and system = 'urn:a'].value", NULL},
        {"identifier[type.coding.code = ''].value", "1"},
        {"identifier[type.coding.code != ''].value", "2"},
        {"name.family", "O'Neil"},
        {"name[family = 'O''Neil'].given", "Ada"},
        {"name[1].family", "O'Neil"},
        {"name[2].family", NULL},
        {"name[*].given[4]", "May"},
        {"name.given[. = 'May']", "May"},
        {"name.given[. != 'May']", "Ada"},
        {"name", NULL},
        {"family", NULL},
        {"status.family", NULL},
        {"gone", NULL},
        {"gone.x", NULL},
        {"empty", ""},
        {"none", NULL},
        {"ready", "false"},
        {"ready[. = 'false']", "false"},
        {"days", "1.50"},
        {"'NHS Number'", "999"},
        {"'a.b'", "dot"},
        {"2nd", "second"},
        {"location[status = 'active'].location.resolve().name", "Ward 2"},
        {"location.location.resolve().partOf.resolve().name", "Ward 2"},
        {"location[location.resolve().name = 'Ward 2'].status", "active"},
        {"status.resolve().name", NULL},
        {"%bundle", NULL},
        {"%bundle.status", NULL},
        {"identifier[%bundle.status = 'x'].value", NULL},
        {"%entry", NULL},
        {"%entry.status", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice got = json_value(json_path_get(compile(rows[i].path), &view));
        ck_assert_msg(rows[i].want ? slice_present(got) && slice_eq_str(got, rows[i].want)
                                   : !slice_present(got),
                      "%s gives <%.*s>", rows[i].path, SLICE_ARG(got));
    }
    view.bundle = tree;
    view.root = json_get(tree, "name");
    kit_assert_slice(json_value(json_path_get(compile("%bundle.status"), &view)),
                     SLICE("in-progress"));
    kit_assert_slice(json_value(json_path_get(compile("given[%bundle.ready = 'false']"), &view)),
                     SLICE("Ada"));
    ck_assert_ptr_null(json_path_get(compile("%entry.status"), &view));
    view.entry = tree;
    kit_assert_slice(json_value(json_path_get(compile("%entry.status"), &view)),
                     SLICE("in-progress"));
    kit_assert_slice(json_value(json_path_get(compile("given[%entry.ready = 'false']"), &view)),
                     SLICE("Ada"));
}
END_TEST

START_TEST(test_states_are_told_apart)
{
    static const struct {
        const char *path;
        enum json_state want;
    } rows[] = {{"nowhere", JSON_IS_ABSENT},     {"none", JSON_IS_ABSENT},
                {"gone", JSON_IS_NULL},          {"empty", JSON_IS_EMPTY},
                {"ready", JSON_IS_VALUE},        {"name", JSON_IS_VALUE},
                {"name.given[1]", JSON_IS_NULL}, {"name.given", JSON_IS_VALUE}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(json_state_of(json_path_get(compile(rows[i].path), &view)) == rows[i].want,
                      "%s", rows[i].path);
}
END_TEST

struct seen {
    char text[200];
    unsigned stop;
    bool lists;
};

static bool collect(const struct json *list, const struct json *value, void *arg)
{
    struct seen *s = arg;
    struct slice text = json_value(value);
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof(s->text) - n, "%.*s ", SLICE_ARG(text));
    s->lists |= list != NULL;
    return !s->stop || --s->stop;
}

static void each(const char *path, unsigned stop, const char *want, bool lists)
{
    struct seen s = {.stop = stop};
    json_path_each(compile(path), &view, collect, &s);
    ck_assert_str_eq(s.text, want);
    ck_assert_int_eq(s.lists, lists);
}

START_TEST(test_all_values_come_in_order)
{
    each("identifier.value", 0, "1 2 3 ", false);
    each("identifier[*].value", 2, "1 2 ", false);
    each("identifier[system = 'urn:b'].value", 0, "2 3 ", false);
    each("name.given", 0, "  Ada May ", true);
    each("vehicles.patients.n", 0, "1 2 3 ", false);
    each("status", 0, "in-progress ", false);
    each("none", 0, "", false);
    each("nowhere", 0, "", false);
}
END_TEST

START_TEST(test_the_element_at_hand_hides_its_neighbours)
{
    const struct json *vehicles = json_get(tree, "vehicles"), *second = vehicles->child->next;
    const struct json *patients = json_get(vehicles->child, "patients");
    struct json_scope outer = {vehicles, second, NULL};
    view.scope = &outer;
    each("vehicles.callsign", 0, "A2 ", false);
    each("vehicles.patients.n", 0, "3 ", false);
    each("vehicles[*].callsign", 0, "A1 A2 ", false);
    each("vehicles[1].callsign", 0, "A1 ", false);
    each("vehicles[callsign = 'A1'].callsign", 0, "", false);
    each("vehicles[callsign = 'A2'].callsign", 0, "A2 ", false);
    each("status", 0, "in-progress ", false);
    outer.element = vehicles->child;
    struct json_scope inner = {patients, patients->child->next, &outer};
    view.scope = &inner;
    each("vehicles.patients.n", 0, "2 ", false);
    each("vehicles.callsign", 0, "A1 ", false);
}
END_TEST

START_TEST(test_wrong_paths_are_refused_where_they_are_wrong)
{
    static const struct {
        const char *path;
        size_t at;
        const char *says;
    } rows[] = {
        {"", 0, "a name is wanted"},
        {".a", 0, "a name is wanted"},
        {"a.", 2, "a name is wanted"},
        {"a b", 1, "steps are joined by"},
        {"a..b", 2, "a name is wanted"},
        {"a[", 2, "a name is wanted"},
        {"a[0]", 2, "from 1 to"},
        {"a[100000]", 2, "from 1 to"},
        {"a[1", 3, "= or != is wanted"},
        {"a[*", 3, "closed by ]"},
        {"a[*][1]", 5, "nothing is chosen behind"},
        {"a[last][1]", 8, "nothing is chosen behind"},
        {"a[last ]", 7, "= or != is wanted"},
        {"a[b = 'c'][d = 'e']", 11, "from 1 to"},
        {"a[b]", 3, "= or !="},
        {"a[b = c]", 6, "single quotes"},
        {"a[b = 'c]", 6, "never closed"},
        {"a[b = 'c' or d = 'e']", 10, "closed by ]"},
        {"'a", 0, "never closed"},
        {"''", 2, "between the quotes"},
        {"first()", 0, "only function"},
        {"resolve(x)", 0, "only function"},
        {"%bundlex", 7, "steps are joined"},
        {"a[b[c[d[e[f = '1'] = '1'] = '1'] = '1'] = '1']", 10, "more than 4 deep"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct json_path *p = NULL;
        size_t at = 99;
        struct kit_guard g;
        kit_guard_open(&g, slice_str(rows[i].path));
        ck_assert_int_eq(json_path_compile(g.bytes, &arena, &p, &at, &err), -1);
        kit_guard_close(&g);
        ck_assert_ptr_null(p);
        ck_assert_int_eq(err.code, ERR_CONF);
        ck_assert_msg(at == rows[i].at, "%s: at %zu: %s", rows[i].path, at, err.text);
        ck_assert_msg(strstr(err.text, rows[i].says), "%s: %s", rows[i].path, err.text);
    }
}
END_TEST

START_TEST(test_limits_of_a_path)
{
    char steps[200] = "a", tests[400] = "a[b = '1'";
    const struct json_path *p = NULL;
    size_t at;
    for (unsigned i = 1; i < 32; i++)
        strcat(steps, ".a");
    compile(steps);
    strcat(steps, ".a");
    ck_assert_int_eq(json_path_compile(slice_str(steps), &arena, &p, &at, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "more than 32 steps"));
    for (unsigned i = 1; i < 9; i++)
        strcat(tests, " and b = '1'");
    strcat(tests, "]");
    ck_assert_int_eq(json_path_compile(slice_str(tests), &arena, &p, &at, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "more than 8 tests"));
    struct arena small;
    arena_init(&small, 64);
    ck_assert_int_eq(json_path_compile(SLICE("a.b.c.d"), &small, &p, &at, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "no room"));
    arena_fini(&small);
}
END_TEST

/* Whatever a tree looks like: so many looks, and no more. */
START_TEST(test_looking_is_bounded)
{
    const struct json_path *p = compile("vehicles.patients.n");
    for (size_t left = 0; left < 20; left++) {
        view.left = left;
        json_path_get(p, &view);
        ck_assert_uint_le(view.left, left);
    }
    view.left = 5;
    ck_assert_ptr_null(json_path_get(p, &view));
    ck_assert_uint_eq(view.left, 0);
    view.left = 100;
    ck_assert_ptr_nonnull(json_path_get(p, &view));
    ck_assert_uint_gt(view.left, 0);
}
END_TEST

Suite *json_path_suite(void)
{
    Suite *s = suite_create("json_path");
    TCase *tc = tcase_create("json_path");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_paths_find_values);
    tcase_add_test(tc, test_states_are_told_apart);
    tcase_add_test(tc, test_all_values_come_in_order);
    tcase_add_test(tc, test_the_element_at_hand_hides_its_neighbours);
    tcase_add_test(tc, test_wrong_paths_are_refused_where_they_are_wrong);
    tcase_add_test(tc, test_limits_of_a_path);
    tcase_add_test(tc, test_looking_is_bounded);
    suite_add_tcase(s, tc);
    return s;
}
