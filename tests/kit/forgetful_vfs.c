#include "forgetful_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pending { /* a write since the last sync; bytes == 0: the file was cut to `at` */
    struct pending *next;
    sqlite3_int64 at;
    int bytes;
    char data[];
};

struct image { /* of one file */
    struct image *next;
    char name[200];
    char *durable;
    size_t n, cap;
    struct pending *first, **last;
};

struct forgetful_vfs {
    sqlite3_vfs base;
    sqlite3_vfs *real;
    pthread_mutex_t lock;
    enum forgetful_fault fault;
    struct image *images;
};

struct file {
    sqlite3_file base;
    struct forgetful_vfs *v;
    struct image *image;
};

static struct forgetful_vfs *vfs_of(sqlite3_vfs *v)
{
    return (struct forgetful_vfs *)v;
}

static struct file *file_of(sqlite3_file *f)
{
    return (struct file *)f;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return (sqlite3_file *)(void *)(file_of(f) + 1);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static struct image *find_image(struct forgetful_vfs *v, const char *path)
{
    const char *name = base_name(path);
    for (struct image *i = v->images; i; i = i->next)
        if (strcmp(i->name, name) == 0)
            return i;
    struct image *i = calloc(1, sizeof(*i));
    if (!i)
        return NULL;
    snprintf(i->name, sizeof(i->name), "%s", name);
    i->last = &i->first;
    i->next = v->images;
    v->images = i;
    return i;
}

static void forget_pending(struct image *i)
{
    for (struct pending *p = i->first, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    i->first = NULL;
    i->last = &i->first;
}

static int remember(struct file *f, const void *data, int bytes, sqlite3_int64 at)
{
    struct pending *p = malloc(sizeof(*p) + (size_t)bytes);
    if (!p)
        return SQLITE_IOERR_NOMEM;
    *p = (struct pending){.at = at, .bytes = bytes};
    if (bytes)
        memcpy(p->data, data, (size_t)bytes);
    *f->image->last = p;
    f->image->last = &p->next;
    return SQLITE_OK;
}

struct bytes {
    char *p;
    size_t n, cap;
};

static int apply(struct bytes *b, const struct pending *p)
{
    size_t end = (size_t)p->at + (size_t)p->bytes;
    if (end > b->cap) {
        char *more = realloc(b->p, end * 2);
        if (!more)
            return -1;
        b->p = more;
        b->cap = end * 2;
    }
    if (end > b->n)
        memset(b->p + b->n, 0, end - b->n);
    if (end > b->n || !p->bytes)
        b->n = end;
    memcpy(b->p + p->at, p->data, (size_t)p->bytes);
    return 0;
}

static int settle(struct image *i)
{
    struct bytes b = {i->durable, i->n, i->cap};
    int rc = 0;
    for (const struct pending *p = i->first; p && !rc; p = p->next)
        rc = apply(&b, p);
    i->durable = b.p;
    i->n = b.n;
    i->cap = b.cap;
    forget_pending(i);
    return rc ? SQLITE_IOERR_NOMEM : SQLITE_OK;
}

static int x_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int x_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int x_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    struct file *file = file_of(f);
    pthread_mutex_lock(&file->v->lock);
    sqlite3_int64 size = 0;
    int rc = real_of(f)->pMethods->xFileSize(real_of(f), &size);
    if (rc == SQLITE_OK && file->v->fault == FORGETFUL_FULL && at + n > size)
        rc = SQLITE_FULL;
    if (rc == SQLITE_OK)
        rc = real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
    if (rc == SQLITE_OK)
        rc = remember(file, from, n, at);
    pthread_mutex_unlock(&file->v->lock);
    return rc;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct file *file = file_of(f);
    pthread_mutex_lock(&file->v->lock);
    int rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
    if (rc == SQLITE_OK)
        rc = remember(file, NULL, 0, size);
    pthread_mutex_unlock(&file->v->lock);
    return rc;
}

static int x_sync(sqlite3_file *f, int flags)
{
    struct file *file = file_of(f);
    (void)flags; /* memory stands in for the disk */
    pthread_mutex_lock(&file->v->lock);
    int rc = SQLITE_OK;
    if (file->v->fault == FORGETFUL_SYNC_FAILS) {
        forget_pending(file->image);
        rc = SQLITE_IOERR_FSYNC;
    } else {
        rc = settle(file->image);
    }
    pthread_mutex_unlock(&file->v->lock);
    return rc;
}

static int x_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int x_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int x_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int x_check_reserved(sqlite3_file *f, int *ret)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int x_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int x_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}

static int x_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void x_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int x_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

/* Version 2: with shared memory for the WAL, without mapped pages, which would pass by x_write. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_device,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *base, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
    struct forgetful_vfs *v = vfs_of(base);
    if (!path)
        return SQLITE_CANTOPEN; /* no temporary files: the engine does not need any */
    f->pMethods = NULL;
    pthread_mutex_lock(&v->lock);
    file_of(f)->v = v;
    file_of(f)->image = find_image(v, path);
    pthread_mutex_unlock(&v->lock);
    if (!file_of(f)->image)
        return SQLITE_NOMEM;
    int rc = v->real->xOpen(v->real, path, real_of(f), flags, ret_flags);
    if (rc == SQLITE_OK)
        f->pMethods = &methods;
    return rc;
}

static int x_delete(sqlite3_vfs *base, const char *path, int sync)
{
    struct forgetful_vfs *v = vfs_of(base);
    pthread_mutex_lock(&v->lock);
    struct image *i = find_image(v, path);
    if (i) {
        forget_pending(i);
        i->n = 0;
    }
    int rc = v->real->xDelete(v->real, path, sync);
    pthread_mutex_unlock(&v->lock);
    return rc;
}

struct forgetful_vfs *forgetful_vfs_open(const char *name)
{
    struct forgetful_vfs *v = calloc(1, sizeof(*v));
    if (!v)
        return NULL;
    v->real = sqlite3_vfs_find(NULL);
    v->base = *v->real;
    v->base.zName = name;
    v->base.pNext = NULL;
    v->base.szOsFile = (int)sizeof(struct file) + v->real->szOsFile;
    v->base.xOpen = x_open;
    v->base.xDelete = x_delete;
    pthread_mutex_init(&v->lock, NULL);
    sqlite3_vfs_register(&v->base, 0);
    return v;
}

void forgetful_vfs_close(struct forgetful_vfs *v)
{
    sqlite3_vfs_unregister(&v->base);
    for (struct image *i = v->images, *next; i; i = next) {
        next = i->next;
        forget_pending(i);
        free(i->durable);
        free(i);
    }
    pthread_mutex_destroy(&v->lock);
    free(v);
}

void forgetful_vfs_fail(struct forgetful_vfs *v, enum forgetful_fault fault)
{
    pthread_mutex_lock(&v->lock);
    v->fault = fault;
    pthread_mutex_unlock(&v->lock);
}

static bool keeps(uint32_t *coin)
{
    if (!*coin)
        return false;
    *coin ^= *coin << 13;
    *coin ^= *coin >> 17;
    *coin ^= *coin << 5;
    return *coin & 0x10;
}

static int write_image(const struct image *i, const char *folder, uint32_t *coin)
{
    struct bytes b = {malloc(i->n + 1), i->n, i->n + 1};
    int rc = b.p ? 0 : -1;
    if (b.p && i->n)
        memcpy(b.p, i->durable, i->n);
    for (const struct pending *p = i->first; p && !rc; p = p->next)
        if (keeps(coin))
            rc = apply(&b, p);
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, i->name);
    FILE *out = rc || !b.n ? NULL : fopen(path, "wb");
    if (out && fwrite(b.p, 1, b.n, out) != b.n)
        rc = -1;
    if (out && fclose(out))
        rc = -1;
    rc = b.n && !out ? -1 : rc;
    free(b.p);
    return rc;
}

int forgetful_vfs_lose_power(struct forgetful_vfs *v, const char *folder, uint32_t seed)
{
    pthread_mutex_lock(&v->lock);
    int rc = 0;
    for (const struct image *i = v->images; i && !rc; i = i->next)
        rc = write_image(i, folder, &seed);
    pthread_mutex_unlock(&v->lock);
    return rc;
}
