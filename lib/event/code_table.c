#include "code_table.h"

#include "code_rows.h"
#include "near_name.h"

const struct code_table *code_table_find(struct slice name)
{
    for (unsigned i = 0; i < code_ntables; i++)
        if (slice_eq(code_tables[i].name, name))
            return &code_tables[i];
    return NULL;
}

const struct code_table *code_table_nth(unsigned nth)
{
    return nth < code_ntables ? &code_tables[nth] : NULL;
}

struct slice code_table_name(const struct code_table *table)
{
    return table->name;
}

const char *code_table_title(const struct code_table *table)
{
    return table->title;
}

bool code_unchecked(const struct code *c)
{
    struct slice source = slice_str(c->source);
    return slice_starts(source, SLICE("memory")) || slice_starts(source, SLICE("judgement"));
}

const char *code_table_nearest(struct slice name)
{
    struct near_name n = near_name_of(name);
    for (unsigned i = 0; i < code_ntables; i++)
        near_name_try(&n, code_tables[i].name.p);
    return n.name;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int order = lower(a.p[i]) - lower(b.p[i]);
        if (order)
            return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

const struct code *code_find(const struct code_table *table, struct slice raw)
{
    unsigned low = 0, high = table->count;
    raw = slice_trim(raw);
    while (low < high) {
        unsigned mid = (low + high) / 2;
        int order = compare(raw, table->rows[mid].raw);
        if (order == 0)
            return &table->rows[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct code *code_nth(const struct code_table *table, unsigned nth)
{
    return nth < table->count ? &table->rows[nth] : NULL;
}
