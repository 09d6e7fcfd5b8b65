#include "map_fhir.h"

/* The MessageHeader of a message; NULL for any other document. */
static const struct json *header_of(const struct fhir_doc *doc)
{
    return doc->kind == FHIR_MESSAGE && doc->n ? doc->entries[0].resource : NULL;
}

bool map_fhir_answers(const struct fhir_doc *doc)
{
    return json_get(header_of(doc), "response") != NULL;
}

struct slice map_fhir_message(const struct fhir_doc *doc, struct arena *arena)
{
    const struct json *header = header_of(doc);
    struct slice code = json_text(json_get(header, "eventCoding"), "code");
    if (!code.n)
        code = json_text(json_get(header, "event"), "code");
    if (!code.n)
        code = json_text(header, "eventUri");
    return code.n ? arena_printf(arena, "%s:%.*s", map_fhir_answers(doc) ? "response" : "message",
                                 SLICE_ARG(code))
                  : SLICE_ABSENT;
}

static struct slice place_of(const struct fhir_doc *doc, const struct fhir_entry *entry,
                             struct arena *arena)
{
    if (doc->kind == FHIR_RESOURCE)
        return entry->type;
    return arena_printf(arena, "Bundle.entry[%u].resource", (unsigned)(entry - doc->entries));
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 is A (RFC 3986 §2.1). */
static struct slice unescape(struct slice text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    if (!out)
        return SLICE_ABSENT;
    for (size_t i = 0; i < text.n; i++) {
        bool escaped = text.p[i] == '%' && i + 2 < text.n && hex(text.p[i + 1]) >= 0 &&
                       hex(text.p[i + 2]) >= 0;
        out[n++] = escaped ? (char)(hex(text.p[i + 1]) * 16 + hex(text.p[i + 2])) : text.p[i];
        i += escaped ? 2 : 0;
    }
    return slice_make(out, n);
}

static struct json *member(struct json *object, struct arena *arena, enum json_kind kind,
                           const char *name, struct slice text)
{
    struct json *m = arena_zalloc(arena, 1, sizeof(*m));
    if (!m)
        return NULL;
    m->kind = kind;
    m->name = name ? slice_str(name) : SLICE_ABSENT;
    m->text = text;
    m->next = object->child;
    object->child = m;
    object->count++;
    return m;
}

/* The identifier of Encounter?identifier=SYSTEM|VALUE. */
static struct slice searched(struct slice url)
{
    struct slice query = slice_sub(url, slice_find(url, '?') + 1, url.n);
    while (query.n) {
        struct slice pair = slice_split(&query, '&');
        if (slice_starts(pair, SLICE("identifier=")))
            return slice_sub(pair, sizeof("identifier=") - 1, pair.n);
    }
    return SLICE_ABSENT;
}

static bool add_identifier(struct json *resource, struct slice token, struct arena *arena)
{
    struct slice text = unescape(token, arena);
    size_t bar = slice_find(text, '|');
    struct slice value = slice_sub(text, bar < text.n ? bar + 1 : 0, text.n);
    struct json *list = member(resource, arena, JSON_ARRAY, "identifier", SLICE_ABSENT);
    struct json *id = list ? member(list, arena, JSON_OBJECT, NULL, SLICE_ABSENT) : NULL;
    if (!id || !member(id, arena, JSON_STRING, "value", value))
        return false;
    return bar == text.n ||
           member(id, arena, JSON_STRING, "system", slice_sub(text, 0, bar)) != NULL;
}

/* What a DELETE says: the type, and the id or the identifier. */
static const struct json *deleted(const struct fhir_entry *entry, struct arena *arena)
{
    struct json *resource = arena_zalloc(arena, 1, sizeof(*resource));
    struct slice by = searched(json_text(json_get(entry->tree, "request"), "url"));
    if (!resource)
        return NULL;
    resource->kind = JSON_OBJECT;
    if ((by.n && !add_identifier(resource, by, arena)) ||
        (entry->id.n && !member(resource, arena, JSON_STRING, "id", entry->id)) ||
        !member(resource, arena, JSON_STRING, "resourceType", entry->type))
        return NULL;
    return resource;
}

bool map_fhir_part(const struct fhir_doc *doc, const struct fhir_entry *entry, struct arena *arena,
                   struct map_fhir_part *ret)
{
    *ret = (struct map_fhir_part){.entry = entry,
                                  .place = place_of(doc, entry, arena),
                                  .resource = entry->resource,
                                  .trigger = entry->resource ? entry->type : SLICE_ABSENT};
    if (slice_eq(entry->method, SLICE("DELETE")) && entry->type.n) {
        ret->resource = deleted(entry, arena);
        ret->trigger = arena_printf(arena, "%.*s.delete", SLICE_ARG(entry->type));
    }
    return !arena->overflow && slice_present(ret->place);
}

static struct slice identifier_of(const struct json *root)
{
    return json_text(json_first(json_get(root, "identifier")), "value");
}

/* FHIR R4 §2.4.3.1: MessageHeader.id names a message, Bundle.id one sending of it. */
static struct slice message_id(const struct fhir_doc *doc)
{
    struct slice id = json_text(header_of(doc), "id");
    if (!id.n)
        id = identifier_of(doc->root);
    return id.n ? id : json_text(doc->root, "id");
}

struct slice map_fhir_control_id(const struct fhir_doc *doc, struct arena *arena)
{
    const struct json *root = doc->root, *meta = json_get(root, "meta");
    if (doc->kind == FHIR_MESSAGE)
        return message_id(doc);
    if (doc->kind != FHIR_RESOURCE)
        return identifier_of(root);
    struct slice id = json_text(root, "id"), version = json_text(meta, "versionId");
    struct slice updated = json_text(meta, "lastUpdated");
    if (!id.n || (!version.n && !updated.n))
        return SLICE_ABSENT;
    return arena_printf(arena, "%.*s/%.*s/%.*s", SLICE_ARG(id), SLICE_ARG(version),
                        SLICE_ARG(updated));
}

struct envelope {
    const struct json **at;
    unsigned n;
};

static void leave_out(struct envelope *e, const struct json *object, const char *name)
{
    const struct json *member = json_get(object, name);
    if (member)
        e->at[e->n++] = member;
}

bool map_fhir_envelope(const struct fhir_doc *doc, struct arena *arena, const struct json ***ret,
                       unsigned *ret_n)
{
    enum { OF_BUNDLE = 4, OF_HEADER = 1 };
    struct envelope e = {0};
    *ret_n = 0;
    if (doc->kind != FHIR_MESSAGE || !message_id(doc).n)
        return true;
    e.at = arena_alloc(arena, (doc->n + OF_BUNDLE + OF_HEADER) * sizeof(*e.at));
    if (!e.at)
        return false;
    leave_out(&e, doc->root, "id");
    leave_out(&e, doc->root, "identifier");
    leave_out(&e, doc->root, "timestamp");
    leave_out(&e, doc->root, "meta");
    leave_out(&e, header_of(doc), "timestamp");
    for (unsigned i = 0; i < doc->n; i++)
        leave_out(&e, json_get(doc->entries[i].resource, "meta"), "lastUpdated");
    *ret = e.at;
    *ret_n = e.n;
    return true;
}
