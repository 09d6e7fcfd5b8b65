/* topics_compare.h - what is on the nodes beside what is to be (topics_plan.h): each difference in
 * words, and what may be done about it. */
#ifndef WEIR_TOPICS_COMPARE_H
#define WEIR_TOPICS_COMPARE_H

#include "topics_plan.h"

enum topics_mend {
    TOPICS_MAKE,  /* the topic is made */
    TOPICS_SET,   /* a setting is set */
    TOPICS_ALLOW, /* a right is given */
    TOPICS_ELSE,  /* by somebody who knows what it costs: `why` */
};

struct topics_difference {
    struct slice subject;    /* topic, or what a right is on */
    struct slice what;       /* "retention.ms", "User:ana may Read" */
    struct slice is, should; /* texts */
    struct slice why;        /* TOPICS_ELSE: why not by us, or how; else absent */
    enum topics_mend mend;
    unsigned at; /* index into the plan's topics or rights */
};

/* What the nodes said. */
struct topics_found {
    struct stream_topic *topics; /* in the plan's order */
    struct stream_acl *acls;
    unsigned nacls;
    bool acls_off; /* no authorizer */
};

/* Asks the nodes. Rights are asked for only where the plan has some. */
int topics_find(struct stream_admin *a, const struct topics_plan *p, struct arena *arena,
                struct topics_found *ret, struct err *reterr);
/* The differences, in the order of the plan; the list and its texts live in the arena. ERR_LIMIT.
 */
int topics_compare(const struct stream_admin *a, const struct topics_plan *p,
                   const struct topics_found *is, struct arena *arena,
                   struct topics_difference **ret, unsigned *ret_n, struct err *reterr);
/* Whether what is there gives that right, and nothing denies it. */
bool topics_allowed(const struct stream_acl *need, const struct stream_acl *all, unsigned n);
/* The setting of that name; absent where it was not told. */
struct slice topics_setting(const struct stream_topic *t, const char *name);

#endif
