#include "fhir_xml.h"

#include <libxml/parser.h>
#include <stdio.h>
#include "fhir_node.h"
#include "utf8.h"

#define FHIR_NS "http://hl7.org/fhir"
#define XHTML_NS "http://www.w3.org/1999/xhtml"

enum { DEPTH_MAX = 120 };

/* An element that has begun. */
struct frame {
    struct slice name;
    int type; /* of what stands in it: index in fhir_types, -1 where nothing is known */
    enum fhir_form form;
    bool many, is_resource;
    bool guessed;             /* no definition has it */
    bool whole;               /* a resource stood in it: nothing else may */
    struct fhir_node *object; /* members seen so far; NULL: none */
    struct slice value;       /* of the attribute; absent: none */
};

struct reader {
    xmlParserCtxtPtr xml;
    struct json_limits limits;
    struct arena *arena;
    struct err *err;
    bool failed;
    struct json *root;
    struct fhir_maker make;
    unsigned depth;
    struct frame open[DEPTH_MAX];
    unsigned div;    /* elements open within a narrative's div, itself included */
    struct buf html; /* of that div */
    bool tag_open;   /* its newest start tag lacks its end yet */
};

static int fail(struct reader *r, enum err_code code, const char *text)
{
    if (r->failed)
        return -1;
    r->failed = true;
    err_set(r->err, code, "line %d, column %d: %s", xmlSAX2GetLineNumber(r->xml),
            xmlSAX2GetColumnNumber(r->xml), text);
    xmlStopParser(r->xml);
    return -1;
}

static int bad(struct reader *r, const char *text)
{
    return fail(r, ERR_INPUT, text);
}

static int full(struct reader *r)
{
    return fail(r, ERR_LIMIT, "the document needs more memory than a message may take");
}

static struct slice copy(struct reader *r, const xmlChar *from, size_t n)
{
    struct slice s = arena_copy(r->arena, slice_make((const char *)from, n));
    if (!slice_present(s))
        full(r);
    return s;
}

/* The object of a frame, made at its first member. */
static struct fhir_node *object_of(struct reader *r, struct frame *f)
{
    if (!f->object)
        f->object = fhir_node_make(&r->make, JSON_OBJECT, f->name);
    return f->object;
}

/* An element of which only extensions came: definitions leave out single texts, so that it is one,
 * unless something else stands in it. */
static bool is_primitive(const struct frame *f)
{
    if (slice_present(f->value) || !f->guessed)
        return slice_present(f->value) || f->form != FHIR_COMPLEX;
    for (const struct json *c = f->object ? f->object->json.child : NULL; c; c = c->next)
        if (!slice_eq(c->name, SLICE("extension")) && !slice_eq(c->name, SLICE("id")))
            return false;
    return true;
}

static int end_element(struct reader *r, struct frame *f, struct frame *parent)
{
    if (!slice_present(f->value) && !f->object)
        return bad(r, "an element of FHIR has a value or something in it");
    struct fhir_node *object = object_of(r, parent);
    if (!object)
        return -1;
    if (!is_primitive(f))
        return fhir_node_put(&r->make, object, f->name, f->many, f->object);
    struct fhir_primitive p = {
        .name = f->name, .value = f->value, .form = f->form, .many = f->many, .object = f->object};
    return fhir_node_put_primitive(&r->make, object, &p);
}

static void end_frame(struct reader *r)
{
    struct frame *f = &r->open[r->depth - 1];
    struct frame *parent = r->depth > 1 ? f - 1 : NULL;
    if (!parent)
        r->root = &f->object->json;
    if (parent && f->is_resource) {
        parent->object = f->object;
        parent->whole = true;
    } else if (parent) {
        end_element(r, f, parent);
    }
    r->depth--;
}

/* What the tree could not take is told with the place. */
static void told(struct reader *r)
{
    if (r->make.why)
        fail(r, r->make.code, r->make.why);
}

static bool is_space(const xmlChar *p, int n)
{
    for (int i = 0; i < n; i++)
        if (!memchr(" \t\r\n", p[i], 4))
            return false;
    return true;
}

static void put_escaped(struct buf *out, const xmlChar *p, size_t n, bool attribute)
{
    for (size_t i = 0; i < n; i++) {
        switch (p[i]) {
        case '&':
            buf_puts(out, "&amp;");
            break;
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '"':
            buf_puts(out, attribute ? "&quot;" : "\"");
            break;
        default:
            buf_putc(out, (char)p[i]);
        }
    }
}

static void end_tag(struct reader *r)
{
    if (r->tag_open)
        buf_putc(&r->html, '>');
    r->tag_open = false;
}

static void begin_html(struct reader *r, const xmlChar *name, int natts, const xmlChar **atts)
{
    if (++r->div == 1)
        buf_reset(&r->html);
    end_tag(r);
    buf_printf(&r->html, "<%s", (const char *)name);
    if (r->div == 1)
        buf_puts(&r->html, " xmlns=\"" XHTML_NS "\"");
    for (int i = 0; i < natts; i++, atts += 5) {
        buf_printf(&r->html, " %s%s%s=\"", atts[1] ? (const char *)atts[1] : "", atts[1] ? ":" : "",
                   (const char *)atts[0]);
        put_escaped(&r->html, atts[3], (size_t)(atts[4] - atts[3]), true);
        buf_putc(&r->html, '"');
    }
    r->tag_open = true;
}

static void end_html(struct reader *r, const xmlChar *name)
{
    struct buf *out = &r->html;
    if (r->tag_open)
        buf_puts(out, "/>");
    else
        buf_printf(out, "</%s>", (const char *)name);
    r->tag_open = false;
    if (--r->div)
        return;
    if (!buf_ok(out)) {
        full(r);
        return;
    }
    struct slice text = copy(r, (const xmlChar *)buf_slice(out).p, out->n);
    struct fhir_node *object = r->failed ? NULL : object_of(r, &r->open[r->depth - 1]);
    if (object)
        fhir_node_text(&r->make, object, SLICE("div"), text);
}

static int take_attribute(struct reader *r, struct frame *f, const xmlChar **att)
{
    struct slice name = slice_str((const char *)att[0]);
    if (att[1]) /* xsi:schemaLocation, xml:lang: of XML, not of FHIR */
        return 0;
    struct slice value = copy(r, att[3], (size_t)(att[4] - att[3]));
    if (r->failed)
        return -1;
    if (f->is_resource)
        return bad(r, "a resource has no attributes");
    if (slice_eq(name, SLICE("value"))) {
        f->value = value;
        return value.n ? 0 : bad(r, "an attribute of FHIR is never empty");
    }
    struct fhir_node *object = object_of(r, f);
    if (!object)
        return -1;
    if (slice_eq(name, SLICE("id")))
        return fhir_node_text(&r->make, object, SLICE("id"), value);
    if (slice_eq(name, SLICE("url")))
        return fhir_node_text(&r->make, object, SLICE("url"), value);
    return bad(r, "FHIR has no attributes but value, id and url");
}

/* Letters and digits: `_name` is JSON's way to say what stands beside a value. */
static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= '0' && s.p[i] <= '9')))
            return false;
    return true;
}

static bool is_capital(const xmlChar *name)
{
    return name[0] >= 'A' && name[0] <= 'Z';
}

/* A resource: the document itself, or the one thing within contained, resource, outcome. */
static int begin_resource(struct reader *r, struct frame *f, struct slice name)
{
    const struct frame *parent = r->depth ? f - 1 : NULL;
    if (parent && (parent->object || slice_present(parent->value)))
        return bad(r, "a resource stands alone in its element");
    *f = (struct frame){.name = parent ? parent->name : SLICE_ABSENT,
                        .type = fhir_type_find(name),
                        .is_resource = true};
    struct fhir_node *object = object_of(r, f);
    return object ? fhir_node_text(&r->make, object, SLICE("resourceType"), name) : -1;
}

static int begin_frame(struct reader *r, const xmlChar *local)
{
    struct frame *f = &r->open[r->depth];
    struct slice name = copy(r, local, (size_t)xmlStrlen(local));
    if (r->failed)
        return -1;
    if (!is_name(name))
        return bad(r, "the names of FHIR are made of letters and digits");
    if (is_capital(local))
        return begin_resource(r, f, name);
    if (!r->depth)
        return bad(r, "the root of a FHIR document is a resource");
    if (f[-1].whole)
        return bad(r, "a resource stands alone in its element");
    const struct fhir_element *e = fhir_element_find(f[-1].type, name);
    *f = (struct frame){.name = name, .type = -1, .guessed = !e};
    if (e) {
        f->type = e->type;
        f->form = e->form;
        f->many = e->many;
    }
    return 0;
}

static bool is_utf8(const xmlChar *encoding)
{
    return !encoding || slice_ieq(slice_str((const char *)encoding), SLICE("utf-8"));
}

static void on_start(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
                     int nspaces, const xmlChar **spaces, int natts, int ndefaulted,
                     const xmlChar **atts)
{
    struct reader *r = ctx;
    (void)prefix;
    (void)nspaces;
    (void)spaces;
    (void)ndefaulted;
    if (r->failed)
        return;
    bool html = r->depth && uri && slice_eq_str(SLICE(XHTML_NS), (const char *)uri);
    if (r->depth + r->div >= r->limits.depth) {
        fail(r, ERR_LIMIT, "nested too deep");
    } else if (r->div || (html && slice_eq_str(SLICE("div"), (const char *)local))) {
        begin_html(r, local, natts, atts);
    } else if (!r->depth && !is_utf8(r->xml->encoding)) {
        bad(r, "FHIR is written in UTF-8");
    } else if (!uri || !slice_eq_str(SLICE(FHIR_NS), (const char *)uri)) {
        bad(r, "the elements of FHIR are in the namespace " FHIR_NS);
    } else if (begin_frame(r, local) == 0) {
        struct frame *f = &r->open[r->depth++];
        for (int i = 0; i < natts && !r->failed && !r->make.why; i++)
            take_attribute(r, f, atts + 5 * i);
    }
    told(r);
}

static void on_end(void *ctx, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *r = ctx;
    (void)prefix;
    (void)uri;
    if (r->failed)
        return;
    if (r->div)
        end_html(r, local);
    else
        end_frame(r);
    told(r);
}

static void on_text(void *ctx, const xmlChar *p, int n)
{
    struct reader *r = ctx;
    if (r->failed)
        return;
    if (r->div) {
        end_tag(r);
        put_escaped(&r->html, p, (size_t)n, false);
    } else if (!is_space(p, n)) {
        bad(r, "FHIR has no text between its elements");
    }
}

static void on_dtd(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    (void)name;
    (void)id;
    (void)system;
    bad(ctx, "a DTD has no place in FHIR");
}

/* libxml2's own words quote the text. */
static void on_error(void *ctx, xmlErrorPtr e)
{
    struct reader *r = ctx;
    if (r->failed || e->level < XML_ERR_ERROR || e->domain == XML_FROM_NAMESPACE)
        return;
    r->failed = true;
    enum err_code code = e->code == XML_ERR_NO_MEMORY ? ERR_NOMEM : ERR_INPUT;
    if (e->code == XML_ERR_TAG_NAME_MISMATCH)
        err_set(r->err, code, "line %d, column %d: an end tag that is not of the element begun",
                e->line, e->int2);
    else
        err_set(r->err, code, "line %d, column %d: not well-formed XML (libxml2: %d)", e->line,
                e->int2, e->code);
}

/* Behind the end of what begins at `at` and is no tag; `at` itself where a tag begins. */
static size_t behind_no_tag(struct slice text, size_t at)
{
    static const struct {
        const char *begin, *end;
    } rows[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
    struct slice rest = slice_sub(text, at, text.n);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!slice_starts(rest, slice_str(rows[i].begin)))
            continue;
        const char *end = memmem(rest.p, rest.n, rows[i].end, strlen(rows[i].end));
        return end ? (size_t)(end - text.p) + strlen(rows[i].end) : text.n;
    }
    return at;
}

size_t fhir_xml_behind_tag(struct slice text, size_t at)
{
    enum { ATTRIBUTES_MAX = 64 }; /* namespaces included */
    unsigned n = 0;
    char quote = 0;
    for (; at < text.n; at++) {
        char c = text.p[at];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return at + 1;
        else if (c == '=' && ++n > ATTRIBUTES_MAX)
            return 0;
    }
    return at;
}

/* libxml2 compares each attribute of a tag with all before it, ahead of telling us. */
static bool tags_are_short(struct slice text)
{
    size_t at = 0;
    while (at < text.n) {
        const char *tag = memchr(text.p + at, '<', text.n - at);
        if (!tag)
            return true;
        size_t from = (size_t)(tag - text.p);
        at = behind_no_tag(text, from);
        if (at == from)
            at = fhir_xml_behind_tag(text, from);
        if (!at)
            return false;
    }
    return true;
}

static int run(struct reader *r, struct slice text)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .ignorableWhitespace = on_text,
                         .cdataBlock = on_text,
                         .internalSubset = on_dtd,
                         .serror = on_error};
    r->xml = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
    if (!r->xml)
        return err_set(r->err, ERR_NOMEM, "no memory for XML");
    /* Without NOENT, `&amp;` comes as `&#38;`. No other entity gets in: a DTD ends the reading. */
    /* libxml2's own limit is 10 MB; ours are the length of the text, and depth. */
    xmlCtxtUseOptions(r->xml, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_HUGE);
    buf_init(&r->html, r->limits.bytes);
    int rc = xmlParseChunk(r->xml, text.p, (int)text.n, 1);
    if (!r->failed && (rc || !r->root)) {
        r->failed = true;
        err_set(r->err, ERR_INPUT, "not well-formed XML (libxml2: %d)", rc);
    }
    buf_fini(&r->html);
    xmlFreeParserCtxt(r->xml);
    return r->failed ? -1 : 0;
}

int fhir_xml_read(struct slice text, const struct json_limits *limits, struct arena *arena,
                  struct json **ret, struct err *reterr)
{
    struct reader r = {.limits = *limits,
                       .arena = arena,
                       .err = reterr,
                       .make = {.arena = arena, .values_max = limits->values}};
    if (r.limits.depth > DEPTH_MAX)
        r.limits.depth = DEPTH_MAX;
    if (text.n > limits->bytes || text.n > INT32_MAX)
        return err_set(reterr, ERR_LIMIT, "XML of %zu bytes; no more than %zu are taken", text.n,
                       limits->bytes);
    if (utf8_span(text) < text.n)
        return err_set(reterr, ERR_INPUT, "not UTF-8");
    if (!tags_are_short(text))
        return err_set(reterr, ERR_INPUT, "a tag with more attributes than any of FHIR has");
    if (run(&r, text) < 0)
        return -1;
    *ret = r.root;
    return 0;
}
