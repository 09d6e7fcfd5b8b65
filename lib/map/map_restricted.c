#include "map_restricted.h"

#include "map_person.h"
#include "map_text.h"

/* Patients of the document that are restricted, found once per message: as a rule none. */
struct map_restricted {
    const struct json **at;
    unsigned n;
};

enum { DIGITS_MAX = 32 };

/* v3 Confidentiality: restricted, very restricted; REDACTED of PDS is what it left out for that. */
static bool is_high(struct slice code)
{
    return slice_eq(code, SLICE("R")) || slice_eq(code, SLICE("V")) ||
           slice_eq(code, SLICE("REDACTED"));
}

static bool look(struct slice code, void *arg)
{
    bool *found = arg;
    *found = is_high(code);
    return !*found;
}

static bool is_labelled(const struct json *resource)
{
    const struct json *labels = json_get(json_get(resource, "meta"), "security");
    for (const struct json *c = json_first(labels); c; c = json_next(labels, c))
        if (is_high(json_text(c, "code")))
            return true;
    return false;
}

bool map_restricted_patient(const struct json *resource)
{
    return slice_eq(json_text(resource, "resourceType"), SLICE("Patient")) && is_labelled(resource);
}

static unsigned count(const struct json *list, const char *within, const struct json **ret)
{
    unsigned n = 0;
    for (const struct json *e = json_first(list); e; e = json_next(list, e)) {
        const struct json *resource = within ? json_get(e, within) : e;
        if (!map_restricted_patient(resource))
            continue;
        if (ret)
            ret[n] = resource;
        n++;
    }
    return n;
}

static const struct map_restricted *of_document(struct map_run *run)
{
    if (run->restricted)
        return run->restricted;
    const struct json *entries = json_get(run->view->bundle, "entry");
    struct map_restricted *all = arena_zalloc(run->arena, 1, sizeof(*all));
    if (!all)
        return NULL;
    unsigned n = count(entries, "resource", NULL);
    all->at = n ? arena_alloc(run->arena, n * sizeof(*all->at)) : NULL;
    if (all->at)
        all->n = count(entries, "resource", all->at);
    return run->restricted = all;
}

/* A number as it is compared: NHS numbers are sent with and without blanks. */
static struct slice closed_up(struct slice sent, char out[DIGITS_MAX])
{
    size_t n = 0;
    if (sent.n > DIGITS_MAX)
        return sent;
    for (size_t i = 0; i < sent.n; i++)
        if (sent.p[i] != ' ' && sent.p[i] != '-')
            out[n++] = sent.p[i];
    return slice_make(out, n);
}

static bool has_number(const struct json *patient, struct slice number)
{
    char one[DIGITS_MAX], other[DIGITS_MAX];
    struct slice wanted = closed_up(number, one);
    const struct json *ids = json_get(patient, "identifier");
    for (const struct json *id = json_first(ids); wanted.n && id; id = json_next(ids, id))
        if (slice_eq(closed_up(json_text(id, "value"), other), wanted))
            return true;
    return false;
}

/* By number alone: better that one too many is hidden than that one is told. */
static bool is_same(struct map_run *run, const struct json *patient)
{
    const struct map_person *p = map_person_of(run);
    if (!p)
        return true;
    if (has_number(patient, p->nhs_number))
        return true;
    for (unsigned i = 0; i < p->ids.n; i++)
        if (has_number(patient, p->ids.at[i].value))
            return true;
    return false;
}

static bool document_says(struct map_run *run)
{
    const struct map_restricted *all = of_document(run);
    bool message = slice_eq(json_text(run->view->root, "resourceType"), SLICE("MessageHeader"));
    if (is_labelled(run->view->bundle))
        return true;
    for (unsigned i = 0; all && i < all->n; i++)
        if (message || is_same(run, all->at[i]))
            return true;
    const struct json *inside = json_get(run->view->root, "contained");
    for (const struct json *c = json_first(inside); c; c = json_next(inside, c))
        if (map_restricted_patient(c) && is_same(run, c))
            return true;
    return false;
}

struct slice map_restricted(struct map_run *run, const struct map_source *source)
{
    bool found = false;
    for (unsigned i = 0; i < source->npaths && !found; i++)
        map_text_each(run, source->paths[i], look, &found);
    return found || (run->view && document_says(run)) ? SLICE("true") : SLICE_ABSENT;
}
