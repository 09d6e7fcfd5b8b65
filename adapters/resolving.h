/* resolving.h - refused messages that were translated again, on their way into the stream: first
 * what was made of one, then, once that is durable, the record that its refusal is resolved.
 *
 *   free -> made (under way) -> said (under way) -> free, done(NULL)
 *             '-> failed         '-> failed -> free, done(why): the refusal stays
 *
 * As one set, the record could be the part of it that stands where the rest is lost (stream.h). A
 * crash between the two leaves a refusal that is resolved by asking again: the ids are the same.
 * At most RESOLVING_MAX messages are under way. Borrows the stream. */
#ifndef WEIR_RESOLVING_H
#define WEIR_RESOLVING_H

#include "record.h"
#include "resolved.h"

enum { RESOLVING_MAX = 64, RESOLVING_BYTES = 8 * 1024 * 1024, RESOLVING_TEXT = 200 };

struct resolving;

struct resolving_one {
    struct resolving *of;
    enum { RESOLVING_FREE, RESOLVING_MADE, RESOLVING_UNSAID, RESOLVING_SAID } state;
    size_t bytes;
    unsigned events;
    char name[RESOLVED_PLACE], source[64], by[RESOLVING_TEXT];
};

/* One has ended: resolved, or (e) not. */
typedef void (*resolving_fn)(void *arg, const struct resolving_one *one, const struct err *e);

struct resolving {
    struct stream *stream;
    resolving_fn done;
    void *arg;
    struct record_writer record;
    struct resolving_one all[RESOLVING_MAX];
    unsigned n,
        nunsaid; /* under way; of these, those for whose record the stream had no room yet */
    size_t bytes;
};

int resolving_init(struct resolving *r, struct stream *stream, resolving_fn done, void *arg,
                   struct err *reterr);
/* Nothing may be with the stream. One that is all zero is fine. */
void resolving_fini(struct resolving *r);

/* Whether one more may be begun. */
bool resolving_has_room(const struct resolving *r);
/* Begins one, where there is room: what was made of it stands in `made`. done is called for it only
 * after STREAM_OK. */
enum stream_result resolving_begin(struct resolving *r, const struct record_writer *made,
                                   const struct resolving_one *one, struct err *reterr);
/* Tries again for those that wait for room; call it from time to time while nunsaid is not 0. */
void resolving_go_on(struct resolving *r);
/* How many the stream still has: these end in done. */
unsigned resolving_in_stream(const struct resolving *r);

#endif
