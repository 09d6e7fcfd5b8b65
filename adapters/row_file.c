#include "row_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { AT_ONCE = 512, SLOTS_A_PART = 4 * ROW_FILE_PART };

struct head {
    char magic[8];
    uint64_t rows, columns;
    struct row_hash check; /* all of them, by exclusive or */
};

static const char magic[8] = "weirrow1";

void row_file_close(struct row_file *f)
{
    if (f->stream)
        fclose(f->stream);
    *f = (struct row_file){.stream = NULL};
}

static void add(struct row_hash *sum, struct row_hash h)
{
    struct row_hash plain = row_hash_plain(h);
    sum->a ^= plain.a;
    sum->b ^= plain.b;
}

/* ---- reading ---- */

/* Rows that a file of this size can hold. */
static uint64_t most_rows(FILE *stream)
{
    struct stat st;
    return fstat(fileno(stream), &st) == 0 ? (uint64_t)st.st_size / sizeof(struct row_hash) : 0;
}

static bool read_head(struct row_file *f)
{
    struct row_memory *m = f->memory;
    struct head head;
    if (fread(&head, sizeof(head), 1, f->stream) != 1 ||
        memcmp(head.magic, magic, sizeof(magic)) != 0 || head.columns > ROW_COLUMNS_MAX ||
        head.rows > most_rows(f->stream))
        return false;
    m->columns = calloc(head.columns + 1, sizeof(*m->columns));
    if (!m->columns ||
        fread(m->columns, sizeof(*m->columns), head.columns, f->stream) != head.columns)
        return false;
    m->ncolumns = (unsigned)head.columns;
    for (unsigned i = 0; i < m->ncolumns; i++)
        add(&f->check, m->columns[i]);
    f->rows = head.rows;
    f->wanted = head.check;
    return row_memory_reserve(m, head.rows);
}

void row_file_read(struct row_file *f, struct row_memory *m, const char *path)
{
    row_file_close(f);
    row_memory_fini(m);
    *f = (struct row_file){.stream = fopen(path, "rbe"), .memory = m, .path = path};
    if (f->stream && !read_head(f)) {
        row_memory_fini(m);
        row_file_close(f);
    }
}

static bool read_rows(struct row_file *f)
{
    struct row_hash some[AT_ONCE];
    for (unsigned i = 0; i < ROW_FILE_PART / AT_ONCE && f->rows; i++) {
        size_t n = f->rows < AT_ONCE ? (size_t)f->rows : AT_ONCE;
        if (fread(some, sizeof(*some), n, f->stream) != n)
            return false;
        for (size_t j = 0; j < n; j++) {
            add(&f->check, some[j]);
            row_memory_know(f->memory, some[j]);
        }
        f->rows -= n;
    }
    return true;
}

static enum row_file_step go_on_reading(struct row_file *f)
{
    bool whole = read_rows(f);
    if (whole && f->rows)
        return ROW_FILE_GOES_ON;
    if (!whole || f->check.a != f->wanted.a || f->check.b != f->wanted.b)
        row_memory_fini(f->memory);
    row_file_close(f);
    return ROW_FILE_DONE;
}

/* ---- writing ---- */

static bool half_path(const char *path, char ret[PATH_MAX])
{
    return snprintf(ret, PATH_MAX, "%s.writing", path) < PATH_MAX;
}

int row_file_write(struct row_file *f, struct row_memory *m, const struct row_hash *columns,
                   unsigned ncolumns, const char *path, struct err *reterr)
{
    static const struct head none;
    char half[PATH_MAX];
    row_file_close(f);
    if (!half_path(path, half))
        return err_set(reterr, ERR_IO, "the name is too long");
    FILE *stream = fopen(half, "wbe");
    if (!stream || fwrite(&none, sizeof(none), 1, stream) != 1 ||
        (ncolumns && fwrite(columns, sizeof(*columns), ncolumns, stream) != ncolumns)) {
        err_set(reterr, ERR_IO, "%s", strerror(errno));
        if (stream)
            fclose(stream);
        return -1;
    }
    *f = (struct row_file){
        .stream = stream, .memory = m, .path = path, .writes = true, .ncolumns = ncolumns};
    for (unsigned i = 0; i < ncolumns; i++)
        add(&f->check, columns[i]);
    return 0;
}

static bool write_rows(struct row_file *f)
{
    const struct row_memory *m = f->memory;
    size_t end = m->cap - f->at < SLOTS_A_PART ? m->cap : f->at + SLOTS_A_PART;
    const struct row_hash *h;
    while (f->rows < m->max && (h = row_memory_next_seen(m, &f->at, end)) != NULL) {
        if (fwrite(h, sizeof(*h), 1, f->stream) != 1)
            return false;
        add(&f->check, *h);
        f->rows++;
    }
    return true;
}

/* The head last: it says how many there are. */
static bool finish(struct row_file *f)
{
    struct head head = {.rows = f->rows, .columns = f->ncolumns, .check = f->check};
    char half[PATH_MAX];
    memcpy(head.magic, magic, sizeof(magic));
    bool ok = fseek(f->stream, 0, SEEK_SET) == 0 && fwrite(&head, sizeof(head), 1, f->stream) == 1;
    if (fclose(f->stream) != 0)
        ok = false;
    f->stream = NULL;
    return ok && half_path(f->path, half) && rename(half, f->path) == 0;
}

static enum row_file_step go_on_writing(struct row_file *f, struct err *reterr)
{
    bool ok = write_rows(f);
    if (ok && f->at < f->memory->cap && f->rows < f->memory->max)
        return ROW_FILE_GOES_ON;
    if (ok)
        ok = finish(f);
    if (!ok)
        err_set(reterr, ERR_IO, "%s", strerror(errno));
    row_file_close(f);
    return ok ? ROW_FILE_DONE : ROW_FILE_FAILED;
}

enum row_file_step row_file_go_on(struct row_file *f, struct err *reterr)
{
    if (!f->stream)
        return ROW_FILE_DONE;
    return f->writes ? go_on_writing(f, reterr) : go_on_reading(f);
}
