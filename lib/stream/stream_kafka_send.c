#include "stream_kafka_send.h"

#include <stdio.h>
#include "stream_kafka_property.h"

enum { TOPICS_MAX = 100000 };

void kafka_topics_init(struct kafka_topics *t, const struct kafka_conf *c, rd_kafka_t *rk)
{
    *t = (struct kafka_topics){.conf = c, .rk = rk};
    dict_init(&t->known, TOPICS_MAX);
}

void kafka_topics_fini(struct kafka_topics *t)
{
    size_t at = 0;
    struct slice name;
    uint64_t topic;
    while (t->rk && dict_next(&t->known, &at, &name, &topic))
        rd_kafka_topic_destroy((rd_kafka_topic_t *)(uintptr_t)topic);
    dict_fini(&t->known);
    *t = (struct kafka_topics){0};
}

int kafka_send_settings(rd_kafka_conf_t *conf, const struct kafka_conf *c, struct err *reterr)
{
    enum { BATCH = 1000000 }; /* librdkafka's default */
    uint64_t wire = kafka_wire_max(c->record_max);
    if (!kafka_conf_get(c, "batch.size") &&
        kafka_conf_set_number(conf, "batch.size", wire < BATCH ? wire : BATCH, reterr))
        return -1;
    if (kafka_conf_set_number(conf, "queue.buffering.max.messages", c->queue_records, reterr))
        return -1;
    return kafka_conf_set_number(conf, "queue.buffering.max.kbytes", c->queue_bytes / 1024 + 1,
                                 reterr);
}

static rd_kafka_topic_t *topic_of(struct kafka_topics *t, struct slice name)
{
    uint64_t *known = dict_get(&t->known, name);
    if (known)
        return (rd_kafka_topic_t *)(uintptr_t)*known;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(t->rk, kafka_name_of(t->conf, name).text, NULL);
    if (!topic)
        return NULL;
    known = dict_put(&t->known, name, NULL);
    if (!known) {
        rd_kafka_topic_destroy(topic);
        return NULL;
    }
    *known = (uint64_t)(uintptr_t)topic;
    return topic;
}

static rd_kafka_headers_t *headers_of(const struct stream_record *r)
{
    if (!r->nheaders)
        return NULL;
    rd_kafka_headers_t *h = rd_kafka_headers_new(r->nheaders);
    for (unsigned i = 0; i < r->nheaders; i++)
        rd_kafka_header_add(h, r->headers[i].name.p, (ssize_t)r->headers[i].name.n,
                            r->headers[i].value.p, (ssize_t)r->headers[i].value.n);
    return h;
}

static int refuse(const struct stream_record *r, rd_kafka_resp_err_t code, struct err *reterr)
{
    char where[STREAM_NAME_MAX + 16];
    snprintf(where, sizeof(where), "topic %.*s", SLICE_ARG(r->topic));
    return kafka_err(reterr, code, where, NULL);
}

int kafka_send(struct kafka_topics *t, const struct stream_record *r, void *opaque,
               rd_kafka_resp_err_t *ret_code, struct err *reterr)
{
    rd_kafka_topic_t *topic = topic_of(t, r->topic);
    if (!topic) {
        *ret_code = rd_kafka_last_error();
        return refuse(r, *ret_code, reterr);
    }
    rd_kafka_headers_t *headers = headers_of(r);
    /* Pairs of tag and value, without librdkafka's macros around them: clang calls these no C11. */
    rd_kafka_resp_err_t code = rd_kafka_producev(
        t->rk, RD_KAFKA_VTYPE_RKT, topic, RD_KAFKA_VTYPE_PARTITION, (int32_t)RD_KAFKA_PARTITION_UA,
        RD_KAFKA_VTYPE_MSGFLAGS, (int)RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY, r->key.p, r->key.n,
        RD_KAFKA_VTYPE_VALUE, r->value.p, r->value.n, RD_KAFKA_VTYPE_HEADERS, headers,
        RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_VTYPE_END);
    if (!code)
        return 0;
    if (headers)
        rd_kafka_headers_destroy(headers);
    *ret_code = code;
    return refuse(r, code, reterr);
}
