#include "rule_parse.h"

#include <stdlib.h>

static int by_text(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* A set of texts that are known now is sorted, so that a long list costs a few comparisons. */
static bool sort_set(struct rule_parse *p, struct rule_node *n, const struct slice *values,
                     unsigned count)
{
    struct slice *set = arena_alloc(p->arena, (count ? count : 1) * sizeof(*set));
    if (!set) {
        rule_no_room(p);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        set[i] = arena_copy(p->arena, values[i].p ? values[i] : SLICE(""));
        if (!slice_present(set[i])) {
            rule_no_room(p);
            return false;
        }
    }
    if (count)
        qsort(set, count, sizeof(*set), by_text);
    n->set = set;
    n->nset = count;
    return true;
}

static bool all_texts(const struct rule_node *n)
{
    for (const struct rule_link *l = n->links; l; l = l->next)
        if (l->node->op != RULE_OP_LITERAL || l->node->value.kind != RULE_STRING)
            return false;
    return true;
}

bool rule_members_of_links(struct rule_parse *p, struct rule_node *n)
{
    struct slice *values = arena_alloc(p->arena, n->nlinks * sizeof(*values));
    unsigned k = 0;
    if (!values) {
        rule_no_room(p);
        return false;
    }
    for (const struct rule_link *l = n->links; l; l = l->next) {
        if (l->node->op == RULE_OP_LITERAL && l->node->value.kind == RULE_STRING &&
            rule_check_text(p, n->left, l->node->value.string, l->node->at) < 0)
            return false;
        values[k++] = l->node->value.string;
    }
    return !all_texts(n) || sort_set(p, n, values, k);
}

bool rule_members_of_list(struct rule_parse *p, struct rule_node *n, const struct rule_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        if (rule_check_text(p, n->left, list->values[i], p->lex.at) < 0)
            return false;
    rule_lex_step(&p->lex);
    return sort_set(p, n, list->values, list->count);
}
