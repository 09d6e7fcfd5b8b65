#include "fhir_restricted.h"

#include <stdlib.h>

#include "fhir_reference.h"
#include "map_restricted.h"

enum { NAME_MAX_BYTES = 256 };

/* A name as it is compared: whatever refers to Patient/7 is that, on any server and in any version;
 * a number is without the blanks that it may be sent with. Absent: too long to be one. */
static struct slice plain(struct slice text, char out[NAME_MAX_BYTES])
{
    struct slice type, id;
    size_t n = 0;
    if (text.n >= NAME_MAX_BYTES)
        return SLICE_ABSENT;
    if (fhir_reference_split(text, &type, &id) && slice_eq(type, SLICE("Patient"))) {
        memcpy(out, "Patient/", n = 8);
        text = id;
    }
    for (size_t i = 0; i < text.n && n < NAME_MAX_BYTES; i++)
        if (text.p[i] != ' ' && text.p[i] != '-')
            out[n++] = text.p[i];
    return slice_make(out, n);
}

static void add(struct fhir_restricted *r, struct slice text)
{
    char name[NAME_MAX_BYTES];
    struct slice copy = arena_copy(r->arena, plain(text, name));
    if (copy.n)
        r->names[r->n++] = copy;
}

static void add_patient(struct fhir_restricted *r, const struct fhir_entry *e)
{
    const struct json *ids = json_get(e->resource, "identifier");
    for (const struct json *id = json_first(ids); id; id = json_next(ids, id))
        add(r, json_text(id, "value"));
    add(r, e->full_url);
    if (e->id.n)
        add(r, arena_printf(r->arena, "Patient/%.*s", SLICE_ARG(e->id)));
}

static int by_text(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return slice_cmp(*x, *y);
}

/* At most so many names are of it. */
static unsigned names_of(const struct fhir_entry *e)
{
    enum { PLACES = 2 };
    const struct json *ids = json_get(e->resource, "identifier");
    return PLACES + (ids && ids->kind == JSON_ARRAY ? ids->count : 1);
}

void fhir_restricted_find(const struct fhir_doc *doc, struct arena *arena,
                          struct fhir_restricted *ret)
{
    unsigned most = 0;
    *ret = (struct fhir_restricted){.arena = arena};
    for (unsigned i = 0; i < doc->n; i++)
        if (map_restricted_patient(doc->entries[i].resource))
            most += names_of(&doc->entries[i]);
    if (!most)
        return;
    ret->names = arena_alloc(arena, most * sizeof(*ret->names));
    if (!ret->names) {
        ret->all = true;
        return;
    }
    for (unsigned i = 0; i < doc->n; i++)
        if (map_restricted_patient(doc->entries[i].resource))
            add_patient(ret, &doc->entries[i]);
    ret->all = arena->overflow;
    qsort(ret->names, ret->n, sizeof(*ret->names), by_text);
}

static bool has(const struct fhir_restricted *r, struct slice text)
{
    char out[NAME_MAX_BYTES];
    struct slice name = plain(text, out);
    return name.n && bsearch(&name, r->names, r->n, sizeof(name), by_text);
}

/* Of Patient?identifier=SYSTEM|VALUE, where | may be written as %7C: what stands behind the last
 * such mark of each part. */
static bool query_has(const struct fhir_restricted *r, struct slice query)
{
    while (query.n) {
        struct slice part = slice_split(&query, '&');
        for (size_t at = part.n; at > 0; at--) {
            char c = part.p[at - 1];
            size_t from = c == '%' ? at + 2 : at;
            if (!memchr("=|%", c, 3))
                continue;
            if (has(r, slice_sub(part, from < part.n ? from : part.n, part.n)))
                return true;
        }
    }
    return false;
}

/* No deeper than the reader let it be. */
static bool tree_has(const struct fhir_restricted *r, const struct json *tree)
{
    if (tree->kind == JSON_STRING) {
        size_t at = slice_find(tree->text, '?');
        return has(r, tree->text) ||
               (at < tree->text.n && query_has(r, slice_sub(tree->text, at + 1, tree->text.n)));
    }
    for (const struct json *c = tree->child; c; c = c->next)
        if (tree_has(r, c))
            return true;
    return false;
}

bool fhir_restricted_names(const struct fhir_restricted *r, const struct fhir_entry *entry)
{
    return r->all || (r->n && tree_has(r, entry->tree));
}
