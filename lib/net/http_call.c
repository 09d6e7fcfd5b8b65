#include "http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "address.h"
#include "clock.h"
#include "http_date.h"
#include "num.h"

/* After the name was resolved, before anything is sent: the only place where a name that changes
 * its address cannot get round the guard. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
    (void)purpose;
    struct http_call *call = arg;
    struct address a;
    if (!address_from(&sa->addr, &a) || (!call->allow_private && !address_is_public(&a))) {
        call->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(sa->family, sa->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, sa->protocol);
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct http_call *call = arg;
    size_t room = call->body.max - call->body.n, bytes = size * n;
    buf_put(&call->body, slice_make(p, bytes < room ? bytes : room));
    call->cut = bytes > room;
    /* Status and headers are in by now, and that is what counts: the rest is not fetched. */
    return call->cut ? 0 : bytes;
}

int64_t http_retry_after(struct slice value, int64_t now_wall_ms)
{
    uint64_t seconds;
    int64_t at;
    value = slice_trim(value);
    if (num_u64(value, &seconds))
        return seconds > INT64_MAX / 1000 ? INT64_MAX : (int64_t)seconds * 1000;
    if (!http_date_read(value, &at))
        return -1;
    return at > now_wall_ms ? at - now_wall_ms : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct http_call *call = arg;
    struct slice line = slice_make(p, size * n);
    size_t colon = slice_find(line, ':');
    if (slice_starts(line, SLICE("HTTP/"))) {
        call->retry_after_ms = -1; /* of a 100 Continue, not of the answer */
        call->head_read = false;
    } else if (slice_trim(line).n == 0)
        call->head_read = true;
    else if (slice_ieq(slice_sub(line, 0, colon), SLICE("Retry-After")))
        call->retry_after_ms =
            http_retry_after(slice_sub(line, colon + 1, line.n), clock_wall_ms());
    return line.n;
}

static bool plain_text(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
            return false;
    return true;
}

static int add_header(struct http_call *call, const char *name, struct slice value,
                      struct err *reterr)
{
    if (!plain_text(value))
        return err_set(reterr, ERR_INPUT, "the value of header %s has a line break", name);
    struct buf line;
    buf_init(&line, 65536);
    /* An empty value is written with ';' for libcurl, which else takes it for a removal. */
    buf_printf(&line, value.n ? "%s: %.*s" : "%s;", name, SLICE_ARG(value));
    struct curl_slist *more =
        buf_ok(&line) ? curl_slist_append(call->headers, buf_cstr(&line)) : NULL;
    buf_fini(&line);
    if (!more)
        return err_set(reterr, ERR_NOMEM, "no memory for header %s, or too long", name);
    call->headers = more;
    return 0;
}

static int set_headers(struct http_call *call, const struct http_request *q, struct err *reterr)
{
    /* Without this libcurl waits for a 100 Continue before larger bodies. */
    struct curl_slist *first = curl_slist_append(NULL, "Expect:");
    if (!first)
        return err_set(reterr, ERR_NOMEM, "no memory for a request");
    call->headers = first;
    if (slice_present(q->content_type) &&
        add_header(call, "Content-Type", q->content_type, reterr) != 0)
        return -1;
    for (unsigned i = 0; i < q->nheaders; i++)
        if (add_header(call, q->headers[i].name, q->headers[i].value, reterr) != 0)
            return -1;
    if (!slice_present(q->bearer))
        return 0;
    struct buf token;
    buf_init(&token, 16384);
    buf_puts(&token, "Bearer ");
    buf_put(&token, slice_trim(q->bearer));
    int r = buf_ok(&token) ? add_header(call, "Authorization", buf_slice(&token), reterr)
                           : err_set(reterr, ERR_INPUT, "the bearer token is too long");
    if (token.p)
        explicit_bzero(token.p, token.cap);
    buf_fini(&token);
    return r;
}

static void set_limits(CURL *e, const struct http_client_options *o)
{
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, o->http_only_tls ? "https" : "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    if (o->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file);
}

static void set_hooks(struct http_call *call)
{
    CURL *e = call->easy;
    curl_easy_setopt(e, CURLOPT_PRIVATE, call);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, call);
}

static int set_request(struct http_call *call, const struct http_request *q, struct err *reterr)
{
    CURL *e = call->easy;
    CURLcode r = curl_easy_setopt(e, CURLOPT_URL, q->url);
    if (q->post) {
        const char *body = q->body.n ? q->body.p : "";
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
        if (r == CURLE_OK)
            r = curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, body);
    }
    if (set_headers(call, q, reterr) != 0)
        return -1;
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->headers);
    return r == CURLE_OK ? 0 : err_set(reterr, ERR_NOMEM, "no memory for a request");
}

int http_call_new(const struct http_client_options *o, const struct http_request *q,
                  struct http_call **ret, struct err *reterr)
{
    struct http_call *call = calloc(1, sizeof(*call));
    if (!call)
        return err_set(reterr, ERR_NOMEM, "no memory for a request");
    buf_init(&call->body, o->response_max);
    call->allow_private = o->allow_private;
    call->retry_after_ms = -1;
    call->began_ms = clock_mono_ms();
    call->easy = curl_easy_init();
    if (!call->easy) {
        http_call_free(call);
        return err_set(reterr, ERR_NOMEM, "no memory for a request");
    }
    set_limits(call->easy, o);
    set_hooks(call);
    if (set_request(call, q, reterr) != 0) {
        http_call_free(call);
        return -1;
    }
    *ret = call;
    return 0;
}

void http_call_free(struct http_call *call)
{
    if (!call)
        return;
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    buf_fini(&call->body);
    free(call);
}

static enum http_fault fault_of(const struct http_call *call, CURLcode code)
{
    long sent = 0;
    if (call->refused)
        return HTTP_REFUSED_ADDRESS;
    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return HTTP_RESOLVE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return HTTP_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return HTTP_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL:
        return sent ? HTTP_GARBAGE : HTTP_CONFIG; /* what was answered, or what the URL says */
    case CURLE_URL_MALFORMAT:
        return HTTP_CONFIG;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return HTTP_INTERNAL;
    default:
        return HTTP_GARBAGE;
    }
}

void http_call_result(struct http_call *call, CURLcode code, struct http_result *ret)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    *ret = (struct http_result){.retry_after_ms = -1, .text = call->text};
    ret->took_ms = clock_mono_ms() - call->began_ms;
    /* A final status with all its headers stands, even when the connection was cut inside the body:
     * the other side has decided. One whose head was cut is no answer (RFC 9112 §8). */
    bool final = call->head_read && status >= 200 && status <= 599;
    if (final && code != CURLE_OPERATION_TIMEDOUT) {
        ret->status = (int)status;
        ret->retry_after_ms = call->retry_after_ms;
        ret->body = buf_slice(&call->body);
        snprintf(call->text, sizeof(call->text), "HTTP status %ld", status);
        return;
    }
    bool odd = code == CURLE_OK; /* a status outside of HTTP's */
    ret->fault = odd ? HTTP_GARBAGE : fault_of(call, code);
    snprintf(call->text, sizeof(call->text), "%s",
             odd             ? "the answer is cut short, or has no status that HTTP knows"
             : call->refused ? "the address is private or on this machine; allow_private permits it"
                             : curl_easy_strerror(code));
}
