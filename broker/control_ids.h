/* control_ids.h - which message bore a control id last: a sender that gives the id of one message
 * to another is told of (a counter that began anew, two systems behind one router).
 *
 * Kept as nine bytes of the SHA-256 of who sent it and the id, and five of which message it was
 * (prints.h). A message is the part of its events' ids that names it, so that a repeat is the same
 * message. */
#ifndef WEIR_CONTROL_IDS_H
#define WEIR_CONTROL_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"
#include "slice.h"

enum { CONTROL_ID_PRINT = 14 };

struct control_ids;

/* Borrowed for the call; app and facility are MSH-3 and MSH-4 as far as they were sent. */
struct control_id {
    struct slice source, app, facility, id;
    struct slice message;
};

/* At most max ids (a few thousand at least), within window_ms. */
int control_ids_open(int64_t window_ms, size_t max, struct control_ids **ret, struct err *reterr);
/* NULL is fine. */
void control_ids_close(struct control_ids *c);

struct control_id_answer {
    bool reused; /* another message bore it within the window */
    bool first;  /* nothing of this message was asked about before: print has to be written down */
    unsigned char print[CONTROL_ID_PRINT];
};
/* Asks and remembers. */
void control_ids_ask(struct control_ids *c, const struct control_id *id, int64_t wall_ms,
                     struct control_id_answer *ret);
/* Remembers prints that were written down at that time, one behind the other. */
void control_ids_fold(struct control_ids *c, struct slice prints, int64_t wall_ms);
size_t control_ids_count(const struct control_ids *c);

#endif
