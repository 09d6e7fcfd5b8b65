#include "folder_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "clock.h"
#include "json.h"
#include "rfc3339.h"
#include "write_all.h"

enum {
    REPORT_MAX = 256 * 1024,
    LOOKED_AT = 2048, /* of a report that is there: its head */
};

bool folder_report_is_good(const struct folder_report *r)
{
    return !r->unreadable && r->file->form->good(r->file);
}

static void put_number(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, slice_str(key));
    json_int(w, (int64_t)n);
}

static void put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, slice_str(key));
    json_string(w, slice_str(text));
}

static void put_head(struct json_writer *w, const struct folder_report *r)
{
    const struct folder_file *f = r->file;
    char at[RFC3339_SIZE];
    json_object(w);
    put_text(w, "file", r->name);
    put_number(w, "bytes", f->offset);
    put_text(w, "sha256", f->sha256);
    json_key(w, SLICE("finished"));
    json_string(w, rfc3339_utc(clock_wall_ms(), at));
    put_text(w, "result", folder_report_is_good(r) ? "done" : "bad");
    if (r->unreadable)
        put_text(w, "unreadable", r->unreadable);
    put_number(w, "accepted", f->accepted);
    put_number(w, "refused", f->refused);
    f->form->report(f, w);
    json_object_end(w);
}

/* The refusals are JSON already: they take the place of the last brace. */
static void write_text(const struct folder_report *r, struct buf *out, struct err *reterr)
{
    struct json_writer *w;
    if (json_writer_open(out, &w, reterr) < 0) {
        out->failed = true;
        return;
    }
    put_head(w, r);
    json_writer_close(w);
    if (buf_ok(out) && out->n)
        out->n--;
    buf_printf(out, ",\n  \"refusals\": [%s%.*s]}\n", r->file->refusals.n ? "\n    " : "",
               SLICE_ARG(buf_slice(&r->file->refusals)));
}

void folder_report_name(const char *name, char ret[FOLDER_REPORT_NAME])
{
    snprintf(ret, FOLDER_REPORT_NAME, "%s.report.json", name);
}

bool folder_report_is_free(const struct folder_report *r, int dir, const char *name)
{
    char whole[FOLDER_REPORT_NAME], text[LOOKED_AT];
    folder_report_name(name, whole);
    int fd = openat(dir, whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT;
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    return n > 0 && r->file->sha256[0] &&
           memmem(text, (size_t)n, r->file->sha256, strlen(r->file->sha256)) != NULL;
}

int folder_report_write(const struct folder_report *r, int dir, const char *name,
                        struct err *reterr)
{
    static const char half[] = ".report.writing";
    char whole[FOLDER_REPORT_NAME];
    struct buf text;
    buf_init(&text, REPORT_MAX);
    write_text(r, &text, reterr);
    folder_report_name(name, whole);
    int fd = openat(dir, half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    bool written =
        fd >= 0 && buf_ok(&text) && write_all(fd, buf_slice(&text)) == 0 && fsync(fd) == 0;
    int rc = written ? 0 : -1;
    if (rc == 0)
        rc = renameat(dir, half, dir, whole);
    if (rc < 0) {
        err_set(reterr, ERR_IO, "its report cannot be written: %s", strerror(errno));
        unlinkat(dir, half, 0);
    }
    if (fd >= 0)
        close(fd);
    buf_fini(&text);
    return rc;
}
