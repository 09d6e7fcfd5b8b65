/* source.h - one sending system as its adapter sees it: its translator and its figures. The source
 * owns both. */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include "address.h"
#include "dict.h"
#include "failed_frames.h"
#include "hl7_ack_due.h"
#include "metrics.h"
#include "site.h"
#include "translate.h"

/* Families that all sources of a process share. */
struct source_families {
    struct metric *received, *answered, *rejected, *junk, *events, *unmapped, *codes, *last,
        *connections, *refused, *unexpected, *odd, *dropped, *unusable, *unchanged, *certificate,
        *http, *translate, *append;
};
void source_families_open(struct source_families *f, struct metrics *m);

enum { SOURCE_NO_ANSWER = HL7_CR + 1, SOURCE_ANSWERS };

struct source {
    const struct site *site;
    const struct site_source *conf;
    struct translator *translator;
    const struct source_families *families;
    struct audit *audit; /* of who is not let in; borrowed; may be NULL */
    struct series *received, *junk, *last, *connections, *unexpected, *unusable, *unchanged,
        *translate, *append;
    struct series *answered[SOURCE_ANSWERS]; /* by enum hl7_ack_code, and none */
    struct dict events, codes;               /* type, and field of an unknown code -> its series */
    uint64_t refused;    /* messages of which nothing was made, whatever was answered */
    uint64_t unmapped;   /* messages without a map for their trigger */
    unsigned replies;    /* that name it: it must stay while there are any */
    int64_t last_ms;     /* wall clock of the newest message; 0 = none yet */
    int64_t quiet_until; /* monotonic: refusals are logged once a second, with a count of those left
                            out */
    uint64_t refusals_unsaid;
    int64_t drops_quiet_until; /* the same for frames that never ended */
    uint64_t drops_unsaid;
    int64_t no_mllp_quiet_until;
    int64_t turned_quiet_until; /* the same for who is turned away */
    uint64_t turned_unsaid;
    struct failed_frames failed;
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
/* Counts what left for a message; refused: nothing was made of it. */
void source_answered(struct source *s, const struct hl7_ack_due *due, bool refused);
/* Counts and logs a frame of which that many bytes came, at most one line a second. */
void source_dropped(struct source *s, enum source_drop why, uint64_t bytes);
/* Counts and logs who is turned away, at most one line a second. why: a word, for the label. */
void source_turned_away(struct source *s, const char *why, const struct address *peer);
/* Logs that a connection sends bytes and no message, at most once a second. */
void source_log_no_mllp(struct source *s, uint64_t bytes);
/* Logs a refusal, at most once a second. unusable: as an alarm, and counts it: the sender is told
 * that the message was accepted, and will not come back. */
void source_log_refusal(struct source *s, const char *sha256, const struct translate_reason *first,
                        bool unusable);

#endif
