#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "clock.h"
#include "folder_report.h"
#include "log.h"

enum {
    AGAIN_MS = 20,
    PUT_OFF_MS = 1000,
    QUIET_MS = 60000,
    SAME_NAME = 10000,
    NAME_KEPT = NAME_MAX - 32, /* of a name, so that its number and its report's fit */
    ASIDE_MAX = 64,
};

struct folder {
    struct loop *loop;
    struct intake *intake;
    struct source *source;
    struct loop_timer *timer;
    int in, work, done, bad, lock; /* folders; -1: not open */
    bool paused, told;
    int64_t quiet_until; /* the alarm of a folder that cannot be used is told once a minute */
    bool reading;        /* file, name and inode are valid */
    char name[NAME_MAX + 1];
    ino_t inode;
    ino_t aside[ASIDE_MAX]; /* what cannot be taken: the others go on, for a while */
    unsigned naside;
    int64_t aside_until;
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

static bool is_before(const struct stat *a, const char *a_name, const struct stat *b,
                      const char *b_name)
{
    if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
        return a->st_mtim.tv_sec < b->st_mtim.tv_sec;
    if (a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
        return a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
    return strcmp(a_name, b_name) < 0;
}

static bool is_aside(struct folder *f, ino_t inode)
{
    if (loop_now(f->loop) >= f->aside_until)
        f->naside = 0;
    for (unsigned i = 0; i < f->naside; i++)
        if (f->aside[i] == inode)
            return true;
    return false;
}

/* The file that was found cannot be taken now; false where it holds up the others, too. */
static bool set_aside(struct folder *f, const char *what, const char *why)
{
    tell(f, what, why);
    if (f->naside == ASIDE_MAX)
        return false;
    if (f->naside == 0)
        f->aside_until = loop_now(f->loop) + QUIET_MS;
    f->aside[f->naside++] = f->inode;
    return true;
}

/* The oldest file of a folder that may be taken; claimed: whatever stands there. */
static bool find(struct folder *f, int dir, bool claimed)
{
    struct stat st, best = {0};
    bool found = false;
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (const struct dirent *e; (e = readdir(d));) {
        if ((claimed ? e->d_name[0] == '.' : !is_wanted(f, e->d_name)) ||
            fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
            (!claimed && !at_rest(f, &st)) || is_aside(f, st.st_ino))
            continue;
        if (found && !is_before(&st, e->d_name, &best, f->name))
            continue;
        found = true;
        best = st;
        snprintf(f->name, sizeof(f->name), "%s", e->d_name);
    }
    f->inode = best.st_ino;
    closedir(d);
    return found;
}

static void on_moved(void *arg)
{
    struct folder *f = arg;
    if (!f->paused)
        loop_timer_start(f->timer, 0);
}

/* A file in work/ is opened. */
static int begin(struct folder *f, struct err *reterr)
{
    struct folder_file_options o = {
        .intake = f->intake, .source = f->source, .name = f->name, .moved = on_moved, .arg = f};
    int fd = openat(f->work, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s", strerror(errno));
    if (folder_file_open(&f->file, &o, fd, reterr) < 0)
        return -1;
    f->reading = true;
    return 0;
}

/* Into work/: 0, or errno. A file that only its sender may read would stay there for good. */
static int claim(struct folder *f)
{
    if (faccessat(f->in, f->name, R_OK, AT_EACCESS) < 0 ||
        renameat2(f->in, f->name, f->work, f->name, RENAME_NOREPLACE) < 0)
        return errno;
    fsync(f->work);
    fsync(f->in);
    return 0;
}

static bool next_file(struct folder *f)
{
    struct err err = {0};
    for (;;) {
        while (find(f, f->work, true)) {
            if (begin(f, &err) == 0)
                return true;
            if (!set_aside(f, "a file in work/ cannot be read", err.text))
                return false;
        }
        if (!find(f, f->in, false))
            return false;
        int why = claim(f);
        if (why == ENOENT) /* somebody took it back */
            return false;
        if (why && !set_aside(f, "a file cannot be moved into work/", strerror(why)))
            return false;
    }
}

static void end_file(struct folder *f)
{
    folder_file_close(&f->file);
    f->reading = false;
}

/* The report first, then the file: what stands in done/ or bad/ always has one. */
static bool put_away(struct folder *f, int to, const struct folder_report *report)
{
    char name[NAME_MAX + 1];
    struct err err = {0};
    for (int i = 1; i < SAME_NAME; i++) {
        int n = i == 1 ? snprintf(name, sizeof(name), "%.*s", NAME_KEPT, f->name)
                       : snprintf(name, sizeof(name), "%.*s.%d", NAME_KEPT, f->name, i);
        if (n < 0 || faccessat(to, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        if (folder_report_write(report, to, name, &err) < 0)
            break;
        if (renameat2(f->work, f->name, to, name, RENAME_NOREPLACE) == 0) {
            fsync(to);
            fsync(f->work);
            return true;
        }
        if (errno != EEXIST) {
            err_set(&err, ERR_IO, "%s", strerror(errno));
            break;
        }
    }
    tell(f, "a file cannot be moved out of work/", err.text);
    return false;
}

static void finish(struct folder *f, const char *unreadable)
{
    struct folder_report report = {.name = f->name, .file = &f->file, .unreadable = unreadable};
    bool good = folder_report_is_good(&report);
    if (!put_away(f, good ? f->done : f->bad, &report)) {
        end_file(f);
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

static void on_timer(void *arg)
{
    struct folder *f = arg;
    struct err err = {0};
    if (f->paused)
        return;
    if (!open_dirs(f) || (!f->reading && !next_file(f))) {
        loop_timer_start(f->timer, conf_of(f)->poll);
        return;
    }
    switch (folder_file_step(&f->file, &err)) {
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
        finish(f, NULL);
        return;
    case FOLDER_FAILED:
        finish(f, err.text);
        return;
    }
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
