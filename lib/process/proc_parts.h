/* proc_parts.h - the inside of a proc, shared by the files that make up the skeleton. */
#ifndef WEIR_PROC_PARTS_H
#define WEIR_PROC_PARTS_H

#include "http_server.h"
#include "proc.h"

struct proc_args {
    const char *config, *instance; /* instance: what it is one of: "acute", "broker" */
    const char *name;
    int log_level; /* -1: the site's */
};

enum { PROC_QUEUE_RECORDS, PROC_QUEUE_BYTES, PROC_QUEUE_OLDEST, PROC_QUEUE_REPLACED, PROC_QUEUE };

struct proc {
    const struct proc_program *program;
    struct proc_args args;
    char name[64]; /* "acute", "broker", or, of several, "broker-2" */
    char run_file[4096];
    struct site *first;      /* what was opened at the start borrows from it */
    const struct site *site; /* as it is now; held */
    uint64_t generation;
    struct loop *loop;
    struct loop_signal *signals[3];
    struct loop_fd *stream_watch, *guard_watch;
    struct topics_guard *guard; /* NULL: the verdict is in, or there is nothing to ask */
    struct loop_timer *deadline, *look;
    struct metrics *metrics;
    struct series *queue[PROC_QUEUE]; /* of stream_queue */
    struct series *resident, *audit_failed, *reloads, *reloads_refused, *generation_metric;
    struct stream *stream;
    struct audit *audit;
    struct control *control;
    struct http_server *http;
    void *state;
    int lock_fd;
    bool draining, drained, started;
    int64_t started_ms;
    struct err fault; /* code ERR_NONE: none */
};

/* Returns -1 to go on, else the exit code (0 after --help or --version, 64). */
int proc_args_read(const struct proc_program *program, int argc, char **argv,
                   struct proc_args *ret);
/* The health port: opens it and writes <data>/run/<name>.http. */
int proc_http_open(struct proc *p, struct err *reterr);
void proc_http_close(struct proc *p);
/* Adds `status` and `reload` to the control socket. */
int proc_verbs_add(struct proc *p, struct err *reterr);
/* Reads the config anew and gives it to the program; what came of it is logged, audited and put
 * into text. False when the old one stays because the new one is wrong. */
enum { PROC_RELOAD_TEXT = 800 };
bool proc_reload(struct proc *p, const char *who, char text[PROC_RELOAD_TEXT]);
/* Keeps a copy of the site that was taken (site_copy.h); a failure is logged. */
void proc_copy_site(const struct proc *p);
/* An audit record of the skeleton; a failure is logged and counted. */
void proc_audit_note(struct proc *p, struct slice action, const char *who, struct slice name,
                     struct slice value);

#endif
