#include "stream_kafka_reading.h"

#include "clock.h"
#include "stream_kafka_ask.h"
#include "stream_kafka_reader.h"

enum { FIRST_WAIT_MS = 3000, WAIT_MS = 250, PATIENCE_MS = 10000 };

bool kafka_look_due(const struct kafka_reader *r)
{
    if (r->looks_wanted != r->looks_done)
        return true;
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++) {
            const struct kafka_cursor *c = r->topics[i].cursors[n];
            if (c && c->held && (c->goal < 0 || c->gone))
                return true;
        }
    return false;
}

static bool reached(const struct kafka_cursor *c)
{
    if (!c || !c->held)
        return true;
    return c->goal >= 0 && !c->gone &&
           (c->given >= c->goal || (!c->queued && !c->moved && c->eof >= c->goal));
}

/* A group shares out nothing as long as none of its topics is there. */
static bool nothing_there(const struct kafka_reader *r)
{
    for (unsigned i = 0; i < r->ntopics; i++)
        if (r->topics[i].met)
            return false;
    return r->placed;
}

bool kafka_reached_end(struct kafka_reader *r)
{
    if (r->caught_up)
        return true;
    if (!r->settled && !nothing_there(r))
        return false;
    if (r->sought)
        return false;
    for (unsigned i = 0; i < r->ntopics; i++) {
        if (r->topics[i].denied)
            return false;
        for (int32_t n = 0; n < r->topics[i].ncursors; n++)
            if (!reached(r->topics[i].cursors[n]))
                return false;
    }
    return r->caught_up = true;
}

void kafka_tell_end(struct kafka_reader *r)
{
    if (!r->caught_up && kafka_reached_end(r))
        kafka_feed_ring(&r->feed);
}

static void begin_another(struct kafka_cursor *c)
{
    c->next = c->low;
    c->marks.n = 0;
    c->proof = KAFKA_PROVED;
    c->replacing = true;
}

/* What the group or the reader stood at is not in the log: older than its beginning, or past the
 * end of a log that was made anew, or it is another log; was_end is of the last look before. */
static void settle_gone(struct kafka_reader *r, struct kafka_cursor *c, int64_t was_end)
{
    if (kafka_feed_full(&r->feed))
        return; /* the caller makes room, and the next look comes */
    if (c->next >= c->low && c->next <= c->end)
        kafka_prove_gone(c);
    if (c->another) {
        kafka_feed_push_lost(&r->feed, c, was_end > c->next ? was_end : c->next, true);
        begin_another(c);
    } else if (c->next < c->low) {
        kafka_feed_push_lost(&r->feed, c, c->low, false);
        c->next = c->low;
        c->proof = KAFKA_PROVED;
    } else if (c->next > c->end) {
        kafka_feed_push_lost(&r->feed, c, c->end, true);
        begin_another(c);
    }
    c->gone = c->another = false;
    c->moved = r->anew = true;
}

static void settle(struct kafka_reader *r, struct kafka_cursor *c, int64_t low, int64_t end)
{
    int64_t was_end = c->end;
    c->low = low;
    c->end = end;
    if (c->goal < 0)
        c->goal = end;
    if (c->gone)
        settle_gone(r, c, was_end);
}

int kafka_look(struct kafka_reader *r, struct err *reterr)
{
    kafka_feed_lock(&r->feed);
    unsigned wanted = r->looks_wanted;
    rd_kafka_topic_partition_list_t *ends = kafka_held(r);
    kafka_feed_unlock(&r->feed);
    rd_kafka_topic_partition_list_t *lows = rd_kafka_topic_partition_list_copy(ends);
    int rc = kafka_ask_offsets(kafka_asker_client(r->asker), ends, KAFKA_ASK_END, reterr);
    rc = rc ? rc : kafka_ask_offsets(kafka_asker_client(r->asker), lows, KAFKA_ASK_BEGIN, reterr);
    kafka_feed_lock(&r->feed);
    for (int i = 0; !rc && i < ends->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &ends->elems[i];
        struct kafka_cursor *c = kafka_place_topic(r, p->topic)->cursors[p->partition];
        const rd_kafka_topic_partition_t *low =
            rd_kafka_topic_partition_list_find(lows, p->topic, p->partition);
        if (c->held)
            settle(r, c, low->offset, p->offset);
    }
    if (!rc) {
        r->looks_done = wanted;
        r->away = false;
        r->failing_since_ms = 0;
    }
    kafka_tell_end(r);
    pthread_cond_broadcast(&r->feed.told);
    kafka_feed_unlock(&r->feed);
    rd_kafka_topic_partition_list_destroy(lows);
    rd_kafka_topic_partition_list_destroy(ends);
    return rc;
}

static int64_t place_of(const struct kafka_cursor *c)
{
    int64_t at = !c->queued && c->eof > c->given ? c->eof : c->given;
    return at < c->low ? c->low : at;
}

/* The oldest of what is ahead: what is at hand, else no older than what was given last. */
static int64_t oldest_of(const struct kafka_reader *r, const struct kafka_cursor *c)
{
    const struct kafka_item *at = kafka_feed_oldest(&r->feed, c);
    rd_kafka_timestamp_type_t type;
    return at ? rd_kafka_message_timestamp(at->message, &type) : c->given_ms;
}

struct sum {
    uint64_t records;
    int64_t oldest_ms;
    bool at_hand; /* the oldest of each partition that has something ahead */
};

static struct sum sum_up(const struct kafka_reader *r)
{
    struct sum s = {.at_hand = true};
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++) {
            const struct kafka_cursor *c = r->topics[i].cursors[n];
            if (!c || !c->held || place_of(c) >= c->end)
                continue;
            s.records += (uint64_t)(c->end - place_of(c));
            s.at_hand = s.at_hand && c->queued;
            int64_t ms = oldest_of(r, c);
            if (ms > 0 && (!s.oldest_ms || ms < s.oldest_ms))
                s.oldest_ms = ms;
        }
    return s;
}

int kafka_reader_lag(struct stream_reader *base, uint64_t *ret_records, int64_t *ret_oldest_ms,
                     struct err *reterr)
{
    struct kafka_reader *r = (struct kafka_reader *)base;
    int64_t now = clock_mono_ms();
    kafka_feed_lock(&r->feed);
    int64_t until = now + (r->settled || r->shares || r->away ? WAIT_MS : FIRST_WAIT_MS);
    unsigned want = ++r->looks_wanted;
    kafka_fetch_nudge(r);
    bool patient = now >= r->impatient_until_ms;
    while (patient && r->looks_done != want && kafka_feed_wait(&r->feed, &r->feed.told, until))
        ;
    bool known = r->looks_done == want;
    if (patient && !known) /* Kafka is away: not a wait for each call */
        r->impatient_until_ms = now + PATIENCE_MS;
    struct sum s = sum_up(r);
    while (known && !s.at_hand && kafka_feed_wait(&r->feed, &r->feed.told, until))
        s = sum_up(r);
    bool ever = r->looked = r->looked || known;
    kafka_feed_unlock(&r->feed);
    if (!ever) {
        err_set(reterr, ERR_PEER, "Kafka has not yet said where the topics end");
        kafka_trouble_quote(&r->trouble, reterr);
        return -1;
    }
    *ret_records = s.records;
    *ret_oldest_ms = s.records && !s.oldest_ms ? clock_wall_ms() : s.oldest_ms;
    return 0;
}
