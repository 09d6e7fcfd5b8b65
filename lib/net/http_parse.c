#include "http_parse.h"

#include <string.h>

enum { KEEP_BODY = 16384 };

void http_parse_init(struct http_parse *x, size_t head_max, size_t body_max)
{
    memset(x, 0, sizeof(*x));
    buf_init(&x->head, head_max);
    buf_init(&x->body, body_max);
}

void http_parse_fini(struct http_parse *x)
{
    buf_fini(&x->head);
    buf_fini(&x->body);
}

void http_parse_reset(struct http_parse *x)
{
    struct buf head = x->head, body = x->body;
    if (body.cap > KEEP_BODY)
        buf_fini(&body);
    memset(x, 0, sizeof(*x));
    x->head = head;
    x->body = body;
    buf_reset(&x->head);
    buf_reset(&x->body);
}

struct slice http_parse_field(const struct http_parse *x, const char *name)
{
    for (unsigned i = 0; i < x->nfields; i++)
        if (slice_ieq(x->fields[i].name, slice_str(name)))
            return x->fields[i].value;
    return SLICE_ABSENT;
}

static unsigned count_fields(const struct http_parse *x, const char *name)
{
    unsigned n = 0;
    for (unsigned i = 0; i < x->nfields; i++)
        n += slice_ieq(x->fields[i].name, slice_str(name));
    return n;
}

static int refuse(struct http_parse *x, int status)
{
    x->refusal = status;
    return -1;
}

/* http-parser gives pieces; the head is whole here, so that pieces of one value join. */
static void join(struct slice *s, const char *at, size_t n)
{
    if (s->p && s->p + s->n == at)
        s->n += n;
    else
        *s = slice_make(at, n);
}

static int on_url(http_parser *p, const char *at, size_t n)
{
    struct http_parse *x = p->data;
    join(&x->path, at, n);
    return 0;
}

static int on_name(http_parser *p, const char *at, size_t n)
{
    struct http_parse *x = p->data;
    if (x->head_done)
        return 0; /* trailers behind a chunked body: nothing reads them */
    if (x->nfields == HTTP_HEADERS_MAX)
        return refuse(x, 431);
    x->fields[x->nfields++] = (struct http_field){slice_make(at, n), slice_make(at + n, 0)};
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct http_parse *x = p->data;
    if (x->nfields && !x->head_done)
        x->fields[x->nfields - 1].value = slice_trim(slice_make(at, n));
    return 0;
}

/* "Content-Length : 1" is a length to some and nothing to others. */
static bool odd_names(const struct http_parse *x)
{
    for (unsigned i = 0; i < x->nfields; i++) {
        struct slice name = x->fields[i].name;
        if (slice_find(name, ' ') < name.n || slice_find(name, '\t') < name.n)
            return true;
    }
    return false;
}

/* http-parser looks at the H of HTTP/1.1 and passes over what stands for the rest of the name. */
static bool odd_version(struct slice head)
{
    static const char name[] = " HTTP/";
    size_t end = slice_find(head, '\r'), from = sizeof(name) - 1 + sizeof("1.1") - 1;
    return end < from || !slice_starts(slice_sub(head, end - from, end), slice_str(name));
}

static int on_head(http_parser *p)
{
    struct http_parse *x = p->data;
    x->head_done = true;
    unsigned lengths = count_fields(x, "Content-Length");
    unsigned codings = count_fields(x, "Transfer-Encoding");
    if (odd_version(buf_slice(&x->head)) || odd_names(x) || lengths + codings > 1 ||
        count_fields(x, "Host") > 1)
        return refuse(x, 400);
    if (codings && !slice_ieq(http_parse_field(x, "Transfer-Encoding"), SLICE("chunked")))
        return refuse(x, 501);
    bool has_body = codings || (lengths && p->content_length != 0);
    if (p->http_major != 1 || (p->upgrade && has_body) ||
        (p->http_minor == 1 && !count_fields(x, "Host")))
        return refuse(x, 400);
    if (lengths && p->content_length > x->body.max)
        return refuse(x, 413);
    size_t question = slice_find(x->path, '?');
    if (question < x->path.n)
        x->query = slice_sub(x->path, question + 1, x->path.n);
    x->path = slice_sub(x->path, 0, question);
    x->method = slice_str(http_method_str(p->method));
    x->keep_alive = http_should_keep_alive(p) != 0;
    x->expect = has_body && slice_ieq(http_parse_field(x, "Expect"), SLICE("100-continue"));
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    struct http_parse *x = p->data;
    buf_put(&x->body, slice_make(at, n));
    return buf_ok(&x->body) ? 0 : refuse(x, 413);
}

static int on_whole(http_parser *p)
{
    struct http_parse *x = p->data;
    x->whole = true;
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings hooks = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

/* Looks for the end of the head. Lone LF, folds and NUL are read differently by different servers.
 */
static enum http_step scan_head(struct http_parse *x, struct slice bytes, size_t *ret_end)
{
    for (size_t i = x->scanned; i < bytes.n; i++) {
        char c = bytes.p[i], before = i ? bytes.p[i - 1] : 0;
        if (c == 0 || (c == '\n' && before != '\r') || (before == '\r' && c != '\n') ||
            (before == '\n' && (c == ' ' || c == '\t'))) {
            x->refusal = 400;
            return HTTP_BAD;
        }
        x->scanned = i + 1;
        if (c == '\n' && i >= 3 && bytes.p[i - 2] == '\n') {
            *ret_end = i + 1;
            return HTTP_WHOLE;
        }
    }
    if (bytes.n < x->head.max)
        return HTTP_MORE;
    x->refusal = 431;
    return HTTP_BAD;
}

static enum http_step run(struct http_parse *x, struct slice bytes, size_t *ret_used)
{
    *ret_used = http_parser_execute(&x->parser, &hooks, bytes.p, bytes.n);
    if (x->refusal)
        return HTTP_BAD;
    if (x->whole)
        return HTTP_WHOLE;
    if (HTTP_PARSER_ERRNO(&x->parser) == HPE_OK && *ret_used == bytes.n)
        return HTTP_MORE;
    x->refusal = 400;
    return HTTP_BAD;
}

enum http_step http_parse_feed(struct http_parse *x, struct slice bytes, size_t *ret_used)
{
    size_t end = 0, used = 0;
    *ret_used = 0;
    if (x->in_body)
        return bytes.n ? run(x, bytes, ret_used) : HTTP_MORE;
    /* RFC 9112 §2.2: empty lines before a request are passed over. */
    while (x->scanned == 0 && slice_starts(slice_sub(bytes, *ret_used, bytes.n), SLICE("\r\n")))
        *ret_used += 2;
    bytes = slice_sub(bytes, *ret_used, bytes.n);
    if (x->scanned == 0 && slice_eq(bytes, SLICE("\r")))
        return HTTP_MORE;
    enum http_step s = scan_head(x, bytes, &end);
    if (s != HTTP_WHOLE)
        return s;
    buf_put(&x->head, slice_sub(bytes, 0, end));
    if (!buf_ok(&x->head)) {
        x->refusal = 431;
        return HTTP_BAD;
    }
    http_parser_init(&x->parser, HTTP_REQUEST);
    x->parser.data = x;
    x->in_body = true;
    s = run(x, buf_slice(&x->head), &used);
    *ret_used += end;
    if (s == HTTP_MORE && !x->head_done) {
        /* It takes what comes next for more of the head, which would point out of ours. */
        x->refusal = 400;
        return HTTP_BAD;
    }
    if (s != HTTP_MORE || end == bytes.n)
        return s;
    s = run(x, slice_sub(bytes, end, bytes.n), &used);
    *ret_used += used;
    return s;
}
