#include "map_place.h"

#include <stdio.h>
#include "map_code.h"
#include "map_place_rule.h"
#include "site_tables.h"
#include "map_text.h"

enum { CLASS = MAP_PLACE_PARTS }; /* bed_class.raw; code and system stand behind it */

/* The parts stand in the order of the schema. */
#define SAME_ORDER(member, FIELD)                                                                  \
    _Static_assert(EV_DATA_##FIELD - EV_DATA_LOCATION_RAW == (member), #FIELD " is out of order")
SAME_ORDER(MAP_PLACE_SITE, LOCATION_SITE);
SAME_ORDER(MAP_PLACE_WARD, LOCATION_WARD);
SAME_ORDER(MAP_PLACE_BAY, LOCATION_BAY);
SAME_ORDER(MAP_PLACE_BED, LOCATION_BED);
SAME_ORDER(MAP_PLACE_BUILDING, LOCATION_BUILDING);
SAME_ORDER(MAP_PLACE_FLOOR, LOCATION_FLOOR);
SAME_ORDER(MAP_PLACE_STATUS, LOCATION_STATUS);
SAME_ORDER(MAP_PLACE_TYPE, LOCATION_TYPE);
SAME_ORDER(MAP_PLACE_DESCRIPTION, LOCATION_DESCRIPTION);
SAME_ORDER(MAP_PLACE_GROUP, LOCATION_GROUP);
SAME_ORDER(CLASS, LOCATION_BED_CLASS_RAW);
#undef SAME_ORDER

int map_pl_compile(struct slice layout, unsigned char ret[MAP_PL_MAX], unsigned *ret_n,
                   struct err *reterr)
{
    if (!layout.n)
        layout = SLICE("ward^bay^bed^site^status^type^building^floor^description");
    unsigned n = 0, seen = 0;
    while (slice_present(layout)) {
        struct slice name = slice_trim(slice_split(&layout, '^'));
        int member = map_place_part_of(name);
        if (member < 0 || n == MAP_PL_MAX)
            return err_set(reterr, ERR_CONF,
                           "pl: \"%.*s\" is not what a location has; site, ward, bay, bed, "
                           "building, floor, status, type, description, or nothing",
                           SLICE_ARG(name));
        if (member && (seen & 1U << member))
            return err_set(reterr, ERR_CONF, "pl: %.*s stands twice", SLICE_ARG(name));
        seen |= 1U << member;
        ret[n++] = (unsigned char)member;
    }
    *ret_n = n;
    return 0;
}

/* A star beside other text: such a key would only be found by a ward that is called so. */
static bool has_pattern(struct slice key)
{
    while (slice_present(key)) {
        struct slice part = slice_split(&key, '/');
        if (part.n > 1 && slice_find(part, '*') < part.n)
            return true;
    }
    return false;
}

static bool location_fine(const void *arg, struct slice key, struct slice value,
                          char why[SITE_TABLE_WHY])
{
    (void)arg;
    if (site_table_parts(key) != 2) {
        snprintf(why, SITE_TABLE_WHY, "the key is site/ward, as in RZZ01/W12; \"*\" is any");
        return false;
    }
    if (has_pattern(key)) {
        snprintf(why, SITE_TABLE_WHY,
                 "\"*\" stands for a whole part; patterns belong under places: in an overlay");
        return false;
    }
    if (map_place_group_known(value))
        return true;
    map_place_group_unknown(value, why, SITE_TABLE_WHY);
    return false;
}

int map_locations_check(const struct site_table *locations, struct err *reterr)
{
    return site_table_check(locations, location_fine, NULL, reterr);
}

/* The ODS code of the site, where the table `site` knows better than the message: by what was sent
 * as the site, or by the building. */
static void correct_site(const struct map_context *c, struct slice parts[MAP_PLACE_PARTS])
{
    static const unsigned from[] = {MAP_PLACE_BUILDING, MAP_PLACE_SITE};
    for (unsigned i = 0; i < 2; i++) {
        struct slice sent = parts[from[i]];
        struct slice site = slice_present(sent) ? site_table_get(c->sites, sent) : SLICE_ABSENT;
        if (slice_present(site)) {
            parts[MAP_PLACE_SITE] = site;
            return;
        }
    }
}

/* What the site's tables know of site and ward, where no rule has said it. A tree may well name a
 * site and no ward. */
static void classify(struct map_run *run, const struct map_field *f,
                     const struct slice parts[MAP_PLACE_PARTS])
{
    const struct map_context *c = run->context;
    struct slice site = parts[MAP_PLACE_SITE], group = parts[MAP_PLACE_GROUP];
    struct slice key[2] = {slice_present(site) ? site : c->source->ods, parts[MAP_PLACE_WARD]};
    if (!slice_present(group))
        group = site_table_get_parts(c->locations, key, 2);
    if (map_place_group_known(group))
        event_put(run->event, f->field + MAP_PLACE_GROUP, group);
    else if (!run->view || slice_present(key[1]))
        map_run_flag(run, f->flag);
    struct slice beds = site_table_get_parts(c->bed_classes, key, 2);
    if (slice_present(beds))
        (void)map_codes_set_known(run, (int)f->field + CLASS + 1, (int)f->field + CLASS + 2,
                                  c->bed_codes, beds);
}

/* Writes the place; raw and the parts as they were sent. */
static void put_place(struct map_run *run, const struct map_field *f, struct slice raw,
                      struct slice parts[MAP_PLACE_PARTS])
{
    const struct map_context *c = run->context;
    struct slice sent[MAP_PLACE_SENT];
    memcpy(sent, parts, sizeof(sent));
    correct_site(c, parts);
    map_place_rules_run(c->places, sent, parts, &run->places);
    event_put(run->event, f->field + MAP_PLACE_RAW, raw);
    for (unsigned i = MAP_PLACE_SITE; i < MAP_PLACE_SENT; i++)
        if (slice_present(parts[i]))
            event_put(run->event, f->field + i, parts[i]);
    classify(run, f, parts);
}

bool map_place_set(struct map_run *run, const struct map_field *f, struct slice pl)
{
    const struct map_context *c = run->context;
    struct slice parts[MAP_PLACE_PARTS] = {{0}};
    bool any = false;
    for (unsigned i = 0; i < c->npl; i++) {
        if (!c->pl[i])
            continue;
        parts[c->pl[i]] = map_text_part(run, pl, i + 1, 1);
        any |= slice_present(parts[c->pl[i]]);
    }
    if (!any)
        return false;
    put_place(run, f, map_text_raw(run, pl), parts);
    return true;
}

bool map_place_set_text(struct map_run *run, const struct map_field *f, struct slice text)
{
    const struct map_context *c = run->context;
    struct slice parts[MAP_PLACE_PARTS] = {{0}}, rest = text;
    bool any = false;
    for (unsigned i = 0; i < c->npl && slice_present(rest); i++) {
        struct slice part = slice_split(&rest, '^');
        if (!c->pl[i] || !part.n)
            continue;
        parts[c->pl[i]] = part;
        any = true;
    }
    if (any)
        put_place(run, f, text, parts);
    return any;
}

bool map_place_set_parts(struct map_run *run, const struct map_field *f,
                         const struct map_value *values)
{
    struct slice parts[MAP_PLACE_PARTS] = {{0}}, all = SLICE_ABSENT;
    for (unsigned i = MAP_PLACE_SITE; i < MAP_PLACE_SENT; i++) {
        parts[i] = map_run_value(run, &values[i]);
        if (slice_present(parts[i]))
            all = slice_present(all) ? arena_join(run->arena, all, SLICE("^"), parts[i]) : parts[i];
    }
    struct slice raw = map_run_value(run, &values[MAP_PLACE_RAW]);
    if (!slice_present(all) && !slice_present(raw))
        return false;
    put_place(run, f, slice_present(raw) ? raw : all, parts);
    return true;
}
