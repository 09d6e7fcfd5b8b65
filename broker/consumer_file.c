#include "consumer_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "ndjson_file.h"

enum { BATCH_BYTES_MAX = 256 * 1024 * 1024 };

/* What one sync makes durable. */
struct batch {
    struct buf lines;
    void **tickets;
    unsigned n, cap;
};
struct consumer {
    struct consumer_options o;
    struct ndjson_file file; /* the thread's */
    struct batch batches[2];
    unsigned filling; /* which one send fills; the other is the thread's while busy */
    bool busy;        /* the loop's view */
    struct loop_fd *watch;
    int wake;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool given, done, stopping; /* under the lock */
    struct err err;
    int rc;
};

static void *run(void *arg)
{
    struct consumer *c = arg;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->given && !c->stopping)
            pthread_cond_wait(&c->work, &c->lock);
        if (!c->given)
            break;
        c->given = false;
        const struct batch *b = &c->batches[1 - c->filling];
        pthread_mutex_unlock(&c->lock);
        int rc = buf_ok(&b->lines)
                     ? ndjson_append(&c->file, buf_slice(&b->lines), &c->err)
                     : err_set(&c->err, ERR_NOMEM, "%s: no memory for a batch", c->file.path);
        pthread_mutex_lock(&c->lock);
        c->rc = rc;
        c->done = true;
        uint64_t one = 1;
        ssize_t n = write(c->wake, &one, sizeof(one));
        (void)n; /* an eventfd takes it */
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void file_flush(struct consumer *c)
{
    if (c->busy || !c->batches[c->filling].n)
        return;
    pthread_mutex_lock(&c->lock);
    c->filling = 1 - c->filling;
    c->given = true;
    c->busy = true;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
}

static void on_done(int fd, unsigned what, void *arg)
{
    struct consumer *c = arg;
    uint64_t n;
    (void)what;
    ssize_t got = read(fd, &n, sizeof(n));
    pthread_mutex_lock(&c->lock);
    bool done = got == sizeof(n) && c->done;
    c->done = false;
    int rc = c->rc;
    struct sched_verdict v = {rc < 0 ? SCHED_FAULT : SCHED_OK, -1, NULL};
    char reason[120] = "";
    if (rc < 0) {
        memccpy(reason, c->err.text, 0, sizeof(reason) - 1);
        v.reason = reason;
    }
    pthread_mutex_unlock(&c->lock);
    if (!done)
        return;
    struct batch *b = &c->batches[1 - c->filling];
    unsigned count = b->n;
    for (unsigned i = 0; i < count; i++)
        c->o.verdict(c->o.arg, b->tickets[i], &v);
    b->n = 0;
    buf_reset(&b->lines);
    c->busy = false;
    file_flush(c);
}

static unsigned file_in_flight(const struct site_consumer *conf)
{
    return (unsigned)conf->window;
}

static int make_batches(struct consumer *c, struct err *reterr)
{
    for (unsigned i = 0; i < 2; i++) {
        struct batch *b = &c->batches[i];
        buf_init(&b->lines, BATCH_BYTES_MAX);
        b->cap = file_in_flight(c->o.conf);
        b->tickets = malloc(b->cap * sizeof(*b->tickets));
        if (!b->tickets)
            return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    }
    return 0;
}

static int start(struct consumer *c, struct err *reterr)
{
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->wake < 0)
        return err_set(reterr, ERR_IO, "no eventfd: %s", strerror(errno));
    if (loop_fd_add(c->o.loop, c->wake, LOOP_READ, on_done, c, &c->watch, reterr) < 0)
        return -1;
    c->started = pthread_create(&c->thread, NULL, run, c) == 0;
    return c->started ? 0 : err_set(reterr, ERR_NOMEM, "no thread for a consumer");
}

static void file_close(struct consumer *c)
{
    if (!c)
        return;
    if (c->started) {
        pthread_mutex_lock(&c->lock);
        c->stopping = true;
        pthread_cond_signal(&c->work);
        pthread_mutex_unlock(&c->lock);
        pthread_join(c->thread, NULL);
    }
    loop_fd_remove(c->watch);
    if (c->wake >= 0)
        close(c->wake);
    ndjson_close(&c->file);
    for (unsigned i = 0; i < 2; i++) {
        buf_fini(&c->batches[i].lines);
        free(c->batches[i].tickets);
    }
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static int file_open(const struct consumer_options *o, struct consumer **ret, struct err *reterr)
{
    struct consumer *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    c->o = *o;
    c->wake = c->file.fd = -1;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    if (ndjson_open(&c->file, o->conf->file.path.p, o->conf->file.rotate_bytes, reterr) < 0 ||
        make_batches(c, reterr) < 0 || start(c, reterr) < 0) {
        file_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

static void file_send(struct consumer *c, const struct consumer_event *e, void *ticket)
{
    struct batch *b = &c->batches[c->filling];
    b->tickets[b->n++] = ticket;
    buf_put(&b->lines, e->json);
    buf_putc(&b->lines, '\n');
}

const struct consumer_kind consumer_file = {
    .name = "file",
    .open = file_open,
    .close = file_close,
    .in_flight = file_in_flight,
    .send = file_send,
    .flush = file_flush,
};
