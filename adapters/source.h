/* source.h - one sending system as its adapter sees it: its translator and its figures. The source
 * owns both. */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include "dict.h"
#include "metrics.h"
#include "site.h"
#include "translate.h"

/* Families that all sources of a process share. */
struct source_families {
    struct metric *received, *answered, *rejected, *junk, *events, *unmapped, *last, *connections,
        *refused, *unexpected, *odd, *dropped, *translate, *append;
};
void source_families_open(struct source_families *f, struct metrics *m);

struct source {
    const struct site_source *conf;
    struct translator *translator;
    const struct source_families *families;
    struct series *received, *junk, *last, *connections, *unexpected, *translate, *append;
    struct series *answered[6]; /* by enum hl7_ack_code */
    struct dict events;         /* type -> its series */
    uint64_t unmapped;          /* messages without a map for their trigger */
    unsigned replies;           /* that name it: it must stay while there are any */
    int64_t last_ms;            /* wall clock of the newest message; 0 = none yet */
    int64_t quiet_until; /* monotonic: refusals are logged once a second, with a count of those left
                            out */
    uint64_t refusals_unsaid;
    int64_t drops_quiet_until; /* the same for frames that never ended */
    uint64_t drops_unsaid;
    int64_t no_mllp_quiet_until;
};

/* Why a frame that was begun was dropped, unanswered. */
enum source_drop {
    SOURCE_DROP_RESTART, /* another one began within it */
    SOURCE_DROP_CUT,     /* the connection ended */
    SOURCE_DROP_SLOW,    /* it took longer than frame_time */
};

int source_open(const struct site *site, const struct site_source *conf,
                const struct source_families *f, struct source *ret, struct err *reterr);
void source_close(struct source *s);
/* s goes on with the configuration and the translator of `fresh`, which is closed; figures stay. */
void source_take(struct source *s, struct source *fresh);

/* Counts what was made of a message: events by type, unmapped triggers, senders that were not
 * expected. */
void source_count(struct source *s, const struct translation *t);
/* Messages that were answered with anything but AA or CA. */
uint64_t source_refused(const struct source *s);
/* Counts and logs a frame of which that many bytes came, at most one line a second. */
void source_dropped(struct source *s, enum source_drop why, uint64_t bytes);
/* Logs that a connection sends bytes and no message, at most once a second. */
void source_log_no_mllp(struct source *s, uint64_t bytes);
/* Logs a refusal, at most once a second. */
void source_log_refusal(struct source *s, const char *sha256, const struct translate_reason *first);

#endif
