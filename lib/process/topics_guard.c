#include "topics_guard.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "num.h"
#include "proc_stream.h"
#include "topics_compare.h"

enum {
    MEMORY = 64 << 20,
    ASK_MS = 1000,
    PAUSE_LEAST_MS = 500,
    PAUSE_MOST_MS = 30 * 1000,
};

struct topics_guard {
    struct stream_admin *admin;
    struct arena arena, answer;
    struct stream_topic *topics;
    unsigned n;
    bool allow_unsafe;
    uint64_t record_max;
    int answered, stop; /* eventfd */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* of the two below */
    enum topics_verdict verdict;
    struct err why;
};

/* UINT64_MAX where the nodes do not tell. */
static uint64_t setting(const struct stream_topic *t, const char *name)
{
    uint64_t n = UINT64_MAX;
    struct slice value = topics_setting(t, name);
    return slice_present(value) && num_u64(value, &n) ? n : UINT64_MAX;
}

static int judge_one(const struct topics_guard *g, const struct stream_topic *t, struct err *reterr)
{
    const struct stream_promise p = {.topic = t->name,
                                     .message_max = setting(t, "max.message.bytes"),
                                     .in_sync = setting(t, "min.insync.replicas"),
                                     .record_max = g->record_max,
                                     .allow_unsafe = g->allow_unsafe};
    return stream_admin_promises(&p, reterr);
}

/* A topic that is missing is told, and made while we run. */
static enum topics_verdict judge(const struct topics_guard *g, struct err *why)
{
    const struct stream_topic *missing = NULL;
    for (unsigned i = 0; i < g->n; i++) {
        if (!g->topics[i].exists)
            missing = missing ? missing : &g->topics[i];
        else if (judge_one(g, &g->topics[i], why) < 0)
            return TOPICS_REFUSED;
    }
    if (missing)
        err_fill(why, ERR_PEER,
                 "topic %.*s is missing, or not this user's to see; make it ('weir "
                 "topics create')",
                 SLICE_ARG(missing->name));
    return TOPICS_FINE;
}

static bool ask(struct topics_guard *g)
{
    struct err why = {0};
    enum topics_verdict verdict = TOPICS_UNKNOWN;
    arena_reset(&g->answer);
    if (stream_admin_describe(g->admin, g->topics, g->n, &g->answer, &why) == 0)
        verdict = judge(g, &why);
    pthread_mutex_lock(&g->lock);
    g->verdict = verdict;
    g->why = why;
    pthread_mutex_unlock(&g->lock);
    return verdict != TOPICS_UNKNOWN;
}

static void *run(void *arg)
{
    struct topics_guard *g = arg;
    struct pollfd stop = {.fd = g->stop, .events = POLLIN};
    int pause = PAUSE_LEAST_MS;
    while (!ask(g)) {
        if (poll(&stop, 1, pause) > 0)
            return NULL;
        pause = pause * 2 < PAUSE_MOST_MS ? pause * 2 : PAUSE_MOST_MS;
    }
    eventfd_write(g->answered, 1);
    return NULL;
}

static int start(struct topics_guard *g, struct err *reterr)
{
    g->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (g->answered < 0 || g->stop < 0)
        return err_set(reterr, ERR_IO, "eventfd: %s", strerror(errno));
    g->running = pthread_create(&g->thread, NULL, run, g) == 0;
    return g->running ? 0 : err_set(reterr, ERR_NOMEM, "no thread to ask Kafka's nodes");
}

int topics_guard_open(const struct site *site, enum site_user user, const char *name,
                      struct topics_guard **ret, struct err *reterr)
{
    struct stream_options so;
    struct topics_guard *g = calloc(1, sizeof(*g));
    if (!g)
        return err_set(reterr, ERR_NOMEM, "no memory to look at topics");
    g->answered = g->stop = -1;
    g->allow_unsafe = site->stream.kafka.allow_unsafe;
    g->record_max = site->stream.record_max;
    pthread_mutex_init(&g->lock, NULL);
    arena_init(&g->arena, MEMORY);
    arena_init(&g->answer, MEMORY);
    if (proc_stream_options(site, user, name, &so, reterr) < 0 ||
        topics_written(site, user, &g->arena, &g->topics, &g->n, reterr) < 0 ||
        stream_admin_open(&so, ASK_MS, &g->admin, reterr) < 0 || start(g, reterr) < 0) {
        topics_guard_close(g);
        return -1;
    }
    *ret = g;
    return 0;
}

void topics_guard_close(struct topics_guard *g)
{
    if (!g)
        return;
    if (g->running) {
        eventfd_write(g->stop, 1);
        pthread_join(g->thread, NULL);
    }
    stream_admin_close(g->admin);
    arena_fini(&g->arena);
    arena_fini(&g->answer);
    pthread_mutex_destroy(&g->lock);
    if (g->answered >= 0)
        close(g->answered);
    if (g->stop >= 0)
        close(g->stop);
    free(g);
}

int topics_guard_fd(const struct topics_guard *g)
{
    return g->answered;
}

enum topics_verdict topics_guard_verdict(struct topics_guard *g, struct err *ret_why)
{
    pthread_mutex_lock(&g->lock);
    enum topics_verdict verdict = g->verdict;
    *ret_why = g->why;
    pthread_mutex_unlock(&g->lock);
    return verdict;
}
