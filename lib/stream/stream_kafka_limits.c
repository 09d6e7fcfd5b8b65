#include "stream_kafka_limits.h"

#include <string.h>
#include "num.h"
#include "stream_engine.h"
#include "stream_kafka_property.h"

enum { HOLD_MS = 1000, AGAIN_MS = 10000, ANSWER_MS = 5000 };

static struct kafka_limit *find(const struct kafka_limits *l, const char *topic)
{
    for (unsigned i = 0; i < l->n; i++)
        if (strcmp(l->list[i].topic.text, topic) == 0)
            return (struct kafka_limit *)(uintptr_t)&l->list[i];
    return NULL;
}

void kafka_limits_doubt(struct kafka_limits *l, const char *topic, int64_t now_ms)
{
    if (!find(l, topic)) {
        if (l->n == KAFKA_LIMITS_MAX || strlen(topic) > KAFKA_NAME_MAX)
            return;
        strcpy(l->list[l->n].topic.text, topic);
        l->list[l->n++].largest = 0;
    }
    l->ask_ms = now_ms;
    l->hold_ms = now_ms + HOLD_MS;
}

void kafka_limits_ask(struct kafka_limits *l, rd_kafka_t *rk, rd_kafka_queue_t *queue,
                      int64_t now_ms)
{
    char why[64];
    rd_kafka_ConfigResource_t *topics[KAFKA_LIMITS_MAX];
    if (now_ms >= l->hold_ms)
        l->hold_ms = 0;
    if (!l->n || l->asked || now_ms < l->ask_ms)
        return;
    for (unsigned i = 0; i < l->n; i++)
        topics[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, l->list[i].topic.text);
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(o, ANSWER_MS, why, sizeof(why));
    rd_kafka_DescribeConfigs(rk, topics, l->n, o, queue);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ConfigResource_destroy_array(topics, l->n);
    l->asked = true;
    l->ask_ms = now_ms + AGAIN_MS;
}

static uint64_t largest_of(const rd_kafka_ConfigResource_t *topic)
{
    uint64_t value;
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **e = rd_kafka_ConfigResource_configs(topic, &n);
    for (size_t i = 0; i < n; i++) {
        const char *text = rd_kafka_ConfigEntry_value(e[i]);
        if (text && strcmp(rd_kafka_ConfigEntry_name(e[i]), "max.message.bytes") == 0 &&
            num_u64(slice_str(text), &value))
            return value;
    }
    return 0;
}

static bool take(struct kafka_limits *l, const struct kafka_conf *c,
                 const rd_kafka_ConfigResource_t *topic)
{
    uint64_t largest = largest_of(topic);
    struct kafka_limit *at = find(l, rd_kafka_ConfigResource_name(topic));
    if (!at || !largest)
        return false;
    if (largest >= kafka_wire_max(c->record_max)) {
        *at = l->list[--l->n];
        return false;
    }
    bool lower = !at->largest || largest < at->largest;
    at->largest = largest;
    return lower;
}

bool kafka_limits_event(struct kafka_limits *l, const struct kafka_conf *c, rd_kafka_event_t *event)
{
    size_t n = 0;
    bool lower = false;
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT)
        return false;
    const rd_kafka_DescribeConfigs_result_t *r = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **all =
        r ? rd_kafka_DescribeConfigs_result_resources(r, &n) : NULL;
    for (size_t i = 0; i < n; i++)
        lower |= take(l, c, all[i]);
    l->asked = false;
    l->hold_ms = 0;
    return lower;
}

void kafka_limits_forget(struct kafka_limits *l)
{
    if (l->asked)
        l->ask_ms = 0;
    l->asked = false;
}

bool kafka_limits_hold(const struct kafka_limits *l, int64_t now_ms)
{
    return now_ms < l->hold_ms;
}

int64_t kafka_limits_due(const struct kafka_limits *l)
{
    if (l->hold_ms)
        return l->hold_ms;
    return l->n && !l->asked ? l->ask_ms : INT64_MAX;
}

uint64_t kafka_limits_least(const struct kafka_limits *l)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < l->n; i++)
        if (l->list[i].largest && l->list[i].largest < least)
            least = l->list[i].largest;
    return least;
}

/* No less than it takes as a batch of its own: the header of the batch, and varints. */
static uint64_t wire_size(const struct stream_record *r)
{
    enum { BATCH = 61, RECORD = 40, HEADER = 10 };
    return stream_record_size(r) - r->topic.n + BATCH + RECORD + (uint64_t)r->nheaders * HEADER;
}

static bool compresses(const struct kafka_conf *c)
{
    static const char *const names[] = {"compression.codec", "compression.type"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *codec = kafka_conf_get(c, names[i]);
        if (codec && strcmp(codec, "none") != 0)
            return true;
    }
    return false;
}

int kafka_limits_check(const struct kafka_limits *l, const struct kafka_conf *c,
                       const struct stream_record *set, unsigned n, struct err *reterr)
{
    if (!l->n || compresses(c))
        return 0;
    for (unsigned i = 0; i < n; i++) {
        const struct kafka_limit *at = find(l, kafka_name_of(c, set[i].topic).text);
        if (at && at->largest && wire_size(&set[i]) > at->largest)
            return err_set(reterr, ERR_LIMIT,
                           "topic %.*s: a record of %llu bytes is larger than Kafka takes now "
                           "(max.message.bytes of the topic was lowered to %llu)",
                           SLICE_ARG(set[i].topic), (unsigned long long)wire_size(&set[i]),
                           (unsigned long long)at->largest);
    }
    return 0;
}
