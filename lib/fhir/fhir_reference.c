#include "fhir_reference.h"

#include <stdlib.h>

struct place {
    struct slice key, id; /* fullUrl; or type, and id */
    const struct fhir_entry *entry;
};

/* Sorted, so that a document of many entries costs no square; the first of equals comes first. */
struct fhir_index {
    struct place *urls, *names;
    unsigned nurls, nnames;
};

static int place_cmp(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = slice_cmp(x->key, y->key);
    if (!order)
        order = slice_cmp(x->id, y->id);
    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

int fhir_index_make(struct fhir_doc *doc, struct arena *arena, const struct fhir_entry **ret_twice,
                    struct err *reterr)
{
    struct fhir_index *x = arena_zalloc(arena, 1, sizeof(*x));
    struct place *all = arena_alloc(arena, 2 * (size_t)doc->n * sizeof(*all));
    if (!x || !all)
        return err_set(reterr, ERR_NOMEM, "no memory for the entries");
    x->urls = all;
    x->names = all + doc->n;
    for (unsigned i = 0; i < doc->n; i++) {
        const struct fhir_entry *e = &doc->entries[i];
        if (e->full_url.n)
            x->urls[x->nurls++] = (struct place){e->full_url, SLICE(""), e};
        if (e->resource && e->id.n)
            x->names[x->nnames++] = (struct place){e->type, e->id, e};
    }
    qsort(x->urls, x->nurls, sizeof(*all), place_cmp);
    qsort(x->names, x->nnames, sizeof(*all), place_cmp);
    *ret_twice = NULL;
    for (unsigned i = 1; i < x->nurls && !*ret_twice; i++)
        if (slice_eq(x->urls[i - 1].key, x->urls[i].key))
            *ret_twice = x->urls[i].entry;
    doc->index = x;
    return 0;
}

/* The first of that key and id, or NULL. */
static const struct place *find(const struct place *all, unsigned n, struct slice key,
                                struct slice id)
{
    unsigned from = 0, to = n;
    while (from < to) {
        unsigned mid = from + (to - from) / 2;
        int order = slice_cmp(all[mid].key, key);
        if ((order ? order : slice_cmp(all[mid].id, id)) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    bool found = from < n && slice_eq(all[from].key, key) && slice_eq(all[from].id, id);
    return found ? &all[from] : NULL;
}

const struct fhir_entry *fhir_index_url(const struct fhir_index *index, struct slice url)
{
    const struct place *p = find(index->urls, index->nurls, url, SLICE(""));
    return p ? p->entry : NULL;
}

/* What stands behind the last slash, and what before it. */
static struct slice cut_last(struct slice *text)
{
    size_t at = text->n;
    while (at && text->p[at - 1] != '/')
        at--;
    struct slice last = slice_sub(*text, at, text->n);
    *text = slice_sub(*text, 0, at ? at - 1 : 0);
    return last;
}

static struct slice without_version(struct slice text)
{
    struct slice rest = text;
    cut_last(&rest);
    struct slice word = cut_last(&rest);
    return slice_eq(word, SLICE("_history")) ? rest : text;
}

bool fhir_reference_split(struct slice text, struct slice *ret_type, struct slice *ret_id)
{
    struct slice rest = without_version(text);
    if (slice_starts(text, SLICE("urn:")) || slice_find(text, '?') < text.n ||
        slice_find(text, '#') < text.n)
        return false;
    struct slice id = cut_last(&rest), type = cut_last(&rest);
    if (!id.n || !type.n || type.p[0] < 'A' || type.p[0] > 'Z')
        return false;
    *ret_type = type;
    *ret_id = id;
    return true;
}

static const struct json *contained(const struct json *resource, struct slice id)
{
    if (!id.n)
        return resource;
    const struct json *all = json_get(resource, "contained");
    for (const struct json *c = all ? all->child : NULL; c; c = c->next)
        if (slice_eq(json_text(c, "id"), id))
            return c;
    return NULL;
}

/* "https://a/Patient/2" names its neighbour Encounter/1 "https://a/Encounter/1". */
static bool is_beside(struct slice full_url, struct slice base, struct slice relative)
{
    return full_url.n == base.n + 1 + relative.n && slice_starts(full_url, base) &&
           full_url.p[base.n] == '/' && slice_ends(full_url, relative);
}

static const struct fhir_entry *relative(const struct fhir_doc *doc, const struct fhir_entry *from,
                                         struct slice text)
{
    enum { ALIKE_MAX = 16 }; /* looked at, of one type and id */
    struct slice base = from->full_url, type, id;
    if (!fhir_reference_split(text, &type, &id))
        return NULL;
    const struct place *first = find(doc->index->names, doc->index->nnames, type, id);
    if (!first)
        return NULL;
    cut_last(&base);
    cut_last(&base);
    const struct place *end = doc->index->names + doc->index->nnames;
    if (end - first > ALIKE_MAX)
        end = first + ALIKE_MAX;
    for (const struct place *p = first; p < end && slice_eq(p->key, type) && slice_eq(p->id, id);
         p++)
        if (is_beside(p->entry->full_url, base, text))
            return p->entry;
    return first->entry;
}

const struct json *fhir_resolve(const struct fhir_doc *doc, const struct fhir_entry *from,
                                const struct json *ref)
{
    if (!ref)
        return NULL;
    struct slice text = ref->kind == JSON_STRING ? ref->text : json_text(ref, "reference");
    if (!text.n)
        return NULL;
    if (text.p[0] == '#')
        return contained(from->resource, slice_sub(text, 1, text.n));
    const struct fhir_entry *e = fhir_index_url(doc->index, text);
    if (!e)
        e = fhir_index_url(doc->index, without_version(text));
    bool absolute = slice_find(text, ':') < text.n;
    if (!e && !absolute)
        e = relative(doc, from, without_version(text));
    return e ? e->resource : NULL;
}
