/* The synthetic region: the same bytes for the same seed, messages that parse, numbers with right
 * check digits, arrivals by the hour, clocks that change. */
#include <stdlib.h>
#include <string.h>
#include "agenda.h"
#include "cli_suites.h"
#include "digest.h"
#include "hl7_msg.h"
#include "hospital_message.h"
#include "kit.h"
#include "pace.h"
#include "patients.h"
#include "person.h"
#include "region.h"

/* The first 1000 messages of seed 1 on 2026-03-02, three hospitals. Change it only with the
 * simulation: users compare runs. */
static const char PINNED[] = "c916beb250070d02c4c1676b4ff2841437aabf4701df9596d444888c11cafb7a";

enum {
    MARCH_2 = 1772409600,    /* 2026-03-02T00:00:00Z */
    MARCH_29 = 1774742400,   /* 2026-03-29T00:00:00Z: clocks go forward at 01:00 */
    OCTOBER_25 = 1792882800, /* 2026-10-24T23:00:00Z, midnight in London: back at 01:00Z */
};

struct bed {
    struct region *region;
    struct zone *zone;
    struct buf text;
    struct hospital_style style;
    struct notice n;
};

static void open_bed(struct bed *b, uint64_t seed, int64_t start, unsigned odd)
{
    struct err err = {0};
    ck_assert_int_eq(zone_open(ZONE_DIR, "Europe/London", &b->zone, &err), 0);
    struct region_options o = {seed, 3, start, odd, b->zone};
    ck_assert_int_eq(region_open(&o, &b->region, &err), 0);
    b->style = (struct hospital_style){seed, b->zone};
    buf_init(&b->text, 1 << 20);
}

static void close_bed(struct bed *b)
{
    region_close(b->region);
    zone_close(b->zone);
    buf_fini(&b->text);
}

/* The next message; valid until the one after it. */
static struct slice next(struct bed *b)
{
    struct err err = {0};
    ck_assert_int_eq(region_next(b->region, &b->n, &err), 0);
    buf_reset(&b->text);
    hospital_message_write(&b->text, &b->style, &b->n);
    ck_assert(buf_ok(&b->text));
    return buf_slice(&b->text);
}

static struct slice print(uint64_t seed, unsigned count, char hex[DIGEST_HEX])
{
    struct bed b;
    struct digest *d;
    struct err err = {0};
    unsigned char sum[DIGEST_SIZE];
    ck_assert_int_eq(digest_open(SLICE_ABSENT, &d, &err), 0);
    open_bed(&b, seed, MARCH_2, 0);
    digest_begin(d);
    for (unsigned i = 0; i < count; i++)
        digest_add(d, next(&b));
    digest_end(d, sum);
    digest_close(d);
    close_bed(&b);
    return digest_hex(sum, sizeof(sum), hex);
}

START_TEST(test_a_seed_gives_the_same_bytes)
{
    char one[DIGEST_HEX], two[DIGEST_HEX], other[DIGEST_HEX];
    kit_assert_slice(print(1, 1000, one), slice_str(PINNED));
    kit_assert_slice(print(7, 3000, one), print(7, 3000, two));
    ck_assert_str_ne(one, (print(8, 3000, other), other));
}
END_TEST

static bool right_check_digit(struct slice s)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 9; i++)
        sum += (unsigned)(s.p[i] - '0') * (10 - i);
    unsigned check = 11 - sum % 11;
    return check != 10 && (unsigned)(s.p[9] - '0') == check % 11;
}

START_TEST(test_numbers_are_right_and_differ)
{
    static char seen[1000000];
    char nhs[NHS_NUMBER_SIZE];
    memset(seen, 0, sizeof(seen));
    for (uint32_t n = 0; n < PERSON_MAX; n += n == 90000 ? PERSON_MAX - 180000 : 1) {
        person_nhs_number(n, nhs);
        nhs[9] = '\0';
        unsigned body = (unsigned)strtoul(nhs + 3, NULL, 10);
        person_nhs_number(n, nhs);
        if (strlen(nhs) != 10 || memcmp(nhs, "999", 3) != 0 || seen[body] ||
            !right_check_digit(slice_str(nhs)))
            ck_abort_msg("person %u: %s", n, nhs);
        seen[body] = 1;
    }
}
END_TEST

static struct slice field(const struct hl7_msg *m, const char *id, unsigned no)
{
    const struct hl7_segment *s = hl7_msg_segment(m, slice_str(id), 0);
    return s ? hl7_msg_field(m, s, no) : SLICE_ABSENT;
}

static void check_ids(const struct hl7_msg *m, struct slice ids)
{
    for (unsigned i = 1; i <= hl7_msg_repetitions(m, ids); i++) {
        struct slice id = hl7_msg_repetition(m, ids, i);
        struct slice value = hl7_msg_part(m, id, 1, 0);
        if (slice_eq_str(hl7_msg_part(m, id, 4, 0), "NHS")) {
            ck_assert_uint_eq(value.n, 10);
            ck_assert(slice_starts(value, SLICE("999")) && right_check_digit(value));
        } else {
            ck_assert_uint_eq(value.n, 8);
        }
    }
}

START_TEST(test_messages_parse)
{
    static const struct hl7_limits limits = {20, 200};
    struct bed b;
    struct arena arena;
    struct hl7_msg m;
    struct err err = {0};
    unsigned triggers = 0;
    arena_init(&arena, 1 << 20);
    open_bed(&b, 5, MARCH_2, 0);
    for (unsigned i = 0; i < 30000; i++) {
        arena_reset(&arena);
        ck_assert_msg(hl7_msg_parse(next(&b), &limits, &arena, &m, &err) == 0, "%s", err.text);
        ck_assert_uint_eq(m.flags, 0);
        ck_assert(field(&m, "PID", 3).n > 0 && field(&m, "EVN", 2).n == 14);
        ck_assert_int_eq(b.n.trigger == ADT_A40, field(&m, "MRG", 1).n > 0);
        ck_assert(b.n.types[0] != NULL);
        check_ids(&m, field(&m, "PID", 3));
        triggers |= 1U << b.n.trigger;
    }
    ck_assert_uint_eq(triggers, ((1U << TRIGGERS) - 1) & ~(1U << ADT_A16));
    close_bed(&b);
    arena_fini(&arena);
}
END_TEST

START_TEST(test_each_patient_counts_from_one)
{
    static uint32_t last[200000];
    struct bed b;
    unsigned merged = 0, joined = 0, twice = 0, late = 0;
    memset(last, 0, sizeof(last));
    open_bed(&b, 9, MARCH_2, 0);
    for (unsigned i = 0; i < 30000; i++) {
        (void)next(&b);
        ck_assert_uint_lt(b.n.patient, 200000);
        ck_assert_uint_eq(b.n.n, ++last[b.n.patient]);
        if (b.n.also_n) {
            ck_assert_uint_eq(b.n.also_n, ++last[b.n.also]);
            merged += b.n.trigger == ADT_A40;
            joined += b.n.trigger == ADT_A08;
        }
        twice += b.n.twice;
        late += b.n.occurred && b.n.recorded - b.n.occurred >= 3600;
    }
    ck_assert_uint_gt(merged, 3);
    ck_assert_uint_gt(joined, 3);
    ck_assert_uint_gt(twice, 50);
    ck_assert_uint_gt(late, 50);
    close_bed(&b);
}
END_TEST

/* Arrivals at the emergency departments by the hour, over `days`. */
static void count_arrivals(struct bed *b, unsigned days, unsigned hours[24])
{
    for (;;) {
        struct slice text = next(b);
        if (b->n.sent >= MARCH_2 + (int64_t)days * 86400)
            return;
        if (b->n.trigger == ADT_A04 && b->n.visit.patient_class == 'E')
            hours[(b->n.sent - MARCH_2) % 86400 / 3600]++;
        ck_assert_uint_gt(text.n, 100);
    }
}

START_TEST(test_people_come_by_the_hour)
{
    struct bed b;
    unsigned hours[24] = {0}, all = 0;
    open_bed(&b, 11, MARCH_2, 0);
    count_arrivals(&b, 3, hours);
    for (unsigned i = 0; i < 24; i++)
        all += hours[i];
    ck_assert_uint_ge(all, 3 * 3 * 340);
    ck_assert_uint_le(all, 3 * 3 * 420);
    ck_assert_uint_gt(hours[10] + hours[11], 3 * (hours[3] + hours[4]));
    ck_assert_uint_gt(hours[17], 2 * hours[23] * 3 / 4);
    close_bed(&b);
}
END_TEST

/* How often MSH-7 shows 01:xx on the first day, and how often the clock seems to go back by more
 * than half an hour. */
static void read_clock(int64_t start, unsigned *ret_ones, unsigned *ret_back)
{
    struct bed b;
    long before = 0;
    *ret_ones = *ret_back = 0;
    open_bed(&b, 2, start, 0);
    for (;;) {
        struct slice text = next(&b);
        size_t at = 0;
        for (unsigned bars = 0; bars < 6; at++)
            bars += text.p[at] == '|';
        char clock[7] = {0};
        if (b.n.sent >= start + 10 * 3600)
            break;
        memcpy(clock, text.p + at + 8, 6);
        long now = strtol(clock, NULL, 10);
        *ret_ones += now / 10000 == 1;
        *ret_back += now + 3000 < before;
        before = now;
    }
    close_bed(&b);
}

START_TEST(test_clocks_change)
{
    unsigned ones, back;
    read_clock(MARCH_29, &ones, &back);
    ck_assert_uint_eq(ones, 0);
    ck_assert_uint_eq(back, 0);
    read_clock(OCTOBER_25, &ones, &back);
    ck_assert_uint_gt(ones, 0);
    ck_assert_uint_gt(back, 0);
    read_clock(MARCH_2, &ones, &back);
    ck_assert_uint_gt(ones, 0);
    ck_assert_uint_eq(back, 0);
}
END_TEST

START_TEST(test_odd_messages_are_told)
{
    struct bed b;
    unsigned seen[ODDITIES] = {0};
    open_bed(&b, 3, MARCH_2, 200);
    for (unsigned i = 0; i < 5000; i++) {
        struct slice text = next(&b);
        seen[b.n.odd]++;
        ck_assert_int_eq(b.n.odd == ODD_LINE_FEEDS, slice_find(text, '\n') < text.n);
        ck_assert_int_eq(b.n.odd == ODD_NO_MRG, b.n.types[0] == NULL);
    }
    for (unsigned i = 0; i < ODDITIES; i++)
        ck_assert_uint_gt(seen[i], 20);
    close_bed(&b);
}
END_TEST

START_TEST(test_the_agenda_keeps_order_and_its_limit)
{
    struct agenda a;
    struct agenda_entry e;
    struct dice d;
    dice_init(&d, 4);
    agenda_init(&a, 5000);
    for (unsigned i = 0; i < 5000; i++)
        ck_assert(agenda_put(&a, dice_below(&d, 300), 0, i));
    ck_assert(!agenda_put(&a, 1, 0, 0));
    int64_t at = -1;
    uint64_t order = 0;
    for (unsigned i = 0; i < 5000; i++) {
        ck_assert(agenda_take(&a, &e));
        ck_assert(e.at > at || (e.at == at && e.order > order));
        at = e.at;
        order = e.order;
    }
    ck_assert(!agenda_take(&a, &e));
    agenda_fini(&a);
}
END_TEST

START_TEST(test_patients_have_a_limit)
{
    struct patients t;
    struct dice d;
    dice_init(&d, 4);
    patients_init(&t, 3);
    ck_assert_uint_eq(patients_pick(&t, &d), PATIENT_NONE);
    ck_assert_uint_eq(patients_new(&t, true), 0);
    ck_assert_uint_eq(patients_second(&t, 0), 1);
    ck_assert_uint_eq(patients_new(&t, false), 2);
    ck_assert_uint_eq(patients_new(&t, true), PATIENT_NONE);
    ck_assert_uint_eq(patients_second(&t, 0), PATIENT_NONE);
    for (unsigned i = 0; i < 20; i++) {
        uint32_t p = patients_pick(&t, &d);
        ck_assert(p == 0 || p == PATIENT_NONE);
    }
    patients_fini(&t);
}
END_TEST

START_TEST(test_beds_run_out)
{
    struct beds beds = {0};
    struct place p, last = {0};
    struct dice d;
    dice_init(&d, 4);
    for (unsigned i = 0; i < ward_kind(WARD_ITU)->beds; i++, last = p)
        ck_assert(beds_take(&beds, WARD_ITU, &d, &p));
    ck_assert(!beds_take(&beds, WARD_ITU, &d, &p));
    ck_assert_uint_eq(beds_squeeze(&beds, WARD_ITU, &d).bed, 0);
    ck_assert(!beds_claim(&beds, last));
    beds_leave(&beds, last);
    ck_assert(beds_claim(&beds, last));
}
END_TEST

START_TEST(test_pace)
{
    static const int64_t second = 1000000000;
    struct pace rate = {.rate = 20, .start_ns = 5}, speed = {.speed = 60, .start_s = 100};
    struct pace none = {.start_ns = 9};
    ck_assert_int_eq(pace_due(&rate, 0, 0), 5);
    ck_assert_int_eq(pace_due(&rate, 30, 0), 5 + second * 3 / 2);
    ck_assert_int_eq(pace_due(&speed, 0, 90), 0);
    ck_assert_int_eq(pace_due(&speed, 7, 100 + 90), second * 3 / 2);
    ck_assert_int_eq(pace_due(&none, 1000, 1000), 9);
}
END_TEST

Suite *hospital_suite(void)
{
    Suite *s = suite_create("hospital");
    TCase *c = tcase_create("hospital");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, test_a_seed_gives_the_same_bytes);
    tcase_add_test(c, test_numbers_are_right_and_differ);
    tcase_add_test(c, test_messages_parse);
    tcase_add_test(c, test_each_patient_counts_from_one);
    tcase_add_test(c, test_people_come_by_the_hour);
    tcase_add_test(c, test_clocks_change);
    tcase_add_test(c, test_odd_messages_are_told);
    tcase_add_test(c, test_the_agenda_keeps_order_and_its_limit);
    tcase_add_test(c, test_patients_have_a_limit);
    tcase_add_test(c, test_beds_run_out);
    tcase_add_test(c, test_pace);
    suite_add_tcase(s, c);
    return s;
}
