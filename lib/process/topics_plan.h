/* topics_plan.h - the topics of a site on Kafka and the rights on them, as its configuration wants
 * them: one table says of each topic how it is kept and which program does what with it. */
#ifndef WEIR_TOPICS_PLAN_H
#define WEIR_TOPICS_PLAN_H

#include "site.h"
#include "stream_admin.h"

enum { TOPICS_SETTINGS = 6 };

/* One that is to be: partitions, replicas, settings. */
struct topics_plan {
    const struct site *site;
    struct stream_topic *topics;
    unsigned ntopics;
    struct stream_acl *acls; /* none where no user has a principal */
    unsigned nacls;
    uint64_t message_max; /* max.message.bytes that is needed */
};

/* Lives in the arena and borrows from the site. ERR_LIMIT. */
int topics_plan(const struct site *site, const struct stream_admin *a, struct arena *arena,
                struct topics_plan *ret, struct err *reterr);
/* The topics that a program writes messages, events or records of its own to: names only. */
int topics_written(const struct site *site, enum site_user user, struct arena *arena,
                   struct stream_topic **ret, unsigned *ret_n, struct err *reterr);
/* The principal of a route's reader: "ana" and "User:ana" are the same. */
struct slice topics_principal(struct slice reader, struct arena *arena);
/* How a principal's consumer groups begin: "ana." for "User:ana" and for "User:CN=ana,O=…". */
struct slice topics_groups_of(struct slice principal, struct arena *arena);

#endif
