/* stream_embedded.c - the embedded engine: SQLite, one file per writer process in one directory.
 *
 *   <dir>/<writer>.db     records, a table per topic, and the positions of this writer's groups
 *   <dir>/<writer>.bell   a byte is put into it after each commit
 *   <dir>/<writer>.lock   held by the one process that writes
 *
 * What is one unit (a set, or a forward with its positions) is one transaction in one file. A file
 * plays the part of a partition. */
#include "stream_embedded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "stream_embedded_reader.h"
#include "stream_embedded_writer.h"
#include "stream_engine.h"

struct embedded {
    struct stream base;
    char *dir;
    char writer_name[STREAM_NAME_MAX + 1];
    struct embedded_writer *writer; /* NULL: read only */
    struct embedded_readers readers;
    int idle; /* the descriptor of a handle that never has anything to dispatch */
};

static struct embedded *of(struct stream *s)
{
    return (struct embedded *)s;
}

static void embedded_close(struct stream *base)
{
    struct embedded *s = of(base);
    embedded_dir_fini(&s->readers.dir);
    embedded_writer_close(s->writer);
    if (s->idle >= 0)
        close(s->idle);
    free(s->dir);
    free(s);
}

static int make_dir(const char *dir, struct err *reterr)
{
    if (mkdir(dir, 0700) && errno != EEXIST)
        return err_set(reterr, ERR_IO, "%s: %s", dir, strerror(errno));
    return 0;
}

static int open_parts(struct embedded *s, const struct stream_options *o,
                      const struct embedded_tuning *t, struct err *reterr)
{
    s->dir = strndup(o->dir.p, o->dir.n);
    if (!s->dir)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    if (make_dir(s->dir, reterr))
        return -1;
    s->idle = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->idle < 0)
        return err_set(reterr, ERR_IO, "no descriptor for the stream");
    if (slice_present(o->writer) &&
        embedded_writer_open(s->dir, s->writer_name, o, t, &s->writer, reterr))
        return -1;
    embedded_dir_init(&s->readers.dir, s->dir, s->writer_name, t);
    s->readers.own = s->writer;
    return 0;
}

static int open_tuned(const struct stream_options *o, const struct embedded_tuning *t,
                      struct stream **ret, struct err *reterr)
{
    struct embedded *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    s->idle = -1;
    if (o->writer.n)
        memcpy(s->writer_name, o->writer.p, o->writer.n);
    if (open_parts(s, o, t, reterr)) {
        embedded_close(&s->base);
        return -1;
    }
    *ret = &s->base;
    return 0;
}

static int embedded_open(const struct stream_options *o, struct stream **ret, struct err *reterr)
{
    struct embedded_tuning plain = {.no_sync = o->unsafe_no_sync};
    return open_tuned(o, &plain, ret, reterr);
}

static int embedded_fd(const struct stream *base)
{
    const struct embedded *s = (const struct embedded *)base;
    return s->writer ? embedded_writer_fd(s->writer) : s->idle;
}

static void embedded_dispatch(struct stream *base)
{
    if (of(base)->writer)
        embedded_writer_dispatch(of(base)->writer);
}

static enum stream_result embedded_forward(struct stream *base, const struct stream_record *set,
                                           unsigned n, const struct stream_position *positions,
                                           unsigned npositions, stream_done_fn done, void *arg,
                                           struct err *reterr)
{
    struct embedded_set *copy = embedded_set_new(set, n, positions, npositions);
    if (!copy) {
        err_set(reterr, ERR_NOMEM, "no memory for a set of %u records", n);
        return STREAM_FULL;
    }
    copy->done = done;
    copy->arg = arg;
    copy->time_ms = clock_wall_ms();
    if (embedded_writer_put(of(base)->writer, copy))
        return STREAM_OK;
    free(copy);
    return STREAM_FULL;
}

static int open_reader(struct stream *base, const struct stream_reader_options *o,
                       struct stream_reader **ret, struct err *reterr)
{
    return embedded_reader_open(&of(base)->readers, o, ret, reterr);
}

const struct stream_engine stream_engine_embedded = {
    .name = "embedded",
    .open = embedded_open,
    .close = embedded_close,
    .fd = embedded_fd,
    .dispatch = embedded_dispatch,
    .forward = embedded_forward,
    .reader_open = open_reader,
    .reader_close = embedded_reader_close,
    .reader_fd = embedded_reader_fd,
    .next = embedded_reader_next,
    .seek = embedded_reader_seek,
    .seek_time = embedded_reader_seek_time,
    .lag = embedded_reader_lag,
};

int stream_embedded_open(const struct stream_options *o, const struct embedded_tuning *t,
                         struct stream **ret, struct err *reterr)
{
    struct stream *s;
    if (open_tuned(o, t, &s, reterr))
        return -1;
    stream_init(s, &stream_engine_embedded, o);
    *ret = s;
    return 0;
}
