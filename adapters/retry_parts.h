/* retry_parts.h - how retry.c is split: the request and its stages there, reading in retry_read.c,
 * one message in retry_one.c (internal to adapters). */
#ifndef WEIR_RETRY_PARTS_H
#define WEIR_RETRY_PARTS_H

#include "again.h"
#include "resolving.h"
#include "retried.h"
#include "retry.h"

enum retry_stage { RETRY_IDLE, RETRY_LOOK, RETRY_AUDIT, RETRY_ACT, RETRY_END };

struct retry {
    struct proc *proc;
    struct intake *intake;
    const struct ports *ports;
    struct again again;
    struct loop_timer *timer;
    struct metric *counted;

    enum retry_stage stage;
    struct control_call *call;
    struct slice what, source, by, reason, partition; /* of the request */
    int64_t offset;
    bool one, found, auditing, acted;

    struct stream_reader *reader;
    struct resolved resolved;
    struct stream_message m;
    bool held; /* m could not be appended yet */

    struct resolving resolving;
    struct retried did;
};

void retry_wake(struct retry *r, int64_t ms);
/* It ends early, and why; the first reason counts. */
void retry_halt(struct retry *r, const char *why);
/* Answers the request; the next one may come. */
void retry_finish(struct retry *r);
void retry_count(struct retry *r, struct slice source, const char *result);
/* The message in r->m. False: there is no room in the stream, the same message again later. */
bool retry_attempt(struct retry *r);
/* A turn of the timer: reads on for a moment. */
void retry_turn(void *arg);

#endif
