#include "rule_parse.h"

#include "rule_like.h"
#include "yaml.h"

enum { WORD_MAX = 128 };

static bool is_standard(const struct rule_parse *p)
{
    return p->env && p->env->standard;
}

/* Names are written in any case and stand in lower case. */
static struct slice lower(struct rule_parse *p, struct slice word)
{
    struct slice copy = arena_copy(p->arena, word);
    char *c = arena_alloc(p->arena, word.n + 1);
    if (!slice_present(copy) || !c)
        return SLICE_ABSENT;
    for (size_t i = 0; i < word.n; i++)
        c[i] = word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 32) : word.p[i];
    c[word.n] = 0;
    return slice_make(c, word.n);
}

static bool attribute_word(struct slice word)
{
    return slice_find(word, '_') == word.n && slice_find(word, '.') == word.n;
}

static struct rule_node *unknown_field(struct rule_parse *p, struct slice word, size_t at)
{
    unsigned first, end;
    const char *near = event_field_nearest(word);
    if (event_field_range(word, &first, &end))
        return rule_fail(p, at, "%.*s is not one value: it holds %s and more; name one of these",
                         SLICE_ARG(word), event_fields[first].path);
    return rule_fail(p, at, "no event has a field %.*s%s%s%s", SLICE_ARG(word),
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static enum rule_kind kind_of(enum event_kind kind)
{
    if (kind == EVENT_INT)
        return RULE_INTEGER;
    return kind == EVENT_BOOL ? RULE_BOOLEAN : RULE_STRING;
}

static struct rule_node *field_node(struct rule_parse *p, int field, size_t at)
{
    const struct event_field *f = &event_fields[field];
    bool several = f->kind == EVENT_STRINGS || f->items >= 0;
    struct rule_node *n = rule_node_new(p, several ? RULE_OP_FIELDS : RULE_OP_FIELD, at);
    if (!n)
        return NULL;
    n->field = field;
    n->value = (struct rule_value){.kind = kind_of(f->kind), .string = SLICE("")};
    return n;
}

static struct rule_node *attribute_node(struct rule_parse *p, struct slice word, size_t at)
{
    int field = event_field_find(word);
    if (!attribute_word(word))
        return rule_fail(p, at, "\"%.*s\" is no attribute: their names are made of a-z and 0-9",
                         SLICE_ARG(word));
    if (field < 0 && !is_standard(p)) {
        struct slice data = arena_printf(p->arena, "data.%.*s", SLICE_ARG(word));
        if (slice_present(data) && event_field_find(data) >= 0)
            return rule_fail(p, at, "no event has an attribute %.*s; did you mean %s?",
                             SLICE_ARG(word), data.p);
        return unknown_field(p, word, at);
    }
    struct rule_node *n = rule_node_new(p, RULE_OP_ATTRIBUTE, at);
    if (n) {
        n->field = field;
        n->name = word;
    }
    return n;
}

struct rule_node *rule_name(struct rule_parse *p, struct slice word, size_t at)
{
    if (word.n > WORD_MAX)
        return rule_fail(p, at, "a name has at most %d characters", WORD_MAX);
    word = lower(p, word);
    if (!slice_present(word))
        return rule_no_room(p);
    if (event_field_find(word) < 0 && rule_name_list(p, word))
        return rule_fail(p, at, "%.*s is a list; write … IN %.*s", SLICE_ARG(word),
                         SLICE_ARG(word));
    if (slice_find(word, '.') == word.n)
        return attribute_node(p, word, at);
    int field = event_field_find(word);
    if (field < 0 || event_fields[field].kind == EVENT_ITEMS)
        return unknown_field(p, word, at);
    return field_node(p, field, at);
}

static bool required(struct slice word)
{
    static const char *const names[] = {"id", "source", "specversion", "type"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (slice_eq_str(word, names[i]))
            return true;
    return false;
}

static struct rule_node *literal_true(struct rule_parse *p, size_t at)
{
    struct rule_node *n = rule_node_new(p, RULE_OP_LITERAL, at);
    if (n)
        n->value = (struct rule_value){.kind = RULE_BOOLEAN, .string = SLICE(""), .boolean = true};
    return n;
}

struct rule_node *rule_name_exists(struct rule_parse *p, struct slice word, size_t at)
{
    unsigned first = 0, end = 0;
    if (word.n > WORD_MAX)
        return rule_fail(p, at, "a name has at most %d characters", WORD_MAX);
    word = lower(p, word);
    if (!slice_present(word))
        return rule_no_room(p);
    if (required(word))
        return literal_true(p, at);
    bool known = event_field_range(word, &first, &end);
    if (!known && !is_standard(p))
        return unknown_field(p, word, at);
    if (!known && !attribute_word(word))
        return rule_fail(p, at, "\"%.*s\" is no attribute", SLICE_ARG(word));
    struct rule_node *n = rule_node_new(p, RULE_OP_EXISTS, at);
    if (n) {
        n->field = known ? (int)first : -1;
        n->end = (int)end;
        n->name = word;
    }
    return n;
}

const struct rule_list *rule_name_list(const struct rule_parse *p, struct slice word)
{
    for (unsigned i = 0; p->env && i < p->env->nlists; i++)
        if (slice_ieq(p->env->lists[i].name, word))
            return &p->env->lists[i];
    return NULL;
}

int rule_check_text(struct rule_parse *p, const struct rule_node *left, struct slice text,
                    size_t at)
{
    if (is_standard(p) || left->op != RULE_OP_ATTRIBUTE || left->field != EV_TYPE)
        return rule_check_code(p, left, text, at);
    if (event_type_known(text))
        return 0;
    const char *near = event_type_nearest(text);
    rule_fail(p, at, "no event has the type \"%.*s\"%s%s%s", SLICE_ARG(text),
              near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

int rule_check_like(struct rule_parse *p, const struct rule_node *left, struct slice compiled,
                    size_t at)
{
    const char *type;
    if (is_standard(p) || left->op != RULE_OP_ATTRIBUTE || left->field != EV_TYPE)
        return rule_check_code_like(p, left, compiled, at);
    for (unsigned i = 0; (type = event_type_nth(i)) != NULL; i++) {
        long steps = RULE_STEPS_MAX;
        if (rule_like(slice_str(type), compiled, &steps))
            return 0;
    }
    rule_fail(p, at, "no event has a type like this; schemas/types.json lists them");
    return -1;
}

static bool is_text(const struct rule_node *n)
{
    return n->op == RULE_OP_LITERAL && n->value.kind == RULE_STRING;
}

static int check_order(struct rule_parse *p, const struct rule_node *n)
{
    if ((n->op != RULE_OP_FIELD && n->op != RULE_OP_ATTRIBUTE) || n->field < 0 || is_standard(p))
        return 0;
    enum event_kind kind = event_fields[n->field].kind;
    if (kind != EVENT_TIME && kind != EVENT_DATE)
        return 0;
    rule_fail(p, n->at, "%s is a time: <, >, + and the like are for whole numbers",
              event_fields[n->field].path);
    return -1;
}

int rule_check_compare(struct rule_parse *p, const struct rule_node *a, enum rule_binary op,
                       const struct rule_node *b)
{
    if (op < RULE_EQUAL)
        return 0;
    if (op > RULE_UNEQUAL)
        return check_order(p, a) < 0 ? -1 : check_order(p, b);
    if (is_text(b) && rule_check_text(p, a, b->value.string, b->at) < 0)
        return -1;
    return is_text(a) ? rule_check_text(p, b, a->value.string, a->at) : 0;
}

/* NOT binds closer than any comparison: NOT type = 'x' is (NOT type) = 'x', and never matches. */
int rule_check_not(struct rule_parse *p, const struct rule_node *a)
{
    if ((a->op != RULE_OP_FIELD && a->op != RULE_OP_ATTRIBUTE) || a->field < 0 || is_standard(p))
        return 0;
    if (event_fields[a->field].kind == EVENT_BOOL)
        return 0;
    rule_fail(p, a->at,
              "NOT is for true and false, and comes before = and LIKE: put what it is "
              "to turn round in (…), or write !=, NOT LIKE, NOT IN");
    return -1;
}
