/* http_call.h - one request of http_client as libcurl sees it; for http_client.c only.
 *
 * A call owns its easy handle, header list and what is kept of the answer. */
#ifndef WEIR_HTTP_CALL_H
#define WEIR_HTTP_CALL_H

#include <curl/curl.h>
#include "buf.h"
#include "http_client.h"

struct http_call {
    struct http_client *client;
    struct http_call *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    http_done_fn done;
    void *arg;
    int64_t retry_after_ms, began_ms;
    bool head_read; /* the blank line behind the headers of the newest answer came */
    bool allow_private, refused, cut;
    char text[256];
};

/* The options are borrowed for the call. ERR_INPUT, ERR_NOMEM. */
int http_call_new(const struct http_client_options *o, const struct http_request *q,
                  struct http_call **ret, struct err *reterr);
void http_call_free(struct http_call *call);
/* What came of it; borrows the call. */
void http_call_result(struct http_call *call, CURLcode code, struct http_result *ret);

#endif
