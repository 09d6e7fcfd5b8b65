/* map_message.h - what a map for JSON, CSV or FHIR says of a message as a whole, which HL7 v2 says
 * in its header: what kind it is, its control id, what differs each time that it is sent.
 *
 *     trigger: [{path: status, table: cad_status}, status]   # or {const: row}; FHIR has its own
 *     control_id: {path: [incident, sequence], join: "-"}
 *     volatile: [sent_at, meta.attempt]                      # no part of the ids of its events
 *
 * All of it lives in the arena of the map. */
#ifndef WEIR_MAP_MESSAGE_H
#define WEIR_MAP_MESSAGE_H

#include "map_compile.h"

struct map_message {
    struct map_value trigger, control_id; /* n 0: not said */
    struct slice trigger_path;            /* for messages to people */
    const union map_path *changing;       /* `volatile:` */
    unsigned nchanging;
};

/* format: enum site_format. Of HL7 v2 the sections are refused. ERR_CONF with place. */
int map_message_compile(struct map_compiler *c, int format, struct map_message *ret,
                        struct err *reterr);

/* What does not go into the bytes of a message. */
struct map_nodes {
    const struct json *const *at;
    unsigned n;
    bool untyped; /* FHIR: its XML does not say of an unknown element whether it repeats, or is a
                   * number: a list of one is its item, and a value its text */
};

/* A tree as bytes that do not depend on how it was written: members by name, and nothing that a
 * path of `volatile:` finds, nor any of `less`. In the arena; absent when that is full. */
struct slice map_message_bytes(const struct map_message *m, struct json_view *view,
                               struct map_nodes less, struct arena *arena);

#endif
