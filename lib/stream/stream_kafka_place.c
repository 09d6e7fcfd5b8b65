#include "stream_kafka_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include "stream_kafka_ask.h"

static int by_name(const void *key, const void *topic)
{
    return strcmp(key, ((const struct kafka_topic *)topic)->kafka.text);
}

struct kafka_topic *kafka_place_topic(const struct kafka_reader *r, const char *kafka_name)
{
    return bsearch(kafka_name, r->topics, r->ntopics, sizeof(*r->topics), by_name);
}

struct kafka_cursor *kafka_place_cursor(struct kafka_topic *t, int32_t number)
{
    if (number >= t->ncursors) {
        struct kafka_cursor **more = realloc(t->cursors, (size_t)(number + 1) * sizeof(*more));
        if (!more)
            return NULL;
        t->cursors = more;
        while (t->ncursors <= number)
            more[t->ncursors++] = NULL;
    }
    struct kafka_cursor *c = t->cursors[number];
    if (!c && (c = calloc(1, sizeof(*c)))) {
        t->cursors[number] = c;
        c->topic = t;
        c->number = number;
        snprintf(c->name, sizeof(c->name), "%d", (int)number);
    }
    return c;
}

static void find_new(const struct kafka_topic *t, rd_kafka_topic_partition_list_t *ret)
{
    for (int32_t n = 0; n < t->npartitions; n++)
        if (n >= t->ncursors || !t->cursors[n] || !t->cursors[n]->held)
            rd_kafka_topic_partition_list_add(ret, t->kafka.text, n);
}

/* A topic that was never there is waited for; one that is there no longer is a fault. */
static void find_in(struct kafka_reader *r, const struct rd_kafka_metadata_topic *m,
                    rd_kafka_topic_partition_list_t *ret)
{
    struct kafka_topic *t = kafka_place_topic(r, m->topic);
    bool absent = m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (!t || (absent && !t->met))
        return;
    t->denied = m->err;
    t->late |= absent; /* should it be made again, nothing of it was there before */
    if (absent)
        kafka_doubt_topic(r, t);
    if (m->err) {
        struct err err;
        char where[KAFKA_NAME_MAX + 20];
        snprintf(where, sizeof(where), "topic %s", t->kafka.text);
        kafka_err_fill(&err, m->err, where, NULL);
        kafka_trouble_name(&r->trouble, &err);
        kafka_feed_fail(&r->feed, &err);
        return;
    }
    if (!t->met)
        t->late = t->late || r->placed;
    t->met = true;
    t->npartitions = m->partition_cnt;
    find_new(t, ret);
}

int kafka_place_find(struct kafka_reader *r, rd_kafka_topic_partition_list_t *ret,
                     bool *ret_missing, struct err *reterr)
{
    const struct rd_kafka_metadata *found;
    if (kafka_ask_topics(kafka_asker_client(r->asker), &found, reterr))
        return -1;
    kafka_feed_lock(&r->feed);
    for (int i = 0; i < found->topic_cnt; i++)
        find_in(r, &found->topics[i], ret);
    kafka_feed_unlock(&r->feed);
    rd_kafka_metadata_destroy(found);
    *ret_missing = false;
    for (unsigned i = 0; i < r->ntopics; i++)
        *ret_missing |= !r->topics[i].met;
    return 0;
}

/* Whether the group has a position anywhere in the topic. */
static bool known(const rd_kafka_topic_partition_list_t *committed, const char *topic)
{
    for (int i = 0; i < committed->cnt; i++)
        if (committed->elems[i].offset >= 0 && strcmp(committed->elems[i].topic, topic) == 0)
            return true;
    return false;
}

/* All partitions of the topics in the list: the group may stand in those that are another's. */
static rd_kafka_topic_partition_list_t *whole(const struct kafka_reader *r,
                                              const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_copy(list);
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].npartitions; n++)
            if (!rd_kafka_topic_partition_list_find(all, r->topics[i].kafka.text, n))
                rd_kafka_topic_partition_list_add(all, r->topics[i].kafka.text, n);
    return all;
}

/* An offset for each of the list that `ms` (KAFKA_ASK_…) gives. */
static int ask_some(struct kafka_reader *r, rd_kafka_topic_partition_list_t *list, int64_t ms,
                    struct err *reterr)
{
    rd_kafka_topic_partition_list_t *ends = NULL;
    int rc = 0;
    if (ms >= 0) { /* the end is asked for first, so that nothing falls between the answers */
        ends = rd_kafka_topic_partition_list_copy(list);
        rc = kafka_ask_offsets(kafka_asker_client(r->asker), ends, KAFKA_ASK_END, reterr);
    }
    rc = rc ? rc : kafka_ask_offsets(kafka_asker_client(r->asker), list, ms, reterr);
    for (int i = 0; !rc && ends && i < list->cnt; i++)
        if (list->elems[i].offset < 0)
            list->elems[i].offset = rd_kafka_topic_partition_list_find(ends, list->elems[i].topic,
                                                                       list->elems[i].partition)
                                        ->offset;
    if (ends)
        rd_kafka_topic_partition_list_destroy(ends);
    return rc;
}

static int64_t start_of(const struct kafka_reader *r)
{
    switch (r->start) {
    case STREAM_EARLIEST:
        break;
    case STREAM_LATEST:
        return KAFKA_ASK_END;
    case STREAM_AT_TIME:
        return r->start_ms > 0 ? r->start_ms : KAFKA_ASK_BEGIN;
    }
    return KAFKA_ASK_BEGIN;
}

/* Partitions without a position: those of topics that the group, or this reader, knows are new and
 * begin at their beginning; the others at `start`. */
static int begin_new(struct kafka_reader *r, rd_kafka_topic_partition_list_t *list,
                     const rd_kafka_topic_partition_list_t *committed, bool fresh,
                     rd_kafka_topic_partition_list_t *ret_new, struct err *reterr)
{
    rd_kafka_topic_partition_list_t *some = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        const struct kafka_topic *t = kafka_place_topic(r, p->topic);
        bool is_fresh = t && !t->late && !known(committed, p->topic) && (r->records || !r->placed);
        if (p->offset >= 0 || is_fresh != fresh)
            continue;
        rd_kafka_topic_partition_list_add(some, p->topic, p->partition);
        if (t && r->records && p->partition < t->ncursors && t->cursors[p->partition])
            t->cursors[p->partition]->forgotten = t->cursors[p->partition]->given > 0;
    }
    int rc = ask_some(r, some, fresh ? start_of(r) : KAFKA_ASK_BEGIN, reterr);
    for (int i = 0; !rc && i < some->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &some->elems[i];
        rd_kafka_topic_partition_list_find(list, p->topic, p->partition)->offset = p->offset;
        rd_kafka_topic_partition_list_add(ret_new, p->topic, p->partition)->offset = p->offset;
    }
    rd_kafka_topic_partition_list_destroy(some);
    return rc;
}

static void take_committed(rd_kafka_topic_partition_list_t *list,
                           const rd_kafka_topic_partition_list_t *committed)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *own = rd_kafka_topic_partition_list_find(
            (rd_kafka_topic_partition_list_t *)(uintptr_t)committed, list->elems[i].topic,
            list->elems[i].partition);
        list->elems[i].offset = own ? own->offset : RD_KAFKA_OFFSET_INVALID;
        struct kafka_mark mark = own ? kafka_mark_attached(own) : (struct kafka_mark){.offset = -1};
        kafka_mark_attach(&mark, &list->elems[i]);
    }
}

/* A partition of theirs that has no position any more is of a topic that was made anew. */
static void have_begun(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct kafka_topic *t = kafka_place_topic(r, list->elems[i].topic);
        if (t)
            t->late = true;
    }
}

int kafka_place_first(struct kafka_reader *r, rd_kafka_topic_partition_list_t *list,
                      struct err *reterr)
{
    rd_kafka_topic_partition_list_t *committed = whole(r, list);
    rd_kafka_topic_partition_list_t *fresh = rd_kafka_topic_partition_list_new(list->cnt);
    bool taken;
    for (int i = 0; i < committed->cnt; i++)
        committed->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    int rc = r->group[0] ? kafka_ask_committed(r->rk, r->group, committed, reterr) : 0;
    if (!rc) {
        take_committed(list, committed);
        rc = begin_new(r, list, committed, true, fresh, reterr) ||
                     begin_new(r, list, committed, false, fresh, reterr)
                 ? -1
                 : 0;
    }
    if (!rc && r->records)
        rc = kafka_ask_commit(r->rk, r->group, fresh, &taken, reterr);
    if (!rc && r->group[0])
        have_begun(r, list);
    rd_kafka_topic_partition_list_destroy(fresh);
    rd_kafka_topic_partition_list_destroy(committed);
    return rc;
}

int kafka_place_hold(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *list,
                     struct err *reterr)
{
    int rc = 0;
    kafka_feed_lock(&r->feed);
    for (int i = 0; !rc && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        struct kafka_topic *t = kafka_place_topic(r, p->topic);
        struct kafka_cursor *c = t ? kafka_place_cursor(t, p->partition) : NULL;
        if (!c) {
            rc = err_set(reterr, ERR_NOMEM, "no memory for a reader");
            break;
        }
        c->held = true;
        c->moved = c->gone = c->another = c->replacing = c->replaced = false;
        int64_t given = c->given;
        c->next = c->given = p->offset;
        struct kafka_mark mark = kafka_mark_attached(p);
        kafka_prove_begin(r, c, &mark);
        c->eof = 0;
        c->given_ms = 0;
        c->goal = -1;
        if (c->forgotten) { /* Kafka forgets positions with their topic: this is another one */
            c->next = given;
            c->another = c->gone = true;
        }
        c->forgotten = false;
    }
    kafka_feed_unlock(&r->feed);
    return rc;
}

rd_kafka_topic_partition_list_t *kafka_held(const struct kafka_reader *r)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++)
            if (r->topics[i].cursors[n] && r->topics[i].cursors[n]->held)
                rd_kafka_topic_partition_list_add(list, r->topics[i].kafka.text, n);
    return list;
}

int kafka_place_time(struct kafka_reader *r, struct err *reterr)
{
    kafka_feed_lock(&r->feed);
    int64_t ms = r->sought_ms;
    rd_kafka_topic_partition_list_t *list = kafka_held(r);
    kafka_feed_unlock(&r->feed);
    int rc = ask_some(r, list, ms > 0 ? ms : KAFKA_ASK_BEGIN, reterr);
    kafka_feed_lock(&r->feed);
    if (!rc && r->sought && r->sought_ms == ms) { /* and not sought again meanwhile */
        for (int i = 0; i < list->cnt; i++) {
            struct kafka_topic *t = kafka_place_topic(r, list->elems[i].topic);
            if (!t)
                continue;
            struct kafka_cursor *c = t->cursors[list->elems[i].partition];
            c->next = c->given = list->elems[i].offset;
            c->proof = KAFKA_PROVED;
            c->eof = 0;
        }
        r->sought = false;
        r->anew = true;
    }
    kafka_feed_unlock(&r->feed);
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}
