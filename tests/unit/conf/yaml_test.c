#include "buf.h"
#include "conf_suites.h"
#include "kit.h"
#include "yaml.h"

#include <stdlib.h>

static const char *env(const char *name, void *arg)
{
    (void)arg;
    if (strcmp(name, "HOST") == 0)
        return "h1: [x]";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static int read_text(struct arena *arena, const char *text, struct yaml **ret, struct err *reterr)
{
    struct kit_guard guard;
    kit_guard_open(&guard, slice_str(text));
    int rc = yaml_read(guard.bytes, "t.yaml", env, NULL, arena, ret, reterr);
    kit_guard_close(&guard);
    return rc;
}

START_TEST(values_know_where_they_stand)
{
    struct arena arena;
    struct err err;
    struct yaml *root, *n;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(
        read_text(&arena, "a: 1\nb:\n  - x\n  - 'y'\n  - \"\"\nc: ~\nd:\n", &root, &err), 0);
    ck_assert_int_eq(root->kind, YAML_MAP);
    ck_assert_uint_eq(root->count, 4);
    kit_assert_slice(yaml_get(root, "a")->text, SLICE("1"));
    n = yaml_get(root, "b");
    ck_assert_int_eq(n->kind, YAML_LIST);
    ck_assert_uint_eq(n->count, 3);
    n = n->child->next;
    ck_assert(n->quoted && n->line == 4 && n->column == 5);
    kit_assert_slice(n->next->text, SLICE(""));
    n = yaml_get(root, "c");
    ck_assert(!slice_present(n->text) && n->name_line == 6 && n->name_column == 1);
    ck_assert(!slice_present(yaml_get(root, "d")->text));
    ck_assert(yaml_get(root, "e") == NULL && yaml_get(NULL, "e") == NULL);
    yaml_err(n, &err, "what %s", "is wrong");
    ck_assert_str_eq(err.text, "t.yaml:6:4: what is wrong");
    arena_fini(&arena);
}
END_TEST

START_TEST(nothing_is_a_scalar_without_text)
{
    struct arena arena;
    struct err err;
    struct yaml *root;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(read_text(&arena, "", &root, &err), 0);
    ck_assert(root->kind == YAML_SCALAR && !slice_present(root->text));
    ck_assert_int_eq(read_text(&arena, "# only a comment\n", &root, &err), 0);
    ck_assert(root->kind == YAML_SCALAR && !slice_present(root->text));
    arena_fini(&arena);
}
END_TEST

START_TEST(variables_are_expanded_after_parsing)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"a: ${HOST}", "h1: [x]"},
        {"a: x${HOST}y", "xh1: [x]y"},
        {"a: ${NO:-d}", "d"},
        {"a: ${EMPTY:-d}", "d"},
        {"a: ${HOST:?must be}", "h1: [x]"},
        {"a: $${HOST}", "${HOST}"},
        {"a: '${HOST}'", "h1: [x]"},
        {"a: $5 $ {x}", "$5 $ {x}"},
        {"a: ${NO:-}", NULL},
        {"a: '${NO:-}'", ""},
        {"a: ${EMPTY}", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct err err;
        struct yaml *root;
        arena_init(&arena, 1 << 20);
        ck_assert_msg(read_text(&arena, rows[i].text, &root, &err) == 0, "%s", err.text);
        kit_assert_slice(yaml_get(root, "a")->text, slice_str(rows[i].want));
        arena_fini(&arena);
    }
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"a: 1\nb: 2\na: 3", "t.yaml:3:1: \"a\" stands here twice; the first is on line 1"},
        {"a: &x 1", "t.yaml:1:4: anchors"},
        {"a: *x", "t.yaml:1:4: anchors"},
        {"a: !!int 1", "t.yaml:1:4: anchors"},
        {"a: 1\n---\nb: 2", "second document"},
        {"a: [1", "t.yaml:"},
        {"a:\n\t- x", "t.yaml:2:1: a tab does not indent"},
        {"a:\n  b: 1\n \tc: 2\n", "t.yaml:3:"},
        {"? [a]\n: b", "a key must be plain text"},
        {"a: \"x\\0y\"", "NUL"},
        {"a: ${NO}", "t.yaml:1:4: the variable NO is not set"},
        {"a: ${EMPTY:?give it}", "EMPTY: give it"},
        {"a: ${NO", "without its"},
        {"a: ${NO:-${HOST}}", "inside another"},
        {"a: ${1X}", "not the name of a variable"},
        {"a: ${HOST:+x}", ":-default"},
        {"a: \xff", "UTF-8"},
        {"{}{}", "t.yaml:1:3"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct err err = {0};
        struct yaml *root = NULL;
        arena_init(&arena, 1 << 20);
        ck_assert_msg(read_text(&arena, rows[i].text, &root, &err) == -1, "%s", rows[i].text);
        ck_assert_msg(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].text, err.text);
        ck_assert_int_eq(err.code, ERR_CONF);
        ck_assert(root == NULL);
        arena_fini(&arena);
    }
}
END_TEST

static int read_repeated(const char *piece, unsigned n, size_t room, struct err *reterr)
{
    struct arena arena;
    struct yaml *root;
    struct buf b;
    buf_init(&b, 64 << 20);
    for (unsigned i = 0; i < n; i++)
        buf_puts(&b, piece);
    arena_init(&arena, room);
    int rc = yaml_read(buf_slice(&b), "t.yaml", env, NULL, &arena, &root, reterr);
    arena_fini(&arena);
    buf_fini(&b);
    return rc;
}

START_TEST(limits)
{
    struct err err;
    ck_assert_int_eq(read_repeated("- ", YAML_DEPTH_MAX + 1, 1 << 20, &err), -1);
    ck_assert_msg(strstr(err.text, "too deep") != NULL, "%s", err.text);
    ck_assert_int_eq(read_repeated("- a\n", YAML_NODES_MAX + 1, 256 << 20, &err), -1);
    ck_assert_msg(strstr(err.text, "too many") != NULL, "%s", err.text);
    ck_assert_int_eq(read_repeated("# 345678\n", YAML_BYTES_MAX / 9 + 1, 1 << 20, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_int_eq(read_repeated("- a\n", 1000, 4096, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

START_TEST(nearest_word)
{
    static const char *const words[] = {"listen", "allow", "frame_max", "per_peer"};
    ck_assert_str_eq(yaml_nearest(SLICE("lisetn"), words, 4), "listen");
    ck_assert_str_eq(yaml_nearest(SLICE("Frame-Max"), words, 4), "frame_max");
    ck_assert_str_eq(yaml_nearest(SLICE("alow"), words, 4), "allow");
    ck_assert(yaml_nearest(SLICE("something"), words, 4) == NULL);
    ck_assert(yaml_nearest(SLICE(""), words, 4) == NULL);
}
END_TEST

START_TEST(files)
{
    struct arena arena;
    struct err err;
    struct yaml *root;
    struct kit_dir dir;
    char path[512];
    arena_init(&arena, 1 << 20);
    kit_dir_open(&dir);
    kit_dir_write(&dir, "a.yaml", SLICE("a: 1\n"));
    kit_dir_file(&dir, "a.yaml", path, sizeof(path));
    ck_assert_int_eq(yaml_read_file(path, NULL, NULL, &arena, &root, &err), 0);
    ck_assert_str_eq(yaml_get(root, "a")->file, path);
    kit_dir_file(&dir, "none.yaml", path, sizeof(path));
    ck_assert_int_eq(yaml_read_file(path, NULL, NULL, &arena, &root, &err), -1);
    ck_assert_int_eq(err.code, ERR_CONF);
    ck_assert_int_eq(yaml_read_file(dir.path, NULL, NULL, &arena, &root, &err), -1);
    ck_assert_int_eq(err.code, ERR_IO);
    kit_dir_close(&dir);
    arena_fini(&arena);
}
END_TEST

Suite *yaml_suite(void)
{
    Suite *s = suite_create("yaml");
    TCase *t = tcase_create("yaml");
    tcase_add_test(t, values_know_where_they_stand);
    tcase_add_test(t, nothing_is_a_scalar_without_text);
    tcase_add_test(t, variables_are_expanded_after_parsing);
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, limits);
    tcase_add_test(t, nearest_word);
    tcase_add_test(t, files);
    suite_add_tcase(s, t);
    return s;
}
