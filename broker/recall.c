#include "recall.h"

#include <stdlib.h>
#include <string.h>
#include "rfc3339.h"

enum { READS = 4096, PLACES_MAX = 64 };

static const struct slice topics[] = {{"flow.state", 10}, {"flow.ids", 8}};

/* How far a partition was read. */
struct place {
    struct slice topic;
    char partition[STREAM_NAME_MAX + 1];
    int64_t next;
};
struct recall {
    struct stream_reader *reader;
    int64_t ids_from_ms;
    struct place places[PLACES_MAX];
    unsigned nplaces;
    bool too_many; /* partitions: then all is read again */
};

int recall_open(struct stream *s, int64_t ids_from_ms, struct recall **ret, struct err *reterr)
{
    struct recall *r = calloc(1, sizeof(*r));
    struct stream_reader_options ro = {.topics = topics, .ntopics = 2, .start = STREAM_EARLIEST};
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for what the journey remembers");
    r->ids_from_ms = ids_from_ms;
    if (stream_reader_open(s, &ro, &r->reader, reterr) < 0) {
        free(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void recall_close(struct recall *r)
{
    if (!r)
        return;
    stream_reader_close(r->reader);
    free(r);
}

int recall_fd(const struct recall *r)
{
    return stream_reader_fd(r->reader);
}

static bool is_ids(struct slice topic)
{
    return slice_eq(topic, topics[1]);
}

static void note_place(struct recall *r, const struct stream_message *m)
{
    struct slice topic = topics[is_ids(m->topic)];
    for (unsigned i = 0; i < r->nplaces; i++)
        if (r->places[i].topic.p == topic.p && slice_eq_str(m->partition, r->places[i].partition)) {
            r->places[i].next = m->offset + 1;
            return;
        }
    if (r->nplaces == PLACES_MAX || m->partition.n > STREAM_NAME_MAX) {
        r->too_many = true;
        return;
    }
    struct place *p = &r->places[r->nplaces++];
    *p = (struct place){.topic = topic, .next = m->offset + 1};
    memcpy(p->partition, m->partition.p, m->partition.n);
}

/* When the ids were seen: a relay that has copied them here says it. */
static int64_t time_of(const struct stream_message *m)
{
    int64_t ms;
    int offset_min;
    return rfc3339_read(stream_header_get(m, "at"), &ms, &offset_min) ? ms : m->time_ms;
}

static void take(struct recall *r, const struct stream_message *m, struct people *people,
                 struct seen *seen, struct control_ids *control_ids)
{
    if (!is_ids(m->topic)) {
        if (slice_eq_str(stream_header_get(m, "kind"), "person"))
            people_fold(people, m->key, m->value);
    } else if (time_of(m) >= r->ids_from_ms) {
        if (slice_eq_str(m->key, "controls"))
            control_ids_fold(control_ids, m->value, time_of(m));
        else
            seen_fold(seen, m->value, time_of(m));
    }
    note_place(r, m);
}

enum recall_result recall_read(struct recall *r, struct people *people, struct seen *seen,
                               struct control_ids *control_ids, struct err *reterr)
{
    struct stream_message m;
    for (unsigned n = 0; n < READS; n++) {
        switch (stream_next(r->reader, &m, reterr)) {
        case STREAM_GOT:
            take(r, &m, people, seen, control_ids);
            break;
        case STREAM_NONE:
            return stream_caught_up(r->reader) ? RECALL_END : RECALL_WAIT;
        case STREAM_ERROR:
            return RECALL_FAILED;
        case STREAM_LOST: /* pruned: what is left counts */
        case STREAM_LEAVE:
        case STREAM_MOVED:
            break;
        }
    }
    return RECALL_MORE;
}

int recall_anew(struct recall *r, struct err *reterr)
{
    if (stream_seek_time(r->reader, 0, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < r->nplaces && !r->too_many; i++)
        if (stream_seek(r->reader, r->places[i].topic, slice_str(r->places[i].partition),
                        r->places[i].next, reterr) < 0)
            return -1;
    return 0;
}
