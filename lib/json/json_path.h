/* json_path.h - where a value stands in a tree, compiled once: incident.vehicles.callsign,
 * identifier[system = 'https://fhir.nhs.uk/Id/nhs-number'].value, 'NHS Number',
 * subject.resolve().birthDate, %bundle.timestamp, %entry.request.method.
 *
 *   path   = [ ( "%bundle" | "%entry" ) [ "." ] ] [ step { "." step } ]
 *   step   = ( name | "'" text "'" | "resolve()" ) [ "[" test { "and" test } "]" ] [ "[" which "]"
 * ] which  = n | "last" | "*" test   = ( "." | path ) ( "=" | "!=" ) "'" text "'"
 *
 * Numbers count from 1. A list stands for its elements, lists in lists for all of theirs; what is
 * no list counts as a list of one, so that one element of XML and an array of JSON read alike. A
 * path that meets several values gives the first that is one. A test holds where = finds its text
 * among the values of its path (!= : does not find it); nothing at all compares as "", and "." is
 * the element itself. A quote within text is written twice. The compiled path owns nothing: it
 * lives in the arena given. */
#ifndef WEIR_JSON_PATH_H
#define WEIR_JSON_PATH_H

#include "json.h"

struct json_path;

/* Compiles text; on failure ERR_CONF, *ret_at is the offending byte (from 0) of text. */
int json_path_compile(struct slice text, struct arena *arena, const struct json_path **ret,
                      size_t *ret_at, struct err *reterr);

/* The element at hand of a list that is gone through: a path through this list sees no other of its
 * elements, unless it says [n], [last] or [*]. */
struct json_scope {
    const struct json *list, *element;
    const struct json_scope *above; /* the list that this one stands in; NULL: none */
};

/* What a path is asked of. */
struct json_view {
    const struct json *root;   /* where paths begin */
    const struct json *bundle; /* and those with %bundle; NULL: they find nothing */
    const struct json *entry;  /* of it, which root stands in: %entry */
    const struct json_scope *scope;
    /* What a reference means: an object or a text; NULL where that is not known. May be NULL. */
    const struct json *(*resolve)(void *arg, const struct json *reference);
    void *arg;
    size_t left; /* nodes that may still be looked at; at 0 nothing more is found */
};

/* The four states that must not be mixed up. */
enum json_state { JSON_IS_ABSENT, JSON_IS_EMPTY, JSON_IS_NULL, JSON_IS_VALUE };
enum json_state json_state_of(const struct json *value);

/* The first that is neither null nor "", else the first that stands there; NULL: none. */
const struct json *json_path_get(const struct json_path *p, struct json_view *view);
/* Each in order, until fn returns false; list is NULL for what stands in none. */
void json_path_each(const struct json_path *p, struct json_view *view,
                    bool (*fn)(const struct json *list, const struct json *value, void *arg),
                    void *arg);
/* Text of a string, number or boolean, also an empty one; absent for any other, and for NULL. */
struct slice json_value(const struct json *value);
/* The path as written, for messages to people. */
struct slice json_path_text(const struct json_path *p);

#endif
