/* feed_counts.h - what became of the messages that a feed was given. */
#ifndef WEIR_FEED_COUNTS_H
#define WEIR_FEED_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct feed_counts {
    uint64_t acknowledged;
    uint64_t refused_meant; /* refused, and meant so */
    uint64_t wrong; /* refused though it should be taken, or taken though it should be refused */
    uint64_t reconnects; /* given up and sent again: connections, requests */
    uint64_t waiting;    /* not answered yet */
    int64_t last_ms;     /* when an answer last came, or began to be waited for; monotonic */
};

/* n more are waited for; the silence that counts begins with the first. */
void feed_counts_wait(struct feed_counts *c, uint64_t n);
/* n of them are answered for good: taken or refused, and whether a refusal was meant. */
void feed_counts_answer(struct feed_counts *c, uint64_t n, bool taken, bool refuse);

#endif
