#include "stream_kafka_send.h"

#include <stdio.h>
#include "num.h"
#include "stream_kafka_headers.h"
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

int kafka_send_batch(rd_kafka_conf_t *conf, const struct kafka_conf *c, uint64_t most,
                     struct err *reterr)
{
    uint64_t given;
    const char *text = kafka_conf_get(c, "batch.size");
    if (text && num_u64(slice_str(text), &given) && given < most)
        return 0;
    return kafka_conf_set_number(conf, "batch.size", most, reterr);
}

int kafka_send_settings(rd_kafka_conf_t *conf, const struct kafka_conf *c, struct err *reterr)
{
    enum { BATCH = 1000000 }; /* librdkafka's default */
    uint64_t wire = kafka_wire_max(c->record_max);
    if (!kafka_conf_get(c, "batch.size") &&
        kafka_send_batch(conf, c, wire < BATCH ? wire : BATCH, reterr))
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

static int refuse(const struct stream_record *r, rd_kafka_resp_err_t code, struct err *reterr)
{
    char where[STREAM_NAME_MAX + 16];
    snprintf(where, sizeof(where), "topic %.*s", SLICE_ARG(r->topic));
    return kafka_err(reterr, code, where, NULL);
}

/* topic: NULL where there was none to be had. Headers go with a record that is taken. */
static int give(struct kafka_topics *t, rd_kafka_topic_t *topic, const struct stream_record *r,
                rd_kafka_headers_t *headers, int flags, void *opaque, rd_kafka_resp_err_t *ret_code,
                struct err *reterr)
{
    if (!topic) {
        *ret_code = rd_kafka_last_error();
        return refuse(r, *ret_code, reterr);
    }
    /* Pairs of tag and value, without librdkafka's macros around them: clang calls these no C11. */
    *ret_code = rd_kafka_producev(t->rk, RD_KAFKA_VTYPE_RKT, topic, RD_KAFKA_VTYPE_PARTITION,
                                  (int32_t)RD_KAFKA_PARTITION_UA, RD_KAFKA_VTYPE_MSGFLAGS, flags,
                                  RD_KAFKA_VTYPE_KEY, r->key.p, r->key.n, RD_KAFKA_VTYPE_VALUE,
                                  r->value.p, r->value.n, RD_KAFKA_VTYPE_HEADERS, headers,
                                  RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_VTYPE_END);
    return *ret_code ? refuse(r, *ret_code, reterr) : 0;
}

int kafka_send(struct kafka_topics *t, const struct stream_record *r, rd_kafka_resp_err_t *ret_code,
               struct err *reterr)
{
    rd_kafka_headers_t *headers = kafka_headers_of(r);
    int rc =
        give(t, topic_of(t, r->topic), r, headers, RD_KAFKA_MSG_F_COPY, NULL, ret_code, reterr);
    if (rc && headers)
        rd_kafka_headers_destroy(headers);
    return rc;
}

static int give_topic(struct kafka_topics *t, struct kafka_set *first, struct slice topic,
                      uint32_t *given, rd_kafka_resp_err_t *ret_code, struct err *reterr)
{
    rd_kafka_topic_t *to = topic_of(t, topic);
    for (struct kafka_set *set = first; set; set = set->next)
        for (unsigned i = 0; set->ungiven && i < set->nrecords; i++) {
            struct kafka_giving *item = &set->items[i];
            if (item->given || !slice_eq(set->records[i].topic, topic))
                continue;
            if (give(t, to, &set->records[i], item->headers, 0, set, ret_code, reterr))
                return -1;
            *item = (struct kafka_giving){.given = true};
            set->ungiven--;
            ++*given;
        }
    return 0;
}

int kafka_send_all(struct kafka_topics *t, struct kafka_set *first, uint32_t *given,
                   rd_kafka_resp_err_t *ret_code, struct err *reterr)
{
    for (struct kafka_set *set = first; set; set = set->next)
        for (unsigned i = 0; set->ungiven && i < set->nrecords; i++)
            if (!set->items[i].given &&
                give_topic(t, set, set->records[i].topic, given, ret_code, reterr))
                return -1;
    return 0;
}
