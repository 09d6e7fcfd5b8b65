#include "rule_node.h"

#include <stdio.h>

#include "num.h"
#include "rule_cast.h"

static bool typed(enum event_kind kind, struct slice text, struct rule_value *ret)
{
    int64_t n = 0;
    if (kind == EVENT_BOOL)
        *ret = rule_boolean(slice_eq_str(text, "true"));
    else if (kind == EVENT_INT && num_i64(text, &n) && n >= INT32_MIN && n <= INT32_MAX)
        *ret = rule_integer((int32_t)n);
    else
        *ret = rule_string(text);
    return true;
}

/* An extension attribute that weir does not know, from its JSON text (CloudEvents 1.0 §3.1: text,
 * integer or boolean). Text with escapes in it is not read. */
static bool extension(const struct event *e, struct slice name, struct rule_value *ret)
{
    struct slice json = event_extension(e, name);
    if (!json.n)
        return false;
    if (json.p[0] == '"' && slice_find(json, '\\') == json.n) {
        *ret = rule_string(slice_sub(json, 1, json.n - 1));
        return true;
    }
    if (slice_eq_str(json, "true") || slice_eq_str(json, "false"))
        return typed(EVENT_BOOL, json, ret);
    return json.p[0] != '"' && json.p[0] != '{' && json.p[0] != '[' && typed(EVENT_INT, json, ret);
}

static bool event_value_of(const void *arg, int field, struct slice name, struct rule_value *ret)
{
    const struct event *e = arg;
    if (field < 0)
        return extension(e, name, ret);
    const struct event_field *f = &event_fields[field];
    if (f->items >= 0 || f->kind == EVENT_ITEMS || f->kind == EVENT_STRINGS)
        return false;
    struct slice text = event_get(e, (unsigned)field);
    return slice_present(text) && typed(f->kind, text, ret);
}

static struct slice event_value_nth(const void *arg, int field, unsigned nth)
{
    const struct event *e = arg;
    const struct event_field *f = &event_fields[field];
    if (f->kind == EVENT_STRINGS && f->items < 0)
        return event_nth(e, (unsigned)field, nth);
    if (f->items < 0)
        return SLICE_ABSENT;
    const struct event_item *item = event_item_nth(e, (unsigned)f->items, 0);
    for (; item; item = event_item_next(item)) {
        struct slice value = event_item_get(item, (unsigned)field);
        if (slice_present(value) && nth-- == 0)
            return value;
    }
    return SLICE_ABSENT;
}

struct rule_source rule_source_of(const struct event *e)
{
    return (struct rule_source){event_value_of, event_value_nth, e};
}

unsigned rule_eval(const struct rule *r, const struct event *e, struct arena *scratch,
                   struct rule_value *ret)
{
    struct rule_source source = rule_source_of(e);
    return rule_eval_source(r, &source, scratch, ret);
}

bool rule_match(const struct rule *r, const struct event *e, struct arena *scratch)
{
    struct rule_value v;
    return rule_eval(r, e, scratch, &v) == 0 && v.kind == RULE_BOOLEAN && v.boolean;
}

/* Goes as deep as the rule, RULE_DEPTH_MAX at most. */
static int node_reads(const struct rule_node *n, bool (*wanted)(const struct event_field *f))
{
    if (!n || n->op == RULE_OP_EXISTS)
        return -1;
    if ((n->op == RULE_OP_FIELD || n->op == RULE_OP_FIELDS) && n->field >= 0 &&
        wanted(&event_fields[n->field]))
        return n->field;
    int found = node_reads(n->left, wanted);
    if (found < 0)
        found = node_reads(n->right, wanted);
    for (const struct rule_link *l = n->links; l && found < 0; l = l->next)
        found = node_reads(l->node, wanted);
    return found;
}

int rule_reads(const struct rule *r, bool (*wanted)(const struct event_field *f))
{
    return node_reads(r->root, wanted);
}

const char *rule_errors_text(unsigned errors, char out[RULE_ERRORS_SIZE])
{
    static const char *const names[] = {
        "parse", "math", "cast", "missing attribute", "missing function", "function", "generic"};
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (!(errors & 1u << i))
            continue;
        int k = snprintf(out + n, RULE_ERRORS_SIZE - n, "%s%s", n ? ", " : "", names[i]);
        n += k > 0 ? (size_t)k : 0;
    }
    return out;
}
