#include "stream_kafka_producer.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "stream_kafka_headers.h"
#include "stream_kafka_limits.h"
#include "stream_kafka_probe.h"
#include "stream_kafka_push.h"
#include "stream_kafka_retire.h"
#include "stream_kafka_send.h"

/* Clients are replaced at most this often: what fails at once, over and over, fails that slowly. */
enum { REPLACE_MS = 250, COMMIT_AGAIN_MS = 200 };

/* From so many waiting records on, each further one asks whether the group under way has ended: the
 * caller may put many before its next dispatch, and the node would be idle meanwhile. Fewer are not
 * worth a request to each partition. */
enum { GROUP_RECORDS = 256 };

struct kafka_producer {
    struct kafka_stream *s;
    rd_kafka_t *rk; /* NULL: none at work until `replace_ms` */
    rd_kafka_queue_t *queue;
    struct kafka_push *push; /* NULL: a linger is configured */
    struct kafka_topics topics;
    struct kafka_limits limits;
    struct kafka_sets sets;             /* accepted, in order */
    struct kafka_set *unsent;           /* the first that the client has not got; NULL = none */
    uint32_t waiting;                   /* records that the client has not got */
    uint32_t under_way;                 /* records that the client has got and not reported */
    const struct kafka_set *committing; /* the last whose positions are under way */
    int64_t commit_ms;                  /* the next commit is not before */
    bool renewed; /* to be: the limits fell, and no record of what waits has been given */
    bool broken;
    struct err why;
    int64_t replace_ms; /* not before */
    uint64_t replaced;
};

/* Ahead of its end. */
static void let_go_of_client(struct kafka_producer *p)
{
    kafka_push_close(p->push);
    p->push = NULL;
    kafka_commit_forget(&p->s->commit);
    kafka_topics_fini(&p->topics);
    kafka_wake_detach(p->queue);
    rd_kafka_queue_destroy(p->queue);
}

static void drop_client(struct kafka_producer *p)
{
    if (!p->rk)
        return;
    let_go_of_client(p);
    kafka_limits_forget(&p->limits);
    p->committing = NULL;
    p->commit_ms = 0;
    kafka_retire_with(p->rk, 0, kafka_sets_let_go, kafka_sets_hold(&p->sets));
    p->rk = NULL;
}

static rd_kafka_conf_t *client_conf(const struct kafka_producer *p, struct err *reterr)
{
    const struct kafka_conf *c = &p->s->conf;
    rd_kafka_conf_t *conf = kafka_conf_client(c, RD_KAFKA_EVENT_DR, reterr);
    if (!conf)
        return NULL;
    uint64_t least = kafka_limits_least(&p->limits);
    if (kafka_send_settings(conf, c, reterr) == 0 &&
        (least == UINT64_MAX || kafka_send_batch(conf, c, least, reterr) == 0) &&
        (!kafka_push_wanted(c) || kafka_push_settings(conf, reterr) == 0))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static int open_client(struct kafka_producer *p, struct err *reterr)
{
    rd_kafka_conf_t *conf = client_conf(p, reterr);
    rd_kafka_t *rk = conf ? kafka_client_open(RD_KAFKA_PRODUCER, conf, reterr) : NULL;
    if (!rk)
        return -1;
    if (kafka_push_wanted(&p->s->conf) && kafka_push_open(rk, &p->push, reterr)) {
        rd_kafka_destroy(rk);
        return -1;
    }
    p->rk = rk;
    p->queue = rd_kafka_queue_get_main(p->rk);
    kafka_wake_attach(&p->s->wake, p->queue);
    kafka_topics_init(&p->topics, &p->s->conf, p->rk);
    return 0;
}

int kafka_producer_open(struct kafka_stream *s, struct kafka_producer **ret, struct err *reterr)
{
    struct kafka_producer *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    p->s = s;
    if (open_client(p, reterr) || kafka_probe(s, p->rk, p->queue, reterr)) {
        kafka_producer_close(p);
        return -1;
    }
    *ret = p;
    return 0;
}

void kafka_producer_close(struct kafka_producer *p)
{
    enum { CLOSE_MS = 2000 };
    if (!p)
        return;
    rd_kafka_t *rk = p->rk;
    if (rk) {
        let_go_of_client(p);
        kafka_retire(rk, CLOSE_MS);
    }
    free(p);
}

static void break_off(struct kafka_producer *p, const struct err *why)
{
    if (!p->broken) {
        p->why = *why;
        kafka_trouble_name(&p->s->trouble, &p->why);
    }
    p->broken = true;
    kafka_wake_ring(&p->s->wake);
}

/* The cause stands in librdkafka's text only. */
static void take_fatal(struct kafka_producer *p)
{
    char text[256];
    struct err e;
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(p->rk, text, sizeof(text));
    rd_kafka_resp_err_t cause = kafka_err_named(text);
    kafka_err_fill(&e, cause ? cause : code, "the producer is replaced", text);
    break_off(p, &e);
}

/* What is accepted while a group of records is under way goes together when that one is durable, as
 * with a log that is synced: one request to each partition and one waking for many records, and a
 * lone record still leaves at once. */
static void send_waiting(struct kafka_producer *p)
{
    rd_kafka_resp_err_t code;
    struct err e;
    uint32_t given = 0;
    if (!p->unsent || !p->rk || p->broken || p->renewed || p->under_way ||
        kafka_limits_hold(&p->limits, clock_mono_ms()))
        return;
    int rc = kafka_send_all(&p->topics, p->unsent, &given, &code, &e);
    kafka_push_now(p->push);
    p->waiting -= given;
    p->under_way += given;
    while (p->unsent && !p->unsent->ungiven)
        p->unsent = p->unsent->next;
    if (rc && code == RD_KAFKA_RESP_ERR__FATAL)
        take_fatal(p);
    else if (rc && code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        break_off(p, &e);
}

static void fail_report(struct kafka_producer *p, const rd_kafka_message_t *m)
{
    char where[STREAM_NAME_MAX + 16], text[8];
    struct err e;
    struct slice topic = kafka_name_strip(&p->s->conf, rd_kafka_topic_name(m->rkt));
    if (m->err < 0 && rd_kafka_fatal_error(p->rk, text, sizeof(text))) {
        take_fatal(p);
        return;
    }
    if (m->err == RD_KAFKA_RESP_ERR__FATAL)
        return; /* the event that says why is on its way */
    snprintf(where, sizeof(where), "topic %.*s", SLICE_ARG(topic));
    kafka_err_fill(&e, m->err, where, NULL);
    if (m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        kafka_limits_doubt(&p->limits, rd_kafka_topic_name(m->rkt), clock_mono_ms());
    break_off(p, &e);
}

/* Whether all that waits can go to another client as it is. */
static bool fits_unsent(const struct kafka_producer *p)
{
    struct err ignored;
    if (p->under_way || p->unsent != p->sets.first)
        return false;
    for (const struct kafka_set *set = p->unsent; set; set = set->next)
        if (set->ungiven != set->nrecords ||
            kafka_limits_check(&p->limits, &p->s->conf, set->records, set->nrecords, &ignored))
            return false;
    return true;
}

/* What was taken before the limit was known may be too large, or go with others into a batch that
 * is: then all comes again, and is checked. */
static void take_limits(struct kafka_producer *p, rd_kafka_event_t *event)
{
    struct err e;
    if (!kafka_limits_event(&p->limits, &p->s->conf, event)) {
        kafka_wake_ring(&p->s->wake); /* what was held back goes */
        return;
    }
    p->renewed = fits_unsent(p);
    if (p->renewed)
        return;
    err_fill(&e, ERR_LIMIT,
             "a topic takes smaller records than before (max.message.bytes was "
             "lowered): the producer is replaced");
    e.retriable = true;
    break_off(p, &e);
}

static void take_reports(struct kafka_producer *p, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *m;
    while ((m = rd_kafka_event_message_next(event))) {
        struct kafka_set *set = m->_private;
        p->under_way--;
        if (!m->err || m->err == RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER)
            set->left--; /* a duplicate is durable, too: only its offset is not known */
        else
            fail_report(p, m);
    }
}

static void take_event(struct kafka_producer *p, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        take_reports(p, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kafka_trouble_event(&p->s->trouble, event);
        if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__FATAL)
            take_fatal(p);
        break;
    case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
        take_limits(p, event);
        break;
    default:
        kafka_commit_event(p->s, event);
    }
}

static void poll_events(struct kafka_producer *p)
{
    rd_kafka_event_t *event;
    while (p->rk && (event = rd_kafka_queue_poll(p->queue, 0))) {
        take_event(p, event);
        send_waiting(p); /* freeing a group takes as long as giving one */
        rd_kafka_event_destroy(event);
    }
    kafka_commit_poll(p->s);
}

void kafka_producer_put(struct kafka_producer *p, struct kafka_set *set)
{
    bool first = !p->unsent;
    set->left = set->nrecords;
    for (unsigned i = 0; i < set->nrecords; i++)
        set->items[i].headers = kafka_headers_of(&set->records[i]);
    kafka_sets_push(&p->sets, set);
    if (first && set->nrecords)
        p->unsent = set;
    p->waiting += set->nrecords;
    if (p->waiting >= GROUP_RECORDS && p->rk && rd_kafka_queue_length(p->queue)) {
        poll_events(p);
        send_waiting(p);
    }
    if ((first && p->unsent && !p->under_way) || !set->nrecords)
        kafka_wake_ring(&p->s->wake);
}

static void answer_first(struct kafka_producer *p)
{
    kafka_stream_answer(p->s, kafka_sets_pop(&p->sets), NULL);
}

/* The positions of all sets at the front whose records are durable go together. */
static void begin_commit(struct kafka_producer *p)
{
    struct err e;
    struct kafka_set *last = p->sets.first;
    while (last->next && !last->next->left)
        last = last->next;
    p->committing = last;
    p->commit_ms = 0;
    if (kafka_commit_begin(p->s, p->rk, p->queue, p->sets.first, last, &e)) {
        p->committing = NULL;
        break_off(p, &e);
    }
}

static void end_commit(struct kafka_producer *p, int64_t now_ms)
{
    const struct kafka_set *last = p->committing;
    if (!p->s->commit.failed && p->s->commit.again && now_ms < p->sets.first->until_ms) {
        p->committing = NULL;
        p->commit_ms = now_ms + COMMIT_AGAIN_MS;
        return;
    }
    if (p->s->commit.failed || p->s->commit.again) {
        p->committing = NULL;
        break_off(p, &p->s->commit.why);
        return;
    }
    for (bool more = true; more;) {
        more = p->sets.first != last;
        if (!more)
            p->committing = NULL;
        answer_first(p);
    }
}

static void advance(struct kafka_producer *p, int64_t now_ms)
{
    while (!p->broken && p->sets.first && !p->sets.first->left) {
        if (p->committing && kafka_commit_busy(&p->s->commit))
            return;
        if (p->committing)
            end_commit(p, now_ms);
        else if (p->sets.first->npositions && now_ms < p->commit_ms)
            return;
        else if (p->sets.first->npositions)
            begin_commit(p);
        else
            answer_first(p);
    }
}

static void forget_sets(struct kafka_producer *p)
{
    p->sets = (struct kafka_sets){NULL, NULL};
    p->unsent = NULL;
    p->waiting = p->under_way = 0;
}

/* What callbacks append again goes to the new client, behind nothing. */
static void replace(struct kafka_producer *p, int64_t now_ms)
{
    struct err ignored, why = p->why;
    struct kafka_sets failed = p->sets;
    drop_client(p);
    if (now_ms < p->replace_ms)
        return;
    p->replace_ms = now_ms + REPLACE_MS;
    if (open_client(p, &ignored))
        return;
    p->broken = false;
    p->replaced++;
    forget_sets(p);
    for (struct kafka_set *set; (set = kafka_sets_pop(&failed));)
        kafka_stream_answer(p->s, set, &why);
}

static void renew(struct kafka_producer *p)
{
    struct err e;
    drop_client(p);
    if (open_client(p, &e))
        break_off(p, &e);
    else
        p->replaced++;
}

static void mind_time(struct kafka_producer *p, int64_t now_ms)
{
    struct err e;
    if (!p->sets.first || now_ms < p->sets.first->until_ms || p->broken)
        return;
    rd_kafka_resp_err_t refusal = kafka_trouble_refusal(&p->s->trouble);
    if (refusal)
        kafka_err_fill(&e, refusal, "Kafka", NULL);
    else
        err_fill(&e, ERR_PEER, "Kafka does not answer: not durable after %u ms",
                 p->s->conf.append_timeout_ms);
    kafka_trouble_quote(&p->s->trouble, &e);
    break_off(p, &e);
}

void kafka_producer_dispatch(struct kafka_producer *p, int64_t now_ms)
{
    kafka_push_apart(p->push, now_ms);
    poll_events(p);
    if (p->renewed && !p->broken)
        renew(p);
    p->renewed = false;
    send_waiting(p);
    advance(p, now_ms);
    mind_time(p, now_ms);
    if (p->broken)
        replace(p, now_ms);
    if (p->rk)
        kafka_limits_ask(&p->limits, p->rk, p->queue, now_ms);
}

int kafka_producer_check(const struct kafka_producer *p, const struct stream_record *set,
                         unsigned n, struct err *reterr)
{
    return kafka_limits_check(&p->limits, &p->s->conf, set, n, reterr);
}

void kafka_producer_give_up(struct kafka_producer *p, const struct err *why)
{
    struct kafka_sets failed = p->sets;
    drop_client(p);
    forget_sets(p);
    for (struct kafka_set *set; (set = kafka_sets_pop(&failed));)
        kafka_stream_answer(p->s, set, why);
}

static int64_t due(const struct kafka_producer *p)
{
    if (p->broken)
        return p->replace_ms;
    if (p->commit_ms && p->sets.first)
        return p->commit_ms;
    return p->sets.first ? p->sets.first->until_ms : INT64_MAX;
}

int64_t kafka_producer_due(const struct kafka_producer *p)
{
    int64_t limits = kafka_limits_due(&p->limits), own = due(p);
    return limits < own ? limits : own;
}

bool kafka_producer_waits(const struct kafka_producer *p, uint64_t member)
{
    for (const struct kafka_set *set = p ? p->sets.first : NULL; set; set = set->next)
        for (unsigned i = 0; i < set->npositions; i++)
            if (set->positions[i].member == member)
                return true;
    return false;
}

int64_t kafka_producer_since(const struct kafka_producer *p)
{
    return p->sets.first ? p->sets.first->since_ms : INT64_MAX;
}

uint64_t kafka_producer_replaced(const struct kafka_producer *p)
{
    return p->replaced;
}

rd_kafka_t *kafka_producer_client(const struct kafka_producer *p)
{
    return p->rk;
}
