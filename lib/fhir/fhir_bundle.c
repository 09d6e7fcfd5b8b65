#include "fhir_bundle.h"

#include <stdio.h>
#include "fhir_reference.h"

int fhir_refuse(struct fhir_fault *f, const char *issue, const char *expression, const char *text)
{
    f->issue = issue;
    snprintf(f->expression, sizeof(f->expression), "%s", expression ? expression : "");
    return err_set(&f->err, ERR_INPUT, "%s", text);
}

bool fhir_is_type(struct slice s)
{
    enum { LONGEST = 64 };
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z')))
            return false;
    return s.n > 0 && s.n <= LONGEST && s.p[0] <= 'Z';
}

static int refuse_entry(struct fhir_fault *f, const char *issue, unsigned nth, const char *element,
                        const char *text)
{
    char expression[sizeof(f->expression)];
    snprintf(expression, sizeof(expression), "Bundle.entry[%u]%s", nth, element);
    return fhir_refuse(f, issue, expression, text);
}

static int refuse_memory(struct fhir_fault *f)
{
    fhir_refuse(f, "too-costly", NULL, "");
    return err_set(&f->err, ERR_LIMIT, "the document needs more memory than a message may take");
}

static enum fhir_kind kind_of(struct slice type)
{
    static const struct {
        const char *type;
        enum fhir_kind kind;
    } rows[] = {{"transaction", FHIR_TRANSACTION},
                {"batch", FHIR_BATCH},
                {"message", FHIR_MESSAGE},
                {"history", FHIR_HISTORY}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (slice_eq_str(type, rows[i].type))
            return rows[i].kind;
    return FHIR_BUNDLE;
}

/* "Encounter/1", "Encounter", "Encounter?identifier=…" within a server, or behind its address. */
static void split_url(struct slice url, struct slice *ret_type, struct slice *ret_id)
{
    struct slice path = slice_sub(url, 0, slice_find(url, '?'));
    if (slice_starts(path, SLICE("/")))
        path = slice_sub(path, 1, path.n);
    if (fhir_reference_split(path, ret_type, ret_id))
        return;
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    *ret_type = slice_sub(path, at, path.n);
}

static void fill_entry(const struct json *tree, struct fhir_entry *e)
{
    const struct json *request = json_get(tree, "request");
    *e = (struct fhir_entry){.tree = tree,
                             .resource = json_get(tree, "resource"),
                             .full_url = json_text(tree, "fullUrl"),
                             .method = json_text(request, "method")};
    if (e->resource) {
        e->type = json_text(e->resource, "resourceType");
        e->id = json_text(e->resource, "id");
    } else if (request) {
        split_url(json_text(request, "url"), &e->type, &e->id);
    }
}

static bool one_of(struct slice s, const char *const *words)
{
    for (; *words; words++)
        if (slice_eq_str(s, *words))
            return true;
    return false;
}

static int check_request(const struct fhir_entry *e, unsigned nth, struct fhir_fault *f)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", NULL};
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    struct slice url = json_text(json_get(e->tree, "request"), "url");
    struct slice type = SLICE_ABSENT, id = SLICE_ABSENT;
    if (!slice_present(e->method) || !url.n)
        return refuse_entry(f, "required", nth, ".request",
                            "an entry of a transaction or batch says request.method and "
                            "request.url");
    if (!one_of(e->method, methods))
        return refuse_entry(f, "code-invalid", nth, ".request.method", "there is no such method");
    bool body = one_of(e->method, with_body);
    if (body && !e->resource)
        return refuse_entry(f, "required", nth, ".resource", "this method needs a resource");
    if (!body && e->resource)
        return refuse_entry(f, "invalid", nth, ".resource",
                            "GET, HEAD and DELETE have no resource: the url says all of it");
    split_url(url, &type, &id);
    bool operation = slice_starts(type, SLICE("$"));
    if (!body || slice_eq_str(e->method, "PATCH") || operation)
        return 0;
    if (!slice_eq(type, e->type))
        return refuse_entry(f, "invalid", nth, ".request.url",
                            "the url names another type than the resource has");
    if (!slice_eq_str(e->method, "PUT") || slice_find(url, '?') < url.n)
        return 0;
    if (!id.n)
        return refuse_entry(f, "required", nth, ".request.url", "the url of a PUT names an id");
    if (!slice_eq(id, e->id))
        return refuse_entry(f, "invalid", nth, ".resource.id",
                            "the id of the resource is not that of the url");
    return 0;
}

static bool is_urn(struct slice text)
{
    return slice_starts(text, SLICE("urn:uuid:")) || slice_starts(text, SLICE("urn:oid:"));
}

/* No deeper than the reader let it be. */
static int check_links(const struct fhir_doc *doc, const struct json *tree, unsigned nth,
                       struct fhir_fault *f)
{
    for (const struct json *c = tree->child; c; c = c->next) {
        if (c->child && check_links(doc, c, nth, f) < 0)
            return -1;
        if (c->kind != JSON_STRING || !slice_eq(c->name, SLICE("reference")))
            continue;
        if (is_urn(c->text) && !fhir_index_url(doc->index, c->text))
            return refuse_entry(f, "not-found", nth, ".resource",
                                "a reference by urn: must be the fullUrl of an entry");
        if (slice_find(c->text, '?') < c->text.n && c->text.p[0] != '#')
            return refuse_entry(f, "not-supported", nth, ".resource",
                                "references by search are not followed: name an entry's fullUrl");
    }
    return 0;
}

/* R4 §2.4.2; what an older release has no element for, it need not say. */
static int check_header(const struct fhir_doc *doc, const struct json *header, struct fhir_fault *f)
{
    bool coding = json_get(header, "eventCoding"), uri = json_get(header, "eventUri");
    bool event = json_get(header, "event"); /* STU3, DSTU2 */
    if (coding + uri + event > 1)
        return fhir_refuse(f, "structure", "MessageHeader.event",
                           "a message has one event: eventCoding or eventUri");
    if (!coding && !uri && !event)
        return fhir_refuse(f, "required", "MessageHeader.event",
                           "a message says its event: eventCoding or eventUri");
    if (!event && !json_text(doc->root, "timestamp").n)
        return fhir_refuse(f, "required", "Bundle.timestamp",
                           "a message says when it was put together (bdl-10)");
    return 0;
}

/* What everything else in the message hangs on; other references may lead anywhere. */
static int check_focus(const struct fhir_doc *doc, const struct json *header, struct fhir_fault *f)
{
    const struct json *focus = json_get(header, "focus");
    for (const struct json *c = focus ? focus->child : NULL; c; c = c->next)
        if (json_text(c, "reference").n && !fhir_resolve(doc, &doc->entries[0], c))
            return fhir_refuse(f, "not-found", "MessageHeader.focus",
                               "the focus of a message must be in its Bundle");
    return 0;
}

static bool names_version(struct slice url)
{
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] == '/' && slice_starts(slice_sub(url, i, url.n), SLICE("/_history/")))
            return true;
    return false;
}

static int check_urls(const struct fhir_doc *doc, struct fhir_fault *f)
{
    for (unsigned i = 0; i < doc->n; i++) {
        struct slice url = doc->entries[i].full_url;
        if (!url.n)
            return refuse_entry(f, "required", i, ".fullUrl",
                                "each entry of a message has a fullUrl");
        if (names_version(url))
            return refuse_entry(f, "invalid", i, ".fullUrl",
                                "a fullUrl names no version of a resource (bdl-8)");
    }
    return 0;
}

static int check_message(const struct fhir_doc *doc, struct fhir_fault *f)
{
    if (!doc->n || !slice_eq_str(doc->entries[0].type, "MessageHeader"))
        return fhir_refuse(f, "required", "Bundle.entry[0].resource",
                           "the first resource of a message is its MessageHeader (bdl-12)");
    const struct json *header = doc->entries[0].resource;
    if (check_header(doc, header, f) < 0 || check_urls(doc, f) < 0)
        return -1;
    return check_focus(doc, header, f);
}

static int check_filled(const struct fhir_doc *doc, struct fhir_fault *f)
{
    for (unsigned i = 0; i < doc->n; i++) {
        const struct fhir_entry *e = &doc->entries[i];
        if (e->tree && !e->resource && !json_get(e->tree, "request") &&
            !json_get(e->tree, "response"))
            return refuse_entry(f, "required", i, ".resource",
                                "an entry has a resource, a request or a response (bdl-5)");
        if (doc->kind == FHIR_HISTORY && e->resource && slice_eq_str(e->method, "DELETE"))
            return refuse_entry(f, "invalid", i, ".resource", "what was deleted has no resource");
    }
    return 0;
}

int fhir_check(const struct fhir_doc *doc, struct fhir_fault *f)
{
    if (check_filled(doc, f) < 0)
        return -1;
    if (doc->kind == FHIR_MESSAGE)
        return check_message(doc, f);
    if (doc->kind != FHIR_TRANSACTION && doc->kind != FHIR_BATCH)
        return 0;
    for (unsigned i = 0; i < doc->n; i++) {
        const struct fhir_entry *e = &doc->entries[i];
        if (check_request(e, i, f) < 0)
            return -1;
        if (doc->kind == FHIR_TRANSACTION && e->resource && check_links(doc, e->resource, i, f) < 0)
            return -1;
    }
    return 0;
}

static int read_entries(struct fhir_doc *doc, struct arena *arena, struct fhir_fault *f)
{
    const struct json *list = json_get(doc->root, "entry");
    if (list && list->kind != JSON_ARRAY)
        return fhir_refuse(f, "structure", "Bundle.entry", "entry is an array");
    struct fhir_entry *all = arena_zalloc(arena, list ? list->count : 0, sizeof(*all));
    if (list && !all)
        return refuse_memory(f);
    doc->entries = all;
    for (const struct json *c = list ? list->child : NULL; c; c = c->next) {
        struct fhir_entry *e = &all[doc->n];
        if (c->kind != JSON_OBJECT)
            return refuse_entry(f, "structure", doc->n, "", "an entry is an object");
        fill_entry(c, e);
        if (e->resource && !fhir_is_type(e->type))
            return refuse_entry(f, "structure", doc->n, ".resource",
                                "a resource says its resourceType");
        doc->n++;
    }
    return 0;
}

static int index_entries(struct fhir_doc *doc, struct arena *arena, struct fhir_fault *f)
{
    const struct fhir_entry *twice;
    if (fhir_index_make(doc, arena, &twice, &f->err) < 0)
        return refuse_memory(f);
    if (twice && doc->kind != FHIR_HISTORY)
        return refuse_entry(f, "duplicate", (unsigned)(twice - doc->entries), ".fullUrl",
                            "two entries have the same fullUrl (bdl-7)");
    return 0;
}

static int read_single(struct fhir_doc *doc, struct slice type, struct arena *arena,
                       struct fhir_fault *f)
{
    struct fhir_entry *e = arena_zalloc(arena, 1, sizeof(*e));
    if (!e)
        return refuse_memory(f);
    *e = (struct fhir_entry){.resource = doc->root, .type = type, .id = json_text(doc->root, "id")};
    doc->kind = FHIR_RESOURCE;
    doc->entries = e;
    doc->n = 1;
    return index_entries(doc, arena, f);
}

int fhir_entries(struct fhir_doc *doc, struct arena *arena, struct fhir_fault *ret_fault)
{
    struct slice type = json_text(doc->root, "resourceType");
    doc->n = 0;
    if (!slice_eq(type, SLICE("Bundle")))
        return read_single(doc, type, arena, ret_fault);
    struct slice kind = json_text(doc->root, "type");
    if (!kind.n)
        return fhir_refuse(ret_fault, "required", "Bundle.type", "a Bundle says its type");
    doc->kind = kind_of(kind);
    if (read_entries(doc, arena, ret_fault) < 0)
        return -1;
    return index_entries(doc, arena, ret_fault);
}
