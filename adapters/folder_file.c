#include "folder_file.h"

#include <errno.h>
#include <unistd.h>
#include "json.h"

enum {
    CHUNK = 256 * 1024,
    UNDER_WAY = 1024,
    CHUNKS_A_STEP = 4, /* so that other sources get their turn */
    REFUSALS_BYTES = 64 * 1024,
};

void folder_file_note(struct folder_file *f, uint64_t at, const char *why)
{
    struct json_writer *w = NULL;
    struct err ignored = {0};
    struct buf one;
    if (f->refused++ >= FOLDER_REFUSALS_MAX)
        return;
    buf_init(&one, 4096);
    if (json_writer_open(&one, &w, &ignored) == 0) {
        json_object(w);
        f->form->where(f, at, w);
        json_key(w, SLICE("why"));
        json_string(w, slice_str(why));
        json_object_end(w);
        buf_printf(&f->refusals, "%s%.*s", f->refusals.n ? ",\n    " : "",
                   SLICE_ARG(buf_slice(&one)));
    }
    json_writer_close(w);
    buf_fini(&one);
}

static void on_answered(const struct reply *r, void *arg)
{
    struct folder_file *f = arg;
    if (f->any_put_off)
        return; /* it comes again behind the one that was put off */
    if (r->later) {
        f->any_put_off = true;
        f->put_off_at = r->at;
        return;
    }
    if (r->refused)
        folder_file_note(f, r->at, r->why);
    else
        f->accepted++;
    if (f->form->answered)
        f->form->answered(f, r);
}

static void on_moved(void *arg)
{
    struct folder_file *f = arg;
    f->o.moved(f->o.arg);
}

static void rewind_file(struct folder_file *f)
{
    digest_begin(f->digest);
    buf_reset(&f->window);
    f->offset = 0;
    f->is_utf16 = false;
    f->any_put_off = f->ended = f->hungry = false;
}

/* Reads the file from its first byte on; what begins before `skip` is passed over. */
static void begin(struct folder_file *f, uint64_t skip)
{
    static const struct reply_queue_hooks hooks = {.answered = on_answered, .moved = on_moved};
    reply_queue_fini(&f->queue);
    f->queue = (struct reply_queue){.hooks = &hooks,
                                    .arg = f,
                                    .intake = f->o.intake,
                                    .source = f->o.source,
                                    .pending_max = UNDER_WAY};
    reply_queue_init(&f->queue);
    rewind_file(f);
    if (skip == 0) {
        f->accepted = f->refused = 0;
        buf_reset(&f->refusals);
    }
    f->form->begin(f, skip);
    fstat(f->fd, &f->seen);
}

int folder_file_open(struct folder_file *f, const struct folder_file_options *o, int fd,
                     struct err *reterr)
{
    bool hl7 = o->source->conf->format == SITE_HL7V2;
    *f = (struct folder_file){.fd = fd, .o = *o, .form = hl7 ? &file_messages : &file_rows};
    buf_init(&f->window, o->source->conf->folder.message_max + f->form->room + 2 * CHUNK);
    buf_init(&f->refusals, REFUSALS_BYTES);
    if (digest_open(SLICE_ABSENT, &f->digest, reterr) < 0 || f->form->open(f, reterr) < 0) {
        digest_close(f->digest);
        close(fd);
        return -1;
    }
    begin(f, 0);
    return 0;
}

void folder_file_close(struct folder_file *f)
{
    reply_queue_fini(&f->queue);
    f->form->close(f);
    buf_fini(&f->window);
    buf_fini(&f->refusals);
    digest_close(f->digest);
    close(f->fd);
}

static bool unchanged(struct folder_file *f)
{
    struct stat now;
    return fstat(f->fd, &now) == 0 && now.st_size == f->seen.st_size &&
           now.st_mtim.tv_sec == f->seen.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == f->seen.st_mtim.tv_nsec;
}

/* What was just read behind the window is put there, as UTF-8. */
static void put(struct folder_file *f, const char *read, size_t n)
{
    struct slice bytes = slice_make(read, n);
    if (f->offset == 0 && f->form->reads_utf16 && f->form->reads_utf16(f))
        f->is_utf16 = utf16_begins(bytes, &f->utf16);
    if (!f->is_utf16) {
        f->window.n += n;
        return;
    }
    struct buf copy;
    buf_init(&copy, CHUNK);
    buf_put(&copy, bytes);
    utf16_write(&f->utf16, buf_slice(&copy), &f->window);
    if (n == 0)
        utf16_end(&f->utf16, &f->window);
    if (!buf_ok(&copy))
        f->window.failed = true;
    buf_fini(&copy);
}

/* One more chunk; 0 at the end of the file, -1 where it cannot be read. */
static int read_on(struct folder_file *f, struct err *reterr)
{
    char *to = buf_reserve(&f->window, CHUNK);
    if (!to)
        return err_set(reterr, ERR_NOMEM, "no memory to read a file");
    ssize_t n = pread(f->fd, to, CHUNK, (off_t)f->offset);
    if (n < 0)
        return err_set(reterr, ERR_IO, "cannot be read: %s", strerror(errno));
    digest_add(f->digest, slice_make(to, (size_t)n));
    put(f, to, (size_t)n);
    f->offset += (uint64_t)n;
    return buf_ok(&f->window) ? n > 0 : err_set(reterr, ERR_NOMEM, "no memory to read a file");
}

/* All of it is answered, or one was put off and those under way are answered. */
static enum folder_step end_of(struct folder_file *f)
{
    unsigned char sum[DIGEST_SIZE];
    if (f->queue.pending)
        return FOLDER_GOES_ON;
    if (f->any_put_off || f->queue.put_off) {
        begin(f, f->any_put_off ? f->put_off_at : 0); /* 0: no memory */
        return FOLDER_PUT_OFF;
    }
    if (!unchanged(f)) {
        begin(f, 0);
        return FOLDER_CHANGED;
    }
    if (f->form->durable && !f->form->durable(f)) {
        f->o.moved(f->o.arg);
        return FOLDER_GOES_ON;
    }
    digest_end(f->digest, sum);
    digest_hex(sum, sizeof(sum), f->sha256);
    return FOLDER_WHOLE;
}

static enum file_feed feed(struct folder_file *f, bool last)
{
    struct slice input = buf_slice(&f->window);
    enum file_feed got = f->form->feed(f, &input, last);
    reply_queue_give(&f->queue);
    buf_drop(&f->window, f->window.n - input.n);
    f->hungry = got == FILE_MORE;
    f->ended = got == FILE_END;
    if (got == FILE_NOMEM)
        f->queue.put_off = true;
    if (got == FILE_AGAIN)
        rewind_file(f);
    return got;
}

enum folder_step folder_file_step(struct folder_file *f, struct err *reterr)
{
    if (f->ended || f->queue.put_off)
        return end_of(f);
    for (int i = 0; i < CHUNKS_A_STEP; i++) {
        int more = f->window.n < CHUNK || f->hungry ? read_on(f, reterr) : 1;
        if (more < 0) /* what was taken is counted in the report */
            return f->queue.pending ? FOLDER_GOES_ON : FOLDER_FAILED;
        /* The last message is only known to be whole when nobody writes any more. */
        if (more == 0 && !unchanged(f) && f->queue.pending == 0) {
            begin(f, 0);
            return FOLDER_CHANGED;
        }
        if (more == 0 && !unchanged(f))
            return FOLDER_GOES_ON;
        enum file_feed got = feed(f, more == 0);
        if (f->ended || f->queue.put_off)
            return end_of(f);
        if (got == FILE_WAIT)
            return FOLDER_GOES_ON;
    }
    f->o.moved(f->o.arg);
    return FOLDER_GOES_ON;
}
