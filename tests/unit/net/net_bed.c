#include "net_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "kit.h"

void bed_wait(struct loop *l, const bool *flag)
{
    for (int64_t end = clock_mono_ms() + BED_DEADLINE_MS; !*flag && clock_mono_ms() < end;)
        loop_turn(l, 20);
    ck_assert_msg(*flag, "nothing came in time");
}

static void forget(struct bed_server *s, struct conn *c)
{
    for (unsigned i = 0; i < s->nconns; i++)
        if (s->conns[i] == c)
            s->conns[i] = s->conns[--s->nconns];
}

static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    struct bed_server *s = arg;
    s->requests++;
    buf_put(&s->got, bytes);
    if (slice_present(s->answer))
        conn_send(c, &s->answer, 1);
    if (s->hang_up)
        conn_finish(c);
    return bytes.n;
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    (void)why;
    forget(arg, c);
}

static void on_accepted(int fd, const struct address *peer, void *arg)
{
    static const struct conn_hooks hooks = {.data = on_data, .closed = on_closed};
    static const struct conn_options o = {.in_max = 65536, .out_max = 1 << 20};
    struct bed_server *s = arg;
    struct err e;
    (void)peer;
    ck_assert_uint_lt(s->nconns, BED_CONNS);
    ck_assert_int_eq(conn_open(s->loop, s->shared, fd, &o, &hooks, s, &s->conns[s->nconns], &e), 0);
    s->nconns++;
}

static void on_refused(enum listen_refusal why, const struct address *peer, void *arg)
{
    struct bed_server *s = arg;
    (void)peer;
    s->refused++;
    s->why = why;
}

const struct listen_hooks bed_listen_hooks = {on_accepted, on_refused};

void bed_server_open(struct bed_server *s, struct loop *l, const struct listen_options *o,
                     struct slice answer)
{
    struct err e;
    memset(s, 0, sizeof(*s));
    s->loop = l;
    s->answer = answer;
    buf_init(&s->got, 1 << 20);
    ck_assert_int_eq(conn_shared_open(4096, &s->shared, &e), 0);
    ck_assert_msg(listener_open(l, o, &bed_listen_hooks, s, &s->listener, &e) == 0, "%s", e.text);
}

void bed_server_close(struct bed_server *s)
{
    while (s->nconns)
        conn_close(s->conns[--s->nconns]);
    listener_close(s->listener);
    conn_shared_close(s->shared);
    buf_fini(&s->got);
}

int bed_connect(const struct address *at)
{
    struct sockaddr_storage ss;
    socklen_t n = address_to(at, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&ss, n), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

void bed_write(int fd, struct slice bytes)
{
    ck_assert_int_eq(send(fd, bytes.p, bytes.n, MSG_NOSIGNAL), (int)bytes.n);
}

void bed_read(struct loop *l, int fd, const char *stop, struct buf *ret)
{
    for (int64_t end = clock_mono_ms() + BED_DEADLINE_MS; clock_mono_ms() < end;) {
        char piece[4096];
        loop_turn(l, 5);
        ssize_t n = recv(fd, piece, sizeof(piece), 0);
        if (n < 0 && errno == EAGAIN)
            continue;
        if (n <= 0)
            return;
        buf_put(ret, slice_make(piece, (size_t)n));
        if (stop && strstr(buf_cstr(ret), stop))
            return;
    }
    ck_abort_msg("nothing more came in time: \"%s\"", buf_cstr(ret));
}
