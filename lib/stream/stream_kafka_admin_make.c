/* stream_kafka_admin_make.c - topics are made, and their settings set. */
#include "stream_kafka_admin.h"

#include <stdlib.h>

static rd_kafka_NewTopic_t *new_topic(struct stream_admin *a, const struct stream_topic *t,
                                      struct err *reterr)
{
    char why[200], value[64];
    rd_kafka_NewTopic_t *made =
        rd_kafka_NewTopic_new(kafka_name_of(&a->conf, t->name).text, (int)t->partitions,
                              (int)t->replicas, why, sizeof(why));
    if (!made) {
        err_set(reterr, ERR_CONF, "topic %.*s: %s", SLICE_ARG(t->name), why);
        return NULL;
    }
    for (unsigned i = 0; i < t->nsettings; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", SLICE_ARG(t->settings[i].name));
        snprintf(value, sizeof(value), "%.*s", SLICE_ARG(t->settings[i].value));
        rd_kafka_NewTopic_set_config(made, name, value);
    }
    return made;
}

/* The first topic that failed. */
static int check_made(rd_kafka_event_t *event, struct err *reterr)
{
    size_t n;
    const rd_kafka_topic_result_t **all =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(all[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return kafka_err(reterr, code, rd_kafka_topic_result_name(all[i]),
                             rd_kafka_topic_result_error_string(all[i]));
    }
    return 0;
}

int stream_admin_create(struct stream_admin *a, const struct stream_topic *topics, unsigned n,
                        struct err *reterr)
{
    rd_kafka_NewTopic_t **made = calloc(n + 1, sizeof(*made));
    rd_kafka_AdminOptions_t *o = NULL;
    unsigned count = 0;
    if (!made)
        return err_set(reterr, ERR_NOMEM, "no memory to make topics");
    while (count < n && (made[count] = new_topic(a, &topics[count], reterr)) != NULL)
        count++;
    int rc = count < n ? -1 : 0;
    if (rc == 0 && n) {
        o = admin_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS, reterr);
        if (o)
            rd_kafka_CreateTopics(a->rk, made, n, o, a->answers);
        rd_kafka_event_t *event = o ? admin_answer(a, "making topics", reterr) : NULL;
        rc = event ? check_made(event, reterr) : -1;
        if (event)
            rd_kafka_event_destroy(event);
    }
    if (o)
        rd_kafka_AdminOptions_destroy(o);
    rd_kafka_NewTopic_destroy_array(made, count);
    free(made);
    return rc;
}

static void put(rd_kafka_ConfigResource_t *r, const struct stream_setting *s)
{
    char name[128], value[1024];
    snprintf(name, sizeof(name), "%.*s", SLICE_ARG(s->name));
    snprintf(value, sizeof(value), "%.*s", SLICE_ARG(s->value));
    rd_kafka_ConfigResource_set_config(r, name, value);
}

static bool named(struct slice name, const struct stream_setting *settings, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq(settings[i].name, name))
            return true;
    return false;
}

/* AlterConfigs replaces all: what is not said falls back to the nodes' default. */
static rd_kafka_ConfigResource_t *whole(struct stream_admin *a, const struct stream_topic *is,
                                        const struct stream_setting *settings, unsigned n)
{
    rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(
        RD_KAFKA_RESOURCE_TOPIC, kafka_name_of(&a->conf, is->name).text);
    for (unsigned i = 0; r && i < is->nsettings; i++)
        if (is->settings[i].own && slice_present(is->settings[i].value) &&
            !named(is->settings[i].name, settings, n))
            put(r, &is->settings[i]);
    for (unsigned i = 0; r && i < n; i++)
        put(r, &settings[i]);
    return r;
}

static int check_set(rd_kafka_event_t *event, struct err *reterr)
{
    size_t n;
    const rd_kafka_ConfigResource_t **all =
        rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &n);
    for (size_t i = 0; i < n; i++)
        if (rd_kafka_ConfigResource_error(all[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return kafka_err(reterr, rd_kafka_ConfigResource_error(all[i]),
                             rd_kafka_ConfigResource_name(all[i]),
                             rd_kafka_ConfigResource_error_string(all[i]));
    return 0;
}

int stream_admin_set(struct stream_admin *a, const struct stream_topic *is,
                     const struct stream_setting *settings, unsigned n, struct err *reterr)
{
    rd_kafka_AdminOptions_t *o = admin_options(a, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, reterr);
    if (!o)
        return -1;
    rd_kafka_ConfigResource_t *r = whole(a, is, settings, n);
    rd_kafka_AlterConfigs(a->rk, &r, 1, o, a->answers);
    rd_kafka_event_t *event = admin_answer(a, "settings of a topic", reterr);
    int rc = event ? check_set(event, reterr) : -1;
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_ConfigResource_destroy(r);
    rd_kafka_AdminOptions_destroy(o);
    return rc;
}
