#include "stream_kafka_feed.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"

enum { QUIET_MS = 10000 };

int kafka_feed_open(struct kafka_feed *f, struct err *reterr)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->room, &monotonic);
    pthread_cond_init(&f->told, &monotonic);
    pthread_condattr_destroy(&monotonic);
    f->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (f->event >= 0)
        return 0;
    return err_set(reterr, ERR_IO, "no descriptor for a reader: %s", strerror(errno));
}

void kafka_feed_close(struct kafka_feed *f)
{
    kafka_feed_drop(f, NULL);
    pthread_cond_destroy(&f->told);
    pthread_cond_destroy(&f->room);
    pthread_mutex_destroy(&f->lock);
    if (f->event >= 0)
        close(f->event);
}

void kafka_feed_lock(struct kafka_feed *f)
{
    pthread_mutex_lock(&f->lock);
}

void kafka_feed_unlock(struct kafka_feed *f)
{
    pthread_mutex_unlock(&f->lock);
}

bool kafka_feed_wait(struct kafka_feed *f, pthread_cond_t *cond, int64_t until_ms)
{
    struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    return pthread_cond_timedwait(cond, &f->lock, &until) == 0;
}

void kafka_feed_ring(struct kafka_feed *f)
{
    uint64_t one = 1;
    if (!f->ringing)
        f->ringing = write(f->event, &one, sizeof(one)) > 0;
}

void kafka_feed_hush(struct kafka_feed *f)
{
    uint64_t count;
    if (f->ringing)
        f->ringing = read(f->event, &count, sizeof(count)) < 0;
}

bool kafka_feed_full(const struct kafka_feed *f)
{
    return f->n == KAFKA_FEED_ITEMS || f->bytes >= KAFKA_FEED_BYTES;
}

static uint64_t size_of(const struct kafka_item *i)
{
    return i->message ? i->message->len + i->message->key_len : 0;
}

static void push(struct kafka_feed *f, const struct kafka_item *i)
{
    f->items[(f->first + f->n++) % KAFKA_FEED_ITEMS] = *i;
    f->bytes += size_of(i);
    i->cursor->queued++;
    pthread_cond_signal(&f->told);
    kafka_feed_ring(f);
}

void kafka_feed_push(struct kafka_feed *f, struct kafka_cursor *c, rd_kafka_event_t *event,
                     const rd_kafka_message_t *m)
{
    struct kafka_mark mark = kafka_mark_of(m);
    c->next = m->offset + 1;
    kafka_marks_add(&c->marks, &mark);
    push(f, &(struct kafka_item){.cursor = c, .event = event, .message = m});
}

void kafka_feed_push_lost(struct kafka_feed *f, struct kafka_cursor *c, int64_t to, bool anew)
{
    push(f, &(struct kafka_item){.cursor = c, .from = c->next, .to = to, .anew = anew});
}

bool kafka_feed_pop(struct kafka_feed *f, struct kafka_item *ret)
{
    if (!f->n)
        return false;
    *ret = f->items[f->first];
    bool was_full = kafka_feed_full(f);
    f->first = (f->first + 1) % KAFKA_FEED_ITEMS;
    f->n--;
    f->bytes -= size_of(ret);
    ret->cursor->queued--;
    if (was_full || !f->n)
        pthread_cond_signal(&f->room);
    return true;
}

const struct kafka_item *kafka_feed_oldest(const struct kafka_feed *f, const struct kafka_cursor *c)
{
    for (unsigned i = 0; c->queued && i < f->n; i++) {
        const struct kafka_item *at = &f->items[(f->first + i) % KAFKA_FEED_ITEMS];
        if (at->cursor == c && at->message)
            return at;
    }
    return NULL;
}

void kafka_feed_drop(struct kafka_feed *f, const struct kafka_cursor *c)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < f->n; i++) {
        struct kafka_item *at = &f->items[(f->first + i) % KAFKA_FEED_ITEMS];
        if (c && at->cursor != c) {
            f->items[(f->first + kept++) % KAFKA_FEED_ITEMS] = *at;
            continue;
        }
        at->cursor->queued--;
        f->bytes -= size_of(at);
        if (at->event)
            rd_kafka_event_destroy(at->event);
    }
    f->n = kept;
    pthread_cond_signal(&f->room);
}

void kafka_feed_fail(struct kafka_feed *f, const struct err *e)
{
    int64_t now = clock_mono_ms();
    if (now < f->quiet_until_ms && strcmp(f->error.text, e->text) == 0)
        return;
    f->quiet_until_ms = now + QUIET_MS;
    f->error = *e;
    f->failed = true;
    kafka_feed_ring(f);
}
