#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "clock.h"
#include "folder_away.h"
#include "folder_names.h"
#include "log.h"

enum {
    AGAIN_MS = 20,
    PUT_OFF_MS = 1000,
    QUIET_MS = 60000,
};

struct folder {
    struct loop *loop;
    struct intake *intake;
    struct source *source;
    struct loop_timer *timer;
    int in, work, done, bad, lock; /* folders; -1: not open */
    bool paused;
    int64_t quiet_until; /* the alarm of a folder that cannot be used is told once a minute */
    bool claimed_first;  /* what stands in work/ comes before what is dropped */
    struct folder_names claimed, dropped;
    bool reading; /* file and name are valid */
    bool read;    /* and file is at its end: it is to be put away. unreadable: why, or empty */
    char name[NAME_MAX + 1];
    struct err unreadable;
    struct folder_file file;
};

static const struct site_folder *conf_of(const struct folder *f)
{
    return &f->source->conf->folder;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_dirs(struct folder *f)
{
    folder_names_fini(&f->claimed);
    folder_names_fini(&f->dropped);
    close_fd(&f->in);
    close_fd(&f->work);
    close_fd(&f->done);
    close_fd(&f->bad);
    close_fd(&f->lock);
}

static int open_dir(int at, const char *name, int *ret, struct err *reterr)
{
    if (at != AT_FDCWD && mkdirat(at, name, 0750) < 0 && errno != EEXIST)
        return err_set(reterr, ERR_IO, "%s/ cannot be made: %s", name, strerror(errno));
    *ret = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? err_set(reterr, ERR_IO, "%s: %s", name, strerror(errno)) : 0;
}

/* work/.lock: one owner. */
static int lock(struct folder *f, struct err *reterr)
{
    f->lock = openat(f->work, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (f->lock < 0)
        return err_set(reterr, ERR_IO, "work/.lock: %s", strerror(errno));
    if (flock(f->lock, LOCK_EX | LOCK_NB) < 0)
        return err_set(reterr, ERR_REFUSED, "another process reads this folder");
    return 0;
}

/* What is in the way is tried again, and told once a minute. */
static void tell(struct folder *f, const char *what, const char *why)
{
    int64_t now = loop_now(f->loop);
    if (now < f->quiet_until)
        return;
    log_line(LOG_ERROR, "alarm.folder", "source=%.*s %s: %s", SLICE_ARG(f->source->conf->name),
             what, why);
    f->quiet_until = now + QUIET_MS;
}

static bool open_dirs(struct folder *f)
{
    struct err err = {0};
    if (f->lock >= 0)
        return true;
    if (open_dir(AT_FDCWD, conf_of(f)->path.p, &f->in, &err) == 0 &&
        open_dir(f->in, "work", &f->work, &err) == 0 &&
        open_dir(f->in, "done", &f->done, &err) == 0 &&
        open_dir(f->in, "bad", &f->bad, &err) == 0 && lock(f, &err) == 0) {
        f->claimed_first = true;
        if (f->reading) /* only opened anew */
            return true;
        log_line(LOG_INFO, "folder.open", "source=%.*s", SLICE_ARG(f->source->conf->name));
        f->quiet_until = 0;
        return true;
    }
    tell(f, "not read", err.text);
    close_dirs(f);
    return false;
}

/* Names that copying programs give to what is not whole yet, and those left out by `pattern`. */
static bool is_wanted(const struct folder *f, const char *name)
{
    static const char *const unfinished[] = {".tmp",      ".part", ".partial",
                                             ".filepart", ".lock", ".writing"};
    struct slice n = slice_str(name);
    for (size_t i = 0; i < sizeof(unfinished) / sizeof(*unfinished); i++)
        if (slice_ends(n, slice_str(unfinished[i])))
            return false;
    return name[0] != '.' && fnmatch(conf_of(f)->pattern.p, name, FNM_PERIOD) == 0;
}

/* Every write and every rename sets the time of change, which no program can set back. */
static bool at_rest(const struct folder *f, const struct stat *st)
{
    int64_t changed = (int64_t)st->st_ctim.tv_sec * 1000 + st->st_ctim.tv_nsec / 1000000;
    return clock_wall_ms() - changed >= conf_of(f)->settle;
}

static bool wants_claimed(void *arg, const char *name, const struct stat *st)
{
    (void)arg;
    (void)name;
    (void)st;
    return true;
}

static bool wants_dropped(void *arg, const char *name, const struct stat *st)
{
    const struct folder *f = arg;
    return is_wanted(f, name) && at_rest(f, st);
}

static void on_moved(void *arg)
{
    struct folder *f = arg;
    if (!f->paused)
        loop_timer_start(f->timer, 0);
}

/* What stands there may be another one than was found; to open a FIFO waits for its writer. */
static int open_regular(const struct folder *f, struct err *reterr)
{
    struct stat st;
    int fd = openat(f->work, f->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s", strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return err_set(reterr, ERR_IO, "it is no regular file");
}

/* A file in work/ is opened. */
static int begin(struct folder *f, struct err *reterr)
{
    struct folder_file_options o = {
        .intake = f->intake, .source = f->source, .name = f->name, .moved = on_moved, .arg = f};
    int fd = open_regular(f, reterr);
    if (fd < 0)
        return -1;
    if (folder_file_open(&f->file, &o, fd, reterr) < 0)
        return -1;
    f->reading = true;
    return 0;
}

/* Whether it is still the file that was found, and at rest: the list may be old by now. */
static bool still_there(const struct folder *f, const struct folder_name *found)
{
    struct stat st;
    return fstatat(f->in, found->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_ino == found->inode && at_rest(f, &st);
}

/* Into work/: 0, or errno. A file that only its sender may read would stay there for good. A crash
 * may undo it: the file is read again then. */
static int claim(struct folder *f)
{
    bool claimed = faccessat(f->in, f->name, R_OK, AT_EACCESS) == 0 &&
                   renameat2(f->in, f->name, f->work, f->name, RENAME_NOREPLACE) == 0;
    return claimed ? 0 : errno;
}

static void set_name(struct folder *f, const struct folder_name *found)
{
    snprintf(f->name, sizeof(f->name), "%s", found->name);
}

/* One that a process left in work/ when it ended. What cannot be read holds up no other. */
static enum folder_names_step next_claimed(struct folder *f)
{
    const struct folder_name *found;
    enum folder_names_step step;
    struct err err = {0};
    while ((step = folder_names_next(&f->claimed, f->work, wants_claimed, f, &found)) ==
           FOLDER_NAMES_FOUND) {
        set_name(f, found);
        if (begin(f, &err) == 0) {
            folder_names_taken(&f->claimed);
            return step;
        }
        tell(f, "a file in work/ cannot be read", err.text);
    }
    return step;
}

static enum folder_names_step next_dropped(struct folder *f)
{
    const struct folder_name *found;
    enum folder_names_step step;
    struct err err = {0};
    while ((step = folder_names_next(&f->dropped, f->in, wants_dropped, f, &found)) ==
           FOLDER_NAMES_FOUND) {
        set_name(f, found);
        if (!still_there(f, found))
            continue;
        int why = claim(f);
        if (why && why != ENOENT)
            tell(f, "a file cannot be moved into work/", strerror(why));
        if (why)
            continue;
        folder_names_taken(&f->dropped);
        if (begin(f, &err) == 0)
            return step;
        tell(f, "a file in work/ cannot be read", err.text);
        return FOLDER_NAMES_NONE;
    }
    return step;
}

static enum folder_names_step next_file(struct folder *f)
{
    enum folder_names_step step = FOLDER_NAMES_NONE;
    if (f->claimed_first && (step = next_claimed(f)) != FOLDER_NAMES_NONE)
        return step;
    f->claimed_first = false;
    if ((step = next_dropped(f)) == FOLDER_NAMES_NONE)
        f->claimed_first = true;
    return step;
}

/* Somebody put another folder in its place: a share that was mounted anew, done/ made anew. */
static bool moved_away(const struct folder *f)
{
    struct stat was, is;
    return fstat(f->in, &was) < 0 || stat(conf_of(f)->path.p, &is) < 0 || was.st_ino != is.st_ino ||
           was.st_dev != is.st_dev;
}

static void end_file(struct folder *f)
{
    folder_file_close(&f->file);
    f->reading = f->read = false;
}

/* Whether the file that was read stands in work/ still. */
static bool is_ours(const struct folder *f)
{
    struct stat read, there;
    return fstat(f->file.fd, &read) == 0 &&
           fstatat(f->work, f->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           read.st_ino == there.st_ino && read.st_dev == there.st_dev;
}

/* What cannot be put away is not read again, as long as it is the same file; its folders are opened
 * anew. */
static void finish(struct folder *f)
{
    struct err err = {0};
    struct folder_report report = {.name = f->name,
                                   .file = &f->file,
                                   .unreadable = f->unreadable.text[0] ? f->unreadable.text : NULL};
    bool good = folder_report_is_good(&report);
    if (folder_put_away(&report, f->work, good ? f->done : f->bad, &err) < 0) {
        tell(f, "a file cannot be moved out of work/", err.text);
        if (!is_ours(f))
            end_file(f);
        close_dirs(f);
        loop_timer_start(f->timer, PUT_OFF_MS);
        return;
    }
    log_line(good ? LOG_INFO : LOG_WARN, good ? "file.done" : "file.bad",
             "source=%.*s sha256=%.16s accepted=%llu refused=%llu",
             SLICE_ARG(f->source->conf->name), f->file.sha256, (unsigned long long)f->file.accepted,
             (unsigned long long)f->file.refused);
    end_file(f);
    loop_timer_start(f->timer, 0);
}

/* True where a file is under way now. */
static bool look(struct folder *f)
{
    switch (next_file(f)) {
    case FOLDER_NAMES_FOUND:
        return true;
    case FOLDER_NAMES_GOES_ON:
        loop_timer_start(f->timer, 0);
        return false;
    case FOLDER_NAMES_NONE:
        break;
    }
    if (moved_away(f))
        close_dirs(f);
    loop_timer_start(f->timer, conf_of(f)->poll);
    return false;
}

static void step(struct folder *f)
{
    f->unreadable = (struct err){0};
    switch (folder_file_step(&f->file, &f->unreadable)) {
    case FOLDER_GOES_ON:
        if (!loop_timer_running(f->timer))
            loop_timer_start(f->timer, AGAIN_MS);
        return;
    case FOLDER_PUT_OFF:
        loop_timer_start(f->timer, PUT_OFF_MS);
        return;
    case FOLDER_CHANGED:
        loop_timer_start(f->timer, conf_of(f)->settle + conf_of(f)->poll);
        return;
    case FOLDER_WHOLE:
    case FOLDER_FAILED:
        f->read = true;
        finish(f);
        return;
    }
}

static void on_timer(void *arg)
{
    struct folder *f = arg;
    if (f->paused)
        return;
    if (!open_dirs(f))
        loop_timer_start(f->timer, conf_of(f)->poll);
    else if (f->read)
        finish(f);
    else if (f->reading || look(f))
        step(f);
}

int folder_open(struct loop *loop, struct intake *intake, struct source *source,
                struct folder **ret, struct err *reterr)
{
    struct folder *f = calloc(1, sizeof(*f));
    if (!f)
        return err_set(reterr, ERR_NOMEM, "no memory for a folder");
    *f = (struct folder){.loop = loop,
                         .intake = intake,
                         .source = source,
                         .in = -1,
                         .work = -1,
                         .done = -1,
                         .bad = -1,
                         .lock = -1};
    if (loop_timer_add(loop, on_timer, f, &f->timer, reterr) < 0) {
        free(f);
        return -1;
    }
    loop_timer_start(f->timer, 0);
    *ret = f;
    return 0;
}

void folder_close(struct folder *f)
{
    if (!f)
        return;
    loop_timer_remove(f->timer);
    if (f->reading)
        end_file(f);
    close_dirs(f);
    free(f);
}

void folder_take(struct folder *f)
{
    if (f->reading)
        end_file(f);
    close_dirs(f);
    if (!f->paused)
        loop_timer_start(f->timer, 0);
}

void folder_pause(struct folder *f, bool paused)
{
    f->paused = paused;
    if (!paused)
        loop_timer_start(f->timer, 0);
}

bool folder_quiet(const struct folder *f)
{
    return !f || !f->reading || f->file.queue.pending == 0;
}
