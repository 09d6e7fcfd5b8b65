/* http_feed.h - many messages by HTTP POST, as real senders do it: in order for each route, one at
 * a time on each of several lanes, and again, byte for byte, until there is an answer that is one.
 *
 * 2xx: taken. 408, 429, 5xx, no answer: later again. Anything else: refused. The feed owns its
 * connections and what is not yet answered: a bounded queue for each lane. One thread; nothing
 * blocks but http_feed_turn, as long as it is told. */
#ifndef WEIR_HTTP_FEED_H
#define WEIR_HTTP_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "feed_counts.h"
#include "ledger.h"
#include "slice.h"

struct http_feed;

struct http_feed_options {
    const char *url; /* http://HOST:PORT/BASE; a message's path is put behind it */
    const char *content_type;
    unsigned connections;
    int64_t answer_ms; /* no answer for so long: the request is given up */
};

/* ledger: borrowed, may be NULL. ERR_INPUT (no http:// or https://), ERR_NOMEM. Nobody has to
 * listen yet. */
int http_feed_open(const struct http_feed_options *options, struct ledger *ledger,
                   struct http_feed **ret, struct err *reterr);
/* NULL is fine. */
void http_feed_close(struct http_feed *f);
/* Whether `n` more messages of that route can be taken. */
bool http_feed_room(const struct http_feed *f, uint32_t route, unsigned n);
/* Takes a message (copied); only where there is room. ERR_NOMEM. */
int http_feed_put(struct http_feed *f, const struct telling *t, struct err *reterr);
/* Sends and reads what is possible, waiting at most wait_ms for something to happen. */
void http_feed_turn(struct http_feed *f, int64_t wait_ms);
void http_feed_counts(const struct http_feed *f, struct feed_counts *ret);
/* Why a request was last given up or refused; "" where none was. */
const char *http_feed_trouble(const struct http_feed *f);

#endif
