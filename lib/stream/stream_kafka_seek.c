#include "stream_kafka_reader.h"
#include "stream_kafka_reading.h"

enum { SEEK_WAIT_MS = 5000 };

static void move(struct kafka_reader *r, struct kafka_cursor *c)
{
    c->moved = true;
    c->gone = c->another = false;
    c->proof = KAFKA_PROVED;
    c->goal = -1;
    c->eof = 0;
    kafka_feed_drop(&r->feed, c);
}

int kafka_reader_seek(struct stream_reader *base, struct slice topic, struct slice partition,
                      int64_t offset, struct err *reterr)
{
    struct kafka_reader *r = (struct kafka_reader *)base;
    kafka_feed_lock(&r->feed);
    kafka_wait_placed(r, SEEK_WAIT_MS);
    struct kafka_cursor *c = r->settled ? kafka_cursor_held(r, topic, partition) : NULL;
    if (c) {
        move(r, c);
        c->next = c->given = offset;
        r->anew = true;
        r->caught_up = false;
        kafka_feed_ring(&r->feed);
        kafka_fetch_nudge(r);
    }
    bool placed = r->placed;
    kafka_feed_unlock(&r->feed);
    if (c)
        return 0;
    if (!placed) {
        err_set(reterr, ERR_PEER, "Kafka has not yet said which partitions there are");
        kafka_trouble_quote(&r->trouble, reterr);
        return -1;
    }
    return err_set(reterr, ERR_INPUT, "this reader has no topic %.*s in a partition %.*s",
                   SLICE_ARG(topic), SLICE_ARG(partition));
}

int kafka_reader_seek_time(struct stream_reader *base, int64_t wall_ms, struct err *reterr)
{
    struct kafka_reader *r = (struct kafka_reader *)base;
    (void)reterr; /* what fails is told by stream_next */
    kafka_feed_lock(&r->feed);
    for (unsigned i = 0; i < r->ntopics; i++)
        for (int32_t n = 0; n < r->topics[i].ncursors; n++)
            if (r->topics[i].cursors[n] && r->topics[i].cursors[n]->held)
                move(r, r->topics[i].cursors[n]);
    r->sought = true;
    r->sought_ms = wall_ms;
    r->caught_up = false;
    kafka_feed_ring(&r->feed);
    kafka_fetch_nudge(r);
    kafka_feed_unlock(&r->feed);
    return 0;
}
