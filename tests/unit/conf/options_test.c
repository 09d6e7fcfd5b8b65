#include "conf.h"
#include "conf_addr.h"
#include "conf_suites.h"
#include "kit.h"

#include <stdlib.h>
#include <sys/stat.h>

struct sample {
    struct slice text, colour_name;
    bool flag;
    int64_t number, time;
    uint64_t size;
    int colour;
    struct conf_texts texts;
    const struct yaml *secret, *node;
};

#define ROW(member) offsetof(struct sample, member)
static const char *const colours[] = {"red", "green", NULL};
static const struct conf_option rows[] = {
    {"text", CONF_TEXT, ROW(text), "preset", .help = "A text."},
    {"colour_name", CONF_TEXT, ROW(colour_name), .choices = colours, .help = "One of two."},
    {"flag", CONF_BOOL, ROW(flag), "true", .help = "A flag."},
    {"number", CONF_INT, ROW(number), "5", 1, 10, .help = "A number."},
    {"time", CONF_DURATION, ROW(time), "30s", 1000, 0, .help = "A time."},
    {"size", CONF_SIZE, ROW(size), "8MiB", 1024, 1 << 30, .help = "A size."},
    {"colour", CONF_CHOICE, ROW(colour), "green", .choices = colours, .help = "One of two."},
    {"texts", CONF_TEXTS, ROW(texts), .help = "Texts."},
    {"secret", CONF_SECRET, ROW(secret), .help = "A secret."},
    {"node", CONF_NODE, ROW(node), .help = "Anything."},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static int read_sample(struct arena *arena, const char *text, struct sample *ret, struct err *err)
{
    struct yaml *root = NULL;
    ck_assert_msg(yaml_read(slice_str(text), "t.yaml", NULL, NULL, arena, &root, err) == 0, "%s",
                  err->text);
    return conf_read(root, rows, ROWS, arena, ret, err);
}

START_TEST(presets_and_values)
{
    struct arena arena;
    struct sample s = {0};
    struct err err;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(conf_read(NULL, rows, ROWS, &arena, &s, &err), 0);
    kit_assert_slice(s.text, SLICE("preset"));
    ck_assert(s.flag && s.number == 5 && s.time == 30000 && s.size == 8 << 20 && s.colour == 1);
    ck_assert(!slice_present(s.colour_name) && s.texts.n == 0 && !s.secret && !s.node);
    ck_assert_int_eq(read_sample(&arena,
                                 "{text: '', flag: false, number: 10, time: 2m, size: 1KiB, "
                                 "colour: red, colour_name: green, texts: [a, 'b'], "
                                 "secret: env:X, node: {a: b}}",
                                 &s, &err),
                     0);
    kit_assert_slice(s.text, SLICE(""));
    ck_assert(!s.flag && s.number == 10 && s.time == 120000 && s.size == 1024 && s.colour == 0);
    ck_assert_uint_eq(s.texts.n, 2);
    kit_assert_slice(s.texts.at[1], SLICE("b"));
    ck_assert(s.secret != NULL && s.node->kind == YAML_MAP);
    ck_assert_int_eq(read_sample(&arena, "texts: one\nnumber:\n", &s, &err), 0);
    ck_assert(s.texts.n == 1 && s.number == 5);
    arena_fini(&arena);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"txet: a", "t.yaml:1:1: \"txet\" is not an option here; did you mean \"text\"?"},
        {"zzzzzz: a", "\"zzzzzz\" is not an option here"},
        {"flag: yes", "t.yaml:1:7: flag: must be true or false"},
        {"number: 0", "must be between 1 and 10"},
        {"number: 11", "must be between 1 and 10"},
        {"number: ten", "a whole number"},
        {"time: 30", "with its unit"},
        {"time: 10ms", "must be 1s or more"},
        {"size: 2GiB", "must be between 1KiB and 1GiB"},
        {"size: big", "number of bytes"},
        {"colour: gren", "did you mean \"green\"?"},
        {"colour: blue", "it is one of red, green"},
        {"text: [a]", "not a list"},
        {"text: {a: b}", "not a map"},
        {"texts: [[a]]", "each entry must be a text"},
        {"secret: hunter2", "never written here"},
        {"secret: 'file:'", "never written here"},
        {"- a", "must be a map"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arena arena;
        struct sample s = {0};
        struct err err = {0};
        arena_init(&arena, 1 << 20);
        ck_assert_msg(read_sample(&arena, cases[i].text, &s, &err) == -1, "%s", cases[i].text);
        ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s: %s", cases[i].text, err.text);
        ck_assert(strstr(err.text, "hunter2") == NULL);
        ck_assert_int_eq(err.code, ERR_CONF);
        arena_fini(&arena);
    }
}
END_TEST

static int read_secret(struct kit_dir *dir, const char *name, struct arena *arena,
                       struct slice *ret, struct err *err)
{
    char config[512];
    struct yaml at = {.kind = YAML_SCALAR, .text = slice_str(name), .line = 1, .column = 1};
    kit_dir_file(dir, "weir.yaml", config, sizeof(config));
    at.file = config;
    return conf_secret(&at, arena, ret, err);
}

static void write_secret(struct kit_dir *dir, const char *name, struct slice text, mode_t mode)
{
    char path[512];
    kit_dir_write(dir, name, text);
    kit_dir_file(dir, name, path, sizeof(path));
    ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(secrets)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *want, *says;
    } cases[] = {
        {"abc\n", 0600, "abc", NULL},        {"abc\r\n", 0640, "abc", NULL},
        {"abc\n\n", 0400, "abc\n", NULL},    {"a b", 0600, "a b", NULL},
        {"abc\n", 0644, NULL, "chmod 600"},  {"abc\n", 0620, NULL, "chmod 600"},
        {"\n", 0600, NULL, "holds nothing"}, {"", 0600, NULL, "holds nothing"},
    };
    struct kit_dir dir;
    struct arena arena;
    struct err err = {0};
    struct slice got;
    arena_init(&arena, 1 << 20);
    kit_dir_open(&dir);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        write_secret(&dir, "key", slice_str(cases[i].text), cases[i].mode);
        int rc = read_secret(&dir, "file:key", &arena, &got, &err);
        ck_assert_int_eq(rc, cases[i].want ? 0 : -1);
        if (cases[i].want)
            kit_assert_slice(got, slice_str(cases[i].want));
        else
            ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
    write_secret(&dir, "nul", slice_make("a\0b", 3), 0600);
    ck_assert_int_eq(read_secret(&dir, "file:nul", &arena, &got, &err), -1);
    ck_assert_int_eq(read_secret(&dir, "file:none", &arena, &got, &err), -1);
    ck_assert_msg(strstr(err.text, "head -c 32 /dev/urandom | base64 >") != NULL, "%s", err.text);
    ck_assert_int_eq(read_secret(&dir, "file:.", &arena, &got, &err), -1);
    setenv("WEIR_TEST_SECRET", "s3", 1);
    ck_assert_int_eq(read_secret(&dir, "env:WEIR_TEST_SECRET", &arena, &got, &err), 0);
    kit_assert_slice(got, SLICE("s3"));
    unsetenv("WEIR_TEST_SECRET");
    ck_assert_int_eq(read_secret(&dir, "env:WEIR_TEST_SECRET", &arena, &got, &err), -1);
    kit_dir_close(&dir);
    arena_fini(&arena);
}
END_TEST

START_TEST(file_names_are_meant_from_the_config)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    kit_assert_slice(conf_path("/etc/weir.yaml", SLICE("keys/a"), &arena), SLICE("/etc/keys/a"));
    kit_assert_slice(conf_path("/etc/weir.yaml", SLICE("../a"), &arena), SLICE("/a"));
    kit_assert_slice(conf_path("/etc/weir.yaml", SLICE("../../a"), &arena), SLICE("/a"));
    kit_assert_slice(conf_path("/weir.yaml", SLICE("./a"), &arena), SLICE("/a"));
    kit_assert_slice(conf_path("/none/x/weir.yaml", SLICE("../a"), &arena), SLICE("/none/a"));
    kit_assert_slice(conf_path("/etc/weir.yaml", SLICE("/b/a"), &arena), SLICE("/b/a"));
    ck_assert(conf_path("weir.yaml", SLICE("a"), &arena).p[0] == '/');
    arena_fini(&arena);
}
END_TEST

START_TEST(addresses)
{
    struct conf_addr a, b;
    ck_assert(conf_addr_port(SLICE("127.0.0.1:2575"), &a) && a.loopback && a.port == 2575);
    ck_assert(conf_addr_port(SLICE("[::1]:0"), &a) && a.loopback && a.port == 0);
    ck_assert(conf_addr_port(SLICE("0.0.0.0:2575"), &a) && a.any && !a.loopback);
    ck_assert(conf_addr_port(SLICE("10.0.0.1:2575"), &b) && conf_addr_clash(&a, &b));
    ck_assert(conf_addr_port(SLICE("10.0.0.2:2575"), &a) && !conf_addr_clash(&a, &b));
    static const char *const bad[] = {"",        "2575",         ":2575",       "127.0.0.1",
                                      "::1:25",  "127.0.0.1:",   "[::1]",       "127.0.0.1:65536",
                                      "host:25", "127.0.0.1:-1", "[1.2.3.4]:5", "1.2.3:5"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(!conf_addr_port(slice_str(bad[i]), &a), "%s", bad[i]);
    ck_assert(conf_addr_net(SLICE("10.1.2.0/23"), &a));
    ck_assert(conf_addr_net(SLICE("10.1.3.255"), &b) && conf_addr_in(&a, &b));
    ck_assert(conf_addr_net(SLICE("::ffff:10.1.2.1"), &b) && conf_addr_in(&a, &b));
    ck_assert(conf_addr_net(SLICE("10.1.4.0"), &b) && !conf_addr_in(&a, &b));
    ck_assert(conf_addr_net(SLICE("0.0.0.0/0"), &a) && conf_addr_in(&a, &b));
    ck_assert(conf_addr_net(SLICE("fd00::/8"), &a) && !conf_addr_in(&a, &b));
    ck_assert(!conf_addr_net(SLICE("10.1.2.3/23"), &a) && !conf_addr_net(SLICE("10.0.0.0/33"), &a));
}
END_TEST

START_TEST(rows_print_themselves)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    conf_print_options(rows, ROWS, &b);
    const char *page = buf_cstr(&b);
    ck_assert(strstr(page, "| `time` | time, 1s or more | `30s` | A time. |\n") != NULL);
    ck_assert(strstr(page, "| `size` | bytes, 1KiB to 1GiB | `8MiB` | A size. |\n") != NULL);
    ck_assert(strstr(page, "| `colour` | red, green | `green` | One of two. |\n") != NULL);
    buf_fini(&b);
}
END_TEST

Suite *options_suite(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");
    tcase_add_test(t, presets_and_values);
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, secrets);
    tcase_add_test(t, file_names_are_meant_from_the_config);
    tcase_add_test(t, addresses);
    tcase_add_test(t, rows_print_themselves);
    suite_add_tcase(s, t);
    return s;
}
