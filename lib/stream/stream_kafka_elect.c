#include "stream_kafka_elect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "num.h"
#include "stream_kafka_property.h"
#include "stream_kafka_retire.h"

enum { SESSION_MS = 6000, CLOSE_MS = 2000 };

/* A site may want to hear of a dead leader sooner than we do, not later. */
static const char *sooner(const struct kafka_conf *c, const char *name, const char *ours)
{
    const char *theirs = kafka_conf_get(c, name);
    uint64_t a = 0, b = 0;
    bool is = theirs && num_u64(slice_str(theirs), &a) && num_u64(slice_str(ours), &b) && a < b;
    return is ? theirs : ours;
}

static int set_member(rd_kafka_conf_t *conf, const struct kafka_conf *c, const char *group,
                      struct err *reterr)
{
    char client[40];
    snprintf(client, sizeof(client), "weir.%015" PRId64, clock_wall_ms());
    const char *const ours[][2] = {
        {"group.id", group},
        {"group.instance.id", NULL}, /* a standing member would be waited for when it is gone */
        {"client.id", client},
        {"session.timeout.ms", sooner(c, "session.timeout.ms", "6000")},
        {"heartbeat.interval.ms", sooner(c, "heartbeat.interval.ms", "1500")},
        {"max.poll.interval.ms", "300000"},
        {"partition.assignment.strategy", "range"},
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "latest"},
        {"topic.metadata.refresh.interval.ms", "5000"},
    };
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (kafka_conf_set(conf, ours[i][0], ours[i][1], reterr))
            return -1;
    return 0;
}

static int subscribe(struct kafka_elect *e, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, kafka_name_of(e->conf, SLICE("flow.lead")).text,
                                      RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(e->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code ? kafka_err(reterr, code, "topic flow.lead", NULL) : 0;
}

int kafka_elect_open(struct kafka_elect *e, const struct kafka_conf *c, const char *group,
                     const struct kafka_wake *wake, struct err *reterr)
{
    char name[STREAM_NAME_MAX + 8];
    snprintf(name, sizeof(name), "lead.%s", group);
    rd_kafka_conf_t *conf =
        kafka_conf_client(c, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH, reterr);
    if (!conf)
        return -1;
    if (set_member(conf, c, kafka_name_of(c, slice_str(name)).text, reterr)) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    *e = (struct kafka_elect){.conf = c};
    e->rk = kafka_client_open(RD_KAFKA_CONSUMER, conf, reterr);
    if (!e->rk)
        return -1;
    rd_kafka_poll_set_consumer(e->rk);
    e->queue = rd_kafka_queue_get_consumer(e->rk);
    kafka_wake_attach(wake, e->queue);
    if (subscribe(e, reterr) == 0)
        return 0;
    kafka_elect_close(e);
    return -1;
}

void kafka_elect_close(struct kafka_elect *e)
{
    if (!e->rk)
        return;
    kafka_wake_detach(e->queue);
    rd_kafka_queue_destroy(e->queue);
    kafka_retire(e->rk, CLOSE_MS);
    *e = (struct kafka_elect){0};
}

/* At the end of the topic: nothing is to be read there, and no position to be looked for. */
static void on_assign(struct kafka_elect *e, rd_kafka_topic_partition_list_t *all)
{
    e->holds = false;
    e->revoked_ms = 0;
    for (int i = 0; all && i < all->cnt; i++) {
        all->elems[i].offset = RD_KAFKA_OFFSET_END;
        e->holds |= all->elems[i].partition == 0;
    }
    rd_kafka_assign(e->rk, all);
}

/* While the group is shared out again nobody else gets the partition: it may come back. */
static void on_revoke(struct kafka_elect *e)
{
    if (rd_kafka_assignment_lost(e->rk)) { /* without an answer it does not join again by itself */
        e->holds = false;
        e->lost = true;
        return;
    }
    e->revoked_ms = clock_mono_ms();
    rd_kafka_assign(e->rk, NULL);
}

/* Connections come back by themselves; what is refused, or not there, does not. */
static void on_error(rd_kafka_event_t *event, struct kafka_trouble *trouble, struct err *hindrance)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    kafka_trouble_event(trouble, event);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        code == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        kafka_err_fill(hindrance, code, "to lead", rd_kafka_event_error_string(event));
}

static void take_event(struct kafka_elect *e, struct kafka_trouble *trouble,
                       rd_kafka_event_t *event, struct err *hindrance)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
        if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
            on_assign(e, rd_kafka_event_topic_partition_list(event));
        else
            on_revoke(e);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(event, trouble, hindrance);
        break;
    default:
        break;
    }
}

void kafka_elect_poll(struct kafka_elect *e, struct kafka_trouble *trouble, struct err *hindrance)
{
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(e->queue, 0))) {
        take_event(e, trouble, event, hindrance);
        rd_kafka_event_destroy(event);
    }
    if (e->revoked_ms && clock_mono_ms() - e->revoked_ms > SESSION_MS)
        e->holds = false;
}
