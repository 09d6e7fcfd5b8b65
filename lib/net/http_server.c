#include "http_server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "buf.h"
#include "clock.h"
#include "conn.h"
#include "gunzip.h"
#include "http_date.h"
#include "http_parse.h"
#include "listen.h"

enum {
    CONNECTIONS = 64,
    HEAD_MAX = 16384,
    BODY_MAX = 65536,
    HEAD_MS = 10000,
    BODY_MS = 30000,
    IDLE_MS = 60000,
    SWEEP_MS = 250,
    SHARED = 16384,
    ANSWER_MAX = 8 << 20,
    HEAD_OUT = 4096,
};

struct http_exchange {
    struct http_exchange *next, **link;
    struct http_server *server;
    struct conn *conn;
    struct address peer;
    struct http_parse parse;
    bool serving, ended, ending;
    void (*gone)(void *arg); /* of a reply that comes later */
    void *gone_arg;
    struct {
        const char *name, *value;
    } fields[HTTP_REPLY_FIELDS]; /* of the answer */
    unsigned nfields;
    size_t held;   /* bytes of the body, of those of the server */
    int64_t since; /* when this state began */
};

struct http_server {
    struct loop *loop;
    struct http_server_options o;
    struct listener *listener; /* NULL: draining */
    struct address at;
    struct conn_shared *shared;
    struct loop_timer *sweep;
    http_serve_fn serve;
    void *arg;
    struct http_exchange *first;
    size_t bodies; /* bytes, of all requests under way */
    bool draining;
};

struct slice http_method(const struct http_exchange *x)
{
    return x->parse.method;
}

struct slice http_path(const struct http_exchange *x)
{
    return x->parse.path;
}

struct slice http_query(const struct http_exchange *x)
{
    return x->parse.query;
}

struct slice http_body(const struct http_exchange *x)
{
    return buf_slice(&x->parse.body);
}

struct slice http_field(const struct http_exchange *x, const char *name)
{
    return http_parse_field(&x->parse, name);
}

bool http_field_repeats(const struct http_exchange *x, const char *name)
{
    return http_parse_repeats(&x->parse, name);
}

/* Counts what the body has grown. False: all together hold too much; one alone may be as long as a
 * body may be. */
static bool hold(struct http_exchange *x)
{
    struct http_server *s = x->server;
    if (x->parse.body.cap <= x->held)
        return true;
    s->bodies += x->parse.body.cap - x->held;
    x->held = x->parse.body.cap;
    return !s->o.bodies_max || s->bodies <= s->o.bodies_max || s->bodies == x->held;
}

static void release(struct http_exchange *x)
{
    x->server->bodies -= x->held;
    x->held = 0;
}

int http_unpack(struct http_exchange *x, struct err *reterr)
{
    struct buf packed = x->parse.body;
    buf_init(&x->parse.body, packed.max);
    int rc = gunzip(buf_slice(&packed), &x->parse.body, reterr);
    buf_fini(&packed);
    if (!hold(x) && rc == 0)
        return err_set(reterr, ERR_NOMEM, "too much is under way: send it again later");
    return rc;
}

void http_drop_body(struct http_exchange *x)
{
    buf_fini(&x->parse.body);
}

const struct tls_link *http_tls(const struct http_exchange *x)
{
    return conn_tls(x->conn);
}

const struct address *http_peer(const struct http_exchange *x)
{
    return &x->peer;
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "Other";
}

void http_defer(struct http_exchange *x, void (*gone)(void *arg), void *arg)
{
    x->gone = gone;
    x->gone_arg = arg;
}

void http_reply_field(struct http_exchange *x, const char *name, const char *value)
{
    if (x->nfields == HTTP_REPLY_FIELDS)
        return;
    x->fields[x->nfields].name = name;
    x->fields[x->nfields++].value = value;
}

static void drop(struct http_exchange *x)
{
    if (x->gone)
        x->gone(x->gone_arg);
    *x->link = x->next;
    if (x->next)
        x->next->link = x->link;
    if (x->server->listener)
        listener_release(x->server->listener, &x->peer);
    release(x);
    http_parse_fini(&x->parse);
    free(x);
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    (void)c;
    (void)why;
    drop(arg);
}

/* A head that does not fit leaves at past its size. */
struct head {
    char text[HEAD_OUT];
    size_t at;
};

static void put(struct head *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct head *h, const char *fmt, ...)
{
    va_list ap;
    if (h->at >= sizeof(h->text))
        return;
    va_start(ap, fmt);
    h->at += (size_t)vsnprintf(h->text + h->at, sizeof(h->text) - h->at, fmt, ap);
    va_end(ap);
}

static void write_head(const struct http_exchange *x, int status, const char *type, size_t body,
                       bool keep, struct head *h)
{
    char date[HTTP_DATE_SIZE];
    put(h, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, reason(status),
        http_date_write(clock_wall_ms(), date).p);
    if (type)
        put(h, "Content-Type: %s\r\n", type);
    if (status != 204) /* RFC 9110 §8.6 */
        put(h, "Content-Length: %zu\r\n", body);
    put(h, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    for (unsigned i = 0; i < x->nfields; i++)
        put(h, "%s: %s\r\n", x->fields[i].name, x->fields[i].value);
    put(h, "%s\r\n", keep ? "" : "Connection: close\r\n");
}

/* Sends head and body; ends the connection where it cannot or shall not go on. */
static void send_reply(struct http_exchange *x, int status, const char *type, struct slice body,
                       bool keep)
{
    struct head head;
    head.at = 0;
    write_head(x, status, type, body.n, keep, &head);
    x->nfields = 0;
    x->gone = NULL;
    bool bare = slice_eq_str(x->parse.method, "HEAD");
    struct slice parts[] = {slice_make(head.text, head.at), bare ? SLICE("") : body};
    bool sent = head.at < sizeof(head.text) && conn_send(x->conn, parts, 2);
    x->serving = false;
    x->since = loop_now(x->server->loop);
    release(x);
    if (!keep || !sent) {
        x->ending = true;
        http_drop_body(x);
        conn_finish(x->conn);
        return;
    }
    http_parse_reset(&x->parse);
}

static void refuse(struct http_exchange *x, int status)
{
    const struct http_server *s = x->server;
    struct slice text = slice_str(reason(status));
    const char *type = "text/plain; charset=utf-8";
    if (s->o.hooks && s->o.hooks->refusal)
        text = s->o.hooks->refusal(status, &type, s->arg);
    send_reply(x, status, type, text, false);
}

/* An answer that is longer than may be queued is not begun: it would be cut in its middle. */
void http_reply(struct http_exchange *x, int status, const char *content_type, struct slice body)
{
    if (conn_room(x->conn) < HEAD_OUT + body.n) {
        x->nfields = 0;
        refuse(x, 500);
        return;
    }
    send_reply(x, status, content_type, body,
               x->parse.keep_alive && x->parse.whole && !x->ended && !x->server->draining);
    if (!x->ending)
        conn_resume(x->conn);
}

/* Whether it goes on: who may not is answered before a byte of the body is read (RFC 9110 §10.1.1).
 */
static bool judge_head(struct http_exchange *x)
{
    const struct http_server *s = x->server;
    x->serving = true;
    if (s->o.hooks && s->o.hooks->head)
        s->o.hooks->head(x, s->arg);
    bool goes_on = x->serving;
    x->serving = false;
    return goes_on;
}

static void expect_body(struct http_exchange *x)
{
    struct slice line = SLICE("HTTP/1.1 100 Continue\r\n\r\n");
    x->since = loop_now(x->server->loop);
    if (x->parse.expect)
        conn_send(x->conn, &line, 1);
}

/* False: no more of these bytes is to be read now. */
static bool on_step(struct http_exchange *x, enum http_step s)
{
    bool had_body = x->parse.in_body;
    switch (s) {
    case HTTP_BAD:
        refuse(x, x->parse.refusal);
        return false;
    case HTTP_MORE:
        return false;
    case HTTP_HEADED:
        if (!judge_head(x))
            return false;
        expect_body(x);
        return true;
    case HTTP_WHOLE:
        if (!had_body && !judge_head(x))
            return true;
        x->serving = true;
        conn_pause(x->conn);
        x->server->serve(x, x->server->arg);
        return true;
    }
    return false;
}

static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    struct http_exchange *x = arg;
    size_t used = 0;
    bool more = true;
    (void)c;
    while (more && used < bytes.n && !x->serving && !x->ending) {
        size_t n = 0;
        bool begun = x->parse.scanned != 0;
        enum http_step s = http_parse_feed(&x->parse, slice_sub(bytes, used, bytes.n), &n);
        used += n;
        if (!hold(x)) {
            http_reply_field(x, "Retry-After", "5");
            refuse(x, 503);
            break;
        }
        if (!begun && x->parse.scanned) /* blank lines before a request win no time */
            x->since = loop_now(x->server->loop);
        more = on_step(x, s);
    }
    return x->ending ? bytes.n : used;
}

static void on_end(struct conn *c, void *arg)
{
    struct http_exchange *x = arg;
    x->ended = true;
    if (!x->serving && !x->ending) {
        x->ending = true;
        conn_finish(c);
    }
}

void http_server_forget(struct http_server *s, const struct address *peer)
{
    if (s->listener)
        listener_release(s->listener, peer);
}

void http_server_take(struct http_server *s, int fd, const struct address *peer,
                      struct tls_link *tls)
{
    static const struct conn_hooks hooks = {.data = on_data, .end = on_end, .closed = on_closed};
    struct http_exchange *x = calloc(1, sizeof(*x));
    struct conn_options o = {
        .in_max = s->o.head_max + s->o.body_max, .out_max = s->o.answer_max + HEAD_OUT, .tls = tls};
    struct err e;
    struct conn *c = NULL;
    if (conn_open(s->loop, s->shared, fd, &o, &hooks, x, &c, &e) != 0 || !x) {
        conn_close(c);
        http_server_forget(s, peer);
        free(x);
        return;
    }
    *x = (struct http_exchange){.server = s, .conn = c, .peer = *peer, .link = &s->first};
    x->since = loop_now(s->loop);
    http_parse_init(&x->parse, s->o.head_max, s->o.body_max);
    x->next = s->first;
    if (s->first)
        s->first->link = &x->next;
    s->first = x;
}

static void on_accepted(int fd, const struct address *peer, void *arg)
{
    struct http_server *s = arg;
    if (s->o.hooks && s->o.hooks->accepted)
        s->o.hooks->accepted(fd, peer, s->arg);
    else
        http_server_take(s, fd, peer, NULL);
}

static void on_refused(enum listen_refusal why, const struct address *peer, void *arg)
{
    struct http_server *s = arg;
    if (s->o.hooks && s->o.hooks->turned_away)
        s->o.hooks->turned_away(why, peer, s->arg);
}

unsigned http_server_connections(const struct http_server *s)
{
    return s->listener ? listener_connections(s->listener) : 0;
}

bool http_server_quiet(const struct http_server *s)
{
    return !s->first;
}

static void check_deadline(struct http_server *s, struct http_exchange *x)
{
    int64_t took = loop_now(s->loop) - x->since;
    if (x->serving || x->ending)
        return;
    if (x->parse.in_body || x->parse.scanned) {
        if (took >= (x->parse.in_body ? s->o.body_ms : s->o.head_ms))
            refuse(x, 408);
    } else if (took >= s->o.idle_ms) {
        x->ending = true;
        conn_finish(x->conn);
    }
}

static void on_sweep(void *arg)
{
    struct http_server *s = arg;
    for (struct http_exchange *x = s->first, *next; x; x = next) {
        next = x->next;
        check_deadline(s, x);
    }
    loop_timer_start(s->sweep, SWEEP_MS);
}

static void set_presets(struct http_server_options *o)
{
    o->connections = o->connections ? o->connections : CONNECTIONS;
    o->head_max = o->head_max ? o->head_max : HEAD_MAX;
    o->body_max = o->body_max ? o->body_max : BODY_MAX;
    o->answer_max = o->answer_max ? o->answer_max : ANSWER_MAX;
    o->head_ms = o->head_ms ? o->head_ms : HEAD_MS;
    o->body_ms = o->body_ms ? o->body_ms : BODY_MS;
    o->idle_ms = o->idle_ms ? o->idle_ms : IDLE_MS;
}

int http_server_open(struct loop *l, const struct http_server_options *o, http_serve_fn serve,
                     void *arg, struct http_server **ret, struct err *reterr)
{
    static const struct listen_hooks hooks = {.accepted = on_accepted, .refused = on_refused};
    struct http_server *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for an HTTP server");
    *s = (struct http_server){.loop = l, .o = *o, .serve = serve, .arg = arg};
    set_presets(&s->o);
    struct listen_options lo = {.at = o->at, .allow = o->allow, .nallow = o->nallow};
    lo.max = s->o.connections;
    lo.per_peer = s->o.per_peer;
    if (conn_shared_open(SHARED, &s->shared, reterr) != 0 ||
        loop_timer_add(l, on_sweep, s, &s->sweep, reterr) != 0 ||
        listener_open(l, &lo, &hooks, s, &s->listener, reterr) != 0) {
        http_server_close(s);
        return -1;
    }
    s->at = *listener_address(s->listener);
    loop_timer_start(s->sweep, SWEEP_MS);
    *ret = s;
    return 0;
}

void http_server_drain(struct http_server *s)
{
    s->draining = true;
    listener_close(s->listener);
    s->listener = NULL;
    for (struct http_exchange *x = s->first, *next; x; x = next) {
        next = x->next;
        if (x->serving || x->ending)
            continue;
        x->ending = true;
        conn_finish(x->conn);
    }
}

void http_server_close(struct http_server *s)
{
    if (!s)
        return;
    while (s->first) {
        conn_close(s->first->conn);
        drop(s->first);
    }
    listener_close(s->listener);
    loop_timer_remove(s->sweep);
    conn_shared_close(s->shared);
    free(s);
}

const struct address *http_server_address(const struct http_server *s)
{
    return &s->at;
}
