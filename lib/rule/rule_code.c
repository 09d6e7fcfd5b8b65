#include "rule_parse.h"

#include "code_table.h"
#include "rule_like.h"

enum { CODES_SHOWN = 8 };

static bool has_code(const struct code_table *t, struct slice code)
{
    const struct code *row;
    for (unsigned i = 0; (row = code_nth(t, i)); i++)
        if (slice_eq(row->code, code))
            return true;
    return false;
}

/* What somebody may have meant: the code as another table writes it, its label, or its group. */
static const struct code *meant(const struct code_table *t, struct slice text)
{
    const struct code *row = code_find(t, text);
    if (row && slice_present(row->code))
        return row;
    for (unsigned i = 0; (row = code_nth(t, i)); i++)
        if (row->code.n && (slice_ieq(row->label, text) || slice_ieq(row->group, text)))
            return row;
    return NULL;
}

/* "11, 12, 13 …" */
static struct slice some(struct rule_parse *p, const struct code_table *t)
{
    struct slice list = SLICE("");
    const struct code *row;
    unsigned n = 0;
    for (unsigned i = 0; (row = code_nth(t, i)) && slice_present(list); i++) {
        if (!row->code.n || !slice_eq(row->raw, row->code))
            continue;
        if (n++ == CODES_SHOWN)
            return arena_printf(p->arena, "%.*s …", SLICE_ARG(list));
        list = arena_printf(p->arena, "%.*s%s%.*s", SLICE_ARG(list), list.n ? ", " : "",
                            SLICE_ARG(row->code));
    }
    return list;
}

static const struct code_table *table_of(const struct rule_parse *p, const struct rule_node *left)
{
    const char *name = NULL;
    if (left->op == RULE_OP_FIELD && !(p->env && p->env->standard))
        name = event_fields[left->field].codes;
    return name ? code_table_find(slice_str(name)) : NULL;
}

/* The words of the schema, where it allows no others. */
static const char *choices_of(const struct rule_parse *p, const struct rule_node *left)
{
    return left->op == RULE_OP_FIELD && !(p->env && p->env->standard)
               ? event_fields[left->field].choices
               : NULL;
}

static int check_choice(struct rule_parse *p, const struct rule_node *left, struct slice text,
                        size_t at)
{
    const char *choices = choices_of(p, left);
    if (!choices || !text.n || event_is_choice(left->field, text))
        return 0;
    rule_fail(p, at, "%s is never \"%.*s\": one of %s", event_fields[left->field].path,
              SLICE_ARG(text), choices);
    return -1;
}

static int check_choice_like(struct rule_parse *p, const struct rule_node *left,
                             struct slice compiled, size_t at)
{
    const char *choices = choices_of(p, left);
    struct slice rest = choices ? slice_str(choices) : SLICE("");
    while (rest.n) {
        long steps = RULE_STEPS_MAX;
        const char *blank = memchr(rest.p, ' ', rest.n);
        size_t n = blank ? (size_t)(blank - rest.p) : rest.n;
        if (rule_like(slice_make(rest.p, n), compiled, &steps))
            return 0;
        rest = slice_sub(rest, blank ? n + 1 : n, rest.n);
    }
    if (!choices)
        return 0;
    rule_fail(p, at, "%s is never like this: one of %s", event_fields[left->field].path, choices);
    return -1;
}

int rule_check_code(struct rule_parse *p, const struct rule_node *left, struct slice text,
                    size_t at)
{
    if (check_choice(p, left, text, at) < 0)
        return -1;
    const struct code_table *t = table_of(p, left);
    if (!t || !text.n || has_code(t, text)) /* '' is a code that is not there */
        return 0;
    const char *path = event_fields[left->field].path, *table = event_fields[left->field].codes;
    const struct code *near = meant(t, text);
    if (near)
        rule_fail(p, at, "%s is never \"%.*s\"; did you mean \"%.*s\" (%.*s)?", path,
                  SLICE_ARG(text), SLICE_ARG(near->code), SLICE_ARG(near->label));
    else
        rule_fail(p, at, "%s is never \"%.*s\": schemas/codes/%s.csv has %.*s", path,
                  SLICE_ARG(text), table, SLICE_ARG(some(p, t)));
    return -1;
}

int rule_check_code_like(struct rule_parse *p, const struct rule_node *left, struct slice compiled,
                         size_t at)
{
    if (check_choice_like(p, left, compiled, at) < 0)
        return -1;
    const struct code_table *t = table_of(p, left);
    const struct code *row;
    if (!t)
        return 0;
    for (unsigned i = 0; (row = code_nth(t, i)); i++) {
        long steps = RULE_STEPS_MAX;
        if (row->code.n && rule_like(row->code, compiled, &steps))
            return 0;
    }
    rule_fail(p, at, "%s is never like this: schemas/codes/%s.csv has %.*s",
              event_fields[left->field].path, event_fields[left->field].codes,
              SLICE_ARG(some(p, t)));
    return -1;
}
