/* test_embedded.c - what only the embedded engine promises: its files, its lock, other processes,
 * and a WAL that no reader makes grow. */
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "num.h"
#include "stream_bed.h"
#include "stream_embedded_kept.h"
#include "test_stream.h"

static struct stream_bed bed;

static void path_of(const char *name, char path[512])
{
    kit_dir_file(&bed.dir, name, path, 512);
}

START_TEST(a_second_writer_is_told_who_holds_the_file)
{
    stream_bed_open(&bed, "embedded");
    struct stream *s = stream_bed_handle(&bed, "acute"), *second;
    struct err e = {0};
    bed.options.writer = SLICE("acute");
    ck_assert_int_eq(stream_open(&bed.options, &second, &e), -1);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    char holder[60];
    snprintf(holder, sizeof(holder), "unit_stream (pid %ld)", (long)getpid());
    ck_assert_msg(strstr(e.text, holder) != NULL, "%s", e.text);
    stream_close(s);
    s = stream_bed_handle(&bed, "acute");
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

START_TEST(files_are_private)
{
    stream_bed_open(&bed, "embedded");
    char dir[512];
    path_of("data", dir);
    bed.options.dir = slice_str(dir);
    struct stream *s = stream_bed_handle(&bed, "acute");
    stream_bed_put(s, "t", NULL, SLICE("v"));
    static const char *const names[] = {"data/acute.db", "data/acute.db-wal", "data/acute.db-shm",
                                        "data/acute.lock", "data/acute.bell"};
    struct stat st;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[512];
        path_of(names[i], path);
        ck_assert_msg(stat(path, &st) == 0, "%s", path);
        ck_assert_msg((st.st_mode & 0777) == 0600, "%s: %o", path, st.st_mode & 0777);
    }
    ck_assert_int_eq(stat(dir, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

static void run_sql(const char *name, const char *sql)
{
    char path[512];
    path_of(name, path);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(unknown_formats_are_refused)
{
    stream_bed_open(&bed, "embedded");
    stream_close(stream_bed_handle(&bed, "acute"));
    run_sql("acute.db", "PRAGMA user_version = 9");
    run_sql("foreign.db", "CREATE TABLE t (a)");
    static const char *const names[] = {"acute", "foreign"}, *const why[] = {"format 9", "not a"};
    for (int i = 0; i < 2; i++) {
        struct stream *s;
        struct err e = {0};
        bed.options.writer = slice_str(names[i]);
        ck_assert_int_eq(stream_open(&bed.options, &s, &e), -1);
        ck_assert_int_eq(e.code, ERR_REFUSED);
        ck_assert_msg(strstr(e.text, why[i]) != NULL, "%s", e.text);
    }
    struct stream_reader *r;
    struct slice topic = SLICE("t");
    struct stream_reader_options o = {.topics = &topic, .ntopics = 1};
    struct err e = {0};
    ck_assert_int_eq(stream_reader_open(bed.keeper, &o, &r, &e), -1);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    stream_bed_close(&bed);
}
END_TEST

/* Changes the byte where `text` begins in a file. */
static void turn_a_bit(const char *name, const char *text)
{
    char path[512];
    static char bytes[1 << 20];
    path_of(name, path);
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    char *at = memmem(bytes, n, text, strlen(text));
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(fseek(f, at - bytes, SEEK_SET), 0);
    fputc(*at ^ 1, f);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(a_bit_that_turned_on_the_disk_is_told_and_stops_nobody)
{
    stream_bed_open(&bed, "embedded");
    struct stream *s = stream_bed_handle(&bed, "acute");
    stream_bed_put(s, "t", "k", SLICE("the first"));
    stream_bed_put(s, "t", "k", SLICE("the second"));
    stream_bed_put(s, "t", "k", SLICE("the third"));
    stream_close(s);
    stream_close(stream_bed_handle(&bed, "acute")); /* out of the WAL */
    turn_a_bit("acute.db", "the second");
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    struct err e = {0};
    stream_bed_expect(r, "the first");
    ck_assert_int_eq(stream_next(r, &m, &e), STREAM_LOST);
    ck_assert_int_eq(m.lost_from, 1);
    ck_assert_int_eq(m.offset, 2);
    ck_assert_msg(strstr(e.text, "acute.db: this record is not what was written") != NULL, "%s",
                  e.text);
    stream_bed_expect(r, "the third");
    stream_bed_expect_none(r);
    stream_reader_close(r);
    stream_bed_close(&bed);
}
END_TEST

/* As the first weir left them. */
static void make_format_1(void)
{
    run_sql("acute.db",
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;"
            "CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
            " first INTEGER NOT NULL DEFAULT 0);"
            "CREATE TABLE position (grp TEXT NOT NULL, topic TEXT NOT NULL, part TEXT NOT NULL,"
            " next INTEGER NOT NULL, PRIMARY KEY (grp, topic, part)) WITHOUT ROWID;"
            "INSERT INTO topic VALUES (1, 't', 0), (2, 'u', 0);"
            "CREATE TABLE record_1 (offset INTEGER PRIMARY KEY, time INTEGER NOT NULL, key BLOB,"
            " headers BLOB, value BLOB);"
            "CREATE TABLE record_2 (offset INTEGER PRIMARY KEY, time INTEGER NOT NULL, key BLOB,"
            " headers BLOB, value BLOB);"
            "INSERT INTO record_1 VALUES (0, 1, x'6b', NULL, x'6f6c64');"
            "PRAGMA user_version = 1");
}

START_TEST(a_directory_of_an_earlier_version_is_read_and_goes_over)
{
    stream_bed_open(&bed, "embedded");
    make_format_1();
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    stream_bed_expect(r, "old"); /* while the earlier writer may still run */
    static const char *const news[] = {"the first new", "the second new"};
    for (int open = 0; open < 2; open++) {
        struct stream *s = stream_bed_handle(&bed, "acute");
        stream_bed_put(s, "t", "k", slice_str(news[open]));
        stream_bed_put(s, "u", "k", SLICE("other"));
        stream_close(s);
        stream_bed_expect(r, news[open]);
    }
    stream_reader_close(r);
    stream_close(stream_bed_handle(&bed, "acute")); /* out of the WAL */
    turn_a_bit("acute.db", news[0]);
    struct stream_message m;
    struct err e = {0};
    struct stream *fresh = stream_bed_handle(&bed, NULL); /* with nothing in its cache */
    r = stream_bed_reader(fresh, "t", NULL, STREAM_EARLIEST);
    stream_bed_expect(r, "old");
    ck_assert_int_eq(stream_next(r, &m, &e), STREAM_LOST);
    stream_bed_expect(r, news[1]);
    stream_reader_close(r);
    stream_close(fresh);
    stream_bed_close(&bed);
}
END_TEST

/* The child appends for ever and tells, after each callback, how many are durable. */
static void write_for_ever(int told)
{
    struct stream *s = stream_bed_handle(&bed, "acute");
    for (unsigned n = 0;; n++) {
        char value[20];
        int size = snprintf(value, sizeof(value), "%u", n);
        stream_bed_put(s, "t", "k", slice_make(value, (size_t)size));
        if (write(told, &n, sizeof(n)) != sizeof(n))
            _exit(1);
    }
}

START_TEST(a_killed_writer_loses_nothing)
{
    stream_bed_open(&bed, "embedded");
    int told[2];
    ck_assert_int_eq(pipe(told), 0);
    unsigned durable = 0;
    pid_t child = fork();
    if (child == 0)
        write_for_ever(told[1]);
    close(told[1]);
    while (durable < 300)
        ck_assert_int_eq(read(told[0], &durable, sizeof(durable)), sizeof(durable));
    kill(child, SIGKILL);
    while (read(told[0], &durable, sizeof(durable)) == sizeof(durable))
        continue;
    close(told[0]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    for (unsigned n = 0; n <= durable; n++) { /* read before the next writer opens, too */
        uint64_t number;
        stream_bed_next(r, &m);
        ck_assert(num_u64(m.value, &number) && number == n);
    }
    struct stream *s = stream_bed_handle(&bed, "acute");
    stream_bed_put(s, "t", "k", SLICE("after"));
    do
        stream_bed_next(r, &m);
    while (!slice_eq(m.value, SLICE("after")));
    stream_reader_close(r);
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

/* The child reads in a process of its own and answers each record through the pipe. */
static void read_and_answer(int answer)
{
    struct stream *look = stream_bed_handle(&bed, NULL);
    struct stream_reader *r = stream_bed_reader(look, "t", NULL, STREAM_EARLIEST);
    for (int n = 0; n < 20; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
        if (write(answer, m.value.p, 1) != 1)
            _exit(1);
    }
    stream_reader_close(r);
    stream_close(look);
    _exit(0);
}

START_TEST(a_reader_in_another_process_is_woken)
{
    stream_bed_open(&bed, "embedded");
    int answer[2];
    ck_assert_int_eq(pipe(answer), 0);
    pid_t child = fork();
    if (child == 0)
        read_and_answer(answer[1]);
    struct stream *s = stream_bed_handle(&bed, "acute");
    int64_t worst = 0;
    for (char n = 0; n < 20; n++) {
        char value = (char)('a' + n), got = 0;
        stream_bed_put(s, "t", NULL, slice_make(&value, 1));
        int64_t from = clock_mono_ms();
        ck_assert_int_eq(read(answer[0], &got, 1), 1);
        ck_assert_int_eq(got, value);
        if (n && clock_mono_ms() - from > worst)
            worst = clock_mono_ms() - from;
    }
    ck_assert_msg(worst < 900, "woken after %lld ms: by the slow poll, not by the bell",
                  (long long)worst);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(answer[0]);
    close(answer[1]);
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

START_TEST(a_reader_that_stands_in_mid_read_does_not_grow_the_wal)
{
    stream_bed_open(&bed, "embedded");
    struct stream *s = stream_bed_handle(&bed, "acute");
    static char value[256 << 10];
    for (int n = 0; n < 20; n++)
        stream_bed_put(s, "t", NULL, slice_make(value, sizeof(value)));
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    stream_bed_next(r, &m); /* and no further */
    off_t largest = 0;
    char path[512];
    path_of("acute.db-wal", path);
    for (int n = 0; n < 200; n++) {
        stream_bed_put(s, "t", NULL, slice_make(value, sizeof(value)));
        struct stat st;
        if (stat(path, &st) == 0 && st.st_size > largest)
            largest = st.st_size;
    }
    ck_assert_msg(largest < 16 << 20, "the WAL grew to %lld bytes", (long long)largest);
    for (int n = 1; n < 220; n++)
        stream_bed_next(r, &m);
    stream_reader_close(r);
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

/* A file that was restored from an older copy: the position is past its end. */
START_TEST(a_position_past_the_end_is_told)
{
    stream_bed_open(&bed, "embedded");
    struct stream *s = stream_bed_handle(&bed, "acute");
    stream_bed_put(s, "t", NULL, SLICE("a"));
    struct stream_message at = {.topic = SLICE("t"), .partition = SLICE("acute"), .offset = 49};
    stream_bed_commit(s, "g", &at);
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_EARLIEST);
    struct stream_message m;
    struct err e = {0};
    ck_assert_int_eq(stream_next(r, &m, &e), STREAM_LOST);
    ck_assert_int_eq(m.lost_from, 1);
    ck_assert_int_eq(m.offset, 50);
    ck_assert_msg(strstr(e.text, "restored") != NULL, "%s", e.text);
    stream_bed_expect(r, "a");
    stream_reader_close(r);
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

/* Until less than `records` are left. */
static void wait_until_pruned(int64_t records)
{
    struct stream_reader *r = stream_bed_reader(bed.keeper, "t", NULL, STREAM_EARLIEST);
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS, oldest;
    uint64_t left;
    struct err e = {0};
    do {
        ck_assert_msg(clock_mono_ms() < until, "nothing is pruned");
        ck_assert_int_eq(stream_lag(r, &left, &oldest, &e), 0);
        struct pollfd p = {.fd = stream_reader_fd(r), .events = POLLIN};
        poll(&p, 1, 20);
    } while ((int64_t)left >= records);
    stream_reader_close(r);
}

START_TEST(old_records_go_and_their_pages_are_used_again)
{
    stream_bed_open(&bed, "embedded");
    bed.options.retain_bytes = 1 << 20;
    struct stream *s = stream_bed_handle(&bed, "acute");
    static char value[20000];
    for (int n = 0; n < 1000; n++) {
        stream_bed_put(s, "t", NULL, slice_make(value, sizeof(value)));
        if (n % 200 == 199)
            wait_until_pruned(60);
    }
    char path[512];
    path_of("acute.db", path);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_msg(st.st_size < 8 << 20, "20 MB appended, 1 MB kept, the file has %lld bytes",
                  (long long)st.st_size);
    stream_close(s);
    s = stream_bed_handle(&bed, "acute"); /* the offsets go on */
    stream_bed_put(s, "t", NULL, SLICE("last"));
    struct stream_reader *r = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    do
        stream_bed_next(r, &m);
    while (!slice_eq(m.value, SLICE("last")));
    ck_assert_int_eq(m.offset, 1000);
    stream_reader_close(r);
    stream_close(s);
    stream_bed_close(&bed);
}
END_TEST

/* Small records, some that fill a third of a page and some with pages of their own, in an order
 * that does not come again with every page. */
static void append_many(struct stream *s, int n)
{
    static char value[20000];
    static const size_t sizes[] = {50, 50, 200, 50, 1500, 50, 2500, 90, 50, 6000};
    struct stream_tally t = {0};
    for (int i = 0; i < n; i++) {
        size_t size = i % 500 == 0 ? sizeof(value) : sizes[(i * 7 + i / 11) % 10];
        struct stream_record r = {SLICE("state"), SLICE("key"), {value, size}, NULL, 0, false};
        struct err e = {0};
        ck_assert_int_eq(stream_append(s, &r, 1, stream_bed_done, &t, &e), STREAM_OK);
    }
    stream_bed_wait(s, &t, (unsigned)n);
}

START_TEST(what_is_kept_is_counted_in_slices_about_as_large_as_it_is)
{
    stream_bed_open(&bed, "embedded");
    struct stream *s = stream_bed_handle(&bed, "acute");
    append_many(s, 10000);
    stream_close(s);
    char path[512];
    path_of("acute.db", path);
    struct embedded_tuning plain = {0};
    struct embedded_store *store;
    struct err e = {0};
    ck_assert_int_eq(embedded_store_open(path, &plain, &store, &e), 0);
    struct embedded_kept kept;
    struct stream_keep keep = {SLICE("state"), 0};
    struct stream_options o = {.keep = &keep, .nkeep = 1};
    embedded_kept_init(&kept, &o);
    int slices = 1;
    while (embedded_kept_count(&kept, store, &e) == 0)
        slices++;
    ck_assert_int_eq(slices, 3);
    ck_assert_int_eq(kept.counted[0], 10000);
    uint64_t size, before = kept.bytes;
    ck_assert_int_eq(embedded_store_size(store, &size, &e), 0);
    ck_assert_msg(kept.bytes > size * 8 / 10 && kept.bytes < size * 12 / 10,
                  "%llu bytes are counted, the file has %llu", (unsigned long long)kept.bytes,
                  (unsigned long long)size);
    ck_assert_int_eq(embedded_kept_count(&kept, store, &e), 1); /* nothing twice */
    ck_assert_uint_eq(kept.bytes, before);
    embedded_store_close(store);
    stream_bed_close(&bed);
}
END_TEST

Suite *suite_embedded(void)
{
    Suite *suite = suite_create("stream_embedded");
    TCase *cases = tcase_create("embedded");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_second_writer_is_told_who_holds_the_file);
    tcase_add_test(cases, files_are_private);
    tcase_add_test(cases, unknown_formats_are_refused);
    tcase_add_test(cases, a_bit_that_turned_on_the_disk_is_told_and_stops_nobody);
    tcase_add_test(cases, a_directory_of_an_earlier_version_is_read_and_goes_over);
    tcase_add_test(cases, a_killed_writer_loses_nothing);
    tcase_add_test(cases, a_reader_in_another_process_is_woken);
    tcase_add_test(cases, a_reader_that_stands_in_mid_read_does_not_grow_the_wal);
    tcase_add_test(cases, a_position_past_the_end_is_told);
    tcase_add_test(cases, old_records_go_and_their_pages_are_used_again);
    tcase_add_test(cases, what_is_kept_is_counted_in_slices_about_as_large_as_it_is);
    suite_add_tcase(suite, cases);
    return suite;
}
