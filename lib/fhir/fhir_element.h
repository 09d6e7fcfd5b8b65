/* fhir_element.h - what the definitions of FHIR say of an element: whether it repeats, and whether
 * JSON writes it as a text, a number or a boolean. The table is made of elements.txt at build. */
#ifndef WEIR_FHIR_ELEMENT_H
#define WEIR_FHIR_ELEMENT_H

#include <stdbool.h>
#include "slice.h"

enum fhir_form { FHIR_COMPLEX, FHIR_TEXT, FHIR_NUMBER, FHIR_BOOLEAN };

struct fhir_element {
    const char *name;
    int type; /* of its own elements: index in fhir_types, -1 where nothing is known of them */
    enum fhir_form form;
    bool many;
};

struct fhir_type {
    const char *name;
    unsigned from, to; /* in fhir_elements */
};

extern const struct fhir_element fhir_elements[]; /* by type, then by name */
extern const struct fhir_type fhir_types[];       /* by name */
extern const unsigned fhir_ntypes;

/* Index in fhir_types, or -1. */
int fhir_type_find(struct slice name);
/* The element of that type (-1: of an unknown one), or NULL where nothing is known: then it is a
 * single text or complex element. */
const struct fhir_element *fhir_element_find(int type, struct slice name);

#endif
