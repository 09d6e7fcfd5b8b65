/* unknown_codes.h - counts codes that are in no table, by source, field and code, as the flags
 * unmapped_code:<field> of events tell them. Bounded: what no longer fits is one count.
 *
 * The counter owns copies of all that it shows. */
#ifndef WEIR_UNKNOWN_CODES_H
#define WEIR_UNKNOWN_CODES_H

#include "arena.h"
#include "dict.h"
#include "event.h"
#include "rfc3339.h"

/* "unmapped_code:" stands before the field in data.quality. */
extern const struct slice unknown_code_flag;

struct unknown_code {
    struct slice source, field;
    struct slice code;       /* as sent, or its shape; absent where the event does not say it */
    struct slice table;      /* of schemas/codes or the site's that lacks it; absent: not known */
    char last[RFC3339_SIZE]; /* when the newest was received */
    uint64_t count;
};

struct unknown_codes {
    struct arena arena;
    struct dict index;
    struct unknown_code *rows;
    unsigned n, max;
    uint64_t others; /* that had no room */
    bool reveal;
};

/* At most max rows. reveal: codes as they were sent; else those that could be a person's number or
 * name are shown as their shape. ERR_NOMEM. */
int unknown_codes_open(struct unknown_codes *u, unsigned max, bool reveal, struct err *reterr);
void unknown_codes_close(struct unknown_codes *u);
/* Counts the codes of one event; all is copied. */
void unknown_codes_add(struct unknown_codes *u, const struct event *e, struct slice source,
                       struct slice received);
/* Most frequent first. */
void unknown_codes_sort(struct unknown_codes *u);

#endif
