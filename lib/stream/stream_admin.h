/* stream_admin.h - what nodes of Kafka are asked and told about topics and rights. For commands and
 * for a start: each call waits for an answer, up to the handle's deadline a call.
 *
 * Names of topics are those of a stream, without the prefix; names of groups and transactional ids
 * too. Everything returned lives in the caller's arena. */
#ifndef WEIR_STREAM_ADMIN_H
#define WEIR_STREAM_ADMIN_H

#include "arena.h"
#include "stream.h"

struct stream_admin;

struct stream_setting {
    struct slice name, value; /* "retention.ms", "1209600000"; value absent: not told */
    bool own;                 /* set for this topic, not a default of the nodes */
};

struct stream_topic {
    struct slice name;
    bool exists;
    unsigned partitions;
    unsigned replicas, in_sync; /* of the partition that has the fewest */
    struct stream_setting *settings;
    unsigned nsettings;
};

/* Before stream_open: no handle of the stream is needed. Connects to nothing yet. ERR_CONF: the
 * options are wrong, or the engine has no topics to look after. */
int stream_admin_open(const struct stream_options *o, int64_t timeout_ms, struct stream_admin **ret,
                      struct err *reterr);
void stream_admin_close(struct stream_admin *a);

/* How many nodes there are. ERR_PEER, retriable: none answers. */
int stream_admin_nodes(struct stream_admin *a, unsigned *ret, struct err *reterr);
/* Fills in all but the names. One that is not there, or may not be seen, does not exist. */
int stream_admin_describe(struct stream_admin *a, struct stream_topic *topics, unsigned n,
                          struct arena *arena, struct err *reterr);
/* Makes topics: of each name, partitions, replicas, settings. Some may be made although one failed.
 * ERR_CONF: fewer nodes than replicas; ERR_REFUSED: not allowed. A topic that is there already is
 * fine. */
int stream_admin_create(struct stream_admin *a, const struct stream_topic *topics, unsigned n,
                        struct err *reterr);
/* Sets those settings of a topic and keeps the others that are its own. */
int stream_admin_set(struct stream_admin *a, const struct stream_topic *is,
                     const struct stream_setting *settings, unsigned n, struct err *reterr);

enum stream_resource {
    STREAM_ACL_TOPIC,
    STREAM_ACL_GROUP,
    STREAM_ACL_NODES,         /* the cluster; no name */
    STREAM_ACL_TRANSACTIONAL, /* a transactional id */
    STREAM_ACL_OTHER,         /* only read: what this client does not know */
};
enum stream_act {
    STREAM_ACL_READ,
    STREAM_ACL_WRITE,
    STREAM_ACL_DESCRIBE,
    STREAM_ACL_DESCRIBE_CONFIGS,
    STREAM_ACL_IDEMPOTENT_WRITE,
    STREAM_ACL_CHANGE, /* only read: create, delete, alter, alter configs */
    STREAM_ACL_ALL,
    STREAM_ACL_ELSE, /* only read */
};

/* "That user may do that to that." */
struct stream_acl {
    enum stream_resource resource;
    struct slice name;      /* whole, with the prefix where it has one; "*" = any */
    bool prefixed;          /* of all that begin with it */
    struct slice principal; /* "User:weir" */
    struct slice host;      /* "*" = any */
    enum stream_act act;
    bool deny;
};

/* All there are. *ret_off: the nodes have no authorizer, so that everybody may do everything. */
int stream_admin_acls(struct stream_admin *a, struct arena *arena, struct stream_acl **ret,
                      unsigned *ret_n, bool *ret_off, struct err *reterr);
/* Adds rights; what is there already is fine. */
int stream_admin_allow(struct stream_admin *a, const struct stream_acl *acls, unsigned n,
                       struct err *reterr);
/* Whether this build's client library can speak of such rights (librdkafka 2.0.2 cannot of
 * transactional ids: they are then STREAM_ACL_OTHER, and added by Kafka's own tool). */
bool stream_admin_knows(enum stream_resource resource);
/* "Topic", "Group", "Cluster", "TransactionalId"; "Read", "Write", …: as Kafka's tools write them.
 */
const char *stream_resource_name(enum stream_resource resource);
const char *stream_act_name(enum stream_act act);

/* The prefix and a name, as the nodes know it; NUL-terminated. */
struct slice stream_admin_name(const struct stream_admin *a, struct slice name,
                               struct arena *arena);
/* max.message.bytes that a topic needs for records of that size. */
uint64_t stream_admin_message_max(uint64_t record_max);

/* What of a topic an acknowledgment rests on, as it is on the nodes, and what is wanted of it. */
struct stream_promise {
    struct slice topic;
    uint64_t message_max; /* max.message.bytes; UINT64_MAX: not known */
    uint64_t in_sync;     /* min.insync.replicas; UINT64_MAX: not known */
    uint64_t record_max;
    bool allow_unsafe;
};
/* ERR_CONF, with both numbers: fewer than two replicas in sync, or too small for the largest
 * record. */
int stream_admin_promises(const struct stream_promise *p, struct err *reterr);

#endif
