#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"
#include "rows.h"

/* A sender that gives each file a name of its own makes a kind of each. */
enum { KINDS_MAX = 64 };

int rows_key(const struct source *source, const char *purpose, struct slice of, struct digest **ret,
             struct err *reterr)
{
    struct digest *d;
    unsigned char key[DIGEST_SIZE];
    if (digest_open(source->site->keys.pseudonym, &d, reterr) < 0)
        return -1;
    digest_begin(d);
    digest_add(d, slice_str(purpose));
    digest_add(d, SLICE("\n"));
    digest_add(d, source->conf->name);
    digest_add(d, SLICE("\n"));
    digest_add(d, of);
    digest_end(d, key);
    digest_close(d);
    return digest_open(slice_make((const char *)key, sizeof(key)), ret, reterr);
}

struct row_hash rows_hash(struct digest *key, struct slice bytes)
{
    unsigned char sum[DIGEST_SIZE];
    struct row_hash h;
    digest_of(key, bytes, sum);
    memcpy(&h, sum, sizeof(h));
    return h;
}

static int make_dir(const char *path, struct err *reterr)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    return 0;
}

/* data/extracts/<source>/<hash of the kind>.rows */
static int find_path(struct rows *r, const char *name, struct err *reterr)
{
    const struct source *source = r->source;
    char kind[NAME_MAX + 1], dir[PATH_MAX], hex[33];
    struct digest *key;
    size_t n = 0;
    for (const char *p = name; *p && n < NAME_MAX; p++) {
        bool digit = *p >= '0' && *p <= '9';
        if (!digit || n == 0 || kind[n - 1] != '#')
            kind[n++] = digit ? '#' : *p;
    }
    if (rows_key(source, "kind of file", slice_make(kind, n), &key, reterr) < 0)
        return -1;
    struct row_hash h = rows_hash(key, SLICE("name"));
    digest_close(key);
    digest_hex((const unsigned char *)&h, sizeof(h), hex);
    snprintf(dir, sizeof(dir), "%.*s/extracts", SLICE_ARG(source->site->data));
    if (make_dir(dir, reterr) < 0)
        return -1;
    snprintf(dir, sizeof(dir), "%.*s/extracts/%.*s", SLICE_ARG(source->site->data),
             SLICE_ARG(source->conf->name));
    if (make_dir(dir, reterr) < 0)
        return -1;
    int len = snprintf(r->memory_path, sizeof(r->memory_path), "%.3800s/%s.rows", dir, hex);
    return len > 0 && (size_t)len < sizeof(r->memory_path)
               ? 0
               : err_set(reterr, ERR_IO, "the name of the data directory is too long");
}

static void tell(const struct rows *r, const struct err *err)
{
    log_line(LOG_WARN, "extract.forgotten",
             "source=%.*s what its last file held cannot be kept, all of the next one is read: %s",
             SLICE_ARG(r->source->conf->name), err->text);
}

void rows_recall(struct rows *r, const char *name)
{
    struct err err = {0};
    row_file_close(&r->memory_file);
    row_memory_fini(&r->memory);
    r->memory_path[0] = '\0';
    r->keeps = false;
    if (r->memory.max == 0)
        return;
    if (find_path(r, name, &err) < 0) {
        r->memory_path[0] = '\0';
        tell(r, &err);
        return;
    }
    row_file_read(&r->memory_file, &r->memory, r->memory_path);
}

bool rows_recalled(struct rows *r)
{
    struct err none;
    return row_file_go_on(&r->memory_file, &none) != ROW_FILE_GOES_ON;
}

/* The oldest one goes where there are too many. */
static void prune(const char *path)
{
    char dir[PATH_MAX], oldest[NAME_MAX + 1] = "";
    struct stat st, old = {0};
    unsigned n = 0;
    snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (n++ == 0 || st.st_mtim.tv_sec < old.st_mtim.tv_sec ||
            (st.st_mtim.tv_sec == old.st_mtim.tv_sec && st.st_mtim.tv_nsec < old.st_mtim.tv_nsec)) {
            old = st;
            snprintf(oldest, sizeof(oldest), "%s", e->d_name);
        }
    }
    if (n > KINDS_MAX)
        unlinkat(fd, oldest, 0);
    closedir(d);
}

bool rows_keep(struct rows *r)
{
    struct err err = {0};
    enum row_file_step step = ROW_FILE_FAILED;
    if (!r->memory_path[0])
        return true;
    if (r->keeps || row_file_write(&r->memory_file, &r->memory, r->columns, r->ncolumns,
                                   r->memory_path, &err) == 0)
        step = row_file_go_on(&r->memory_file, &err);
    r->keeps = step == ROW_FILE_GOES_ON;
    if (step == ROW_FILE_FAILED)
        tell(r, &err);
    if (step == ROW_FILE_DONE)
        prune(r->memory_path);
    return !r->keeps;
}
