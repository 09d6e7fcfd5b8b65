/* supervisor.h - starts programs, starts again what dies, stops all of them: for `weir run`.
 *
 * The supervisor owns its children and copies names and arguments. A child that dies is started
 * again after 250 ms, doubled each time up to 30 s, from 250 ms anew once it has lived a minute.
 * They start with SIGHUP blocked, which would end a program that does not listen to it yet: it has
 * to unblock it. One that ends with 78 (its configuration is wrong) is not: the same would happen
 * again. Nor is one that has never lived a minute and ended with 74 (it cannot open what it needs,
 * a port in use) eight times in a row: half a minute, in which an earlier one may still have been
 * ending. Children get SIGTERM should the supervisor die. */
#ifndef WEIR_SUPERVISOR_H
#define WEIR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "err.h"
#include "loop.h"

enum { SUPERVISOR_CHILDREN_MAX = 32 };

struct supervisor;

enum supervisor_event {
    SUPERVISOR_STARTED,  /* pid */
    SUPERVISOR_ENDED,    /* status of waitpid, restart_ms until it is started again */
    SUPERVISOR_GAVE_UP,  /* status: ended with 78, or with 74 too often; tries */
    SUPERVISOR_UNSTARTED /* could not be started: status is errno, restart_ms */
};

struct supervisor_report {
    enum supervisor_event event;
    const char *name;
    pid_t pid;
    int status;
    int64_t restart_ms;
    unsigned tries; /* starts that ended with 74, in a row */
};

struct supervisor_hooks {
    void (*report)(const struct supervisor_report *r, void *arg);
    /* After supervisor_stop, or when every child was given up: none is left. */
    void (*stopped)(void *arg);
};

struct supervisor_options {
    int64_t backoff_min_ms, backoff_max_ms, healthy_ms; /* 0 = 250, 30000, 60000 */
    unsigned tries_max;                                 /* 0 = 8 */
};

int supervisor_open(struct loop *l, const struct supervisor_options *o,
                    const struct supervisor_hooks *hooks, void *arg, struct supervisor **ret,
                    struct err *reterr);
/* Children that still run are killed. NULL is fine. */
void supervisor_close(struct supervisor *s);
/* Starts argv[0] (a path) and keeps it running. ERR_LIMIT, ERR_NOMEM. */
int supervisor_add(struct supervisor *s, const char *name, const char *const argv[],
                   struct err *reterr);
/* SIGTERM to the child of that name, which is forgotten once it has ended. False: there is none. */
bool supervisor_remove(struct supervisor *s, const char *name);
/* Those that were given up are started again: their configuration may have been mended. */
void supervisor_revive(struct supervisor *s);
/* SIGTERM to all; SIGKILL to what is left after kill_after_ms. */
void supervisor_stop(struct supervisor *s, int64_t kill_after_ms);
/* Sends every child a signal (SIGHUP: reload). */
void supervisor_signal(struct supervisor *s, int number);

struct supervisor_state {
    const char *name;
    pid_t pid; /* 0: not running now */
    unsigned restarts;
    bool given_up, leaving; /* leaving: supervisor_remove */
    int64_t up_ms;          /* since it was started */
};
/* The nth child; false past the last. */
bool supervisor_nth(const struct supervisor *s, unsigned nth, struct supervisor_state *ret);

#endif
