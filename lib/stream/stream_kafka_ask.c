#include "stream_kafka_ask.h"

#include <stdio.h>
#include "stream_kafka_err.h"

enum { FIRST_ASK_MS = 400 };

struct where {
    char text[300];
};

static struct where topic_where(const char *topic)
{
    struct where w;
    snprintf(w.text, sizeof(w.text), "topic %s", topic);
    return w;
}

static struct where group_where(const char *group)
{
    struct where w;
    snprintf(w.text, sizeof(w.text), "group %s", group);
    return w;
}

int kafka_ask_topics(rd_kafka_t *rk, const struct rd_kafka_metadata **ret, struct err *reterr)
{
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, NULL, ret, KAFKA_ASK_MS);
    return code ? kafka_err(reterr, code, "Kafka's topics", NULL) : 0;
}

static int first_error(const rd_kafka_topic_partition_list_t *list, struct err *reterr)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            return kafka_err(reterr, list->elems[i].err, topic_where(list->elems[i].topic).text,
                             NULL);
    return 0;
}

static rd_kafka_resp_err_t offsets_once(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list,
                                        int64_t ms, int wait_ms)
{
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = ms;
        list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    return rd_kafka_offsets_for_times(rk, list, wait_ms);
}

/* After "not leader" librdkafka 2.0.2 looks for the leader and does not ask again, but waits its
 * time out: so it is asked anew, with more and more patience. */
int kafka_ask_offsets(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t ms,
                      struct err *reterr)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!list->cnt)
        return 0;
    for (int wait = FIRST_ASK_MS; wait <= KAFKA_ASK_MS; wait *= 2) {
        code = offsets_once(rk, list, ms, wait);
        if (code != RD_KAFKA_RESP_ERR__TIMED_OUT)
            break;
    }
    if (code)
        return kafka_err(reterr, code, topic_where(list->elems[0].topic).text, NULL);
    return first_error(list, reterr);
}

int kafka_ask_committed(rd_kafka_t *rk, const char *group, rd_kafka_topic_partition_list_t *list,
                        struct err *reterr)
{
    if (!list->cnt)
        return 0;
    rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, KAFKA_ASK_MS);
    if (code)
        return kafka_err(reterr, code, group_where(group).text, NULL);
    return first_error(list, reterr);
}

/* Members commit for it; who is none may not. */
static bool others_do(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

static rd_kafka_topic_partition_list_t *
those_with_offset(const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *some = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset >= 0)
            rd_kafka_topic_partition_list_add(some, list->elems[i].topic, list->elems[i].partition)
                ->offset = list->elems[i].offset;
    return some;
}

static rd_kafka_resp_err_t commit_and_wait(rd_kafka_t *rk,
                                           const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(rk, list, answers, NULL, NULL);
    if (!code) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(answers, KAFKA_ASK_MS);
        code = e ? rd_kafka_event_error(e) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (e)
            rd_kafka_event_destroy(e);
    }
    rd_kafka_queue_destroy(answers);
    return code;
}

int kafka_ask_commit(rd_kafka_t *rk, const char *group, const rd_kafka_topic_partition_list_t *list,
                     bool *ret_taken, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *some = those_with_offset(list);
    rd_kafka_resp_err_t code = some->cnt ? commit_and_wait(rk, some) : 0;
    rd_kafka_topic_partition_list_destroy(some);
    if (code && !others_do(code))
        return kafka_err(reterr, code, group_where(group).text, NULL);
    *ret_taken = !code;
    return 0;
}
