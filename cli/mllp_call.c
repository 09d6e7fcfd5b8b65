#include "mllp_call.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "mllp_address.h"

enum { ANSWER_MAX = 16 * 1024 * 1024, FRAME_MAX = 1 << 30, READ_SIZE = 64 * 1024 };

static int wait_for(int fd, short what, int64_t until, struct err *reterr)
{
    for (;;) {
        int64_t left = until - clock_mono_ms();
        struct pollfd p = {.fd = fd, .events = what};
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (n > 0)
            return 0;
        if (n == 0)
            return err_set(reterr, ERR_PEER, "no answer in time");
        if (errno != EINTR)
            return err_set(reterr, ERR_IO, "poll: %s", strerror(errno));
    }
}

static int connect_one(const struct addrinfo *a, int64_t until, struct err *reterr)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol),
        fault = 0;
    socklen_t size = sizeof(fault);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "socket: %s", strerror(errno));
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS)
        fault = errno;
    else if (wait_for(fd, POLLOUT, until, reterr) < 0)
        goto failed;
    if (!fault && getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
        fault = errno;
    if (!fault)
        return fd;
    err_set(reterr, ERR_PEER, "%s", strerror(fault));
failed:
    close(fd);
    return -1;
}

static int connect_any(const char *address, int64_t until, struct err *reterr)
{
    struct addrinfo *all;
    if (mllp_address_resolve(address, &all, reterr) < 0)
        return -1;
    int fd = -1;
    for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
        fd = connect_one(a, until, reterr);
    freeaddrinfo(all);
    return fd < 0 ? err_at(reterr, "%s", address) : fd;
}

/* Blocking: what is wrong with the other end's certificate, or it with ours, is said. */
static int shake_hands(struct mllp_call *c, const struct tls *tls, const char *name, int64_t until,
                       struct err *reterr)
{
    if (tls_link_open(tls, c->fd, name, &c->tls, reterr) < 0)
        return -1;
    for (;;) {
        enum tls_step step = tls_link_step(c->tls);
        if (step == TLS_DONE)
            return 0;
        if (step == TLS_FAILED)
            return err_set(reterr, ERR_PEER, "TLS: %s", tls_link_why(c->tls));
        if (wait_for(c->fd, step == TLS_WANT_READ ? POLLIN : POLLOUT, until, reterr) < 0)
            return -1;
    }
}

int mllp_call_connect(const char *address, int64_t timeout_ms, struct mllp_call *ret,
                      struct err *reterr)
{
    struct hl7_frame_rules rules = {.max = ANSWER_MAX, .head = 0, .require_end_cr = false};
    struct mllp_call c = {.timeout_ms = timeout_ms};
    c.fd = connect_any(address, clock_mono_ms() + timeout_ms, reterr);
    if (c.fd < 0)
        return -1;
    hl7_deframer_init(&c.deframer, &rules);
    buf_init(&c.out, FRAME_MAX);
    buf_init(&c.in, READ_SIZE);
    *ret = c;
    return 0;
}

int mllp_call_secure(struct mllp_call *c, const char *address, const struct tls *tls,
                     const char *name, struct err *reterr)
{
    char host[MLLP_HOST];
    if (!name && !mllp_address_host(address, host))
        return err_set(reterr, ERR_INPUT, "\"%s\" is no address", address);
    int64_t until = clock_mono_ms() + c->timeout_ms;
    return shake_hands(c, tls, name ? name : host, until, reterr) < 0
               ? err_at(reterr, "%s", address)
               : 0;
}

int mllp_call_open(const char *address, const struct tls *tls, const char *name, int64_t timeout_ms,
                   struct mllp_call *ret, struct err *reterr)
{
    struct mllp_call c;
    if (mllp_call_connect(address, timeout_ms, &c, reterr) < 0)
        return -1;
    if (tls && mllp_call_secure(&c, address, tls, name, reterr) < 0) {
        mllp_call_close(&c);
        return -1;
    }
    *ret = c;
    return 0;
}

void mllp_call_close(struct mllp_call *c)
{
    if (c->tls)
        tls_link_shut(c->tls);
    tls_link_close(c->tls);
    close(c->fd);
    hl7_deframer_fini(&c->deframer);
    buf_fini(&c->out);
    buf_fini(&c->in);
}

static const char *trouble(const struct mllp_call *c)
{
    return c->tls && errno == EPROTO ? tls_link_why(c->tls) : strerror(errno);
}

static int write_all(struct mllp_call *c, struct slice left, int64_t until, struct err *reterr)
{
    while (left.n) {
        ssize_t n = c->tls ? tls_link_write(c->tls, left.p, left.n)
                           : send(c->fd, left.p, left.n, MSG_NOSIGNAL);
        if (n > 0)
            left = slice_sub(left, (size_t)n, left.n);
        else if (errno == EAGAIN || errno == EINTR) {
            if (wait_for(c->fd, POLLOUT, until, reterr) < 0)
                return -1;
        } else {
            return err_set(reterr, ERR_PEER, "the peer closed while being sent to: %s", trouble(c));
        }
    }
    return 0;
}

/* What has come by then, at least one byte. */
static int read_some(struct mllp_call *c, int64_t until, struct slice *ret, struct err *reterr)
{
    for (;;) {
        buf_reset(&c->in);
        char *room = buf_reserve(&c->in, READ_SIZE);
        if (!room)
            return err_set(reterr, ERR_NOMEM, "no memory for the answer");
        ssize_t n =
            c->tls ? tls_link_read(c->tls, room, READ_SIZE) : recv(c->fd, room, READ_SIZE, 0);
        if (n >= 0) {
            *ret = slice_make(room, (size_t)n);
            return n > 0 ? 1 : 0;
        }
        if (errno != EAGAIN && errno != EINTR)
            return err_set(reterr, ERR_PEER, "%s", trouble(c));
        if (wait_for(c->fd, POLLIN, until, reterr) < 0) /* all that TLS held was read, too */
            return -1;
    }
}

/* Reads until a whole frame is there. */
static int read_frame(struct mllp_call *c, int64_t until, struct slice *ret, struct err *reterr)
{
    struct hl7_frame frame;
    struct slice input;
    for (;;) {
        int n = read_some(c, until, &input, reterr);
        if (n == 0)
            return err_set(reterr, ERR_PEER, "the peer closed without an answer");
        if (n < 0)
            return -1;
        enum hl7_frame_result r = hl7_deframer_next(&c->deframer, &input, &frame);
        if (r == HL7_FRAME_MORE)
            r = hl7_deframer_idle(&c->deframer, &frame);
        if (r == HL7_FRAME_WHOLE) {
            *ret = frame.bytes;
            return 0;
        }
        if (r != HL7_FRAME_MORE)
            return err_set(reterr, ERR_PEER, "the answer is longer than %d bytes", ANSWER_MAX);
    }
}

int mllp_call_write(struct mllp_call *c, struct slice bytes, struct err *reterr)
{
    return write_all(c, bytes, clock_mono_ms() + c->timeout_ms, reterr);
}

enum mllp_came mllp_call_read(struct mllp_call *c, int64_t wait_ms, struct slice *ret)
{
    struct err err = {0};
    int64_t until = clock_mono_ms() + wait_ms;
    int n = read_some(c, until, ret, &err);
    if (n > 0)
        return MLLP_CAME_BYTES;
    if (n == 0)
        return MLLP_CAME_END;
    return clock_mono_ms() >= until ? MLLP_CAME_NOTHING : MLLP_CAME_BREAK;
}

int mllp_call_send(struct mllp_call *c, struct slice message, struct slice *ret, struct err *reterr)
{
    int64_t until = clock_mono_ms() + c->timeout_ms;
    buf_reset(&c->out);
    hl7_frame_write(&c->out, message);
    if (!buf_ok(&c->out))
        return err_set(reterr, ERR_LIMIT, "the message is longer than %d bytes", FRAME_MAX);
    if (write_all(c, buf_slice(&c->out), until, reterr) < 0)
        return -1;
    return read_frame(c, until, ret, reterr);
}
