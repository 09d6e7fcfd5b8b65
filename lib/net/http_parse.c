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

bool http_parse_repeats(const struct http_parse *x, const char *name)
{
    return count_fields(x, name) > 1;
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
    if (x->nfields == HTTP_HEADERS_MAX)
        return refuse(x, 431);
    x->fields[x->nfields++] = (struct http_field){slice_make(at, n), slice_make(at + n, 0)};
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct http_parse *x = p->data;
    if (x->nfields)
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

/* RFC 9112 §6: how long the body is must be said once, in one way. Returns 0, or a status. */
static int framing(struct http_parse *x, const http_parser *p)
{
    unsigned lengths = count_fields(x, "Content-Length");
    unsigned codings = count_fields(x, "Transfer-Encoding");
    if (lengths + codings > 1 || (codings && p->http_minor == 0))
        return 400;
    if (codings && !slice_ieq(http_parse_field(x, "Transfer-Encoding"), SLICE("chunked")))
        return 501;
    x->chunked = codings;
    x->left = lengths ? p->content_length : 0;
    /* What stands behind a CONNECT is no body (RFC 9110 §9.3.6). Upgrade is passed over (§7.8). */
    if (p->method == HTTP_CONNECT && (x->chunked || x->left))
        return 400;
    return x->left > x->body.max ? 413 : 0;
}

/* "/a?b" of "https://host/a?b" (RFC 9112 §3.2.2), cut at the question mark. False: a byte that has
 * no place in it. */
static bool split_target(struct http_parse *x)
{
    struct slice all = x->path;
    for (size_t i = 0; i < all.n; i++)
        if ((unsigned char)all.p[i] <= ' ' || all.p[i] == 0x7f)
            return false;
    size_t scheme = slice_starts(all, SLICE("http://"))    ? 7
                    : slice_starts(all, SLICE("https://")) ? 8
                                                           : 0;
    if (scheme) {
        all = slice_sub(all, scheme, all.n);
        all = slice_sub(all, slice_find(all, '/'), all.n);
    }
    size_t question = slice_find(all, '?');
    x->path = slice_sub(all, 0, question);
    if (question < all.n)
        x->query = slice_sub(all, question + 1, all.n);
    return true;
}

/* The body is read here and not by http-parser, which takes any byte for the LF behind a CR. */
static int on_head(http_parser *p)
{
    enum { NO_BODY = 1 };
    struct http_parse *x = p->data;
    x->head_done = true;
    unsigned hosts = count_fields(x, "Host");
    if (odd_version(buf_slice(&x->head)) || odd_names(x) || p->http_major != 1 || hosts > 1 ||
        (p->http_minor == 1 && !hosts) || !split_target(x))
        return refuse(x, 400);
    int status = framing(x, p);
    if (status)
        return refuse(x, status);
    x->method = slice_str(http_method_str(p->method));
    x->keep_alive = http_should_keep_alive(p) != 0;
    /* HTTP/1.0 knows of no 100 (RFC 9110 §10.1.1). */
    x->expect = p->http_minor > 0 && (x->chunked || x->left) &&
                slice_ieq(http_parse_field(x, "Expect"), SLICE("100-continue"));
    return NO_BODY;
}

static int on_whole(http_parser *p)
{
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings hooks = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
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

static enum http_step bad(struct http_parse *x, int status)
{
    x->refusal = status;
    return HTTP_BAD;
}

static enum http_step read_head(struct http_parse *x, struct slice head)
{
    buf_put(&x->head, head);
    if (!buf_ok(&x->head))
        return bad(x, 431);
    http_parser_init(&x->parser, HTTP_REQUEST);
    x->parser.data = x;
    http_parser_execute(&x->parser, &hooks, buf_slice(&x->head).p, x->head.n);
    if (x->refusal)
        return HTTP_BAD;
    if (!x->head_done)
        return bad(x, 400);
    x->whole = !x->chunked && !x->left;
    x->in_body = !x->whole;
    return x->whole ? HTTP_WHOLE : HTTP_HEADED;
}

static bool take(struct http_parse *x, struct slice bytes)
{
    buf_put(&x->body, bytes);
    return buf_ok(&x->body);
}

static enum http_step read_chunks(struct http_parse *x, struct slice *bytes)
{
    struct slice data;
    for (;;)
        switch (http_chunks_next(&x->chunks, bytes, &data)) {
        case HTTP_CHUNK_SIZE:
            if (x->chunks.left > x->body.max - x->body.n)
                return bad(x, 413);
            break;
        case HTTP_CHUNK_DATA:
            if (!take(x, data))
                return bad(x, 413);
            break;
        case HTTP_CHUNK_MORE:
            return HTTP_MORE;
        case HTTP_CHUNK_END:
            return HTTP_WHOLE;
        default:
            return bad(x, 400);
        }
}

static enum http_step read_body(struct http_parse *x, struct slice bytes, size_t *ret_used)
{
    struct slice rest = bytes;
    enum http_step s;
    if (x->chunked) {
        s = read_chunks(x, &rest);
    } else {
        size_t n = bytes.n < x->left ? bytes.n : (size_t)x->left;
        rest = slice_sub(bytes, n, bytes.n);
        x->left -= n;
        s = !take(x, slice_sub(bytes, 0, n)) ? bad(x, 413) : x->left ? HTTP_MORE : HTTP_WHOLE;
    }
    *ret_used = bytes.n - rest.n;
    x->whole = s == HTTP_WHOLE;
    return s;
}

enum http_step http_parse_feed(struct http_parse *x, struct slice bytes, size_t *ret_used)
{
    size_t end = 0;
    *ret_used = 0;
    if (x->in_body)
        return read_body(x, bytes, ret_used);
    /* RFC 9112 §2.2: empty lines before a request are passed over. */
    while (x->scanned == 0 && slice_starts(slice_sub(bytes, *ret_used, bytes.n), SLICE("\r\n")))
        *ret_used += 2;
    bytes = slice_sub(bytes, *ret_used, bytes.n);
    if (x->scanned == 0 && slice_eq(bytes, SLICE("\r")))
        return HTTP_MORE;
    enum http_step s = scan_head(x, bytes, &end);
    if (s != HTTP_WHOLE)
        return s;
    *ret_used += end;
    return read_head(x, slice_sub(bytes, 0, end));
}
