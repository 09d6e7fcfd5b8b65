/* limit_embedded.c - the least that a source on the embedded stream has to do: the mark that
 * weir-adapter is measured against.
 *
 *   limit_embedded DIR [--port N] [--event BYTES]
 *
 * Frames MLLP, writes two records per message (its bytes, and BYTES for what would be made from it,
 * default 2000) with the group commit of the embedded stream (the same pragmas, one writer thread
 * that commits whenever something waits), answers AA after the commit, and does nothing else.
 * Prints "port N" when it listens; ends on SIGTERM. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "limit_mllp.h"

enum { BATCH = 4096, CHECKPOINT_FRAMES = 2000 };

struct embedded {
    struct limit limit;
    int told;
    /* shared with the writer */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct limit_job *waiting, **waiting_tail, *done, **done_tail;
    /* the writer's */
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *message, *reported;
    sqlite3_int64 offset;
    int frames;
};

static int on_wal(void *arg, sqlite3 *db, const char *name, int frames)
{
    (void)db, (void)name;
    ((struct embedded *)arg)->frames = frames;
    return SQLITE_OK;
}

static void open_db(struct embedded *l, const char *dir)
{
    char path[4200];
    mkdir(dir, 0700);
    snprintf(path, sizeof(path), "%s/limit.db", dir);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const char *sql =
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;"
        "PRAGMA secure_delete = FAST;"
        "CREATE TABLE record_1 (offset INTEGER PRIMARY KEY, time INTEGER NOT NULL, key BLOB,"
        " headers BLOB, value BLOB);"
        "CREATE TABLE record_2 (offset INTEGER PRIMARY KEY, time INTEGER NOT NULL, key BLOB,"
        " headers BLOB, value BLOB)";
    const char *insert[] = {"INSERT INTO record_1 VALUES (?1, ?2, ?3, ?4, ?5)",
                            "INSERT INTO record_2 VALUES (?1, ?2, ?3, ?4, ?5)"};
    limit_must(sqlite3_open_v2(path, &l->db, flags, NULL) == SQLITE_OK &&
                   sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK &&
                   sqlite3_prepare_v2(l->db, "BEGIN IMMEDIATE", -1, &l->begin, NULL) == SQLITE_OK &&
                   sqlite3_prepare_v2(l->db, "COMMIT", -1, &l->commit, NULL) == SQLITE_OK &&
                   sqlite3_prepare_v2(l->db, insert[0], -1, &l->message, NULL) == SQLITE_OK &&
                   sqlite3_prepare_v2(l->db, insert[1], -1, &l->reported, NULL) == SQLITE_OK,
               "database (it has to be a new one)");
    sqlite3_wal_hook(l->db, on_wal, l);
}

static void run(struct embedded *l, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        fprintf(stderr, "limit_embedded: %s\n", sqlite3_errmsg(l->db));
        exit(1);
    }
    sqlite3_reset(st);
}

static void insert(struct embedded *l, sqlite3_stmt *st, sqlite3_int64 now, const char *p, int n)
{
    sqlite3_bind_int64(st, 1, l->offset);
    sqlite3_bind_int64(st, 2, now);
    sqlite3_bind_blob(st, 3, "source", 6, SQLITE_STATIC);
    sqlite3_bind_blob(st, 5, p, n, SQLITE_STATIC);
    run(l, st);
}

static void write_batch(struct embedded *l, struct limit_job *batch)
{
    run(l, l->begin);
    for (struct limit_job *j = batch; j; j = j->next) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        sqlite3_int64 now = (sqlite3_int64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
        insert(l, l->message, now, j->bytes, (int)j->n);
        insert(l, l->reported, now, l->limit.event, l->limit.event_bytes);
        l->offset++;
    }
    run(l, l->commit);
}

static void *write_thread(void *arg)
{
    struct embedded *l = arg;
    int checkpointed = 0;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->waiting)
            pthread_cond_wait(&l->wake, &l->lock);
        struct limit_job *batch = l->waiting, *last = batch;
        for (int n = 2; n < BATCH && last->next; n += 2)
            last = last->next;
        l->waiting = last->next;
        if (!l->waiting)
            l->waiting_tail = &l->waiting;
        last->next = NULL;
        pthread_mutex_unlock(&l->lock);
        write_batch(l, batch);
        pthread_mutex_lock(&l->lock);
        *l->done_tail = batch;
        l->done_tail = &last->next;
        pthread_mutex_unlock(&l->lock);
        uint64_t one = 1;
        limit_must(write(l->told, &one, sizeof(one)) == sizeof(one), "eventfd");
        if (l->frames < checkpointed)
            checkpointed = 0;
        if (l->frames - checkpointed >= CHECKPOINT_FRAMES) {
            sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
            checkpointed = l->frames;
        }
        pthread_mutex_lock(&l->lock);
    }
    return NULL;
}

static void take(struct limit *limit, struct limit_job *j)
{
    struct embedded *l = (struct embedded *)limit;
    pthread_mutex_lock(&l->lock);
    *l->waiting_tail = j;
    l->waiting_tail = &j->next;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct embedded *l = arg;
    uint64_t count;
    limit_must(read(fd, &count, sizeof(count)) == sizeof(count), "eventfd");
    pthread_mutex_lock(&l->lock);
    struct limit_job *done = l->done;
    l->done = NULL;
    l->done_tail = &l->done;
    pthread_mutex_unlock(&l->lock);
    limit_answer(done);
}

int main(int argc, char **argv)
{
    static struct embedded l = {.limit.take = take};
    l.waiting_tail = &l.waiting;
    l.done_tail = &l.done;
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.wake, NULL);
    open_db(&l, limit_open(&l.limit, "limit_embedded", argc, argv));
    l.told = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    event_add(event_new(l.limit.base, l.told, EV_READ | EV_PERSIST, on_done, &l), NULL);
    pthread_t writer;
    limit_must(pthread_create(&writer, NULL, write_thread, &l) == 0, "thread");
    limit_run(&l.limit);
    return 0;
}
