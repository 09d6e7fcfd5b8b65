/* map_run.h - one message on its way through a map: what has been found out so far.
 *
 * A run borrows the message, the source and the arena, and lives for one message. */
#ifndef WEIR_MAP_RUN_H
#define WEIR_MAP_RUN_H

#include "event_id.h"
#include "hl7_charset.h"
#include "hl7_time.h"
#include "map_feed.h"
#include "map_time_format.h"
#include "site.h"

struct map_person;
struct map_restricted;
struct map_visit;
struct map_trace;

/* What stays the same for all messages of a source. */
struct map_context {
    const struct site_source *source;
    const struct event_keys *keys;
    struct hl7_time_rules times;
    const struct site_table *identifiers, *locations, *bed_classes, *sites, *no_practices;
    const struct site_table *modifiers; /* of FHIR (map_modifier.h) */
    const struct map_codes *bed_codes;
    const unsigned char *pl; /* what PL.1.. mean: enum map_place_part */
    unsigned npl;
    const struct map_place_rules *places;
    struct map_time_formats time_formats;
    struct map_feed feed;
};

struct map_run {
    const struct map_context *context;
    const struct hl7_msg *msg;
    const struct hl7_header *header;
    struct hl7_scope scope; /* segments of the patient at hand */
    struct json_view *view; /* of a message that is a tree: what paths are asked of; else NULL, and
                               msg, header, scope and charset are unused where it is there */
    struct slice part;      /* of a tree: what is at hand of it, "Encounter",
                               "Bundle.entry[2].resource"; absent: all */
    unsigned nth;           /* which of several groups, from 1; 0: the only one */
    struct arena *arena;
    struct event *event;               /* that is being filled */
    struct map_person *person;         /* identities; NULL until asked for (map_person.h) */
    struct map_visit *visit;           /* the same of the visit */
    struct map_restricted *restricted; /* the same of the whole message (map_restricted.h) */
    struct slice retired;              /* pseudonyms of a merge's retired ids, blank between */
    uint64_t places;                   /* rules that fitted the place set last: a bit each */
    struct slice message_id;           /* what the ids of this message begin with */
    struct hl7_charset charset;        /* of the message */
    unsigned text_flags;               /* enum map_text_flag and its like, of the values read */
    const struct map_trace *trace;     /* who hears of each step; NULL: nobody */
};

/* A whole field as sent, all repetitions, of the first such segment of the patient at hand, or in
 * front of all patients. */
struct slice map_run_field(const struct map_run *run, struct slice segment, unsigned field);
/* Fills fields of run->event, in order. */
void map_run_fields(struct map_run *run, const struct map_field *fields, unsigned n);
/* What the first source that says something says, as text. */
struct slice map_run_value(struct map_run *run, const struct map_value *value);
/* Sets `time` by the rule, and the flags of the step that gave it. */
void map_run_time(struct map_run *run, const struct map_time *rule);
/* Adds to data.quality. */
void map_run_flag(struct map_run *run, struct slice flag);

#endif
