/* event.h - the common flow event in memory: fields by number, as generated from schemas/
 * (event_fields.h).
 *
 * An event borrows its arena and the bytes put into it; it owns nothing. Writer, reader, rules and
 * maps all speak of a field by the same number, so that they cannot drift. A leaf is a string,
 * integer, boolean or list of strings; a list of objects (patient.ids, merge.retired, changes) has
 * items with leaves of their own. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <stdint.h>
#include "arena.h"
#include "buf.h"
#include "err.h"
#include "slice.h"

enum event_kind {
    EVENT_STRING,
    EVENT_TIME,
    EVENT_DATE,
    EVENT_INT,
    EVENT_BOOL,
    EVENT_STRINGS,
    EVENT_ITEMS
};

/* One row of the generated table. */
struct event_field {
    const char *path; /* "type", "data.patient.nhs_number", "data.patient.ids" (items),
                         "data.patient.ids.value" (leaf of an item) */
    enum event_kind kind;
    int16_t items;   /* for a leaf of an item: the number of its list; else -1 */
    bool personal;   /* tells who the patient is: masked when shown, never logged */
    bool identifies; /* subset: never in a route unless its keep-list names it */
};

/* From the generated event_fields.h: enum event_field_id { EV_ID, EV_TYPE, EV_SOURCE, EV_SUBJECT,
 * EV_TIME, …, EVENT_NFIELDS } in path order, and the table itself. A number is valid within one
 * build only; what is stored is the path. */
extern const struct event_field event_fields[];
extern const unsigned event_nfields;

/* Number of that dotted path, or -1. event_nearest gives the most similar path, for "did you mean".
 */
int event_field_find(struct slice path);
const char *event_field_nearest(struct slice path);
/* Type names of the catalogue (schemas/events/): known or not, nearest. */
bool event_type_known(struct slice type);
const char *event_type_nearest(struct slice type);

struct event_item;
struct event; /* event_new */

/* A new event with no field set, in the arena; NULL when that is full. */
struct event *event_new(struct arena *arena);
/* Sets a leaf outside of lists; the bytes are borrowed. False when the arena is full. An absent
 * slice unsets. Integers and booleans are given as their text ("12", "true"). */
bool event_set(struct event *e, unsigned field, struct slice value);
/* Absent where not set. */
struct slice event_get(const struct event *e, unsigned field);
/* Appends to a list of strings (data.quality); a value that is there already is not added again. */
bool event_add(struct event *e, unsigned field, struct slice value);
bool event_has(const struct event *e, unsigned field, struct slice value);
unsigned event_count(const struct event *e, unsigned field);
struct slice event_nth(const struct event *e, unsigned field, unsigned nth);
/* A new item at the end of a list of objects; its leaves are set by event_item_set. */
struct event_item *event_item_add(struct event *e, unsigned items);
bool event_item_set(struct event *e, struct event_item *item, unsigned leaf, struct slice value);
struct event_item *event_item_nth(const struct event *e, unsigned items, unsigned nth);
struct slice event_item_get(const struct event_item *item, unsigned leaf);

/* Writes e as one line of CloudEvents 1.0 JSON, structured mode (no newline). Members stand in
 * schema order. */
struct event_encoder;
int event_encoder_open(struct buf *out, struct event_encoder **ret, struct err *reterr);
void event_encoder_close(struct event_encoder *enc);
/* Appends to the encoder's buf; check buf_ok. keep: bit set by field number, or NULL for all: what
 * is not in it is not written. */
void event_encode(struct event_encoder *enc, const struct event *e, const uint64_t *keep);
/* Reads one. Unknown members are kept and written back where they stood (event_encode without
 * keep). ERR_INPUT, ERR_LIMIT. */
int event_decode(struct slice json, struct arena *arena, struct event **ret, struct err *reterr);

#endif
