/* limit_embedded.c - the least that a source on the embedded stream has to do: the mark that
 * weir-adapter is measured against.
 *
 *   limit_embedded DIR [--port N] [--event BYTES]
 *
 * Frames MLLP, writes two records per message (its bytes, and BYTES for what would be made from it,
 * default 2000) with the group commit of the embedded stream (the same pragmas, one writer thread
 * that commits whenever something waits), answers AA after the commit, and does nothing else: no
 * limits, no parsing but MSH-10, no readers. Prints "port N" when it listens; ends on SIGTERM. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { IN_BYTES = 64 << 10, BATCH = 4096, CHECKPOINT_FRAMES = 2000, IDS = 64, ACKS = 64 };

struct limit;

struct conn {
    struct limit *limit;
    struct event *event;
    int fd;
    unsigned under_way; /* messages of it in the queue */
    bool gone;
    size_t n;
    char in[IN_BYTES];
};

struct job {
    struct job *next;
    struct conn *conn;
    char id[IDS];
    size_t n;
    char bytes[];
};

struct limit {
    struct event_base *base;
    int listener, told;
    char *event; /* the second record of each message */
    int event_bytes;
    /* shared with the writer */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *waiting, **waiting_tail, *done, **done_tail;
    /* the writer's */
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *message, *reported;
    sqlite3_int64 offset;
    int frames;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int frames)
{
    (void)db, (void)name;
    ((struct limit *)arg)->frames = frames;
    return SQLITE_OK;
}

static void open_db(struct limit *l, const char *dir)
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
    must(sqlite3_open_v2(path, &l->db, flags, NULL) == SQLITE_OK &&
             sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK &&
             sqlite3_prepare_v2(l->db, "BEGIN IMMEDIATE", -1, &l->begin, NULL) == SQLITE_OK &&
             sqlite3_prepare_v2(l->db, "COMMIT", -1, &l->commit, NULL) == SQLITE_OK &&
             sqlite3_prepare_v2(l->db, insert[0], -1, &l->message, NULL) == SQLITE_OK &&
             sqlite3_prepare_v2(l->db, insert[1], -1, &l->reported, NULL) == SQLITE_OK,
         "database (it has to be a new one)");
    sqlite3_wal_hook(l->db, on_wal, l);
}

static void run(struct limit *l, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        fprintf(stderr, "limit_embedded: %s\n", sqlite3_errmsg(l->db));
        exit(1);
    }
    sqlite3_reset(st);
}

static void insert(struct limit *l, sqlite3_stmt *st, sqlite3_int64 now, const char *p, int n)
{
    sqlite3_bind_int64(st, 1, l->offset);
    sqlite3_bind_int64(st, 2, now);
    sqlite3_bind_blob(st, 3, "source", 6, SQLITE_STATIC);
    sqlite3_bind_blob(st, 5, p, n, SQLITE_STATIC);
    run(l, st);
}

static void write_batch(struct limit *l, struct job *batch)
{
    run(l, l->begin);
    for (struct job *j = batch; j; j = j->next) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        sqlite3_int64 now = (sqlite3_int64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
        insert(l, l->message, now, j->bytes, (int)j->n);
        insert(l, l->reported, now, l->event, l->event_bytes);
        l->offset++;
    }
    run(l, l->commit);
}

static void *write_thread(void *arg)
{
    struct limit *l = arg;
    int checkpointed = 0;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->waiting)
            pthread_cond_wait(&l->wake, &l->lock);
        struct job *batch = l->waiting, *last = batch;
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
        must(write(l->told, &one, sizeof(one)) == sizeof(one), "eventfd");
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

/* MSH-10: the field behind the ninth separator. */
static void copy_id(struct job *j)
{
    const char *p = j->bytes, *end = p + j->n;
    for (int field = 0; field < 9 && p; field++) {
        p = memchr(p, '|', (size_t)(end - p));
        if (p)
            p++;
    }
    const char *stop = p ? memchr(p, '|', (size_t)(end - p)) : NULL;
    size_t n = stop ? (size_t)(stop - p) : 0;
    if (n < IDS && n)
        memcpy(j->id, p, n);
}

static void queue_message(struct conn *c, const char *p, size_t n)
{
    struct job *j = malloc(sizeof(*j) + n);
    must(j != NULL, "memory");
    *j = (struct job){.conn = c, .n = n};
    memcpy(j->bytes, p, n);
    copy_id(j);
    c->under_way++;
    struct limit *l = c->limit;
    pthread_mutex_lock(&l->lock);
    *l->waiting_tail = j;
    l->waiting_tail = &j->next;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
}

static void take_frames(struct conn *c)
{
    char *from = c->in, *end = c->in + c->n, *stop;
    while (from < end && (stop = memchr(from, 0x1c, (size_t)(end - from))) && stop + 1 < end) {
        queue_message(c, from + 1, (size_t)(stop - from) - 1);
        from = stop + 2;
    }
    c->n = (size_t)(end - from);
    memmove(c->in, from, c->n);
}

static void end_conn(struct conn *c)
{
    if (!c->gone) {
        event_free(c->event);
        close(c->fd);
    }
    c->gone = true;
    if (!c->under_way)
        free(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct conn *c = arg;
    ssize_t n = read(fd, c->in + c->n, sizeof(c->in) - c->n);
    if (n > 0) {
        c->n += (size_t)n;
        take_frames(c);
    } else {
        end_conn(c);
    }
}

static void on_connect(evutil_socket_t listener, short what, void *arg)
{
    (void)what;
    struct limit *l = arg;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct conn *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
    if (!c)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->limit = l;
    c->fd = fd;
    c->event = event_new(l->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_add(c->event, NULL);
}

static void answer(struct conn *c, struct iovec *v, int n)
{
    if (!c->gone && n)
        must(writev(c->fd, v, n) > 0, "writev");
    if (c->gone && !c->under_way)
        free(c);
}

/* ACKs of one connection that stand together leave together. */
static void on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct limit *l = arg;
    uint64_t count;
    must(read(fd, &count, sizeof(count)) == sizeof(count), "eventfd");
    pthread_mutex_lock(&l->lock);
    struct job *j = l->done, *next;
    l->done = NULL;
    l->done_tail = &l->done;
    pthread_mutex_unlock(&l->lock);
    char text[ACKS][160];
    struct iovec v[ACKS];
    int n = 0;
    for (; j; j = next) {
        next = j->next;
        struct conn *c = j->conn;
        int size =
            snprintf(text[n], sizeof(text[n]),
                     "\vMSH|^~\\&|||||20260101||ACK|%s|P|2.5\rMSA|AA|%s\r\x1c\r", j->id, j->id);
        v[n].iov_base = text[n];
        v[n++].iov_len = (size_t)size;
        c->under_way--;
        free(j);
        if (!next || next->conn != c || n == ACKS) {
            answer(c, v, n);
            n = 0;
        }
    }
}

static void listen_on(struct limit *l, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof(a);
    int on = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(l->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    must(l->listener >= 0 && bind(l->listener, (struct sockaddr *)&a, size) == 0 &&
             listen(l->listener, 1024) == 0 &&
             getsockname(l->listener, (struct sockaddr *)&a, &size) == 0,
         "listen");
    printf("port %d\n", ntohs(a.sin_port));
    fflush(stdout);
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_base_loopbreak(arg);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'}, {"event", required_argument, NULL, 'e'}, {0}};
    static struct limit l;
    int port = 0, c;
    l.event_bytes = 2000;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (c == 'p')
            port = atoi(optarg);
        else if (c == 'e')
            l.event_bytes = atoi(optarg);
        else
            return 64;
    if (optind != argc - 1 || l.event_bytes < 1) {
        fprintf(stderr, "usage: limit_embedded DIR [--port N] [--event BYTES]\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    l.event = malloc((size_t)l.event_bytes);
    must(l.event != NULL, "memory");
    memset(l.event, 'e', (size_t)l.event_bytes);
    l.waiting_tail = &l.waiting;
    l.done_tail = &l.done;
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.wake, NULL);
    open_db(&l, argv[optind]);
    l.base = event_base_new();
    l.told = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    listen_on(&l, port);
    event_add(event_new(l.base, l.listener, EV_READ | EV_PERSIST, on_connect, &l), NULL);
    event_add(event_new(l.base, l.told, EV_READ | EV_PERSIST, on_done, &l), NULL);
    event_add(evsignal_new(l.base, SIGTERM, on_term, l.base), NULL);
    pthread_t writer;
    must(pthread_create(&writer, NULL, write_thread, &l) == 0, "thread");
    event_base_dispatch(l.base);
    return 0;
}
