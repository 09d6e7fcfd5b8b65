#include "message_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { VT = 0x0b, FS = 0x1c };

static int read_all(int fd, struct buf *to, const char *name, struct err *reterr)
{
    for (;;) {
        char *room = buf_reserve(to, 64 * 1024);
        if (!room)
            return err_set(reterr, ERR_LIMIT, "%s: larger than %d bytes", name, MESSAGE_FILE_MAX);
        ssize_t n = read(fd, room, 64 * 1024);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(reterr, ERR_IO, "%s: %s", name, strerror(errno));
        if (n == 0)
            return 0;
        to->n += (size_t)n;
    }
}

int message_file_open(const char *name, struct message_file *ret, struct err *reterr)
{
    bool standard = strcmp(name, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s: %s", name, strerror(errno));
    struct message_file f = {0};
    buf_init(&f.bytes, MESSAGE_FILE_MAX);
    int r = read_all(fd, &f.bytes, name, reterr);
    if (!standard)
        close(fd);
    if (r == 0 && !f.bytes.n)
        r = err_set(reterr, ERR_INPUT, "%s: is empty: there is no message in it", name);
    if (r < 0) {
        buf_fini(&f.bytes);
        return -1;
    }
    *ret = f;
    return 0;
}

void message_file_close(struct message_file *f)
{
    buf_fini(&f->bytes);
}

static bool ends_line(char c)
{
    return c == '\r' || c == '\n' || c == VT || c == FS;
}

/* Where the next line begins that starts with this id, from `from` on, or the end. */
static size_t find_line(struct slice s, size_t from, struct slice id)
{
    for (size_t i = from; i + id.n <= s.n; i++) {
        if (i > 0 && !ends_line(s.p[i - 1]) &&
            (unsigned char)s.p[i - 1] != 0xbf) /* 0xbf ends a byte order mark */
            continue;
        if (memcmp(s.p + i, id.p, id.n) == 0)
            return i;
    }
    return s.n;
}

/* The message's end: the next MSH, the end of its frame, or a batch segment, whichever comes first.
 */
static size_t find_end(struct slice s, size_t from)
{
    static const struct slice marks[] = {
        {"MSH", 3}, {"FHS", 3}, {"BHS", 3}, {"BTS", 3}, {"FTS", 3}};
    size_t end = s.n;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t at = find_line(slice_make(s.p, end), from + 3, marks[i]);
        end = at < end ? at : end;
    }
    for (size_t i = from; i + 1 < end; i++)
        if (s.p[i] == FS && (s.p[i + 1] == '\r' || s.p[i + 1] == '\n' || s.p[i + 1] == VT))
            return i;
    while (end > from && (s.p[end - 1] == VT || s.p[end - 1] == FS))
        end--;
    return end;
}

bool message_file_next(struct message_file *f, struct slice *ret)
{
    struct slice all = buf_slice(&f->bytes);
    if (f->at >= all.n)
        return false;
    size_t from = find_line(all, f->at, SLICE("MSH"));
    if (from == all.n && f->no > 0)
        return false;
    if (from == all.n)
        from = 0;
    size_t end =
        from == 0 && find_line(all, 0, SLICE("MSH")) == all.n ? all.n : find_end(all, from);
    *ret = slice_make(all.p + from, end - from);
    f->at = end < all.n ? end : all.n;
    f->no++;
    return true;
}
