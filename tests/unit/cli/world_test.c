/* The synthetic region as its four sectors tell it: what two of them say of one person agrees, each
 * goes on in order, ways that are not wanted are left out, and files repeat what they should. */
#include <stdlib.h>
#include <string.h>
#include "cli_suites.h"
#include "kit.h"
#include "patients.h"
#include "world.h"
#include "world_parts.h"
#include "zone.h"

enum {
    MARCH_2 = 1772409600,
    ALL_WAYS = 0xff,
    RESENT_S = 3, /* what a hospital sends once more stands as much after its first sending */
};

struct bed {
    struct zone *zone;
    struct world *world;
    struct telling t;
};

static void open_bed(struct bed *b, enum sector sector, unsigned ways)
{
    struct err err = {0};
    ck_assert_int_eq(zone_open(ZONE_DIR, "Europe/London", &b->zone, &err), 0);
    const struct world_options o = {.sector = sector,
                                    .ways = ways,
                                    .seed = 3,
                                    .hospitals = 2,
                                    .start = MARCH_2,
                                    .zone = b->zone};
    ck_assert_int_eq(world_open(&o, &b->world, &err), 0);
}

static void close_bed(struct bed *b)
{
    world_close(b->world);
    zone_close(b->zone);
}

static void next(struct bed *b)
{
    struct err err = {0};
    if (world_next(b->world, &b->t, &err) < 0)
        ck_abort_msg("%s", err.text);
}

START_TEST(test_each_sector_goes_on_in_order)
{
    for (unsigned sector = 0; sector < SECTORS; sector++) {
        struct bed b;
        int64_t at = 0;
        unsigned ways = 0;
        open_bed(&b, (enum sector)sector, ALL_WAYS);
        for (unsigned i = 0; i < 3000; i++) {
            next(&b);
            ck_assert(b.t.sent + RESENT_S >= at);
            ck_assert(sector_sends((enum sector)sector, b.t.way));
            ck_assert(b.t.bytes.n > 0 && b.t.types[0] && b.t.line[0] && b.t.name);
            ck_assert_int_eq(b.t.rows != NULL, b.t.way == WAY_ROWS);
            ck_assert_int_eq(b.t.path != NULL, b.t.way == WAY_FHIR);
            at = b.t.sent;
            ways |= 1U << b.t.way;
        }
        for (unsigned way = 0; way < WAYS; way++)
            ck_assert_int_eq(ways >> way & 1, sector_sends((enum sector)sector, (enum way)way));
        close_bed(&b);
    }
}
END_TEST

START_TEST(test_what_is_not_wanted_is_left_out)
{
    struct bed b, all;
    open_bed(&b, SECTOR_AMBULANCE, 1U << WAY_FHIR);
    open_bed(&all, SECTOR_AMBULANCE, ALL_WAYS);
    for (unsigned i = 0; i < 50; i++) {
        next(&b);
        do
            next(&all);
        while (all.t.way != WAY_FHIR);
        kit_assert_slice(b.t.bytes, all.t.bytes);
    }
    close_bed(&b);
    close_bed(&all);
}
END_TEST

/* Those whom such an event of that sector names, as many as come. */
static unsigned collect(enum sector sector, const char *type, char (*out)[TELLING_NAME],
                        unsigned max)
{
    struct bed b;
    unsigned n = 0;
    open_bed(&b, sector, ALL_WAYS);
    for (next(&b); b.t.sent < MARCH_2 + 40 * 3600; next(&b)) {
        const char *who = b.t.person[0] ? b.t.person : b.t.line;
        for (unsigned i = 0; b.t.types[i] && n < max; i++)
            if (strcmp(b.t.types[i], type) == 0 && (*who == 'p' || *who == 'x'))
                memcpy(out[n++], who, TELLING_NAME);
    }
    close_bed(&b);
    return n;
}

static bool has(char (*names)[TELLING_NAME], unsigned n, const char *name)
{
    while (n--)
        if (strcmp(names[n], name) == 0)
            return true;
    return false;
}

/* Of the first kind all but the last ones, whose other half has not come yet, are of the second. */
static void check_follows(enum sector first, const char *is, enum sector then, const char *follows)
{
    enum { MAX = 20000 };
    char(*some)[TELLING_NAME] = calloc(MAX, TELLING_NAME);
    char(*others)[TELLING_NAME] = calloc(MAX, TELLING_NAME);
    unsigned missing = 0;
    ck_assert(some && others);
    unsigned n = collect(first, is, some, MAX), m = collect(then, follows, others, MAX);
    ck_assert_uint_gt(n, 9);
    for (unsigned i = 0; i < n; i++)
        missing += !has(others, m, some[i]);
    ck_assert_msg(missing * 10 <= n, "%s: %u of %u without %s", is, missing, n, follows);
    free(some);
    free(others);
}

START_TEST(test_two_sectors_tell_of_the_same_people)
{
    check_follows(SECTOR_AMBULANCE, "ambulance.handed_over", SECTOR_ACUTE, "emergency.arrived");
    check_follows(SECTOR_AMBULANCE, "urgent_community.requested", SECTOR_COMMUNITY,
                  "urgent_community.requested");
    check_follows(SECTOR_COMMUNITY, "appointment.booked", SECTOR_ACUTE, "patient.discharged");
    check_follows(SECTOR_MENTAL_HEALTH, "placement.requested", SECTOR_ACUTE, "emergency.departed");
    check_follows(SECTOR_ACUTE, "discharge.notified", SECTOR_ACUTE, "discharge.ready");
}
END_TEST

START_TEST(test_sectors_have_names)
{
    enum sector s;
    for (unsigned i = 0; i < SECTORS; i++) {
        ck_assert(sector_read(sector_name((enum sector)i), &s));
        ck_assert_uint_eq(s, i);
    }
    ck_assert(!sector_read("mental_health", &s));
}
END_TEST

START_TEST(test_what_fills_a_world_is_named)
{
    static const char *const says[] = {"more visits than", "more is under way"};
    for (unsigned i = 0; i < 2; i++) {
        struct bed b;
        struct err err = {0};
        open_bed(&b, SECTOR_AMBULANCE, ALL_WAYS);
        next(&b);
        if (i == 0)
            ck_assert(!world_first(b.world, 1U << 30));
        else
            while (world_affair(b.world, (struct who){0}, 1) != UINT32_MAX)
                ;
        ck_assert_int_eq(world_next(b.world, &b.t, &err), -1);
        ck_assert_int_eq(err.code, ERR_LIMIT);
        ck_assert_msg(strstr(err.text, says[i]), "%s", err.text);
        close_bed(&b);
    }
}
END_TEST

Suite *world_suite(void)
{
    Suite *s = suite_create("world");
    TCase *t = tcase_create("sectors");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_each_sector_goes_on_in_order);
    tcase_add_test(t, test_what_is_not_wanted_is_left_out);
    tcase_add_test(t, test_two_sectors_tell_of_the_same_people);
    tcase_add_test(t, test_what_fills_a_world_is_named);
    tcase_add_test(t, test_sectors_have_names);
    suite_add_tcase(s, t);
    return s;
}
