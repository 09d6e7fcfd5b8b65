#include "stream_kafka_reading.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"

enum {
    POLL_MS = 500,
    FULL_MS = 100,
    PAUSE_AFTER_MS = 2000,
    FIND_SOON_MS = 200,
    WAKE_MS = 100,
    WARM_MS = 400,
    PATIENCE_MS = 2000,
    DOUBT_AFTER_MS = 30000
};

void kafka_fetch_nudge(struct kafka_reader *r)
{
    pthread_cond_signal(&r->feed.room);
    rd_kafka_queue_yield(r->queue);
}

void kafka_fetch_fail(struct kafka_reader *r, struct err *e)
{
    if (!r->failing_since_ms)
        r->failing_since_ms = r->turn_ms;
    kafka_asker_listen(r->asker, &r->trouble);
    rd_kafka_resp_err_t refusal = kafka_trouble_refusal(&r->trouble);
    if (e->code == ERR_PEER && refusal) /* no waiting mends it, and it says more */
        kafka_err_fill(e, refusal, "Kafka", NULL);
    else if (e->code == ERR_PEER && clock_mono_ms() - r->failing_since_ms < PATIENCE_MS)
        return; /* a leader that is being elected, a topic just made */
    kafka_trouble_name(&r->trouble, e);
    kafka_trouble_quote(&r->trouble, e);
    kafka_feed_lock(&r->feed);
    kafka_feed_fail(&r->feed, e);
    r->away = true;
    pthread_cond_broadcast(&r->feed.told);
    kafka_feed_unlock(&r->feed);
}

/* A question whose answer is of no interest: it makes the client know its leaders, connect to them,
 * and wake the threads that fetch, none of which it hurries to do by itself. */
static void ask_leaders(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *list,
                        int wait_ms)
{
    rd_kafka_topic_partition_list_t *question = rd_kafka_topic_partition_list_copy(list);
    for (int i = 0; i < question->cnt; i++)
        question->elems[i].offset = RD_KAFKA_OFFSET_END;
    if (question->cnt)
        rd_kafka_offsets_for_times(r->rk, question, wait_ms);
    rd_kafka_topic_partition_list_destroy(question);
}

static rd_kafka_topic_partition_list_t *places(struct kafka_reader *r)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++) {
            struct kafka_cursor *c = r->topics[i].cursors[n];
            if (!c || !c->held)
                continue;
            c->moved = false;
            rd_kafka_topic_partition_list_add(list, r->topics[i].kafka.text, n)->offset =
                kafka_prove_from(c);
        }
    return list;
}

/* librdkafka 2.0.2 ends the process with an assertion where a partition that is given anew is taken
 * away again while it still stops. Stops and these questions stand in one queue: with the first
 * answer every stop has been carried out, with the second one what came of it is known, too. */
static rd_kafka_resp_err_t assign(struct kafka_reader *r,
                                  const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = rd_kafka_assign(r->rk, list);
    for (int i = 0; i < 2; i++) {
        rd_kafka_topic_partition_list_t *now = NULL;
        if (rd_kafka_assignment(r->rk, &now) == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_topic_partition_list_destroy(now);
    }
    r->paused = false;
    return code;
}

/* What came before this call is never given after it: librdkafka drops it by its version. */
int kafka_fetch_assign(struct kafka_reader *r, struct err *reterr)
{
    kafka_feed_lock(&r->feed);
    rd_kafka_topic_partition_list_t *list = places(r);
    r->anew = false;
    r->settled = true;
    kafka_tell_end(r);
    kafka_feed_unlock(&r->feed);
    if (!r->warm) /* else the first record comes a second later */
        ask_leaders(r, list, WARM_MS);
    r->warm = r->warm || list->cnt;
    rd_kafka_resp_err_t code = assign(r, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_err(reterr, code, "reader", NULL) : 0;
}

void kafka_fetch_unassign(struct kafka_reader *r)
{
    assign(r, NULL);
}

static struct kafka_cursor *cursor_of(const struct kafka_reader *r, const char *topic, int32_t n)
{
    struct kafka_topic *t = kafka_place_topic(r, topic);
    return t && n >= 0 && n < t->ncursors ? t->cursors[n] : NULL;
}

static void take_message(struct kafka_reader *r, rd_kafka_event_t *e)
{
    const rd_kafka_message_t *m = rd_kafka_event_message_next(e);
    kafka_feed_lock(&r->feed);
    struct kafka_cursor *c = m ? cursor_of(r, rd_kafka_topic_name(m->rkt), m->partition) : NULL;
    if (c && c->held && !c->moved && !c->gone && !r->sought && kafka_prove_message(r, c, m))
        kafka_feed_push(&r->feed, c, e, m);
    else
        rd_kafka_event_destroy(e);
    kafka_feed_unlock(&r->feed);
}

static void take_end(struct kafka_reader *r, struct kafka_cursor *c, int64_t offset)
{
    kafka_feed_lock(&r->feed);
    if (c->held && !c->moved && !c->gone && !r->sought && kafka_prove_end(c, offset)) {
        c->eof = c->next = offset;
        kafka_tell_end(r);
    }
    kafka_feed_unlock(&r->feed);
}

static void take_gone(struct kafka_reader *r, struct kafka_cursor *c)
{
    kafka_feed_lock(&r->feed);
    c->gone |= c->held && !c->moved;
    kafka_feed_unlock(&r->feed);
}

/* A damaged record is not passed over: it is asked for again, and told each time. */
static void take_damage(struct kafka_reader *r, struct kafka_cursor *c)
{
    kafka_feed_lock(&r->feed);
    c->moved = r->anew = true;
    kafka_feed_unlock(&r->feed);
    r->retry_at_ms = clock_mono_ms() + POLL_MS;
}

/* What the caller need not hear of at once: connections come back (questions that fail for long are
 * told), the group of a reader without one is nobody's, and which topics are not there is seen when
 * they are asked for. */
static bool of_no_interest(const struct kafka_reader *r, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return true;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return !r->group[0];
    default:
        return false;
    }
}

/* What is no topic for a while, or was out of sight, may be another one afterwards. */
static void doubt(struct kafka_reader *r, rd_kafka_resp_err_t code, const char *topic)
{
    struct kafka_topic *t = topic ? kafka_place_topic(r, topic) : NULL;
    bool unknown = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                   code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
                   code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (!unknown && code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        return;
    kafka_feed_lock(&r->feed);
    if (unknown && t)
        kafka_doubt_topic(r, t);
    else
        kafka_doubt_all(r);
    kafka_feed_unlock(&r->feed);
}

static void tell_error(struct kafka_reader *r, rd_kafka_resp_err_t code, const char *topic,
                       const char *detail)
{
    struct err err;
    char where[KAFKA_NAME_MAX + 20];
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        r->find_wanted = true;
        r->find_at_ms = clock_mono_ms() + FIND_SOON_MS;
    }
    doubt(r, code, topic);
    if (of_no_interest(r, code))
        return;
    const char *name = topic ? topic : r->group;
    snprintf(where, sizeof(where), "%s%s", topic ? "topic " : *name ? "group " : "a reader", name);
    kafka_err_fill(&err, code, where, detail);
    kafka_trouble_name(&r->trouble, &err);
    kafka_feed_lock(&r->feed);
    kafka_feed_fail(&r->feed, &err);
    kafka_feed_unlock(&r->feed);
}

static void take_error(struct kafka_reader *r, rd_kafka_event_t *e)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(e);
    rd_kafka_topic_partition_t *at = rd_kafka_event_topic_partition(e);
    struct kafka_cursor *c = at ? cursor_of(r, at->topic, at->partition) : NULL;
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (c)
            take_end(r, c, at->offset);
    } else if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        if (c)
            take_gone(r, c);
    } else {
        kafka_trouble_event(&r->trouble, e);
        if (c && code == RD_KAFKA_RESP_ERR__BAD_MSG)
            take_damage(r, c);
        tell_error(r, code, at ? at->topic : NULL, rd_kafka_event_error_string(e));
    }
    if (at)
        rd_kafka_topic_partition_destroy(at);
}

static void take(struct kafka_reader *r, rd_kafka_event_t *e)
{
    switch (rd_kafka_event_type(e)) {
    case RD_KAFKA_EVENT_FETCH:
        take_message(r, e);
        return;
    case RD_KAFKA_EVENT_ERROR:
        take_error(r, e);
        break;
    case RD_KAFKA_EVENT_REBALANCE:
        kafka_group_rebalance(r, e);
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(e);
}

static void pause_all(struct kafka_reader *r, bool pause)
{
    rd_kafka_topic_partition_list_t *list;
    if (r->paused == pause || rd_kafka_assignment(r->rk, &list))
        return;
    if (pause)
        rd_kafka_pause_partitions(r->rk, list);
    else
        rd_kafka_resume_partitions(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    r->paused = pause;
}

static bool full(struct kafka_reader *r)
{
    kafka_feed_lock(&r->feed);
    bool is = kafka_feed_full(&r->feed);
    kafka_feed_unlock(&r->feed);
    return is;
}

/* The caller is busy. For a while what comes stays in librdkafka's queue; then the partitions are
 * paused, so that the queue can be polled and the group hears of us. */
static void poll_when_full(struct kafka_reader *r, int64_t now)
{
    if (!r->full_since_ms)
        r->full_since_ms = now;
    size_t waiting = rd_kafka_queue_length(r->queue);
    if (waiting > r->waited)
        r->waited = waiting;
    if (now - r->full_since_ms >= PAUSE_AFTER_MS)
        pause_all(r, true);
    rd_kafka_event_t *e;
    while (r->paused && (e = rd_kafka_queue_poll(r->queue, 0)))
        take(r, e);
    kafka_feed_lock(&r->feed);
    if (kafka_feed_full(&r->feed) && !r->stop)
        kafka_feed_wait(&r->feed, &r->feed.room, now + FULL_MS);
    kafka_feed_unlock(&r->feed);
}

/* librdkafka 2.0.2 stops to fetch when its queue is long and looks again once a second, however
 * soon the queue is short. */
static void wake_fetchers(struct kafka_reader *r)
{
    if (!r->waited || rd_kafka_queue_length(r->queue) > r->waited / 2)
        return;
    r->waited = 0;
    kafka_feed_lock(&r->feed);
    rd_kafka_topic_partition_list_t *list = kafka_held(r);
    kafka_feed_unlock(&r->feed);
    ask_leaders(r, list, WAKE_MS);
    rd_kafka_topic_partition_list_destroy(list);
}

static void poll_some(struct kafka_reader *r, int64_t now, int64_t next)
{
    if (full(r)) {
        poll_when_full(r, now);
        return;
    }
    if (r->paused && now - r->full_since_ms >= DOUBT_AFTER_MS) {
        kafka_feed_lock(&r->feed);
        kafka_doubt_all(r); /* nobody looked for long */
        kafka_feed_unlock(&r->feed);
    }
    r->full_since_ms = 0;
    pause_all(r, false);
    int64_t wait = next - now < POLL_MS ? next - now : POLL_MS;
    rd_kafka_event_t *e = rd_kafka_queue_poll(r->queue, wait > 0 ? (int)wait : 0);
    for (; e; e = full(r) ? NULL : rd_kafka_queue_poll(r->queue, 0))
        take(r, e);
    wake_fetchers(r);
}

static bool stopped(struct kafka_reader *r)
{
    kafka_feed_lock(&r->feed);
    bool is = r->stop;
    kafka_feed_unlock(&r->feed);
    return is;
}

static void end_client(struct kafka_reader *r)
{
    kafka_feed_lock(&r->feed);
    kafka_feed_drop(&r->feed, NULL);
    kafka_feed_unlock(&r->feed);
    rd_kafka_queue_destroy(r->queue);
    if (r->subscribed)
        rd_kafka_consumer_close(r->rk);
    rd_kafka_destroy_flags(r->rk, r->subscribed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void *run(void *arg)
{
    struct kafka_reader *r = arg;
    do { /* once at least: first positions are recorded even if the reader is closed at once */
        int64_t now = r->turn_ms = clock_mono_ms();
        int64_t next = r->shares ? kafka_group_serve(r, now) : kafka_alone_serve(r, now);
        kafka_asker_listen(r->asker, &r->trouble);
        if (!stopped(r))
            poll_some(r, clock_mono_ms(), next);
    } while (!stopped(r));
    end_client(r);
    kafka_feed_lock(&r->feed);
    r->ended = true;
    bool last = r->abandoned;
    pthread_cond_broadcast(&r->feed.told);
    kafka_feed_unlock(&r->feed);
    if (last)
        kafka_reader_free(r);
    return NULL;
}

int kafka_fetch_start(struct kafka_reader *r, struct err *reterr)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are for the caller's thread */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int code = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code ? err_set(reterr, ERR_IO, "no thread for a reader: %s", strerror(code)) : 0;
}

void kafka_fetch_stop(struct kafka_reader *r, int wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    kafka_feed_lock(&r->feed);
    r->stop = true;
    kafka_fetch_nudge(r);
    while (!r->ended && kafka_feed_wait(&r->feed, &r->feed.told, until))
        ;
    bool ended = r->ended;
    r->abandoned = true;
    if (!ended)
        pthread_detach(r->thread);
    kafka_feed_unlock(&r->feed);
    if (!ended)
        return;
    pthread_join(r->thread, NULL);
    kafka_reader_free(r);
}
