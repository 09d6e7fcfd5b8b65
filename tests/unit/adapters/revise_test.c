/* What was said, and what is to be said now: skip, correction, new, retraction. */
#include "adapters_bed.h"
#include <stdio.h>
#include "revise.h"

#define MESSAGE "AAAAAAAAAAAAAAAAAAAAAA"
#define ADMITTED MESSAGE "-patient.admitted-1"
#define BED MESSAGE "-bed.allocated-1"
#define KEYED "BBBBBBBBBBBBBBBBBBBBBB-leave.ended-1" /* an id that does not rest on the message */

enum { COPY = 7, OTHER_COPY = 8 };

static struct revise *table;
static int64_t offset;

static void setup(void)
{
    struct err err;
    offset = 100;
    ck_assert_int_eq(revise_open(10, &table, &err), 0);
}

static void teardown(void)
{
    revise_close(table);
    revise_close(NULL);
}

static enum revise_noted note(const char *id, uint64_t content, uint64_t copy, bool retracted)
{
    struct revise_known k = {.id = slice_str(id),
                             .content = content,
                             .copy = copy,
                             .retracted = retracted,
                             .partition = 3,
                             .offset = offset++};
    return revise_note(table, &k);
}

static void ask(const char *id, uint64_t content, enum revise_answer want, unsigned revision)
{
    struct revised got = {.revision = 99};
    ck_assert_int_eq(revise_event(table, slice_str(id), content, &got), want);
    if (want == REVISE_CORRECTED || want == REVISE_NEW)
        ck_assert_uint_eq(got.revision, revision);
    else
        ck_assert_uint_eq(got.revision, 99);
}

static void gone(unsigned revision, int64_t at)
{
    struct revised got;
    ck_assert(revise_gone(table, &got));
    ck_assert_uint_eq(got.revision, revision);
    ck_assert_uint_eq(got.partition, 3);
    ck_assert_int_eq(got.offset, at);
}

static void nothing_gone(void)
{
    struct revised got;
    ck_assert(!revise_gone(table, &got));
}

static bool begin(uint64_t copy)
{
    return revise_begin(table, SLICE(MESSAGE), copy);
}

START_TEST(same_is_nothing)
{
    note(ADMITTED, 1, COPY, false);
    ck_assert(begin(COPY));
    ask(ADMITTED, 1, REVISE_SAME, 0);
    nothing_gone();
}
END_TEST

START_TEST(other_content_is_the_next_revision_once)
{
    note(ADMITTED, 1, COPY, false);
    begin(COPY);
    ask(ADMITTED, 2, REVISE_CORRECTED, 1);
    nothing_gone();
    begin(COPY); /* the same bytes came twice */
    ask(ADMITTED, 2, REVISE_SAME, 0);
    nothing_gone();
    begin(COPY);
    ask(ADMITTED, 3, REVISE_CORRECTED, 2);
}
END_TEST

START_TEST(a_correction_of_a_correction)
{
    note(ADMITTED, 1, COPY, false);
    note(ADMITTED ".r1", 2, COPY, false);
    note(ADMITTED ".r2", 3, COPY, false);
    note(ADMITTED ".r1", 4, COPY, false); /* a repeat: nobody saw it */
    note(ADMITTED, 5, COPY, false);
    begin(COPY);
    ask(ADMITTED, 3, REVISE_SAME, 0);
    begin(COPY);
    ask(ADMITTED, 2, REVISE_CORRECTED, 3);
    ck_assert_uint_eq(revise_count(table), 1);
}
END_TEST

START_TEST(an_event_with_a_key_is_corrected_by_the_message_that_told_it)
{
    ck_assert(!revise_knows(table, SLICE(KEYED)));
    note(KEYED, 1, COPY, false);
    note(KEYED, 5, OTHER_COPY, false); /* a repeat: nobody saw it */
    ck_assert(revise_knows(table, SLICE(KEYED)));
    ck_assert(!begin(OTHER_COPY));
    ask(KEYED, 5, REVISE_OTHER, 0);
    nothing_gone();
    begin(COPY);
    ask(KEYED, 1, REVISE_SAME, 0);
    begin(COPY);
    ask(KEYED, 2, REVISE_CORRECTED, 1);
    ask(KEYED, 3, REVISE_OTHER, 0); /* told twice by one message: the first counts */
    begin(COPY);
    nothing_gone();
}
END_TEST

START_TEST(the_first_record_of_an_id_is_the_one_that_was_published)
{
    note(ADMITTED, 1, COPY, false);
    note(ADMITTED, 2, COPY, false);
    begin(COPY);
    ask(ADMITTED, 1, REVISE_SAME, 0);
}
END_TEST

START_TEST(new_has_its_own_id)
{
    ck_assert(!begin(COPY));
    ask(BED, 1, REVISE_NEW, 0);
    nothing_gone();
    ck_assert(begin(COPY));
    ask(BED, 1, REVISE_SAME, 0);
    begin(OTHER_COPY);
    ask(BED, 2, REVISE_OTHER, 0);
    nothing_gone();
}
END_TEST

START_TEST(no_longer_made_is_retracted_once)
{
    note(ADMITTED, 1, COPY, false);
    note(BED, 1, COPY, false);
    note(BED ".r1", 2, COPY, false);
    begin(COPY);
    ask(ADMITTED, 1, REVISE_SAME, 0);
    gone(2, 102);
    nothing_gone();
    begin(COPY);
    gone(1, 100);
    nothing_gone();
    begin(COPY);
    nothing_gone();
}
END_TEST

START_TEST(made_again_after_a_retraction)
{
    note(ADMITTED, 1, COPY, false);
    note(ADMITTED ".r1", 0, COPY, true);
    begin(COPY);
    nothing_gone(); /* it is already */
    begin(COPY);
    ask(ADMITTED, 1, REVISE_CORRECTED, 2); /* the same content, but it had been taken back */
    nothing_gone();
    begin(COPY);
    nothing_gone(); /* not in the stream yet: there is nothing to read it from */
}
END_TEST

START_TEST(another_copy_has_no_say)
{
    note(ADMITTED, 1, COPY, false);
    note(BED, 1, 0, false); /* not known of which */
    begin(OTHER_COPY);
    ask(ADMITTED, 2, REVISE_OTHER, 0);
    gone(1, 101);
    nothing_gone();
    begin(OTHER_COPY);
    nothing_gone();
    begin(COPY);
    ask(ADMITTED, 2, REVISE_CORRECTED, 1);
}
END_TEST

/* Rows of one key that both say it: the first told it, and says it no longer. */
START_TEST(what_one_copy_takes_back_another_says)
{
    note(ADMITTED, 1, COPY, false);
    note(ADMITTED, 1, OTHER_COPY, false); /* a repeat: nobody saw it */
    begin(COPY);
    gone(1, 100);
    begin(OTHER_COPY);
    ask(ADMITTED, 1, REVISE_CORRECTED, 2);
    nothing_gone();
    begin(OTHER_COPY);
    ask(ADMITTED, 1, REVISE_SAME, 0); /* from now on it is its own */
    begin(COPY);
    ask(ADMITTED, 2, REVISE_OTHER, 0);
    nothing_gone();
}
END_TEST

START_TEST(what_is_no_id_of_a_message)
{
    static const char *const ids[] = {"", "e1", MESSAGE, MESSAGE ".r1"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        ck_assert_int_eq(note(ids[i], 1, COPY, false), REVISE_NO_ID);
    ck_assert_uint_eq(revise_count(table), 0);
    ck_assert(!revise_begin(table, SLICE("short"), COPY));
    ck_assert(!revise_begin(table, SLICE_ABSENT, COPY));
}
END_TEST

START_TEST(room_is_bounded)
{
    char id[80];
    for (unsigned i = 1; i <= 10; i++) {
        snprintf(id, sizeof(id), "BBBBBBBBBBBBBBBBBBBB%02u-patient.admitted-1", i);
        ck_assert_int_eq(note(id, 1, COPY, false), REVISE_NOTED);
    }
    ck_assert_int_eq(note(ADMITTED, 1, COPY, false), REVISE_NO_ROOM);
    snprintf(id, sizeof(id), "BBBBBBBBBBBBBBBBBBBB05-patient.admitted-1.r1");
    ck_assert_int_eq(note(id, 2, COPY, false), REVISE_NOTED); /* takes none */
    begin(COPY);
    ask(ADMITTED, 1, REVISE_FULL, 0);
    revise_widen(table);
    for (unsigned i = 1; i <= 10; i++) {
        snprintf(id, sizeof(id), MESSAGE "-patient.admitted-%u", i);
        begin(COPY);
        ask(id, 1, REVISE_NEW, 0);
    }
    begin(COPY);
    ask(BED, 1, REVISE_FULL, 0);
}
END_TEST

Suite *revise_suite(void)
{
    Suite *s = suite_create("revise");
    TCase *t = tcase_create("revise");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, same_is_nothing);
    tcase_add_test(t, other_content_is_the_next_revision_once);
    tcase_add_test(t, a_correction_of_a_correction);
    tcase_add_test(t, an_event_with_a_key_is_corrected_by_the_message_that_told_it);
    tcase_add_test(t, the_first_record_of_an_id_is_the_one_that_was_published);
    tcase_add_test(t, new_has_its_own_id);
    tcase_add_test(t, no_longer_made_is_retracted_once);
    tcase_add_test(t, made_again_after_a_retraction);
    tcase_add_test(t, another_copy_has_no_say);
    tcase_add_test(t, what_one_copy_takes_back_another_says);
    tcase_add_test(t, what_is_no_id_of_a_message);
    tcase_add_test(t, room_is_bounded);
    suite_add_tcase(s, t);
    return s;
}
