/* relay_line_parts.h - the inside of a relay line, shared by relay_line.c and what it tells
 * (relay_line_status.c). */
#ifndef WEIR_RELAY_LINE_PARTS_H
#define WEIR_RELAY_LINE_PARTS_H

#include "relay_line.h"
#include "relay_state.h"

enum { RELAY_WHY_BYTES = 460 };
enum part_of { PART_STATE, PART_ADAPTERS, PART_BROKER, PARTS };

/* What is copied as one user. */
struct part {
    struct relay_line *line;
    struct stream *target;
    struct relay *relay;
    struct loop_fd *target_watch, *reader_watch;
    struct loop_timer *timer;
    bool paused; /* the timer runs, for what failed to be tried again */
};

struct relay_line {
    struct relay_line_options o;
    struct arena arena;
    struct relay_state state;
    struct slice topics[PARTS][SITE_RELAY_TOPICS_MAX];
    unsigned ntopics[PARTS];
    struct part parts[PARTS];
    struct loop_timer *next; /* the state is copied: the adapters' turn */
    int64_t start_ms;
    int broker_lock; /* no broker writes here while its state is copied; -1 */
    bool draining, drained;
    char why[RELAY_WHY_BYTES];
    struct series *lag, *oldest, *stopped, *moving;
};

#endif
