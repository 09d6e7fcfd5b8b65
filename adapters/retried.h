/* retried.h - what came of a request to translate refused messages again: counts, and the first of
 * those that stay, with why. Plain memory; texts are copied. */
#ifndef WEIR_RETRIED_H
#define WEIR_RETRIED_H

#include "err.h"
#include "json.h"
#include "resolved.h"

enum { RETRIED_LEFT_MAX = 20, RETRIED_TEXT = sizeof(((struct err *)0)->text) };

struct retried {
    uint64_t resolved, events; /* durable */
    uint64_t stay;             /* refused again, or not whole */
    uint64_t not_configured;   /* of sources that are no longer in the configuration */
    char already[RETRIED_TEXT], stopped[RETRIED_TEXT]; /* empty: not so */
    struct {
        char name[RESOLVED_PLACE], why[RETRIED_TEXT];
    } left[RETRIED_LEFT_MAX];
};

void retried_init(struct retried *r);
/* One more stays. */
void retried_leave(struct retried *r, const char *name, const char *why);
/* Why it ended early; the first reason counts. */
void retried_stop(struct retried *r, const char *why);
/* Members: resolved, events, stay, not_configured, already, stopped, left: [{name, why}]. */
void retried_write(const struct retried *r, struct json_writer *w);

#endif
