#include "kafka_mock.h"

#include <stdio.h>
#include <string.h>
#include "stream_kafka_producer.h"

void kafka_mock_open(struct kafka_mock *m)
{
    char why[256];
    m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
    ck_assert_msg(m->rk != NULL, "%s", why);
    m->cluster = rd_kafka_mock_cluster_new(m->rk, MOCK_NODES);
    ck_assert_ptr_nonnull(m->cluster);
    stream_options_default(&m->options);
    m->options.kind = SLICE("kafka");
    m->options.dir = slice_str(rd_kafka_mock_cluster_bootstraps(m->cluster));
    m->options.writer = SLICE("acute");
    m->options.record_max = 100000;
}

void kafka_mock_close(struct kafka_mock *m)
{
    rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->rk);
}

struct stream *kafka_mock_handle(struct kafka_mock *m)
{
    struct stream *s = NULL;
    struct err e = {0};
    ck_assert_msg(stream_open(&m->options, &s, &e) == 0, "%s", e.text);
    return s;
}

void kafka_mock_down(struct kafka_mock *m, bool down)
{
    for (int32_t node = 1; node <= MOCK_NODES; node++)
        ck_assert_int_eq(down ? rd_kafka_mock_broker_set_down(m->cluster, node)
                              : rd_kafka_mock_broker_set_up(m->cluster, node),
                         0);
}

rd_kafka_t *kafka_mock_client(struct stream *s)
{
    return kafka_producer_client(kafka_of(s)->producer);
}

static rd_kafka_t *consumer(struct kafka_mock *m, const char *group)
{
    char why[256];
    rd_kafka_conf_t *c = rd_kafka_conf_new();
    ck_assert_int_eq(rd_kafka_conf_set(c, "bootstrap.servers",
                                       rd_kafka_mock_cluster_bootstraps(m->cluster), why,
                                       sizeof(why)),
                     RD_KAFKA_CONF_OK);
    ck_assert_int_eq(rd_kafka_conf_set(c, "group.id", group, why, sizeof(why)), RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, c, why, sizeof(why));
    ck_assert_msg(rk != NULL, "%s", why);
    return rk;
}

void kafka_mock_read(struct kafka_mock *m, const char *topic, int partition, int n, char *ret,
                     size_t room)
{
    size_t used = 0;
    rd_kafka_t *rk = consumer(m, "reads");
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(all, topic, partition)->offset = 0;
    ck_assert_int_eq(rd_kafka_assign(rk, all), 0);
    rd_kafka_topic_partition_list_destroy(all);
    *ret = 0;
    for (int i = 0; i < n; i++) {
        rd_kafka_message_t *got = rd_kafka_consumer_poll(rk, BED_DEADLINE_MS);
        ck_assert_msg(got && !got->err, "%s after '%s'", got ? rd_kafka_err2str(got->err) : "none",
                      ret);
        used += (size_t)snprintf(ret + used, room - used, "%s%.*s", i ? " " : "", (int)got->len,
                                 got->len ? (const char *)got->payload : "");
        rd_kafka_message_destroy(got);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

void kafka_mock_commit(struct kafka_mock *m, const char *group, const char *topic, int partition,
                       int64_t offset, const char *metadata)
{
    rd_kafka_t *rk = consumer(m, group);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_add(all, topic, partition);
    at->offset = offset;
    at->metadata = metadata ? strdup(metadata) : NULL;
    at->metadata_size = metadata ? strlen(metadata) : 0;
    ck_assert_int_eq(rd_kafka_commit(rk, all, 0), 0);
    rd_kafka_topic_partition_list_destroy(all);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

int64_t kafka_mock_position(struct kafka_mock *m, const char *group, const char *topic,
                            int partition)
{
    rd_kafka_t *rk = consumer(m, group);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(all, topic, partition);
    ck_assert_int_eq(rd_kafka_committed(rk, all, BED_DEADLINE_MS), 0);
    int64_t at = all->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(all);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return at;
}
