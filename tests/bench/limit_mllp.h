/* limit_mllp.h - what the bare programs of the bench share: MLLP framed, ACKs written, nothing
 * else. No limits, no parsing but MSH-10; an error ends the program.
 *
 * A job is malloc'd here, given to `take`, and freed by limit_answer. */
#ifndef WEIR_LIMIT_MLLP_H
#define WEIR_LIMIT_MLLP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

enum { LIMIT_IDS = 64 };

struct limit_conn;

/* One message. */
struct limit_job {
    struct limit_job *next;
    struct limit_conn *conn;
    unsigned left; /* for the engine */
    char id[LIMIT_IDS];
    size_t n;
    char bytes[];
};

struct limit {
    struct event_base *base;
    int listener;
    char *event; /* the second record of each message */
    int event_bytes;
    /* Called with each message; answered later with limit_answer. */
    void (*take)(struct limit *l, struct limit_job *job);
};

/* Says what was meant to hold, and exits, where it does not. */
void limit_must(bool ok, const char *what);
/* Reads "PLACE [--port N] [--event BYTES]", listens, prints "port N". Returns PLACE. */
const char *limit_open(struct limit *l, const char *name, int argc, char **argv);
/* Until SIGTERM. */
void limit_run(struct limit *l);
/* Positive ACKs for a list of jobs; those of one connection that stand together leave together. */
void limit_answer(struct limit_job *list);

#endif
