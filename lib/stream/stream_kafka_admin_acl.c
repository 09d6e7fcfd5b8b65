/* stream_kafka_admin_acl.c - who may do what. */
#include "stream_kafka_admin.h"

#include <stdlib.h>

enum { TRANSACTIONAL_ID = 5 }; /* ResourceType.java; not in the enum of librdkafka 2.0.2 */

static const struct {
    enum stream_resource ours;
    int kafka;
    const char *name;
} resources[] = {
    {STREAM_ACL_TOPIC, RD_KAFKA_RESOURCE_TOPIC, "Topic"},
    {STREAM_ACL_GROUP, RD_KAFKA_RESOURCE_GROUP, "Group"},
    {STREAM_ACL_NODES, RD_KAFKA_RESOURCE_BROKER, "Cluster"},
    {STREAM_ACL_TRANSACTIONAL, TRANSACTIONAL_ID, "TransactionalId"},
    {STREAM_ACL_OTHER, RD_KAFKA_RESOURCE_UNKNOWN, "Other"},
};

static const struct {
    enum stream_act ours;
    rd_kafka_AclOperation_t kafka;
    const char *name;
} acts[] = {
    {STREAM_ACL_READ, RD_KAFKA_ACL_OPERATION_READ, "Read"},
    {STREAM_ACL_WRITE, RD_KAFKA_ACL_OPERATION_WRITE, "Write"},
    {STREAM_ACL_DESCRIBE, RD_KAFKA_ACL_OPERATION_DESCRIBE, "Describe"},
    {STREAM_ACL_DESCRIBE_CONFIGS, RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS, "DescribeConfigs"},
    {STREAM_ACL_IDEMPOTENT_WRITE, RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE, "IdempotentWrite"},
    {STREAM_ACL_ALL, RD_KAFKA_ACL_OPERATION_ALL, "All"},
    {STREAM_ACL_CHANGE, RD_KAFKA_ACL_OPERATION_CREATE, "Alter"},
    {STREAM_ACL_CHANGE, RD_KAFKA_ACL_OPERATION_DELETE, "Alter"},
    {STREAM_ACL_CHANGE, RD_KAFKA_ACL_OPERATION_ALTER, "Alter"},
    {STREAM_ACL_CHANGE, RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS, "Alter"},
    {STREAM_ACL_ELSE, RD_KAFKA_ACL_OPERATION_UNKNOWN, "Else"},
};

enum {
    RESOURCES = sizeof(resources) / sizeof(resources[0]),
    ACTS = sizeof(acts) / sizeof(acts[0]),
};

const char *stream_resource_name(enum stream_resource resource)
{
    unsigned i = 0;
    while (resources[i].ours != resource)
        i++;
    return resources[i].name;
}

const char *stream_act_name(enum stream_act act)
{
    unsigned i = 0;
    while (acts[i].ours != act)
        i++;
    return acts[i].name;
}

static enum stream_resource resource_of(int kafka)
{
    for (unsigned i = 0; i < RESOURCES; i++)
        if (resources[i].kafka == kafka)
            return resources[i].ours;
    return STREAM_ACL_OTHER;
}

static enum stream_act act_of(rd_kafka_AclOperation_t kafka)
{
    for (unsigned i = 0; i < ACTS; i++)
        if (acts[i].kafka == kafka)
            return acts[i].ours;
    return STREAM_ACL_ELSE;
}

static int kafka_resource(enum stream_resource ours)
{
    unsigned i = 0;
    while (resources[i].ours != ours)
        i++;
    return resources[i].kafka;
}

static rd_kafka_AclOperation_t kafka_act(enum stream_act ours)
{
    unsigned i = 0;
    while (acts[i].ours != ours)
        i++;
    return acts[i].kafka;
}

/* NULL where the library does not know the kind of resource. */
static rd_kafka_AclBinding_t *binding(const struct stream_acl *acl, char *why, size_t size)
{
    char name[KAFKA_NAME_MAX + 1], principal[512], host[256];
    snprintf(name, sizeof(name), "%.*s", SLICE_ARG(acl->name));
    snprintf(principal, sizeof(principal), "%.*s", SLICE_ARG(acl->principal));
    snprintf(host, sizeof(host), "%.*s", SLICE_ARG(acl->host));
    return rd_kafka_AclBinding_new(
        (rd_kafka_ResourceType_t)kafka_resource(acl->resource),
        acl->resource == STREAM_ACL_NODES ? "kafka-cluster" : name,
        acl->prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
        principal, host, kafka_act(acl->act),
        acl->deny ? RD_KAFKA_ACL_PERMISSION_TYPE_DENY : RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why,
        size);
}

bool stream_admin_knows(enum stream_resource resource)
{
    char why[200];
    const struct stream_acl probe = {.resource = resource,
                                     .name = SLICE("a"),
                                     .principal = SLICE("User:a"),
                                     .host = SLICE("*"),
                                     .act = STREAM_ACL_WRITE};
    rd_kafka_AclBinding_t *b =
        resource == STREAM_ACL_OTHER ? NULL : binding(&probe, why, sizeof(why));
    if (b)
        rd_kafka_AclBinding_destroy(b);
    return b != NULL;
}

static struct stream_acl acl_of(const rd_kafka_AclBinding_t *b, struct arena *arena)
{
    return (struct stream_acl){
        .resource = resource_of((int)rd_kafka_AclBinding_restype(b)),
        .name = arena_copy(arena, slice_str(rd_kafka_AclBinding_name(b))),
        .prefixed =
            rd_kafka_AclBinding_resource_pattern_type(b) == RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
        .principal = arena_copy(arena, slice_str(rd_kafka_AclBinding_principal(b))),
        .host = arena_copy(arena, slice_str(rd_kafka_AclBinding_host(b))),
        .act = act_of(rd_kafka_AclBinding_operation(b)),
        .deny = rd_kafka_AclBinding_permission_type(b) == RD_KAFKA_ACL_PERMISSION_TYPE_DENY,
    };
}

static int take_acls(rd_kafka_event_t *event, struct arena *arena, struct stream_acl **ret,
                     unsigned *ret_n, struct err *reterr)
{
    size_t n;
    const rd_kafka_AclBinding_t **all =
        rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &n);
    struct stream_acl *acls = arena_zalloc(arena, n + 1, sizeof(*acls));
    for (size_t i = 0; acls && i < n; i++)
        acls[i] = acl_of(all[i], arena);
    if (!acls || arena->overflow)
        return err_set(reterr, ERR_NOMEM, "no memory for %zu ACLs", n);
    *ret = acls;
    *ret_n = (unsigned)n;
    return 0;
}

/* "authorizer.class.name" of a node; "" = none. */
static int read_authorizer(struct stream_admin *a, const rd_kafka_event_t *event, bool *ret_off,
                           struct err *reterr)
{
    size_t n, count;
    const rd_kafka_ConfigResource_t **all = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *)(uintptr_t)event), &n);
    if (n != 1)
        return err_set(reterr, ERR_PEER, "a node of Kafka says nothing of its settings");
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(all[0]);
    if (code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
        return err_set(reterr, ERR_REFUSED,
                       "Kafka shows this user no ACLs; give it Describe and DescribeConfigs on the "
                       "cluster, and Alter to add some");
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return admin_fail(a, code, "settings of a node",
                          rd_kafka_ConfigResource_error_string(all[0]), reterr);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(all[0], &count);
    *ret_off = true;
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "authorizer.class.name") == 0)
            *ret_off = value && !*value;
    }
    return 0;
}

/* An answer without ACLs may mean that there is no authorizer, or that this user may not see them:
 * librdkafka 2.0.2 drops the code that says so. A node's own settings tell. */
static int ask_authorizer(struct stream_admin *a, bool *ret_off, struct err *reterr)
{
    char id[24];
    int32_t number;
    if (admin_node(a, &number, reterr) < 0)
        return -1;
    rd_kafka_AdminOptions_t *o = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, reterr);
    if (!o)
        return -1;
    snprintf(id, sizeof(id), "%d", (int)number);
    rd_kafka_ConfigResource_t *node = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, id);
    rd_kafka_DescribeConfigs(a->rk, &node, 1, o, a->answers);
    rd_kafka_event_t *event = admin_answer(a, "settings of a node", reterr);
    int rc = event ? read_authorizer(a, event, ret_off, reterr) : -1;
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_ConfigResource_destroy(node);
    rd_kafka_AdminOptions_destroy(o);
    return rc;
}

static int ask_acls(struct stream_admin *a, struct arena *arena, struct stream_acl **ret,
                    unsigned *ret_n, bool *ret_off, struct err *reterr)
{
    char why[200];
    rd_kafka_AdminOptions_t *o = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBEACLS, reterr);
    if (!o)
        return -1;
    rd_kafka_AclBindingFilter_t *any = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof(why));
    rd_kafka_DescribeAcls(a->rk, any, o, a->answers);
    rd_kafka_event_t *event =
        admin_answer_or(a, "ACLs", RD_KAFKA_RESP_ERR_SECURITY_DISABLED, ret_off, reterr);
    int rc = *ret_off ? 0 : event ? take_acls(event, arena, ret, ret_n, reterr) : -1;
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AclBinding_destroy(any);
    rd_kafka_AdminOptions_destroy(o);
    return rc;
}

int stream_admin_acls(struct stream_admin *a, struct arena *arena, struct stream_acl **ret,
                      unsigned *ret_n, bool *ret_off, struct err *reterr)
{
    struct stream_acl *acls = NULL;
    unsigned n = 0;
    bool off = false;
    if (ask_acls(a, arena, &acls, &n, &off, reterr) < 0 ||
        (!off && n == 0 && ask_authorizer(a, &off, reterr) < 0))
        return -1;
    *ret = acls;
    *ret_n = n;
    *ret_off = off;
    return 0;
}

/* The first that was not taken. */
static int check_allowed(rd_kafka_event_t *event, struct err *reterr)
{
    size_t n;
    const rd_kafka_acl_result_t **all =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &n);
    for (size_t i = 0; i < n; i++) {
        const rd_kafka_error_t *e = rd_kafka_acl_result_error(all[i]);
        if (e)
            return kafka_err(reterr, rd_kafka_error_code(e), "adding ACLs",
                             rd_kafka_error_string(e));
    }
    return 0;
}

static int send_acls(struct stream_admin *a, rd_kafka_AclBinding_t **bindings, unsigned n,
                     struct err *reterr)
{
    rd_kafka_AdminOptions_t *o = admin_options(a, RD_KAFKA_ADMIN_OP_CREATEACLS, reterr);
    if (!o)
        return -1;
    rd_kafka_CreateAcls(a->rk, bindings, n, o, a->answers);
    rd_kafka_event_t *event = admin_answer(a, "adding ACLs", reterr);
    int rc = event ? check_allowed(event, reterr) : -1;
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(o);
    return rc;
}

int stream_admin_allow(struct stream_admin *a, const struct stream_acl *acls, unsigned n,
                       struct err *reterr)
{
    char why[200];
    rd_kafka_AclBinding_t **bindings = calloc(n + 1, sizeof(*bindings));
    unsigned count = 0;
    if (!bindings)
        return err_set(reterr, ERR_NOMEM, "no memory for ACLs");
    while (count < n && (bindings[count] = binding(&acls[count], why, sizeof(why))) != NULL)
        count++;
    int rc = count < n ? err_set(reterr, ERR_CONF, "ACL of %.*s on %s %.*s: %s",
                                 SLICE_ARG(acls[count].principal),
                                 stream_resource_name(acls[count].resource),
                                 SLICE_ARG(acls[count].name), why)
             : n       ? send_acls(a, bindings, n, reterr)
                       : 0;
    rd_kafka_AclBinding_destroy_array(bindings, count);
    free(bindings);
    return rc;
}
