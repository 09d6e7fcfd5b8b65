/* explain_print.h - why routes took an event or not, to a person or as JSON. Values that tell who
 * the patient is are masked unless `reveal`. */
#ifndef WEIR_EXPLAIN_PRINT_H
#define WEIR_EXPLAIN_PRINT_H

#include "json.h"
#include "rule_explain.h"

struct explain_print {
    struct buf out;
    struct json_writer *json; /* NULL: text */
    bool reveal;
    unsigned hidden; /* routes of the event, so far */
};

int explain_print_open(struct explain_print *p, bool json, bool reveal, struct err *reterr);
void explain_print_close(struct explain_print *p);
void explain_print_event(struct explain_print *p, const struct event *e);
/* x is NULL for a route without a rule. */
void explain_print_route(struct explain_print *p, struct slice route, struct slice rule,
                         const struct rule_explained *x);
/* A route of which nothing is told: its rule asks for that field. */
void explain_print_hidden(struct explain_print *p, struct slice route, struct slice rule,
                          const char *field);
/* Ends the event and writes it to standard output. ERR_IO, ERR_LIMIT. */
int explain_print_end(struct explain_print *p, unsigned taken, unsigned routes, struct err *reterr);

#endif
