#include "fhir_read.h"

#include <stdio.h>
#include "fhir_bundle.h"
#include "fhir_xml.h"

/* Where the check stands: names of members from the root down. */
struct path {
    const struct path *up;
    const struct json *at;
    unsigned nth; /* of an array's child */
};

enum { NAME_MAX_CHARS = 64, MEMBERS_MAX = 512 };

/* What a sender calls its elements is told only where it can be the name of one. */
static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= '0' && s.p[i] <= '9' && i) || (s.p[i] == '_' && !i)))
            return false;
    return s.n > 0 && s.n <= NAME_MAX_CHARS;
}

static void write_path(const struct path *p, char *out, size_t size, size_t *at)
{
    if (p->up)
        write_path(p->up, out, size, at);
    if (*at >= size)
        return;
    int n = 0;
    if (!p->up)
        n = snprintf(out, size, "%.*s", SLICE_ARG(json_text(p->at, "resourceType")));
    else if (p->up->at->kind == JSON_ARRAY)
        n = snprintf(out + *at, size - *at, "[%u]", p->nth);
    else
        n = snprintf(out + *at, size - *at, ".%.*s",
                     SLICE_ARG(is_word(p->at->name) ? p->at->name : SLICE("%unknown")));
    *at += n > 0 ? (size_t)n : 0;
}

static int refuse_at(const struct path *p, const char *text, struct fhir_fault *f)
{
    char expression[sizeof(f->expression)] = "";
    size_t at = 0;
    write_path(p, expression, sizeof(expression), &at);
    return fhir_refuse(f, "structure", at < sizeof(expression) ? expression : NULL, text);
}

/* An array of texts may have gaps, where an array of the same name behind `_` has what stands there
 * instead. */
static bool may_have_gaps(const struct path *array)
{
    struct slice name = array->at->name;
    if (slice_starts(name, SLICE("_")))
        return true;
    for (const struct json *c = array->up ? array->up->at->child : NULL; c; c = c->next)
        if (c->name.n == name.n + 1 && c->name.p[0] == '_' && slice_ends(c->name, name))
            return true;
    return false;
}

/* No element of FHIR is empty (§2.6.2). No deeper than the reader let it be. */
static int check_values(const struct path *p, struct fhir_fault *f)
{
    const struct json *at = p->at;
    bool container = at->kind == JSON_OBJECT || at->kind == JSON_ARRAY;
    if (container && !at->count)
        return refuse_at(p, "an element of FHIR is never empty: leave it out", f);
    if (at->kind == JSON_OBJECT && at->count > MEMBERS_MAX)
        return refuse_at(p, "no element of FHIR has so many members", f);
    if (at->kind == JSON_NULL)
        return refuse_at(p, "null stands for nothing in FHIR: leave the element out", f);
    if (!container)
        return 0;
    struct path child = {.up = p};
    int gaps = -1;
    for (child.at = at->child; child.at; child.at = child.at->next, child.nth++) {
        if (child.at->kind == JSON_NULL && at->kind == JSON_ARRAY) {
            gaps = gaps < 0 ? may_have_gaps(p) : gaps;
            if (gaps)
                continue;
        }
        if (check_values(&child, f) < 0)
            return -1;
    }
    return 0;
}

static int check_root(const struct json *root, struct fhir_fault *f)
{
    if (root->kind != JSON_OBJECT)
        return fhir_refuse(f, "structure", NULL, "a FHIR document is one object");
    if (!fhir_is_type(json_text(root, "resourceType")))
        return fhir_refuse(f, "structure", NULL,
                           "resourceType is missing or is not the name of a resource");
    return 0;
}

static struct slice without_mark(struct slice raw)
{
    if (slice_starts(raw, SLICE("\xEF\xBB\xBF")))
        raw = slice_sub(raw, 3, raw.n);
    while (raw.n && memchr(" \t\r\n", raw.p[0], 4))
        raw = slice_sub(raw, 1, raw.n);
    return raw;
}

bool fhir_is_xml(struct slice raw)
{
    raw = without_mark(raw);
    return raw.n && raw.p[0] == '<';
}

static int read_tree(struct slice raw, const struct json_limits *limits, struct arena *arena,
                     const struct json **ret, struct fhir_fault *f)
{
    struct json *root;
    int rc;
    if (!raw.n)
        return fhir_refuse(f, "structure", NULL, "there is nothing in it");
    if (raw.p[0] == '<') {
        rc = fhir_xml_read(raw, limits, arena, &root, &f->err);
    } else {
        rc = json_read(raw, limits, arena, &root, &f->err);
    }
    if (rc == 0)
        *ret = root;
    return rc;
}

int fhir_parse(struct slice raw, const struct json_limits *limits, struct arena *arena,
               struct fhir_doc *ret, struct fhir_fault *ret_fault)
{
    struct fhir_doc doc = {0};
    fhir_refuse(ret_fault, "structure", NULL, "");
    if (read_tree(without_mark(raw), limits, arena, &doc.root, ret_fault) < 0) {
        if (ret_fault->err.code == ERR_LIMIT)
            ret_fault->issue = "too-costly";
        return -1;
    }
    struct path root = {.at = doc.root};
    if (check_root(doc.root, ret_fault) < 0 || check_values(&root, ret_fault) < 0 ||
        fhir_entries(&doc, arena, ret_fault) < 0)
        return -1;
    *ret = doc;
    return 0;
}

int fhir_read(struct slice raw, const struct json_limits *limits, struct arena *arena,
              struct fhir_doc *ret, struct fhir_fault *ret_fault)
{
    struct fhir_doc doc;
    if (fhir_parse(raw, limits, arena, &doc, ret_fault) < 0 || fhir_check(&doc, ret_fault) < 0)
        return -1;
    *ret = doc;
    return 0;
}
