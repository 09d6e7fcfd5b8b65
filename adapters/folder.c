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

enum { AGAIN_MS = 20, PUT_OFF_MS = 1000, QUIET_MS = 60000, SAME_NAME = 10000 };

struct folder {
    struct loop *loop;
    struct intake *intake;
    struct source *source;
    struct loop_timer *timer;
    int in, work, done, bad, lock; /* folders; -1: not open */
    bool paused, told;
    int64_t quiet_until; /* the alarm of a folder that cannot be used is told once a minute */
    bool reading;        /* file and name are valid */
    char name[NAME_MAX + 1];
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

/* The oldest file of a folder that may be taken; claimed: whatever stands there. */
static bool find(const struct folder *f, int dir, bool claimed, char name[NAME_MAX + 1])
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
            (!claimed && !at_rest(f, &st)))
            continue;
        if (found && !is_before(&st, e->d_name, &best, name))
            continue;
        found = true;
        best = st;
        snprintf(name, NAME_MAX + 1, "%s", e->d_name);
    }
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
static bool begin(struct folder *f)
{
    struct folder_file_options o = {
        .intake = f->intake, .source = f->source, .name = f->name, .moved = on_moved, .arg = f};
    struct err err = {0};
    int fd = openat(f->work, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        err_set(&err, ERR_IO, "%s", strerror(errno));
    else if (folder_file_open(&f->file, &o, fd, &err) == 0)
        f->reading = true;
    if (!f->reading)
        tell(f, "a file in work/ cannot be read", err.text);
    return f->reading;
}

static bool next_file(struct folder *f)
{
    if (find(f, f->work, true, f->name))
        return begin(f);
    if (!find(f, f->in, false, f->name))
        return false;
    if (renameat2(f->in, f->name, f->work, f->name, RENAME_NOREPLACE) < 0) {
        if (errno != ENOENT) /* else somebody took it back */
            tell(f, "a file cannot be moved into work/", strerror(errno));
        return false;
    }
    fsync(f->work);
    fsync(f->in);
    return begin(f);
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
        int n = i == 1 ? snprintf(name, sizeof(name), "%s", f->name)
                       : snprintf(name, sizeof(name), "%.*s.%d", NAME_MAX - 32, f->name, i);
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
