/* map_place_rule.h - `places:` of a map: what a place is, told by the pattern of what was sent.
 *
 *     places:
 *       bay in the ward: {like: {ward: "{ward}/{bay}-{bed}"}}
 *       emergency: {like: {ward: ["ED*", "A?E"]}, site: RZZ01, group: ed}
 *
 * The parts are those of the layout (`pl:`), as sent. In a pattern * is any text, ? one byte, and
 * {bay} one byte or more that become that part. Every rule that fits counts; of two that set the
 * same part the one that stands first. All of it lives in the arena of the map. */
#ifndef WEIR_MAP_PLACE_RULE_H
#define WEIR_MAP_PLACE_RULE_H

#include "map_compile.h"

/* Members of a location in the order of the schema, from raw on. */
enum map_place_part {
    MAP_PLACE_RAW,
    MAP_PLACE_SITE,
    MAP_PLACE_WARD,
    MAP_PLACE_BAY,
    MAP_PLACE_BED,
    MAP_PLACE_BUILDING,
    MAP_PLACE_FLOOR,
    MAP_PLACE_STATUS,
    MAP_PLACE_TYPE,
    MAP_PLACE_DESCRIPTION,
    MAP_PLACE_SENT, /* those in front are parts of a PL */
    MAP_PLACE_GROUP = MAP_PLACE_SENT,
    MAP_PLACE_PARTS,
};

struct map_place_rules;

/* The part of that name, but for group; 0 for the empty name, -1 for any other. */
int map_place_part_of(struct slice name);
bool map_place_group_known(struct slice group);
/* Writes "no kind of place…" and the kinds that there are. */
void map_place_group_unknown(struct slice group, char *out, size_t size);

/* node: the section, NULL where there is none (*ret is NULL then). holds: bit n is set where the
 * layout has part n; a rule about another would never fit and is refused. ERR_CONF with place. */
int map_place_rules_compile(struct map_compiler *c, const struct yaml *node, unsigned holds,
                            const struct map_place_rules **ret, struct err *reterr);
/* Fills what the rules set of ret (all else stays as it is) from what was sent. Of each rule that
 * fits the bit is set in *ret_fits. rules may be NULL. */
void map_place_rules_run(const struct map_place_rules *rules,
                         const struct slice sent[MAP_PLACE_SENT], struct slice ret[MAP_PLACE_PARTS],
                         uint64_t *ret_fits);
/* The nth rule's name, absent past the end. */
struct slice map_place_rule_name(const struct map_place_rules *rules, unsigned nth);

#endif
