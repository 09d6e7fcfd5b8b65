#include "stream_embedded_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

void embedded_dir_init(struct embedded_dir *d, const char *path, const char *writer,
                       const struct embedded_tuning *t)
{
    *d = (struct embedded_dir){.path = path, .writer = writer, .tuning = *t};
}

void embedded_dir_fini(struct embedded_dir *d)
{
    for (struct embedded_source *s = d->sources, *next; s; s = next) {
        next = s->next;
        embedded_source_close(s);
    }
    if (d->watching)
        embedded_watch_close(&d->watch);
}

int embedded_dir_watch(struct embedded_dir *d, struct err *reterr)
{
    if (d->watching)
        return 0;
    if (embedded_watch_open(&d->watch, d->path, reterr))
        return -1;
    d->watching = true;
    return 0;
}

static void watch_bell(struct embedded_dir *d, struct embedded_source *s)
{
    char path[4600];
    int n = snprintf(path, sizeof(path), "%s/%s.bell", d->path, s->partition);
    if (d->watching && s->bell < 0 && n < (int)sizeof(path))
        s->bell = embedded_watch_add(&d->watch, path);
}

/* The name before ".db", or absent. */
static struct slice partition_of(const char *file)
{
    struct slice name = slice_str(file), suffix = SLICE(".db");
    if (file[0] == '.' || name.n <= suffix.n || !slice_ends(name, suffix) ||
        name.n - suffix.n > STREAM_NAME_MAX)
        return SLICE_ABSENT;
    return slice_sub(name, 0, name.n - suffix.n);
}

static int add_source(struct embedded_dir *d, struct slice partition, struct err *reterr)
{
    struct embedded_source *s = d->sources;
    while (s && !slice_eq_str(partition, s->partition))
        s = s->next;
    if (!s) {
        int rc = embedded_source_open(d->path, partition, &d->tuning, &s, reterr);
        if (rc)
            return rc < 0 ? -1 : 0; /* one that is being made is found by the next scan */
        s->next = d->sources;
        d->sources = s;
    }
    watch_bell(d, s);
    return 0;
}

int embedded_dir_scan(struct embedded_dir *d, struct err *reterr)
{
    DIR *dir = opendir(d->path);
    if (!dir)
        return err_set(reterr, ERR_IO, "%s: %s", d->path, strerror(errno));
    int rc = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        struct slice partition = partition_of(e->d_name);
        if (slice_present(partition) && add_source(d, partition, reterr))
            rc = -1;
    }
    closedir(dir);
    return rc;
}

int embedded_dir_position(struct embedded_dir *d, struct slice group, struct slice topic,
                          struct slice partition, int64_t *ret, struct err *reterr)
{
    int64_t found = -1;
    for (struct embedded_source *s = d->sources; s && found < 0; s = s->next)
        if (!d->writer[0] || strcmp(d->writer, s->partition) == 0)
            if (embedded_source_position(s, group, topic, partition, &found, reterr))
                return -1;
    *ret = found;
    return 0;
}
