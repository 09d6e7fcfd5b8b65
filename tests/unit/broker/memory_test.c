/* What the journey remembers: ids seen, ordering keys. */
#include <stdio.h>
#include "broker_suites.h"
#include "control_ids.h"
#include "kit.h"
#include "people.h"
#include "seen.h"

enum { HOUR = 3600 * 1000 };
static const int64_t start = 1772496000000;

START_TEST(seen_within_the_window)
{
    struct seen *s;
    struct err err;
    unsigned char print[SEEN_PRINT];
    ck_assert_int_eq(seen_open(72 * (int64_t)HOUR, 100000, &s, &err), 0);
    ck_assert_int_eq(seen_ask(s, SLICE("a"), start, print), SEEN_NEW);
    ck_assert_int_eq(seen_ask(s, SLICE("a"), start + 72 * (int64_t)HOUR, print), SEEN_REPEAT);
    ck_assert_int_eq(seen_ask(s, SLICE("b"), start, print), SEEN_NEW);
    ck_assert_int_eq(seen_ask(s, SLICE("a"), start + 73 * (int64_t)HOUR, print), SEEN_OLD);
    ck_assert_int_eq(seen_ask(s, SLICE("a"), start + 80 * (int64_t)HOUR, print), SEEN_REPEAT);
    ck_assert_int_eq(seen_ask(s, SLICE("b"), start - HOUR, print),
                     SEEN_REPEAT); /* clock set back */
    seen_close(s);
}
END_TEST

/* More in one hour than are kept: the newest are known all the same, and what is lost is counted.
 */
START_TEST(seen_within_one_hour_is_bounded)
{
    struct seen *s;
    struct err err;
    unsigned char print[SEEN_PRINT];
    char id[32];
    enum { MAX = 8192, IDS = 60000 };
    ck_assert_int_eq(seen_open(72 * (int64_t)HOUR, MAX, &s, &err), 0);
    for (int i = 0; i < IDS; i++) {
        snprintf(id, sizeof(id), "id-%d", i);
        ck_assert_int_eq(seen_ask(s, slice_str(id), start, print), SEEN_NEW);
        ck_assert_int_eq(seen_ask(s, slice_str(id), start, print), SEEN_REPEAT);
    }
    ck_assert_uint_le(seen_count(s), MAX);
    ck_assert_uint_eq(seen_count(s) + seen_forgotten(s), IDS);
    seen_close(s);
}
END_TEST

/* The clock is set back, and the table grows: what was seen later than now is kept. */
START_TEST(seen_is_kept_when_the_clock_is_set_back)
{
    struct seen *s;
    struct err err;
    unsigned char print[SEEN_PRINT];
    char id[32];
    ck_assert_int_eq(seen_open(72 * (int64_t)HOUR, 100000, &s, &err), 0);
    for (int i = 0; i < 20000; i++) {
        snprintf(id, sizeof(id), "id-%d", i);
        seen_ask(s, slice_str(id), i < 1000 ? start : start - 2 * HOUR, print);
    }
    for (int i = 0; i < 20000; i++) {
        snprintf(id, sizeof(id), "id-%d", i);
        ck_assert_int_eq(seen_ask(s, slice_str(id), start - 2 * HOUR, print), SEEN_REPEAT);
    }
    ck_assert_uint_eq(seen_forgotten(s), 0);
    seen_close(s);
}
END_TEST

START_TEST(seen_is_folded)
{
    struct seen *s;
    struct err err;
    unsigned char prints[3][SEEN_PRINT], one[SEEN_PRINT];
    ck_assert_int_eq(seen_open(72 * (int64_t)HOUR, 100000, &s, &err), 0);
    for (int i = 0; i < 3; i++)
        seen_ask(s, slice_make(&"abc"[i], 1), start, prints[i]);
    seen_close(s);
    ck_assert_int_eq(seen_open(72 * (int64_t)HOUR, 100000, &s, &err), 0);
    seen_fold(s, slice_make((const char *)prints, sizeof(prints)), start);
    ck_assert_int_eq(seen_ask(s, SLICE("b"), start + HOUR, one), SEEN_REPEAT);
    ck_assert_int_eq(seen_ask(s, SLICE("d"), start + HOUR, one), SEEN_NEW);
    seen_close(s);
}
END_TEST

START_TEST(seen_is_bounded_and_forgets_the_oldest)
{
    struct seen *s;
    struct err err;
    unsigned char print[SEEN_PRINT];
    char id[32];
    enum { MAX = 8192, IDS = 60000 };
    ck_assert_int_eq(seen_open(72 * (int64_t)HOUR, MAX, &s, &err), 0);
    for (int i = 0; i < IDS; i++) {
        snprintf(id, sizeof(id), "id-%d", i);
        seen_ask(s, slice_str(id), start + (int64_t)i * 1000, print); /* 17 hours */
    }
    ck_assert_uint_le(seen_count(s), MAX);
    ck_assert_uint_gt(seen_forgotten(s), 0);
    int kept = 0;
    for (int i = IDS - 1000; i < IDS; i++) {
        snprintf(id, sizeof(id), "id-%d", i);
        kept += seen_ask(s, slice_str(id), start + (int64_t)IDS * 1000, print) == SEEN_REPEAT;
    }
    ck_assert_int_gt(kept, 990);
    seen_close(s);
}
END_TEST

/* A part that is shifted into its neighbour is another sender. */
START_TEST(control_ids_are_those_of_a_sender)
{
    const struct control_id ids[] = {
        {SLICE("pas"), SLICE("AB"), SLICE("C"), SLICE("1"), SLICE("m1")},
        {SLICE("pas"), SLICE("A"), SLICE("BC"), SLICE("1"), SLICE("m2")},
        {SLICE("pas"), SLICE_ABSENT, SLICE("ABC"), SLICE("1"), SLICE("m3")},
        {SLICE("ris"), SLICE("AB"), SLICE("C"), SLICE("1"), SLICE("m4")},
        {SLICE("pas"), SLICE("AB"), SLICE("C"), SLICE("2"), SLICE("m5")},
    };
    struct control_ids *c;
    struct control_id_answer answer;
    struct err err;
    ck_assert_int_eq(control_ids_open(72 * (int64_t)HOUR, 1000, &c, &err), 0);
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
            control_ids_ask(c, &ids[i], start, &answer);
            ck_assert(!answer.reused && answer.first == (round == 0));
        }
    struct control_id other = ids[0];
    other.message = SLICE("m6");
    control_ids_ask(c, &other, start + 72 * (int64_t)HOUR, &answer);
    ck_assert(answer.reused && answer.first);
    control_ids_ask(c, &other, start + 72 * (int64_t)HOUR, &answer);
    ck_assert(answer.reused && !answer.first);
    other = ids[1];
    other.message = SLICE("m7");
    control_ids_ask(c, &other, start + 73 * (int64_t)HOUR, &answer);
    ck_assert(!answer.reused && answer.first);
    ck_assert_uint_eq(control_ids_count(c), 5);
    control_ids_close(c);
}
END_TEST

START_TEST(control_ids_are_bounded)
{
    struct control_ids *c;
    struct control_id_answer answer;
    struct err err;
    char id[32];
    enum { MAX = 8192, IDS = 60000 };
    ck_assert_int_eq(control_ids_open(72 * (int64_t)HOUR, MAX, &c, &err), 0);
    for (int i = 0; i < IDS; i++) {
        snprintf(id, sizeof(id), "%d", i);
        struct control_id one = {
            .source = SLICE("pas"), .id = slice_str(id), .message = SLICE("m")};
        control_ids_ask(c, &one, start + (int64_t)i * 1000, &answer);
        ck_assert(answer.first && !answer.reused);
    }
    ck_assert_uint_le(control_ids_count(c), MAX);
    control_ids_close(c);
}
END_TEST

START_TEST(people_are_bounded)
{
    struct people *p;
    struct people_answer a;
    struct err err;
    ck_assert_int_eq(people_open(2, &p, &err), 0);
    people_ask(p, SLICE("A"), SLICE("a"), SLICE_ABSENT, &a);
    ck_assert(!a.forgotten);
    people_ask(p, SLICE("B"), SLICE("b"), SLICE_ABSENT, &a);
    ck_assert(a.forgotten);
    kit_assert_slice(a.key, SLICE("B")); /* it goes on under its own key */
    people_ask(p, SLICE("A"), SLICE_ABSENT, SLICE_ABSENT, &a);
    ck_assert(!a.forgotten);
    ck_assert_uint_eq(people_count(p), 2);
    people_close(p);
}
END_TEST

START_TEST(people_are_folded_as_written)
{
    struct people *p, *q;
    struct people_answer a;
    struct err err;
    ck_assert_int_eq(people_open(100, &p, &err), 0);
    ck_assert_int_eq(people_open(100, &q, &err), 0);
    static const struct {
        struct slice subject, local, retired;
    } said[] = {{{"A", 1}, {"a", 1}, {0}}, {{"B", 1}, {0}, {0}},        {{"c", 1}, {0}, {0}},
                {{"B", 1}, {"c", 1}, {0}}, {{"A", 1}, {0}, {"B d", 3}}, {{"E", 1}, {"d", 1}, {0}}};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        people_ask(p, said[i].subject, said[i].local, said[i].retired, &a);
        for (unsigned n = 0; n < a.nchanged; n++)
            ck_assert(people_fold(q, people_identity(a.changed[n]), people_key(a.changed[n])));
    }
    static const char *const all[] = {"A", "a", "B", "c", "d", "E"};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        people_ask(q, slice_str(all[i]), SLICE_ABSENT, SLICE_ABSENT, &a);
        kit_assert_slice(a.key, SLICE("A"));
        ck_assert_uint_eq(a.nchanged, 0);
    }
    people_close(p);
    people_close(q);
}
END_TEST

/* Whatever is not written down would be another person after a restart. */
static void merge_many(unsigned known, unsigned all, bool want_forgotten)
{
    struct people *p, *q;
    struct people_answer a;
    struct err err;
    char names[100][16], retired[1000] = "";
    size_t n = 0;
    ck_assert_int_eq(people_open(1000, &p, &err), 0);
    ck_assert_int_eq(people_open(1000, &q, &err), 0);
    for (unsigned i = 0; i < all; i++) {
        snprintf(names[i], sizeof(names[i]), "r%u", i);
        n += (size_t)snprintf(retired + n, sizeof(retired) - n, "%s%s", i ? " " : "", names[i]);
        if (i >= known)
            continue;
        people_ask(p, slice_str(names[i]), SLICE_ABSENT, SLICE_ABSENT, &a);
        people_fold(q, people_identity(a.changed[0]), people_key(a.changed[0]));
    }
    people_ask(p, SLICE("A"), SLICE_ABSENT, slice_str(retired), &a);
    ck_assert(a.forgotten == want_forgotten);
    for (unsigned i = 0; i < a.nchanged; i++)
        people_fold(q, people_identity(a.changed[i]), people_key(a.changed[i]));
    for (unsigned i = 0; i < all; i++) {
        people_ask(p, slice_str(names[i]), SLICE_ABSENT, SLICE_ABSENT, &a);
        struct slice key = a.key;
        people_ask(q, slice_str(names[i]), SLICE_ABSENT, SLICE_ABSENT, &a);
        kit_assert_slice(a.key, key);
        if (!want_forgotten)
            kit_assert_slice(a.key, SLICE("A"));
    }
    people_close(p);
    people_close(q);
}

START_TEST(a_merge_of_many_is_written_down_whole)
{
    merge_many(0, 12, false);
    merge_many(8, 40, false);
    merge_many(0, 100, true);
    merge_many(20, 30, true);
}
END_TEST

Suite *memory_suite(void)
{
    Suite *s = suite_create("memory");
    TCase *c = tcase_create("memory");
    tcase_add_test(c, seen_within_the_window);
    tcase_add_test(c, seen_is_folded);
    tcase_add_test(c, seen_is_bounded_and_forgets_the_oldest);
    tcase_add_test(c, seen_within_one_hour_is_bounded);
    tcase_add_test(c, seen_is_kept_when_the_clock_is_set_back);
    tcase_add_test(c, control_ids_are_those_of_a_sender);
    tcase_add_test(c, control_ids_are_bounded);
    tcase_add_test(c, people_are_bounded);
    tcase_add_test(c, people_are_folded_as_written);
    tcase_add_test(c, a_merge_of_many_is_written_down_whole);
    suite_add_tcase(s, c);
    return s;
}
