#include "adapters_bed.h"
#include "row_memory.h"

#include <stdlib.h>

enum { ROWS = 5000 };

/* Low bits that are marks of the table are given, too: they are no part of a hash. */
static struct row_hash hash_of(uint64_t n)
{
    uint64_t x = (n + 1) * 0x9e3779b97f4a7c15ull;
    return (struct row_hash){x ^ x >> 29, x * 0xbf58476d1ce4e5b9ull};
}

/* Rows [from, to) are new and become durable. */
static void put(struct row_memory *m, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        ck_assert_int_eq(row_memory_look(m, hash_of(i)), ROW_NEW);
        row_memory_put(m, hash_of(i));
    }
}

static void save(const struct row_memory *m, const char *path)
{
    struct row_hash columns[] = {{1, 4}, {2, 8}};
    struct err err = {0};
    ck_assert_msg(row_memory_save(m, columns, 2, path, &err) == 0, "%s", err.text);
}

struct place {
    struct kit_dir dir;
    char path[512];
};

static void place_open(struct place *p)
{
    kit_dir_open(&p->dir);
    kit_dir_file(&p->dir, "a.rows", p->path, sizeof(p->path));
}

START_TEST(a_row_of_the_file_before_is_unchanged)
{
    struct place p;
    struct row_memory m;
    place_open(&p);
    row_memory_init(&m, ROWS);
    row_memory_load(&m, p.path); /* none yet */
    put(&m, 0, ROWS / 2);
    ck_assert_int_eq(row_memory_look(&m, hash_of(7)), ROW_REPEATED);
    save(&m, p.path);
    row_memory_load(&m, p.path);
    ck_assert_uint_eq(m.ncolumns, 2);
    ck_assert_uint_eq(m.columns[1].b, 8);
    /* The next file lacks the first ten, and has ten more. */
    for (uint64_t i = 10; i < ROWS / 2; i++)
        ck_assert_int_eq(row_memory_look(&m, hash_of(i)), ROW_UNCHANGED);
    ck_assert_int_eq(row_memory_look(&m, hash_of(10)), ROW_UNCHANGED);
    put(&m, ROWS, ROWS + 10);
    save(&m, p.path);
    row_memory_load(&m, p.path);
    ck_assert_uint_eq(m.used, ROWS / 2);
    for (uint64_t i = 0; i < 10; i++)
        ck_assert_int_eq(row_memory_look(&m, hash_of(i)), ROW_NEW);
    ck_assert_int_eq(row_memory_look(&m, hash_of(ROWS)), ROW_UNCHANGED);
    row_memory_fini(&m);
    kit_dir_close(&p.dir);
}
END_TEST

START_TEST(no_more_is_kept_than_may_be)
{
    struct place p;
    struct row_memory m;
    place_open(&p);
    row_memory_init(&m, 100);
    put(&m, 0, 300);
    save(&m, p.path);
    row_memory_load(&m, p.path);
    ck_assert_uint_eq(m.used, 100);
    ck_assert_int_eq(row_memory_look(&m, hash_of(99)), ROW_UNCHANGED);
    put(&m, 300, 500); /* 99 of them: 99 is seen already */
    ck_assert_uint_eq(m.seen, 100);
    ck_assert_uint_eq(m.used, 199);
    /* Of a larger memory, what a smaller one may keep. */
    save(&m, p.path);
    m.max = 10;
    row_memory_load(&m, p.path);
    ck_assert_uint_eq(m.used, 10);
    row_memory_fini(&m);
    kit_dir_close(&p.dir);
}
END_TEST

START_TEST(what_is_not_whole_is_as_good_as_lost)
{
    struct place p;
    struct row_memory m;
    place_open(&p);
    row_memory_init(&m, ROWS);
    put(&m, 0, 40);
    save(&m, p.path);
    struct slice whole = kit_read(p.path);
    for (size_t cut = 0; cut < whole.n; cut += 7) {
        kit_dir_write(&p.dir, "a.rows", slice_sub(whole, 0, cut));
        row_memory_load(&m, p.path);
        ck_assert_uint_eq(m.used, 0);
        ck_assert_uint_eq(m.ncolumns, 0);
    }
    char *bytes = malloc(whole.n);
    for (size_t at = 0; at < whole.n; at += 5) {
        memcpy(bytes, whole.p, whole.n);
        bytes[at] ^= 0x10;
        kit_dir_write(&p.dir, "a.rows", slice_make(bytes, whole.n));
        row_memory_load(&m, p.path);
        ck_assert_uint_eq(m.used, 0);
    }
    free(bytes);
    free((void *)(uintptr_t)whole.p);
    row_memory_fini(&m);
    kit_dir_close(&p.dir);
}
END_TEST

START_TEST(a_folder_that_is_not_there)
{
    struct row_memory m;
    struct err err = {0};
    row_memory_init(&m, 10);
    ck_assert_int_eq(row_memory_save(&m, NULL, 0, "/nonexistent/a.rows", &err), -1);
    ck_assert_int_eq(err.code, ERR_IO);
    row_memory_fini(&m);
}
END_TEST

Suite *row_memory_suite(void)
{
    Suite *s = suite_create("row memory");
    TCase *t = tcase_create("row memory");
    tcase_add_test(t, a_row_of_the_file_before_is_unchanged);
    tcase_add_test(t, no_more_is_kept_than_may_be);
    tcase_add_test(t, what_is_not_whole_is_as_good_as_lost);
    tcase_add_test(t, a_folder_that_is_not_there);
    suite_add_tcase(s, t);
    return s;
}
