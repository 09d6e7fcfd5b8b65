#include "message_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "csv.h"
#include "json.h"
#include "site.h"
#include "utf16.h"

#define MARK "\xef\xbb\xbf" /* the byte order mark of UTF-8 */

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
    buf_init(&f.made, MESSAGE_FILE_MAX);
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
    buf_fini(&f->made);
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

/* ---- of JSON, FHIR and CSV ---- */

static struct slice rest_of(const struct message_file *f)
{
    return slice_sub(buf_slice(&f->bytes), f->at, f->bytes.n);
}

static void put_columns(struct message_file *f)
{
    const struct site_csv *csv = &f->source->csv;
    for (unsigned i = 0; i < csv->columns.n; i++) {
        if (i)
            buf_putc(&f->made, csv->delimiter);
        buf_put(&f->made, csv->columns.at[i]);
    }
}

/* A row takes itself off the front; what is broken is given as it is, so that it is refused. */
static struct slice take_row(struct message_file *f)
{
    const struct csv_rules rules = {.delimiter = f->source->csv.delimiter};
    struct slice rest = rest_of(f);
    struct csv_row row;
    struct csv c;
    csv_begin(&c, &rules);
    enum csv_result got = csv_next(&c, &rest, true, &row);
    f->at = f->bytes.n - rest.n;
    return got == CSV_ROW || got == CSV_BAD ? row.bytes : SLICE_ABSENT;
}

/* As a drop folder reads it: what is in UTF-16 becomes UTF-8. */
static int read_utf16(struct message_file *f, struct err *reterr)
{
    struct slice bytes = buf_slice(&f->bytes);
    struct utf16 u;
    struct buf text;
    if (!utf16_begins(bytes, &u))
        return 0;
    buf_init(&text, MESSAGE_FILE_MAX);
    utf16_write(&u, bytes, &text);
    utf16_end(&u, &text);
    bool ok = buf_ok(&text);
    buf_fini(&f->bytes);
    f->bytes = text;
    return ok ? 0
              : err_set(reterr, ERR_LIMIT, "in UTF-8 it is longer than %d bytes", MESSAGE_FILE_MAX);
}

int message_file_as(struct message_file *f, const struct site_source *source, struct err *reterr)
{
    f->source = source->format == SITE_HL7V2 ? NULL : source;
    if (source->format == SITE_CSV && read_utf16(f, reterr) < 0)
        return -1;
    if (slice_starts(buf_slice(&f->bytes), SLICE(MARK))) {
        f->at = 3;
        f->marked = source->charset.n > 0;
    }
    if (source->format != SITE_CSV || !source->csv.header)
        return 0;
    f->columns = take_row(f);
    return slice_present(f->columns) ? 0
                                     : err_set(reterr, ERR_INPUT, "there is no line of columns");
}

static bool next_row(struct message_file *f, struct slice *ret)
{
    struct slice row = take_row(f);
    if (!slice_present(row))
        return false;
    buf_reset(&f->made);
    if (f->marked)
        buf_puts(&f->made, MARK);
    if (f->source->csv.header)
        buf_put(&f->made, f->columns);
    else
        put_columns(f);
    buf_putc(&f->made, '\n');
    buf_put(&f->made, row);
    *ret = buf_slice(&f->made);
    return true;
}

/* Whether the line is a document by itself, so that the file has one on each. */
static bool is_document(struct slice line)
{
    struct json_limits limits = json_default_limits;
    struct arena arena;
    struct json *tree;
    struct err ignored;
    limits.bytes = line.n + 1;
    arena_init(&arena, MESSAGE_FILE_MAX);
    bool is = json_read(line, &limits, &arena, &tree, &ignored) == 0;
    arena_fini(&arena);
    return is;
}

static bool next_document(struct message_file *f, struct slice *ret)
{
    struct slice rest = slice_trim(rest_of(f)), line = rest;
    if (!rest.n)
        return false;
    line.n = slice_find(rest, '\n');
    *ret = line.n < rest.n && is_document(line) ? line : rest;
    f->at = (size_t)(ret->p + ret->n - f->bytes.p);
    return true;
}

bool message_file_next(struct message_file *f, struct slice *ret)
{
    struct slice all = buf_slice(&f->bytes);
    if (f->source) {
        bool is = f->source->format == SITE_CSV ? next_row(f, ret) : next_document(f, ret);
        f->no += is;
        return is;
    }
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
