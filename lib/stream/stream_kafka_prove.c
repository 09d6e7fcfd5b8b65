/* stream_kafka_prove.c - whether the log is still the one in which the position was taken.
 *
 * A topic that was deleted and made again has the same name, and once it has grown past a position
 * nothing at that place looks wrong. So a group's reader begins a little before: at a record that
 * it knows by its mark, from the commit or from what it read itself. Another record there, or none,
 * is another log: that is told as lost, and read from its beginning. Without a mark (a position
 * that another tool has set) the record before is taken as it is, to be known again later. */
#include "stream_kafka_reader.h"
#include "stream_kafka_reading.h"

enum { NEAR = 1000 };

void kafka_prove_begin(const struct kafka_reader *r, struct kafka_cursor *c,
                       const struct kafka_mark *mark)
{
    c->marks.n = 0;
    c->proof = KAFKA_PROVED;
    if (!r->group[0] || c->next <= 0)
        return;
    c->proof = mark->offset >= 0 ? KAFKA_TO_PROVE : KAFKA_TO_LEARN;
    c->expected = *mark;
    if (c->proof == KAFKA_TO_LEARN)
        c->expected.offset = c->next - 1;
}

int64_t kafka_prove_from(const struct kafka_cursor *c)
{
    return c->proof == KAFKA_PROVED ? c->next : c->expected.offset;
}

static void is_another(struct kafka_cursor *c)
{
    c->proof = KAFKA_PROVED;
    c->another = c->gone = c->moved = true;
}

bool kafka_prove_message(struct kafka_reader *r, struct kafka_cursor *c,
                         const rd_kafka_message_t *m)
{
    if (c->proof == KAFKA_PROVED)
        return m->offset >= c->next;
    struct kafka_mark mark = kafka_mark_of(m);
    if (c->proof == KAFKA_TO_PROVE && !kafka_mark_same(&mark, &c->expected)) {
        is_another(c);
        return false;
    }
    c->proof = KAFKA_PROVED;
    if (m->offset >= c->next)
        return true;
    kafka_marks_add(&c->marks, &mark);
    if (c->next - m->offset > NEAR) /* what lies between is not read again */
        c->moved = r->anew = true;
    return false;
}

bool kafka_prove_end(struct kafka_cursor *c, int64_t offset)
{
    if (c->proof == KAFKA_PROVED)
        return offset >= c->next;
    if (c->proof == KAFKA_TO_PROVE || offset < c->next) {
        is_another(c);
        return false;
    }
    c->proof = KAFKA_PROVED;
    return true;
}

/* It was not in the log a moment ago, and is now. */
void kafka_prove_gone(struct kafka_cursor *c)
{
    if (c->another)
        return;
    if (c->proof != KAFKA_TO_PROVE) {
        c->expected = kafka_marks_before(&c->marks, c->next);
        c->proof = c->expected.offset >= c->low ? KAFKA_TO_PROVE : KAFKA_PROVED;
    } else if (c->expected.offset >= c->low) {
        is_another(c);
    } else { /* the marked record has aged out: some come again, and none is passed over */
        c->next = c->low;
        c->proof = KAFKA_PROVED;
    }
}

void kafka_doubt(struct kafka_reader *r, struct kafka_cursor *c)
{
    if (!r->group[0] || !c || !c->held || c->gone || r->sought || c->proof != KAFKA_PROVED)
        return;
    struct kafka_mark mark = kafka_marks_before(&c->marks, c->next);
    if (mark.offset < 0)
        return;
    c->proof = KAFKA_TO_PROVE;
    c->expected = mark;
    c->moved = r->anew = true;
}

void kafka_doubt_topic(struct kafka_reader *r, struct kafka_topic *t)
{
    for (int32_t n = 0; n < t->ncursors; n++)
        kafka_doubt(r, t->cursors[n]);
}

void kafka_doubt_all(struct kafka_reader *r)
{
    for (unsigned i = 0; i < r->ntopics; i++)
        kafka_doubt_topic(r, &r->topics[i]);
}

/* What the caller had under way when it was told is of the old log. */
static bool is_of_another(const struct kafka_cursor *c, const struct kafka_position *p)
{
    return c->replacing || (c->replaced && p->p.next > c->given);
}

static bool mark_position(struct kafka_reader *r, struct kafka_position *p)
{
    kafka_feed_lock(&r->feed);
    const struct kafka_cursor *c = kafka_cursor_held(r, p->p.topic, p->p.partition);
    bool counts = !c || !is_of_another(c, p);
    if (c && counts)
        p->mark = kafka_marks_before(&c->marks, p->p.next);
    kafka_feed_unlock(&r->feed);
    return counts;
}

void kafka_readers_mark(struct kafka_stream *s, struct kafka_set *set)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < set->npositions; i++) {
        struct kafka_position p = set->positions[i];
        bool counts = true;
        for (struct kafka_reader *r = s->readers; r; r = r->next_reader)
            if (slice_eq_str(p.p.group, r->group))
                counts = counts && mark_position(r, &p);
        if (counts)
            set->positions[kept++] = p;
    }
    set->npositions = kept;
}
