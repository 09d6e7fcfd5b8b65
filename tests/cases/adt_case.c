/* adt_case - reads events, one a line, and prints each as the ADT message that tells it, one a line
 * (its segments end in CR); "! reason" where there is none. */
#include <stdio.h>
#include <stdlib.h>
#include "adt_write.h"

enum { ARENA_MAX = 16 << 20, MESSAGE_MAX = 1 << 20 };

struct tool {
    struct arena arena;
    struct buf message;
    struct digest *sha;
};

static int one(struct tool *t, struct slice json, struct err *reterr)
{
    struct event *e;
    char control_id[ADT_CONTROL_ID];
    const struct adt_options o = {.receiving_app = SLICE("BEDS"),
                                  .receiving_facility = SLICE("RZZ")};
    arena_reset(&t->arena);
    buf_reset(&t->message);
    if (event_decode(json, &t->arena, &e, reterr) < 0)
        return -1;
    return adt_write(&t->message, e, &o, adt_control_id(t->sha, event_get(e, EV_ID), control_id),
                     reterr);
}

int main(void)
{
    struct tool t = {0};
    struct err err = {0};
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    arena_init(&t.arena, ARENA_MAX);
    buf_init(&t.message, MESSAGE_MAX);
    if (digest_open(SLICE_ABSENT, &t.sha, &err) < 0)
        return 1;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        if (one(&t, slice_trim(slice_make(line, (size_t)n)), &err) < 0)
            printf("! %s\n", err.text);
        else
            printf("%.*s\n", (int)t.message.n, t.message.p);
    }
    free(line);
    digest_close(t.sha);
    buf_fini(&t.message);
    arena_fini(&t.arena);
    return 0;
}
