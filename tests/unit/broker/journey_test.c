/* From flow.reported to flow.events and the routes, on the memory stream. */
#include <stdio.h>
#include "broker_bed.h"
#include "broker_suites.h"
#include "clock.h"
#include "rfc3339.h"
#include "stream_bed.h"

static struct bed b;

static void setup(void)
{
    bed_open(&b, "  all: {keep: [all], identifiers: true}\n"
                 "  open: {}\n"
                 "  none: {when: \"type = 'patient.discharged'\"}\n");
}

static void teardown(void)
{
    bed_close(&b);
}

START_TEST(repeats_are_dropped_also_after_a_restart)
{
    struct journey_stats st;
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_run(&b);
    bed_restart(&b);
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_report(&b, "e2", "P", NULL, NULL, NULL);
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1@P, e2@P");
    journey_stats(b.journey, &st);
    ck_assert_uint_eq(st.repeats, 1);
    ck_assert_uint_eq(st.events, 1);
}
END_TEST

static struct journey *open_standby(void)
{
    struct journey *j;
    struct err err = {0};
    struct journey_options jo = {.stream = b.stream, .site = b.site, .router = b.router};
    ck_assert_msg(journey_open(&jo, &j, &err) == 0, "%s", err.text);
    return j;
}

static void follow(struct journey *j, enum journey_role role)
{
    struct journey_stats st;
    while (journey_step(j, b.now))
        ;
    journey_stats(j, &st);
    ck_assert_int_eq(st.role, role);
}

START_TEST(a_standby_follows_and_makes_nothing)
{
    struct journey_stats st;
    struct journey *standby = open_standby();
    follow(standby, JOURNEY_STANDBY);
    bed_report(&b, "e1", "P", "p", NULL, NULL);
    follow(standby, JOURNEY_STANDBY);
    bed_assert_told(&b, "flow.events", "");
    bed_run(&b);
    follow(standby, JOURNEY_STANDBY);
    bed_assert_told(&b, "flow.events", "e1@P");
    journey_stats(standby, &st);
    ck_assert_uint_eq(st.ids, 1);
    ck_assert_uint_eq(st.people, 2);
    journey_close(standby);
}
END_TEST

/* The leader goes: its last unit was not followed yet, and what it had not read is read again. */
START_TEST(a_standby_takes_over)
{
    struct err err = {0};
    struct journey *standby = open_standby();
    bed_report(&b, "e1", "P", "p", NULL, NULL);
    bed_run(&b);
    follow(standby, JOURNEY_STANDBY);
    bed_report(&b, "e2", "Q", "q", NULL, NULL);
    bed_report(&b, "e3", "Q", NULL, "P", NULL);
    bed_run(&b);
    bed_report(&b, "e3", "Q", NULL, "P", NULL);
    bed_report(&b, "e4", NULL, "p", NULL, NULL);
    journey_close(b.journey);
    b.journey = standby;
    ck_assert_msg(journey_lead(standby, &err) == 0, "%s", err.text);
    bed_run(&b);
    follow(standby, JOURNEY_LEADS);
    bed_assert_told(&b, "flow.events", "e1@P, e2@Q, e3@P:retired=Q, e3@Q:survivor=P, e4@Q");
}
END_TEST

/* What a leader knows beyond what became durable is lost with it. */
START_TEST(units_that_never_became_durable_are_made_by_the_next)
{
    struct err err = {0};
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_run(&b);
    bed_report(&b, "e2", "P", NULL, NULL, NULL);
    ck_assert(!journey_abandon(b.journey));
    ck_assert(!journey_step(b.journey, b.now)); /* it has ended */
    journey_close(b.journey);
    b.journey = open_standby();
    ck_assert_msg(journey_lead(b.journey, &err) == 0, "%s", err.text);
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1@P, e2@P");
}
END_TEST

START_TEST(older_than_the_window_passes_flagged)
{
    struct bed_record r[4];
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_run(&b);
    b.now += (int64_t)74 * 3600 * 1000;
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_run(&b);
    ck_assert_uint_eq(bed_read(&b, "flow.events", r, 4), 2);
    ck_assert(!slice_has(r[0].value, "resend"));
    ck_assert(slice_has(r[1].value, "\"quality\":[\"resend\"]"));
}
END_TEST

/* A relay that copied the ids says when they were seen: they do not look fresh. */
START_TEST(copied_ids_have_the_age_that_they_say)
{
    struct bed fresh;
    struct bed_record ids[2], r[4];
    struct stream_tally tally = {0};
    struct err err = {0};
    char at[RFC3339_SIZE];
    const int64_t hours = (int64_t)3600 * 1000, now = clock_wall_ms();
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_run(&b);
    ck_assert_uint_eq(bed_read(&b, "flow.ids", ids, 2), 1);
    bed_open(&fresh, "  all: {}\n");
    fresh.now = now;
    const struct stream_header said = {SLICE("at"), rfc3339_utc(now - (_i ? 100 : 10) * hours, at)};
    const struct stream_record rec = {
        .topic = ids[0].topic, .value = ids[0].value, .headers = &said, .nheaders = 1};
    ck_assert_int_eq(stream_append(fresh.stream, &rec, 1, stream_bed_done, &tally, &err),
                     STREAM_OK);
    stream_bed_wait(fresh.stream, &tally, 1);
    bed_restart(&fresh);
    bed_report(&fresh, "e1", "P", NULL, NULL, NULL);
    bed_run(&fresh);
    ck_assert_uint_eq(bed_read(&fresh, "flow.events", r, 4), _i ? 1 : 0);
    ck_assert(!_i || slice_has(r[0].value, "\"quality\":[\"resend\"]"));
    bed_close(&fresh);
}
END_TEST

/* Ids as adapters make them: 22 bytes name the message. */
#define MESSAGE_A "AAAAAAAAAAAAAAAAAAAAAA-"
#define MESSAGE_B "BBBBBBBBBBBBBBBBBBBBBB-"
#define MESSAGE_C "CCCCCCCCCCCCCCCCCCCCCC-"
#define ADMIT "patient.admitted-"

static void report_from(const char *id, const char *facility, const char *control_id)
{
    char data[200];
    snprintf(data, sizeof(data),
             "{\"origin\":{\"control_id\":\"%s\",\"sending_app\":\"PAS\","
             "\"sending_facility\":\"%s\"}}",
             control_id, facility);
    bed_report(&b, id, "P", NULL, NULL, data);
}

/* Which of the events are flagged: "-" or "r" for each. */
static void assert_reused(const char *want)
{
    struct bed_record r[16];
    char got[17] = "";
    unsigned n = bed_read(&b, "flow.events", r, 16);
    for (unsigned i = 0; i < n; i++)
        got[i] = slice_has(r[i].value, "control_id_reused") ? 'r' : '-';
    ck_assert_str_eq(got, want);
}

/* Row 62: every event of the second message says so, none of the first, also of a repeat. */
START_TEST(a_control_id_used_again_is_flagged)
{
    report_from(MESSAGE_A ADMIT "1", "RZZ", "C1");
    report_from(MESSAGE_A "emergency.departed-1", "RZZ", "C1");
    report_from(MESSAGE_B ADMIT "1", "RZZ", "C1");
    bed_run(&b);
    report_from(MESSAGE_B ADMIT "2", "RZZ", "C1");
    report_from(MESSAGE_A ADMIT "1", "RZZ", "C1"); /* a repeat: dropped */
    report_from(MESSAGE_B ADMIT "1.r1", "RZZ", "C1");
    report_from(MESSAGE_C ADMIT "1", "RYY", "C1"); /* another behind the same router */
    report_from(MESSAGE_C ADMIT "2", "RYY", "C2");
    bed_run(&b);
    assert_reused("--rr---");
}
END_TEST

/* Of one message, one of them with a key; then of another. */
START_TEST(events_with_ids_of_their_own_are_of_one_message)
{
    static const struct {
        const char *id, *sha256;
    } rows[] = {{MESSAGE_A ADMIT "1", "aa"},
                {MESSAGE_B "leave.ended-1", "aa"},
                {MESSAGE_A "visit.updated-1", "aa"},
                {MESSAGE_C ADMIT "1", "bb"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char data[200];
        snprintf(data, sizeof(data), "{\"origin\":{\"control_id\":\"C1\",\"sha256\":\"%s\"}}",
                 rows[i].sha256);
        bed_report(&b, rows[i].id, "P", NULL, NULL, data);
    }
    bed_run(&b);
    assert_reused("---r");
}
END_TEST

START_TEST(control_ids_are_known_after_a_restart)
{
    report_from(MESSAGE_A ADMIT "1", "RZZ", "C1");
    report_from(MESSAGE_B ADMIT "1", "RZZ", "C1");
    bed_run(&b);
    bed_restart(&b);
    report_from(MESSAGE_B ADMIT "2", "RZZ", "C1");
    report_from(MESSAGE_C ADMIT "1", "RZZ", "C1");
    bed_run(&b);
    assert_reused("-rrr");
    b.now += (int64_t)74 * 3600 * 1000; /* counters do begin anew some day */
    report_from(MESSAGE_A ADMIT "2", "RZZ", "C1");
    bed_run(&b);
    assert_reused("-rrr-");
}
END_TEST

START_TEST(receipt_and_clock_are_added)
{
    struct bed_record r[2];
    bed_report(&b, "e1", "P", NULL, NULL, "{\"unknown\":{\"a\":1.50}}");
    bed_run(&b);
    ck_assert_uint_eq(bed_read(&b, "flow.events", r, 2), 1);
    ck_assert(slice_has(r[0].value, "\"recordedtime\":\"2026-03-03T08:12:00.000Z\""));
    ck_assert(slice_has(r[0].value, "\"published_at\":\"2026-03-03T00:00:00.000Z\""));
    ck_assert(slice_has(r[0].value, "\"a\":1.50")); /* what the schema does not know stays */
}
END_TEST

/* bed_report's receipt is 2026-03-03 08:12. */
static const struct {
    const char *time;
    bool ahead;
} times[] = {{"2026-03-04T08:12:00+00:00", false}, {"2026-03-04T08:12:01+00:00", true},
             {"2026-03-04T09:12:00+01:00", false}, {"2026-03-04T08:12:00-01:00", true},
             {"1999-01-01T00:00:00Z", false},      {NULL, false}};
enum { TIMES = sizeof(times) / sizeof(*times) };

START_TEST(a_time_more_than_a_day_ahead_is_flagged)
{
    struct bed_record r[2];
    b.time = times[_i].time;
    bed_report(&b, "e1", "P", NULL, NULL, NULL);
    bed_run(&b);
    ck_assert_uint_eq(bed_read(&b, "flow.events", r, 2), 1);
    ck_assert(slice_has(r[0].value, "time_ahead") == times[_i].ahead);
}
END_TEST

START_TEST(first_identity_gives_the_key_for_good)
{
    bed_report(&b, "e1", "L", NULL, NULL, NULL); /* only the local number is known */
    bed_report(&b, "e2", "N", "L", NULL, NULL);  /* then the NHS number */
    bed_run(&b);
    bed_restart(&b);
    bed_report(&b, "e3", "N", NULL, NULL, NULL);
    bed_report(&b, "e4", NULL, NULL, NULL, NULL); /* nobody: key of the feed */
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1@L, e2@L, e3@L, e4@pas");
}
END_TEST

START_TEST(a_local_id_joins_behind_a_barrier)
{
    bed_report(&b, "e1", "N", NULL, NULL, NULL);
    bed_report(&b, "e2", "L", NULL, NULL, NULL);
    bed_report(&b, "e3", "N", "L", NULL, NULL);
    bed_report(&b, "e4", "L", NULL, NULL, NULL);
    bed_run(&b);
    bed_restart(&b);
    bed_report(&b, "e5", "L", NULL, NULL, NULL);
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1@N, e2@L, e3@L:retired=N, e3@N:survivor=L, e4@N, e5@N");
}
END_TEST

START_TEST(a_merge_goes_to_both_keys)
{
    bed_report(&b, "e1", "A", "a", NULL, NULL);
    bed_report(&b, "e2", "B", "b", NULL, NULL);
    bed_report(&b, "m1", "B", "b", "a unseen", NULL);
    bed_run(&b);
    bed_restart(&b);
    bed_report(&b, "e3", "A", "a", NULL, NULL);
    bed_report(&b, "e4", "unseen", NULL, NULL, NULL);
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1@A, e2@B, m1@A:retired=B, m1@B:survivor=A, e3@B, e4@B");
}
END_TEST

START_TEST(several_retired_keys)
{
    bed_report(&b, "e1", "A", NULL, NULL, NULL);
    bed_report(&b, "e2", "C", NULL, NULL, NULL);
    bed_report(&b, "m1", "B", NULL, "A C", NULL);
    bed_run(&b);
    bed_assert_told(&b, "flow.events",
                    "e1@A, e2@C, m1@A:retired=B, m1@C:retired=B, m1@B:survivor=A C");
}
END_TEST

START_TEST(routes_have_keys_of_their_own)
{
    struct bed_record all[4], open[4];
    bed_report(&b, "e1", "A", NULL, NULL, NULL);
    bed_report(&b, "m1", "B", NULL, "A", NULL);
    bed_run(&b);
    ck_assert_uint_eq(bed_read(&b, "flow.route.all", all, 4), 3);
    ck_assert_uint_eq(bed_read(&b, "flow.route.open", open, 4), 3);
    ck_assert_uint_eq(bed_read(&b, "flow.route.none", all + 3, 1), 0);
    kit_assert_slice(all[1].key, all[0].key);  /* the retired lane */
    kit_assert_slice(all[1].with, all[2].key); /* names the survivor's key of this route */
    kit_assert_slice(all[2].with, all[0].key);
    ck_assert(!slice_eq(all[0].key, open[0].key));
    ck_assert_uint_eq(all[0].key.n, 22);
}
END_TEST

START_TEST(not_to_be_forwarded)
{
    bed_report(&b, "e1-noforward", "A", NULL, NULL, NULL);
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1-noforward@A");
    struct bed_record r[1];
    ck_assert_uint_eq(bed_read(&b, "flow.route.all", r, 1), 0);
}
END_TEST

START_TEST(what_is_no_event_stops_nothing)
{
    struct journey_stats st;
    bed_report(&b, "e1", "A", NULL, NULL, "");
    bed_report(&b, "e2", "A", NULL, NULL, NULL);
    bed_run(&b);
    bed_assert_told(&b, "flow.events", "e1@A, e2@A");
    journey_stats(b.journey, &st);
    ck_assert_uint_eq(st.unreadable, 1);
}
END_TEST

START_TEST(many_units_keep_order_and_position)
{
    struct bed_record r[2];
    char id[32], person[32];
    for (int i = 0; i < 1500; i++) {
        snprintf(id, sizeof(id), "e%d", i);
        snprintf(person, sizeof(person), "P%d", i % 7);
        bed_report(&b, id, person, NULL, NULL, NULL);
    }
    bed_run(&b);
    struct journey_stats st;
    journey_stats(b.journey, &st);
    ck_assert_uint_eq(st.events, 1500);
    bed_restart(&b);
    bed_run(&b);
    journey_stats(b.journey, &st);
    ck_assert_uint_eq(st.events + st.repeats, 0); /* nothing is read twice */
    ck_assert_uint_eq(bed_read(&b, "flow.route.all", r, 2), 2);
    kit_assert_slice(r[0].id, SLICE("e0"));
}
END_TEST

Suite *journey_suite(void)
{
    Suite *s = suite_create("journey");
    TCase *c = tcase_create("journey");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, repeats_are_dropped_also_after_a_restart);
    tcase_add_loop_test(c, copied_ids_have_the_age_that_they_say, 0, 2);
    tcase_add_test(c, a_standby_follows_and_makes_nothing);
    tcase_add_test(c, a_standby_takes_over);
    tcase_add_test(c, units_that_never_became_durable_are_made_by_the_next);
    tcase_add_test(c, older_than_the_window_passes_flagged);
    tcase_add_test(c, a_control_id_used_again_is_flagged);
    tcase_add_test(c, events_with_ids_of_their_own_are_of_one_message);
    tcase_add_test(c, control_ids_are_known_after_a_restart);
    tcase_add_test(c, receipt_and_clock_are_added);
    tcase_add_loop_test(c, a_time_more_than_a_day_ahead_is_flagged, 0, TIMES);
    tcase_add_test(c, first_identity_gives_the_key_for_good);
    tcase_add_test(c, a_local_id_joins_behind_a_barrier);
    tcase_add_test(c, a_merge_goes_to_both_keys);
    tcase_add_test(c, several_retired_keys);
    tcase_add_test(c, routes_have_keys_of_their_own);
    tcase_add_test(c, not_to_be_forwarded);
    tcase_add_test(c, what_is_no_event_stops_nothing);
    tcase_add_test(c, many_units_keep_order_and_position);
    suite_add_tcase(s, c);
    return s;
}
