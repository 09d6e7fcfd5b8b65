#include "fhir_kept.h"

#include <stdio.h>
#include <string.h>
#include "fhir_xml.h"

static const char *method_of(const struct fhir_request *r)
{
    return r->ask == FHIR_ASK_CREATE ? "POST" : r->ask == FHIR_ASK_UPDATE ? "PUT" : "DELETE";
}

/* A name may be written with escapes (RFC 8259 §7). */
static bool may_name_id(struct slice json)
{
    return memmem(json.p, json.n, "\"id\"", 4) || memmem(json.p, json.n, "\\u", 2);
}

bool fhir_kept_reads(const struct fhir_request *r, struct slice body)
{
    switch (r->ask) {
    case FHIR_ASK_BUNDLE:
        return true;
    case FHIR_ASK_UPDATE:
        return r->request_id.n > 0;
    case FHIR_ASK_CREATE: /* JSON that has no such name has no id */
        return r->request_id.n || fhir_is_xml(body) || may_name_id(body);
    default:
        return false;
    }
}

static bool has_version(const struct json *resource)
{
    const struct json *meta = json_get(resource, "meta");
    return json_text(meta, "versionId").n || json_text(meta, "lastUpdated").n;
}

/* ---- JSON ---- */

/* v3 Confidentiality: restricted. */
static void put_label(struct json_writer *w)
{
    json_key(w, SLICE("meta"));
    json_object(w);
    json_key(w, SLICE("security"));
    json_array(w);
    json_object(w);
    json_member(w, "system", SLICE("http://terminology.hl7.org/CodeSystem/v3-Confidentiality"));
    json_member(w, "code", SLICE("R"));
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}

static void begin_bundle(struct json_writer *w, const char *type, struct slice identifier,
                         bool restricted)
{
    json_object(w);
    json_member(w, "resourceType", SLICE("Bundle"));
    json_member(w, "type", slice_str(type));
    if (identifier.n) {
        json_key(w, SLICE("identifier"));
        json_object(w);
        json_member(w, "value", identifier);
        json_object_end(w);
    }
    if (restricted)
        put_label(w);
    json_key(w, SLICE("entry"));
    json_array(w);
}

static struct slice end_bundle(struct json_writer *w, const struct buf *out)
{
    json_array_end(w);
    json_object_end(w);
    json_writer_close(w);
    return buf_ok(out) ? buf_slice(out) : SLICE_ABSENT;
}

/* resource: its text; absent: a DELETE has none. */
static struct slice write_json(const struct fhir_request *r, struct slice url,
                               struct slice resource, struct buf *out)
{
    struct json_writer *w;
    struct err ignored;
    buf_reset(out);
    if (json_writer_open(out, &w, &ignored) < 0)
        return SLICE_ABSENT;
    begin_bundle(w, r->ask == FHIR_ASK_DELETE ? "transaction" : "batch", r->request_id, false);
    json_object(w);
    json_key(w, SLICE("request"));
    json_object(w);
    json_member(w, "method", slice_str(method_of(r)));
    json_member(w, "url", url);
    json_object_end(w);
    if (slice_present(resource)) {
        json_key(w, SLICE("resource"));
        json_raw(w, resource);
    }
    json_object_end(w);
    return end_bundle(w, out);
}

/* From the root on. */
static struct slice json_root(struct slice body)
{
    size_t at = slice_find(body, '{');
    return slice_trim(slice_sub(body, at, body.n));
}

/* ---- XML ---- */

/* From the root on, of what is known to be XML without a DTD: behind declaration and comments. */
static struct slice xml_root(struct slice body)
{
    size_t at = slice_find(body, '<');
    for (;;) {
        struct slice rest = slice_sub(body, at, body.n);
        const char *ends = slice_starts(rest, SLICE("<!--")) ? "-->"
                           : slice_starts(rest, SLICE("<?")) ? "?>"
                                                             : NULL;
        const char *end = ends ? memmem(rest.p, rest.n, ends, strlen(ends)) : NULL;
        if (!end)
            return rest;
        at = (size_t)(end - body.p) + strlen(ends);
        at += slice_find(slice_sub(body, at, body.n), '<');
    }
}

static void put_value(struct buf *out, const char *element, struct slice value)
{
    buf_printf(out, "<%s value=\"", element);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (memchr("&<>\"'", c, 5))
            buf_printf(out, "&#%d;", c);
        else
            buf_putc(out, c);
    }
    buf_puts(out, "\"/>");
}

static void put_identifier(struct buf *out, struct slice id)
{
    if (!id.n)
        return;
    buf_puts(out, "<identifier xmlns=\"http://hl7.org/fhir\">");
    put_value(out, "value", id);
    buf_puts(out, "</identifier>");
}

static struct slice write_xml(const struct fhir_request *r, struct slice url, struct slice resource,
                              struct buf *out)
{
    buf_reset(out);
    buf_puts(out, "<Bundle xmlns=\"http://hl7.org/fhir\">");
    put_identifier(out, r->request_id);
    buf_puts(out, "<type value=\"batch\"/><entry><resource>");
    buf_put(out, resource);
    buf_puts(out, "</resource><request>");
    put_value(out, "method", slice_str(method_of(r)));
    put_value(out, "url", url);
    buf_puts(out, "</request></entry></Bundle>");
    return buf_ok(out) ? buf_slice(out) : SLICE_ABSENT;
}

/* ---- a request ---- */

static struct slice keep_one(const struct fhir_request *r, struct slice body, bool read,
                             struct buf *out)
{
    char url[160];
    snprintf(url, sizeof(url), "%.*s%s%.*s", SLICE_ARG(r->type), r->id.n ? "/" : "",
             SLICE_ARG(r->id));
    if (!read)
        return write_json(r, slice_str(url), SLICE_ABSENT, out);
    return fhir_is_xml(body) ? write_xml(r, slice_str(url), xml_root(body), out)
                             : write_json(r, slice_str(url), json_root(body), out);
}

/* A Bundle as it was sent, with an identifier. */
static struct slice keep_bundle(const struct fhir_request *r, struct slice body, struct buf *out)
{
    bool xml = fhir_is_xml(body);
    struct slice root = xml ? xml_root(body) : json_root(body);
    size_t at = xml ? fhir_xml_behind_tag(root, 0) : 1;
    buf_reset(out);
    buf_put(out, slice_sub(root, 0, at));
    if (xml) {
        put_identifier(out, r->request_id);
    } else {
        struct json_writer *w;
        struct err ignored;
        buf_puts(out, "\"identifier\":");
        if (json_writer_open(out, &w, &ignored) < 0)
            return SLICE_ABSENT;
        json_object(w);
        json_member(w, "value", r->request_id);
        json_object_end(w);
        json_writer_close(w);
        buf_putc(out, ',');
    }
    buf_put(out, slice_sub(root, at, root.n));
    return buf_ok(out) ? buf_slice(out) : SLICE_ABSENT;
}

struct slice fhir_kept(const struct fhir_request *r, struct slice body, const struct fhir_doc *doc,
                       struct buf *out)
{
    if (r->ask == FHIR_ASK_DELETE) /* FHIR has no body for it: what is kept says what was asked */
        return keep_one(r, body, false, out);
    if (!doc || doc->kind == FHIR_MESSAGE)
        return body;
    if (doc->kind != FHIR_RESOURCE)
        return r->request_id.n && !json_get(doc->root, "identifier") ? keep_bundle(r, body, out)
                                                                     : body;
    bool by_request = r->request_id.n && !has_version(doc->root);
    bool by_method = r->ask == FHIR_ASK_CREATE && json_get(doc->root, "id");
    return by_request || by_method ? keep_one(r, body, true, out) : body;
}

struct slice fhir_kept_entry(const struct fhir_request *r, const struct fhir_entry *entry,
                             unsigned nth, bool restricted, struct buf *out)
{
    char id[160] = "";
    struct json_writer *w;
    struct err ignored;
    buf_reset(out);
    if (json_writer_open(out, &w, &ignored) < 0)
        return SLICE_ABSENT;
    if (r->request_id.n && !has_version(entry->resource))
        snprintf(id, sizeof(id), "%.*s.%u", SLICE_ARG(r->request_id), nth);
    begin_bundle(w, "batch", slice_str(id), restricted);
    json_tree(w, entry->tree);
    return end_bundle(w, out);
}
