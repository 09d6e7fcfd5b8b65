#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dict.h"
#include "tcp_tune.h"

enum { BACKLOG = 511, ACCEPTS_PER_TURN = 64, PEERS_MAX = 65536 };

struct listener {
    int fd, reserve;
    struct loop_fd *watch;
    struct listen_hooks hooks;
    void *arg;
    struct address at;
    struct address_net allow[LISTEN_ALLOW_MAX];
    unsigned nallow, max, per_peer, connections;
    struct dict peers; /* address without port -> connections */
};

const char *listen_refusal_name(enum listen_refusal r)
{
    static const char *const names[] = {"not_allowed", "too_many", "too_many_of_peer",
                                        "no_descriptor"};
    return names[r];
}

static int spare_fd(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool allowed(const struct listener *s, const struct address *peer)
{
    for (unsigned i = 0; i < s->nallow; i++)
        if (address_net_has(&s->allow[i], peer))
            return true;
    return s->nallow == 0 && address_is_loopback(peer);
}

static struct slice peer_key(const struct address *peer)
{
    return slice_make((const char *)peer->ip, sizeof(peer->ip));
}

/* A place for this peer, or why there is none. */
static bool take_place(struct listener *s, const struct address *peer, enum listen_refusal *why)
{
    *why = LISTEN_NOT_ALLOWED;
    if (!allowed(s, peer))
        return false;
    *why = LISTEN_TOO_MANY;
    if (s->max && s->connections >= s->max)
        return false;
    uint64_t *n = dict_put(&s->peers, peer_key(peer), NULL);
    *why = LISTEN_PEER_TOO_MANY;
    if (!n || (s->per_peer && *n >= s->per_peer))
        return false;
    ++*n;
    s->connections++;
    return true;
}

void listener_release(struct listener *s, const struct address *peer)
{
    uint64_t *n = dict_get(&s->peers, peer_key(peer));
    if (!n)
        return;
    s->connections--;
    if (--*n == 0)
        dict_delete(&s->peers, peer_key(peer));
}

static int accept_one(struct listener *s, struct address *peer)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof(ss);
    int fd = accept4(s->fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 && !address_from((const struct sockaddr *)&ss, peer))
        *peer = (struct address){.port = 0};
    return fd;
}

/* Out of descriptors: the caller at the head of the queue is turned away with the reserve one, else
 * the socket would stay readable and the loop would spin. */
static void turn_away(struct listener *s)
{
    struct address peer = {.port = 0};
    if (s->reserve >= 0)
        close(s->reserve);
    int fd = accept_one(s, &peer);
    if (fd >= 0)
        close(fd);
    s->reserve = spare_fd();
    s->hooks.refused(LISTEN_NO_FD, &peer, s->arg);
}

static void on_readable(int listen_fd, unsigned what, void *arg)
{
    (void)listen_fd;
    (void)what;
    struct listener *s = arg;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct address peer;
        int fd = accept_one(s, &peer);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            turn_away(s);
        if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
            return;
        if (fd < 0)
            continue;
        enum listen_refusal why;
        if (take_place(s, &peer, &why)) {
            tcp_tune(fd);
            s->hooks.accepted(fd, &peer, s->arg);
        } else {
            close(fd);
            s->hooks.refused(why, &peer, s->arg);
        }
    }
}

static int bind_socket(struct listener *s, const struct listen_options *o, struct err *reterr)
{
    char text[ADDRESS_TEXT];
    struct sockaddr_storage ss;
    const struct address *at = &o->at;
    socklen_t n = address_to(at, &ss);
    int on = 1;
    s->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd >= 0) {
        setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (o->shared)
            setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
        if (ss.ss_family == AF_INET6)
            setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&ss, n) != 0 ||
        listen(s->fd, BACKLOG) != 0)
        return err_set(reterr, ERR_IO, "cannot listen on %s: %s", address_text(at, text).p,
                       strerror(errno));
    n = sizeof(ss);
    if (getsockname(s->fd, (struct sockaddr *)&ss, &n) != 0 ||
        !address_from((const struct sockaddr *)&ss, &s->at))
        return err_set(reterr, ERR_IO, "cannot tell the port of %s", address_text(at, text).p);
    return 0;
}

int listener_rules(struct listener *s, const struct listen_options *o)
{
    if (o->nallow > LISTEN_ALLOW_MAX)
        return -1;
    for (unsigned i = 0; i < o->nallow; i++)
        s->allow[i] = o->allow[i];
    s->nallow = o->nallow;
    s->max = o->max;
    s->per_peer = o->per_peer;
    return 0;
}

void listener_replace(struct listener *to, struct listener *from)
{
    struct dict none = to->peers;
    to->peers = from->peers;
    from->peers = none;
    to->connections = from->connections;
    listener_close(from);
}

int listener_open(struct loop *l, const struct listen_options *o, const struct listen_hooks *hooks,
                  void *arg, struct listener **ret, struct err *reterr)
{
    struct listener *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a listener");
    s->fd = -1;
    s->hooks = *hooks;
    s->arg = arg;
    s->reserve = spare_fd();
    dict_init(&s->peers, PEERS_MAX);
    if (listener_rules(s, o) < 0) {
        listener_close(s);
        return err_set(reterr, ERR_LIMIT, "more than %d entries in allow", LISTEN_ALLOW_MAX);
    }
    if (bind_socket(s, o, reterr) != 0 ||
        loop_fd_add(l, s->fd, LOOP_READ, on_readable, s, &s->watch, reterr) != 0) {
        listener_close(s);
        return -1;
    }
    *ret = s;
    return 0;
}

void listener_close(struct listener *s)
{
    if (!s)
        return;
    loop_fd_remove(s->watch);
    if (s->fd >= 0)
        close(s->fd);
    if (s->reserve >= 0)
        close(s->reserve);
    dict_fini(&s->peers);
    free(s);
}

const struct address *listener_address(const struct listener *s)
{
    return &s->at;
}

unsigned listener_connections(const struct listener *s)
{
    return s->connections;
}
