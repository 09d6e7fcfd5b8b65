#include "map_csv.h"

#include <stdlib.h>
#include "csv.h"

struct cells {
    struct slice at[MAP_CSV_COLUMNS_MAX];
    unsigned n;
};

static int no_room(struct err *reterr)
{
    return err_set(reterr, ERR_LIMIT, "a row needs more memory than message_arena");
}

static int read_row(struct csv *c, const struct csv_rules *rules, struct slice *input,
                    const char *what, struct arena *arena, struct cells *ret, struct err *reterr)
{
    struct csv_row row;
    switch (csv_next(c, input, true, &row)) {
    case CSV_ROW:
        break;
    case CSV_BAD:
        return err_set(reterr, ERR_INPUT, "line %llu, column %llu: %s",
                       (unsigned long long)row.fault_line, (unsigned long long)row.fault_column,
                       row.why);
    default:
        return err_set(reterr, ERR_INPUT,
                       "there is no %s: a CSV message is a line of column names "
                       "and a row",
                       what);
    }
    switch (csv_cells(&row, rules, arena, ret->at, MAP_CSV_COLUMNS_MAX, &ret->n)) {
    case CSV_CELLS_OK:
        return 0;
    case CSV_CELLS_MANY:
        return err_set(reterr, ERR_LIMIT, "more than %d columns", MAP_CSV_COLUMNS_MAX);
    default:
        return no_room(reterr);
    }
}

struct column {
    struct slice name;
    unsigned nth;
};

static int by_name(const void *a, const void *b)
{
    const struct column *x = a, *y = b;
    return slice_cmp(x->name, y->name);
}

/* Two columns of one name: nobody could tell which is meant. */
static int check_names(const struct cells *names, struct arena *arena, struct err *reterr)
{
    struct column *sorted = arena_alloc(arena, (names->n + 1) * sizeof(*sorted));
    if (!sorted)
        return no_room(reterr);
    for (unsigned i = 0; i < names->n; i++) {
        sorted[i] = (struct column){names->at[i], i + 1};
    }
    qsort(sorted, names->n, sizeof(*sorted), by_name);
    for (unsigned i = 1; i < names->n; i++)
        if (sorted[i].name.n && slice_eq(sorted[i - 1].name, sorted[i].name))
            return err_set(reterr, ERR_INPUT, "columns %u and %u have the same name",
                           sorted[i - 1].nth, sorted[i].nth);
    return 0;
}

static struct slice cell(const struct map_csv_rules *rules, struct slice sent)
{
    struct slice value = slice_trim(sent);
    for (unsigned i = 0; i < rules->nnulls; i++)
        if (slice_eq(value, rules->nulls[i]))
            return SLICE("");
    return value;
}

/* Columns without a name, as spreadsheets leave them behind, are passed over. */
static struct json *object_of(const struct map_csv_rules *rules, const struct cells *names,
                              const struct cells *values, struct hl7_charset *cs,
                              struct arena *arena)
{
    struct json *object = arena_zalloc(arena, values->n + 1, sizeof(*object));
    if (!object)
        return NULL;
    object->kind = JSON_OBJECT;
    struct json **end = &object->child;
    for (unsigned i = 0; i < values->n; i++) {
        struct json *m = &object[i + 1];
        if (!names->at[i].n)
            continue;
        *end = m;
        end = &m->next;
        object->count++;
        m->kind = JSON_STRING;
        m->name = hl7_charset_decode(cs, names->at[i], arena, &cs->flags);
        m->text = hl7_charset_decode(cs, cell(rules, values->at[i]), arena, &cs->flags);
        if (!slice_present(m->name) || !slice_present(m->text))
            return NULL;
    }
    return object;
}

int map_csv_read(struct slice raw, const struct map_csv_rules *r, struct arena *arena,
                 struct json **ret, struct hl7_charset *ret_charset, struct err *reterr)
{
    const struct csv_rules rules = {.delimiter = r->delimiter};
    struct cells *cells = arena_alloc(arena, 2 * sizeof(*cells));
    struct cells *names = cells, *values = cells ? cells + 1 : NULL;
    struct slice charset = r->charset;
    struct csv c;
    if (!cells)
        return no_room(reterr);
    if (slice_starts(raw, SLICE("\xef\xbb\xbf"))) {
        raw = slice_sub(raw, 3, raw.n);
        charset = SLICE("UTF-8"); /* it says so itself */
    }
    hl7_charset_choose(raw, charset, arena, ret_charset);
    csv_begin(&c, &rules);
    if (read_row(&c, &rules, &raw, "line of column names", arena, names, reterr) < 0 ||
        read_row(&c, &rules, &raw, "row", arena, values, reterr) < 0)
        return -1;
    if (values->n != names->n)
        return err_set(reterr, ERR_INPUT, "the row has %u fields, and there are %u columns",
                       values->n, names->n);
    for (unsigned i = 0; i < names->n; i++)
        names->at[i] = slice_trim(names->at[i]);
    if (check_names(names, arena, reterr) < 0)
        return -1;
    if (slice_trim(raw).n)
        return err_set(reterr, ERR_INPUT, "more than one row in one message");
    struct json *object = object_of(r, names, values, ret_charset, arena);
    if (!object)
        return no_room(reterr);
    *ret = object;
    return 0;
}
