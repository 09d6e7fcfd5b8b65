#include "stream_kafka_reading.h"

#include "clock.h"

enum { RETRY_MS = 200, IDLE_MS = 500, FIND_MS = 10000, FIND_MISSING_MS = 1000, LOOK_MS = 200 };

/* Partitions that appeared, from where the group or the start says. */
static int find(struct kafka_reader *r, bool *ret_missing, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    int rc = kafka_place_find(r, list, ret_missing, reterr);
    if (!rc && list->cnt)
        rc = kafka_place_first(r, list, reterr) || kafka_place_hold(r, list, reterr) ? -1 : 0;
    kafka_feed_lock(&r->feed);
    if (!rc) {
        r->anew |= list->cnt > 0 || !r->placed;
        r->placed = true;
        r->away = false;
        r->failing_since_ms = 0;
        pthread_cond_broadcast(&r->feed.told);
    }
    kafka_feed_unlock(&r->feed);
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

enum { DO_TIME = 1, DO_LOOK = 2, DO_ASSIGN = 4 };

static unsigned orders(struct kafka_reader *r, int64_t now)
{
    unsigned due = 0;
    kafka_feed_lock(&r->feed);
    if (r->sought && now >= r->retry_at_ms)
        due |= DO_TIME;
    if (now >= r->look_at_ms && kafka_look_due(r))
        due |= DO_LOOK;
    if (r->anew && !r->sought && now >= r->retry_at_ms)
        due |= DO_ASSIGN;
    kafka_feed_unlock(&r->feed);
    return due;
}

static void retry(struct kafka_reader *r, int64_t *at, struct err *err)
{
    *at = clock_mono_ms() + RETRY_MS;
    kafka_fetch_fail(r, err);
}

int64_t kafka_orders_serve(struct kafka_reader *r, int64_t now)
{
    struct err err;
    unsigned due = orders(r, now);
    if (due & DO_TIME && kafka_place_time(r, &err))
        retry(r, &r->retry_at_ms, &err);
    due |= orders(r, now);
    if (due & DO_ASSIGN && kafka_fetch_assign(r, &err))
        retry(r, &r->retry_at_ms, &err);
    if (due & DO_LOOK && kafka_look(r, &err))
        retry(r, &r->look_at_ms, &err);
    if (orders(r, now) & DO_ASSIGN && kafka_fetch_assign(r, &err)) /* what was lost is settled */
        retry(r, &r->retry_at_ms, &err);
    return now + (due ? LOOK_MS : IDLE_MS);
}

int64_t kafka_alone_serve(struct kafka_reader *r, int64_t now)
{
    struct err err;
    bool missing = true;
    if (now >= r->find_at_ms) {
        int64_t wait = RETRY_MS;
        if (find(r, &missing, &err))
            kafka_fetch_fail(r, &err);
        else
            wait = missing ? FIND_MISSING_MS : FIND_MS;
        r->find_at_ms = clock_mono_ms() + wait;
    }
    return r->placed ? kafka_orders_serve(r, now) : r->find_at_ms;
}
