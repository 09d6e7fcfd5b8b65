/* senders.h - the systems of one sector that send: each way to its own address, or all of it into a
 * folder, a file or out.
 *
 * Owns its feeds. What nobody listens to is not an error: it is tried again. */
#ifndef WEIR_SENDERS_H
#define WEIR_SENDERS_H

#include "feed_counts.h"
#include "ledger.h"
#include "simulate_options.h"

struct senders;

/* ledger: borrowed, may be NULL. ERR_INPUT (an address that is none), ERR_IO, ERR_NOMEM. */
int senders_open(const struct simulate_options *o, struct ledger *ledger, struct senders **ret,
                 struct err *reterr);
/* Writes what is left; NULL is fine. ERR_IO. */
int senders_close(struct senders *s, struct err *reterr);
/* Whether this (twice, where it is so) can be taken. */
bool senders_room(const struct senders *s, const struct telling *t);
int senders_put(struct senders *s, const struct telling *t, struct err *reterr);
/* Drops the files that are due at this simulated time; INT64_MAX: all. ERR_IO. */
int senders_drop(struct senders *s, int64_t now_s, struct err *reterr);
/* Whoever reads along sees all that was put so far. ERR_IO. */
int senders_flush(struct senders *s, struct err *reterr);
/* Sends and reads what is possible, waiting at most wait_ms. */
void senders_turn(struct senders *s, int64_t wait_ms);
/* Whether somebody is to answer at all. */
bool senders_answered(const struct senders *s);
/* Of all ways together. */
void senders_counts(const struct senders *s, struct feed_counts *ret);
/* The last trouble of any of them; "" where there was none. */
const char *senders_trouble(const struct senders *s);

#endif
