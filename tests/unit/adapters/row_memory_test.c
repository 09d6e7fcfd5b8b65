#include "adapters_bed.h"
#include "row_file.h"

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

/* Steps to its end. */
static unsigned go_on(struct row_file *f)
{
    struct err err = {0};
    enum row_file_step step;
    unsigned n = 0;
    do {
        step = row_file_go_on(f, &err);
        n++;
    } while (step == ROW_FILE_GOES_ON);
    ck_assert_msg(step == ROW_FILE_DONE, "%s", err.text);
    return n;
}

static unsigned save(struct row_memory *m, const char *path)
{
    struct row_file f = {.stream = NULL};
    struct row_hash columns[] = {{1, 4}, {2, 8}};
    struct err err = {0};
    ck_assert_msg(row_file_write(&f, m, columns, 2, path, &err) == 0, "%s", err.text);
    return go_on(&f);
}

static unsigned load(struct row_memory *m, const char *path)
{
    struct row_file f = {.stream = NULL};
    row_file_read(&f, m, path);
    return go_on(&f);
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
    load(&m, p.path); /* none yet */
    put(&m, 0, ROWS / 2);
    ck_assert_int_eq(row_memory_look(&m, hash_of(7)), ROW_REPEATED);
    save(&m, p.path);
    load(&m, p.path);
    ck_assert_uint_eq(m.ncolumns, 2);
    ck_assert_uint_eq(m.columns[1].b, 8);
    /* The next file lacks the first ten, and has ten more. */
    for (uint64_t i = 10; i < ROWS / 2; i++)
        ck_assert_int_eq(row_memory_look(&m, hash_of(i)), ROW_UNCHANGED);
    ck_assert_int_eq(row_memory_look(&m, hash_of(10)), ROW_UNCHANGED);
    put(&m, ROWS, ROWS + 10);
    save(&m, p.path);
    load(&m, p.path);
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
    load(&m, p.path);
    ck_assert_uint_eq(m.used, 100);
    ck_assert_int_eq(row_memory_look(&m, hash_of(99)), ROW_UNCHANGED);
    put(&m, 300, 500); /* 99 of them: 99 is seen already */
    ck_assert_uint_eq(m.seen, 100);
    ck_assert_uint_eq(m.used, 199);
    /* Of a larger memory, what a smaller one may keep. */
    save(&m, p.path);
    m.max = 10;
    load(&m, p.path);
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
        load(&m, p.path);
        ck_assert_uint_eq(m.used, 0);
        ck_assert_uint_eq(m.ncolumns, 0);
    }
    char *bytes = malloc(whole.n);
    for (size_t at = 0; at < whole.n; at += 5) {
        memcpy(bytes, whole.p, whole.n);
        bytes[at] ^= 0x10;
        kit_dir_write(&p.dir, "a.rows", slice_make(bytes, whole.n));
        load(&m, p.path);
        ck_assert_uint_eq(m.used, 0);
    }
    free(bytes);
    free((void *)(uintptr_t)whole.p);
    row_memory_fini(&m);
    kit_dir_close(&p.dir);
}
END_TEST

/* Other connections have their turn meanwhile. */
START_TEST(many_rows_go_in_parts)
{
    enum { MANY = 6 * ROW_FILE_PART };
    struct place p;
    struct row_memory m;
    place_open(&p);
    row_memory_init(&m, MANY);
    put(&m, 0, MANY);
    ck_assert_uint_ge(save(&m, p.path), 2);
    ck_assert_uint_ge(load(&m, p.path), 6);
    ck_assert_uint_eq(m.used, MANY);
    ck_assert_int_eq(row_memory_look(&m, hash_of(MANY - 1)), ROW_UNCHANGED);
    row_memory_fini(&m);
    kit_dir_close(&p.dir);
}
END_TEST

/* One that is given up half way, by a reload or as the process ends, leaves the former one. */
START_TEST(what_is_given_up_changes_nothing)
{
    enum { MANY = 6 * ROW_FILE_PART };
    struct place p;
    struct row_memory m;
    struct row_file f = {.stream = NULL};
    struct err err = {0};
    place_open(&p);
    row_memory_init(&m, MANY);
    put(&m, 0, 10);
    save(&m, p.path);
    put(&m, 10, MANY);
    ck_assert_int_eq(row_file_write(&f, &m, NULL, 0, p.path, &err), 0);
    ck_assert_int_eq(row_file_go_on(&f, &err), ROW_FILE_GOES_ON);
    row_file_close(&f);
    load(&m, p.path);
    ck_assert_uint_eq(m.used, 10);
    row_memory_fini(&m);
    kit_dir_close(&p.dir);
}
END_TEST

START_TEST(a_folder_that_is_not_there)
{
    struct row_memory m;
    struct row_file f = {.stream = NULL};
    struct err err = {0};
    row_memory_init(&m, 10);
    ck_assert_int_eq(row_file_write(&f, &m, NULL, 0, "/nonexistent/a.rows", &err), -1);
    ck_assert_int_eq(err.code, ERR_IO);
    load(&m, "/nonexistent/a.rows");
    ck_assert_uint_eq(m.used, 0);
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
    tcase_add_test(t, many_rows_go_in_parts);
    tcase_add_test(t, what_is_given_up_changes_nothing);
    tcase_add_test(t, a_folder_that_is_not_there);
    suite_add_tcase(s, t);
    return s;
}
