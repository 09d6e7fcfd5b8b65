#include "limit_mllp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { IN_BYTES = 64 << 10, ACKS = 64 };

struct limit_conn {
    struct limit *limit;
    struct event *event;
    int fd;
    unsigned under_way; /* messages of it that wait for their answer */
    bool gone;
    size_t n;
    char in[IN_BYTES];
};

void limit_must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

/* MSH-10: the field behind the ninth separator. */
static void copy_id(struct limit_job *j)
{
    const char *p = j->bytes, *end = p + j->n;
    for (int field = 0; field < 9 && p; field++) {
        p = memchr(p, '|', (size_t)(end - p));
        if (p)
            p++;
    }
    const char *stop = p ? memchr(p, '|', (size_t)(end - p)) : NULL;
    size_t n = stop ? (size_t)(stop - p) : 0;
    if (n < LIMIT_IDS && n)
        memcpy(j->id, p, n);
}

static void take_message(struct limit_conn *c, const char *p, size_t n)
{
    struct limit_job *j = malloc(sizeof(*j) + n);
    limit_must(j != NULL, "memory");
    *j = (struct limit_job){.conn = c, .n = n};
    memcpy(j->bytes, p, n);
    copy_id(j);
    c->under_way++;
    c->limit->take(c->limit, j);
}

static void take_frames(struct limit_conn *c)
{
    char *from = c->in, *end = c->in + c->n, *stop;
    while (from < end && (stop = memchr(from, 0x1c, (size_t)(end - from))) && stop + 1 < end) {
        take_message(c, from + 1, (size_t)(stop - from) - 1);
        from = stop + 2;
    }
    c->n = (size_t)(end - from);
    memmove(c->in, from, c->n);
}

static void end_conn(struct limit_conn *c)
{
    if (!c->gone) {
        event_free(c->event);
        close(c->fd);
    }
    c->gone = true;
    if (!c->under_way)
        free(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct limit_conn *c = arg;
    ssize_t n = read(fd, c->in + c->n, sizeof(c->in) - c->n);
    if (n > 0) {
        c->n += (size_t)n;
        take_frames(c);
    } else {
        end_conn(c);
    }
}

static void on_connect(evutil_socket_t listener, short what, void *arg)
{
    (void)what;
    struct limit *l = arg;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct limit_conn *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
    if (!c)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->limit = l;
    c->fd = fd;
    c->event = event_new(l->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_add(c->event, NULL);
}

static void answer(struct limit_conn *c, struct iovec *v, int n)
{
    if (!c->gone && n)
        limit_must(writev(c->fd, v, n) > 0, "writev");
    if (c->gone && !c->under_way)
        free(c);
}

void limit_answer(struct limit_job *j)
{
    char text[ACKS][160];
    struct iovec v[ACKS];
    int n = 0;
    for (struct limit_job *next; j; j = next) {
        next = j->next;
        struct limit_conn *c = j->conn;
        int size =
            snprintf(text[n], sizeof(text[n]),
                     "\vMSH|^~\\&|||||20260101||ACK|%s|P|2.5\rMSA|AA|%s\r\x1c\r", j->id, j->id);
        v[n].iov_base = text[n];
        v[n++].iov_len = (size_t)size;
        c->under_way--;
        free(j);
        if (!next || next->conn != c || n == ACKS) {
            answer(c, v, n);
            n = 0;
        }
    }
}

static void listen_on(struct limit *l, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof(a);
    int on = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(l->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    limit_must(l->listener >= 0 && bind(l->listener, (struct sockaddr *)&a, size) == 0 &&
                   listen(l->listener, 1024) == 0 &&
                   getsockname(l->listener, (struct sockaddr *)&a, &size) == 0,
               "listen");
    printf("port %d\n", ntohs(a.sin_port));
    fflush(stdout);
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_base_loopbreak(arg);
}

const char *limit_open(struct limit *l, const char *name, int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'}, {"event", required_argument, NULL, 'e'}, {0}};
    int port = 0, c;
    l->event_bytes = 2000;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (c == 'p')
            port = atoi(optarg);
        else if (c == 'e')
            l->event_bytes = atoi(optarg);
        else
            exit(64);
    if (optind != argc - 1 || l->event_bytes < 1) {
        fprintf(stderr, "usage: %s PLACE [--port N] [--event BYTES]\n", name);
        exit(64);
    }
    signal(SIGPIPE, SIG_IGN);
    l->event = malloc((size_t)l->event_bytes);
    limit_must(l->event != NULL, "memory");
    memset(l->event, 'e', (size_t)l->event_bytes);
    l->base = event_base_new();
    listen_on(l, port);
    return argv[optind];
}

void limit_run(struct limit *l)
{
    event_add(event_new(l->base, l->listener, EV_READ | EV_PERSIST, on_connect, l), NULL);
    event_add(evsignal_new(l->base, SIGTERM, on_term, l->base), NULL);
    event_base_dispatch(l->base);
}
