#include "stream_kafka_lead.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "stream_kafka_elect.h"
#include "stream_kafka_txn.h"

/* A transaction is bounded so that its first set does not wait for a long queue behind it. */
enum { BATCH_RECORDS = 4096, BATCH_BYTES = 8 << 20, IDLE_MS = 500, RETRY_MS = 500 };

struct kafka_lead {
    struct kafka_stream *s;
    char group[STREAM_NAME_MAX + 1];
    /* the caller's thread */
    stream_lead_fn fn;
    void *arg;
    /* shared */
    pthread_mutex_t lock;
    struct kafka_sets waiting, done, failed;
    uint64_t term;        /* the worker's; 0 = it does not lead */
    uint64_t told;        /* the one that the caller knows; only its sets are taken */
    struct err ended;     /* why the last term did */
    struct err hindrance; /* why it cannot even try; ERR_NONE = the caller knows all */
    int64_t batch_ms;     /* since when the oldest set under way waits; INT64_MAX = none is */
    uint64_t ended_terms; /* each had a client */
    bool broken; /* a transaction failed and the caller does not know yet: none is begun until then
                  */
    struct err why;
    atomic_bool stop;
    /* the worker's thread */
    pthread_t thread;
    bool started;
    struct kafka_wake wake;
    struct kafka_elect elect;
    struct kafka_txn *txn;
    bool ready; /* init is done */
    uint64_t terms;
    int64_t retry_ms;
    struct err last; /* hindrance that was told */
};

/* Told once, not at each try. */
static void hinder(struct kafka_lead *l, struct err *why)
{
    kafka_trouble_name(&l->s->trouble, why);
    l->retry_ms = clock_mono_ms() + RETRY_MS;
    if (strcmp(why->text, l->last.text) == 0)
        return;
    l->last = *why;
    pthread_mutex_lock(&l->lock);
    l->hindrance = *why;
    pthread_mutex_unlock(&l->lock);
    kafka_wake_ring(&l->s->wake);
}

static void begin_term(struct kafka_lead *l)
{
    l->ready = true;
    l->last.text[0] = 0;
    pthread_mutex_lock(&l->lock);
    l->term = ++l->terms;
    pthread_mutex_unlock(&l->lock);
    kafka_wake_ring(&l->s->wake);
}

static void end_term(struct kafka_lead *l, const struct err *why)
{
    pthread_mutex_lock(&l->lock);
    if (l->term) {
        l->ended = *why;
        l->ended.retriable = true; /* whoever leads next may take the same sets */
    }
    l->term = 0;
    l->ended_terms += l->ready;
    pthread_mutex_unlock(&l->lock);
    kafka_wake_ring(&l->s->wake);
    kafka_txn_close(l->txn);
    l->txn = NULL;
    l->ready = false;
    l->retry_ms = clock_mono_ms() + RETRY_MS;
}

/* Fenced while the partition is still ours: the group has not heard of the other yet, or is about
 * to tell us. Whoever is fenced stands back and joins anew. */
static void stand_back(struct kafka_lead *l, const struct err *why)
{
    struct err e = *why;
    end_term(l, &e);
    kafka_elect_close(&l->elect);
}

static void poll_elect(struct kafka_lead *l)
{
    struct err e = {0};
    kafka_elect_poll(&l->elect, &l->s->trouble, &e);
    if (e.code)
        hinder(l, &e);
}

static void try_init(struct kafka_lead *l)
{
    struct err e = {0};
    if (!l->txn && kafka_txn_open(&l->s->conf, &l->s->trouble, l->group, &l->txn, &e)) {
        hinder(l, &e);
        return;
    }
    switch (kafka_txn_init(l->txn, &e)) {
    case KAFKA_TXN_DONE:
        poll_elect(l);
        if (l->elect.holds)
            begin_term(l);
        break;
    case KAFKA_TXN_AGAIN:
        break;
    case KAFKA_TXN_FAILED:
    case KAFKA_TXN_ENDED:
        end_term(l, &e);
        hinder(l, &e);
        break;
    }
}

static struct kafka_sets take_batch(struct kafka_lead *l)
{
    struct kafka_sets batch = {NULL, NULL};
    uint64_t records = 0, bytes = 0;
    pthread_mutex_lock(&l->lock);
    while (l->told == l->term && !l->broken && l->waiting.first && records < BATCH_RECORDS &&
           bytes < BATCH_BYTES) {
        struct kafka_set *set = kafka_sets_pop(&l->waiting);
        records += set->count;
        bytes += set->bytes;
        kafka_sets_push(&batch, set);
    }
    l->batch_ms = batch.first ? batch.first->since_ms : INT64_MAX;
    pthread_mutex_unlock(&l->lock);
    return batch;
}

static void give_back(struct kafka_lead *l, struct kafka_sets *batch, enum kafka_txn_result result,
                      const struct err *why)
{
    bool ok = result == KAFKA_TXN_DONE;
    pthread_mutex_lock(&l->lock);
    kafka_sets_move(ok ? &l->done : &l->failed, batch);
    l->batch_ms = INT64_MAX;
    if (!ok) {
        l->broken = true;
        l->why = *why;
        kafka_trouble_name(&l->s->trouble, &l->why);
    }
    if (result == KAFKA_TXN_ENDED) { /* with its sets, so that the caller hears it first */
        l->ended = *why;
        l->ended.retriable = true;
        l->term = 0;
    }
    pthread_mutex_unlock(&l->lock);
    kafka_wake_ring(&l->s->wake);
}

/* True when there was one. */
static bool run_batch(struct kafka_lead *l)
{
    struct err e = {0};
    struct kafka_sets batch = take_batch(l);
    if (!batch.first)
        return false;
    enum kafka_txn_result result =
        kafka_txn_run(l->txn, batch.first, batch.first->until_ms, &l->stop, &e);
    give_back(l, &batch, result, &e);
    if (result == KAFKA_TXN_ENDED)
        stand_back(l, &e);
    return true;
}

static void open_elect(struct kafka_lead *l)
{
    struct err e;
    if (kafka_elect_open(&l->elect, &l->s->conf, l->group, &l->wake, &e))
        hinder(l, &e);
}

static void step(struct kafka_lead *l)
{
    struct err moved;
    kafka_wake_clear(&l->wake);
    if (!l->elect.rk && clock_mono_ms() >= l->retry_ms)
        open_elect(l);
    if (l->elect.rk)
        poll_elect(l);
    if (l->txn && !l->elect.holds) {
        err_fill(&moved, ERR_REFUSED, "group %s: another process took over, or Kafka was away",
                 l->group);
        end_term(l, &moved);
    }
    if (l->elect.lost)
        kafka_elect_close(&l->elect);
    if (l->elect.holds && !l->ready && clock_mono_ms() >= l->retry_ms)
        try_init(l);
    while (l->ready && l->elect.holds && !atomic_load(&l->stop) && run_batch(l))
        if (l->elect.rk)
            poll_elect(l);
}

static void *run(void *arg)
{
    struct kafka_lead *l = arg;
    struct pollfd p = {.fd = l->wake.fd, .events = POLLIN};
    while (!atomic_load(&l->stop)) {
        step(l);
        bool trying = l->elect.holds && l->txn && !l->ready;
        if (!trying)
            poll(&p, 1, IDLE_MS);
    }
    return NULL;
}

/* Signals are for the caller's thread. */
static int start_thread(struct kafka_lead *l, struct err *reterr)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int rc = pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    l->started = rc == 0;
    return rc ? err_set(reterr, ERR_NOMEM, "no thread for the stream: %s", strerror(rc)) : 0;
}

int kafka_lead_open(struct kafka_stream *s, struct slice group, stream_lead_fn fn, void *arg,
                    struct kafka_lead **ret, struct err *reterr)
{
    struct kafka_lead *l = calloc(1, sizeof(*l));
    if (!l)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    l->s = s;
    l->fn = fn;
    l->arg = arg;
    snprintf(l->group, sizeof(l->group), "%.*s", SLICE_ARG(group));
    pthread_mutex_init(&l->lock, NULL);
    atomic_init(&l->stop, false);
    l->batch_ms = INT64_MAX;
    l->wake.fd = l->wake.event = l->wake.timer = -1;
    struct kafka_txn *probe;
    int rc = kafka_txn_open(&s->conf, &s->trouble, l->group, &probe, reterr);
    if (!rc)
        kafka_txn_close(probe); /* only its settings were to be seen */
    if (rc || kafka_wake_open(&l->wake, reterr) || start_thread(l, reterr)) {
        kafka_lead_close(l);
        return -1;
    }
    *ret = l;
    return 0;
}

void kafka_lead_stop(struct kafka_lead *l)
{
    if (!l->started)
        return;
    atomic_store(&l->stop, true);
    kafka_wake_ring(&l->wake);
    pthread_join(l->thread, NULL);
    l->started = false;
    struct err e;
    err_fill(&e, ERR_REFUSED, "group %s: the stream closes", l->group);
    end_term(l, &e);
    kafka_elect_close(&l->elect);
}

void kafka_lead_close(struct kafka_lead *l)
{
    if (!l)
        return;
    kafka_wake_close(&l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

bool kafka_lead_owns(const struct kafka_lead *l, const struct stream_position *positions,
                     unsigned n)
{
    for (unsigned i = 0; l && i < n; i++)
        if (slice_eq_str(positions[i].group, l->group))
            return true;
    return false;
}

bool kafka_lead_put(struct kafka_lead *l, struct kafka_set *set, struct err *reterr)
{
    pthread_mutex_lock(&l->lock);
    bool leads = l->told != 0;
    if (leads)
        kafka_sets_push(&l->waiting, set);
    pthread_mutex_unlock(&l->lock);
    if (leads)
        kafka_wake_ring(&l->wake);
    else
        err_fill(reterr, ERR_REFUSED, "this process does not lead the group %s", l->group);
    return leads;
}

static void answer_all(struct kafka_lead *l, struct kafka_sets *sets, const struct err *why)
{
    for (struct kafka_set *set; (set = kafka_sets_pop(sets));)
        kafka_stream_answer(l->s, set, why);
}

/* What the worker has left for the caller. */
struct news {
    struct kafka_sets done, failed;
    struct err why;
    struct err hindrance;
    bool ended;
    uint64_t begun; /* a new term, or 0 */
};

static void take_news(struct kafka_lead *l, struct news *n)
{
    *n = (struct news){0};
    pthread_mutex_lock(&l->lock);
    kafka_sets_move(&n->done, &l->done);
    kafka_sets_move(&n->failed, &l->failed);
    n->ended = l->told && l->told != l->term;
    n->why = n->ended ? l->ended : l->why;
    if (l->broken || n->ended)
        kafka_sets_move(&n->failed, &l->waiting);
    l->broken = false;
    n->hindrance = l->hindrance;
    l->hindrance.code = ERR_NONE;
    n->begun = l->term != l->told ? l->term : 0;
    if (n->ended)
        l->told = 0;
    pthread_mutex_unlock(&l->lock);
}

static void tell(struct kafka_lead *l, bool leads, const struct err *why)
{
    if (!l->s->closing)
        l->fn(l->arg, leads, why);
}

void kafka_lead_dispatch(struct kafka_lead *l)
{
    struct news n;
    take_news(l, &n);
    answer_all(l, &n.done, NULL);
    if (n.ended)
        tell(l, false, &n.why);
    answer_all(l, &n.failed, &n.why);
    if (n.hindrance.code && !l->told)
        tell(l, false, &n.hindrance);
    if (!n.begun)
        return;
    pthread_mutex_lock(&l->lock);
    bool leads = l->term == n.begun;
    if (leads)
        l->told = n.begun;
    pthread_mutex_unlock(&l->lock);
    if (leads)
        tell(l, true, NULL);
    kafka_wake_ring(&l->wake);
}

int64_t kafka_lead_since(struct kafka_lead *l)
{
    pthread_mutex_lock(&l->lock);
    int64_t since = l->batch_ms;
    if (l->waiting.first && l->waiting.first->since_ms < since)
        since = l->waiting.first->since_ms;
    pthread_mutex_unlock(&l->lock);
    return since;
}

uint64_t kafka_lead_replaced(struct kafka_lead *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t n = l->ended_terms;
    pthread_mutex_unlock(&l->lock);
    return n;
}

rd_kafka_t *kafka_lead_client(struct kafka_lead *l)
{
    pthread_mutex_lock(&l->lock);
    rd_kafka_t *rk = l->term ? kafka_txn_client(l->txn) : NULL;
    pthread_mutex_unlock(&l->lock);
    return rk;
}

bool kafka_leads(const struct kafka_stream *s, struct slice group)
{
    return s->lead && slice_eq_str(group, s->lead->group);
}
