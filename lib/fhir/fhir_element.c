#include "fhir_element.h"

#include <stdlib.h>

static int type_cmp(const void *key, const void *row)
{
    return slice_cmp(*(const struct slice *)key, slice_str(((const struct fhir_type *)row)->name));
}

static int element_cmp(const void *key, const void *row)
{
    return slice_cmp(*(const struct slice *)key,
                     slice_str(((const struct fhir_element *)row)->name));
}

int fhir_type_find(struct slice name)
{
    const struct fhir_type *t =
        bsearch(&name, fhir_types, fhir_ntypes, sizeof(fhir_types[0]), type_cmp);
    return t ? (int)(t - fhir_types) : -1;
}

static const struct fhir_element *of_type(int type, const struct slice *name)
{
    const struct fhir_type *t = &fhir_types[type];
    return bsearch(name, fhir_elements + t->from, t->to - t->from, sizeof(fhir_elements[0]),
                   element_cmp);
}

/* "*", the first of all types, holds what every type has. */
const struct fhir_element *fhir_element_find(int type, struct slice name)
{
    const struct fhir_element *e = type < 0 ? NULL : of_type(type, &name);
    return e ? e : of_type(0, &name);
}
