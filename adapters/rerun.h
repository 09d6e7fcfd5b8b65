/* rerun.h - one run of `weir retranslate`: what was reported of a source's messages is compared
 * with what today's map makes of them, and the difference is appended.
 *
 *   window -> fold (what was reported, to the stream's end) -> messages -> settled -> next window
 *
 * A window is as long a time as the events that fit the limit; all of the span where they do. Times
 * are those of receipt, which a message and all that is ever made of it carry. A run works in small
 * steps on the caller's loop and remembers nothing: cut off anywhere, the next one finds what is
 * there and goes on. Borrows all that its options name. */
#ifndef WEIR_RERUN_H
#define WEIR_RERUN_H

#include "json.h"
#include "site.h"
#include "stream.h"
#include "translate.h"

struct rerun_options {
    struct stream *stream;
    struct translator *translator;
    const struct site_source *source;
    int64_t from_ms, to_ms; /* received within, both included */
    bool dry_run;           /* count only */
    uint64_t events_max;    /* held in memory at a time */
    uint64_t arena_max;     /* as the site's message_arena */
    /* Whether those who send come first now. */
    bool (*busy)(void *arg);
    void *arg;
};

struct rerun;

int rerun_open(const struct rerun_options *o, struct rerun **ret, struct err *reterr);
/* Frees all but the counts: no more steps. */
void rerun_end(struct rerun *r);
/* What is under way ends in callbacks of the stream; memory goes with the last. NULL is fine. */
void rerun_close(struct rerun *r);

enum rerun_step {
    RERUN_WENT,
    RERUN_WAITS, /* for the stream, or for those who send */
    RERUN_DONE,  /* all of it is durable */
    RERUN_FAILED,
};
/* A piece of work that takes well under a millisecond. After RERUN_DONE or RERUN_FAILED (reterr):
 * not again. */
enum rerun_step rerun_step(struct rerun *r, struct err *reterr);
/* Nothing of it is under way to the stream. */
bool rerun_quiet(const struct rerun *r);

/* Members of an answer: counts so far. */
void rerun_report(const struct rerun *r, struct json_writer *w);

#endif
