#include "parked.h"

#include <stdio.h>
#include <stdlib.h>
#include "num.h"
#include "unit.h"

struct parked {
    struct stream *stream;
    struct stream_reader *follow;
};

enum { READS = 2048 };

static const struct slice topic = {"flow.parked", 11};

int parked_open(struct stream *s, struct parked **ret, struct err *reterr)
{
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    struct parked *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for flow.parked");
    p->stream = s;
    if (stream_reader_open(s, &ro, &p->follow, reterr) < 0) {
        free(p);
        return -1;
    }
    *ret = p;
    return 0;
}

void parked_close(struct parked *p)
{
    if (!p)
        return;
    stream_reader_close(p->follow);
    free(p);
}

int parked_fd(const struct parked *p)
{
    return stream_reader_fd(p->follow);
}

static bool read_record(const struct stream_message *m, struct parked_record *r)
{
    *r = (struct parked_record){
        .consumer = stream_header_get(m, "consumer"),
        .state = stream_header_get(m, "state"),
        .reason = stream_header_get(m, "reason"),
        .since = stream_header_get(m, "since"),
        .received = stream_header_get(m, "received"),
        .key = m->key,
        .id = stream_header_get(m, "ce_id"),
        .type = stream_header_get(m, "ce_type"),
        .value = m->value,
        .merge = stream_header_get(m, "merge"),
        .with = stream_header_get(m, "merge-with"),
        .route = stream_header_get(m, "route"),
        .partition = stream_header_get(m, "partition"),
        .at_partition = m->partition,
        .at_offset = m->offset,
        .at_ms = m->time_ms,
    };
    num_u64(stream_header_get(m, "attempts"), &r->attempts);
    return num_i64(stream_header_get(m, "offset"), &r->offset) && r->consumer.n;
}

int parked_read(struct parked *p, parked_fn fn, void *arg, struct err *reterr)
{
    struct stream_message m;
    struct parked_record r;
    for (unsigned n = 0; n < READS; n++) {
        switch (stream_next(p->follow, &m, reterr)) {
        case STREAM_GOT:
            if (read_record(&m, &r))
                fn(arg, &r);
            break;
        case STREAM_NONE:
            return 0;
        case STREAM_LOST: /* somebody pruned it: what is left is read */
        case STREAM_LEAVE:
        case STREAM_MOVED:
            break;
        case STREAM_ERROR:
            return -1;
        }
    }
    return 1;
}

bool parked_caught_up(const struct parked *p)
{
    return stream_caught_up(p->follow);
}

enum stream_result parked_append(struct parked *p, const struct parked_record *r,
                                 stream_done_fn done, void *arg, struct err *reterr)
{
    char attempts[24], offset[24];
    snprintf(attempts, sizeof(attempts), "%llu", (unsigned long long)r->attempts);
    snprintf(offset, sizeof(offset), "%lld", (long long)r->offset);
    struct stream_header h[] = {
        {SLICE("consumer"), r->consumer},
        {SLICE("state"), r->state},
        {SLICE("reason"), r->reason},
        {SLICE("attempts"), slice_str(attempts)},
        {SLICE("since"), r->since},
        {SLICE("ce_id"), r->id},
        {SLICE("ce_type"), r->type},
        {SLICE("content-type"), SLICE("application/cloudevents+json")},
        {SLICE("received"), r->received},
        {SLICE("route"), r->route},
        {SLICE("partition"), r->partition},
        {SLICE("offset"), slice_str(offset)},
        {SLICE("merge"), r->merge},
        {SLICE("merge-with"), r->with},
    };
    unsigned n = sizeof(h) / sizeof(h[0]) - (slice_present(r->merge) ? 0 : 2);
    struct stream_record record = {
        .topic = topic, .key = r->key, .value = r->value, .headers = h, .nheaders = n};
    return stream_append(p->stream, &record, 1, done, arg, reterr);
}

static const char *const states[] = {[SCHED_LIVE] = "",
                                     [SCHED_WAITING] = "waiting",
                                     [SCHED_PARKED] = "parked",
                                     [SCHED_RELEASED] = "released"};

const char *parked_state_name(enum sched_park park)
{
    return states[park];
}

int parked_state_read(struct slice state)
{
    for (int i = SCHED_WAITING; i <= SCHED_RELEASED; i++)
        if (slice_eq_str(state, states[i]))
            return i;
    return -1;
}
