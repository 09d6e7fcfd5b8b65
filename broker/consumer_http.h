/* consumer_http.h - CloudEvents 1.0 by HTTP: one POST per event, structured mode, connections kept
 * open.
 *
 * 2xx: delivered, and so is 409 that says duplicate. 400, 409 else, 413, 415, 422: this event is at
 * fault. 401, 403, 404, 405, 407, 410, a redirect (never followed), TLS, a URL that cannot work, an
 * address that is not allowed: the consumer is at fault. All else - no connection, timeout, 408,
 * 429, 5xx, what is no HTTP - may pass. */
#ifndef WEIR_CONSUMER_HTTP_H
#define WEIR_CONSUMER_HTTP_H

#include "consumer_kind.h"
#include "http_client.h"

extern const struct consumer_kind consumer_http;

/* What an answer means. text holds the reason and must live as long as *ret is used. */
void consumer_http_judge(const struct http_result *r, char text[120], struct sched_verdict *ret);

#endif
