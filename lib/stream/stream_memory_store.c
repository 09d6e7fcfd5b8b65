#include "stream_memory_store.h"

#include <stdlib.h>
#include "stream_engine.h"
#include "stream_headers.h"
#include "stream_set.h"

/* Handles of one process meet by name, so the list of stores has to be the process's. */
static pthread_mutex_t stores_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mem_store *stores;

static void copy_name(char out[STREAM_NAME_MAX + 1], struct slice s)
{
    if (s.n)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
}

static struct mem_store *new_store(struct slice name)
{
    struct mem_store *store = calloc(1, sizeof(*store) + name.n + 1);
    if (!store)
        return NULL;
    memcpy(store->name, name.p, name.n);
    pthread_mutex_init(&store->lock, NULL);
    store->next = stores;
    stores = store;
    return store;
}

struct mem_store *mem_store_get(struct slice name)
{
    pthread_mutex_lock(&stores_lock);
    struct mem_store *store = stores;
    while (store && !slice_eq_str(name, store->name))
        store = store->next;
    if (!store)
        store = new_store(name);
    if (store)
        store->refs++;
    pthread_mutex_unlock(&stores_lock);
    return store;
}

static void free_log(struct mem_log *log)
{
    for (int64_t at = log->first; at < log->end; at++)
        free(log->records[log->head + (size_t)(at - log->first)]);
    free(log->records);
    free(log);
}

static void free_store(struct mem_store *store)
{
    for (struct mem_log *log = store->logs, *next; log; log = next) {
        next = log->next;
        free_log(log);
    }
    for (struct mem_position *p = store->positions, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    pthread_mutex_destroy(&store->lock);
    free(store);
}

void mem_store_put(struct mem_store *store)
{
    pthread_mutex_lock(&stores_lock);
    bool last = --store->refs == 0;
    if (last) {
        struct mem_store **at = &stores;
        while (*at != store)
            at = &(*at)->next;
        *at = store->next;
    }
    pthread_mutex_unlock(&stores_lock);
    if (last)
        free_store(store);
}

struct mem_log *mem_log_find(struct mem_store *store, struct slice topic, struct slice partition,
                             bool create)
{
    struct mem_log **at = &store->logs;
    for (; *at; at = &(*at)->next)
        if (slice_eq_str(topic, (*at)->topic) && slice_eq_str(partition, (*at)->partition))
            return *at;
    struct mem_log *log = create ? calloc(1, sizeof(*log)) : NULL;
    if (!log)
        return NULL;
    copy_name(log->topic, topic);
    copy_name(log->partition, partition);
    *at = log;
    return log;
}

const struct mem_record *mem_log_at(const struct mem_log *log, int64_t offset)
{
    if (offset < log->first || offset >= log->end)
        return NULL;
    return log->records[log->head + (size_t)(offset - log->first)];
}

struct mem_record *mem_record_new(const struct stream_record *r, int64_t time_ms)
{
    size_t headers = stream_headers_size(r->headers, r->nheaders);
    struct mem_record *m = malloc(sizeof(*m) + r->key.n + headers + r->value.n + 1);
    if (!m)
        return NULL;
    m->time_ms = time_ms;
    m->size = stream_record_size(r);
    char *at = m->bytes;
    m->key = stream_set_text(&at, r->key);
    stream_headers_write(r->headers, r->nheaders, at);
    m->headers = slice_make(at, headers);
    at += headers;
    m->value = stream_set_text(&at, r->value);
    return m;
}

bool mem_log_reserve(struct mem_log *log, size_t n)
{
    size_t count = (size_t)(log->end - log->first);
    if (log->head + count + n <= log->cap)
        return true;
    size_t cap = 2 * (count + n);
    struct mem_record **records = malloc(cap * sizeof(struct mem_record *));
    if (!records)
        return false;
    if (count)
        memcpy(records, log->records + log->head, count * sizeof(struct mem_record *));
    free(log->records);
    log->records = records;
    log->cap = cap;
    log->head = 0;
    return true;
}

void mem_log_push(struct mem_log *log, struct mem_record *r)
{
    log->records[log->head + (size_t)(log->end++ - log->first)] = r;
    log->bytes += r->size;
}

struct mem_position *mem_position_find(struct mem_store *store, struct slice group,
                                       struct slice topic, struct slice partition)
{
    struct mem_position *p = store->positions;
    while (p && !(slice_eq_str(group, p->group) && slice_eq_str(topic, p->topic) &&
                  slice_eq_str(partition, p->partition)))
        p = p->next;
    return p;
}

bool mem_position_set(struct mem_store *store, struct slice group, struct slice topic,
                      struct slice partition, int64_t at)
{
    struct mem_position *p = mem_position_find(store, group, topic, partition);
    if (!p) {
        p = calloc(1, sizeof(*p));
        if (!p)
            return false;
        copy_name(p->group, group);
        copy_name(p->topic, topic);
        copy_name(p->partition, partition);
        p->next = store->positions;
        store->positions = p;
    }
    p->at = at;
    return true;
}

/* The first offset of the log that some group has still to read; a group that knows the topic and
 * has no place in this partition has all of it to read. */
static int64_t needed_from(struct mem_store *store, const struct mem_log *log)
{
    int64_t from = log->end;
    for (struct mem_position *p = store->positions; p; p = p->next) {
        if (p->partition[0] || strcmp(p->topic, log->topic) != 0)
            continue;
        struct mem_position *own = mem_position_find(
            store, slice_str(p->group), slice_str(p->topic), slice_str(log->partition));
        if (!own)
            return log->first;
        if (own->at < from)
            from = own->at;
    }
    return from;
}

static bool prunable(const struct mem_log *log, struct slice partition,
                     const struct stream_kept *keep)
{
    return slice_eq_str(partition, log->partition) && stream_keep_find(keep, log->topic) < 0;
}

static void drop_first(struct mem_log *log)
{
    struct mem_record *r = log->records[log->head];
    log->bytes -= r->size;
    free(r);
    log->head++;
    log->first++;
}

static void prune_kept(struct mem_store *store, struct slice partition, struct stream_kept *keep)
{
    for (struct mem_log *log = store->logs; log; log = log->next) {
        int at = stream_keep_find(keep, log->topic);
        if (at < 0 || !slice_eq_str(partition, log->partition))
            continue;
        int64_t cut = stream_keep_cut(keep, at);
        while (log->first < log->end && log->records[log->head]->time_ms < cut)
            drop_first(log);
    }
}

static uint64_t partition_size(struct mem_store *store, struct slice partition,
                               const struct stream_kept *keep)
{
    uint64_t size = 0;
    for (struct mem_log *log = store->logs; log; log = log->next)
        if (prunable(log, partition, keep))
            size += log->bytes;
    return size;
}

/* The log of the partition whose oldest record goes first, or NULL. */
static struct mem_log *oldest(struct mem_store *store, struct slice partition,
                              const struct stream_kept *keep, bool read_or_not)
{
    struct mem_log *found = NULL;
    int64_t oldest_ms = 0;
    for (struct mem_log *log = store->logs; log; log = log->next) {
        if (!prunable(log, partition, keep) || log->first == log->end)
            continue;
        if (!read_or_not && needed_from(store, log) <= log->first)
            continue;
        const struct mem_record *first = mem_log_at(log, log->first);
        if (!first || (found && first->time_ms >= oldest_ms))
            continue;
        oldest_ms = first->time_ms;
        found = log;
    }
    return found;
}

void mem_store_prune(struct mem_store *store, struct slice partition,
                     const struct stream_options *limits, struct stream_kept *keep, int64_t now_ms)
{
    prune_kept(store, partition, keep);
    if (!limits->retain_ms && !limits->retain_bytes && !limits->disk_mark_bytes)
        return;
    uint64_t size = partition_size(store, partition, keep);
    for (;;) {
        bool marked = limits->disk_mark_bytes && size > limits->disk_mark_bytes;
        struct mem_log *log = oldest(store, partition, keep, marked);
        if (!log)
            return;
        struct mem_record *r = log->records[log->head];
        bool aged = limits->retain_ms && now_ms - r->time_ms > (int64_t)limits->retain_ms;
        bool large = limits->retain_bytes && size > limits->retain_bytes;
        if (!marked && !aged && !large)
            return;
        size -= r->size;
        drop_first(log);
    }
}
