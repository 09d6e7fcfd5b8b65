#include "stream_kafka_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_kafka_headers.h"
#include "stream_kafka_property.h"
#include "stream_kafka_reading.h"

enum { LATEST_WAIT_MS = 5000, CLOSE_WAIT_MS = 5000 };

struct setting {
    const char *name, *value;
};

/* What the contract rests on. message.max.bytes would raise fetch.max.bytes with it. */
static const struct setting settings[] = {
    {"auto.offset.reset", "error"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"partition.assignment.strategy", "range"},
    {"message.max.bytes", "1000000"},
};

/* Ours unless a property says otherwise: small, for a process has many readers, and each may hold
 * this much beside KAFKA_FEED_BYTES. */
static const struct setting defaults[] = {
    {"check.crcs", "true"},
    {"queued.min.messages", "10000"},
    {"queued.max.messages.kbytes", "4096"},
    {"fetch.max.bytes", "4194304"},
    {"fetch.wait.max.ms", "100"}, /* a seek, and a partition that appeared, wait this long */
    {"fetch.error.backoff.ms", "100"},
    {"topic.metadata.refresh.interval.ms", "5000"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "3000"},
};

static struct kafka_reader *of(struct stream_reader *r)
{
    return (struct kafka_reader *)r;
}

static rd_kafka_conf_t *client_conf(const struct kafka_reader *r, const struct kafka_conf *c,
                                    struct err *reterr)
{
    rd_kafka_conf_t *conf =
        kafka_conf_client(c, RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_REBALANCE, reterr);
    struct slice group = r->group[0] ? slice_str(r->group) : SLICE("reader");
    int rc = conf ? kafka_conf_set(conf, "group.id", kafka_name_of(c, group).text, reterr) : -1;
    for (size_t i = 0; !rc && i < sizeof(settings) / sizeof(settings[0]); i++)
        rc = kafka_conf_set(conf, settings[i].name, settings[i].value, reterr);
    for (size_t i = 0; !rc && i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (!kafka_conf_get(c, defaults[i].name))
            rc = kafka_conf_set(conf, defaults[i].name, defaults[i].value, reterr);
    if (!rc && !r->shares) /* who joins nothing is no member, static or not */
        rc = kafka_conf_set(conf, "group.instance.id", NULL, reterr);
    if (!rc)
        return conf;
    if (conf)
        rd_kafka_conf_destroy(conf);
    return NULL;
}

static int open_client(struct kafka_reader *r, const struct kafka_conf *c, struct err *reterr)
{
    rd_kafka_conf_t *conf = client_conf(r, c, reterr);
    r->rk = conf ? kafka_client_open(RD_KAFKA_CONSUMER, conf, reterr) : NULL;
    if (!r->rk)
        return -1;
    rd_kafka_poll_set_consumer(r->rk);
    r->queue = rd_kafka_queue_get_consumer(r->rk);
    return 0;
}

static int open_asker(struct kafka_reader *r, struct kafka_stream *s, struct err *reterr)
{
    if (!s->asker && kafka_asker_open(&s->conf, &s->asker, reterr))
        return -1;
    r->asker = kafka_asker_share(s->asker);
    for (unsigned i = 0; i < r->ntopics; i++) {
        struct kafka_topic *t = &r->topics[i];
        t->handle = rd_kafka_topic_new(kafka_asker_client(r->asker), t->kafka.text, NULL);
        if (!t->handle)
            return kafka_err(reterr, rd_kafka_last_error(), t->kafka.text, NULL);
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kafka_topic *)a)->kafka.text,
                  ((const struct kafka_topic *)b)->kafka.text);
}

static bool named_before(const struct stream_reader_options *o, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq(o->topics[i], o->topics[n]))
            return true;
    return false;
}

static int copy_options(struct kafka_reader *r, const struct stream_reader_options *o,
                        const struct kafka_conf *c, struct err *reterr)
{
    r->topics = calloc(o->ntopics, sizeof(*r->topics));
    if (!r->topics)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    for (unsigned i = 0; i < o->ntopics; i++) {
        if (named_before(o, i))
            continue;
        struct kafka_topic *t = &r->topics[r->ntopics++];
        memcpy(t->name, o->topics[i].p, o->topics[i].n);
        t->kafka = kafka_name_of(c, o->topics[i]);
    }
    qsort(r->topics, r->ntopics, sizeof(*r->topics), by_name);
    if (o->group.n)
        memcpy(r->group, o->group.p, o->group.n);
    r->start = o->start;
    r->start_ms = o->start_ms;
    return 0;
}

/* Where the end is has to be known before the caller appends something. */
void kafka_wait_placed(struct kafka_reader *r, int wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    while (!r->placed && !r->away && kafka_feed_wait(&r->feed, &r->feed.told, until))
        ;
}

void kafka_reader_free(struct kafka_reader *r)
{
    for (unsigned i = 0; r->topics && i < r->ntopics; i++) {
        for (int32_t n = 0; n < r->topics[i].ncursors; n++)
            free(r->topics[i].cursors[n]);
        free(r->topics[i].cursors);
        if (r->topics[i].handle)
            rd_kafka_topic_destroy(r->topics[i].handle);
    }
    kafka_asker_leave(r->asker);
    if (r->given)
        rd_kafka_topic_partition_list_destroy(r->given);
    kafka_feed_close(&r->feed);
    kafka_trouble_fini(&r->trouble);
    free(r->topics);
    free(r);
}

/* The thread has not begun. */
static int give_up(struct kafka_reader *r)
{
    if (r->member)
        kafka_member_leave(r->stream, r->member);
    if (r->queue)
        rd_kafka_queue_destroy(r->queue);
    if (r->rk)
        rd_kafka_destroy_flags(r->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    kafka_reader_free(r);
    return -1;
}

struct kafka_cursor *kafka_cursor_held(const struct kafka_reader *r, struct slice topic,
                                       struct slice partition)
{
    uint64_t number;
    if (!num_u64(partition, &number))
        return NULL;
    for (unsigned i = 0; i < r->ntopics; i++) {
        const struct kafka_topic *t = &r->topics[i];
        if (!slice_eq_str(topic, t->name))
            continue;
        struct kafka_cursor *c = number < (uint64_t)t->ncursors ? t->cursors[number] : NULL;
        return c && c->held ? c : NULL;
    }
    return NULL;
}

bool kafka_reader_holds(const struct stream_reader *base, struct slice topic,
                        struct slice partition)
{
    struct kafka_reader *r = of((struct stream_reader *)(uintptr_t)base);
    kafka_feed_lock(&r->feed);
    bool is = !r->shares || kafka_cursor_held(r, topic, partition);
    kafka_feed_unlock(&r->feed);
    return is;
}

static bool member_holds(const void *arg, struct slice topic, struct slice partition)
{
    return kafka_reader_holds(arg, topic, partition);
}

static int join(struct kafka_reader *r, struct err *reterr)
{
    if (!r->shares)
        return 0;
    r->member = kafka_member_join(r->stream, r->group, r->rk, member_holds, r);
    return r->member ? 0 : err_set(reterr, ERR_NOMEM, "no memory for a reader");
}

int kafka_reader_open(struct stream *base, const struct stream_reader_options *o,
                      struct stream_reader **ret, struct err *reterr)
{
    struct kafka_stream *s = kafka_of(base);
    struct kafka_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    r->stream = s;
    kafka_trouble_init(&r->trouble);
    kafka_trouble_user(&r->trouble, kafka_conf_get(&s->conf, "sasl.username"));
    bool grouped = slice_present(o->group);
    r->records = grouped && base->writable;
    r->shares = r->records && !kafka_leads(s, o->group);
    if (kafka_feed_open(&r->feed, reterr) || copy_options(r, o, &s->conf, reterr) ||
        open_asker(r, s, reterr) || open_client(r, &s->conf, reterr) || join(r, reterr) ||
        kafka_fetch_start(r, reterr))
        return give_up(r);
    kafka_feed_lock(&r->feed);
    if (r->start == STREAM_LATEST)
        kafka_wait_placed(r, LATEST_WAIT_MS);
    kafka_feed_unlock(&r->feed);
    r->next_reader = s->readers;
    s->readers = r;
    *ret = &r->base;
    return 0;
}

void kafka_readers_dispatch(struct kafka_stream *s)
{
    for (struct kafka_reader *r = s->readers; r; r = r->next_reader)
        if (r->shares)
            kafka_group_settle(r);
}

static void release_current(struct kafka_reader *r)
{
    if (r->current.event)
        rd_kafka_event_destroy(r->current.event);
    r->current = (struct kafka_item){0};
}

void kafka_reader_close(struct stream_reader *base)
{
    struct kafka_reader *r = of(base), **at = &r->stream->readers;
    while (*at != r)
        at = &(*at)->next_reader;
    *at = r->next_reader;
    kafka_member_leave(r->stream, r->member);
    release_current(r);
    kafka_fetch_stop(r, CLOSE_WAIT_MS);
}

int kafka_reader_fd(const struct stream_reader *r)
{
    return ((const struct kafka_reader *)r)->feed.event;
}

static void read_message(struct kafka_reader *r, struct stream_message *ret)
{
    const rd_kafka_message_t *m = r->current.message;
    const struct kafka_cursor *c = r->current.cursor;
    rd_kafka_timestamp_type_t type;
    *ret = (struct stream_message){
        .topic = slice_str(c->topic->name),
        .partition = slice_str(c->name),
        .key = slice_make(m->key, m->key ? m->key_len : 0),
        .value = slice_make(m->payload, m->payload ? m->len : 0),
        .headers = r->headers,
        .nheaders = kafka_headers_read(m, r->headers),
        .offset = m->offset,
        .time_ms = rd_kafka_message_timestamp(m, &type),
    };
}

static enum stream_next tell_lost(struct kafka_reader *r, struct stream_message *ret,
                                  struct err *reterr)
{
    const struct kafka_item *i = &r->current;
    struct slice topic = slice_str(i->cursor->topic->name), partition = slice_str(i->cursor->name);
    struct slice group = r->group[0] ? slice_str(r->group) : SLICE("-");
    if (!i->anew)
        return stream_lost(ret, reterr, group, topic, partition, i->from, i->to);
    if (i->to >= i->from) {
        stream_lost(ret, reterr, group, topic, partition, i->from, i->to);
        err_fill(
            reterr, ERR_REFUSED,
            "group %.*s, topic %.*s, partition %.*s: the topic was made anew: what stood in the "
            "old one from %lld on is gone before it was read (its end was last seen at %lld); "
            "the new one is read from its beginning",
            SLICE_ARG(group), SLICE_ARG(topic), SLICE_ARG(partition), (long long)i->from,
            (long long)i->to);
        return STREAM_LOST;
    }
    stream_lost(ret, reterr, group, topic, partition, i->to, i->from);
    err_fill(reterr, ERR_REFUSED,
             "group %.*s, topic %.*s, partition %.*s: records [%lld, %lld) are gone before they "
             "were read: the topic was made anew, or cut off; it is read from its beginning",
             SLICE_ARG(group), SLICE_ARG(topic), SLICE_ARG(partition), (long long)i->to,
             (long long)i->from);
    return STREAM_LOST;
}

/* Takes the next entry of the ring, if there is one. Locked. */
static bool take(struct kafka_reader *r)
{
    if (!kafka_feed_pop(&r->feed, &r->current))
        return false;
    struct kafka_cursor *c = r->current.cursor;
    rd_kafka_timestamp_type_t type;
    if (r->current.message) {
        c->given = r->current.message->offset + 1;
        c->given_ms = rd_kafka_message_timestamp(r->current.message, &type);
    } else {
        c->given = r->current.anew ? c->low : r->current.to;
        c->replaced |= r->current.anew;
        c->replacing &= !r->current.anew;
    }
    return true;
}

enum stream_next kafka_reader_next(struct stream_reader *base, struct stream_message *ret,
                                   struct err *reterr)
{
    struct kafka_reader *r = of(base);
    enum stream_next what = STREAM_NONE;
    release_current(r);
    kafka_feed_lock(&r->feed);
    if (kafka_group_next(r, &what)) {
        /* the group comes before any message */
    } else if (r->feed.failed) {
        r->feed.failed = false;
        *reterr = r->feed.error;
        what = STREAM_ERROR;
    } else if (take(r)) {
        what = STREAM_GOT;
    }
    bool quiet = !r->feed.n && !r->feed.failed && r->moved != KAFKA_TO_TELL;
    if (what == STREAM_NONE || (what == STREAM_ERROR && quiet))
        kafka_feed_hush(&r->feed);
    kafka_feed_unlock(&r->feed);
    if (what != STREAM_GOT)
        return what;
    if (!r->current.message)
        return tell_lost(r, ret, reterr);
    read_message(r, ret);
    return what;
}

bool kafka_reader_caught_up(const struct stream_reader *base)
{
    struct kafka_reader *r = of((struct stream_reader *)(uintptr_t)base);
    kafka_feed_lock(&r->feed);
    bool is = kafka_reached_end(r);
    kafka_feed_unlock(&r->feed);
    return is;
}
