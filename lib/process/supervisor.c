#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"

enum {
    BACKOFF_MIN_MS = 250,
    BACKOFF_MAX_MS = 30000,
    HEALTHY_MS = 60000,
    TRIES_MAX = 8,
    EXIT_IO = 74,
    EXIT_CONFIG = 78
};

struct child {
    struct supervisor *owner;
    char *name;
    char **argv;
    pid_t pid;
    unsigned restarts;
    unsigned tries; /* starts in a row that ended with EXIT_IO */
    bool proven;    /* it was healthy once: whatever ends it now may pass */
    int64_t started_at, backoff;
    struct loop_timer *restart;
    bool given_up, leaving;
};

struct supervisor {
    struct loop *loop;
    struct supervisor_options o;
    struct supervisor_hooks hooks;
    void *arg;
    struct loop_signal *child_signal;
    struct loop_timer *kill_timer;
    struct child *children[SUPERVISOR_CHILDREN_MAX];
    unsigned n;
    bool stopping, told;
};

static void report(struct child *c, enum supervisor_event event, int status, int64_t restart_ms)
{
    struct supervisor_report r = {event, c->name, c->pid, status, restart_ms, c->tries};
    c->owner->hooks.report(&r, c->owner->arg);
}

static void child_free(struct child *c)
{
    if (!c)
        return;
    loop_timer_remove(c->restart);
    for (char **at = c->argv; at && *at; at++)
        free(*at);
    free(c->argv);
    free(c->name);
    free(c);
}

/* In the child: only calls that are safe after fork. */
static void become(char *const argv[], pid_t parent, int error_fd)
{
    sigset_t hup;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hup, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent)
        execv(argv[0], argv);
    int e = errno;
    ssize_t n = write(error_fd, &e, sizeof(e));
    (void)n;
    _exit(127);
}

/* 0, or the errno for which it could not be started: the pipe closes by itself when exec succeeds.
 */
static int spawn(struct child *c)
{
    int fds[2], e = 0;
    pid_t parent = getpid();
    if (pipe2(fds, O_CLOEXEC) != 0)
        return errno;
    pid_t pid = fork();
    if (pid == 0)
        become(c->argv, parent, fds[1]);
    e = pid < 0 ? errno : 0;
    close(fds[1]);
    if (pid > 0 && read(fds[0], &e, sizeof(e)) == (ssize_t)sizeof(e))
        waitpid(pid, NULL, 0);
    else if (pid > 0)
        c->pid = pid;
    close(fds[0]);
    return e;
}

static int64_t next_backoff(struct child *c)
{
    const struct supervisor_options *o = &c->owner->o;
    int64_t ms = c->backoff ? c->backoff : o->backoff_min_ms;
    c->backoff = ms * 2 < o->backoff_max_ms ? ms * 2 : o->backoff_max_ms;
    return ms;
}

static void start(void *arg)
{
    struct child *c = arg;
    if (c->owner->stopping)
        return;
    c->started_at = clock_mono_ms();
    int e = spawn(c);
    if (e == 0) {
        report(c, SUPERVISOR_STARTED, 0, 0);
        return;
    }
    int64_t wait = next_backoff(c);
    report(c, SUPERVISOR_UNSTARTED, e, wait);
    loop_timer_start(c->restart, wait);
}

/* Would the same only happen again? */
static bool hopeless(struct child *c, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    c->tries = code == EXIT_IO ? c->tries + 1 : 0;
    return code == EXIT_CONFIG || (!c->proven && c->tries >= c->owner->o.tries_max);
}

static void ended(struct child *c, int status)
{
    struct supervisor *s = c->owner;
    if (clock_mono_ms() - c->started_at >= s->o.healthy_ms) {
        c->backoff = 0;
        c->proven = true;
    }
    bool give_up = hopeless(c, status);
    if (s->stopping || c->leaving || give_up) {
        c->given_up = give_up && !s->stopping && !c->leaving;
        report(c, c->given_up ? SUPERVISOR_GAVE_UP : SUPERVISOR_ENDED, status, -1);
        c->pid = 0;
        return;
    }
    int64_t wait = next_backoff(c);
    report(c, SUPERVISOR_ENDED, status, wait);
    c->pid = 0;
    c->restarts++;
    loop_timer_start(c->restart, wait);
}

static bool any_left(const struct supervisor *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->children[i]->pid || (!s->stopping && !s->children[i]->given_up))
            return true;
    return false;
}

static void tell_if_none(struct supervisor *s)
{
    if (s->told || any_left(s))
        return;
    s->told = true;
    if (s->kill_timer)
        loop_timer_stop(s->kill_timer);
    s->hooks.stopped(s->arg);
}

static void forget_left(struct supervisor *s)
{
    unsigned left = 0;
    for (unsigned i = 0; i < s->n; i++) {
        struct child *c = s->children[i];
        if (c->leaving && !c->pid)
            child_free(c);
        else
            s->children[left++] = c;
    }
    s->n = left;
}

static void on_child(void *arg)
{
    struct supervisor *s = arg;
    /* Each by its own pid: other parts of the program may have children, too. */
    for (unsigned i = 0; i < s->n; i++) {
        int status;
        struct child *c = s->children[i];
        if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid)
            ended(c, status);
    }
    forget_left(s);
    tell_if_none(s);
}

void supervisor_signal(struct supervisor *s, int number)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->children[i]->pid)
            kill(s->children[i]->pid, number);
}

static void on_kill(void *arg)
{
    supervisor_signal(arg, SIGKILL);
}

int supervisor_open(struct loop *l, const struct supervisor_options *o,
                    const struct supervisor_hooks *hooks, void *arg, struct supervisor **ret,
                    struct err *reterr)
{
    struct supervisor *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a supervisor");
    *s = (struct supervisor){.loop = l, .hooks = *hooks, .arg = arg};
    s->o.backoff_min_ms = o->backoff_min_ms ? o->backoff_min_ms : BACKOFF_MIN_MS;
    s->o.backoff_max_ms = o->backoff_max_ms ? o->backoff_max_ms : BACKOFF_MAX_MS;
    s->o.healthy_ms = o->healthy_ms ? o->healthy_ms : HEALTHY_MS;
    s->o.tries_max = o->tries_max ? o->tries_max : TRIES_MAX;
    if (loop_signal_add(l, SIGCHLD, on_child, s, &s->child_signal, reterr) != 0 ||
        loop_timer_add(l, on_kill, s, &s->kill_timer, reterr) != 0) {
        supervisor_close(s);
        return -1;
    }
    *ret = s;
    return 0;
}

void supervisor_close(struct supervisor *s)
{
    if (!s)
        return;
    supervisor_signal(s, SIGKILL);
    for (unsigned i = 0; i < s->n; i++) {
        if (s->children[i]->pid)
            waitpid(s->children[i]->pid, NULL, 0);
        child_free(s->children[i]);
    }
    loop_signal_remove(s->child_signal);
    loop_timer_remove(s->kill_timer);
    free(s);
}

static bool copy_argv(struct child *c, const char *const argv[])
{
    size_t n = 0;
    while (argv[n])
        n++;
    c->argv = calloc(n + 1, sizeof(*c->argv));
    for (size_t i = 0; c->argv && i < n; i++) {
        c->argv[i] = strdup(argv[i]);
        if (!c->argv[i])
            return false;
    }
    return c->argv != NULL;
}

int supervisor_add(struct supervisor *s, const char *name, const char *const argv[],
                   struct err *reterr)
{
    if (s->n == SUPERVISOR_CHILDREN_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %d programs to supervise",
                       SUPERVISOR_CHILDREN_MAX);
    struct child *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory to supervise %s", name);
    c->owner = s;
    c->name = strdup(name);
    if (!c->name || !copy_argv(c, argv) ||
        loop_timer_add(s->loop, start, c, &c->restart, reterr) != 0) {
        child_free(c);
        return err_set(reterr, ERR_NOMEM, "no memory to supervise %s", name);
    }
    s->children[s->n++] = c;
    start(c);
    return 0;
}

bool supervisor_remove(struct supervisor *s, const char *name)
{
    for (unsigned i = 0; i < s->n; i++) {
        struct child *c = s->children[i];
        if (c->leaving || strcmp(c->name, name) != 0)
            continue;
        c->leaving = true;
        loop_timer_stop(c->restart);
        if (c->pid)
            kill(c->pid, SIGTERM);
        forget_left(s);
        return true;
    }
    return false;
}

void supervisor_revive(struct supervisor *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->children[i]->given_up) {
            s->children[i]->given_up = false;
            s->children[i]->tries = 0;
            s->children[i]->backoff = 0;
            start(s->children[i]);
        }
}

void supervisor_stop(struct supervisor *s, int64_t kill_after_ms)
{
    s->stopping = true;
    for (unsigned i = 0; i < s->n; i++)
        loop_timer_stop(s->children[i]->restart);
    supervisor_signal(s, SIGTERM);
    loop_timer_start(s->kill_timer, kill_after_ms);
    tell_if_none(s);
}

bool supervisor_nth(const struct supervisor *s, unsigned nth, struct supervisor_state *ret)
{
    if (nth >= s->n)
        return false;
    const struct child *c = s->children[nth];
    *ret = (struct supervisor_state){.name = c->name,
                                     .pid = c->pid,
                                     .restarts = c->restarts,
                                     .given_up = c->given_up,
                                     .leaving = c->leaving,
                                     .up_ms = c->pid ? clock_mono_ms() - c->started_at : 0};
    return true;
}
