#include <stdio.h>
#include "buf.h"
#include "hl7_msg.h"
#include "kit.h"
#include "map_group.h"
#include "map_sample.h"

/* A message, split and history of a trigger, and the groups wanted: for each, what its order, its
 * control code, its patient and the header are ("-" where there is none), blanks between. */
struct row {
    const char *text, *split, *history, *want;
};

static const struct row rows[] = {
    {"MSH|^~\\&|A\rPID|one\rORC|NW\rOBR|a", "PID ORC OBR", "", "a NW one A"},
    {"MSH|^~\\&|A\rPID|one", "PID ORC OBR", "", "- - one A"},
    {"MSH|^~\\&|A\rORC|NW", "PID ORC OBR", "", "- NW - A"},
    {"MSH|^~\\&|A\rPID|one\rORC|NW\rOBR|a\rORC|CA\rOBR|b", "PID ORC OBR", "",
     "a NW one A, b CA one A"},
    {"MSH|^~\\&|A\rPID|one\rORC|NW\rOBR|a\rOBR|b", "PID ORC OBR", "", "a NW one A, b NW one A"},
    {"MSH|^~\\&|A\rPID|one\rOBR|a\rORC|NW\rOBR|b\rPID|two\rOBR|c", "PID ORC OBR", "",
     "a - one A, b NW one A, c - two A"},
    {"MSH|^~\\&|A\rPID|one\rPID|two\rOBR|a", "PID ORC OBR", "", "- - one A, a - two A"},
    {"MSH|^~\\&|A\rPID|one\rORC|RE\rORC|RE\rOBR|a", "ORC OBR", "", "- RE one A, a RE one A"},
    {"MSH|^~\\&|A\rOBR|a\rPID|one\rOBR|b", "PID ORC OBR", "", "a - - A, b - one A"},
    {"MSH|^~\\&|A\rPID|one\rORC|NW\rOBR|a\rPID|one\rORC|SC\rOBR|old", "ORC OBR", "PID PV1",
     "a NW one A"},
    {"MSH|^~\\&|A\rPID|one\rORC|NW\rOBR|a\rORC|NW\rOBR|b\rPV1|x\rOBR|old", "ORC OBR", "PID PV1",
     "a NW one A, b NW one A"},
    {"MSH|^~\\&|A\rPID|one\rPV1|x\rOBR|a", "ORC OBR", "PID PV1", "a - one A"},
    {"MSH|^~\\&|A\rPID|one\rOBR|a\rOBR|b", "", "", "a - one A"},
};

static void keys_of(const char *text, struct map_keys *ret)
{
    struct slice rest = slice_str(text);
    *ret = (struct map_keys){0};
    while (rest.n)
        ret->at[ret->n++] = hl7_key(slice_split(&rest, ' '));
}

static void describe(const struct hl7_msg *m, const struct map_groups *groups, char *out, size_t n)
{
    static const char *const ids[] = {"OBR", "ORC", "PID", "MSH"};
    size_t at = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < groups->n; i++)
        for (unsigned j = 0; j < 4; j++) {
            uint32_t key = hl7_key(slice_str(ids[j]));
            struct slice field =
                hl7_msg_field(m, hl7_scope_segment(m, groups->at[i], key), j == 3 ? 3 : 1);
            int wrote = snprintf(out + at, n - at, "%s%.*s",
                                 j   ? " "
                                 : i ? ", "
                                     : "",
                                 SLICE_ARG(slice_present(field) ? field : SLICE("-")));
            at += (size_t)wrote;
        }
}

START_TEST(groups_are_told_apart)
{
    static const struct hl7_limits limits = {.segments = 100, .fields = 1000};
    const struct row *row = &rows[_i];
    struct arena arena;
    struct hl7_msg m;
    struct err err;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(hl7_msg_parse(slice_str(row->text), &limits, &arena, &m, &err), 0);
    struct map_trigger trigger = {0};
    struct map_groups groups;
    char got[200];
    keys_of(row->split, &trigger.split);
    keys_of(row->history, &trigger.history);
    ck_assert_int_eq(map_groups_find(&trigger, &m, &arena, &groups, &err), 0);
    describe(&m, &groups, got, sizeof(got));
    ck_assert_str_eq(got, row->want);
    arena_fini(&arena);
}
END_TEST

/* As many as there may be, one more, and too little memory for them. */
START_TEST(groups_have_a_limit)
{
    static const struct hl7_limits limits = {.segments = 5000, .fields = 50000};
    struct map_trigger trigger = {0};
    keys_of("PID OBR", &trigger.split);
    for (unsigned n = MAP_GROUPS_MAX; n <= MAP_GROUPS_MAX + 1; n++) {
        struct arena arena, small;
        struct hl7_msg m;
        struct map_groups groups;
        struct err err;
        arena_init(&arena, 1 << 20);
        arena_init(&small, 100);
        struct buf text;
        buf_init(&text, 1 << 20);
        buf_puts(&text, "MSH|^~\\&");
        for (unsigned i = 0; i < n; i++)
            buf_puts(&text, "\rOBR|");
        ck_assert_int_eq(hl7_msg_parse(buf_slice(&text), &limits, &arena, &m, &err), 0);
        int rc = map_groups_find(&trigger, &m, &arena, &groups, &err);
        ck_assert_int_eq(rc, n == MAP_GROUPS_MAX ? 0 : -1);
        if (rc < 0)
            ck_assert_int_eq(err.code, ERR_LIMIT);
        else
            ck_assert_uint_eq(groups.n, n);
        ck_assert_int_eq(map_groups_find(&trigger, &m, &small, &groups, &err), -1);
        ck_assert_int_eq(err.code, ERR_NOMEM);
        buf_fini(&text);
        arena_fini(&small);
        arena_fini(&arena);
    }
}
END_TEST

Suite *map_group_suite(void)
{
    Suite *s = suite_create("map_group");
    TCase *t = tcase_create("groups");
    tcase_add_loop_test(t, groups_are_told_apart, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(t, groups_have_a_limit);
    suite_add_tcase(s, t);
    return s;
}
