/* weir check - is this configuration right, as far as can be told without starting anything? Maps,
 * rules and keep-lists are compiled. */
#include <stdio.h>
#include <string.h>
#include "consumer_kind.h"
#include "folder_check.h"
#include "options.h"
#include "proc_stream.h"
#include "jwt_keys.h"
#include "proc_tls.h"
#include "router.h"
#include "site.h"
#include "stream_admin.h"
#include "translate.h"

enum { RULE_ARENA_MAX = 64 * 1024 * 1024 };

/* A certificate that has ended is wrong; one that will soon is said. Closes t. */
static int check_dates(const struct yaml *node, struct tls *t, int64_t within, struct err *reterr)
{
    struct err end = {0};
    bool soon = false;
    int result = proc_tls_dates(node, t, within, &soon, &end);
    tls_close(t);
    if (result < 0)
        *reterr = end;
    else if (soon)
        printf("%s\n", end.text);
    return result;
}

static int check_tls(const struct site_tls *conf, struct err *reterr)
{
    struct tls *t;
    if (!conf->node)
        return 0;
    return proc_tls_server(conf, &t, reterr) < 0
               ? -1
               : check_dates(conf->node, t, conf->expiry_warning, reterr);
}

/* The key set that tokens are checked against. */
static int check_bearer(const struct site_bearer *conf, struct err *reterr)
{
    struct jwt_keys *keys;
    struct err err = {0};
    if (!conf->node)
        return 0;
    if (jwt_keys_open(conf->jwks_file.p, &keys, &err) < 0)
        return yaml_err(yaml_get(conf->node, "jwks_file"), reterr, "jwks_file: %s", err.text);
    jwt_keys_close(keys);
    return 0;
}

static int check_tls_client(const struct site_tls_client *conf, struct err *reterr)
{
    struct tls *t;
    if (!conf->node)
        return 0;
    return proc_tls_client(conf, &t, reterr) < 0
               ? -1
               : check_dates(conf->node, t, conf->expiry_warning, reterr);
}

static int check_consumer(const struct site_consumer *c, struct err *reterr)
{
    return consumer_kind_check(c, reterr) < 0 ? -1 : check_tls_client(&c->mllp.tls, reterr);
}

static int check_sources(const struct site *site, struct err *reterr)
{
    for (unsigned i = 0; i < site->nsources; i++) {
        struct translator *t;
        if (check_tls(&site->sources[i].mllp.tls, reterr) < 0 ||
            check_tls(&site->sources[i].http.door.tls, reterr) < 0 ||
            check_tls(&site->sources[i].fhir.door.tls, reterr) < 0 ||
            check_bearer(&site->sources[i].http.door.bearer, reterr) < 0 ||
            check_bearer(&site->sources[i].fhir.door.bearer, reterr) < 0)
            return -1;
        if (site->sources[i].has_folder && folder_check(&site->sources[i], reterr) < 0)
            return -1;
        if (translate_open(site, &site->sources[i], site_maps_dir(site), &t, reterr) < 0)
            return -1;
        translate_close(t);
    }
    return 0;
}

/* The property that the client library speaks of, or the section: of two names, the one that holds
 * the other. */
static const struct yaml *place_of(const struct site_kafka *k, const struct err *e)
{
    const struct yaml *at = k->node;
    size_t longest = 0;
    for (unsigned i = 0; i < k->nproperties; i++) {
        const struct site_property *p = &k->properties[i];
        if (p->name.n > longest && strstr(e->text, p->name.p)) {
            longest = p->name.n;
            at = p->node;
        }
    }
    return at;
}

/* Properties, certificates and keys as the client library reads them; it connects to nothing. */
static int check_kafka(const struct site *site, struct err *reterr)
{
    static const enum site_user users[] = {SITE_USER_ADAPTER, SITE_USER_BROKER};
    const struct yaml *at = site->stream.kafka.node;
    for (unsigned i = 0; at && i < sizeof(users) / sizeof(users[0]); i++) {
        struct stream_options so;
        struct stream_admin *admin;
        if (proc_stream_options(site, users[i], "check", &so, reterr) < 0)
            return -1;
        if (stream_admin_open(&so, 1, &admin, reterr) < 0) {
            at = place_of(&site->stream.kafka, reterr);
            return err_at(reterr, "%s:%u:%u", at->file, at->line, at->column);
        }
        stream_admin_close(admin);
    }
    return 0;
}

static int check(const char *file, struct err *reterr)
{
    struct site *site;
    struct router *router;
    if (site_open(file, SITE_ALL_SECRETS, &site, reterr) < 0)
        return -1;
    int result = proc_stream_check(site, reterr);
    if (result == 0)
        result = check_kafka(site, reterr);
    if (result == 0)
        result = check_sources(site, reterr);
    for (unsigned i = 0; result == 0 && i < site->nconsumers; i++)
        result = check_consumer(&site->consumers[i], reterr);
    if (result == 0 && (result = router_open(site, NULL, &router, reterr)) == 0)
        router_close(router);
    if (result == 0)
        printf("%s: %u sources, %u routes, %u consumers: fine\n", file, site->nsources,
               site->nroutes, site->nconsumers);
    site_close(site);
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int code = options_read(self, 0, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest >= argc)
        return check(o.config, &err) < 0 ? verb_fail(self, &err) : 0;
    code = 0;
    for (int i = o.rest; i < argc; i++)
        if (check(argv[i], &err) < 0)
            code = verb_fail(self, &err);
    return code;
}

const struct verb verb_check = {
    .name = "check",
    .summary = "is the configuration right? says file, line and column where not",
    .help = "Use: weir check [FILE ...]\n\n"
            "Reads the configuration, its secrets, certificates, tables, maps, rules and "
            "keep-lists; says which certificate ends soon, and whether a drop folder is there and "
            "may be written. Exit code 78 when something is wrong, with file:line:column\n"
            "and what would be right. Starts nothing and opens no port.\n\n"
            "Example: weir check config/weir.yaml\n",
    .run = run,
};
