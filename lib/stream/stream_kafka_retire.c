#include "stream_kafka_retire.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* Shared by the thread and whoever waits; the last of them frees it. */
struct retired {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    rd_kafka_t *rk;
    void (*fn)(void *arg);
    void *arg;
    bool done, left;
};

static void free_retired(struct retired *r)
{
    pthread_cond_destroy(&r->ended);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void destroy_client(rd_kafka_t *rk)
{
    if (rd_kafka_type(rk) == RD_KAFKA_PRODUCER)
        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                               RD_KAFKA_PURGE_F_NON_BLOCKING);
    else
        rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static void *run(void *arg)
{
    struct retired *r = arg;
    destroy_client(r->rk);
    r->fn(r->arg);
    pthread_mutex_lock(&r->lock);
    r->done = true;
    bool last = r->left;
    pthread_cond_signal(&r->ended);
    pthread_mutex_unlock(&r->lock);
    if (last)
        free_retired(r);
    return NULL;
}

static struct retired *new_retired(rd_kafka_t *rk, void (*fn)(void *arg), void *arg)
{
    struct retired *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->rk = rk;
    r->fn = fn;
    r->arg = arg;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return r;
}

static bool start(struct retired *r)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all); /* signals are for the caller's thread */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool ok = pthread_create(&thread, NULL, run, r) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok)
        pthread_detach(thread);
    return ok;
}

static void wait_for(struct retired *r, int wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&r->lock);
    while (!r->done && pthread_cond_timedwait(&r->ended, &r->lock, &until) == 0)
        ;
    bool last = r->done;
    r->left = true;
    pthread_mutex_unlock(&r->lock);
    if (last)
        free_retired(r);
}

static void nothing(void *arg)
{
    (void)arg;
}

void kafka_retire(rd_kafka_t *rk, int wait_ms)
{
    kafka_retire_with(rk, wait_ms, nothing, NULL);
}

void kafka_retire_with(rd_kafka_t *rk, int wait_ms, void (*fn)(void *arg), void *arg)
{
    if (!rk)
        return;
    struct retired *r = new_retired(rk, fn, arg);
    if (r && start(r)) {
        wait_for(r, wait_ms);
        return;
    }
    if (r)
        free_retired(r);
    destroy_client(rk);
    fn(arg);
}
