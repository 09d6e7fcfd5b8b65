/* options.h - the options that verbs share, read in one place so that each means the same
 * everywhere. */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "verb.h"

/* Bits of what a verb takes. -h/--help and -c/--config are always taken. */
enum option_set {
    OPTION_JSON = 1 << 0,
    OPTION_REVEAL = 1 << 1,
    OPTION_SOURCE = 1 << 2,
    OPTION_WHERE = 1 << 3,
    OPTION_LAST = 1 << 4,
    OPTION_NO_FOLLOW = 1 << 5,
    OPTION_TIMEOUT = 1 << 6,
    OPTION_CONSUMER = 1 << 7,
    OPTION_REASON = 1 << 8,
    OPTION_EXPLAIN = 1 << 9,
    OPTION_UNROUTED = 1 << 10,
    OPTION_SINCE = 1 << 11,
    OPTION_TOPIC = 1 << 12,
    OPTION_ALL = 1 << 13,
    OPTION_UNTIL = 1 << 14,
    OPTION_DRY_RUN = 1 << 15,
    OPTION_INSTANCE = 1 << 16,
    OPTION_DATA = 1 << 17,
    OPTION_TLS = 1 << 18,  /* --tls, --ca, --cert, --key, --server-name */
    OPTION_SEND = 1 << 19, /* --send, --message */
    OPTION_BY = 1 << 20,
    OPTION_UNKNOWN = 1 << 21,
};

struct options {
    const char *verb;
    const char *config; /* --config, else $WEIR_CONFIG, else the first of ./weir.yaml,
                           ./config/weir.yaml, /etc/weir/weir.yaml */
    const char *source, *where, *consumer, *reason, *instance, *data, *by;
    bool json, reveal, no_follow, explain, unrouted, all, dry_run, unknown;
    bool tls; /* or any of these */
    const char *ca, *cert, *key, *server_name;
    bool send;
    const char *message; /* a file */
    const char *topic;
    bool has_since;
    int64_t since_ms; /* wall clock: a time, or so long before now */
    bool has_until;
    int64_t until_ms;
    bool has_last;
    uint64_t last;
    bool has_timeout; /* else timeout_ms is 10 s */
    int64_t timeout_ms;
    int rest; /* index of the first argument that is no option */
};

/* Fills *ret. Returns -1 to go on, else the exit code to end with (help was asked for, or the use
 * was wrong and said so). */
int options_read(const struct verb *v, unsigned set, int argc, char **argv, struct options *ret);

struct option;
/* Names the option of `known` that getopt_long has just answered with '?', and what is wrong with
 * it; returns EXIT_USAGE. */
int options_refused(const struct verb *v, const struct option *known, char **argv);

#endif
