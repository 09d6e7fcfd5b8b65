#include "site_change.h"

int site_change_refuse(const struct site *fresh, const struct yaml *at, const char *what,
                       struct err *reterr)
{
    struct err err = {0};
    yaml_fill(at ? at : fresh->root, &err, "%s: a change of it takes a restart of this process",
              what);
    return err_set(reterr, ERR_REFUSED, "%s", err.text);
}

/* A key that only one of them opened differs. */
static bool same_secret(struct slice a, struct slice b)
{
    return slice_present(a) == slice_present(b) && slice_eq(a, b);
}

static int check_keys(const struct site *now, const struct site *fresh, struct err *reterr)
{
    const struct yaml *keys = yaml_get(fresh->root, "keys");
    if (!slice_eq(now->keys.kid, fresh->keys.kid))
        return site_change_refuse(fresh, yaml_get(keys, "kid"), "keys.kid", reterr);
    if (!same_secret(now->keys.pseudonym, fresh->keys.pseudonym))
        return site_change_refuse(fresh, fresh->keys.pseudonym_node, "keys.pseudonym", reterr);
    if (!same_secret(now->keys.audit, fresh->keys.audit))
        return site_change_refuse(fresh, fresh->keys.audit_node, "keys.audit", reterr);
    return 0;
}

static bool same_user(const struct site_kafka_user *a, const struct site_kafka_user *b)
{
    return same_secret(a->password, b->password) && same_secret(a->key_password, b->key_password);
}

/* What the stream's section names and what stands behind the names. */
static bool same_stream(const struct site *now, const struct site *fresh)
{
    const struct site_kafka *a = &now->stream.kafka, *b = &fresh->stream.kafka;
    bool same = yaml_same(yaml_get(now->root, "stream"), yaml_get(fresh->root, "stream"));
    for (unsigned i = 0; same && i < SITE_USERS; i++)
        same = same_user(&a->users[i], &b->users[i]);
    for (unsigned i = 0; same && i < a->nproperties; i++)
        same = same_secret(a->properties[i].value, b->properties[i].value);
    return same;
}

int site_change_check(const struct site *now, const struct site *fresh, const char *process,
                      struct err *reterr)
{
    if (!slice_eq(now->data, fresh->data))
        return site_change_refuse(fresh, yaml_get(fresh->root, "data"), "data", reterr);
    const struct yaml *stream = yaml_get(fresh->root, "stream");
    if (!same_stream(now, fresh))
        return site_change_refuse(fresh, stream, "stream", reterr);
    if (!slice_eq(site_listen(now, process), site_listen(fresh, process)))
        return site_change_refuse(fresh, yaml_get(fresh->listen, process), "listen", reterr);
    return check_keys(now, fresh, reterr);
}

bool site_consumer_same(const struct site_consumer *a, const struct site_consumer *b)
{
    return yaml_same(a->node, b->node) && same_secret(a->http.bearer, b->http.bearer) &&
           same_secret(a->mllp.tls.key_password, b->mllp.tls.key_password);
}
