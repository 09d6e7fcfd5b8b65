/* site_kafka.h - the section `kafka` of a stream: which nodes, as whom, and what their topics are
 * to be like. Part of a site (site.h), whose arena it lives in. */
#ifndef WEIR_SITE_KAFKA_H
#define WEIR_SITE_KAFKA_H

#include "conf.h"

/* Who speaks to a node: each may be another user there. */
enum site_user {
    SITE_USER_ADAPTER,  /* all adapters */
    SITE_USER_BROKER,   /* the broker */
    SITE_USER_OPERATOR, /* the reading verbs of `weir` */
    SITE_USER_ADMIN,    /* `weir topics` */
    SITE_USERS,
};

struct site_kafka_user {
    struct slice username;  /* SASL; absent = none */
    struct slice principal; /* as an ACL names it, "User:weir"; absent = not known */
    const struct yaml *password_node, *key_password_node;
    struct slice password, key_password; /* secrets of that user; absent = none, or not opened */
    struct slice cert_file, key_file;    /* absolute; absent = none */
};

/* A setting of librdkafka, passed through. */
struct site_property {
    struct slice name, value; /* value of a secret: absent where secrets were not asked for */
    const struct yaml *node;
};

struct site_kafka {
    const struct yaml *node; /* NULL: there is no such section */
    struct conf_texts nodes; /* "host:port" */
    struct slice nodes_text; /* the same as "host:port,host:port" */
    struct slice prefix;     /* before every topic, group and transactional id; "" */
    int64_t partitions, replicas, min_insync;
    bool allow_unsafe; /* fewer than two replicas in sync may be enough */
    bool plaintext;    /* said to be meant */
    struct slice instance;
    int64_t append_timeout;    /* ms; 0 = never */
    struct conf_texts trusted; /* users whose other rights are meant */
    struct slice mechanism;    /* SASL; absent = none */
    bool tls;
    struct slice ca_file; /* absolute; absent = the system's */
    struct site_kafka_user users[SITE_USERS];
    struct site_property *properties;
    unsigned nproperties;
};

/* "adapter", "broker", "operator", "admin". */
const char *site_user_name(enum site_user user);
/* Whether something between this program and a node can be read on the way. */
bool site_kafka_is_plain(const struct site_kafka *k);

#endif
