/* event.h - the common flow event in memory: fields by number, as generated from schemas/
 * (event_fields.h).
 *
 * An event borrows its arena and the bytes put into it; it owns nothing. Writer, reader, rules and
 * maps all speak of a field by the same number, so that they cannot drift. A leaf is a string,
 * integer, boolean or list of strings; a list of objects (patient.ids, merge.retired, changes) has
 * items with leaves of their own.
 *
 * The names event_new, event_set and event_add belong to libevent: here they are event_make,
 * event_put and event_push. tests/build/symbols.sh finds any clash with a library that we link. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <stdint.h>
#include "arena.h"
#include "buf.h"
#include "err.h"
#include "event_fields.h"
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
    int16_t items;       /* for a leaf of an item: the number of its list; else -1 */
    bool personal;       /* tells who the patient is: masked when shown, never logged */
    bool identifies;     /* never in a route unless its keep-list names it */
    bool whereabouts;    /* of a restricted patient only for readers that are allowed it */
    bool nullable;       /* can say that the source took the value away */
    const char *codes;   /* table of which this leaf holds a code (code_table.h); NULL: any text */
    const char *choices; /* the words that this leaf can hold, with a blank between; NULL: any */
};

/* From the generated event_fields.h: enum event_field_id { EV_SPECVERSION, EV_ID, EV_TYPE, …,
 * EVENT_NFIELDS } in schema order, named by path (EV_DATA_PATIENT_NHS_NUMBER), and the table
 * itself. A number is valid within one build only; what is stored is the path. EVENT_CATALOGUE is
 * the id of the schema, for dataschema. */
extern const struct event_field event_fields[];
extern const unsigned event_nfields;

/* Number of that dotted path, or -1. event_field_nearest gives the most similar path for "did you
 * mean", NULL where none is near. */
int event_field_find(struct slice path);
const char *event_field_nearest(struct slice path);
/* The fields at or under a path ("data.location", "data.patient.ids", a leaf): numbers
 * [*ret_first, *ret_end). False when the schema has no such path. */
bool event_field_range(struct slice path, unsigned *ret_first, unsigned *ret_end);
/* Type names of the catalogue (schemas/types.json): known or not, nearest. */
bool event_type_known(struct slice type);
const char *event_type_nearest(struct slice type);
/* All of them in order: NULL behind the last. */
const char *event_type_nth(unsigned nth);

struct event_item;
struct event; /* event_make */

/* A new event with no field set, in the arena; NULL when that is full. */
struct event *event_make(struct arena *arena);
/* Whether a leaf can hold that text: integers and booleans are given as their text ("12", "true"),
 * every other leaf takes any. */
bool event_fits(unsigned field, struct slice value);
/* Whether it is one of the words that the schema allows there (enum); true where any text is. An
 * event that somebody else wrote may hold another, so event_put takes any. */
bool event_is_choice(unsigned field, struct slice value);
/* Sets a leaf outside of lists; the bytes are borrowed. An absent slice unsets (a whole list too).
 * False, and nothing is set, where the value does not fit. Does not allocate. */
bool event_put(struct event *e, unsigned field, struct slice value);
/* Says null in place of a value: the source took it away. False where the schema does not allow it.
 * For readers of values it is as if nothing were set; event_put undoes it. */
bool event_put_null(struct event *e, unsigned field);
bool event_is_null(const struct event *e, unsigned field);
/* Absent where not set or null, and for lists. */
struct slice event_get(const struct event *e, unsigned field);
/* Whether a leaf has a value or a list has an entry. */
bool event_is_set(const struct event *e, unsigned field);
/* A list holds no more than this. */
enum { EVENT_LIST_MAX = 256 };
/* Appends to a list of strings (data.quality); a value that is there already is not added again.
 * False when the list or the arena is full. */
bool event_push(struct event *e, unsigned field, struct slice value);
bool event_has(const struct event *e, unsigned field, struct slice value);
unsigned event_count(const struct event *e, unsigned field);
struct slice event_nth(const struct event *e, unsigned field, unsigned nth);
/* A new item at the end of a list of objects; its leaves are set by event_item_set. NULL when the
 * list or the arena is full. */
struct event_item *event_item_add(struct event *e, unsigned items);
bool event_item_set(struct event *e, struct event_item *item, unsigned leaf, struct slice value);
struct event_item *event_item_nth(const struct event *e, unsigned items, unsigned nth);
/* The item behind it; NULL behind the last. */
struct event_item *event_item_next(const struct event_item *item);
struct slice event_item_get(const struct event_item *item, unsigned leaf);

/* Writes e as one line of CloudEvents 1.0 JSON, structured mode (no newline). Members stand in
 * schema order. */
struct event_encoder;
int event_encoder_open(struct buf *out, struct event_encoder **ret, struct err *reterr);
void event_encoder_close(struct event_encoder *enc);
/* Appends to the encoder's buf; check buf_ok. keep: bits by field number, or NULL for all: what is
 * not in it is not written. A list of objects needs its own bit and those of the leaves wanted. */
void event_encode(struct event_encoder *enc, const struct event *e, const uint64_t *keep);

enum { EVENT_KEEP_WORDS = (EVENT_NFIELDS + 63) / 64 };
/* Empties keep but for the four attributes without which it is no CloudEvent. */
void event_keep_init(uint64_t keep[EVENT_KEEP_WORDS]);
/* Adds all that stands at or under the path; false when the schema has no such path. */
bool event_keep_add(uint64_t keep[EVENT_KEEP_WORDS], struct slice path);

/* Reads one CloudEvent of at most EVENT_SIZE_MAX bytes. Strings without escapes are views of json,
 * which must live as long as the event. Members that the schema does not know are kept and written
 * back at the end of the object they stood in (event_encode without keep). ERR_INPUT (line, column
 * and field), ERR_LIMIT. */
enum { EVENT_SIZE_MAX = 1024 * 1024 };
int event_decode(struct slice json, struct arena *arena, struct event **ret, struct err *reterr);
/* JSON text of an unknown top-level member (an extension attribute); absent where there is none. */
struct slice event_extension(const struct event *e, struct slice name);

#endif
