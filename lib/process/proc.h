/* proc.h - the skeleton of a daemon: what every weir program does the same way.
 *
 * main is `return proc_main(argc, argv, &program);`. The skeleton reads arguments and site, takes
 * the lock of <data>/run/<name>.lock, opens loop, stream, audit, metrics, health port and control
 * socket, and calls the program's hooks on one thread. It owns all of these; the program owns its
 * state. */
#ifndef WEIR_PROC_H
#define WEIR_PROC_H

#include <stdbool.h>
#include "audit.h"
#include "control.h"
#include "err.h"
#include "loop.h"
#include "metrics.h"
#include "site.h"
#include "stream.h"

struct proc;

struct proc_program {
    const char *program;  /* "weir-adapter" */
    const char *summary;  /* one line for --help */
    const char *instance; /* what the one positional argument names ("adapter"), NULL: none */
    const char *name;     /* what the process is where it takes no argument ("broker") */
    const char *example;  /* of the command line, for --help */
    unsigned secrets;     /* set of enum site_secrets: what this program may know */
    enum site_user user;  /* of the stream, where that has users */
    /* Opens sockets, readers, state; the site is checked. What ERR_CONF says ends with exit 78. */
    int (*start)(struct proc *p, void **ret_state, struct err *reterr);
    /* True when work moves; else *ret_why says what holds it up (a literal). */
    bool (*ready)(void *state, const char **ret_why);
    /* After callbacks of the stream have run: flush what they made. May be NULL. */
    void (*dispatched)(void *state);
    /* Before metrics are written: set gauges. May be NULL. */
    void (*collect)(void *state);
    /* Members of the `status` answer. May be NULL. */
    void (*status)(void *state, struct json_writer *w);
    /* Stop taking work; call proc_drained once nothing is under way (at once is fine). */
    void (*drain)(void *state);
    /* SIGHUP and "do": "reload": take all of the new site, which the skeleton has read and checked
     * for what takes a restart anyhow, or nothing of it. `what` is to say for a person what was
     * taken, in a line. Afterwards proc_site gives the new one; what still borrows from another one
     * holds that (site_hold). The first one lives as long as the process. ERR_REFUSED: something
     * takes a restart. NULL: everything does. */
    int (*reload)(void *state, const struct site *fresh, struct buf *what, struct err *reterr);
    /* Ends what reads from the stream, and frees what the stream does not call back into: all of
     * the state where there is no `gone`; NULL is fine. Called before the stream is closed, when
     * the loop runs no more. */
    void (*stop)(void *state);
    /* The stream is closed: what it still had to do has called back. Frees the rest. May be NULL.
     */
    void (*gone)(void *state);
};

/* The exit code: 0 after a drain, 64 wrong arguments, 78 wrong configuration, 75 another instance
 * runs, 70 and 74 else. */
int proc_main(int argc, char **argv, const struct proc_program *program);

/* Makes <data>/run and takes the lock of that name there (lock.h): the descriptor. For programs
 * that are no daemon of this kind. */
int proc_lock(const struct site *s, const char *name, struct err *reterr);

/* For the hooks. Borrowed. */
const char *proc_name(const struct proc *p);
/* What it is one of: the adapter, or "broker". Its name where there is one of them. */
const char *proc_role(const struct proc *p);
/* Whether a process of that name is one of the role: the same, or "<role>-<something>". */
bool proc_name_of(const char *name, const char *role);
struct loop *proc_loop(struct proc *p);
const struct site *proc_site(const struct proc *p);
/* From 1; grows with each configuration that was taken. */
uint64_t proc_generation(const struct proc *p);
struct stream *proc_stream(struct proc *p);
struct metrics *proc_metrics(struct proc *p);
struct audit *proc_audit(struct proc *p);
struct control *proc_control(struct proc *p);
/* The work is done: leave the loop. */
void proc_drained(struct proc *p);
/* Something that cannot be mended while running: log, drain nothing, exit with that error's code.
 */
void proc_fail(struct proc *p, const struct err *e);

#endif
