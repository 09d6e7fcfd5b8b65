#include "site_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conf_file.h"
#include "yaml_expand.h"
#include "write_all.h"

enum { PATH_BYTES = 4096 };

static const struct slice head = {"# taken from ", 13};

/* ---- writing ---- */

static struct slice base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slice_str(slash ? slash + 1 : file);
}

static bool write_file(const char *path, struct slice text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, text) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

int site_copy_write(const struct site *s, const char *process, struct err *reterr)
{
    struct buf out;
    char path[PATH_BYTES], temp[PATH_BYTES + 8];
    const char *file = site_path(s, base_name(s->file));
    snprintf(path, sizeof(path), "%s/run/%s.yaml", s->data.p, process);
    snprintf(temp, sizeof(temp), "%s.new", path);
    buf_init(&out, SIZE_MAX);
    buf_printf(&out, "%.*s%s\n", SLICE_ARG(head), file ? file : s->file);
    buf_put(&out, s->text);
    bool ok = buf_ok(&out) && write_file(temp, buf_slice(&out)) && rename(temp, path) == 0;
    buf_fini(&out);
    return ok ? 0 : err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
}

/* ---- reading ---- */

static bool is_newer(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* False where there is none. */
static bool newest(const char *data, char path[PATH_BYTES])
{
    static const struct slice end = {".yaml", 5};
    char folder[PATH_BYTES], one[2 * PATH_BYTES];
    struct stat st, best = {0};
    bool any = false;
    snprintf(folder, sizeof(folder), "%s/run", data);
    DIR *run = opendir(folder);
    for (struct dirent *e; run && (e = readdir(run));) {
        snprintf(one, sizeof(one), "%s/%s", folder, e->d_name);
        if (!slice_ends(slice_str(e->d_name), end) || strlen(one) >= PATH_BYTES ||
            stat(one, &st) != 0 || (any && !is_newer(&st, &best)))
            continue;
        any = true;
        best = st;
        memcpy(path, one, strlen(one) + 1);
    }
    if (run)
        closedir(run);
    return any;
}

static int read_copy(struct slice text, const char *path, unsigned secrets, struct site **ret,
                     struct err *reterr)
{
    char file[PATH_BYTES];
    size_t end = slice_find(text, '\n');
    if (!slice_starts(text, head) || end == text.n)
        return err_set(reterr, ERR_INPUT, "%s does not say where it was taken from", path);
    snprintf(file, sizeof(file), "%.*s", SLICE_ARG(slice_sub(text, head.n, end)));
    return site_read(slice_sub(text, end + 1, text.n), file, secrets, ret, reterr);
}

int site_copy_open(const char *data, unsigned secrets, struct site **ret, const char **ret_copy,
                   struct err *reterr)
{
    struct buf text;
    struct site *s;
    char path[PATH_BYTES];
    if (!newest(data, path))
        return err_set(reterr, ERR_INPUT, "%s/run: no process has left its configuration there",
                       data);
    if (conf_file(path, YAML_BYTES_MAX + PATH_BYTES, &text, reterr) < 0)
        return -1;
    int rc = read_copy(buf_slice(&text), path, secrets, &s, reterr);
    buf_fini(&text);
    if (rc < 0)
        return -1;
    struct slice copy = arena_copy(s->arena, slice_str(path));
    *ret_copy = slice_present(copy) ? copy.p : "";
    *ret = s;
    return 0;
}

/* ---- a broken file ---- */

/* What stands behind `data:` in its line, without quotes and comment. */
static struct slice value_of(struct slice line)
{
    struct slice v = slice_trim(slice_sub(line, 5, line.n));
    if (v.n && (*v.p == '"' || *v.p == '\'')) {
        char quote = *v.p;
        v = slice_sub(v, 1, v.n);
        return slice_sub(v, 0, slice_find(v, quote));
    }
    for (size_t i = 1; i < v.n; i++)
        if (v.p[i] == '#' && (v.p[i - 1] == ' ' || v.p[i - 1] == '\t'))
            return slice_trim(slice_sub(v, 0, i));
    return v;
}

static struct slice find_data(struct slice text)
{
    while (text.n) {
        struct slice line = slice_split(&text, '\n');
        struct slice value = slice_starts(line, SLICE("data:")) ? value_of(line) : SLICE_ABSENT;
        if (value.n)
            return value;
    }
    return SLICE("data");
}

struct slice site_copy_data(const char *file, struct arena *arena)
{
    struct buf text;
    struct err err;
    struct slice value = SLICE("data"), expanded;
    bool there = conf_file(file, YAML_BYTES_MAX, &text, &err) == 0;
    if (there)
        value = find_data(buf_slice(&text));
    bool ok = yaml_expand(value, yaml_getenv, NULL, arena, &expanded, &err) == 0;
    struct slice path = ok ? conf_path(file, expanded, arena) : SLICE_ABSENT;
    if (there)
        buf_fini(&text);
    return path;
}
