#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "num.h"
#include "rfc3339.h"

enum {
    OPT_JSON = 256,
    OPT_REVEAL,
    OPT_SOURCE,
    OPT_WHERE,
    OPT_NO_FOLLOW,
    OPT_TIMEOUT,
    OPT_CONSUMER,
    OPT_REASON,
    OPT_EXPLAIN,
    OPT_UNROUTED,
    OPT_SINCE,
    OPT_TOPIC,
    OPT_ALL,
    OPT_UNTIL,
    OPT_INSTANCE,
    OPT_DRY_RUN,
    OPT_DATA,
    OPT_TLS,
    OPT_CA,
    OPT_CERT,
    OPT_KEY,
    OPT_SERVER_NAME,
    OPT_SEND,
    OPT_MESSAGE,
    OPT_BY,
    OPT_UNKNOWN,
};

enum { TIMEOUT_PRESET_MS = 10000 };

static const struct option all[] = {
    {"help", no_argument, NULL, 'h'},
    {"config", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, OPT_JSON},
    {"reveal", no_argument, NULL, OPT_REVEAL},
    {"source", required_argument, NULL, OPT_SOURCE},
    {"where", required_argument, NULL, OPT_WHERE},
    {"last", required_argument, NULL, 'n'},
    {"no-follow", no_argument, NULL, OPT_NO_FOLLOW},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"consumer", required_argument, NULL, OPT_CONSUMER},
    {"reason", required_argument, NULL, OPT_REASON},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {"unrouted", no_argument, NULL, OPT_UNROUTED},
    {"since", required_argument, NULL, OPT_SINCE},
    {"topic", required_argument, NULL, OPT_TOPIC},
    {"all", no_argument, NULL, OPT_ALL},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"instance", required_argument, NULL, OPT_INSTANCE},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"data", required_argument, NULL, OPT_DATA},
    {"tls", no_argument, NULL, OPT_TLS},
    {"ca", required_argument, NULL, OPT_CA},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"server-name", required_argument, NULL, OPT_SERVER_NAME},
    {"send", no_argument, NULL, OPT_SEND},
    {"message", required_argument, NULL, OPT_MESSAGE},
    {"by", required_argument, NULL, OPT_BY},
    {"unknown", no_argument, NULL, OPT_UNKNOWN},
    {NULL, 0, NULL, 0},
};

static unsigned bit_of(int opt)
{
    switch (opt) {
    case OPT_JSON:
        return OPTION_JSON;
    case OPT_REVEAL:
        return OPTION_REVEAL;
    case OPT_SOURCE:
        return OPTION_SOURCE;
    case OPT_WHERE:
        return OPTION_WHERE;
    case 'n':
        return OPTION_LAST;
    case OPT_NO_FOLLOW:
        return OPTION_NO_FOLLOW;
    case OPT_TIMEOUT:
        return OPTION_TIMEOUT;
    case OPT_CONSUMER:
        return OPTION_CONSUMER;
    case OPT_REASON:
        return OPTION_REASON;
    case OPT_EXPLAIN:
        return OPTION_EXPLAIN;
    case OPT_UNROUTED:
        return OPTION_UNROUTED;
    case OPT_SINCE:
        return OPTION_SINCE;
    case OPT_TOPIC:
        return OPTION_TOPIC;
    case OPT_ALL:
        return OPTION_ALL;
    case OPT_UNTIL:
        return OPTION_UNTIL;
    case OPT_INSTANCE:
        return OPTION_INSTANCE;
    case OPT_DRY_RUN:
        return OPTION_DRY_RUN;
    case OPT_DATA:
        return OPTION_DATA;
    case OPT_TLS:
    case OPT_CA:
    case OPT_CERT:
    case OPT_KEY:
    case OPT_SERVER_NAME:
        return OPTION_TLS;
    case OPT_SEND:
    case OPT_MESSAGE:
        return OPTION_SEND;
    case OPT_BY:
        return OPTION_BY;
    case OPT_UNKNOWN:
        return OPTION_UNKNOWN;
    default:
        return 0;
    }
}

static const char *config_file(void)
{
    static const char *const places[] = {"weir.yaml", "config/weir.yaml", "/etc/weir/weir.yaml"};
    const char *named = getenv("WEIR_CONFIG");
    if (named && *named)
        return named;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return places[0];
}

/* "10m" before now, or a time with its offset. */
static bool read_time(const char *value, int64_t *ret_ms)
{
    int64_t ago;
    int offset_min;
    if (rfc3339_read(slice_str(value), ret_ms, &offset_min))
        return true;
    if (!num_duration_ms(slice_str(value), &ago))
        return false;
    *ret_ms = clock_wall_ms() - ago;
    return true;
}

static bool take_tls(struct options *o, int opt, const char *value)
{
    const char **to = opt == OPT_CA            ? &o->ca
                      : opt == OPT_CERT        ? &o->cert
                      : opt == OPT_KEY         ? &o->key
                      : opt == OPT_SERVER_NAME ? &o->server_name
                                               : NULL;
    if (to)
        *to = value;
    return o->tls = true;
}

/* Takes one option with its value; false when the value is of no use. */
static bool take(struct options *o, int opt, const char *value)
{
    switch (opt) {
    case 'c':
        o->config = value;
        return true;
    case OPT_JSON:
        return o->json = true;
    case OPT_REVEAL:
        return o->reveal = true;
    case OPT_SOURCE:
        o->source = value;
        return true;
    case OPT_WHERE:
        o->where = value;
        return true;
    case 'n':
        return o->has_last = num_u64(slice_str(value), &o->last);
    case OPT_NO_FOLLOW:
        return o->no_follow = true;
    case OPT_TIMEOUT:
        return o->has_timeout = num_duration_ms(slice_str(value), &o->timeout_ms);
    case OPT_CONSUMER:
        o->consumer = value;
        return true;
    case OPT_REASON:
        o->reason = value;
        return true;
    case OPT_SINCE:
        return o->has_since = read_time(value, &o->since_ms);
    case OPT_UNTIL:
        return o->has_until = read_time(value, &o->until_ms);
    case OPT_DRY_RUN:
        return o->dry_run = true;
    case OPT_DATA:
        o->data = value;
        return true;
    case OPT_TLS:
    case OPT_CA:
    case OPT_CERT:
    case OPT_KEY:
    case OPT_SERVER_NAME:
        return take_tls(o, opt, value);
    case OPT_SEND:
        return o->send = true;
    case OPT_MESSAGE:
        o->message = value;
        return true;
    case OPT_TOPIC:
        o->topic = value;
        return true;
    case OPT_EXPLAIN:
        return o->explain = true;
    case OPT_UNROUTED:
        return o->unrouted = true;
    case OPT_ALL:
        return o->all = true;
    case OPT_BY:
        o->by = value;
        return true;
    case OPT_UNKNOWN:
        return o->unknown = true;
    case OPT_INSTANCE:
        o->instance = value;
        return *value && strlen(value) <= 16 &&
               !value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789")];
    default:
        return false;
    }
}

/* As its user may have written it. */
static const char *name_of(const struct option *o, char to[32])
{
    snprintf(to, 32, "--%s", o->name);
    return to;
}

int options_refused(const struct verb *v, const struct option *known, char **argv)
{
    char name[32];
    const char *last = argv[optind - 1];
    for (const struct option *o = known; o->name; o++)
        if (o->val == optopt && o->has_arg == no_argument && strncmp(last, "--", 2) == 0)
            return verb_usage(v, "%s takes no value", name_of(o, name));
    if (optopt)
        return verb_usage(v, "-%c is not an option here", optopt);
    return verb_usage(v, "%s is not an option here", last);
}

int options_read(const struct verb *v, unsigned set, int argc, char **argv, struct options *ret)
{
    struct options o = {.verb = v->name, .timeout_ms = TIMEOUT_PRESET_MS};
    optind = 1;
    opterr = 0;
    for (;;) {
        char name[32] = "";
        int index = -1, opt = getopt_long(argc, argv, ":hc:n:", all, &index);
        if (opt == -1)
            break;
        if (opt == 'h')
            return verb_help(v);
        if (opt == ':')
            return verb_usage(v, "%s needs a value", argv[optind - 1]);
        if (opt == '?')
            return options_refused(v, all, argv);
        if (index >= 0)
            name_of(&all[index], name);
        else
            snprintf(name, sizeof(name), "-%c", opt);
        if (opt != 'c' && !(bit_of(opt) & set))
            return verb_usage(v, "%s is not an option here", name);
        if (!take(&o, opt, optarg))
            return verb_usage(v, "%s cannot be read: wanted %s", name,
                              opt == 'n'            ? "a number"
                              : opt == OPT_INSTANCE ? "at most 16 of a-z and 0-9"
                              : opt == OPT_SINCE || opt == OPT_UNTIL
                                  ? "10m, 2h, or 2026-03-02T09:30:00Z"
                                  : "a time like 30s");
    }
    if (!o.config)
        o.config = config_file();
    o.rest = optind;
    *ret = o;
    return -1;
}
