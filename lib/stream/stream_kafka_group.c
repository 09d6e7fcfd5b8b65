#include "stream_kafka_reading.h"

#include "clock.h"
#include "stream_kafka_reader.h"

enum { RETRY_MS = 500, YIELD_MOST_MS = 5000 };

/* Where a group that meets a topic for the first time begins, before anybody reads. */
static int record_first(struct kafka_reader *r, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    bool missing;
    int rc = kafka_place_find(r, list, &missing, reterr);
    if (!rc && list->cnt)
        rc = kafka_place_first(r, list, reterr);
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

static int subscribe(struct kafka_reader *r, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)r->ntopics);
    for (unsigned i = 0; i < r->ntopics; i++)
        rd_kafka_topic_partition_list_add(list, r->topics[i].kafka.text, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    r->subscribed = !code;
    return code ? kafka_err(reterr, code, "reader", NULL) : 0;
}

static int join(struct kafka_reader *r, struct err *reterr)
{
    if (record_first(r, reterr))
        return -1;
    kafka_feed_lock(&r->feed);
    bool stop = r->stop;
    r->placed = true;
    r->away = false;
    r->failing_since_ms = 0;
    kafka_tell_end(r);
    pthread_cond_broadcast(&r->feed.told);
    kafka_feed_unlock(&r->feed);
    return stop ? 0 : subscribe(r, reterr);
}

/* Which topics there are, and what is wrong with them. */
static int find_topics(struct kafka_reader *r, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *unused = rd_kafka_topic_partition_list_new(16);
    bool missing;
    int rc = kafka_place_find(r, unused, &missing, reterr);
    rd_kafka_topic_partition_list_destroy(unused);
    r->find_wanted = rc != 0;
    return rc;
}

/* What the group gave us: each partition from the group's position on. */
static int begin(struct kafka_reader *r, struct err *reterr)
{
    int rc = find_topics(r, reterr);
    if (!rc && r->given->cnt)
        rc = kafka_place_first(r, r->given, reterr) || kafka_place_hold(r, r->given, reterr) ? -1
                                                                                             : 0;
    if (rc || kafka_fetch_assign(r, reterr))
        return -1;
    rd_kafka_topic_partition_list_destroy(r->given);
    r->given = NULL;
    r->failing_since_ms = 0;
    kafka_feed_lock(&r->feed);
    r->moved = KAFKA_TO_TELL;
    kafka_feed_ring(&r->feed);
    kafka_feed_unlock(&r->feed);
    return 0;
}

static void let_go(struct kafka_reader *r)
{
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++)
            if (r->topics[i].cursors[n])
                r->topics[i].cursors[n]->held = false;
}

static bool holds_any(const struct kafka_reader *r)
{
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++)
            if (r->topics[i].cursors[n] && r->topics[i].cursors[n]->held)
                return true;
    return false;
}

static void give_up_given(struct kafka_reader *r)
{
    if (r->given)
        rd_kafka_topic_partition_list_destroy(r->given);
    r->given = NULL;
}

static void revoke(struct kafka_reader *r)
{
    bool lost = rd_kafka_assignment_lost(r->rk);
    give_up_given(r);
    kafka_feed_lock(&r->feed);
    bool tell = holds_any(r) && r->moved != KAFKA_TO_TELL;
    kafka_feed_drop(&r->feed, NULL);
    r->settled = r->anew = r->sought = false;
    r->moved = KAFKA_QUIET;
    if (lost || !tell)
        let_go(r); /* another one has them: what is forwarded from now on changes nothing */
    if (tell) {
        r->leave = KAFKA_TO_TELL;
        kafka_feed_ring(&r->feed);
    }
    kafka_feed_unlock(&r->feed);
    if (!tell)
        kafka_fetch_unassign(r);
}

void kafka_group_rebalance(struct kafka_reader *r, rd_kafka_event_t *e)
{
    if (rd_kafka_event_error(e) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        revoke(r);
        return;
    }
    give_up_given(r);
    r->given = rd_kafka_topic_partition_list_copy(rd_kafka_event_topic_partition_list(e));
    r->find_at_ms = 0;
}

/* What was forwarded before the answer is committed first, for as long as that is worth waiting. */
static bool answered(struct kafka_reader *r, int64_t now)
{
    kafka_feed_lock(&r->feed);
    bool is = r->leave == KAFKA_ANSWERED ||
              (r->leave == KAFKA_YIELDED && now >= r->yielded_ms + YIELD_MOST_MS);
    if (is)
        r->leave = KAFKA_QUIET;
    kafka_feed_unlock(&r->feed);
    return is;
}

static int step(struct kafka_reader *r, struct err *reterr)
{
    if (!r->subscribed)
        return join(r, reterr);
    if (r->given)
        return begin(r, reterr);
    return r->find_wanted ? find_topics(r, reterr) : 0;
}

int64_t kafka_group_serve(struct kafka_reader *r, int64_t now)
{
    struct err err;
    if (answered(r, now))
        kafka_fetch_unassign(r);
    if (now >= r->find_at_ms && step(r, &err)) {
        kafka_fetch_fail(r, &err);
        r->find_at_ms = clock_mono_ms() + RETRY_MS;
    }
    return r->settled ? kafka_orders_serve(r, now) : now + RETRY_MS;
}

bool kafka_group_next(struct kafka_reader *r, enum stream_next *ret)
{
    if (r->leave != KAFKA_QUIET) {
        *ret = r->leave == KAFKA_TO_TELL ? STREAM_LEAVE : STREAM_NONE;
        if (r->leave == KAFKA_TO_TELL)
            r->leave = KAFKA_TOLD;
        return true;
    }
    if (r->moved != KAFKA_TO_TELL)
        return false;
    r->moved = KAFKA_QUIET;
    *ret = STREAM_MOVED;
    return true;
}

void kafka_group_settle(struct kafka_reader *r)
{
    kafka_feed_lock(&r->feed);
    if (r->leave == KAFKA_YIELDED && !kafka_member_busy(r->stream, r->member)) {
        r->leave = KAFKA_ANSWERED;
        kafka_fetch_nudge(r);
    }
    kafka_feed_unlock(&r->feed);
}

void kafka_reader_yield(struct stream_reader *base)
{
    struct kafka_reader *r = (struct kafka_reader *)base;
    kafka_feed_lock(&r->feed);
    bool told = r->leave == KAFKA_TOLD;
    if (told) {
        let_go(r);
        r->leave = KAFKA_YIELDED;
        r->yielded_ms = clock_mono_ms();
    }
    kafka_feed_unlock(&r->feed);
    if (told)
        kafka_group_settle(r);
}

bool kafka_reader_moves(const struct stream_reader *base)
{
    struct kafka_reader *r = (struct kafka_reader *)(uintptr_t)base;
    kafka_feed_lock(&r->feed);
    bool is = r->leave == KAFKA_TO_TELL || (r->leave == KAFKA_QUIET && r->moved == KAFKA_TO_TELL);
    kafka_feed_unlock(&r->feed);
    return is;
}
