/* code_table.h - the national and standard code tables that maps use, from schemas/codes/.
 *
 * They are constants; nothing is owned. What a site or source does differently is laid over them by
 * the map that uses them: a row here is a default, its source and date stand in the file. */
#ifndef WEIR_CODE_TABLE_H
#define WEIR_CODE_TABLE_H

#include "slice.h"

struct code {
    struct slice raw;          /* as sent; case is ignored in look-ups */
    struct slice code, system; /* what it means; both absent where only a group is known */
    struct slice group; /* for rules and maps: emergency, care_home, ambulance …; or absent */
    struct slice label; /* for people */
    const char *source, *as_of; /* where this was stated, and when */
};
struct code_table;

/* The table of that name (that of its file: "admission_method"), or NULL. */
const struct code_table *code_table_find(struct slice name);
/* The most similar name for "did you mean", or NULL. */
const char *code_table_nearest(struct slice name);
/* In the order of their names; NULL past the end. */
const struct code_table *code_table_nth(unsigned nth);
struct slice code_table_name(const struct code_table *table);
/* What it is of, for people. */
const char *code_table_title(const struct code_table *table);
/* Whether nobody has looked it up: it is of memory or judgement. */
bool code_unchecked(const struct code *c);
/* The row of a raw code, blanks around it ignored; NULL where it is in none. */
const struct code *code_find(const struct code_table *table, struct slice raw);
/* Rows in the order of their raw codes; NULL past the end. */
const struct code *code_nth(const struct code_table *table, unsigned nth);

#endif
