#include "kafka_bed.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "clock.h"
#include "kit.h"

enum { ADMIN_MS = 20000 };

struct admin {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
};

const char *kafka_bed_nodes(void)
{
    const char *nodes = getenv("WEIR_KAFKA");
    return nodes && *nodes ? nodes : NULL;
}

void kafka_bed_prefix(char *ret, unsigned size)
{
    snprintf(ret, size, "bed-%d-%lld.", (int)getpid(), (long long)clock_wall_ms());
}

static struct admin admin_open(void)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    ck_assert_int_eq(
        rd_kafka_conf_set(conf, "bootstrap.servers", kafka_bed_nodes(), text, sizeof(text)),
        RD_KAFKA_CONF_OK);
    ck_assert_int_eq(rd_kafka_conf_set(conf, "log_level", "3", text, sizeof(text)),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    ck_assert_msg(client != NULL, "%s", text);
    return (struct admin){client, rd_kafka_queue_new(client)};
}

static void admin_close(struct admin *a)
{
    rd_kafka_queue_destroy(a->queue);
    rd_kafka_destroy(a->client);
}

static void check(rd_kafka_resp_err_t code, const char *what)
{
    ck_assert_msg(code == RD_KAFKA_RESP_ERR_NO_ERROR, "%s: %s", what, rd_kafka_err2str(code));
}

static rd_kafka_event_t *answer(struct admin *a)
{
    rd_kafka_event_t *e = rd_kafka_queue_poll(a->queue, ADMIN_MS);
    ck_assert_msg(e != NULL, "Kafka: no answer within %d ms", ADMIN_MS);
    check(rd_kafka_event_error(e), "the request");
    return e;
}

static size_t partitions(struct admin *a, const char *topic)
{
    const struct rd_kafka_metadata *m;
    rd_kafka_topic_t *t = rd_kafka_topic_new(a->client, topic, NULL);
    check(rd_kafka_metadata(a->client, 0, t, &m, ADMIN_MS), topic);
    size_t n = (size_t)m->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(m);
    rd_kafka_topic_destroy(t);
    return n;
}

void kafka_bed_add_partition(const char *topic)
{
    char text[256];
    struct admin a = admin_open();
    size_t before = partitions(&a, topic);
    rd_kafka_NewPartitions_t *more =
        rd_kafka_NewPartitions_new(topic, before + 1, text, sizeof(text));
    ck_assert_msg(more != NULL, "%s", text);
    rd_kafka_CreatePartitions(a.client, &more, 1, NULL, a.queue);
    rd_kafka_event_t *e = answer(&a);
    size_t n;
    const rd_kafka_topic_result_t **got =
        rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(e), &n);
    ck_assert_uint_eq(n, 1);
    check(rd_kafka_topic_result_error(got[0]), topic);
    rd_kafka_event_destroy(e);
    rd_kafka_NewPartitions_destroy(more);
    int64_t until = clock_mono_ms() + ADMIN_MS;
    while (partitions(&a, topic) <= before) /* the node that answers is told a moment later */
        ck_assert_msg(clock_mono_ms() < until, "%s: the new partition does not appear", topic);
    admin_close(&a);
}

void kafka_bed_forget(const char *topic, int64_t before)
{
    struct admin a = admin_open();
    rd_kafka_topic_partition_list_t *upto = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(upto, topic, 0)->offset = before;
    rd_kafka_DeleteRecords_t *old = rd_kafka_DeleteRecords_new(upto);
    rd_kafka_DeleteRecords(a.client, &old, 1, NULL, a.queue);
    rd_kafka_event_t *e = answer(&a);
    check(
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(e))->elems[0].err,
        topic);
    rd_kafka_event_destroy(e);
    rd_kafka_DeleteRecords_destroy(old);
    rd_kafka_topic_partition_list_destroy(upto);
    admin_close(&a);
}
