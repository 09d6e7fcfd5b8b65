#include "stream_embedded_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "clock.h"
#include "stream_embedded_bell.h"
#include "stream_embedded_lock.h"
#include "stream_embedded_prune.h"
#include "stream_embedded_store.h"

/* A batch is bounded so that its first set does not wait for a long queue behind it. */
enum { BATCH_RECORDS = 4096, BATCH_BYTES = 16 << 20, PATH_BYTES = 4400 };

struct embedded_writer {
    /* the caller's thread */
    uint64_t queued_bytes, queue_bytes;
    uint32_t queued, queue_records;
    bool closing;
    /* shared */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct embedded_set_list waiting, done;
    bool stop;
    bool broken; /* a batch failed and the caller does not know yet: nothing is tried until then */
    struct err why;
    int event;
    /* the writer's thread */
    pthread_t thread;
    bool started;
    struct embedded_store *store;
    struct embedded_prune prune;
    struct embedded_tuning tuning;
    int lock_fd, bell;
    char dir[PATH_BYTES], name[STREAM_NAME_MAX + 1];
};

static struct embedded_set_list take_batch(struct embedded_writer *w)
{
    struct embedded_set_list batch = {NULL, NULL};
    uint64_t records = 0, bytes = 0;
    while (w->waiting.first && records < BATCH_RECORDS && bytes < BATCH_BYTES) {
        struct embedded_set *set = w->waiting.first;
        w->waiting.first = set->next;
        if (!set->next)
            w->waiting.last = NULL;
        records += set->nrecords + set->npositions;
        bytes += set->bytes;
        embedded_set_push(&batch, set);
    }
    return batch;
}

static int write_batch(struct embedded_writer *w, const struct embedded_set_list *batch,
                       struct err *reterr)
{
    int rc = embedded_store_begin(w->store, reterr);
    for (const struct embedded_set *set = batch->first; set && !rc; set = set->next)
        rc = embedded_store_add(w->store, set, reterr);
    if (!rc)
        rc = embedded_store_commit(w->store, reterr);
    if (rc)
        embedded_store_rollback(w->store);
    else
        embedded_bell_ring(w->bell);
    return rc;
}

static void fail_all(struct embedded_set_list *list)
{
    for (struct embedded_set *set = list->first; set; set = set->next)
        set->failed = true;
}

static void tell(struct embedded_writer *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->event, &one, sizeof(one));
    (void)n; /* full means that it is readable already */
}

/* With the lock held; gives it back while it writes. */
static void write_waiting(struct embedded_writer *w)
{
    struct embedded_set_list batch = take_batch(w);
    pthread_mutex_unlock(&w->lock);
    struct err e = {0};
    int rc = write_batch(w, &batch, &e);
    if (rc) {
        fail_all(&batch);
        embedded_prune_failed(&w->prune);
    }
    pthread_mutex_lock(&w->lock);
    embedded_set_move(&w->done, &batch);
    if (rc) {
        w->broken = true;
        w->why = e;
    }
    tell(w);
    pthread_mutex_unlock(&w->lock);
    embedded_store_checkpoint(w->store);
    if (embedded_prune_due(&w->prune, false) <= clock_mono_ms())
        embedded_prune_slice(&w->prune);
    pthread_mutex_lock(&w->lock);
}

static void wait_until(struct embedded_writer *w, int64_t mono_ms)
{
    if (mono_ms == INT64_MAX) {
        pthread_cond_wait(&w->wake, &w->lock);
        return;
    }
    struct timespec at = {.tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000};
    pthread_cond_timedwait(&w->wake, &w->lock, &at);
}

static void prune_idle(struct embedded_writer *w)
{
    pthread_mutex_unlock(&w->lock);
    embedded_prune_slice(&w->prune);
    embedded_store_checkpoint(w->store);
    pthread_mutex_lock(&w->lock);
}

static void *run(void *arg)
{
    struct embedded_writer *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        int64_t due = embedded_prune_due(&w->prune, true);
        if (w->waiting.first && !w->broken)
            write_waiting(w);
        else if (due <= clock_mono_ms())
            prune_idle(w);
        else
            wait_until(w, due);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static int path_of(const struct embedded_writer *w, const char *suffix, char path[PATH_BYTES],
                   struct err *reterr)
{
    int n = snprintf(path, PATH_BYTES, "%s/%s.%s", w->dir, w->name, suffix);
    if (n < 0 || n >= PATH_BYTES)
        return err_set(reterr, ERR_CONF, "the stream's directory has too long a name");
    return 0;
}

static int open_files(struct embedded_writer *w, struct err *reterr)
{
    char path[PATH_BYTES];
    if (path_of(w, "lock", path, reterr))
        return -1;
    w->lock_fd = embedded_lock_take(path, reterr);
    if (w->lock_fd < 0 || path_of(w, "db", path, reterr) ||
        embedded_store_open(path, &w->tuning, &w->store, reterr) ||
        path_of(w, "bell", path, reterr))
        return -1;
    /* After the tables: where the bell is new, its appearing tells readers that the file can be
     * read. */
    w->bell = embedded_bell_open(path, reterr);
    if (w->bell < 0)
        return -1;
    embedded_bell_ring(w->bell);
    return 0;
}

/* Signals are for the caller's thread. */
static int start_thread(struct embedded_writer *w, struct err *reterr)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->started = rc == 0;
    return rc ? err_set(reterr, ERR_NOMEM, "no thread for the stream: %s", strerror(rc)) : 0;
}

static struct embedded_writer *new_writer(const char *dir, const char *writer,
                                          const struct stream_options *o,
                                          const struct embedded_tuning *t)
{
    struct embedded_writer *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    w->lock_fd = w->bell = -1;
    w->queue_bytes = o->queue_bytes;
    w->queue_records = o->queue_records;
    w->tuning = *t;
    snprintf(w->dir, sizeof(w->dir), "%s", dir);
    snprintf(w->name, sizeof(w->name), "%s", writer);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return w;
}

int embedded_writer_open(const char *dir, const char *writer, const struct stream_options *o,
                         const struct embedded_tuning *t, struct embedded_writer **ret,
                         struct err *reterr)
{
    struct embedded_writer *w = new_writer(dir, writer, o, t);
    if (!w)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    int rc = w->event < 0 ? err_set(reterr, ERR_IO, "no descriptor for the stream") : 0;
    if (!rc)
        rc = open_files(w, reterr);
    if (!rc) {
        embedded_prune_init(&w->prune, w->store, &w->tuning, w->dir, w->name, o);
        rc = start_thread(w, reterr);
    }
    if (rc) {
        embedded_writer_close(w);
        return -1;
    }
    *ret = w;
    return 0;
}

static void drain(struct embedded_writer *w)
{
    struct pollfd p = {.fd = w->event, .events = POLLIN};
    w->closing = true;
    while (w->queued) {
        poll(&p, 1, -1);
        embedded_writer_dispatch(w);
    }
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void embedded_writer_close(struct embedded_writer *w)
{
    if (!w)
        return;
    if (w->started) {
        drain(w);
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    embedded_prune_fini(&w->prune);
    embedded_store_close(w->store);
    close_fd(w->bell);
    close_fd(w->event);
    close_fd(w->lock_fd); /* last: whoever takes the lock next finds the file closed */
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

int embedded_writer_fd(const struct embedded_writer *w)
{
    return w->event;
}

bool embedded_writer_put(struct embedded_writer *w, struct embedded_set *set)
{
    uint32_t count = set->nrecords + set->npositions;
    if (w->closing || count > w->queue_records - w->queued ||
        set->bytes > w->queue_bytes - w->queued_bytes)
        return false;
    w->queued += count;
    w->queued_bytes += set->bytes;
    pthread_mutex_lock(&w->lock);
    embedded_set_push(&w->waiting, set);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    return true;
}

void embedded_writer_dispatch(struct embedded_writer *w)
{
    uint64_t count;
    if (read(w->event, &count, sizeof(count)) < 0)
        return; /* nothing is due */
    pthread_mutex_lock(&w->lock);
    struct err why = w->why;
    if (w->broken) {
        fail_all(&w->waiting);
        embedded_set_move(&w->done, &w->waiting);
        w->broken = false;
        pthread_cond_signal(&w->wake);
    }
    struct embedded_set *due = w->done.first;
    w->done = (struct embedded_set_list){NULL, NULL};
    pthread_mutex_unlock(&w->lock);
    for (struct embedded_set *set = due, *next; set; set = next) {
        next = set->next;
        w->queued -= set->nrecords + set->npositions;
        w->queued_bytes -= set->bytes;
        if (set->done)
            set->done(set->arg, set->failed ? &why : NULL);
        free(set);
    }
}
