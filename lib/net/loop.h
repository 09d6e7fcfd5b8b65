/* loop.h - one thread's event loop: descriptors, timers, signals. libevent is named only in loop.c.
 *
 * Whoever adds a watch removes it before the loop is closed; a callback may remove any watch, its
 * own included. Nothing here is thread-safe. Times are milliseconds of the monotonic clock. */
#ifndef WEIR_LOOP_H
#define WEIR_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_signal;

typedef void (*loop_fd_fn)(int fd, unsigned what, void *arg);
typedef void (*loop_fn)(void *arg);

/* ERR_IO where the system gives no poller, ERR_NOMEM. */
int loop_open(struct loop **ret, struct err *reterr);
/* All watches must be gone. NULL is fine. */
void loop_close(struct loop *l);
/* Runs until loop_stop. */
void loop_run(struct loop *l);
/* Runs what is due, waiting at most wait_ms for something; for tests and for a last flush. */
void loop_turn(struct loop *l, int64_t wait_ms);
/* Makes loop_run return after the callback that is running. */
void loop_stop(struct loop *l);
/* The time at which this turn began; cheap. */
int64_t loop_now(const struct loop *l);

/* Watches fd (borrowed) for LOOP_READ and LOOP_WRITE; `what` 0 watches nothing yet. Level
 * triggered. */
int loop_fd_add(struct loop *l, int fd, unsigned what, loop_fd_fn fn, void *arg,
                struct loop_fd **ret, struct err *reterr);
/* Changes what is watched for; false where the system refuses. */
bool loop_fd_set(struct loop_fd *w, unsigned what);
/* NULL is fine. Call it before the descriptor is closed. */
void loop_fd_remove(struct loop_fd *w);

/* A timer that is not running yet. */
int loop_timer_add(struct loop *l, loop_fn fn, void *arg, struct loop_timer **ret,
                   struct err *reterr);
/* Fires once in ms milliseconds (0: in the next turn); a running timer is set anew. */
void loop_timer_start(struct loop_timer *t, int64_t ms);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_running(const struct loop_timer *t);
/* NULL is fine. */
void loop_timer_remove(struct loop_timer *t);

/* Calls fn on the loop's thread for each signal of that number. */
int loop_signal_add(struct loop *l, int number, loop_fn fn, void *arg, struct loop_signal **ret,
                    struct err *reterr);
void loop_signal_remove(struct loop_signal *s);

#endif
