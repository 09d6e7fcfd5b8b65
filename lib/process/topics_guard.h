/* topics_guard.h - at each start of a process: do the topics on Kafka that it writes keep what weir
 * promises of them? Fewer than two replicas in sync, and a limit that the largest record is over,
 * are no base for an acknowledgment.
 *
 *   asking (on a thread: the nodes may be away) -> fine | refused
 *
 * Owns its thread and its connections. */
#ifndef WEIR_TOPICS_GUARD_H
#define WEIR_TOPICS_GUARD_H

#include "site.h"
#include "err.h"

struct topics_guard;

enum topics_verdict {
    TOPICS_UNKNOWN, /* no answer yet: *ret_why says what the last attempt failed of, if one did */
    TOPICS_FINE,    /* *ret_why: a topic that is missing (ERR_PEER), else ERR_NONE */
    TOPICS_REFUSED, /* *ret_why: ERR_CONF with topic, what it is and what is needed */
};

/* Begins to ask, again and again until there is an answer. The site is borrowed. ERR_CONF: wrong
 * options. */
int topics_guard_open(const struct site *site, enum site_user user, const char *name,
                      struct topics_guard **ret, struct err *reterr);
/* Stops asking; may wait for an answer under way, for a second. NULL is fine. */
void topics_guard_close(struct topics_guard *g);
/* Readable once there is a verdict. */
int topics_guard_fd(const struct topics_guard *g);
enum topics_verdict topics_guard_verdict(struct topics_guard *g, struct err *ret_why);

#endif
