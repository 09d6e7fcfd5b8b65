#include "stream_kafka_push.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "stream_kafka_apart.h"
#include "stream_kafka_property.h"

/* librdkafka's threads see a flush only while it lasts; a group whose reports are back before that
 * ends it. */
enum { HOLD_MS = 1 };

struct kafka_push {
    rd_kafka_t *rk;
    pthread_t thread;
    sem_t given; /* a group */
    atomic_bool closing;
    struct kafka_apart apart;
};

bool kafka_push_wanted(const struct kafka_conf *c)
{
    return !kafka_conf_get(c, "linger.ms") && !kafka_conf_get(c, "queue.buffering.max.ms");
}

int kafka_push_settings(rd_kafka_conf_t *conf, struct err *reterr)
{
    return kafka_conf_set(conf, "linger.ms", "5", reterr);
}

static void *run(void *arg)
{
    struct kafka_push *p = arg;
    for (;;) {
        while (sem_wait(&p->given) != 0)
            ; /* a signal */
        if (atomic_load(&p->closing))
            return NULL;
        rd_kafka_flush(p->rk, HOLD_MS);
    }
}

static int start(struct kafka_push *p)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are for the caller's thread */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int rc = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void release(struct kafka_push *p)
{
    sem_destroy(&p->given);
    free(p);
}

int kafka_push_open(rd_kafka_t *rk, struct kafka_push **ret, struct err *reterr)
{
    struct kafka_push *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    p->rk = rk;
    kafka_apart_init(&p->apart);
    sem_init(&p->given, 0, 0);
    if (start(p) != 0) {
        release(p);
        return err_set(reterr, ERR_NOMEM, "no thread for a stream");
    }
    *ret = p;
    return 0;
}

void kafka_push_close(struct kafka_push *p)
{
    if (!p)
        return;
    atomic_store(&p->closing, true);
    sem_post(&p->given);
    pthread_join(p->thread, NULL);
    release(p);
}

void kafka_push_now(struct kafka_push *p)
{
    if (p)
        sem_post(&p->given);
}

void kafka_push_apart(struct kafka_push *p, int64_t now_ms)
{
    if (p)
        kafka_apart_mind(&p->apart, p->thread, now_ms);
}
