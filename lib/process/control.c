#include "control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn.h"
#include "unix_sock.h"

enum {
    LINE_MAX = 65536,
    ANSWER_MAX = 16 << 20,
    VERBS_MAX = 64,
    CONNECTIONS_MAX = 32,
    TEXT_MAX = 600
};

struct control_verb {
    const char *name;
    control_fn fn;
    void *arg;
};

/* One connection; at most one call of it is under way. */
struct control_call {
    struct control_call *next, **link;
    struct control *control;
    struct conn *conn; /* NULL: the asker has gone, the call has not ended yet */
    struct arena arena;
    struct buf out;
    struct json_writer *w;
    bool running, ended;
    char who[24];
};

struct control {
    struct loop *loop;
    int fd;
    char *path;
    struct loop_fd *watch;
    struct conn_shared *shared;
    struct control_verb verbs[VERBS_MAX];
    unsigned nverbs, nconnections;
    struct control_call *first;
};

static void call_free(struct control_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->control->nconnections--;
    json_writer_close(call->w);
    buf_fini(&call->out);
    arena_fini(&call->arena);
    free(call);
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    (void)c;
    (void)why;
    struct control_call *call = arg;
    call->conn = NULL;
    if (!call->running)
        call_free(call);
}

struct json_writer *control_answer(struct control_call *call)
{
    buf_reset(&call->out);
    json_writer_reset(call->w);
    json_object(call->w);
    json_key(call->w, SLICE("ok"));
    json_bool(call->w, true);
    return call->w;
}

static void finish(struct control_call *call)
{
    call->running = false;
    arena_reset(&call->arena);
    if (!call->conn) {
        call_free(call);
        return;
    }
    struct slice parts[] = {buf_slice(&call->out), SLICE("\n")};
    if (!buf_ok(&call->out) || !conn_send(call->conn, parts, 2) || call->ended)
        conn_finish(call->conn);
    else
        conn_resume(call->conn);
}

void control_done(struct control_call *call)
{
    json_object_end(call->w);
    if (buf_ok(&call->out))
        finish(call);
    else
        control_fail(call, "the answer is longer than %d bytes; ask for less", ANSWER_MAX);
}

static void answer_failed(struct control_call *call, bool wrong, const char *text)
{
    buf_reset(&call->out);
    json_writer_reset(call->w);
    json_object(call->w);
    json_key(call->w, SLICE("ok"));
    json_bool(call->w, false);
    json_key(call->w, SLICE("error"));
    json_string(call->w, slice_str(text));
    if (wrong) {
        json_key(call->w, SLICE("wrong"));
        json_bool(call->w, true);
    }
    json_object_end(call->w);
    finish(call);
}

void control_fail(struct control_call *call, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    answer_failed(call, false, text);
}

void control_fail_wrong(struct control_call *call, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    answer_failed(call, true, text);
}

void control_fail_err(struct control_call *call, const struct err *e)
{
    answer_failed(call, e->code == ERR_INPUT, e->text);
}

const char *control_who(const struct control_call *call)
{
    return call->who;
}

static void run(struct control_call *call, struct slice line)
{
    struct control *c = call->control;
    struct json *request;
    struct err e;
    if (json_read(line, &json_default_limits, &call->arena, &request, &e) != 0) {
        control_fail(call, "%s", e.text);
        return;
    }
    struct slice verb = json_text(request, "do");
    for (unsigned i = 0; i < c->nverbs; i++)
        if (slice_eq_str(verb, c->verbs[i].name)) {
            c->verbs[i].fn(call, request, c->verbs[i].arg);
            return;
        }
    control_fail(call, "this process does not know how to do \"%.*s\"", SLICE_ARG(verb));
}

static size_t on_data(struct conn *conn, struct slice bytes, void *arg)
{
    struct control_call *call = arg;
    size_t used = 0;
    while (used < bytes.n && !call->running) {
        struct slice rest = slice_sub(bytes, used, bytes.n);
        size_t n = slice_find(rest, '\n');
        if (n == rest.n)
            break;
        used += n + 1;
        call->running = true;
        conn_pause(conn);
        /* The line may move once this returns, and a verb may answer later. */
        struct slice line = arena_copy(&call->arena, slice_sub(rest, 0, n));
        run(call, line);
    }
    return used;
}

static void on_end(struct conn *conn, void *arg)
{
    struct control_call *call = arg;
    call->ended = true;
    if (!call->running)
        conn_finish(conn);
}

static struct control_call *call_new(struct control *c, uint32_t uid)
{
    struct err e;
    struct control_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    call->control = c;
    arena_init(&call->arena, LINE_MAX * 16);
    buf_init(&call->out, ANSWER_MAX);
    snprintf(call->who, sizeof(call->who), "uid:%u", uid);
    if (json_writer_open(&call->out, &call->w, &e) != 0) {
        free(call);
        return NULL;
    }
    call->link = &c->first;
    call->next = c->first;
    if (c->first)
        c->first->link = &call->next;
    c->first = call;
    c->nconnections++;
    return call;
}

static void on_accept(int listen_fd, unsigned what, void *arg)
{
    static const struct conn_hooks hooks = {.data = on_data, .end = on_end, .closed = on_closed};
    static const struct conn_options options = {.in_max = LINE_MAX, .out_max = ANSWER_MAX + 1};
    (void)what;
    struct control *c = arg;
    struct err e;
    uint32_t uid;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    bool known = unix_sock_peer(fd, &uid) && (uid == geteuid() || uid == 0);
    struct control_call *call =
        known && c->nconnections < CONNECTIONS_MAX ? call_new(c, uid) : NULL;
    if (!call) {
        close(fd);
        return;
    }
    if (conn_open(c->loop, c->shared, fd, &options, &hooks, call, &call->conn, &e) != 0)
        call_free(call);
}

int control_open(struct loop *l, const char *path, struct control **ret, struct err *reterr)
{
    struct control *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory for a control socket");
    c->loop = l;
    c->fd = unix_sock_listen(path, reterr);
    if (c->fd < 0) {
        free(c);
        return -1;
    }
    c->path = strdup(path);
    if (conn_shared_open(LINE_MAX, &c->shared, reterr) != 0 ||
        loop_fd_add(l, c->fd, LOOP_READ, on_accept, c, &c->watch, reterr) != 0) {
        control_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

void control_close(struct control *c)
{
    if (!c)
        return;
    while (c->first) {
        conn_close(c->first->conn);
        call_free(c->first);
    }
    loop_fd_remove(c->watch);
    close(c->fd);
    if (c->path)
        unlink(c->path);
    conn_shared_close(c->shared);
    free(c->path);
    free(c);
}

int control_add(struct control *c, const char *verb, control_fn fn, void *arg, struct err *reterr)
{
    if (c->nverbs == VERBS_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %d control verbs", VERBS_MAX);
    c->verbs[c->nverbs++] = (struct control_verb){verb, fn, arg};
    return 0;
}
