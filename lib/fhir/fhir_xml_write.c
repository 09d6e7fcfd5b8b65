#include "fhir_xml_write.h"

#include <stdio.h>

static void put_escaped(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '&')
            buf_puts(out, "&amp;");
        else if (c == '<')
            buf_puts(out, "&lt;");
        else if (c == '"')
            buf_puts(out, "&quot;");
        else if (c == '\t' || c == '\n' || c == '\r')
            buf_printf(out, "&#%u;", (unsigned)c);
        else if (c < ' ')
            buf_puts(out, "\xef\xbf\xbd"); /* XML 1.0 has no way to write it */
        else
            buf_putc(out, (char)c);
    }
}

static void put_attribute(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, " %s=\"", name);
    put_escaped(out, value);
    buf_putc(out, '"');
}

/* Names of elements are taken from the tree: letters, digits and underscores only. */
static void put_name(struct buf *out, struct slice name)
{
    bool ok = name.n && !(name.p[0] >= '0' && name.p[0] <= '9');
    for (size_t i = 0; ok && i < name.n; i++)
        ok = (name.p[i] >= 'A' && name.p[i] <= 'Z') || (name.p[i] >= 'a' && name.p[i] <= 'z') ||
             (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_';
    if (!ok)
        out->failed = true;
    buf_put(out, name);
}

static struct slice text_of(const struct json *value)
{
    if (value->kind == JSON_BOOL)
        return value->boolean ? SLICE("true") : SLICE("false");
    return value->kind == JSON_STRING || value->kind == JSON_NUMBER ? value->text : SLICE_ABSENT;
}

static void write_members(const struct json *object, bool resource, bool extension,
                          struct buf *out);

static void write_resource(const struct json *resource, const char *namespace, struct buf *out)
{
    struct slice type = json_text(resource, "resourceType");
    buf_putc(out, '<');
    put_name(out, type);
    buf_puts(out, namespace);
    buf_putc(out, '>');
    write_members(resource, true, false, out);
    buf_puts(out, "</");
    put_name(out, type);
    buf_putc(out, '>');
}

/* One element: a value with what stands beside it, or an object. Either may be NULL. */
static void write_element(struct slice name, const struct json *value, const struct json *beside,
                          struct buf *out)
{
    bool extension = slice_ends(name, SLICE("xtension"));
    const struct json *object = value && value->kind == JSON_OBJECT ? value : beside;
    buf_putc(out, '<');
    put_name(out, name);
    if (object && slice_present(json_text(object, "resourceType"))) {
        buf_putc(out, '>');
        write_resource(object, "", out);
    } else {
        if (slice_present(json_text(object, "id")))
            put_attribute(out, "id", json_text(object, "id"));
        if (extension && slice_present(json_text(object, "url")))
            put_attribute(out, "url", json_text(object, "url"));
        if (value && slice_present(text_of(value)))
            put_attribute(out, "value", text_of(value));
        buf_putc(out, '>');
        if (object)
            write_members(object, false, extension, out);
    }
    buf_puts(out, "</");
    put_name(out, name);
    buf_putc(out, '>');
}

static const struct json *beside_of(const struct json *object, struct slice name)
{
    for (const struct json *c = object->child; c; c = c->next)
        if (c->name.n == name.n + 1 && c->name.p[0] == '_' && slice_ends(c->name, name))
            return c;
    return NULL;
}

static bool has_member(const struct json *object, struct slice name)
{
    for (const struct json *c = object->child; c; c = c->next)
        if (slice_eq(c->name, name))
            return true;
    return false;
}

static void write_member(struct slice name, const struct json *value, const struct json *beside,
                         struct buf *out)
{
    bool many = (value ? value : beside)->kind == JSON_ARRAY;
    if (!many) {
        write_element(name, value, beside, out);
        return;
    }
    const struct json *v = value ? value->child : NULL, *b = beside ? beside->child : NULL;
    while (v || b) {
        write_element(name, v, b && b->kind == JSON_OBJECT ? b : NULL, out);
        v = v ? v->next : NULL;
        b = b ? b->next : NULL;
    }
}

static void write_members(const struct json *object, bool resource, bool extension, struct buf *out)
{
    for (const struct json *c = object->child; c; c = c->next) {
        if (slice_eq(c->name, SLICE("resourceType")) ||
            (!resource && slice_eq(c->name, SLICE("id"))) ||
            (extension && slice_eq(c->name, SLICE("url"))))
            continue;
        if (slice_starts(c->name, SLICE("_"))) {
            struct slice name = slice_sub(c->name, 1, c->name.n);
            if (!has_member(object, name))
                write_member(name, NULL, c, out);
        } else if (slice_eq(c->name, SLICE("div")) && c->kind == JSON_STRING) {
            buf_put(out, c->text);
        } else {
            write_member(c->name, c, beside_of(object, c->name), out);
        }
    }
}

void fhir_xml_write(const struct json *resource, struct buf *out)
{
    write_resource(resource, " xmlns=\"http://hl7.org/fhir\"", out);
}
