/* stamps.h - a mapped file in which mllp_load notes when each message was due, and http_sink looks
 * that up and counts what came; whoever runs them reads the count while they run. */
#ifndef WEIR_STAMPS_H
#define WEIR_STAMPS_H

#include <stdint.h>

enum { STAMPS_MAX = 4 << 20 };

struct stamps {
    int64_t arrived;            /* events that http_sink answered */
    int64_t due_ns[STAMPS_MAX]; /* by number of the message, CLOCK_MONOTONIC; 0 = not sent */
};

/* Maps the file, made where it is not there; NULL with errno set. It stays until the process ends.
 */
struct stamps *stamps_map(const char *path);

#endif
