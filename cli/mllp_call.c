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

int mllp_call_open(const char *address, int64_t timeout_ms, struct mllp_call *ret,
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

void mllp_call_close(struct mllp_call *c)
{
    close(c->fd);
    hl7_deframer_fini(&c->deframer);
    buf_fini(&c->out);
    buf_fini(&c->in);
}

static int write_all(struct mllp_call *c, int64_t until, struct err *reterr)
{
    struct slice left = buf_slice(&c->out);
    while (left.n) {
        ssize_t n = send(c->fd, left.p, left.n, MSG_NOSIGNAL);
        if (n > 0)
            left = slice_sub(left, (size_t)n, left.n);
        else if (errno == EAGAIN || errno == EINTR) {
            if (wait_for(c->fd, POLLOUT, until, reterr) < 0)
                return -1;
        } else {
            return err_set(reterr, ERR_PEER, "the peer closed while being sent to: %s",
                           strerror(errno));
        }
    }
    return 0;
}

/* Reads until a whole frame is there. */
static int read_frame(struct mllp_call *c, int64_t until, struct slice *ret, struct err *reterr)
{
    struct hl7_frame frame;
    for (;;) {
        buf_reset(&c->in);
        char *room = buf_reserve(&c->in, READ_SIZE);
        if (!room)
            return err_set(reterr, ERR_NOMEM, "no memory for the answer");
        ssize_t n = recv(c->fd, room, READ_SIZE, 0);
        if (n == 0)
            return err_set(reterr, ERR_PEER, "the peer closed without an answer");
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(reterr, ERR_PEER, "%s", strerror(errno));
        if (n < 0) {
            if (wait_for(c->fd, POLLIN, until, reterr) < 0)
                return -1;
            continue;
        }
        struct slice input = slice_make(room, (size_t)n);
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

int mllp_call_send(struct mllp_call *c, struct slice message, struct slice *ret, struct err *reterr)
{
    int64_t until = clock_mono_ms() + c->timeout_ms;
    buf_reset(&c->out);
    hl7_frame_write(&c->out, message);
    if (!buf_ok(&c->out))
        return err_set(reterr, ERR_LIMIT, "the message is longer than %d bytes", FRAME_MAX);
    if (write_all(c, until, reterr) < 0)
        return -1;
    return read_frame(c, until, ret, reterr);
}
