/* translate_work.h - one message under translation: what translate.c, translate_hl7.c,
 * translate_tree.c and translate_trigger.c share, and nobody else. */
#ifndef WEIR_TRANSLATE_WORK_H
#define WEIR_TRANSLATE_WORK_H

#include "map_message.h"
#include "map_place.h"
#include "map_run.h"
#include "translate.h"

/* How many events of a type the message has made. */
struct type_count {
    struct slice type;
    unsigned n;
};

struct translator {
    const struct site_source *source;
    struct arena arena; /* maps, tables, context */
    struct site_tables *tables;
    struct zone *zone;
    struct event_keys keys;
    struct map_context context;
    struct map map;
    struct map_message message; /* of a tree */
    struct slice source_uri;
    unsigned char pl[MAP_PL_MAX];
    const struct map_trace *trace;
    struct type_count *counts; /* of the run at hand: room for each type of the catalogue */
    unsigned ncounts;
};

struct work {
    struct translator *t;
    struct translation *ret;
    struct map_run run;
    const struct map_trigger *trigger;
    unsigned room;   /* of ret->events */
    bool understood; /* a trigger has run */
    bool keyed;      /* a record with a key: digest is of that, not of the message */
    struct numbers {
        uint64_t *at; /* hash set of type and number, where there are several groups */
        size_t mask;
    } numbers;
    unsigned char digest[DIGEST_SIZE];
};

void work_refuse(struct work *w, struct translate_reason reason);
void work_refuse_long(struct work *w);
/* The trigger of that name, or NULL. */
const struct map_trigger *work_trigger(const struct map *map, struct slice name);
/* Makes the events of w->trigger from what the run looks at, and adds them to those that are there;
 * or refuses. False: nothing more is to be done with this message. */
bool work_run(struct work *w);
/* From now on ids rest on the key of the trigger at hand, where the message has one (map_key.h);
 * false where there is no memory. */
bool work_key(struct work *w);
/* Sets message_id from w->digest, and control_id: as sent, else made of it. */
bool work_identify(struct work *w, struct slice control_id);

/* What depends on the format: attributes of the event, doubts about the message, the refusal of a
 * value that is missing (nth: of which group, 0 the only one). */
void hl7_envelope(struct work *w, struct event *e);
void hl7_doubts(struct work *w);
void hl7_missing(struct work *w, const struct map_require *r, unsigned nth);
void hl7_check_merge(struct work *w, const struct map_event *m, unsigned nth);
void hl7_translate(struct work *w, struct slice raw);
void tree_envelope(struct work *w, struct event *e);
void tree_missing(struct work *w, const struct map_require *r, unsigned nth);
void tree_translate(struct work *w, struct slice raw);

#endif
