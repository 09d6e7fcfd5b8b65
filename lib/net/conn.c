#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "buf.h"

enum {
    FIRST_KEEP = 2048,
    KEEP_WHEN_EMPTY = 4096,
    FLUSH_MS = 2000,
    FINISH_MS = 60000,
    LINGER_MS = 500,
    TLS_RECORD = 16384, /* RFC 8446 §5.1 */
};

struct conn_shared {
    size_t n;
    char bytes[];
};

struct conn {
    int fd;
    struct tls_link *tls; /* NULL: plain text */
    struct loop *loop;
    struct conn_shared *shared;
    struct conn_hooks hooks;
    void *arg;
    struct loop_fd *watch;
    struct loop_timer *linger;
    struct loop_timer *more; /* TLS: bytes are there that no event of the socket tells of */
    char *in;
    size_t in_n, in_cap, in_max;
    struct buf out;
    size_t out_from; /* bytes of out that have left */
    int64_t active_at, finishing_at;
    bool paused, ended, finishing, shut, dead;
    bool again;    /* resumed within a hook: what is kept is to be given once more */
    unsigned busy; /* hooks under way: freeing waits for them */
};

int conn_shared_open(size_t bytes, struct conn_shared **ret, struct err *reterr)
{
    struct conn_shared *s = malloc(sizeof(*s) + bytes);
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a read buffer");
    s->n = bytes;
    *ret = s;
    return 0;
}

void conn_shared_close(struct conn_shared *s)
{
    free(s);
}

static void on_ready(int fd, unsigned what, void *arg);
static void on_more(void *arg);

static int watch_all(struct conn *c, struct err *reterr)
{
    if (c->tls && loop_timer_add(c->loop, on_more, c, &c->more, reterr) != 0)
        return -1;
    return loop_fd_add(c->loop, c->fd, LOOP_READ, on_ready, c, &c->watch, reterr);
}

static bool is_reading(const struct conn *c)
{
    return !c->ended && (c->shut || !(c->paused || c->finishing));
}

static void nudge(struct conn *c)
{
    if (c->tls && is_reading(c) && tls_link_pending(c->tls))
        loop_timer_start(c->more, 0);
}

int conn_open(struct loop *l, struct conn_shared *shared, int fd, const struct conn_options *o,
              const struct conn_hooks *hooks, void *arg, struct conn **ret, struct err *reterr)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (!c) {
        tls_link_close(o->tls);
        close(fd);
        return err_set(reterr, ERR_NOMEM, "no memory for a connection");
    }
    *c = (struct conn){
        .fd = fd, .tls = o->tls, .loop = l, .shared = shared, .hooks = *hooks, .arg = arg};
    c->in_max = o->in_max;
    c->active_at = loop_now(l);
    buf_init(&c->out, o->out_max);
    if (watch_all(c, reterr) != 0) {
        loop_timer_remove(c->more);
        tls_link_close(c->tls);
        close(fd);
        free(c);
        return -1;
    }
    nudge(c);
    *ret = c;
    return 0;
}

static void release(struct conn *c)
{
    free(c->in);
    buf_fini(&c->out);
    free(c);
}

void conn_close(struct conn *c)
{
    if (!c || c->dead)
        return;
    c->dead = true;
    loop_fd_remove(c->watch);
    loop_timer_remove(c->linger);
    loop_timer_remove(c->more);
    tls_link_close(c->tls);
    close(c->fd);
    if (!c->busy)
        release(c);
}

/* Pairs with busy++ around hooks; false when the connection was closed in between. */
static bool still_there(struct conn *c)
{
    c->busy--;
    if (c->dead && !c->busy)
        release(c);
    else if (!c->dead)
        return true;
    return false;
}

static void over(struct conn *c, const char *why)
{
    c->busy++;
    c->hooks.closed(c, why, c->arg);
    if (still_there(c))
        conn_close(c);
}

size_t conn_queued(const struct conn *c)
{
    return c->out.n - c->out_from;
}

size_t conn_kept(const struct conn *c)
{
    return c->in_n;
}

int64_t conn_active_at(const struct conn *c)
{
    return c->active_at;
}

const struct tls_link *conn_tls(const struct conn *c)
{
    return c->tls;
}

static bool watch(struct conn *c)
{
    nudge(c);
    return loop_fd_set(c->watch,
                       (is_reading(c) ? LOOP_READ : 0u) | (conn_queued(c) ? LOOP_WRITE : 0u));
}

static bool keep_rest(struct conn *c, struct slice rest)
{
    if (rest.n > c->in_cap) {
        size_t cap = rest.n < FIRST_KEEP ? FIRST_KEEP : rest.n;
        char *p = realloc(c->in, cap);
        if (!p)
            return false;
        c->in = p;
        c->in_cap = cap;
    }
    if (rest.n)
        memcpy(c->in, rest.p, rest.n);
    c->in_n = rest.n;
    return true;
}

/* Gives bytes to data once; what is left stands in c->in afterwards. False: the connection is gone.
 */
static bool deliver_once(struct conn *c, struct slice bytes)
{
    bool kept = c->in_n != 0;
    c->busy++;
    size_t done = c->finishing ? bytes.n : c->hooks.data(c, bytes, c->arg);
    if (!still_there(c))
        return false;
    if (!kept && !keep_rest(c, slice_sub(bytes, done, bytes.n))) {
        over(c, "no memory for what is left of the bytes read");
        return false;
    }
    if (kept) {
        memmove(c->in, c->in + done, c->in_n - done);
        c->in_n -= done;
    }
    if (c->in_n == 0 && c->in_cap > KEEP_WHEN_EMPTY) {
        free(c->in);
        c->in = NULL;
        c->in_cap = 0;
    }
    return true;
}

static bool deliver(struct conn *c, struct slice bytes)
{
    do {
        c->again = false;
        if (!deliver_once(c, bytes))
            return false;
        bytes = slice_make(c->in, c->in_n);
    } while (c->again && !c->paused && c->in_n);
    return true;
}

/* Room behind what is kept. */
static bool grow(struct conn *c)
{
    if (c->in_n < c->in_cap)
        return true;
    size_t cap = c->in_cap > c->in_max / 2 ? c->in_max : c->in_cap * 2;
    char *p = cap > c->in_n ? realloc(c->in, cap) : NULL;
    if (!p)
        return false;
    c->in = p;
    c->in_cap = cap;
    return true;
}

static void on_end(struct conn *c)
{
    c->ended = true;
    if (c->finishing && conn_queued(c) == 0) {
        over(c, NULL);
        return;
    }
    if (!watch(c)) {
        over(c, "the system watches no more descriptors");
        return;
    }
    if (c->finishing)
        return;
    if (!c->hooks.end) {
        over(c, NULL);
        return;
    }
    c->busy++;
    c->hooks.end(c, c->arg);
    still_there(c);
}

/* False: the connection is gone or there is nothing more to do. */
static bool read_more(struct conn *c)
{
    bool kept = c->in_n != 0;
    if (kept && !grow(c)) {
        over(c, "more bytes are waiting than a connection may hold");
        return false;
    }
    char *to = kept ? c->in + c->in_n : c->shared->bytes;
    size_t room = kept ? c->in_cap - c->in_n : c->shared->n;
    if (!kept && room > c->in_max)
        room = c->in_max;
    ssize_t n = c->tls ? tls_link_read(c->tls, to, room) : recv(c->fd, to, room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n < 0) {
        over(c, errno == EPROTO && c->tls ? tls_link_why(c->tls) : strerror(errno));
        return false;
    }
    c->active_at = loop_now(c->loop);
    if (n == 0) {
        on_end(c);
        return false;
    }
    if (kept)
        c->in_n += (size_t)n;
    if (!deliver(c, kept ? slice_make(c->in, c->in_n) : slice_make(to, (size_t)n)))
        return false;
    nudge(c);
    return true;
}

/* All is written: tell the peer, and read its rest so that our last bytes are not lost to a reset.
 */
static void shut(struct conn *c)
{
    c->shut = true;
    if (c->tls)
        tls_link_shut(c->tls);
    shutdown(c->fd, SHUT_WR);
    if (c->ended || !watch(c)) {
        over(c, NULL);
        return;
    }
    loop_timer_start(c->linger, LINGER_MS);
}

/* A peer that takes bytes, however slowly, is given time for the rest, but not for ever. */
static bool is_taking(const struct conn *c)
{
    int64_t now = loop_now(c->loop);
    return !c->shut && conn_queued(c) && now - c->active_at < FLUSH_MS &&
           now - c->finishing_at < FINISH_MS;
}

static void on_linger(void *arg)
{
    struct conn *c = arg;
    if (!c->shut && conn_queued(c) == 0)
        shut(c);
    else if (is_taking(c))
        loop_timer_start(c->linger, FLUSH_MS);
    else
        over(c, NULL);
}

static bool flush(struct conn *c)
{
    const char *from = c->out.p + c->out_from;
    ssize_t n =
        c->tls ? tls_link_write(c->tls, from, conn_queued(c)) : write(c->fd, from, conn_queued(c));
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->active_at = loop_now(c->loop);
    c->out_from += (size_t)n;
    if (conn_queued(c) == 0) {
        buf_fini(&c->out);
        c->out_from = 0;
    }
    return true;
}

static bool write_more(struct conn *c)
{
    if (!flush(c) || !watch(c)) {
        over(c, "the peer takes no more bytes");
        return false;
    }
    if (conn_queued(c))
        return true;
    if (c->finishing) {
        shut(c);
        return false;
    }
    if (!c->hooks.sent)
        return true;
    c->busy++;
    c->hooks.sent(c, c->arg);
    return still_there(c);
}

static void on_ready(int fd, unsigned what, void *arg)
{
    (void)fd;
    struct conn *c = arg;
    if (what & LOOP_WRITE && conn_queued(c) && !write_more(c))
        return;
    if (what & LOOP_READ && is_reading(c))
        read_more(c);
}

static void on_more(void *arg)
{
    struct conn *c = arg;
    if (is_reading(c))
        read_more(c);
}

/* Bytes that have left and are not worth their place: fewer than those stay that would be moved. */
static size_t spent(const struct conn *c)
{
    return c->out_from > c->out.n / 2 ? c->out_from : 0;
}

size_t conn_room(const struct conn *c)
{
    return c->out.max - c->out.n + spent(c);
}

static bool queue(struct conn *c, const struct slice *parts, unsigned n, size_t skip)
{
    if (spent(c)) {
        buf_drop(&c->out, c->out_from);
        c->out_from = 0;
    }
    for (unsigned i = 0; i < n; i++) {
        size_t cut = skip < parts[i].n ? skip : parts[i].n;
        skip -= cut;
        buf_put(&c->out, slice_sub(parts[i], cut, parts[i].n));
    }
    return buf_ok(&c->out) && watch(c);
}

static ssize_t send_plain(struct conn *c, const struct slice *parts, unsigned n)
{
    struct iovec iov[CONN_PARTS_MAX];
    if (n == 1) /* an answer as a rule, and cheaper in the kernel than a list of one */
        return send(c->fd, parts[0].p, parts[0].n, MSG_NOSIGNAL);
    for (unsigned i = 0; i < n; i++) {
        iov[i].iov_base = (void *)(uintptr_t)parts[i].p;
        iov[i].iov_len = parts[i].n;
    }
    return writev(c->fd, iov, (int)n);
}

/* Parts of one answer, or of several, leave as one record where they fit it. */
static ssize_t send_tls(struct conn *c, const struct slice *parts, unsigned n, size_t total)
{
    char all[TLS_RECORD];
    size_t done = 0;
    ssize_t r = 0;
    for (unsigned i = 0; total <= sizeof(all) && i < n; done += parts[i++].n)
        if (parts[i].n)
            memcpy(all + done, parts[i].p, parts[i].n);
    if (total <= sizeof(all))
        return total ? tls_link_write(c->tls, all, total) : 0;
    for (unsigned i = 0; i < n; i++) {
        r = parts[i].n ? tls_link_write(c->tls, parts[i].p, parts[i].n) : 0;
        if (r > 0)
            done += (size_t)r;
        if (r < (ssize_t)parts[i].n)
            break;
    }
    return done ? (ssize_t)done : r;
}

bool conn_send(struct conn *c, const struct slice *parts, unsigned n)
{
    size_t total = 0, left = 0;
    for (unsigned i = 0; i < n && i < CONN_PARTS_MAX; i++)
        total += parts[i].n;
    if (n > CONN_PARTS_MAX || c->shut || c->dead)
        return false;
    if (conn_queued(c) == 0) {
        ssize_t done = c->tls ? send_tls(c, parts, n, total) : send_plain(c, parts, n);
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        left = done < 0 ? 0 : (size_t)done;
        if (left)
            c->active_at = loop_now(c->loop);
    }
    return left == total || queue(c, parts, n, left);
}

void conn_pause(struct conn *c)
{
    c->paused = true;
    watch(c);
}

void conn_resume(struct conn *c)
{
    if (!c->paused || c->dead)
        return;
    c->paused = false;
    c->again = c->busy != 0;
    if (c->in_n && !c->busy && !deliver(c, slice_make(c->in, c->in_n)))
        return;
    if (!watch(c))
        over(c, "the system watches no more descriptors");
}

void conn_finish(struct conn *c)
{
    if (c->finishing)
        return;
    c->finishing = true;
    c->finishing_at = loop_now(c->loop);
    struct err e;
    watch(c);
    /* The timer ends it: `closed` must not come from within the caller's own call. */
    if (loop_timer_add(c->loop, on_linger, c, &c->linger, &e) != 0)
        shutdown(c->fd, SHUT_RDWR);
    else
        loop_timer_start(c->linger, conn_queued(c) ? FLUSH_MS : 0);
}
