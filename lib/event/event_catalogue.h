/* event_catalogue.h - the catalogue for people: what each type means, what it is made of, which
 * fields it has as a rule, and an example. All are constants made from schemas/ at build time. */
#ifndef WEIR_EVENT_CATALOGUE_H
#define WEIR_EVENT_CATALOGUE_H

#include "slice.h"

enum event_by {
    EVENT_BY_ADAPTER = 1, /* from one message */
    EVENT_BY_JOURNEY = 2, /* from what it knows */
};
/* What a type is made of. */
enum event_from {
    EVENT_FROM_HL7,
    EVENT_FROM_FHIR,
    EVENT_FROM_OTHER,
    EVENT_FROM_JOURNEY,
    EVENT_FROMS
};

struct event_info {
    const char *type;
    const char *group, *group_title; /* "stay", "Admission, bed, discharge" */
    const char *description;
    unsigned by;
    const char *sender;            /* "none known", or NULL: some system sends it */
    const char *from[EVENT_FROMS]; /* NULL: not of this */
    const char *needed;            /* paths that it needs, blank between; or NULL */
    const char
        *shown; /* paths of the fields that it has as a rule; a code's three leaves are one */
    const char *example; /* one line of JSON, of an invented person */
};

struct event_words {
    const char *path, *description;
};

/* In the order of the catalogue; NULL past the end. */
const struct event_info *event_info_nth(unsigned nth);
/* NULL: there is no such type (event_type_nearest tells the nearest). */
const struct event_info *event_info_find(struct slice type);
/* What stands at a path: a field, or the three leaves of a code; NULL where the schema has none. */
const char *event_words_of(struct slice path);

/* Made by schemas/generate_catalogue.py. */
extern const struct event_info event_catalogue[];
extern const unsigned event_catalogue_n;
extern const struct event_words event_words[]; /* sorted by path */
extern const unsigned event_words_n;

#endif
