/* retranslate.h - the control verbs `retranslate` and `retranslated`: one run at a time over the
 * messages of a source that this adapter hosts.
 *
 *   asked -> audited, durably -> running -> done | failed
 *
 * "retranslate": {"source", "since", "until", "dry_run", "reason", "by"} is answered with "run",
 * its number, once the audit record is durable; "retranslated": {"run"} tells how far it is, or how
 * it ended. It begins when all that was being taken when it was asked for has ended. Owns the run,
 * borrows all else. */
#ifndef WEIR_RETRANSLATE_H
#define WEIR_RETRANSLATE_H

#include "audit.h"
#include "control.h"
#include "disk_space.h"
#include "loop.h"
#include "metrics.h"
#include "rerun.h"

struct retranslate;

struct retranslate_options {
    struct loop *loop;
    struct stream *stream;
    struct audit *audit;
    struct control *control;
    struct disk_space *disk;
    /* The source of that name, with its translator, and the limits of the site; false where there
     * is none. */
    bool (*find)(void *arg, struct slice name, struct rerun_options *ret);
    bool (*busy)(void *arg);
    /* Draws a line behind what is being taken (false: not now), and whether all before it has
     * ended: a message that is neither here nor there would be missed. */
    bool (*mark)(void *arg);
    bool (*passed)(void *arg);
    void *arg;
};

int retranslate_open(const struct retranslate_options *o, struct retranslate **ret,
                     struct err *reterr);
/* Callbacks of the stream may still come. NULL is fine. */
void retranslate_close(struct retranslate *r);
/* Ends a run that is under way: the map, or the process, is about to go. */
void retranslate_stop(struct retranslate *r, const char *why);
/* No run is under way, and nothing of one to the stream. */
bool retranslate_idle(const struct retranslate *r);

#endif
