/* mllp_feed.h - many messages over several MLLP connections, as real senders do it: in order on
 * each connection, at most so many unanswered, and what was not answered before a connection broke
 * goes out again, byte for byte, over a new one, until it is taken.
 *
 * The feed owns its sockets and what is not yet answered: a bounded queue for each connection. One
 * thread; nothing blocks but mllp_feed_turn, as long as it is told. */
#ifndef WEIR_MLLP_FEED_H
#define WEIR_MLLP_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "feed_counts.h"
#include "hospital_message.h"
#include "ledger.h"
#include "slice.h"

struct mllp_feed;

struct mllp_feed_options {
    const char *address;          /* HOST:PORT */
    unsigned connections, window; /* window: unanswered messages on each */
    int64_t answer_ms;            /* no answer for so long: the connection is given up */
};

/* ledger: borrowed, may be NULL. ERR_INPUT (no such address), ERR_NOMEM. Nobody has to listen yet.
 */
int mllp_feed_open(const struct mllp_feed_options *options, struct ledger *ledger,
                   struct mllp_feed **ret, struct err *reterr);
/* NULL is fine. */
void mllp_feed_close(struct mllp_feed *f);
/* Whether `n` more messages of that route (a route keeps to one connection) can be taken. */
bool mllp_feed_room(const struct mllp_feed *f, uint32_t route, unsigned n);
/* Takes a message (copied); only where there is room. refuse: a final refusal is what it should
 * get. ERR_NOMEM. */
int mllp_feed_put(struct mllp_feed *f, uint32_t route, const char control_id[CONTROL_ID_SIZE],
                  struct slice message, bool refuse, struct err *reterr);
/* Sends and reads what is possible, waiting at most wait_ms for something to happen. */
void mllp_feed_turn(struct mllp_feed *f, int64_t wait_ms);
void mllp_feed_counts(const struct mllp_feed *f, struct feed_counts *ret);
/* Why a connection was last given up; "" where none was. */
const char *mllp_feed_trouble(const struct mllp_feed *f);

#endif
