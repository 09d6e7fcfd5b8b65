#include "hl7_names.h"

#include "hl7_names_table.h"

enum {
    SEGMENTS = sizeof(hl7_segment_rows) / sizeof(hl7_segment_rows[0]),
    TYPES = sizeof(hl7_type_rows) / sizeof(hl7_type_rows[0]),
};

static const struct hl7_segment_row *find_segment(struct slice id)
{
    for (unsigned i = 0; i < SEGMENTS; i++)
        if (slice_eq_str(id, hl7_segment_rows[i].id))
            return &hl7_segment_rows[i];
    return NULL;
}

/* Part `nth` of "Name:TYPE|Name|…". */
static struct hl7_name nth_of(const char *text, unsigned nth)
{
    struct slice rest = slice_str(text), part = SLICE_ABSENT;
    struct hl7_name n = {SLICE_ABSENT, SLICE_ABSENT};
    for (unsigned i = 0; i < nth; i++) {
        if (!slice_present(rest))
            return n;
        part = slice_split(&rest, '|');
    }
    size_t colon = slice_find(part, ':');
    if (part.n && !slice_eq(part, SLICE("...")))
        n.name = slice_sub(part, 0, colon);
    if (colon < part.n)
        n.type = slice_sub(part, colon + 1, part.n);
    return n;
}

struct slice hl7_segment_name(struct slice id)
{
    const struct hl7_segment_row *row = find_segment(id);
    return row ? slice_str(row->name) : SLICE_ABSENT;
}

struct hl7_name hl7_field_name(struct slice id, unsigned field)
{
    const struct hl7_segment_row *row = find_segment(id);
    return nth_of(row ? row->fields : NULL, field);
}

struct hl7_name hl7_part_name(struct slice type, unsigned part)
{
    for (unsigned i = 0; i < TYPES; i++)
        if (slice_eq_str(type, hl7_type_rows[i].id))
            return nth_of(hl7_type_rows[i].parts, part);
    return nth_of(NULL, part);
}

unsigned hl7_segment_fields(struct slice id)
{
    const struct hl7_segment_row *row = find_segment(id);
    unsigned n = 1;
    if (!row || id.p[0] == 'Z')
        return 0;
    struct slice fields = slice_str(row->fields);
    for (size_t i = 0; i < fields.n; i++)
        n += fields.p[i] == '|';
    bool open = fields.n > 3 && slice_eq(slice_sub(fields, fields.n - 3, fields.n), SLICE("..."));
    return open ? 0 : n;
}
