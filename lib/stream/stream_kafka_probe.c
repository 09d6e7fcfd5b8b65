#include "stream_kafka_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "num.h"
#include "stream_admin.h"
#include "stream_kafka_property.h"

enum { METADATA_MS = 3000, CONFIGS_MS = 3000, TOPICS_MAX = 64 };

/* What is compared: of the topic that takes the largest record, and of the one with the fewest
 * replicas. */
struct limits {
    uint64_t largest; /* UINT64_MAX: not known */
    char largest_of[KAFKA_NAME_MAX + 1];
    uint64_t in_sync; /* UINT64_MAX: not known */
    char in_sync_of[KAFKA_NAME_MAX + 1];
};

static void note_errors(struct kafka_stream *s, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(queue, 0))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            kafka_trouble_event(&s->trouble, event);
        rd_kafka_event_destroy(event);
    }
}

/* Nodes that are away come back; a wrong password does not mend itself. */
static int not_reached(struct kafka_stream *s, rd_kafka_queue_t *queue, struct err *reterr)
{
    note_errors(s, queue);
    rd_kafka_resp_err_t refusal = kafka_trouble_refusal(&s->trouble);
    if (!refusal)
        return 0;
    kafka_err_fill(reterr, refusal, "Kafka", s->trouble.text);
    kafka_trouble_name(&s->trouble, reterr);
    return -1;
}

static bool is_data(const struct kafka_stream *s, const char *topic)
{
    struct slice name = kafka_name_strip(&s->conf, topic);
    return slice_present(name) && slice_starts(name, SLICE("flow.")) &&
           !slice_eq(name, SLICE("flow.lead"));
}

static unsigned list_topics(const struct kafka_stream *s, const rd_kafka_metadata_t *m,
                            rd_kafka_ConfigResource_t **ret)
{
    unsigned n = 0;
    for (int i = 0; i < m->topic_cnt && n < TOPICS_MAX; i++)
        if (is_data(s, m->topics[i].topic))
            ret[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, m->topics[i].topic);
    return n;
}

static void take_entry(struct limits *l, const char *topic, const rd_kafka_ConfigEntry_t *e)
{
    uint64_t value;
    const char *name = rd_kafka_ConfigEntry_name(e), *text = rd_kafka_ConfigEntry_value(e);
    if (!text || !num_u64(slice_str(text), &value))
        return;
    if (strcmp(name, "max.message.bytes") == 0 &&
        (l->largest == UINT64_MAX || value > l->largest)) {
        l->largest = value;
        snprintf(l->largest_of, sizeof(l->largest_of), "%s", topic);
    } else if (strcmp(name, "min.insync.replicas") == 0 && value < l->in_sync) {
        l->in_sync = value;
        snprintf(l->in_sync_of, sizeof(l->in_sync_of), "%s", topic);
    }
}

static void take_answer(struct limits *l, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_DescribeConfigs_result_t *r = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **all =
        r ? rd_kafka_DescribeConfigs_result_resources(r, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        size_t entries = 0;
        const rd_kafka_ConfigEntry_t **e = rd_kafka_ConfigResource_configs(all[i], &entries);
        for (size_t k = 0; k < entries; k++)
            take_entry(l, rd_kafka_ConfigResource_name(all[i]), e[k]);
    }
}

static void describe(rd_kafka_t *rk, rd_kafka_ConfigResource_t **topics, unsigned n,
                     struct limits *ret)
{
    char why[64];
    rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(o, CONFIGS_MS, why, sizeof(why));
    rd_kafka_DescribeConfigs(rk, topics, n, o, answers);
    rd_kafka_event_t *event = rd_kafka_queue_poll(answers, CONFIGS_MS + 500);
    if (event) {
        take_answer(ret, event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_queue_destroy(answers);
}

static int compare(const struct kafka_conf *c, const struct limits *l, struct err *reterr)
{
    const struct stream_promise size = {.topic = slice_str(l->largest_of),
                                        .message_max = l->largest,
                                        .in_sync = UINT64_MAX,
                                        .record_max = c->record_max};
    const struct stream_promise copies = {.topic = slice_str(l->in_sync_of),
                                          .message_max = UINT64_MAX,
                                          .in_sync = l->in_sync,
                                          .allow_unsafe = c->allow_unsafe};
    return stream_admin_promises(&size, reterr) < 0 ? -1 : stream_admin_promises(&copies, reterr);
}

int kafka_probe(struct kafka_stream *s, rd_kafka_t *rk, rd_kafka_queue_t *queue, struct err *reterr)
{
    const rd_kafka_metadata_t *m;
    rd_kafka_ConfigResource_t *topics[TOPICS_MAX];
    struct limits l = {.largest = UINT64_MAX, .in_sync = UINT64_MAX};
    if (rd_kafka_metadata(rk, 1, NULL, &m, METADATA_MS))
        return not_reached(s, queue, reterr);
    unsigned n = list_topics(s, m, topics);
    rd_kafka_metadata_destroy(m);
    if (n)
        describe(rk, topics, n, &l);
    rd_kafka_ConfigResource_destroy_array(topics, n);
    return compare(&s->conf, &l, reterr);
}
