#include "stream_kafka_commit.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_kafka.h"
#include "stream_kafka_producer.h"

enum { COMMIT_MS = 10000, LEAVE_MS = 2000 };

struct kafka_member {
    struct kafka_member *next;
    uint64_t number;
    const char *group;
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue; /* answers to its commits */
    kafka_holds_fn holds;
    const void *arg;
};

struct kafka_ask {
    struct kafka_ask *next;
    uint64_t number; /* comes back with the answer; that of a forgotten one matches none */
    const struct kafka_member *via;
    bool late; /* the member has left since: what others hold by now is theirs */
    struct kafka_name group;
    rd_kafka_topic_partition_list_t *offsets;
};

struct kafka_member *kafka_member_join(struct kafka_stream *s, const char *group,
                                       rd_kafka_t *consumer, kafka_holds_fn holds, const void *arg)
{
    struct kafka_member *m = malloc(sizeof(*m));
    if (!m)
        return NULL;
    *m = (struct kafka_member){
        .next = s->commit.members,
        .number = ++s->commit.number,
        .group = group,
        .consumer = consumer,
        .queue = rd_kafka_queue_new(consumer),
        .holds = holds,
        .arg = arg,
    };
    kafka_wake_attach(&s->wake, m->queue);
    s->commit.members = m;
    return m;
}

static void free_ask(struct kafka_ask *a)
{
    rd_kafka_topic_partition_list_destroy(a->offsets);
    free(a);
}

static bool asked_via(const struct kafka_commit *c, const struct kafka_member *m)
{
    for (const struct kafka_ask *a = c->asks; a; a = a->next)
        if (a->via == m)
            return true;
    return false;
}

static void fail(struct kafka_commit *c, const struct err *why)
{
    if (!c->failed)
        c->why = *why;
    c->failed = true;
}

static void drop_asks_via(struct kafka_commit *c, const struct kafka_member *m)
{
    for (struct kafka_ask **a = &c->asks, *gone; *a;) {
        if ((*a)->via != m) {
            a = &(*a)->next;
            continue;
        }
        gone = *a;
        *a = gone->next;
        free_ask(gone);
    }
}

void kafka_member_leave(struct kafka_stream *s, struct kafka_member *m)
{
    if (!m)
        return;
    int64_t until = clock_mono_ms() + LEAVE_MS, left;
    while (asked_via(&s->commit, m) && (left = until - clock_mono_ms()) > 0) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(m->queue, (int)left);
        if (event)
            kafka_commit_event(s, event);
        if (event)
            rd_kafka_event_destroy(event);
    }
    if (asked_via(&s->commit, m)) {
        struct err e;
        kafka_err_fill(&e, RD_KAFKA_RESP_ERR__TIMED_OUT, m->group, NULL);
        fail(&s->commit, &e);
        drop_asks_via(&s->commit, m);
    }
    for (struct kafka_member **at = &s->commit.members; *at; at = &(*at)->next)
        if (*at == m) {
            *at = m->next;
            break;
        }
    kafka_wake_detach(m->queue);
    rd_kafka_queue_destroy(m->queue);
    free(m);
    kafka_wake_ring(&s->wake); /* what waited for the answers goes on */
}

bool kafka_member_busy(const struct kafka_stream *s, const struct kafka_member *m)
{
    return asked_via(&s->commit, m) || kafka_producer_waits(s->producer, m->number);
}

/* Stands in a position that changes nothing. */
static const uint64_t not_held = UINT64_MAX;

static uint64_t member_for(const struct kafka_commit *c, const struct stream_position *p)
{
    uint64_t found = 0;
    for (const struct kafka_member *m = c->members; m; m = m->next) {
        if (!slice_eq_str(p->group, m->group))
            continue;
        if (m->holds(m->arg, p->topic, p->partition))
            return m->number;
        found = not_held;
    }
    return found;
}

void kafka_commit_assign(const struct kafka_commit *c, struct kafka_set *set)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < set->npositions; i++) {
        struct kafka_position *p = &set->positions[i];
        p->member = member_for(c, &p->p);
        if (p->member != not_held)
            set->positions[kept++] = *p;
    }
    set->npositions = kept;
}

static const struct kafka_member *find_member(const struct kafka_commit *c, uint64_t number)
{
    const struct kafka_member *m = c->members;
    while (m && m->number != number)
        m = m->next;
    return m;
}

static struct kafka_ask *ask_for(struct kafka_stream *s, struct slice group,
                                 const struct kafka_member *via, bool late)
{
    struct kafka_name name = kafka_name_of(&s->conf, group);
    for (struct kafka_ask *a = s->commit.asks; a; a = a->next)
        if (a->via == via && a->late == late && strcmp(a->group.text, name.text) == 0)
            return a;
    struct kafka_ask *a = malloc(sizeof(*a));
    if (!a)
        return NULL;
    *a = (struct kafka_ask){
        .next = s->commit.asks,
        .number = ++s->commit.number,
        .via = via,
        .late = late,
        .group = name,
        .offsets = rd_kafka_topic_partition_list_new(8),
    };
    s->commit.asks = a;
    return a;
}

/* Of two positions of a partition the later one wins. */
static int add_position(struct kafka_stream *s, const struct kafka_position *p, struct err *reterr)
{
    uint64_t number;
    const struct kafka_member *via = p->member ? find_member(&s->commit, p->member) : NULL;
    if (!num_u64(p->p.partition, &number) || number > INT32_MAX)
        return err_set(reterr, ERR_INPUT, "group %.*s: '%.*s' is no partition of Kafka",
                       SLICE_ARG(p->p.group), SLICE_ARG(p->p.partition));
    struct kafka_ask *a = ask_for(s, p->p.group, via, p->member && !via);
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory for a commit");
    struct kafka_name topic = kafka_name_of(&s->conf, p->p.topic);
    rd_kafka_topic_partition_t *at =
        rd_kafka_topic_partition_list_find(a->offsets, topic.text, (int32_t)number);
    if (!at)
        at = rd_kafka_topic_partition_list_add(a->offsets, topic.text, (int32_t)number);
    at->offset = p->p.next;
    kafka_mark_attach(&p->mark, at);
    return 0;
}

static void send_memberless(const struct kafka_ask *a, rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    char why[64];
    rd_kafka_AdminOptions_t *o =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(o, COMMIT_MS, why, sizeof(why));
    rd_kafka_AdminOptions_set_opaque(o, (void *)(uintptr_t)a->number);
    rd_kafka_AlterConsumerGroupOffsets_t *alter =
        rd_kafka_AlterConsumerGroupOffsets_new(a->group.text, a->offsets);
    rd_kafka_AlterConsumerGroupOffsets(rk, &alter, 1, o, queue);
    rd_kafka_AlterConsumerGroupOffsets_destroy(alter);
    rd_kafka_AdminOptions_destroy(o);
}

static int send_ask(const struct kafka_ask *a, rd_kafka_t *rk, rd_kafka_queue_t *queue,
                    struct err *reterr)
{
    if (!a->via) {
        send_memberless(a, rk, queue);
        return 0;
    }
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(a->via->consumer, a->offsets, a->via->queue,
                                                     NULL, (void *)(uintptr_t)a->number);
    return code ? kafka_err(reterr, code, a->group.text, NULL) : 0;
}

int kafka_commit_begin(struct kafka_stream *s, rd_kafka_t *rk, rd_kafka_queue_t *queue,
                       const struct kafka_set *first, const struct kafka_set *last,
                       struct err *reterr)
{
    int rc = 0;
    s->commit.failed = s->commit.again = false;
    for (const struct kafka_set *set = first; !rc; set = set->next) {
        for (unsigned i = 0; !rc && i < set->npositions; i++)
            rc = add_position(s, &set->positions[i], reterr);
        if (set == last)
            break;
    }
    for (const struct kafka_ask *a = s->commit.asks; a && !rc; a = a->next)
        rc = send_ask(a, rk, queue, reterr);
    if (rc)
        kafka_commit_forget(&s->commit);
    return rc;
}

/* The group has given the partitions to others, or is about to: the position is no longer ours. */
static bool moved_on(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
           code == RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST;
}

static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *l)
{
    for (int i = 0; l && i < l->cnt; i++)
        if (l->elems[i].err)
            return l->elems[i].err;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t answer_of(rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
        return code ? code : first_error(rd_kafka_event_topic_partition_list(event));
    size_t n = 0;
    const rd_kafka_AlterConsumerGroupOffsets_result_t *r =
        rd_kafka_event_AlterConsumerGroupOffsets_result(event);
    const rd_kafka_group_result_t **groups =
        r ? rd_kafka_AlterConsumerGroupOffsets_result_groups(r, &n) : NULL;
    for (size_t i = 0; i < n && !code; i++) {
        const rd_kafka_error_t *error = rd_kafka_group_result_error(groups[i]);
        code = error ? rd_kafka_error_code(error)
                     : first_error(rd_kafka_group_result_partitions(groups[i]));
    }
    return code;
}

/* The group's node restarts, or another one takes the group over. */
static bool passes(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__WAIT_COORD ||
           code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

static void take_answer(struct kafka_commit *c, const struct kafka_ask *a, rd_kafka_resp_err_t code)
{
    char where[sizeof(a->group.text) + 24];
    struct err e;
    if (!code || ((a->via || a->late) && moved_on(code)))
        return;
    snprintf(where, sizeof(where), "consumer group %s", a->group.text);
    kafka_err_fill(&e, code, where, NULL);
    if (moved_on(code))
        err_fill(&e, ERR_PEER,
                 "%s: its position cannot be moved from here while another process reads for it",
                 where);
    if (passes(code) && !c->failed) {
        c->again = true;
        c->why = e;
    } else if (!passes(code)) {
        fail(c, &e);
    }
}

void kafka_commit_event(struct kafka_stream *s, rd_kafka_event_t *event)
{
    int type = rd_kafka_event_type(event);
    if (type != RD_KAFKA_EVENT_OFFSET_COMMIT &&
        type != RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT)
        return;
    uint64_t number = (uint64_t)(uintptr_t)rd_kafka_event_opaque(event);
    for (struct kafka_ask **at = &s->commit.asks; *at; at = &(*at)->next) {
        struct kafka_ask *a = *at;
        if (a->number != number)
            continue;
        take_answer(&s->commit, a, answer_of(event));
        *at = a->next;
        free_ask(a);
        return;
    }
}

void kafka_commit_poll(struct kafka_stream *s)
{
    rd_kafka_event_t *event;
    for (struct kafka_member *m = s->commit.members; m; m = m->next)
        while ((event = rd_kafka_queue_poll(m->queue, 0))) {
            kafka_commit_event(s, event);
            rd_kafka_event_destroy(event);
        }
}

bool kafka_commit_busy(const struct kafka_commit *c)
{
    return c->asks != NULL;
}

void kafka_commit_forget(struct kafka_commit *c)
{
    for (struct kafka_ask *a; (a = c->asks);) {
        c->asks = a->next;
        free_ask(a);
    }
    c->failed = c->again = false;
}
