/* fhir_node.h - a tree made member by member, as FHIR XML is read (fhir_xml.c): what repeats
 * becomes an array, and what stands beside a primitive goes to `_name`.
 *
 * Nodes live in the maker's arena. The first failure of a maker is kept in it: the calls return -1
 * or NULL. */
#ifndef WEIR_FHIR_NODE_H
#define WEIR_FHIR_NODE_H

#include "fhir_element.h"
#include "json.h"

struct fhir_maker {
    struct arena *arena;
    unsigned values, values_max;
    enum err_code code;
    const char *why; /* of the failure; NULL: none */
};

/* An object or array and its last child, so that appending needs no search; any other value. */
struct fhir_node {
    struct json json;
    struct json *last;
};

/* An element with a value, or where none of the definitions would make it an object. */
struct fhir_primitive {
    struct slice name;
    struct slice value; /* absent: none */
    enum fhir_form form;
    bool many;
    struct fhir_node *object; /* what stands beside the value; NULL: nothing */
};

struct fhir_node *fhir_node_make(struct fhir_maker *m, enum json_kind kind, struct slice name);
/* Adds a text at the end. */
int fhir_node_text(struct fhir_maker *m, struct fhir_node *object, struct slice name,
                   struct slice value);
/* Adds value to the member of that name, as an item where it is many or there already. */
int fhir_node_put(struct fhir_maker *m, struct fhir_node *object, struct slice name, bool many,
                  struct fhir_node *value);
int fhir_node_put_primitive(struct fhir_maker *m, struct fhir_node *object,
                            const struct fhir_primitive *p);

#endif
