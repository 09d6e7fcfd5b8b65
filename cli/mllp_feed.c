#include "mllp_feed.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "buf.h"
#include "clock.h"
#include "hl7_ack.h"
#include "hl7_frame.h"
#include "mllp_address.h"

enum {
    QUEUE = 128, /* messages waiting behind the window of a connection */
    MESSAGE_MAX = 1024 * 1024,
    ANSWER_MAX = 1024 * 1024,
    ARENA_MAX = 4 * 1024 * 1024,
    READ_SIZE = 64 * 1024,
    BACK_OFF_MS = 50,
    BACK_OFF_MAX_MS = 2000,
};

struct envelope {
    struct buf frame;
    char control_id[CONTROL_ID_SIZE];
    bool refuse;
};

enum state { AWAY, CONNECTING, OPEN };

struct line {
    enum state state;
    int fd;
    unsigned no;
    const struct addrinfo *peer; /* the address to try next */
    struct envelope *ring;       /* first … first+n-1; the first `sent` of them are under way */
    unsigned first, n, sent;
    size_t partly; /* bytes of the last one sent that are still to be written */
    struct hl7_deframer deframer;
    int64_t until; /* AWAY: when to try again; else: when an answer is overdue */
    int64_t back_off_ms;
};

struct mllp_feed {
    struct mllp_feed_options options;
    struct ledger *ledger;
    struct addrinfo *peer;
    unsigned slots;
    struct line *lines;
    struct pollfd *polls;
    char *in;
    struct arena arena;
    struct feed_counts counts;
    struct err trouble;
};

static int open_line(struct mllp_feed *f, unsigned no, struct err *reterr)
{
    static const struct hl7_frame_rules rules = {.max = ANSWER_MAX};
    struct line *l = &f->lines[no];
    hl7_deframer_init(&l->deframer, &rules);
    l->fd = -1;
    l->no = no;
    l->ring = calloc(f->slots, sizeof(*l->ring));
    for (unsigned i = 0; l->ring && i < f->slots; i++)
        buf_init(&l->ring[i].frame, MESSAGE_MAX);
    return l->ring ? 0 : err_set(reterr, ERR_NOMEM, "no memory for %u connections", no + 1);
}

int mllp_feed_open(const struct mllp_feed_options *options, struct ledger *ledger,
                   struct mllp_feed **ret, struct err *reterr)
{
    struct mllp_feed *f = calloc(1, sizeof(*f));
    if (!f)
        return err_set(reterr, ERR_NOMEM, "no memory for a feed");
    f->options = *options;
    f->ledger = ledger;
    f->slots = options->window + QUEUE;
    f->counts.last_ms = clock_mono_ms();
    arena_init(&f->arena, ARENA_MAX);
    f->lines = calloc(options->connections, sizeof(*f->lines));
    f->polls = calloc(options->connections, sizeof(*f->polls));
    f->in = malloc(READ_SIZE);
    int result = mllp_address_resolve(options->address, &f->peer, reterr);
    if (result == 0 && (!f->lines || !f->polls || !f->in))
        result = err_set(reterr, ERR_NOMEM, "no memory for %u connections", options->connections);
    for (unsigned i = 0; result == 0 && i < options->connections; i++)
        result = open_line(f, i, reterr);
    if (result < 0) {
        mllp_feed_close(f);
        return -1;
    }
    *ret = f;
    return 0;
}

static void close_line(struct mllp_feed *f, struct line *l)
{
    if (l->ring && l->fd >= 0) /* a line without a ring was never opened */
        close(l->fd);
    hl7_deframer_fini(&l->deframer);
    for (unsigned i = 0; l->ring && i < f->slots; i++)
        buf_fini(&l->ring[i].frame);
    free(l->ring);
}

void mllp_feed_close(struct mllp_feed *f)
{
    if (!f)
        return;
    for (unsigned i = 0; f->lines && i < f->options.connections; i++)
        close_line(f, &f->lines[i]);
    if (f->peer)
        freeaddrinfo(f->peer);
    arena_fini(&f->arena);
    free(f->lines);
    free(f->polls);
    free(f->in);
    free(f);
}

static struct line *line_of(const struct mllp_feed *f, uint32_t route)
{
    return &f->lines[route % f->options.connections];
}

bool mllp_feed_room(const struct mllp_feed *f, uint32_t route, unsigned n)
{
    return line_of(f, route)->n + n <= f->slots;
}

static struct envelope *nth(const struct mllp_feed *f, const struct line *l, unsigned n)
{
    return &l->ring[(l->first + n) % f->slots];
}

int mllp_feed_put(struct mllp_feed *f, uint32_t route, const char control_id[CONTROL_ID_SIZE],
                  struct slice message, bool refuse, struct err *reterr)
{
    struct line *l = line_of(f, route);
    struct envelope *e = nth(f, l, l->n);
    buf_reset(&e->frame);
    hl7_frame_write(&e->frame, message);
    if (!buf_ok(&e->frame))
        return err_set(reterr, ERR_NOMEM, "no memory for a message of %zu bytes", message.n);
    memcpy(e->control_id, control_id, CONTROL_ID_SIZE);
    e->refuse = refuse;
    l->n++;
    feed_counts_wait(&f->counts, 1);
    return 0;
}

/* ---- one connection ---- */

/* The connection is of no use any more: what is under way will be sent again. */
static void give_up_line(struct mllp_feed *f, struct line *l)
{
    static const struct hl7_frame_rules rules = {.max = ANSWER_MAX};
    if (l->fd >= 0)
        close(l->fd);
    hl7_deframer_fini(&l->deframer);
    hl7_deframer_init(&l->deframer, &rules);
    l->fd = -1;
    l->state = AWAY;
    l->sent = 0;
    l->partly = 0;
    l->back_off_ms = l->back_off_ms ? l->back_off_ms * 2 : BACK_OFF_MS;
    if (l->back_off_ms > BACK_OFF_MAX_MS)
        l->back_off_ms = BACK_OFF_MAX_MS;
    l->until = clock_mono_ms() + l->back_off_ms;
    f->counts.reconnects++;
}

static void trouble(struct mllp_feed *f, struct line *l, const char *what)
{
    err_fill(&f->trouble, ERR_PEER, "connection c%u: %s", l->no, what);
    give_up_line(f, l);
}

static void connect_line(struct mllp_feed *f, struct line *l)
{
    const struct addrinfo *a = l->peer ? l->peer : f->peer;
    int on = 1;
    l->peer = a->ai_next; /* unless this one takes the connection */
    l->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (l->fd < 0) {
        trouble(f, l, strerror(errno));
        return;
    }
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    l->until = clock_mono_ms() + f->options.answer_ms;
    l->state = CONNECTING;
    if (connect(l->fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS)
        trouble(f, l, strerror(errno));
}

static void connected(struct mllp_feed *f, struct line *l)
{
    int fault = 0;
    socklen_t size = sizeof(fault);
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0 || fault)
        trouble(f, l, strerror(fault ? fault : errno));
    else
        l->state = OPEN;
}

/* Writes the rest of the last message; false where the socket takes no more now. */
static bool write_rest(struct mllp_feed *f, struct line *l)
{
    struct slice frame = buf_slice(&nth(f, l, l->sent - 1)->frame);
    while (l->partly) {
        ssize_t n = send(l->fd, frame.p + frame.n - l->partly, l->partly, MSG_NOSIGNAL);
        if (n >= 0) {
            l->partly -= (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            trouble(f, l, strerror(errno));
        return false;
    }
    return true;
}

static void write_line(struct mllp_feed *f, struct line *l)
{
    if (l->partly && !write_rest(f, l))
        return;
    while (l->sent < l->n && l->sent < f->options.window) {
        struct envelope *e = nth(f, l, l->sent);
        if (l->sent == 0)
            l->until = clock_mono_ms() + f->options.answer_ms;
        ledger_sent(f->ledger, e->control_id, l->no);
        l->sent++;
        l->partly = e->frame.n;
        if (!write_rest(f, l))
            return;
    }
}

static bool later(const struct hl7_answer *a)
{
    return a->code == HL7_AR || a->code == HL7_CR || slice_eq_str(a->retry, "RETRY");
}

/* The oldest message is answered for good. */
static void settle(struct mllp_feed *f, struct line *l, const struct envelope *e, bool taken)
{
    feed_counts_answer(&f->counts, 1, taken, e->refuse);
    l->first = (l->first + 1) % f->slots;
    l->n--;
    l->sent--;
    l->back_off_ms = 0;
    l->until = f->counts.last_ms + f->options.answer_ms;
}

static void answered(struct mllp_feed *f, struct line *l, struct slice bytes)
{
    struct hl7_answer a;
    struct err err = {0};
    arena_reset(&f->arena);
    if (hl7_ack_read(bytes, &f->arena, &a, &err) < 0) {
        trouble(f, l, err.text);
        return;
    }
    if (l->sent == 0 || (l->sent == 1 && l->partly)) {
        trouble(f, l, "an answer to nothing");
        return;
    }
    const struct envelope *e = nth(f, l, 0);
    bool taken = a.code == HL7_AA || a.code == HL7_CA;
    ledger_answer(f->ledger, e->control_id, a.control_id, slice_str(hl7_ack_name(a.code)), l->no);
    if (!slice_eq_str(a.control_id, e->control_id))
        trouble(f, l, "an answer to another message");
    else if (!taken && later(&a))
        trouble(f, l, "the receiver says: try later");
    else
        settle(f, l, e, taken);
}

static void read_line(struct mllp_feed *f, struct line *l)
{
    struct hl7_frame frame;
    ssize_t n = recv(l->fd, f->in, READ_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        trouble(f, l, n == 0 ? "closed by the receiver" : strerror(errno));
        return;
    }
    struct slice input = slice_make(f->in, (size_t)n);
    enum hl7_frame_result r;
    while (l->state == OPEN &&
           (r = hl7_deframer_next(&l->deframer, &input, &frame)) != HL7_FRAME_MORE) {
        if (r == HL7_FRAME_WHOLE)
            answered(f, l, frame.bytes);
        else
            trouble(f, l, "an answer that is too long");
    }
}

/* ---- all of them ---- */

static bool due(const struct mllp_feed *f, const struct line *l)
{
    return l->partly || (l->sent < l->n && l->sent < f->options.window);
}

/* What is to be polled for; -1 as descriptor is passed over. */
static void prepare(struct mllp_feed *f, struct line *l, int64_t now, int64_t *wait_ms)
{
    struct pollfd *p = &f->polls[l->no];
    if (l->state == AWAY && l->n && now >= l->until)
        connect_line(f, l);
    if (l->state == OPEN)
        write_line(f, l);
    if (l->state != AWAY && (l->sent || l->state == CONNECTING) && now >= l->until)
        trouble(f, l, "no answer in time");
    *p = (struct pollfd){.fd = l->fd, .events = POLLIN};
    if (l->state == CONNECTING || (l->state == OPEN && due(f, l)))
        p->events |= POLLOUT;
    if (l->n && l->until - now < *wait_ms)
        *wait_ms = l->until > now ? l->until - now : 0;
}

void mllp_feed_turn(struct mllp_feed *f, int64_t wait_ms)
{
    int64_t now = clock_mono_ms();
    for (unsigned i = 0; i < f->options.connections; i++)
        prepare(f, &f->lines[i], now, &wait_ms);
    if (poll(f->polls, f->options.connections, (int)wait_ms) <= 0)
        return;
    for (unsigned i = 0; i < f->options.connections; i++) {
        struct line *l = &f->lines[i];
        short got = f->polls[i].revents;
        if (got && l->state == CONNECTING)
            connected(f, l);
        else if (got & (POLLIN | POLLHUP | POLLERR) && l->state == OPEN)
            read_line(f, l);
        if (l->state == OPEN)
            write_line(f, l);
    }
}

void mllp_feed_counts(const struct mllp_feed *f, struct feed_counts *ret)
{
    *ret = f->counts;
}

const char *mllp_feed_trouble(const struct mllp_feed *f)
{
    return f->trouble.text;
}
