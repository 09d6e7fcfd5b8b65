/* map_group.h - the groups of a message's segments that make events of their own: patients of A17,
 * beds of A20, orders of ORM, results of ORU. */
#ifndef WEIR_MAP_GROUP_H
#define WEIR_MAP_GROUP_H

#include "map_model.h"

enum {
    MAP_GROUPS_MAX = 1000,
    MAP_SHARED_MAX = 256 << 20, /* bytes that the groups of a message may read of what they share */
};

struct map_groups {
    const struct hl7_scope *at; /* in the arena, in the order of the message; at least one */
    const struct json_scope *const *tree; /* of a tree in place of at; NULL: one, which is all */
    unsigned n;
};

/* By split: and history: of the trigger; one group where it has none or the message has one.
 * ERR_LIMIT for more than MAP_GROUPS_MAX, ERR_NOMEM. */
int map_groups_find(const struct map_trigger *trigger, const struct hl7_msg *m, struct arena *arena,
                    struct map_groups *ret, struct err *reterr);

/* By the lists of the trigger: one group for each element of the innermost list, and for each of an
 * outer one in which the inner is not there or empty; one group, which is all, where the outermost
 * is no list or is empty. ERR_LIMIT, ERR_NOMEM. */
int map_groups_of_tree(const struct map_trigger *trigger, struct json_view *view,
                       struct arena *arena, struct map_groups *ret, struct err *reterr);

#endif
