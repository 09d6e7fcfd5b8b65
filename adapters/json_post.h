/* json_post.h - JSON objects that are posted to a source over HTTP, each a message, answered when
 * it is durable.
 *
 *   object -> taken -> durable -> 204
 *                '-> refused, and that durable -> 400 (no JSON), 413, 422: the problem says why
 *                '-> not durable now -> 503
 *
 * Owns the requests under way; intake and source are borrowed. */
#ifndef WEIR_JSON_POST_H
#define WEIR_JSON_POST_H

#include "http_server.h"
#include "intake.h"

struct json_post;

struct json_posts {
    struct intake *intake;
    struct source *source;
    struct json_post *first;
};

/* Takes the body of a request, and answers it now or later. */
void json_posts_take(struct json_posts *p, struct http_exchange *x);
/* No request has its exchange any more. */
void json_posts_close(struct json_posts *p);

#endif
