#include "dial_name.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct dial_name {
    pthread_mutex_t lock;
    unsigned holders; /* under the lock, as what follows */
    int fd, rc;
    struct addrinfo *found;
    char port[8];
    char host[];
};

void dial_name_drop(struct dial_name *n)
{
    if (!n)
        return;
    pthread_mutex_lock(&n->lock);
    bool last = --n->holders == 0;
    pthread_mutex_unlock(&n->lock);
    if (!last)
        return;
    if (n->found)
        freeaddrinfo(n->found);
    close(n->fd);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

static int look_up(struct dial_name *n, int flags)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(n->host, n->port, &hints, &found);
    pthread_mutex_lock(&n->lock);
    n->rc = rc;
    n->found = rc == 0 ? found : NULL;
    pthread_mutex_unlock(&n->lock);
    return rc;
}

static void over(struct dial_name *n)
{
    uint64_t one = 1;
    ssize_t w = write(n->fd, &one, sizeof(one));
    (void)w; /* an eventfd takes it */
}

static void *run(void *arg)
{
    struct dial_name *n = arg;
    (void)look_up(n, AI_ADDRCONFIG);
    over(n);
    dial_name_drop(n);
    return NULL;
}

static int start_thread(struct dial_name *n, struct err *reterr)
{
    pthread_attr_t attr;
    pthread_t thread;
    n->holders++;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, run, n);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return 0;
    n->holders--;
    return err_set(reterr, ERR_NOMEM, "no thread to look up a name: %s", strerror(rc));
}

int dial_name_start(const char *host, uint16_t port, struct dial_name **ret, struct err *reterr)
{
    size_t size = strlen(host) + 1;
    struct dial_name *n = calloc(1, sizeof(*n) + size);
    if (!n)
        return err_set(reterr, ERR_NOMEM, "no memory to look up a name");
    memcpy(n->host, host, size);
    snprintf(n->port, sizeof(n->port), "%u", port);
    pthread_mutex_init(&n->lock, NULL);
    n->holders = 1;
    n->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n->fd < 0) {
        err_set(reterr, ERR_IO, "no eventfd: %s", strerror(errno));
        dial_name_drop(n);
        return -1;
    }
    /* What is an address already takes no thread. */
    if (look_up(n, AI_NUMERICHOST) == 0)
        over(n);
    else if (start_thread(n, reterr) < 0) {
        dial_name_drop(n);
        return -1;
    }
    *ret = n;
    return 0;
}

int dial_name_fd(const struct dial_name *n)
{
    return n->fd;
}

const struct addrinfo *dial_name_result(struct dial_name *n, const char **ret_why)
{
    pthread_mutex_lock(&n->lock);
    const struct addrinfo *found = n->found;
    *ret_why = n->rc == 0 ? "the name has no address" : gai_strerror(n->rc);
    pthread_mutex_unlock(&n->lock);
    return found;
}
