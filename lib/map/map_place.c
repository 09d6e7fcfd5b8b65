#include "map_place.h"

#include <stdio.h>
#include "map_code.h"
#include "site_tables.h"
#include "map_text.h"
#include "near_name.h"

/* Members of a location in the order of the schema, from raw on. */
enum member { RAW, SITE, WARD, BAY, BED, BUILDING, FLOOR, STATUS, TYPE, DESCRIPTION, GROUP, CLASS };

#define SAME_ORDER(member, FIELD)                                                                  \
    _Static_assert(EV_DATA_##FIELD - EV_DATA_LOCATION_RAW == (member), #FIELD " is out of order")
SAME_ORDER(SITE, LOCATION_SITE);
SAME_ORDER(WARD, LOCATION_WARD);
SAME_ORDER(BAY, LOCATION_BAY);
SAME_ORDER(BED, LOCATION_BED);
SAME_ORDER(BUILDING, LOCATION_BUILDING);
SAME_ORDER(FLOOR, LOCATION_FLOOR);
SAME_ORDER(STATUS, LOCATION_STATUS);
SAME_ORDER(TYPE, LOCATION_TYPE);
SAME_ORDER(DESCRIPTION, LOCATION_DESCRIPTION);
SAME_ORDER(GROUP, LOCATION_GROUP);
SAME_ORDER(CLASS, LOCATION_BED_CLASS_RAW);
#undef SAME_ORDER

static const char *const members[] = {"",         "site",  "ward",   "bay",  "bed",
                                      "building", "floor", "status", "type", "description"};
enum { NMEMBERS = sizeof(members) / sizeof(members[0]) };

static const char *const groups[] = {
    "ed",           "sdec",   "assessment", "ward", "theatre", "critical_care", "discharge_lounge",
    "virtual_ward", "clinic", "cdc",        "home", "other"};

static int find_member(struct slice name)
{
    for (int i = 1; i < NMEMBERS; i++)
        if (slice_eq_str(name, members[i]))
            return i;
    return name.n ? -1 : 0;
}

int map_pl_compile(struct slice layout, unsigned char ret[MAP_PL_MAX], unsigned *ret_n,
                   struct err *reterr)
{
    if (!layout.n)
        layout = SLICE("ward^bay^bed^site^status^type^building^floor^description");
    unsigned n = 0, seen = 0;
    while (slice_present(layout)) {
        struct slice name = slice_trim(slice_split(&layout, '^'));
        int member = find_member(name);
        if (member < 0 || n == MAP_PL_MAX)
            return err_set(reterr, ERR_CONF,
                           "pl: \"%.*s\" is not what a location has; site, ward, bay, bed, "
                           "building, floor, status, type, description, or nothing",
                           SLICE_ARG(name));
        if (member && (seen & 1U << member))
            return err_set(reterr, ERR_CONF, "pl: %s stands twice", members[member]);
        seen |= 1U << member;
        ret[n++] = (unsigned char)member;
    }
    *ret_n = n;
    return 0;
}

static bool known_group(struct slice group)
{
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (slice_eq_str(group, groups[i]))
            return true;
    return false;
}

static bool location_fine(struct slice key, struct slice value, char why[SITE_TABLE_WHY])
{
    struct near_name near = near_name_of(value);
    if (site_table_parts(key) != 2) {
        snprintf(why, SITE_TABLE_WHY, "the key is site/ward, as in RZZ01/W12; \"*\" is any");
        return false;
    }
    if (known_group(value))
        return true;
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        near_name_try(&near, groups[i]);
    snprintf(why, SITE_TABLE_WHY,
             "no kind of place%s%s; there are ed, sdec, assessment, ward, theatre, "
             "critical_care, discharge_lounge, virtual_ward, clinic, cdc, home, other",
             near.name ? "; did you mean " : "", near.name ? near.name : "");
    return false;
}

int map_locations_check(const struct site_table *locations, struct err *reterr)
{
    return site_table_check(locations, location_fine, reterr);
}

/* What the site's tables know of site and ward. */
static void classify(struct map_run *run, const struct map_field *f)
{
    const struct map_context *c = run->context;
    struct slice site = event_get(run->event, f->field + SITE);
    struct slice ward = event_get(run->event, f->field + WARD);
    struct slice key[2] = {slice_present(site) ? site : c->source->ods, ward};
    struct slice group = site_table_get_parts(c->locations, key, 2);
    if (known_group(group))
        event_put(run->event, f->field + GROUP, group);
    else
        map_run_flag(run, f->flag);
    struct slice beds = site_table_get_parts(c->bed_classes, key, 2);
    if (slice_present(beds))
        (void)map_codes_set_known(run, (int)f->field + CLASS + 1, (int)f->field + CLASS + 2,
                                  c->bed_codes, beds);
}

/* The ODS code of the site, where the table `site` knows better than the message: by what was sent
 * as the site, or by the building. */
static void correct_site(struct map_run *run, const struct map_field *f)
{
    static const unsigned from[] = {BUILDING, SITE};
    for (unsigned i = 0; i < 2; i++) {
        struct slice sent = event_get(run->event, f->field + from[i]);
        struct slice site =
            slice_present(sent) ? site_table_get(run->context->sites, sent) : SLICE_ABSENT;
        if (slice_present(site)) {
            event_put(run->event, f->field + SITE, site);
            return;
        }
    }
}

bool map_place_set(struct map_run *run, const struct map_field *f, struct slice pl)
{
    const struct map_context *c = run->context;
    bool any = false;
    for (unsigned i = 0; i < c->npl; i++) {
        if (!c->pl[i])
            continue;
        struct slice part = map_text_part(run, pl, i + 1, 1);
        if (!slice_present(part))
            continue;
        event_put(run->event, f->field + c->pl[i], part);
        any = true;
    }
    if (!any)
        return false;
    event_put(run->event, f->field + RAW, map_text_raw(run, pl));
    correct_site(run, f);
    classify(run, f);
    return true;
}
