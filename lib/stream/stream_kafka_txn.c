#include "stream_kafka_txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "num.h"
#include "stream_kafka_property.h"
#include "stream_kafka_retire.h"
#include "stream_kafka_send.h"

enum { SLICE_MS = 1000, ABORT_MS = 5000, CLOSE_MS = 2000 };

struct kafka_txn {
    const struct kafka_conf *conf;
    struct kafka_trouble *trouble;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct kafka_topics topics;
    char where[KAFKA_NAME_MAX + 32];
    struct err cause; /* of the first record refused in this transaction; the calls say less */
};

/* Past append_timeout nobody waits for the transaction: Kafka may end it soon after. */
static int set_timeout(rd_kafka_conf_t *conf, const struct kafka_conf *c, struct err *reterr)
{
    enum { SLACK_MS = 10 * 1000, LEAST_MS = 10 * 1000, MOST_MS = 15 * 60 * 1000 };
    uint64_t ms = c->append_timeout_ms ? c->append_timeout_ms + (uint64_t)SLACK_MS : 60 * 1000;
    ms = ms < LEAST_MS ? LEAST_MS : ms > MOST_MS ? MOST_MS : ms;
    if (kafka_conf_set_number(conf, "transaction.timeout.ms", ms, reterr))
        return -1;
    return kafka_conf_set_number(conf, "message.timeout.ms", ms, reterr);
}

static int open_client(struct kafka_txn *t, const char *id, struct err *reterr)
{
    rd_kafka_conf_t *conf =
        kafka_conf_client(t->conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_LOG, reterr);
    if (!conf)
        return -1;
    if (kafka_conf_set(conf, "transactional.id", id, reterr) ||
        kafka_conf_set(conf, "delivery.report.only.error", "true", reterr) ||
        kafka_conf_set(conf, "log.queue", "true", reterr) || set_timeout(conf, t->conf, reterr) ||
        kafka_send_settings(conf, t->conf, reterr)) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    t->rk = kafka_client_open(RD_KAFKA_PRODUCER, conf, reterr);
    return t->rk ? 0 : -1;
}

int kafka_txn_open(const struct kafka_conf *c, struct kafka_trouble *trouble, const char *group,
                   struct kafka_txn **ret, struct err *reterr)
{
    struct kafka_txn *t = calloc(1, sizeof(*t));
    if (!t)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    struct kafka_name id = kafka_name_of(c, slice_str(group));
    t->conf = c;
    t->trouble = trouble;
    snprintf(t->where, sizeof(t->where), "transactional id %s", id.text);
    if (open_client(t, id.text, reterr)) {
        free(t);
        return -1;
    }
    rd_kafka_set_log_queue(t->rk, NULL); /* the main one */
    t->queue = rd_kafka_queue_get_main(t->rk);
    kafka_topics_init(&t->topics, c, t->rk);
    *ret = t;
    return 0;
}

void kafka_txn_close(struct kafka_txn *t)
{
    if (!t)
        return;
    kafka_topics_fini(&t->topics);
    rd_kafka_queue_destroy(t->queue);
    kafka_retire(t->rk, CLOSE_MS);
    free(t);
}

static void take_report(struct kafka_txn *t, const rd_kafka_message_t *m)
{
    char where[STREAM_NAME_MAX + 16];
    struct slice topic = kafka_name_strip(t->conf, rd_kafka_topic_name(m->rkt));
    if (t->cause.code || m->err <= 0) /* a node's: what was purged is a consequence */
        return;
    snprintf(where, sizeof(where), "topic %.*s", SLICE_ARG(topic));
    kafka_err_fill(&t->cause, m->err, where, NULL);
}

/* Which topic it is that may not be written, or is not there, stands in a line of librdkafka's log
 * alone: Failed to add partition "north.flow.route.a" [2] to transaction: Broker: … */
static void take_log(struct kafka_txn *t, rd_kafka_event_t *event)
{
    static const char before[] = "Failed to add partition \"";
    const char *facility, *text, *from, *end;
    char where[KAFKA_NAME_MAX + 16], topic[KAFKA_NAME_MAX + 1];
    int level;
    if (t->cause.code || rd_kafka_event_log(event, &facility, &text, &level) ||
        !(from = strstr(text, before)))
        return;
    from += sizeof(before) - 1;
    end = strchr(from, '"');
    rd_kafka_resp_err_t code = kafka_err_named(end ? end : "");
    if (!code || end - from > KAFKA_NAME_MAX)
        return;
    snprintf(topic, sizeof(topic), "%.*s", (int)(end - from), from);
    snprintf(where, sizeof(where), "topic %.*s", SLICE_ARG(kafka_name_strip(t->conf, topic)));
    kafka_err_fill(&t->cause, code, where, NULL);
}

static void note_errors(struct kafka_txn *t)
{
    rd_kafka_event_t *event;
    const rd_kafka_message_t *m;
    while ((event = rd_kafka_queue_poll(t->queue, 0))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            kafka_trouble_event(t->trouble, event);
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG)
            take_log(t, event);
        while ((m = rd_kafka_event_message_next(event)))
            take_report(t, m);
        rd_kafka_event_destroy(event);
    }
}

/* Then reterr says why. */
static bool is_fatal(struct kafka_txn *t, struct err *reterr)
{
    char text[256] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(t->rk, text, sizeof(text));
    if (code)
        kafka_err_fill(reterr, code, t->where, text);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* What an error of librdkafka's transaction calls comes to. FAILED here: to be aborted. */
static enum kafka_txn_result judge(struct kafka_txn *t, rd_kafka_error_t *error, struct err *reterr)
{
    enum kafka_txn_result result = KAFKA_TXN_ENDED;
    note_errors(t);
    if (!error)
        return KAFKA_TXN_DONE;
    kafka_err_fill(reterr, rd_kafka_error_code(error), t->where, rd_kafka_error_string(error));
    if (is_fatal(t, reterr) || rd_kafka_error_is_fatal(error))
        result = KAFKA_TXN_ENDED;
    else if (rd_kafka_error_txn_requires_abort(error))
        result = KAFKA_TXN_FAILED;
    else if (rd_kafka_error_is_retriable(error))
        result = KAFKA_TXN_AGAIN;
    rd_kafka_error_destroy(error);
    return result;
}

enum kafka_txn_result kafka_txn_init(struct kafka_txn *t, struct err *reterr)
{
    enum kafka_txn_result result = judge(t, rd_kafka_init_transactions(t->rk, SLICE_MS), reterr);
    if (result == KAFKA_TXN_AGAIN)
        kafka_trouble_quote(t->trouble, reterr);
    return result == KAFKA_TXN_FAILED ? KAFKA_TXN_ENDED : result;
}

static bool goes_on(int64_t until_ms, const atomic_bool *stop)
{
    return clock_mono_ms() < until_ms && !atomic_load(stop);
}

/* The reason stays that of the abort. */
static enum kafka_txn_result abort_it(struct kafka_txn *t, const atomic_bool *stop)
{
    struct err ignored;
    enum kafka_txn_result result = KAFKA_TXN_AGAIN;
    int64_t until = clock_mono_ms() + ABORT_MS;
    while (result == KAFKA_TXN_AGAIN && goes_on(until, stop))
        result = judge(t, rd_kafka_abort_transaction(t->rk, SLICE_MS), &ignored);
    return result == KAFKA_TXN_DONE ? KAFKA_TXN_FAILED : KAFKA_TXN_ENDED;
}

static enum kafka_txn_result send_records(struct kafka_txn *t, const struct kafka_set *first,
                                          struct err *reterr)
{
    rd_kafka_resp_err_t code;
    for (const struct kafka_set *set = first; set; set = set->next)
        for (unsigned i = 0; i < set->nrecords; i++)
            if (kafka_send(&t->topics, &set->records[i], &code, reterr))
                return KAFKA_TXN_FAILED;
    return KAFKA_TXN_DONE;
}

/* The positions of one group; of two for a partition the later one wins. NULL: reterr. */
static rd_kafka_topic_partition_list_t *offsets_of(struct kafka_txn *t,
                                                   const struct kafka_set *first,
                                                   struct slice group, struct err *reterr)
{
    uint64_t number;
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(16);
    for (const struct kafka_set *set = first; set; set = set->next)
        for (unsigned i = 0; i < set->npositions; i++) {
            const struct stream_position *p = &set->positions[i].p;
            if (!slice_eq(p->group, group))
                continue;
            if (!num_u64(p->partition, &number) || number > INT32_MAX) {
                err_fill(reterr, ERR_INPUT, "group %.*s: '%.*s' is no partition of Kafka",
                         SLICE_ARG(group), SLICE_ARG(p->partition));
                rd_kafka_topic_partition_list_destroy(all);
                return NULL;
            }
            struct kafka_name topic = kafka_name_of(t->conf, p->topic);
            rd_kafka_topic_partition_t *at =
                rd_kafka_topic_partition_list_find(all, topic.text, (int32_t)number);
            if (!at)
                at = rd_kafka_topic_partition_list_add(all, topic.text, (int32_t)number);
            at->offset = p->next;
            kafka_mark_attach(&set->positions[i].mark, at);
        }
    return all;
}

static enum kafka_txn_result send_group(struct kafka_txn *t, const struct kafka_set *first,
                                        struct slice group, int64_t until_ms,
                                        const atomic_bool *stop, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *offsets = offsets_of(t, first, group, reterr);
    if (!offsets)
        return KAFKA_TXN_FAILED;
    rd_kafka_consumer_group_metadata_t *memberless =
        rd_kafka_consumer_group_metadata_new(kafka_name_of(t->conf, group).text);
    enum kafka_txn_result result;
    do {
        result =
            judge(t, rd_kafka_send_offsets_to_transaction(t->rk, offsets, memberless, 5 * SLICE_MS),
                  reterr);
    } while (result == KAFKA_TXN_AGAIN && goes_on(until_ms, stop));
    rd_kafka_consumer_group_metadata_destroy(memberless);
    rd_kafka_topic_partition_list_destroy(offsets);
    return result;
}

/* Whether a position before this one is of the same group, so that it has been sent. */
static bool group_seen(const struct kafka_set *first, const struct kafka_position *at)
{
    for (const struct kafka_set *set = first; set; set = set->next)
        for (unsigned i = 0; i < set->npositions; i++) {
            if (&set->positions[i] == at)
                return false;
            if (slice_eq(set->positions[i].p.group, at->p.group))
                return true;
        }
    return false;
}

static enum kafka_txn_result send_positions(struct kafka_txn *t, const struct kafka_set *first,
                                            int64_t until_ms, const atomic_bool *stop,
                                            struct err *reterr)
{
    enum kafka_txn_result result = KAFKA_TXN_DONE;
    for (const struct kafka_set *set = first; set; set = set->next)
        for (unsigned i = 0; result == KAFKA_TXN_DONE && i < set->npositions; i++)
            if (!group_seen(first, &set->positions[i]))
                result = send_group(t, first, set->positions[i].p.group, until_ms, stop, reterr);
    return result;
}

static enum kafka_txn_result commit(struct kafka_txn *t, int64_t until_ms, const atomic_bool *stop,
                                    struct err *reterr)
{
    enum kafka_txn_result result;
    do {
        result = judge(t, rd_kafka_commit_transaction(t->rk, SLICE_MS), reterr);
    } while (result == KAFKA_TXN_AGAIN && goes_on(until_ms, stop));
    if (result != KAFKA_TXN_AGAIN)
        return result;
    kafka_trouble_quote(t->trouble, reterr);
    return KAFKA_TXN_ENDED; /* it may stand or not */
}

enum kafka_txn_result kafka_txn_run(struct kafka_txn *t, const struct kafka_set *first,
                                    int64_t until_ms, const atomic_bool *stop, struct err *reterr)
{
    t->cause.code = ERR_NONE;
    enum kafka_txn_result result = judge(t, rd_kafka_begin_transaction(t->rk), reterr);
    if (result != KAFKA_TXN_DONE)
        return KAFKA_TXN_ENDED;
    result = send_records(t, first, reterr);
    if (result == KAFKA_TXN_DONE)
        result = send_positions(t, first, until_ms, stop, reterr);
    if (result == KAFKA_TXN_DONE)
        result = commit(t, until_ms, stop, reterr);
    if (result == KAFKA_TXN_FAILED || result == KAFKA_TXN_AGAIN)
        result = abort_it(t, stop);
    if (result == KAFKA_TXN_FAILED && t->cause.code)
        *reterr = t->cause;
    return result != KAFKA_TXN_DONE && is_fatal(t, reterr) ? KAFKA_TXN_ENDED : result;
}

rd_kafka_t *kafka_txn_client(const struct kafka_txn *t)
{
    return t->rk;
}
